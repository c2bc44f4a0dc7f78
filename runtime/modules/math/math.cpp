// The math module: functions of floats. Those of whole numbers are in math_integer.cpp, sums in
// math_sums.cpp.
#include "runtime/modules/math/math_support.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/bigint.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>

namespace aspy {
namespace {

Ref result(double number) { return Ref::steal(Value::from_double(number)); }

// --- functions of one number ---

// What a function's domain is, for its complaint.
enum class Domain : uint8_t {
  Any,
  Finite,
  NonNegative,
  Unit,
  OpenUnit,
  AboveMinusOne,
  FromOne,
  GammaArgument
};

std::string complaint(Domain domain, double x) {
  std::string_view expected;
  switch (domain) {
  case Domain::Any: return "math domain error";
  case Domain::Finite: expected = "a finite input"; break;
  case Domain::NonNegative: expected = "a nonnegative input"; break;
  case Domain::Unit: expected = "a number in range from -1 up to 1"; break;
  case Domain::OpenUnit: expected = "a number between -1 and 1"; break;
  case Domain::AboveMinusOne: expected = "argument value > -1"; break;
  case Domain::FromOne: expected = "argument value not less than 1"; break;
  case Domain::GammaArgument: expected = "a noninteger or positive integer"; break;
  }
  return fmt::format("expected {}, got {}", expected, float_repr(x));
}

template <auto fn, Domain domain, bool may_overflow> Ref unary(Thread& thread, const Value* args) {
  double x;
  if (!to_double(thread, args[0], x)) return {};
  double y = fn(x);
  if (std::isnan(y) && !std::isnan(x)) return raise_value_error(thread, complaint(domain, x));
  if (std::isinf(y) && std::isfinite(x)) {
    if (may_overflow) return raise(thread, OverflowError_type, "math range error");
    return raise_value_error(thread, complaint(domain, x));
  }
  return result(y);
}

template <auto fn> Ref plain(Thread& thread, const Value* args) { // never fails
  double x;
  return to_double(thread, args[0], x) ? result(fn(x)) : Ref();
}

bool is_gamma_pole(double x) { return x <= 0 && x == std::floor(x) && std::isfinite(x); }
Ref math_gamma(Thread& thread, const Value* args) {
  double x;
  if (!to_double(thread, args[0], x)) return {};
  if (is_gamma_pole(x) || x == -INFINITY)
    return raise_value_error(thread, complaint(Domain::GammaArgument, x));
  double y = std::tgamma(x);
  if (std::isinf(y) && std::isfinite(x)) return raise(thread, OverflowError_type, "math range error");
  return result(y);
}
Ref math_lgamma(Thread& thread, const Value* args) {
  double x;
  if (!to_double(thread, args[0], x)) return {};
  if (is_gamma_pole(x)) return raise_value_error(thread, complaint(Domain::GammaArgument, x));
  double y = std::lgamma(x);
  if (std::isinf(y) && std::isfinite(x)) return raise(thread, OverflowError_type, "math range error");
  return result(y);
}

// --- logarithms: of ints of any size ---

template <auto fn> bool logarithm(Thread& thread, Value value, double& out) {
  if (is_int_like(value) || (!is_float_like(value) && type_of(value)->slots.index)) {
    Ref number = is_int_like(value) ? share(int_value(value)) : to_index_object(thread, value);
    if (!number) return false;
    if (int_sign(number) <= 0) return raise_value_error(thread, "expected a positive input");
    BigView view(number);
    if (big_bits(view.get()) <= 1023) {
      double x = 0;
      int_as_double(thread, number, x);
      out = fn(x);
      return true;
    }
    // Too large for a double: the logarithms of the mantissa and of the power of two.
    int64_t exponent;
    bool sticky;
    uint64_t top = big_top(view.get(), exponent, sticky);
    out = fn(round_to_double(top, sticky, -64)) + fn(2.0) * double(exponent + 64);
    return true;
  }
  double x;
  if (!to_double(thread, value, x)) return false;
  if (x <= 0)
    return raise_value_error(thread, fmt::format("expected a positive input, got {}", float_repr(x)));
  out = fn(x);
  return true;
}

Ref math_log(Thread& thread, const Value* args) {
  double x, base;
  if (!logarithm<::log>(thread, args[0], x)) return {};
  if (!args[1]) return result(x);
  if (!logarithm<::log>(thread, args[1], base)) return {};
  if (base == 0) return raise(thread, ZeroDivisionError_type, "division by zero");
  return result(x / base);
}
template <auto fn> Ref math_log_of(Thread& thread, const Value* args) {
  double x;
  return logarithm<fn>(thread, args[0], x) ? result(x) : Ref();
}

// --- functions of two numbers ---

template <auto fn> Ref binary(Thread& thread, const Value* args) {
  double x, y;
  if (!to_double(thread, args[0], x) || !to_double(thread, args[1], y)) return {};
  double z = fn(x, y);
  if (std::isnan(z) && !std::isnan(x) && !std::isnan(y))
    return raise_value_error(thread, "math domain error");
  if (std::isinf(z) && std::isfinite(x) && std::isfinite(y))
    return raise(thread, OverflowError_type, "math range error");
  return result(z);
}

double float_power(double x, double y) {
  // A pole is outside the domain, not an overflow.
  if (x == 0 && y < 0 && std::isfinite(y)) return NAN;
  return std::pow(x, y);
}

Ref math_ldexp(Thread& thread, const Value* args) {
  double x;
  if (!to_double(thread, args[0], x)) return {};
  if (!is_int_like(args[1])) return raise_type_error(thread, "Expected an int as second argument to ldexp.");
  int64_t exponent;
  if (!to_index(thread, args[1], exponent)) return {};
  double y = std::ldexp(x, int(std::max<int64_t>(std::min<int64_t>(exponent, 100000), -100000)));
  if (std::isinf(y) && std::isfinite(x)) return raise(thread, OverflowError_type, "math range error");
  return result(y);
}

Ref math_fma(Thread& thread, const Value* args) {
  double x, y, z;
  if (!to_double(thread, args[0], x) || !to_double(thread, args[1], y) || !to_double(thread, args[2], z))
    return {};
  double r = std::fma(x, y, z);
  if (std::isnan(r) && !std::isnan(x) && !std::isnan(y) && !std::isnan(z))
    return raise_value_error(thread, "invalid operation in fma");
  if (std::isinf(r) && std::isfinite(x) && std::isfinite(y) && std::isfinite(z))
    return raise(thread, OverflowError_type, "overflow in fma");
  return result(r);
}

Ref math_nextafter(Thread& thread, const Value* args) {
  double x, y;
  if (!to_double(thread, args[0], x) || !to_double(thread, args[1], y)) return {};
  if (!args[2] || args[2].is_none()) return result(std::nextafter(x, y));
  int64_t steps;
  if (!to_index(thread, args[2], steps)) return {};
  if (steps < 0) return raise_value_error(thread, "steps must be a non-negative integer");
  if (std::isnan(x) || std::isnan(y)) return result(NAN);
  // The doubles in order are the integers of their bits, mirrored below zero.
  auto rank = [](double d) {
    auto bits = std::bit_cast<int64_t>(d);
    return bits < 0 ? INT64_MIN - bits : bits;
  };
  int64_t from = rank(x), to = rank(y);
  uint64_t distance = from < to ? uint64_t(to) - uint64_t(from) : uint64_t(from) - uint64_t(to);
  if (distance <= uint64_t(steps)) return result(y);
  int64_t place = from < to ? from + steps : from - steps;
  if (place == 0) return result(std::copysign(0.0, x));
  return result(std::bit_cast<double>(place < 0 ? INT64_MIN - place : place));
}

// --- taking floats apart, rounding ---

Ref math_frexp(Thread& thread, const Value* args) {
  double x;
  if (!to_double(thread, args[0], x)) return {};
  int exponent = 0;
  double mantissa = std::isfinite(x) ? std::frexp(x, &exponent) : x;
  return make_tuple({Value::from_double(mantissa), Value::from_int(exponent)});
}
Ref math_modf(Thread& thread, const Value* args) {
  double x, whole;
  if (!to_double(thread, args[0], x)) return {};
  double fraction = std::modf(x, &whole);
  return make_tuple({Value::from_double(fraction), Value::from_double(whole)});
}

template <auto fn> Ref rounded(Thread& thread, Value value, Str* name) {
  if (!is_float_like(value) || !value.is_double()) {
    Ref method = lookup_special(thread, value, name);
    if (method) return call(thread, method);
    if (thread.has_error()) return {};
  }
  double x;
  return to_double(thread, value, x) ? int_from_double(thread, fn(x)) : Ref();
}
Ref math_floor(Thread& thread, const Value* args) {
  return rounded<::floor>(thread, args[0], names::dunder_floor);
}
Ref math_ceil(Thread& thread, const Value* args) {
  return rounded<::ceil>(thread, args[0], names::dunder_ceil);
}
Ref math_trunc(Thread& thread, const Value* args) {
  if (args[0].is_double()) return int_from_double(thread, std::trunc(args[0].as_double()));
  Ref method = lookup_special(thread, args[0], names::dunder_trunc);
  if (method) return call(thread, method);
  if (thread.has_error()) return {};
  return raise_type_error(thread, fmt::format("type {} doesn't define __trunc__ method", type_name(args[0])));
}

// --- questions ---

template <auto fn> Ref question(Thread& thread, const Value* args) {
  double x;
  return to_double(thread, args[0], x) ? share(Value::from_bool(fn(x))) : Ref();
}

Ref math_isclose(Thread& thread, const Value* args) {
  double a, b, relative = 1e-09, absolute = 0;
  if (!to_double(thread, args[0], a) || !to_double(thread, args[1], b)) return {};
  if (args[2] && !to_double(thread, args[2], relative)) return {};
  if (args[3] && !to_double(thread, args[3], absolute)) return {};
  if (relative < 0 || absolute < 0) return raise_value_error(thread, "tolerances must be non-negative");
  if (a == b) return share(True);
  if (std::isinf(a) || std::isinf(b)) return share(False);
  double distance = std::fabs(a - b);
  bool close =
      distance <= std::fabs(relative * b) || distance <= std::fabs(relative * a) || distance <= absolute;
  return share(Value::from_bool(close));
}

double ulp(double x) {
  x = std::fabs(x);
  if (!std::isfinite(x)) return x;
  double above = std::nextafter(x, INFINITY);
  return std::isinf(above) ? x - std::nextafter(x, 0.0) : above - x;
}
// The C library's own is off by a bit even for cubes of whole numbers.
double cube_root(double x) { return double(std::cbrt(static_cast<long double>(x))); }
double to_degrees(double x) { return x * (180.0 / M_PI); }
double to_radians(double x) { return x * (M_PI / 180.0); }

constexpr NativeDef math_functions[] = {
    {"acos", "x, /", unary<::acos, Domain::Unit, false>, "Return the arc cosine (measured in radians) of x."},
    {"acosh", "x, /", unary<::acosh, Domain::FromOne, false>, "Return the inverse hyperbolic cosine of x."},
    {"asin", "x, /", unary<::asin, Domain::Unit, false>, "Return the arc sine (measured in radians) of x."},
    {"asinh", "x, /", unary<::asinh, Domain::Any, false>, "Return the inverse hyperbolic sine of x."},
    {"atan", "x, /", unary<::atan, Domain::Any, false>, "Return the arc tangent (measured in radians) of x."},
    {"atan2", "y, x, /", binary<::atan2>, "Return the arc tangent (measured in radians) of y/x."},
    {"atanh", "x, /", unary<::atanh, Domain::OpenUnit, false>, "Return the inverse hyperbolic tangent of x."},
    {"cbrt", "x, /", plain<cube_root>, "Return the cube root of x."},
    {"ceil", "x, /", math_ceil, "Return the ceiling of x as an Integral."},
    {"comb", "n, k, /", math_comb,
     "Number of ways to choose k items from n items without repetition and without order."},
    {"copysign", "x, y, /", binary<::copysign>, "Return a float with the magnitude of x but the sign of y."},
    {"cos", "x, /", unary<::cos, Domain::Finite, false>, "Return the cosine of x (measured in radians)."},
    {"cosh", "x, /", unary<::cosh, Domain::Any, true>, "Return the hyperbolic cosine of x."},
    {"degrees", "x, /", plain<to_degrees>, "Convert angle x from radians to degrees."},
    {"dist", "p, q, /", math_dist, "Return the Euclidean distance between two points p and q."},
    {"erf", "x, /", plain<::erf>, "Error function at x."},
    {"erfc", "x, /", plain<::erfc>, "Complementary error function at x."},
    {"exp", "x, /", unary<::exp, Domain::Any, true>, "Return e raised to the power of x."},
    {"exp2", "x, /", unary<::exp2, Domain::Any, true>, "Return 2 raised to the power of x."},
    {"expm1", "x, /", unary<::expm1, Domain::Any, true>, "Return exp(x)-1."},
    {"fabs", "x, /", plain<::fabs>, "Return the absolute value of the float x."},
    {"factorial", "n, /", math_factorial, "Find n!."},
    {"floor", "x, /", math_floor, "Return the floor of x as an Integral."},
    {"fma", "x, y, z, /", math_fma,
     "Fused multiply-add operation: (x * y) + z computed with a single round."},
    {"fmod", "x, y, /", binary<::fmod>, "Return fmod(x, y), according to platform C."},
    {"frexp", "x, /", math_frexp, "Return the mantissa and exponent of x, as pair (m, e)."},
    {"fsum", "seq, /", math_fsum, "Return an accurate floating-point sum of values in the iterable seq."},
    {"gamma", "x, /", math_gamma, "Gamma function at x."},
    {"gcd", "*integers", math_gcd, "Greatest Common Divisor."},
    {"hypot", "*coordinates", math_hypot, "Multidimensional Euclidean distance from the origin to a point."},
    {"isclose", "a, b, *, rel_tol=1e-09, abs_tol=0.0", math_isclose,
     "Determine whether two floating-point numbers are close in value."},
    {"isfinite", "x, /", question<[](double x) { return std::isfinite(x); }>,
     "Return True if x is neither an infinity nor a NaN, and False otherwise."},
    {"isinf", "x, /", question<[](double x) { return std::isinf(x); }>,
     "Return True if x is a positive or negative infinity, and False otherwise."},
    {"isnan", "x, /", question<[](double x) { return std::isnan(x); }>,
     "Return True if x is a NaN (not a number), and False otherwise."},
    {"isqrt", "n, /", math_isqrt, "Return the integer part of the square root of the input."},
    {"lcm", "*integers", math_lcm, "Least Common Multiple."},
    {"ldexp", "x, i, /", math_ldexp, "Return x * (2**i)."},
    {"lgamma", "x, /", math_lgamma, "Natural logarithm of absolute value of Gamma function at x."},
    {"log", "x, base=<unrepresentable>, /", math_log,
     "log(x, [base=math.e])\nReturn the logarithm of x to the given base."},
    {"log10", "x, /", math_log_of<::log10>, "Return the base 10 logarithm of x."},
    {"log1p", "x, /", unary<::log1p, Domain::AboveMinusOne, false>,
     "Return the natural logarithm of 1+x (base e)."},
    {"log2", "x, /", math_log_of<::log2>, "Return the base 2 logarithm of x."},
    {"modf", "x, /", math_modf, "Return the fractional and integer parts of x."},
    {"nextafter", "x, y, /, *, steps=None", math_nextafter,
     "Return the floating-point value the given number of steps after x towards y."},
    {"perm", "n, k=None, /", math_perm,
     "Number of ways to choose k items from n items without repetition and with order."},
    {"pow", "x, y, /", binary<float_power>, "Return x**y (x to the power of y)."},
    {"prod", "iterable, /, *, start=1", math_prod,
     "Calculate the product of all the elements in the input iterable."},
    {"radians", "x, /", plain<to_radians>, "Convert angle x from degrees to radians."},
    {"remainder", "x, y, /", binary<::remainder>,
     "Difference between x and the closest integer multiple of y."},
    {"sin", "x, /", unary<::sin, Domain::Finite, false>, "Return the sine of x (measured in radians)."},
    {"sinh", "x, /", unary<::sinh, Domain::Any, true>, "Return the hyperbolic sine of x."},
    {"sqrt", "x, /", unary<::sqrt, Domain::NonNegative, false>, "Return the square root of x."},
    {"sumprod", "p, q, /", math_sumprod, "Return the sum of products of values from two iterables p and q."},
    {"tan", "x, /", unary<::tan, Domain::Finite, false>, "Return the tangent of x (measured in radians)."},
    {"tanh", "x, /", unary<::tanh, Domain::Any, false>, "Return the hyperbolic tangent of x."},
    {"trunc", "x, /", math_trunc, "Truncates the Real x to the nearest Integral toward 0."},
    {"ulp", "x, /", plain<ulp>, "Return the value of the least significant bit of the float x."},
    {nullptr}};

bool init_math(Thread&, Module* module) {
  module_set(module, "pi", Value::from_double(M_PI));
  module_set(module, "e", Value::from_double(M_E));
  module_set(module, "tau", Value::from_double(2 * M_PI));
  module_set(module, "inf", Value::from_double(INFINITY));
  module_set(module, "nan", Value::from_double(NAN));
  return true;
}

} // namespace

extern const ModuleSpec math_module;
const ModuleSpec math_module = {"math", math_functions, init_math,
                                "This module provides access to the mathematical functions\n"
                                "defined by the C standard."};

} // namespace aspy
