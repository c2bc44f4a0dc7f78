// Arithmetic of ints. Operands that fit 64 bits are computed natively and widened to 128 bits where they
// must; the rest goes to libtommath. Division rounds down, and the remainder has the divisor's sign.
#include "vm/object/number/bigint.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <cmath>

namespace aspy {
namespace {

// libtommath counts bits in an int.
constexpr size_t max_bits = size_t{1} << 31;

Raised raise_memory_error(Thread& thread) { return raise_with_args(thread, MemoryError_type, {}); }
Raised raise_zero_division(Thread& thread) {
  return raise(thread, ZeroDivisionError_type, "division by zero");
}

// Division by the hardware where both fit it.
bool both_narrow(__int128 a, __int128 b) { return a == int64_t(a) && b == int64_t(b) && b != -1; }

int64_t floor_quotient(int64_t a, int64_t b) { return a / b - ((a % b != 0) & ((a < 0) != (b < 0))); }
int64_t floor_remainder(int64_t a, int64_t b) {
  int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}
__int128 floor_quotient(__int128 a, __int128 b) {
  if (both_narrow(a, b)) return floor_quotient(int64_t(a), int64_t(b));
  __int128 quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}
__int128 floor_remainder(__int128 a, __int128 b) {
  if (both_narrow(a, b)) return floor_remainder(int64_t(a), int64_t(b));
  __int128 remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

// --- big operands ---

mp_err big_divmod(const mp_int* a, const mp_int* b, mp_int* quotient, mp_int* remainder) {
  mp_err status = mp_div(a, b, quotient, remainder); // towards zero
  if (status != MP_OKAY || remainder->used == 0 || remainder->sign == b->sign) return status;
  status = mp_add(remainder, b, remainder);
  return status == MP_OKAY ? mp_decr(quotient) : status;
}

// Divisors up to here are divided by digit by digit; libtommath splits longer ones.
constexpr int long_division = 160;

// a // b and a % b of which b is not 0. Either result may be unwanted.
bool big_floor_divide(Thread& thread, const mp_int* x, const mp_int* y, Ref* quotient, Ref* remainder) {
  if (y->used < 2 || y->used > long_division || x->used < y->used) {
    Big q, r;
    mp_err status = big_divmod(x, y, q.get(), r.get());
    if (quotient && !(*quotient = int_from_big(thread, status, q))) return false;
    return !remainder || (*remainder = int_from_big(thread, status, r));
  }
  Ref q, r;
  big_divide(x, y, &q, &r);
  bool inexact = int_sign(r) != 0, differ = x->sign != y->sign;
  if (differ) {
    q = int_negative(q);
    // Down is away from zero.
    if (inexact) q = big_add(BigView(q).get(), BigView(Value::from_int(1)).get(), true);
  }
  // The remainder has the divisor's sign.
  if (x->sign == MP_NEG) r = int_negative(r);
  if (inexact && differ) r = big_add(y, BigView(r).get(), false);
  if (quotient) *quotient = std::move(q);
  if (remainder) *remainder = std::move(r);
  return true;
}

Ref true_divide(Thread& thread, Value a, Value b) {
  if (int_sign(b) == 0) return raise_zero_division(thread);
  BigView left(a), right(b);
  size_t left_bits = big_bits(left.get()), right_bits = big_bits(right.get());
  // Both exact as doubles: one rounding, by the hardware.
  if (left_bits <= 53 && right_bits <= 53) {
    int64_t x = 0, y = 1;
    int_as_int64(a, x);
    int_as_int64(b, y);
    return Ref::steal(Value::from_double(double(x) / double(y)));
  }
  if (left_bits == 0) return Ref::steal(Value::from_double(int_sign(b) < 0 ? -0.0 : 0.0));
  // Scale so that the quotient has 64 to 66 bits; the remainder tells whether it is exact.
  int64_t shift = int64_t(right_bits) - int64_t(left_bits) + 65;
  if (shift > int64_t(max_bits))
    return Ref::steal(Value::from_double(left.get()->sign != right.get()->sign ? -0.0 : 0.0));
  Big scaled, quotient, remainder;
  mp_err status = mp_copy(shift >= 0 ? left.get() : right.get(), scaled.get());
  if (status == MP_OKAY) status = mp_mul_2d(scaled.get(), int(std::abs(shift)), scaled.get());
  if (status == MP_OKAY)
    status = shift >= 0 ? mp_div(scaled.get(), right.get(), quotient.get(), remainder.get())
                        : mp_div(left.get(), scaled.get(), quotient.get(), remainder.get());
  if (status != MP_OKAY) return raise_memory_error(thread);
  int64_t exponent;
  bool sticky;
  uint64_t top = big_top(quotient.get(), exponent, sticky);
  double result = round_to_double(top, sticky || remainder.number.used != 0, exponent - shift);
  if (std::isinf(result))
    return raise(thread, OverflowError_type, "integer division result too large for a float");
  bool negative = left.get()->sign != right.get()->sign;
  return Ref::steal(Value::from_double(negative ? -result : result));
}

Ref power(Thread& thread, Value base, Value exponent) {
  if (int_sign(exponent) < 0) {
    // A fraction: as floats.
    double x, y;
    if (!int_as_double(thread, base, x) || !int_as_double(thread, exponent, y)) return {};
    return float_binary(thread, BinaryOp::Pow, x, y);
  }
  int64_t small, times;
  bool base_small = int_as_int64(base, small);
  if (base_small && (small == 0 || small == 1 || small == -1)) {
    // The only bases whose powers stay small for any exponent.
    bool odd = mp_isodd(BigView(exponent).get());
    if (int_sign(exponent) == 0) return make_int(1);
    return make_int(small == -1 && !odd ? 1 : small);
  }
  if (!int_as_int64(exponent, times)) return raise_memory_error(thread);
  if (base_small) {
    // Natively for as long as it fits.
    int64_t result = 1, square = small, rest = times;
    bool fits = true;
    while (fits) {
      if (rest & 1) fits = !__builtin_mul_overflow(result, square, &result);
      rest >>= 1;
      if (rest == 0) break;
      fits = fits && !__builtin_mul_overflow(square, square, &square);
    }
    if (fits) return make_int(result);
  }
  BigView view(base);
  size_t bits = big_bits(view.get());
  if (bits > max_bits || uint64_t(times) > max_bits / std::max<size_t>(bits - 1, 1))
    return raise_memory_error(thread);
  if (!may_allocate(thread, bits * size_t(times) / 8)) return {};
  Big result;
  return int_from_big(thread, mp_expt_u32(view.get(), uint32_t(times), result.get()), result);
}

Ref shift_left(Thread& thread, Value a, Value b) {
  if (int_sign(b) < 0) return raise_value_error(thread, "negative shift count");
  if (int_sign(a) == 0) return make_int(0);
  int64_t count, small;
  if (!int_as_int64(b, count)) return raise(thread, OverflowError_type, "too many digits in integer");
  if (count < 64 && int_as_int64(a, small)) return make_int_128(static_cast<__int128>(small) << count);
  BigView view(a);
  size_t bits = big_bits(view.get());
  if (uint64_t(count) + bits >= max_bits) return raise_memory_error(thread);
  if (!may_allocate(thread, (size_t(count) + bits) / 8)) return {};
  return big_shift_left(view.get(), size_t(count));
}

Ref shift_right(Thread& thread, Value a, Value b) {
  if (int_sign(b) < 0) return raise_value_error(thread, "negative shift count");
  int64_t count, small;
  BigView view(a);
  // Everything is shifted out: what is left is the sign.
  if (!int_as_int64(b, count) || uint64_t(count) > big_bits(view.get()))
    return make_int(int_sign(a) < 0 ? -1 : 0);
  if (int_as_int64(a, small)) return make_int(small >> std::min<int64_t>(count, 63));
  return big_shift_right(view.get(), size_t(count));
}

Ref big_binary(Thread& thread, BinaryOp op, Value a, Value b) {
  BigView left(a), right(b);
  const mp_int *x = left.get(), *y = right.get();
  if (op == BinaryOp::Add || op == BinaryOp::Sub) {
    size_t size = size_t(std::max(x->used, y->used));
    if (size > 1 << 20 && !may_allocate(thread, size * sizeof(mp_digit))) return {};
    return big_add(x, y, op == BinaryOp::Sub);
  }
  if (op == BinaryOp::FloorDiv || op == BinaryOp::Mod) {
    if (y->used == 0) return raise_zero_division(thread);
    Ref wanted;
    bool quotient = op == BinaryOp::FloorDiv;
    if (!big_floor_divide(thread, x, y, quotient ? &wanted : nullptr, quotient ? nullptr : &wanted))
      return {};
    return wanted;
  }
  Big result;
  mp_int* out = result.get();
  switch (op) {
  case BinaryOp::Mul:
    if (big_bits(x) + big_bits(y) >= max_bits) return raise_memory_error(thread);
    return int_from_big(thread, mp_mul(x, y, out), result);
  case BinaryOp::And: return int_from_big(thread, mp_and(x, y, out), result);
  case BinaryOp::Or: return int_from_big(thread, mp_or(x, y, out), result);
  case BinaryOp::Xor: return int_from_big(thread, mp_xor(x, y, out), result);
  default: return share(NotImplemented);
  }
}

} // namespace

namespace {
// What a 64-bit word holds, short of its lowest number: unboxed, or of one digit and three bits of a second.
bool as_word(Value value, int64_t& out) {
  if (value.is_int()) {
    out = value.as_int();
    return true;
  }
  if (!is_exact(value, int_type)) return false;
  const mp_int& number = cast<BigInt>(value)->number;
  uint64_t magnitude = number.dp[0];
  if (number.used != 1) {
    if (number.used != 2 || number.dp[1] > 7) return false;
    magnitude |= number.dp[1] << MP_DIGIT_BIT;
  }
  out = number.sign == MP_NEG ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
  return true;
}
// Empty: it does not fit a word, or is for others to say.
Ref word_binary(BinaryOp op, int64_t x, int64_t y) {
  int64_t result;
  switch (op) {
  case BinaryOp::Add: return __builtin_add_overflow(x, y, &result) ? Ref() : make_int(result);
  case BinaryOp::Sub: return __builtin_sub_overflow(x, y, &result) ? Ref() : make_int(result);
  case BinaryOp::Mul: return __builtin_mul_overflow(x, y, &result) ? Ref() : make_int(result);
  case BinaryOp::FloorDiv: return y ? make_int(floor_quotient(x, y)) : Ref();
  case BinaryOp::Mod: return y ? make_int(floor_remainder(x, y)) : Ref();
  case BinaryOp::And: return make_int(x & y);
  case BinaryOp::Or: return make_int(x | y);
  case BinaryOp::Xor: return make_int(x ^ y);
  default: return Ref();
  }
}
} // namespace

Ref int_binary(Thread& thread, BinaryOp op, Value a, Value b) {
  if (int64_t left, right; as_word(a, left) && as_word(b, right))
    if (Ref result = word_binary(op, left, right)) return result;
  switch (op) {
  case BinaryOp::TrueDiv: return true_divide(thread, a, b);
  case BinaryOp::Pow: return power(thread, a, b);
  case BinaryOp::LShift: return shift_left(thread, a, b);
  case BinaryOp::RShift: return shift_right(thread, a, b);
  case BinaryOp::MatMul: return share(NotImplemented);
  default: break;
  }
  a = int_value(a);
  b = int_value(b);
  __int128 x, y, product;
  if (!int_as_int128(a, x) || !int_as_int128(b, y)) return big_binary(thread, op, a, b);
  switch (op) {
  case BinaryOp::Add: return make_int_128(x + y); // of 126 bits each
  case BinaryOp::Sub: return make_int_128(x - y);
  case BinaryOp::Mul:
    if (__builtin_mul_overflow(x, y, &product)) return big_binary(thread, op, a, b);
    return make_int_128(product);
  case BinaryOp::FloorDiv:
    if (y == 0) return raise_zero_division(thread);
    return make_int_128(floor_quotient(x, y));
  case BinaryOp::Mod:
    if (y == 0) return raise_zero_division(thread);
    return make_int_128(floor_remainder(x, y));
  case BinaryOp::And: return make_int_128(x & y);
  case BinaryOp::Or: return make_int_128(x | y);
  default: return make_int_128(x ^ y);
  }
}

bool int_divmod(Thread& thread, Value a, Value b, Ref& quotient, Ref& remainder) {
  __int128 x, y;
  if (int_as_int128(int_value(a), x) && int_as_int128(int_value(b), y) && y != 0) {
    quotient = make_int_128(floor_quotient(x, y));
    remainder = make_int_128(floor_remainder(x, y));
    return true;
  }
  BigView left(a), right(b);
  if (right.get()->used == 0) return raise_zero_division(thread);
  return big_floor_divide(thread, left.get(), right.get(), &quotient, &remainder);
}

Ref int_power_mod(Thread& thread, Value base, Value exponent, Value modulus) {
  BigView b(base), e(exponent), m(modulus);
  if (m.get()->used == 0) return raise_value_error(thread, "pow() 3rd argument cannot be 0");
  Big size, reduced, power, result, unused;
  mp_err status = mp_abs(m.get(), size.get());
  if (status == MP_OKAY) status = big_divmod(b.get(), size.get(), unused.get(), reduced.get());
  if (status == MP_OKAY) status = mp_abs(e.get(), power.get());
  if (status != MP_OKAY) return raise_memory_error(thread);
  bool trivial = mp_cmp_d(size.get(), 1) == MP_EQ; // everything is 0 modulo 1
  if (e.get()->sign == MP_NEG && !trivial) {
    if (mp_invmod(reduced.get(), size.get(), reduced.get()) != MP_OKAY)
      return raise_value_error(thread, "base is not invertible for the given modulus");
  }
  if (trivial) mp_zero(result.get());
  else status = mp_exptmod(reduced.get(), power.get(), size.get(), result.get());
  // The result has the sign of the modulus, as with %.
  if (status == MP_OKAY && m.get()->sign == MP_NEG && result.number.used != 0)
    status = mp_add(result.get(), m.get(), result.get());
  return int_from_big(thread, status, result);
}

Ref int_negative(Value int_like) {
  Value value = int_value(int_like);
  if (value.is_int()) return make_int(-value.as_int());
  mp_int negated = cast<BigInt>(value)->number;
  negated.sign = negated.sign == MP_NEG ? MP_ZPOS : MP_NEG;
  return int_from_big(negated);
}

} // namespace aspy
