// Values: what is unboxed, and that every int has one representation.
#include "tests/unit/vm_fixture.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace aspy;
using aspy::test::show;

TEST_SUITE_BEGIN("values");

TEST_CASE("the kinds of values do not overlap") {
  Value kinds[] = {None,
                   True,
                   False,
                   Value::from_int(0),
                   Value::from_int(-1),
                   Value::from_double(0),
                   Value::from_double(-0.0),
                   Value::from_double(NAN),
                   Value::from_double(-INFINITY)};
  for (Value value : kinds) {
    CHECK(value.is_none() + value.is_bool() + value.is_int() + value.is_double() + value.is_object() == 1);
    CHECK_FALSE(value.is_empty());
  }
  CHECK(Value().is_empty());
}

TEST_CASE("small ints and doubles come back as they went in") {
  for (int64_t number : {int64_t{0}, int64_t{1}, int64_t{-1}, Value::int_min, Value::int_max})
    CHECK(Value::from_int(number).as_int() == number);
  for (double number : {0.0, 1.5, -2.25, 1e308, 5e-324, -1e-300})
    CHECK(Value::from_double(number).as_double() == number);
  CHECK(std::signbit(Value::from_double(-0.0).as_double()));
  CHECK(std::isnan(Value::from_double(-NAN).as_double()));
}

TEST_CASE("ints are boxed exactly when they do not fit") {
  test::thread();
  CHECK(make_int(Value::int_max).get().is_int());
  CHECK(make_int(Value::int_max + 1).get().is_object());
  CHECK(make_int(Value::int_min - 1).get().is_object());
  // Arithmetic that comes back into range is unboxed again.
  Ref big = make_int(Value::int_max + 1);
  Ref back = int_binary(test::thread(), BinaryOp::Sub, big, Value::from_int(1));
  CHECK(back.get() == Value::from_int(Value::int_max));
}

TEST_SUITE_END();
