// Integers beyond a machine word, and their borders with the small ones.
#include "tests/unit/vm_fixture.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace aspy;
using aspy::test::show;

namespace {

Ref number(std::string_view text) {
  bool negative = text[0] == '-';
  Ref value = int_from_literal(negative ? text.substr(1) : text, 10);
  return negative ? int_negative(value) : value;
}
std::string apply(std::string_view a, BinaryOp op, std::string_view b) {
  return show(int_binary(test::thread(), op, number(a), number(b)));
}

} // namespace

TEST_SUITE_BEGIN("big ints");

TEST_CASE("arithmetic across the borders of 48 and 64 bits") {
  test::thread();
  CHECK(apply("140737488355327", BinaryOp::Add, "1") == "140737488355328");
  CHECK(apply("9223372036854775807", BinaryOp::Add, "1") == "9223372036854775808");
  CHECK(apply("-9223372036854775808", BinaryOp::Sub, "1") == "-9223372036854775809");
  CHECK(apply("-9223372036854775808", BinaryOp::FloorDiv, "-1") == "9223372036854775808");
  CHECK(apply("4294967296", BinaryOp::Mul, "4294967296") == "18446744073709551616");
  CHECK(apply("18446744073709551616", BinaryOp::Sub, "18446744073709551615") == "1");
}

TEST_CASE("division rounds down, the remainder has the divisor's sign") {
  test::thread();
  CHECK(apply("-7", BinaryOp::FloorDiv, "2") == "-4");
  CHECK(apply("-7", BinaryOp::Mod, "2") == "1");
  CHECK(apply("7", BinaryOp::Mod, "-2") == "-1");
  CHECK(apply("-100000000000000000000", BinaryOp::FloorDiv, "7") == "-14285714285714285715");
  CHECK(apply("-100000000000000000000", BinaryOp::Mod, "7") == "5");
  CHECK(apply("100000000000000000000", BinaryOp::Mod, "-7") == "-5");
  CHECK(apply("1", BinaryOp::Mod, "0") == "ZeroDivisionError: division by zero");
}

TEST_CASE("shifts and bits behave as two's complement of any width") {
  test::thread();
  CHECK(apply("1", BinaryOp::LShift, "100") == "1267650600228229401496703205376");
  CHECK(apply("-1", BinaryOp::RShift, "1000") == "-1");
  CHECK(apply("-1267650600228229401496703205377", BinaryOp::RShift, "100") == "-2");
  CHECK(apply("-1", BinaryOp::And, "18446744073709551615") == "18446744073709551615");
  CHECK(apply("-18446744073709551616", BinaryOp::Or, "1") == "-18446744073709551615");
  CHECK(apply("1", BinaryOp::LShift, "-1") == "ValueError: negative shift count");
}

TEST_CASE("powers") {
  test::thread();
  CHECK(apply("3", BinaryOp::Pow, "50") == "717897987691852588770249");
  CHECK(apply("-2", BinaryOp::Pow, "63") == "-9223372036854775808");
  CHECK(apply("2", BinaryOp::Pow, "-1") == "0.5");
  Thread& t = test::thread();
  CHECK(show(int_power_mod(t, number("3"), number("-1"), number("7"))) == "5");
  CHECK(show(int_power_mod(t, number("2"), number("10"), number("-7"))) == "-5");
  CHECK(show(int_power_mod(t, number("2"), number("-1"), number("4"))) ==
        "ValueError: base is not invertible for the given modulus");
}

TEST_CASE("true division rounds once") {
  test::thread();
  CHECK(apply("10000000000000000000000000", BinaryOp::TrueDiv, "1000000000000000000000007") == "10.0");
  CHECK(apply("9007199254740993", BinaryOp::TrueDiv, "1") == "9007199254740992.0");
  CHECK(apply("9007199254740995", BinaryOp::TrueDiv, "1") == "9007199254740996.0");
}

TEST_CASE("text in and out") {
  Thread& t = test::thread();
  std::string long_text(1000, '7');
  CHECK(show(int_from_text(t, long_text, 10)) == long_text);
  CHECK(show(int_from_text(t, " -0x_ff ", 0)) == "-255");
  CHECK(show(int_from_text(t, "010", 0)) == "ValueError: invalid literal for int() with base 0: '010'");
  CHECK(show(int_from_text(t, "1__0", 10)) == "ValueError: invalid literal for int() with base 10: '1__0'");
  std::string text;
  Ref value = number("340282366920938463463374607431768211455");
  CHECK(int_to_string(t, value, 16, text));
  CHECK(text == "ffffffffffffffffffffffffffffffff");
}

TEST_CASE("hash and order agree between ints and floats") {
  Thread& t = test::thread();
  Ref big = int_from_double(t, 1e30);
  CHECK(int_hash(big) == float_hash(1e30));
  CHECK(int_hash(Value::from_int(-1)) == -2);
  CHECK(int_compare_double(big, 1e30) == 0);
  CHECK(int_compare_double(number("9007199254740993"), 9007199254740992.0) == 1);
  CHECK(int_compare_double(Value::from_int(1), NAN) == 2);
  double out;
  CHECK(int_as_double(t, number("9007199254740993"), out));
  CHECK(out == 9007199254740992.0);
}

TEST_CASE("rounding of mantissas at the edges of doubles") {
  CHECK(round_to_double(1, false, -1074) == 5e-324);
  CHECK(round_to_double(1, false, -1075) == 0);
  CHECK(round_to_double(1, true, -1075) == 5e-324);
  CHECK(round_to_double(3, false, -1075) == 1e-323);
  CHECK(std::isinf(round_to_double(~uint64_t{0}, false, 960)));
  CHECK(round_to_double(uint64_t{1} << 63, false, 960) == 0x1p1023);
}

TEST_SUITE_END();
