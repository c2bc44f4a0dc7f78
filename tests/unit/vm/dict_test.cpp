// dict and set: order, growth, deletion, and the order in which sets show small ints.
#include "tests/unit/vm_fixture.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"

#include <doctest/doctest.h>

using namespace aspy;
using aspy::test::show;

namespace {

Ref set_of(std::initializer_list<int> numbers) {
  Own<Set> set = new_set();
  for (int number : numbers) set_add(test::thread(), set.get(), Value::from_int(number));
  return set;
}

} // namespace

TEST_SUITE_BEGIN("dict and set");

TEST_CASE("a dict keeps the order of insertion through growth and deletion") {
  Thread& t = test::thread();
  Own<Dict> dict = new_dict();
  for (int i = 0; i < 1000; ++i) CHECK(dict_set(t, dict.get(), Value::from_int(i * 7), Value::from_int(i)));
  for (int i = 0; i < 1000; i += 2) CHECK(dict_remove(t, dict.get(), Value::from_int(i * 7)) == 1);
  CHECK(dict->used == 500);
  uint32_t position = 0;
  Value key, value;
  int expected = 1;
  while (dict_next(dict.get(), position, key, value)) {
    CHECK(key.as_int() == expected * 7);
    CHECK(value.as_int() == expected);
    expected += 2;
  }
  CHECK(expected == 1001);
  CHECK(dict_get(t, dict.get(), Value::from_int(14)).is_empty());
  CHECK(dict_get(t, dict.get(), Value::from_int(21)).as_int() == 3);
}

TEST_CASE("equal keys of different types are one key") {
  Thread& t = test::thread();
  Own<Dict> dict = new_dict();
  dict_set(t, dict.get(), Value::from_int(1), None);
  dict_set(t, dict.get(), True, Value::from_int(2));
  dict_set(t, dict.get(), Value::from_double(1.0), Value::from_int(3));
  CHECK(show(Ref(Own<Dict>(dict))) == "{1: 3}");
}

TEST_CASE("text keys are found by identity and by value") {
  Own<Dict> dict = new_dict();
  for (int i = 0; i < 40; ++i) {
    std::string text = "key" + std::to_string(i);
    dict_set(dict.get(), intern(text), Value::from_int(i));
  }
  CHECK(dict_get(dict.get(), "key17").as_int() == 17);
  CHECK(dict_get(dict.get(), intern("key39")).as_int() == 39);
  CHECK(dict_get(dict.get(), "key40").is_empty());
  Ref popped = dict_pop(dict.get(), intern("key0"));
  CHECK(popped.get().as_int() == 0);
  CHECK(dict->used == 39);
}

TEST_CASE("the layout number follows the keys, not the values") {
  Own<Dict> dict = new_dict();
  dict_set(dict.get(), intern("a"), None);
  uint32_t layout = dict_layout(dict.get());
  CHECK(layout != 0);
  dict_set(dict.get(), intern("a"), True);
  CHECK(dict_layout(dict.get()) == layout);
  dict_set(dict.get(), intern("b"), True);
  CHECK(dict_layout(dict.get()) != layout);
}

TEST_CASE("a dict used as a stack does not grow") {
  Thread& t = test::thread();
  Own<Dict> dict = new_dict();
  for (int i = 0; i < 10000; ++i) {
    dict_set(t, dict.get(), Value::from_int(i), None);
    dict_remove(t, dict.get(), Value::from_int(i));
  }
  CHECK(dict->capacity <= 8);
}

TEST_CASE("unhashable keys are refused by name") {
  Thread& t = test::thread();
  Own<Dict> dict = new_dict();
  Own<List> list = new_list();
  CHECK(show(dict_set(t, dict.get(), list.value(), None)) ==
        "TypeError: cannot use 'list' as a dict key (unhashable type: 'list')");
  Own<Set> set = new_set();
  CHECK(show(set_add(t, set.get(), list.value())) ==
        "TypeError: cannot use 'list' as a set element (unhashable type: 'list')");
}

TEST_CASE("sets show small ints in the order of their table") {
  CHECK(show(set_of({3, 1, 2})) == "{1, 2, 3}");
  CHECK(show(set_of({30, 20, 10, 1, 100, -1, -2, 8, 16, 24, 32})) ==
        "{32, 1, 100, 8, 10, 16, 20, -1, -2, 24, 30}");
  Own<Set> set = new_set();
  for (int x = 0; x < 40; ++x) set_add(test::thread(), set.get(), Value::from_int(x * 7 % 101));
  CHECK(show(Ref(std::move(set))) == "{0, 1, 4, 7, 8, 11, 14, 15, 18, 21, 22, 25, 28, 29, 32, 35, 36, 39, "
                                     "42, 43, 46, 49, 50, 53, 56, 57, 60, "
                                     "63, 64, 67, 70, 71, 74, 77, 81, 84, 88, 91, 95, 98}");
}

TEST_SUITE_END();
