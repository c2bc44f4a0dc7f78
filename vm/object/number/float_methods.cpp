// The type float: construction, operators as slots, methods.
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/format/format.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/text/str_internal.hpp"

#include <fmt/format.h>

#include <cmath>

namespace aspy {

Type float_type;

namespace {

Ref result(double number) { return Ref::steal(Value::from_double(number)); }

// --- construction ---

Ref as_instance(Type* type, double number) {
  if (type == &float_type) return result(number);
  auto* instance = static_cast<FloatObject*>(allocate_instance(type));
  instance->number = number;
  return Ref::steal(instance);
}

// Each NaN that a script asks for is one of its own: it is found in a list or a dict by identity, and only
// there where it was put. The number in its unused bits tells them apart.
Ref new_nan() {
  static uint64_t last = 0;
  last = (last + 1) & 0x7'FFFF'FFFF'FFFF;
  return Ref::steal(Value((Value::canonical_nan | last) + Value::double_offset));
}

bool float_of(Thread& thread, Value x, double& out) {
  if (is_str(x)) {
    if (float_from_text(cast<Str>(x)->view(), out)) return true;
    return raise_value_error(
        thread, fmt::format("could not convert string to float: {}", quote(cast<Str>(x)->view())));
  }
  std::string_view bytes;
  if (as_bytes_like(x, bytes)) {
    if (is_ascii_text(bytes) && float_from_text(bytes, out)) return true;
    Ref shown = repr(thread, x);
    if (!shown) return false;
    return raise_value_error(thread,
                             fmt::format("could not convert string to float: {}", cast<Str>(shown)->view()));
  }
  if (!is_float_like(x) && !type_of(x)->slots.to_float && !type_of(x)->slots.index)
    return raise_type_error(
        thread, fmt::format("float() argument must be a string or a real number, not '{}'", type_name(x)));
  return to_double(thread, x, out);
}

Ref float_construct(Thread& thread, Type* type, CallArgs args) {
  if (args.kwnames && (type == &float_type || type->slots.init == float_type.slots.init) &&
      !refuse_keywords(thread, "float", args))
    return {};
  if (!check_count(thread, "float", {args.args, args.count, nullptr}, 0, 1)) return {};
  if (type == &float_type && args.count && args[0].is_double()) return share(args[0]);
  double number = 0;
  if (args.count && !float_of(thread, args[0], number)) return {};
  if (type == &float_type && std::isnan(number)) return new_nan();
  return as_instance(type, number);
}

// --- slots ---

Ref float_repr_slot(Thread&, Value self) { return make_str(float_repr(float_value(self))); }
bool float_hash_slot(Thread&, Value self, int64_t& out) {
  out = float_hash(float_value(self));
  return true;
}
int float_truthy(Thread&, Value self) { return float_value(self) != 0; }

Ref ordered(CompareOp op, bool less, bool same) {
  switch (op) {
  case CompareOp::Lt: return share(Value::from_bool(less));
  case CompareOp::Le: return share(Value::from_bool(less || same));
  case CompareOp::Eq: return share(Value::from_bool(same));
  case CompareOp::Ne: return share(Value::from_bool(!same));
  case CompareOp::Gt: return share(Value::from_bool(!less && !same));
  case CompareOp::Ge: return share(Value::from_bool(!less));
  }
  return {};
}

Ref float_compare(Thread&, Value a, Value b, CompareOp op) {
  // One side may be an int, compared without rounding it.
  if (is_float_like(a) && is_float_like(b)) {
    double x = float_value(a), y = float_value(b);
    if (std::isnan(x) || std::isnan(y)) return share(Value::from_bool(op == CompareOp::Ne));
    return ordered(op, x < y, x == y);
  }
  bool swapped = is_int_like(a);
  Value number = swapped ? b : a, integer = swapped ? a : b;
  if (!is_float_like(number) || !is_int_like(integer)) return share(NotImplemented);
  int order = int_compare_double(integer, float_value(number));
  if (order == 2) return share(Value::from_bool(op == CompareOp::Ne));
  if (!swapped) order = -order;
  return ordered(op, order < 0, order == 0);
}

// An operand as a double: 1, 0 when it is no real number, -1 raised.
int operand(Thread& thread, Value value, double& out) {
  if (is_float_like(value)) {
    out = float_value(value);
    return 1;
  }
  if (!is_int_like(value)) return 0;
  return int_as_double(thread, value, out) ? 1 : -1;
}
// The operands of an operator; empty `refusal` when they are fine.
bool operands(Thread& thread, Value a, Value b, double& x, double& y, Ref& refusal) {
  int left = operand(thread, a, x), right = left > 0 ? operand(thread, b, y) : left;
  if (right > 0) return true;
  refusal = right == 0 ? share(NotImplemented) : Ref();
  return false;
}

template <BinaryOp op> Ref float_operator(Thread& thread, Value a, Value b) {
  double x, y;
  Ref refusal;
  if (!operands(thread, a, b, x, y, refusal)) return refusal;
  return float_binary(thread, op, x, y);
}
Ref float_power3(Thread& thread, Value a, Value b, Value modulus) {
  if (!modulus.is_none())
    return raise_type_error(thread, "pow() 3rd argument not allowed unless all arguments are integers");
  return float_operator<BinaryOp::Pow>(thread, a, b);
}
Ref float_negative(Thread&, Value self) { return result(-float_value(self)); }
Ref float_plain(Thread&, Value self) { return result(float_value(self)); }
Ref float_absolute(Thread&, Value self) { return result(std::fabs(float_value(self))); }
Ref float_to_int(Thread& thread, Value self) { return int_from_double(thread, float_value(self)); }

// --- methods ---

Ref divmod_of(Thread& thread, Value a, Value b) {
  double x, y, quotient, remainder;
  Ref refusal;
  if (!operands(thread, a, b, x, y, refusal)) return refusal;
  if (y == 0) return raise(thread, ZeroDivisionError_type, "division by zero");
  float_divmod(x, y, quotient, remainder);
  return make_tuple({Value::from_double(quotient), Value::from_double(remainder)});
}
Ref float_dunder_divmod(Thread& thread, const Value* args) { return divmod_of(thread, args[0], args[1]); }
Ref float_dunder_rdivmod(Thread& thread, const Value* args) { return divmod_of(thread, args[1], args[0]); }

Ref float_trunc(Thread& thread, const Value* args) { return int_from_double(thread, float_value(args[0])); }
Ref float_floor(Thread& thread, const Value* args) {
  return int_from_double(thread, std::floor(float_value(args[0])));
}
Ref float_ceil(Thread& thread, const Value* args) {
  return int_from_double(thread, std::ceil(float_value(args[0])));
}

Ref float_round(Thread& thread, const Value* args) {
  double number = float_value(args[0]);
  if (!args[1] || args[1].is_none()) return int_from_double(thread, std::nearbyint(number)); // half to even
  int64_t digits;
  if (!to_index(thread, args[1], digits)) return {};
  double rounded = round_decimal(number, digits);
  if (std::isinf(rounded) && std::isfinite(number))
    return raise(thread, OverflowError_type, "rounded value too large to represent");
  return result(rounded);
}

Ref float_is_integer(Thread&, const Value* args) {
  double number = float_value(args[0]);
  return share(Value::from_bool(std::isfinite(number) && number == std::floor(number)));
}

Ref float_as_integer_ratio(Thread& thread, const Value* args) {
  double number = float_value(args[0]);
  if (std::isnan(number)) return raise_value_error(thread, "cannot convert NaN to integer ratio");
  if (std::isinf(number))
    return raise(thread, OverflowError_type, "cannot convert Infinity to integer ratio");
  int exponent;
  double mantissa = std::frexp(number, &exponent);
  // The smallest power of two that makes it whole.
  while (mantissa != std::floor(mantissa)) {
    mantissa *= 2;
    --exponent;
  }
  Ref numerator = make_int(int64_t(mantissa)), denominator = make_int(1);
  Ref& scaled = exponent > 0 ? numerator : denominator;
  if (number != 0) scaled = int_binary(thread, BinaryOp::LShift, scaled, Value::from_int(std::abs(exponent)));
  return make_tuple({numerator, denominator});
}

Ref float_hex(Thread&, const Value* args) {
  double number = float_value(args[0]);
  if (!std::isfinite(number)) return make_str(float_repr(number));
  if (number == 0) return make_str(std::signbit(number) ? "-0x0.0p+0" : "0x0.0p+0");
  // Subnormals keep the lowest exponent, and begin with 0.
  int exponent;
  double mantissa = std::frexp(std::fabs(number), &exponent);
  int shift = 1 - std::max(-1021 - exponent, 0);
  mantissa = std::ldexp(mantissa, shift);
  exponent -= shift;
  auto whole = uint64_t(mantissa);
  auto fraction = uint64_t(std::ldexp(mantissa - double(whole), 52));
  return make_str(fmt::format("{}0x{}.{:013x}p{}{}", number < 0 ? "-" : "", whole, fraction,
                              exponent < 0 ? '-' : '+', std::abs(exponent)));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = char(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// [sign] ["0x"] digits ["." digits] ["p" exponent], or a special word. False: malformed; infinity: too large.
bool read_hex(std::string_view text, double& out) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.size() > 1 && text[0] == '0' && (text[1] | 0x20) == 'x') text.remove_prefix(2);
  uint64_t mantissa = 0;
  bool sticky = false, any = false, after_point = false;
  int64_t exponent = 0;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !after_point) {
      after_point = true;
      continue;
    }
    int digit = hex_digit(text[i]);
    if (digit < 0) break;
    any = true;
    if (mantissa >> 60) { // full: only whether anything follows matters
      sticky |= digit != 0;
      exponent += after_point ? 0 : 4;
    } else {
      mantissa = mantissa * 16 + uint64_t(digit);
      exponent -= after_point ? 4 : 0;
    }
  }
  if (!any) return false;
  if (i < text.size()) {
    if ((text[i] | 0x20) != 'p') return false;
    std::string rest(text.substr(i + 1));
    char* end;
    if (rest.empty() || std::isspace(static_cast<unsigned char>(rest[0]))) return false;
    long power = std::strtol(rest.c_str(), &end, 10);
    if (*end) return false;
    exponent += power;
  }
  out = round_to_double(mantissa, sticky, std::max<int64_t>(std::min<int64_t>(exponent, 100000), -100000));
  if (negative) out = -out;
  return true;
}

Ref class_instance(Thread& thread, Value cls, double number) {
  if (cls == Value(&float_type)) return result(number);
  return call(thread, cls, {Value::from_double(number)});
}

Ref float_fromhex(Thread& thread, const Value* args) {
  if (!is_str(args[1])) return raise_type_error(thread, "bad argument type for built-in operation");
  std::string_view text = cast<Str>(args[1])->view();
  double number;
  if (!read_hex(text, number)) {
    bool digits = text.find_first_of("0123456789") != std::string_view::npos;
    if (digits || !float_from_text(text, number))
      return raise_value_error(thread, "invalid hexadecimal floating-point string");
  } else if (std::isinf(number)) {
    return raise(thread, OverflowError_type, "hexadecimal value too large to represent as a float");
  }
  return class_instance(thread, args[0], number);
}

Ref float_from_number(Thread& thread, const Value* args) {
  double number;
  if (!to_double(thread, args[1], number)) return {};
  return class_instance(thread, args[0], number);
}

Ref float_getformat(Thread& thread, const Value* args) {
  std::string_view kind = is_str(args[1]) ? cast<Str>(args[1])->view() : std::string_view();
  if (kind != "double" && kind != "float")
    return raise_value_error(thread, "__getformat__() argument 1 must be 'double' or 'float'");
  return make_str("IEEE, little-endian");
}

Ref float_plain_method(Thread&, const Value* args) { return result(float_value(args[0])); }
Ref float_getnewargs(Thread&, const Value* args) {
  return make_tuple({Value::from_double(float_value(args[0]))});
}

constexpr NativeDef float_methods[] = {
    {"as_integer_ratio", "self, /", float_as_integer_ratio,
     "Return a pair of integers, whose ratio is exactly equal to the original float."},
    {"conjugate", "self, /", float_plain_method, "Return self, the complex conjugate of any float."},
    {"fromhex", "cls, string, /", float_fromhex, "Create a floating-point number from a hexadecimal string.",
     NativeKind::ClassMethod},
    {"from_number", "cls, number, /", float_from_number, "Convert real number to a floating-point number.",
     NativeKind::ClassMethod},
    {"hex", "self, /", float_hex, "Return a hexadecimal representation of a floating-point number."},
    {"is_integer", "self, /", float_is_integer, "Return True if the float is an integer."},
    {"__divmod__", "self, value, /", float_dunder_divmod, "Return divmod(self, value)."},
    {"__rdivmod__", "self, value, /", float_dunder_rdivmod, "Return divmod(value, self)."},
    {"__trunc__", "self, /", float_trunc, "Return the Integral closest to x between 0 and x."},
    {"__floor__", "self, /", float_floor, "Return the floor as an Integral."},
    {"__ceil__", "self, /", float_ceil, "Return the ceiling as an Integral."},
    {"__round__", "self, ndigits=None, /", float_round,
     "Return the Integral closest to x, rounding half toward even."},
    {"__format__", "self, format_spec, /", float_format_method,
     "Formats the float according to format_spec."},
    {"__getformat__", "cls, typestr, /", float_getformat, "You probably don't want to use this function.",
     NativeKind::ClassMethod},
    {"__getnewargs__", "self, /", float_getnewargs},
    {nullptr}};

Ref float_zero(Thread&, Value) { return result(0); }
constexpr GetSetDef float_getset[] = {{"real", float_plain, nullptr, "the real part of a complex number"},
                                      {"imag", float_zero, nullptr, "the imaginary part of a complex number"},
                                      {nullptr}};

constexpr TypeSpec float_spec = {.name = "float",
                                 .instance_size = sizeof(FloatObject),
                                 .flags = TypeIsFloat,
                                 .methods = float_methods,
                                 .getset = float_getset,
                                 .doc =
                                     "Convert a string or number to a floating-point number, if possible."};

} // namespace

void init_float_type() {
  Slots& slots = float_type.slots;
  slots.dealloc = free_object;
  slots.construct = float_construct;
  slots.repr = float_repr_slot;
  slots.hash = float_hash_slot;
  slots.compare = float_compare;
  slots.truthy = float_truthy;
  slots.binary[int(BinaryOp::Add)] = float_operator<BinaryOp::Add>;
  slots.binary[int(BinaryOp::Sub)] = float_operator<BinaryOp::Sub>;
  slots.binary[int(BinaryOp::Mul)] = float_operator<BinaryOp::Mul>;
  slots.binary[int(BinaryOp::TrueDiv)] = float_operator<BinaryOp::TrueDiv>;
  slots.binary[int(BinaryOp::FloorDiv)] = float_operator<BinaryOp::FloorDiv>;
  slots.binary[int(BinaryOp::Mod)] = float_operator<BinaryOp::Mod>;
  slots.binary[int(BinaryOp::Pow)] = float_operator<BinaryOp::Pow>;
  slots.power3 = float_power3;
  slots.negative = float_negative;
  slots.positive = float_plain;
  slots.absolute = float_absolute;
  slots.to_int = float_to_int;
  slots.to_float = float_plain;
  make_ready(float_type, float_spec);
}

} // namespace aspy
