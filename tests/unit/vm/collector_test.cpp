// The cycle collector and the moment objects die.
#include "tests/unit/vm_fixture.hpp"
#include "vm/memory/collector.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <doctest/doctest.h>

using namespace aspy;

TEST_SUITE_BEGIN("collector");

TEST_CASE("a cycle nobody holds is found, one that is held is not") {
  Thread& t = test::thread();
  collect(t, 2);
  Own<List> held = new_list();
  list_append(held.get(), held.value());
  {
    Own<List> a = new_list(), b = new_list();
    list_append(a.get(), b.value());
    list_append(b.get(), a.value());
  }
  CHECK(collect(t, 2) == 2);
  CHECK(held->size == 1);
  list_clear(held.get());
  CHECK(collect(t, 2) == 0);
}

TEST_CASE("cycles through dicts and tuples") {
  Thread& t = test::thread();
  {
    Own<Dict> dict = new_dict();
    Own<List> list = new_list();
    Own<Tuple> tuple = make_tuple({list.value(), dict.value()});
    dict_set(t, dict.get(), None, tuple.value());
    list_append(list.get(), dict.value());
  }
  CHECK(collect(t, 0) == 3);
}

TEST_CASE("tuples without containers are not tracked") {
  Own<Tuple> plain = make_tuple({None, Value::from_int(1)});
  CHECK_FALSE(plain->is_tracked());
  Own<List> list = new_list();
  Own<Tuple> holding = make_tuple({list.value()});
  CHECK(holding->is_tracked());
}

TEST_CASE("survivors of a young collection are old") {
  Thread& t = test::thread();
  Own<List> list = new_list();
  collect(t, 0);
  list_append(list.get(), list.value()); // an old cycle now
  Object* address = list.get();
  CHECK(address->is_tracked());
  list = nullptr;
  CHECK(collect(t, 0) == 0);
  CHECK(collect(t, 2) == 1);
}

TEST_CASE("a long chain dies without recursing") {
  Own<List> head = new_list();
  for (int i = 0; i < 200000; ++i) {
    Own<List> next = new_list();
    list_append(next.get(), Ref(std::move(head)));
    head = std::move(next);
  }
  head = nullptr;
  CHECK(true);
}

TEST_CASE("tracking keeps up with many births and deaths") {
  size_t before = collector_objects().size();
  std::vector<Own<List>> lists;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 3000; ++i) lists.push_back(new_list());
    for (size_t i = 0; i < lists.size(); i += 2) lists[i] = nullptr;
  }
  size_t alive = 0;
  for (auto& list : lists) alive += bool(list);
  CHECK(collector_objects().size() == before + alive);
  lists.clear();
  CHECK(collector_objects().size() == before);
}

TEST_SUITE_END();
