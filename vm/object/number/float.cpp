// float: arithmetic, order, hash. Text is in float_text.cpp, the type's methods in float_methods.cpp.
#include "vm/object/number/float.hpp"

#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <cerrno>
#include <cmath>
#include <cstring>

namespace aspy {

double float_value(Value value) {
  return value.is_double() ? value.as_double() : cast<FloatObject>(value)->number;
}

int64_t float_hash(double number) {
  constexpr uint64_t modulus = (uint64_t{1} << 61) - 1;
  if (!std::isfinite(number)) return std::isnan(number) ? 0 : number > 0 ? 314159 : -314159;
  // number = mantissa * 2^exponent, and times 2 modulo 2^61 - 1 is a rotation of 61 bits.
  int exponent;
  auto mantissa = uint64_t(std::fabs(std::ldexp(std::frexp(number, &exponent), 53)));
  int turn = ((exponent - 53) % 61 + 61) % 61;
  uint64_t rest = turn ? ((mantissa << turn) & modulus) | (mantissa >> (61 - turn)) : mantissa;
  int64_t hash = number < 0 ? -int64_t(rest) : int64_t(rest);
  return hash == -1 ? -2 : hash;
}

void float_divmod(double a, double b, double& quotient, double& remainder) {
  double rest = std::fmod(a, b);
  double count = (a - rest) / b; // whole but for rounding
  if (rest != 0) {
    if ((b < 0) != (rest < 0)) { // fmod goes towards zero
      rest += b;
      count -= 1;
    }
  } else {
    rest = std::copysign(0.0, b);
  }
  remainder = rest;
  if (count == 0) {
    quotient = std::copysign(0.0, a / b);
    return;
  }
  quotient = std::floor(count);
  if (count - quotient > 0.5) quotient += 1;
}

namespace {

Raised raise_zero_division(Thread& thread, std::string_view message = "division by zero") {
  return raise(thread, ZeroDivisionError_type, message);
}

Ref power(Thread& thread, double base, double exponent) {
  if (base == 0 && exponent < 0 && std::isfinite(exponent))
    return raise_zero_division(thread, "zero to a negative power");
  if (base == 0 && std::isinf(exponent) && exponent < 0) return Ref::steal(Value::from_double(INFINITY));
  if (base < 0 && std::isfinite(base) && std::isfinite(exponent) && exponent != std::floor(exponent)) {
    // No real root: a complex one.
    Ref complex_base = make_complex(base, 0), complex_exponent = make_complex(exponent, 0);
    return complex_type.slots.binary[int(BinaryOp::Pow)](thread, complex_base, complex_exponent);
  }
  double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) {
    Own<Str> reason = make_str(std::strerror(ERANGE));
    return raise_with_args(thread, OverflowError_type, {Value::from_int(ERANGE), reason.value()});
  }
  return Ref::steal(Value::from_double(result));
}

} // namespace

Ref float_binary(Thread& thread, BinaryOp op, double a, double b) {
  double quotient, remainder;
  auto result = [](double number) { return Ref::steal(Value::from_double(number)); };
  switch (op) {
  case BinaryOp::Add: return result(a + b);
  case BinaryOp::Sub: return result(a - b);
  case BinaryOp::Mul: return result(a * b);
  case BinaryOp::TrueDiv:
    if (b == 0) return raise_zero_division(thread);
    return result(a / b);
  case BinaryOp::FloorDiv:
  case BinaryOp::Mod:
    if (b == 0) return raise_zero_division(thread);
    float_divmod(a, b, quotient, remainder);
    return result(op == BinaryOp::FloorDiv ? quotient : remainder);
  case BinaryOp::Pow: return power(thread, a, b);
  default: return share(NotImplemented);
  }
}

} // namespace aspy
