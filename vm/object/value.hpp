// Value: every script value in one 8-byte word.
//
//   0x0000_0000_0000_0000   empty: "no value". An unbound register, or an error that is pending
//   0x0000_pppp_pppp_pppp   pointer to an Object (48 bits, never null)
//   0x0001_0000_0000_000x   None (1), False (2), True (3)
//   0x0002.. to 0xFFF2..    a double: its IEEE bits + 2^49; NaN is kept in one canonical form
//   0xFFFF_iiii_iiii_iiii   a 48-bit signed integer
//
// An int that leaves 48 bits becomes a BigInt object; one that comes back is demoted, so that equal
// ints always have the same representation. A Value is *borrowed*: copying it counts nothing. Ref
// (vm/object/object.hpp) owns.
#pragma once

#include <bit>
#include <cstdint>

namespace aspy {

struct Object;

struct Value {
  uint64_t bits = 0;

  static constexpr uint64_t special_tag = uint64_t{1} << 48;
  static constexpr uint64_t double_offset = uint64_t{2} << 48;
  static constexpr uint64_t int_tag = uint64_t{0xFFFF} << 48;
  static constexpr uint64_t canonical_nan = 0x7FF8'0000'0000'0000;
  static constexpr int64_t int_min = -(int64_t{1} << 47);
  static constexpr int64_t int_max = (int64_t{1} << 47) - 1;

  constexpr Value() = default;
  constexpr explicit Value(uint64_t raw) : bits(raw) {}
  // The object must not be null; use Value() for "none".
  Value(const Object* object) : bits(reinterpret_cast<uint64_t>(object)) {} // NOLINT: a borrow, on purpose

  // `number` must fit 48 bits (fits_int); make_int in vm/object/number/int.hpp takes any.
  static constexpr Value from_int(int64_t number) {
    return Value(int_tag | (static_cast<uint64_t>(number) & 0x0000'FFFF'FFFF'FFFF));
  }
  static constexpr Value from_double(double number) {
    uint64_t raw = number == number ? std::bit_cast<uint64_t>(number) : canonical_nan;
    return Value(raw + double_offset);
  }
  static constexpr Value from_bool(bool truth) { return Value(special_tag | 2 | uint64_t{truth}); }

  static constexpr bool fits_int(int64_t number) {
    return static_cast<uint64_t>(number) + (uint64_t{1} << 47) < (uint64_t{1} << 48);
  }

  constexpr bool is_empty() const { return bits == 0; }
  constexpr explicit operator bool() const { return bits != 0; } // "there is a value", not truthiness
  constexpr bool is_object() const { return bits - 1 < special_tag; } // no value is special_tag itself
  constexpr bool is_int() const { return bits >= int_tag; }
  constexpr bool is_double() const { return bits - double_offset < int_tag - double_offset; }
  constexpr bool is_none() const { return bits == (special_tag | 1); }
  constexpr bool is_false() const { return bits == (special_tag | 2); }
  constexpr bool is_true() const { return bits == (special_tag | 3); }
  constexpr bool is_bool() const { return (bits | 1) == (special_tag | 3); }

  // Each needs the matching is_...().
  constexpr int64_t as_int() const { return static_cast<int64_t>(bits << 16) >> 16; }
  // The int in the upper 48 bits: order and overflow are those of 64-bit arithmetic.
  constexpr int64_t high_int() const { return static_cast<int64_t>(bits << 16); }
  static constexpr Value from_high_int(int64_t high) {
    return Value(int_tag | static_cast<uint64_t>(high) >> 16);
  }
  constexpr double as_double() const { return std::bit_cast<double>(bits - double_offset); }
  constexpr bool as_bool() const { return (bits & 1) != 0; }
  Object* as_object() const { return reinterpret_cast<Object*>(bits); }

  // Identity: the script's `is`.
  friend constexpr bool operator==(Value a, Value b) { return a.bits == b.bits; }
};

constexpr bool both_int(Value a, Value b) { return (a.bits & b.bits) >= Value::int_tag; }

inline constexpr Value None{Value::special_tag | 1};
inline constexpr Value False{Value::special_tag | 2};
inline constexpr Value True{Value::special_tag | 3};

} // namespace aspy
