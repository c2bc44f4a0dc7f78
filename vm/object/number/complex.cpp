#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/format/format.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <cmath>
#include <complex>

namespace aspy {

Type complex_type;

namespace {

struct Pair {
  double real = 0, imag = 0;
};

Pair pair_of(Value value) {
  auto* complex = cast<Complex>(value);
  return {complex->real, complex->imag};
}
bool is_complex(Value value) { return is_instance(value, complex_type); }
Ref make(Pair pair) { return make_complex(pair.real, pair.imag); }

// --- arithmetic ---

// With the infinities that the plain formula would turn to NaN.
Pair multiply(Pair a, Pair b) {
  std::complex<double> product = std::complex<double>(a.real, a.imag) * std::complex<double>(b.real, b.imag);
  return {product.real(), product.imag()};
}

// Divides by the larger part of the divisor first, so that nothing overflows on the way. False: division by
// zero.
bool divide(Pair a, Pair b, Pair& out) {
  if (std::fabs(b.real) >= std::fabs(b.imag)) {
    if (b.real == 0) return false;
    double ratio = b.imag / b.real, scale = b.real + b.imag * ratio;
    out = {(a.real + a.imag * ratio) / scale, (a.imag - a.real * ratio) / scale};
  } else if (std::fabs(b.imag) >= std::fabs(b.real)) {
    double ratio = b.real / b.imag, scale = b.real * ratio + b.imag;
    out = {(a.real * ratio + a.imag) / scale, (a.imag * ratio - a.real) / scale};
  } else { // a NaN
    out = {NAN, NAN};
  }
  return true;
}

// By repeated squaring.
Pair whole_power(Pair base, unsigned exponent) {
  Pair result{1, 0};
  for (unsigned bit = 1; bit && bit <= exponent; bit <<= 1) {
    if (exponent & bit) result = multiply(result, base);
    base = multiply(base, base);
  }
  return result;
}

Ref power(Thread& thread, Pair base, Pair exponent) {
  Pair result;
  if (exponent.real == 0 && exponent.imag == 0) {
    result = {1, 0};
  } else if (exponent.imag == 0 && exponent.real == std::floor(exponent.real) &&
             std::fabs(exponent.real) <= 100) {
    result = whole_power(base, unsigned(std::fabs(exponent.real)));
    if (exponent.real < 0 && !divide({1, 0}, result, result))
      return raise(thread, ZeroDivisionError_type, "zero to a negative or complex power");
  } else if (base.real == 0 && base.imag == 0) {
    if (exponent.imag != 0 || exponent.real < 0)
      return raise(thread, ZeroDivisionError_type, "zero to a negative or complex power");
  } else {
    // In polar form.
    double size = std::hypot(base.real, base.imag), angle = std::atan2(base.imag, base.real);
    double length = std::pow(size, exponent.real), phase = angle * exponent.real;
    if (exponent.imag != 0) {
      length *= std::exp(-angle * exponent.imag);
      phase += exponent.imag * std::log(size);
    }
    result = {length * std::cos(phase), length * std::sin(phase)};
  }
  bool overflow = (std::isinf(result.real) || std::isinf(result.imag)) && std::isfinite(base.real) &&
                  std::isfinite(base.imag);
  if (overflow) return raise(thread, OverflowError_type, "complex exponentiation");
  return make(result);
}

// An operand: 1 real, 2 complex, 0 no number, -1 raised.
int operand(Thread& thread, Value value, Pair& out) {
  if (is_complex(value)) {
    out = pair_of(value);
    return 2;
  }
  out = {};
  if (is_float_like(value)) {
    out.real = float_value(value);
    return 1;
  }
  if (!is_int_like(value)) return 0;
  return int_as_double(thread, value, out.real) ? 1 : -1;
}

template <BinaryOp op> Ref complex_operator(Thread& thread, Value left, Value right) {
  Pair a, b;
  int left_kind = operand(thread, left, a),
      right_kind = left_kind > 0 ? operand(thread, right, b) : left_kind;
  if (right_kind <= 0) return right_kind == 0 ? share(NotImplemented) : Ref();
  // A real operand has no imaginary part at all, rather than one of zero: signs of zeros depend on it.
  bool real_left = left_kind == 1, real_right = right_kind == 1;
  Pair result;
  switch (op) {
  case BinaryOp::Add:
    return make({a.real + b.real, real_left ? b.imag : real_right ? a.imag : a.imag + b.imag});
  case BinaryOp::Sub:
    return make({a.real - b.real, real_left ? -b.imag : real_right ? a.imag : a.imag - b.imag});
  case BinaryOp::Mul:
    if (real_left) return make({a.real * b.real, a.real * b.imag});
    if (real_right) return make({a.real * b.real, a.imag * b.real});
    return make(multiply(a, b));
  case BinaryOp::TrueDiv:
    if (real_right) {
      if (b.real == 0) return raise(thread, ZeroDivisionError_type, "division by zero");
      return make({a.real / b.real, a.imag / b.real});
    }
    if (!divide(a, b, result)) return raise(thread, ZeroDivisionError_type, "division by zero");
    return make(result);
  default: return power(thread, a, b);
  }
}

Ref complex_power3(Thread& thread, Value a, Value b, Value modulus) {
  if (!modulus.is_none()) return raise_value_error(thread, "complex modulo");
  return complex_operator<BinaryOp::Pow>(thread, a, b);
}
Ref complex_negative(Thread&, Value self) {
  Pair pair = pair_of(self);
  return make({-pair.real, -pair.imag});
}
Ref complex_positive(Thread&, Value self) { return make(pair_of(self)); }
Ref complex_absolute(Thread& thread, Value self) {
  Pair pair = pair_of(self);
  double size = std::hypot(pair.real, pair.imag);
  if (std::isinf(size) && std::isfinite(pair.real) && std::isfinite(pair.imag))
    return raise(thread, OverflowError_type, "absolute value too large");
  return Ref::steal(Value::from_double(size));
}

// --- text ---

// A part without the ".0" that floats carry.
std::string part_text(double number) {
  std::string text = float_repr(number);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

Ref complex_repr(Thread&, Value self) {
  Pair pair = pair_of(self);
  if (pair.real == 0 && !std::signbit(pair.real)) return make_str(part_text(pair.imag) + "j");
  std::string imag = part_text(pair.imag);
  if (imag[0] != '-') imag.insert(0, "+");
  return make_str("(" + part_text(pair.real) + imag + "j)");
}

// The length of the number at the front of `text` (with its sign), 0 when there is none.
size_t number_size(std::string_view text) {
  size_t i = !text.empty() && (text[0] == '+' || text[0] == '-');
  size_t start = i;
  if (i < text.size() && (text[i] | 0x20) == 'i')
    return text.substr(i).starts_with("infinity") ? i + 8 : i + 3;
  if (i < text.size() && (text[i] | 0x20) == 'n') return i + 3;
  auto digits = [&] {
    while (i < text.size() && ((text[i] >= '0' && text[i] <= '9') || text[i] == '_')) ++i;
  };
  digits();
  if (i < text.size() && text[i] == '.') ++i;
  digits();
  if (i == start) return 0;
  if (i < text.size() && (text[i] | 0x20) == 'e') {
    size_t mark = i++;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    size_t first = i;
    digits();
    if (i == first) i = mark;
  }
  return i;
}

bool read_part(std::string_view text, double& out) {
  if (text == "+" || text.empty()) out = 1; // "j" alone
  else if (text == "-") out = -1;
  else return float_from_text(text, out);
  return true;
}

bool read_complex(std::string_view text, Pair& out) {
  auto trim = [&] {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  };
  trim();
  if (text.size() > 1 && text.front() == '(' && text.back() == ')') {
    text = text.substr(1, text.size() - 2);
    trim();
  }
  if (text.empty()) return false;
  auto is_j = [](char c) { return c == 'j' || c == 'J'; };
  size_t size = std::min(number_size(text), text.size());
  // One number: real, or imaginary with its j.
  if (size == text.size()) return size > 0 && float_from_text(text, out.real);
  std::string_view first = text.substr(0, size), rest = text.substr(size);
  if (size == 0 && (rest[0] == '+' || rest[0] == '-')) {
    first = rest.substr(0, 1);
    rest.remove_prefix(1);
  }
  if (!rest.empty() && is_j(rest[0])) return rest.size() == 1 && read_part(first, out.imag);
  if (rest.empty() || !is_j(rest.back()) || (rest[0] != '+' && rest[0] != '-')) return false;
  rest.remove_suffix(1);
  if (rest.size() > 1 && number_size(rest) != rest.size()) return false;
  return size > 0 && float_from_text(first, out.real) && read_part(rest, out.imag);
}

// --- construction ---

// A number as a pair: complex, or anything with __complex__, __float__ or __index__. 1, 0 no number, -1
// raised.
int number_of(Thread& thread, Value value, Pair& out) {
  if (is_complex(value)) {
    out = pair_of(value);
    return 1;
  }
  if (value.is_object() && !is_float_like(value) && !is_int_like(value)) {
    Ref method = lookup_special(thread, value, names::dunder_complex);
    if (method) {
      Ref made = call(thread, method);
      if (!made) return -1;
      if (!is_complex(made)) {
        raise_type_error(thread, fmt::format("__complex__ returned non-complex (type {})", type_name(made)));
        return -1;
      }
      out = pair_of(made);
      return 1;
    }
    if (thread.has_error()) return -1;
    if (!type_of(value)->slots.to_float && !type_of(value)->slots.index) return 0;
  } else if (value.is_none()) {
    return 0;
  }
  return to_double(thread, value, out.real) ? 1 : -1;
}

// One of two arguments: must be a real number (a complex one is let through, with what it means).
bool read_argument(Thread& thread, const char* name, Value value, Pair& out) {
  if (is_str(value) ||
      (value.is_object() && !is_complex(value) && !type_of(value)->slots.to_float &&
       !type_of(value)->slots.index) ||
      value.is_none())
    return raise_type_error(
        thread, fmt::format("complex() argument '{}' must be a real number, not {}", name, type_name(value)));
  return number_of(thread, value, out) > 0;
}

Ref as_instance(Type* type, Pair pair) {
  if (type == &complex_type) return make(pair);
  auto* instance = static_cast<Complex*>(allocate_instance(type));
  instance->real = pair.real;
  instance->imag = pair.imag;
  return Ref::steal(instance);
}

Ref complex_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "complex", "real=0, imag=0", args, bound)) return {};
  Value real = bound[0], imag = bound[1];
  if (real && !imag) {
    Pair pair;
    if (is_str(real)) {
      if (!read_complex(cast<Str>(real)->view(), pair))
        return raise_value_error(thread, "complex() arg is a malformed string");
      return as_instance(type, pair);
    }
    int kind = number_of(thread, real, pair);
    if (kind < 0) return {};
    if (kind == 0)
      return raise_type_error(
          thread, fmt::format("complex() argument must be a string or a number, not {}", type_name(real)));
    if (type == &complex_type && is_exact(real, complex_type)) return share(real);
    return as_instance(type, pair);
  }
  Pair a, b;
  if (real && !read_argument(thread, "real", real, a)) return {};
  if (imag && !read_argument(thread, "imag", imag, b)) return {};
  // real + imag * 1j, should the parts be complex themselves.
  Pair whole{a.real, b.real};
  if (imag && is_complex(imag)) whole.real -= b.imag;
  if (real && is_complex(real)) whole.imag += a.imag;
  return as_instance(type, whole);
}

// --- slots, methods ---

bool complex_hash(Thread&, Value self, int64_t& out) {
  Pair pair = pair_of(self);
  auto mixed = int64_t(uint64_t(float_hash(pair.real)) + 1000003u * uint64_t(float_hash(pair.imag)));
  out = mixed == -1 ? -2 : mixed;
  return true;
}
int complex_truthy(Thread&, Value self) {
  Pair pair = pair_of(self);
  return pair.real != 0 || pair.imag != 0;
}

Ref complex_compare(Thread&, Value a, Value b, CompareOp op) {
  if (op != CompareOp::Eq && op != CompareOp::Ne) return share(NotImplemented);
  if (!is_complex(a)) std::swap(a, b);
  if (!is_complex(a)) return share(NotImplemented);
  Pair x = pair_of(a);
  bool same;
  if (is_complex(b)) {
    Pair y = pair_of(b);
    same = x.real == y.real && x.imag == y.imag;
  } else if (is_float_like(b)) {
    same = x.real == float_value(b) && x.imag == 0;
  } else if (is_int_like(b)) {
    same = x.imag == 0 && int_compare_double(b, x.real) == 0;
  } else {
    return share(NotImplemented);
  }
  return share(Value::from_bool(same == (op == CompareOp::Eq)));
}

Ref complex_conjugate(Thread&, const Value* args) {
  Pair pair = pair_of(args[0]);
  return make({pair.real, -pair.imag});
}
Ref complex_getnewargs(Thread&, const Value* args) {
  Pair pair = pair_of(args[0]);
  return make_tuple({Value::from_double(pair.real), Value::from_double(pair.imag)});
}
Ref complex_dunder_complex(Thread&, const Value* args) { return make(pair_of(args[0])); }
Ref complex_from_number(Thread& thread, const Value* args) {
  Pair pair;
  int kind = number_of(thread, args[1], pair);
  if (kind == 0)
    return raise_type_error(thread, fmt::format("must be real number, not {}", type_name(args[1])));
  if (kind < 0) return {};
  Ref made = make(pair);
  return args[0] == Value(&complex_type) ? made : call(thread, args[0], {made});
}

constexpr NativeDef complex_methods[] = {
    {"conjugate", "self, /", complex_conjugate,
     "Return the complex conjugate of its argument. (3-4j).conjugate() == 3+4j."},
    {"from_number", "cls, number, /", complex_from_number,
     "Convert number to a complex floating-point number.", NativeKind::ClassMethod},
    {"__complex__", "self, /", complex_dunder_complex, "Convert this value to exact type complex."},
    {"__format__", "self, format_spec, /", complex_format_method,
     "Convert to a string according to format_spec."},
    {"__getnewargs__", "self, /", complex_getnewargs},
    {nullptr}};

bool refuse_store(Thread& thread, Value, Value) {
  return raise(thread, AttributeError_type, "readonly attribute");
}
template <double Complex::*field> Ref complex_part(Thread&, Value self) {
  return Ref::steal(Value::from_double(cast<Complex>(self)->*field));
}
constexpr GetSetDef complex_getset[] = {
    {"real", complex_part<&Complex::real>, refuse_store, "the real part of a complex number"},
    {"imag", complex_part<&Complex::imag>, refuse_store, "the imaginary part of a complex number"},
    {nullptr}};

constexpr TypeSpec complex_spec = {
    .name = "complex",
    .instance_size = sizeof(Complex),
    .methods = complex_methods,
    .getset = complex_getset,
    .doc = "Create a complex number from a string or numbers.\n\n"
           "If a string is given, parse it as a complex number.\n"
           "If a single number is given, convert it to a complex number.\n"
           "If the 'real' or 'imag' arguments are given, create a complex number\n"
           "with the specified real and imaginary components."};

} // namespace

Ref make_complex(double real, double imag) {
  auto* complex = allocate<Complex>(complex_type);
  complex->real = real;
  complex->imag = imag;
  return Ref::steal(complex);
}

bool as_complex(Value value, double& real, double& imag) {
  Pair pair;
  if (operand(Thread::current(), value, pair) <= 0) return false;
  real = pair.real;
  imag = pair.imag;
  return true;
}

void init_complex_type() {
  Slots& slots = complex_type.slots;
  slots.dealloc = free_object;
  slots.construct = complex_construct;
  slots.repr = complex_repr;
  slots.hash = complex_hash;
  slots.compare = complex_compare;
  slots.truthy = complex_truthy;
  slots.binary[int(BinaryOp::Add)] = complex_operator<BinaryOp::Add>;
  slots.binary[int(BinaryOp::Sub)] = complex_operator<BinaryOp::Sub>;
  slots.binary[int(BinaryOp::Mul)] = complex_operator<BinaryOp::Mul>;
  slots.binary[int(BinaryOp::TrueDiv)] = complex_operator<BinaryOp::TrueDiv>;
  slots.binary[int(BinaryOp::Pow)] = complex_operator<BinaryOp::Pow>;
  slots.power3 = complex_power3;
  slots.negative = complex_negative;
  slots.positive = complex_positive;
  slots.absolute = complex_absolute;
  make_ready(complex_type, complex_spec);
}

} // namespace aspy
