// list.sort: order, stability, reverse, and what happens to the list when a comparison fails.
#include "tests/unit/vm_fixture.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace aspy;
using aspy::test::show;

namespace {

Own<List> ints(const std::vector<int64_t>& numbers) {
  Own<List> list = new_list();
  for (int64_t number : numbers) list_append(list.get(), Value::from_int(number));
  return list;
}
bool is_sorted_copy(List* list, std::vector<int64_t> numbers) {
  std::sort(numbers.begin(), numbers.end());
  for (size_t i = 0; i < numbers.size(); ++i)
    if ((*list)[i].as_int() != numbers[i]) return false;
  return list->size == numbers.size();
}

} // namespace

TEST_SUITE_BEGIN("sort");

TEST_CASE("ints of every arrangement") {
  Thread& t = test::thread();
  std::mt19937 random(7);
  for (size_t size : {0, 1, 2, 3, 31, 32, 63, 64, 65, 100, 1000, 5000}) {
    for (int kind = 0; kind < 5; ++kind) {
      std::vector<int64_t> numbers(size);
      for (size_t i = 0; i < size; ++i) {
        auto at = int64_t(i);
        numbers[i] = kind == 0   ? int64_t(random() % 1000)
                     : kind == 1 ? at
                     : kind == 2 ? -at
                     : kind == 3 ? at % 7
                                 : (at % 100 == 0 ? int64_t(random()) : at);
      }
      Own<List> list = ints(numbers);
      CHECK(list_sort(t, list.get(), None, false));
      CHECK(is_sorted_copy(list.get(), numbers));
    }
  }
}

TEST_CASE("equal items keep their order, in reverse too") {
  Thread& t = test::thread();
  for (bool reverse : {false, true}) {
    Own<List> list = new_list();
    for (int i = 0; i < 500; ++i) {
      // The items differ only in a second place that is not compared: 1 and True are equal.
      Own<Tuple> pair = make_tuple({Value::from_int(i % 3)});
      list_append(list.get(), pair.value());
    }
    std::vector<Value> before(list->view().begin(), list->view().end());
    CHECK(list_sort(t, list.get(), None, reverse));
    for (size_t i = 1; i < list->size; ++i) {
      Value a = (*list)[i - 1], b = (*list)[i];
      if ((*cast<Tuple>(a))[0] == (*cast<Tuple>(b))[0])
        CHECK(std::find(before.begin(), before.end(), a) < std::find(before.begin(), before.end(), b));
    }
  }
}

TEST_CASE("a comparison that fails loses no item") {
  Thread& t = test::thread();
  Own<List> list = ints({5, 3, 9, 1});
  list_append(list.get(), None);
  list_append(list.get(), Value::from_int(2));
  CHECK(show(list_sort(t, list.get(), None, false)) ==
        "TypeError: '<' not supported between instances of 'NoneType' and 'int'");
  CHECK(list->size == 6);
}

TEST_SUITE_END();
