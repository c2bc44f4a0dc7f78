// int: making values, converting them, hash and order. Arithmetic is in int_arithmetic.cpp, text in
// int_text.cpp, the type with its methods in int_methods.cpp.
#include "vm/object/number/int.hpp"

#include "vm/memory/block_pool.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/bigint.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace aspy {

static_assert(MP_DIGIT_BIT == 60, "conversions below count on 60-bit digits");

namespace {

constexpr uint64_t digit_mask = (uint64_t{1} << 60) - 1;

} // namespace

BigInt* allocate_big(int digits, mp_sign sign) {
  auto* big = new (pool_alloc(big_bytes(digits))) BigInt();
  big->refcount = 1;
  big->gc_word = 0;
  big->type = &int_type;
  big->number.used = big->number.alloc = digits;
  big->number.sign = sign;
  big->number.dp = reinterpret_cast<mp_digit*>(big + 1);
  return big;
}

Ref finish_big(BigInt* big) {
  mp_int& number = big->number;
  while (number.used > 0 && number.dp[number.used - 1] == 0) --number.used;
  Ref owner = Ref::steal(big);
  if (number.used > 1) return owner;
  if (number.used == 0) return Ref::steal(Value::from_int(0));
  auto magnitude = int64_t(number.dp[0]);
  int64_t value = number.sign == MP_NEG ? -magnitude : magnitude;
  return Value::fits_int(value) ? Ref::steal(Value::from_int(value)) : owner;
}

Value int_value(Value value) {
  if (value.is_int()) return value;
  if (value.is_bool()) return Value::from_int(value.as_bool());
  if (value.as_object()->type == &int_type) return value;
  return cast<IntSubclass>(value)->number;
}

Ref make_int_128(__int128 number) {
  if (number >= Value::int_min && number <= Value::int_max)
    return Ref::steal(Value::from_int(int64_t(number)));
  bool negative = number < 0;
  auto magnitude =
      negative ? -static_cast<unsigned __int128>(number) : static_cast<unsigned __int128>(number);
  uint64_t digits[3];
  int used = 0;
  for (; magnitude; magnitude >>= 60) digits[used++] = uint64_t(magnitude) & digit_mask;
  BigInt* big = allocate_big(used, negative ? MP_NEG : MP_ZPOS);
  std::copy_n(digits, used, big->number.dp);
  return Ref::steal(big);
}

Ref make_int(int64_t number) {
  if (Value::fits_int(number)) [[likely]]
    return Ref::steal(Value::from_int(number));
  auto magnitude = number < 0 ? -static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  BigInt* big = allocate_big(magnitude > digit_mask ? 2 : 1, number < 0 ? MP_NEG : MP_ZPOS);
  big->number.dp[0] = magnitude & digit_mask;
  if (magnitude > digit_mask) big->number.dp[1] = magnitude >> 60;
  return Ref::steal(big);
}
Ref make_int_unsigned(uint64_t number) { return make_int_128(number); }

// --- to and from libtommath ---

BigView::BigView(Value value) : pointer_(&small_) {
  value = int_value(value);
  if (value.is_object()) {
    pointer_ = &cast<BigInt>(value)->number;
    return;
  }
  int64_t number = value.as_int();
  digits_[0] = uint64_t(number < 0 ? -number : number);
  small_ = {number != 0, 1, number < 0 ? MP_NEG : MP_ZPOS, digits_};
}

Ref int_from_big(const mp_int& number) {
  // Below 2^60 it may fit a Value.
  if (number.used == 0) return Ref::steal(Value::from_int(0));
  if (number.used == 1) {
    auto magnitude = int64_t(number.dp[0]);
    return make_int(number.sign == MP_NEG ? -magnitude : magnitude);
  }
  BigInt* big = allocate_big(number.used, number.sign);
  std::copy_n(number.dp, number.used, big->number.dp);
  return Ref::steal(big);
}

Ref int_from_big(Thread& thread, mp_err status, const Big& big) {
  if (status != MP_OKAY || !big.ok) return raise_with_args(thread, MemoryError_type, {});
  if (size_t(big.number.used) > 1 << 20 && !may_allocate(thread, size_t(big.number.used) * 8)) return {};
  return int_from_big(big.number);
}

size_t big_bits(const mp_int* number) {
  if (number->used == 0) return 0;
  return size_t(number->used - 1) * 60 + size_t(std::bit_width(number->dp[number->used - 1]));
}

uint64_t big_top(const mp_int* number, int64_t& exponent, bool& sticky) {
  auto bits = int64_t(big_bits(number));
  exponent = bits - 64;
  sticky = false;
  uint64_t top = 0;
  // Digit i stands for 2^(60 i); move each into place relative to the window that begins at `exponent`.
  for (int i = number->used - 1; i >= 0; --i) {
    int64_t shift = int64_t(i) * 60 - exponent;
    uint64_t digit = number->dp[i];
    if (shift >= 0) {
      top |= digit << shift;
    } else if (shift > -64) {
      top |= digit >> -shift;
      sticky |= (digit & ((uint64_t{1} << -shift) - 1)) != 0;
    } else {
      sticky |= digit != 0;
    }
  }
  return top;
}

// --- conversions ---

bool int_as_int64(Value int_like, int64_t& out) {
  Value value = int_value(int_like);
  if (value.is_int()) {
    out = value.as_int();
    return true;
  }
  const mp_int& number = cast<BigInt>(value)->number;
  if (number.used > 2 || (number.used == 2 && number.dp[1] >= 16)) return false; // 60 + 4 bits
  uint64_t magnitude = number.dp[0] | (number.used == 2 ? number.dp[1] << 60 : 0);
  bool negative = number.sign == MP_NEG;
  if (magnitude > uint64_t(INT64_MAX) + negative) return false;
  out = negative ? int64_t(-magnitude) : int64_t(magnitude);
  return true;
}

double round_to_double(uint64_t mantissa, bool sticky, int64_t exponent) {
  if (mantissa == 0) return 0;
  int spare = std::countl_zero(mantissa);
  mantissa <<= spare;
  exponent -= spare;
  // value = mantissa * 2^exponent with bit 63 set. A double keeps 53 bits, fewer below its normal range.
  int64_t top = exponent + 63;
  if (top > 1023) return INFINITY;
  int64_t keep = top >= -1022 ? 53 : 53 - (-1022 - top);
  if (keep < 0) return 0;
  int64_t drop = 64 - keep;
  uint64_t kept = keep == 0 ? 0 : mantissa >> drop;
  uint64_t rest = drop == 64 ? mantissa : mantissa & ((uint64_t{1} << drop) - 1);
  uint64_t half = uint64_t{1} << (drop - 1);
  if (rest > half || (rest == half && (sticky || (kept & 1)))) ++kept;
  return std::ldexp(double(kept), int(exponent + drop));
}

bool int_as_double(Thread& thread, Value int_like, double& out) {
  Value value = int_value(int_like);
  if (value.is_int()) {
    out = double(value.as_int());
    return true;
  }
  const mp_int& number = cast<BigInt>(value)->number;
  int64_t exponent;
  bool sticky;
  uint64_t top = big_top(&number, exponent, sticky);
  out = round_to_double(top, sticky, exponent);
  if (std::isinf(out)) return raise(thread, OverflowError_type, "int too large to convert to float");
  if (number.sign == MP_NEG) out = -out;
  return true;
}

Ref int_from_double(Thread& thread, double number) {
  if (std::isnan(number)) return raise_value_error(thread, "cannot convert float NaN to integer");
  if (std::isinf(number))
    return raise(thread, OverflowError_type, "cannot convert float infinity to integer");
  if (std::fabs(number) < 9e18) return make_int(int64_t(number));
  // The mantissa is a whole number already.
  int exponent;
  auto mantissa = int64_t(std::ldexp(std::frexp(number, &exponent), 53));
  Ref value = make_int(mantissa);
  BigView view(value);
  Big shifted;
  return int_from_big(thread, mp_mul_2d(view.get(), exponent - 53, shifted.get()), shifted);
}

int int_sign(Value int_like) {
  Value value = int_value(int_like);
  if (value.is_int()) return (value.as_int() > 0) - (value.as_int() < 0);
  return cast<BigInt>(value)->number.sign == MP_NEG ? -1 : 1;
}

size_t int_bit_length(Value int_like) { return big_bits(BigView(int_like).get()); }

// --- hash and order ---

int64_t int_hash(Value int_like) {
  constexpr uint64_t modulus = (uint64_t{1} << 61) - 1;
  Value value = int_value(int_like);
  int64_t hash;
  if (value.is_int()) {
    hash = value.as_int();
  } else {
    const mp_int& number = cast<BigInt>(value)->number;
    uint64_t rest = 0;
    for (int i = number.used - 1; i >= 0; --i) {
      // Times 2^60 modulo 2^61 - 1 is a rotation of 61 bits.
      rest = ((rest << 60) & modulus) | (rest >> 1);
      rest += number.dp[i];
      if (rest >= modulus) rest -= modulus;
    }
    hash = number.sign == MP_NEG ? -int64_t(rest) : int64_t(rest);
  }
  return hash == -1 ? -2 : hash;
}

int int_compare(Value a, Value b) {
  a = int_value(a);
  b = int_value(b);
  if (both_int(a, b)) return (a.as_int() > b.as_int()) - (a.as_int() < b.as_int());
  BigView left(a), right(b);
  return mp_cmp(left.get(), right.get());
}

int int_compare_double(Value int_like, double number) {
  if (std::isnan(number)) return 2;
  if (std::isinf(number)) return number > 0 ? -1 : 1;
  Value value = int_value(int_like);
  if (value.is_int()) { // exact in a double
    auto exact = double(value.as_int());
    return (exact > number) - (exact < number);
  }
  // Big ints are whole, so compare with the number's whole part; a fraction decides a tie.
  double whole = std::trunc(number);
  Ref other = int_from_double(Thread::current(), whole);
  int order = int_compare(value, other);
  if (order == 0 && whole != number) return whole > number ? 1 : -1;
  return order;
}

} // namespace aspy
