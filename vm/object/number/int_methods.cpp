// The types int and bool: construction, operators as slots, methods.
#include "vm/memory/block_pool.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/suggestions.hpp"
#include "vm/object/error/warnings.hpp"
#include "vm/object/init.hpp"
#include "vm/object/number/bigint.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/format/format.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/text/str_internal.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <iterator>
#include <vector>

namespace aspy {

Type int_type, bool_type;

namespace {

// --- construction ---

// What __int__ or __index__ gave, as a plain int.
Ref checked_int(Thread& thread, Ref made, std::string_view method) {
  if (!made) return {};
  if (!is_int_like(made))
    return raise_type_error(thread, fmt::format("{} returned non-int (type {})", method, type_name(made)));
  if (!made.get().is_int() && !is_exact(made, int_type)) {
    if (!made.get().is_bool() &&
        !warn(thread, DeprecationWarning_type,
              fmt::format(
                  "{} returned non-int (type {}).  The ability to return an instance of a strict subclass of "
                  "int is deprecated, and may not be supported in a future version of Python.",
                  method, type_name(made))))
      return {};
    return share(int_value(made));
  }
  return made;
}

Ref int_from_bytes_text(Thread& thread, std::string_view text, int base) {
  Ref number;
  if (is_ascii_text(text)) number = int_from_text(thread, text, base);
  else raise_value_error(thread, ""); // said below
  if (number || !is_exact(thread.error, ValueError_type)) return number;
  // The message shows what was given: b'x'.
  clear_error(thread);
  Own<Bytes> bytes = make_bytes(text);
  Ref shown = repr(thread, bytes.value());
  if (!shown) return {};
  return raise_value_error(
      thread, fmt::format("invalid literal for int() with base {}: {}", base, cast<Str>(shown)->view()));
}

// int(x) with one argument.
Ref int_of(Thread& thread, Value x) {
  if (x.is_int()) return share(x);
  const Slots& slots = type_of(x)->slots;
  if (is_exact(x, int_type)) return share(x);
  if (slots.to_int) return checked_int(thread, slots.to_int(thread, x), "__int__");
  if (slots.index) return checked_int(thread, slots.index(thread, x), "__index__");
  if (is_str(x)) return int_from_text(thread, cast<Str>(x)->view(), 10);
  std::string_view bytes;
  if (as_bytes_like(x, bytes)) return int_from_bytes_text(thread, bytes, 10);
  return raise_type_error(
      thread, fmt::format("int() argument must be a string, a bytes-like object or a real number, not '{}'",
                          type_name(x)));
}

Ref int_with_base(Thread& thread, Value x, Value base_value) {
  int64_t base;
  if (!to_index(thread, base_value, base)) return {};
  if (base != 0 && (base < 2 || base > 36))
    return raise_value_error(thread, "int() base must be >= 2 and <= 36, or 0");
  if (is_str(x)) return int_from_text(thread, cast<Str>(x)->view(), int(base));
  std::string_view bytes;
  if (as_bytes_like(x, bytes)) return int_from_bytes_text(thread, bytes, int(base));
  return raise_type_error(thread, "int() can't convert non-string with explicit base");
}

// A plain int as an instance of `type`, int itself or a subclass.
Ref as_instance(Type* type, Ref number) {
  if (!number || type == &int_type) return number;
  if (type == &bool_type) return share(Value::from_bool(int_sign(number) != 0));
  auto* instance = static_cast<IntSubclass*>(allocate_instance(type));
  instance->number = number.release();
  return Ref::steal(instance);
}

Ref int_construct(Thread& thread, Type* type, CallArgs args) {
  Value base;
  if (args.kwnames) {
    for (size_t i = 0; i < args.kwnames->size; ++i) {
      auto* name = cast<Str>((*args.kwnames)[i]);
      if (name->view() != "base") {
        std::string hint = did_you_mean(name->view(), {"base"});
        return raise_type_error(
            thread, fmt::format("int() got an unexpected keyword argument '{}'{}", name->view(), hint));
      }
      base = args[uint32_t(args.count + i)];
    }
  }
  if (!check_count(thread, "int", {args.args, args.count, nullptr}, 0, 2)) return {};
  if (args.count == 2) base = args[1];
  if (args.count == 0) {
    if (base) return raise_type_error(thread, "int() missing string argument");
    return as_instance(type, make_int(0));
  }
  return as_instance(type, base ? int_with_base(thread, args[0], base) : int_of(thread, args[0]));
}

void int_dealloc(Object* object) {
  if (object->type == &int_type) [[likely]]
    return pool_free(object, big_bytes(static_cast<BigInt*>(object)->number.alloc));
  clear_field(static_cast<IntSubclass*>(object)->number);
  free_object(object);
}

// --- text, identity, order ---

// Texts of the first whole numbers, made at first use.
Str* small_texts[1000];

Ref int_repr(Thread& thread, Value self) {
  if (self.is_int()) {
    int64_t number = self.as_int();
    Str** shared = uint64_t(number) < std::size(small_texts) ? &small_texts[number] : nullptr;
    if (shared && *shared) return Own<Str>::share(*shared);
    char text[24];
    auto end = std::to_chars(text, text + sizeof text, number).ptr;
    Own<Str> made = make_ascii_str({text, size_t(end - text)});
    if (shared) *shared = Own<Str>(made).release();
    return made;
  }
  std::string text;
  if (!int_to_string(thread, self, 10, text)) return {};
  return make_str(text);
}
bool int_hash_slot(Thread&, Value self, int64_t& out) {
  out = int_hash(self);
  return true;
}
Ref int_compare_slot(Thread&, Value a, Value b, CompareOp op) {
  if (!is_int_like(a) || !is_int_like(b)) return share(NotImplemented);
  return share(Value::from_bool(holds(op, int_compare(a, b))));
}
int int_truthy(Thread&, Value self) { return int_sign(self) != 0; }

// --- operators ---

template <BinaryOp op> Ref int_operator(Thread& thread, Value a, Value b) {
  if (!is_int_like(a) || !is_int_like(b)) return share(NotImplemented);
  return int_binary(thread, op, a, b);
}
Ref int_power3(Thread& thread, Value a, Value b, Value modulus) {
  if (!is_int_like(a) || !is_int_like(b)) return share(NotImplemented);
  if (modulus.is_none()) return int_binary(thread, BinaryOp::Pow, a, b);
  if (!is_int_like(modulus)) return share(NotImplemented);
  return int_power_mod(thread, a, b, modulus);
}
Ref int_negative_slot(Thread&, Value self) { return int_negative(self); }
Ref int_plain(Thread&, Value self) { return share(int_value(self)); }
Ref int_absolute(Thread&, Value self) {
  return int_sign(self) < 0 ? int_negative(self) : share(int_value(self));
}
// ~x is -x - 1.
Ref int_invert(Thread& thread, Value self) {
  return int_binary(thread, BinaryOp::Sub, Value::from_int(-1), int_value(self));
}
Ref int_to_float(Thread& thread, Value self) {
  double number;
  if (!int_as_double(thread, self, number)) return {};
  return Ref::steal(Value::from_double(number));
}

// --- methods ---

Ref int_divmod_method(Thread& thread, Value a, Value b) {
  if (!is_int_like(a) || !is_int_like(b)) return share(NotImplemented);
  Ref quotient, remainder;
  if (!int_divmod(thread, a, b, quotient, remainder)) return {};
  return make_tuple({quotient, remainder});
}
Ref int_dunder_divmod(Thread& thread, const Value* args) {
  return int_divmod_method(thread, args[0], args[1]);
}
Ref int_dunder_rdivmod(Thread& thread, const Value* args) {
  return int_divmod_method(thread, args[1], args[0]);
}

Ref int_plain_method(Thread&, const Value* args) { return share(int_value(args[0])); }

Ref int_round(Thread& thread, const Value* args) {
  Ref number = share(int_value(args[0]));
  if (!args[1] || args[1].is_none()) return number;
  Ref digits = to_index_object(thread, args[1]);
  if (!digits) return {};
  if (int_sign(digits) >= 0) return number;
  // To the nearest multiple of 10^-digits, the even one when two are as near.
  Ref places = int_negative(digits);
  int64_t count;
  if (!int_as_int64(places, count) || size_t(count) > int_bit_length(number) / 3 + 2) return make_int(0);
  Ref unit = int_binary(thread, BinaryOp::Pow, Value::from_int(10), places);
  Ref quotient, rest;
  if (!unit || !int_divmod(thread, number, unit, quotient, rest)) return {};
  Ref twice = int_binary(thread, BinaryOp::Mul, rest, Value::from_int(2));
  if (!twice) return {};
  int order = int_compare(twice, unit);
  BigView view(quotient);
  if (order > 0 || (order == 0 && mp_isodd(view.get())))
    quotient = int_binary(thread, BinaryOp::Add, quotient, Value::from_int(1));
  return int_binary(thread, BinaryOp::Mul, quotient, unit);
}

Ref int_bit_length_method(Thread&, const Value* args) { return make_int(int64_t(int_bit_length(args[0]))); }
Ref int_bit_count(Thread&, const Value* args) {
  BigView view(args[0]);
  int64_t count = 0;
  for (int i = 0; i < view.get()->used; ++i) count += std::popcount(view.get()->dp[i]);
  return make_int(count);
}
Ref int_as_integer_ratio(Thread&, const Value* args) {
  return make_tuple({int_value(args[0]), Value::from_int(1)});
}
Ref int_is_integer(Thread&, const Value*) { return share(True); }
Ref int_getnewargs(Thread&, const Value* args) { return make_tuple({int_value(args[0])}); }

// 1 little, 0 big, -1 raised.
int read_byte_order(Thread& thread, Value order, const char* method) {
  if (!order) return 0;
  std::string_view text = is_str(order) ? cast<Str>(order)->view() : std::string_view();
  if (text == "little") return 1;
  if (text == "big") return 0;
  if (!is_str(order))
    raise_type_error(
        thread, fmt::format("{}() argument 'byteorder' must be str, not {}", method, argument_type(order)));
  else raise_value_error(thread, "byteorder must be either 'little' or 'big'");
  return -1;
}

Ref int_to_bytes(Thread& thread, const Value* args) {
  int64_t length = 1;
  if (args[1] && !to_size(thread, args[1], length)) return {};
  int little = read_byte_order(thread, args[2], "to_bytes");
  int is_signed = args[3] ? truthy(thread, args[3]) : 0;
  if (little < 0 || is_signed < 0) return {};
  if (length < 0) return raise_value_error(thread, "length argument must be non-negative");
  bool negative = int_sign(args[0]) < 0;
  if (negative && !is_signed)
    return raise(thread, OverflowError_type, "can't convert negative int to unsigned");
  BigView view(args[0]);
  // A signed number needs a bit for the sign; the most negative one of a length does not.
  size_t bits = big_bits(view.get());
  bool power_of_two = negative && bits > 0 && size_t(mp_cnt_lsb(view.get())) == bits - 1;
  size_t needed = is_signed ? (power_of_two ? bits : bits + 1) : bits;
  if (needed > size_t(length) * 8 && !(is_signed && bits == 0))
    return raise(thread, OverflowError_type, "int too big to convert");
  if (!may_allocate(thread, size_t(length))) return {};
  std::string bytes(size_t(length), '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    size_t at = i * 8, index = at / 60, shift = at % 60;
    if (at >= bits) break;
    mp_digit byte = view.get()->dp[index] >> shift;
    if (shift > 52 && int(index) + 1 < view.get()->used) byte |= view.get()->dp[index + 1] << (60 - shift);
    bytes[i] = char(byte & 0xFF);
  }
  if (negative) { // two's complement
    unsigned carry = 1;
    for (char& c : bytes) {
      unsigned sum = unsigned(static_cast<unsigned char>(~c)) + carry;
      c = char(sum & 0xFF);
      carry = sum >> 8;
    }
  }
  if (!little) std::reverse(bytes.begin(), bytes.end());
  return make_bytes(bytes);
}

// The bytes of anything bytes() takes, except counts and texts.
bool read_bytes(Thread& thread, Value value, std::string& out) {
  std::string_view view;
  if (as_bytes_like(value, view)) {
    out = view;
    return true;
  }
  if (is_str(value) || (!type_of(value)->slots.iter && !type_of(value)->slots.get_item))
    return raise_type_error(thread, fmt::format("cannot convert '{}' object to bytes", type_name(value)));
  Ref made = call(thread, &bytes_type, {value});
  if (!made || !as_bytes_like(made, view)) return false;
  out = view;
  return true;
}

Ref int_from_bytes(Thread& thread, const Value* args) {
  std::string bytes;
  int little = read_byte_order(thread, args[2], "from_bytes");
  int is_signed = args[3] ? truthy(thread, args[3]) : 0;
  if (little < 0 || is_signed < 0 || !read_bytes(thread, args[1], bytes)) return {};
  if (little) std::reverse(bytes.begin(), bytes.end());
  bool negative = is_signed && !bytes.empty() && (bytes[0] & 0x80);
  if (bytes.size() <= 8 && args[0] == Value(&int_type)) {
    uint64_t number = negative ? ~uint64_t{0} : 0;
    for (char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
    return is_signed ? make_int(int64_t(number)) : make_int_unsigned(number);
  }
  Big number;
  auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  mp_err status = big_from_bytes(data, bytes.size(), number.get());
  if (status == MP_OKAY && negative) {
    Big whole;
    status = mp_2expt(whole.get(), int(bytes.size() * 8));
    if (status == MP_OKAY) status = mp_sub(number.get(), whole.get(), number.get());
  }
  Ref result = int_from_big(thread, status, number);
  if (!result || args[0] == Value(&int_type)) return result;
  return call(thread, args[0], {result});
}

constexpr NativeDef int_methods[] = {
    {"as_integer_ratio", "self, /", int_as_integer_ratio,
     "Return a pair of integers, whose ratio is equal to the original int."},
    {"bit_count", "self, /", int_bit_count,
     "Number of ones in the binary representation of the absolute value of self."},
    {"bit_length", "self, /", int_bit_length_method, "Number of bits necessary to represent self in binary."},
    {"conjugate", "self, /", int_plain_method, "Returns self, the complex conjugate of any int."},
    {"from_bytes", "cls, /, bytes, byteorder='big', *, signed=False", int_from_bytes,
     "Return the integer represented by the given array of bytes.", NativeKind::ClassMethod},
    {"to_bytes", "self, /, length=1, byteorder='big', *, signed=False", int_to_bytes,
     "Return an array of bytes representing an integer."},
    {"is_integer", "self, /", int_is_integer, "Returns True."},
    {"__divmod__", "self, value, /", int_dunder_divmod, "Return divmod(self, value)."},
    {"__rdivmod__", "self, value, /", int_dunder_rdivmod, "Return divmod(value, self)."},
    {"__trunc__", "self, /", int_plain_method, "Truncating an Integral returns itself."},
    {"__floor__", "self, /", int_plain_method, "Flooring an Integral returns itself."},
    {"__ceil__", "self, /", int_plain_method, "Ceiling of an Integral returns itself."},
    {"__round__", "self, ndigits=None, /", int_round,
     "Rounding an Integral returns itself.\n\nRounding with an ndigits argument also returns an integer."},
    {"__format__", "self, format_spec, /", int_format_method,
     "Convert to a string according to format_spec."},
    {"__getnewargs__", "self, /", int_getnewargs},
    {nullptr}};

template <int64_t number> Ref int_constant(Thread&, Value) { return make_int(number); }
constexpr GetSetDef int_getset[] = {
    {"real", int_plain, nullptr, "the real part of a complex number"},
    {"imag", int_constant<0>, nullptr, "the imaginary part of a complex number"},
    {"numerator", int_plain, nullptr, "the numerator of a rational number in lowest terms"},
    {"denominator", int_constant<1>, nullptr, "the denominator of a rational number in lowest terms"},
    {nullptr}};

constexpr TypeSpec int_spec = {
    .name = "int",
    .instance_size = sizeof(IntSubclass),
    .flags = TypeIsInt,
    .methods = int_methods,
    .getset = int_getset,
    .doc = "int([x]) -> integer\nint(x, base=10) -> integer\n\n"
           "Convert a number or string to an integer, or return 0 if no arguments\n"
           "are given.  If x is a number, return x.__int__().  For floating-point\n"
           "numbers, this truncates towards zero.\n\n"
           "If x is not a number or if base is given, then x must be a string,\n"
           "bytes, or bytearray instance representing an integer literal in the\n"
           "given base.  The literal can be preceded by '+' or '-' and be surrounded\n"
           "by whitespace.  The base defaults to 10.  Valid bases are 0 and 2-36.\n"
           "Base 0 means to interpret the base from the string as an integer literal.\n"
           ">>> int('0b100', base=0)\n4"};

// --- bool ---

Ref bool_construct(Thread& thread, Type*, CallArgs args) {
  if (!refuse_keywords(thread, "bool", args) || !check_count(thread, "bool", args, 0, 1)) return {};
  int truth = args.count ? truthy(thread, args[0]) : 0;
  return truth < 0 ? Ref() : share(Value::from_bool(truth != 0));
}
Ref bool_repr(Thread&, Value self) { return make_str(self.as_bool() ? "True" : "False"); }

// Two bools give a bool; with an int it is the int's operation.
template <BinaryOp op> Ref bool_operator(Thread& thread, Value a, Value b) {
  if (!a.is_bool() || !b.is_bool()) return int_operator<op>(thread, a, b);
  bool x = a.as_bool(), y = b.as_bool();
  return share(Value::from_bool(op == BinaryOp::And ? x && y : op == BinaryOp::Or ? x || y : x != y));
}
Ref bool_invert(Thread& thread, Value self) {
  if (!warn(
          thread, DeprecationWarning_type,
          "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the "
          "bitwise inversion of the underlying int object and is usually not what you expect from negating a "
          "bool. Use the 'not' operator for boolean negation or ~int(x) if you really want the bitwise "
          "inversion of the underlying int."))
    return {};
  return int_invert(thread, self);
}

constexpr TypeSpec bool_spec = {
    .name = "bool",
    .base = &int_type,
    .flags = TypeIsInt | TypeFinal,
    .doc = "Returns True when the argument is true, False otherwise.\n"
           "The builtins True and False are the only two instances of the class bool.\n"
           "The class bool is a subclass of the class int, and cannot be subclassed."};

} // namespace

void init_float_type();
void init_complex_type();

void init_number_types() {
  Slots& slots = int_type.slots;
  slots.dealloc = int_dealloc;
  slots.construct = int_construct;
  slots.repr = int_repr;
  slots.hash = int_hash_slot;
  slots.compare = int_compare_slot;
  slots.truthy = int_truthy;
  slots.binary[int(BinaryOp::Add)] = int_operator<BinaryOp::Add>;
  slots.binary[int(BinaryOp::Sub)] = int_operator<BinaryOp::Sub>;
  slots.binary[int(BinaryOp::Mul)] = int_operator<BinaryOp::Mul>;
  slots.binary[int(BinaryOp::TrueDiv)] = int_operator<BinaryOp::TrueDiv>;
  slots.binary[int(BinaryOp::FloorDiv)] = int_operator<BinaryOp::FloorDiv>;
  slots.binary[int(BinaryOp::Mod)] = int_operator<BinaryOp::Mod>;
  slots.binary[int(BinaryOp::Pow)] = int_operator<BinaryOp::Pow>;
  slots.binary[int(BinaryOp::LShift)] = int_operator<BinaryOp::LShift>;
  slots.binary[int(BinaryOp::RShift)] = int_operator<BinaryOp::RShift>;
  slots.binary[int(BinaryOp::And)] = int_operator<BinaryOp::And>;
  slots.binary[int(BinaryOp::Or)] = int_operator<BinaryOp::Or>;
  slots.binary[int(BinaryOp::Xor)] = int_operator<BinaryOp::Xor>;
  slots.power3 = int_power3;
  slots.negative = int_negative_slot;
  slots.positive = int_plain;
  slots.absolute = int_absolute;
  slots.invert = int_invert;
  slots.to_int = int_plain;
  slots.to_float = int_to_float;
  slots.index = int_plain;
  make_ready(int_type, int_spec);

  Slots& boolean = bool_type.slots;
  boolean.construct = bool_construct;
  boolean.repr = bool_repr;
  boolean.invert = bool_invert;
  boolean.binary[int(BinaryOp::And)] = bool_operator<BinaryOp::And>;
  boolean.binary[int(BinaryOp::Or)] = bool_operator<BinaryOp::Or>;
  boolean.binary[int(BinaryOp::Xor)] = bool_operator<BinaryOp::Xor>;
  make_ready(bool_type, bool_spec);

  init_float_type();
  init_complex_type();
}

} // namespace aspy
