// int: 48 bits unboxed in a Value, arbitrary precision (libtommath) beyond. Every int has exactly one
// representation: a BigInt never holds a number that fits 48 bits.
#pragma once

#include "vm/object/type/type.hpp"

#include <string>
#include <string_view>
#include <tommath.h>

namespace aspy {

struct BigInt : Object {
  mp_int number; // its digits follow the struct: one block in all. Never written to.
};
// An instance of a script subclass of int: the number it stands for.
struct IntSubclass : Object {
  Value number; // int, unboxed or BigInt; owned
};

// True for every int, bool and instance of a subclass.
inline bool is_int_like(Value value) {
  return value.is_int() || value.is_bool() ||
         (value.is_object() && (value.as_object()->type->flags & TypeIsInt));
}
// The plain int behind an int-like value (bool -> 0/1, subclass -> its number); borrowed.
Value int_value(Value int_like);

// Unboxed where it fits, else a BigInt.
Ref make_int(int64_t number);
Ref make_int_unsigned(uint64_t number);
// Parses digits (underscores allowed, no sign) of a base from 2 to 36 with the limit on decimal digits off;
// for literals of the compiler. The text must be well-formed.
Ref int_from_literal(std::string_view digits, int base);
Ref int_from_double(Thread& thread, double number); // truncates; OverflowError / ValueError for inf and nan
// The value as a 64-bit number; false without an exception if it does not fit.
bool int_as_int64(Value int_like, int64_t& out);
bool int_as_double(Thread& thread, Value int_like,
                   double& out);   // OverflowError "int too large to convert to float"
int int_sign(Value int_like);      // -1, 0, 1
int64_t int_hash(Value int_like);  // modulo 2^61 - 1
int int_compare(Value a, Value b); // -1, 0, 1
// Text in base 2..36, without prefix. ValueError past sys.set_int_max_str_digits for non-binary bases.
bool int_to_string(Thread& thread, Value int_like, int base, std::string& out);
// Reads an int as int(text, base) does: spaces around, a sign, underscores, a prefix; base 0 goes by the
// prefix. Unicode digits count. ValueError "invalid literal for int() with base 10: 'x'".
Ref int_from_text(Thread& thread, std::string_view utf8, int base);
// sys.set_int_max_str_digits: 0 is no limit.
uint32_t int_max_str_digits();
void int_set_max_str_digits(uint32_t limit);
// Bits in the absolute value.
size_t int_bit_length(Value int_like);
// Quotient and remainder, rounded down. False: raised.
bool int_divmod(Thread& thread, Value a, Value b, Ref& quotient, Ref& remainder);
// pow(base, exponent, modulus); ValueError for a modulus of 0 or a base without an inverse.
Ref int_power_mod(Thread& thread, Value base, Value exponent, Value modulus);
Ref int_negative(Value int_like);
// An int and a double compared exactly: -1, 0, 1; 2 when the double is NaN.
int int_compare_double(Value int_like, double number);
// Exact arithmetic on int-likes; ZeroDivisionError, MemoryError, OverflowError as CPython.
Ref int_binary(Thread& thread, BinaryOp op, Value a, Value b);

} // namespace aspy
