// The format mini-language and % formatting from C++.
#include "tests/unit/vm_fixture.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/format/format.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <doctest/doctest.h>

using namespace aspy;
using aspy::test::thread;

namespace {

std::string text_or_error(Ref result) {
  if (result) return std::string(cast<Str>(result)->view());
  Ref error = take_error(thread());
  Ref message = str(thread(), error);
  return "! " + std::string(cast<Str>(message)->view());
}

std::string formatted(Value value, std::string_view spec) {
  Own<Str> text = make_str(spec);
  return text_or_error(format(thread(), value, text.get()));
}

Value number(double value) { return Value::from_double(value); }
Value whole(int64_t value) { return Value::from_int(value); }

} // namespace

TEST_CASE("format: ints") {
  thread();
  CHECK(formatted(whole(1234), "08,") == "0,001,234");
  CHECK(formatted(whole(1234), "*^+10") == "**+1234***");
  CHECK(formatted(whole(-255), "#06x") == "-0x0ff");
  CHECK(formatted(whole(12345678), "_x") == "bc_614e");
  CHECK(formatted(whole(65), "c") == "A");
  CHECK(formatted(whole(5), ".3") == "! Precision not allowed in integer format specifier");
  CHECK(formatted(whole(5), ",x") == "! Cannot specify ',' with 'x'.");
  CHECK(formatted(True, "") == "True");
  CHECK(formatted(True, "5") == "    1");
}

TEST_CASE("format: floats") {
  thread();
  CHECK(formatted(number(1234.56789), ",.2f") == "1,234.57");
  CHECK(formatted(number(1234.56789), ",.7_f") == "1,234.567_890_0");
  CHECK(formatted(number(1e5), ".3") == "1e+05");
  CHECK(formatted(number(0.5), "%") == "50.000000%");
  CHECK(formatted(number(-0.001), "z.1f") == "0.0");
  CHECK(formatted(number(1.0), "010") == "00000001.0");
  CHECK(formatted(number(1.0), "d") == "! Unknown format code 'd' for object of type 'float'");
  CHECK(format_double(2.5, 'f', 0) == "2");
  CHECK(format_double(1e300 * 1e300, 'F', 2) == "INF");
}

TEST_CASE("format: text") {
  thread();
  Own<Str> text = make_str("héé");
  CHECK(formatted(text.value(), ">6.2") == "    hé");
  CHECK(formatted(text.value(), "€^5") == "€héé€");
  CHECK(formatted(text.value(), "d") == "! Unknown format code 'd' for object of type 'str'");
}

TEST_CASE("format: digits fill up to a width") {
  CHECK(group_digits("1234", ',', 3, 0) == "1,234");
  CHECK(group_digits("1234", ',', 3, 8) == "0,001,234");
  CHECK(group_digits("1234", 0, 3, 6) == "001234");
}

TEST_CASE("format: percent") {
  Thread& t = thread();
  auto percent = [&](const char* pattern, std::initializer_list<Value> args) {
    Own<Str> text = make_str(pattern);
    Own<Tuple> tuple = make_tuple(args);
    return text_or_error(binary_op(t, BinaryOp::Mod, text.value(), tuple.value()));
  };
  CHECK(percent("%05d|%-4d|%+d", {whole(42), whole(7), whole(1)}) == "00042|7   |+1");
  CHECK(percent("%.3f%%", {number(1.5)}) == "1.500%");
  CHECK(percent("%*.*f", {whole(7), whole(2), number(3.14159)}) == "   3.14");
  CHECK(percent("%d", {}) == "! not enough arguments for format string");
  CHECK(percent("x", {whole(1)}) == "! not all arguments converted during string formatting");
}
