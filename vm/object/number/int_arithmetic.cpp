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

int64_t floor_quotient(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}
int64_t floor_remainder(int64_t a, int64_t b) {
  int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

// --- big operands ---

mp_err big_divmod(const mp_int* a, const mp_int* b, mp_int* quotient, mp_int* remainder) {
  mp_err status = mp_div(a, b, quotient, remainder); // towards zero
  if (status != MP_OKAY || remainder->used == 0 || remainder->sign == b->sign) return status;
  status = mp_add(remainder, b, remainder);
  return status == MP_OKAY ? mp_decr(quotient) : status;
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
  Big result;
  return int_from_big(thread, mp_mul_2d(view.get(), int(count), result.get()), result);
}

Ref shift_right(Thread& thread, Value a, Value b) {
  if (int_sign(b) < 0) return raise_value_error(thread, "negative shift count");
  int64_t count, small;
  BigView view(a);
  // Everything is shifted out: what is left is the sign.
  if (!int_as_int64(b, count) || uint64_t(count) > big_bits(view.get()))
    return make_int(int_sign(a) < 0 ? -1 : 0);
  if (int_as_int64(a, small)) return make_int(small >> std::min<int64_t>(count, 63));
  Big result;
  return int_from_big(thread, mp_signed_rsh(view.get(), int(count), result.get()), result);
}

Ref big_binary(Thread& thread, BinaryOp op, Value a, Value b) {
  BigView left(a), right(b);
  const mp_int *x = left.get(), *y = right.get();
  Big result;
  mp_int* out = result.get();
  switch (op) {
  case BinaryOp::Add: return int_from_big(thread, mp_add(x, y, out), result);
  case BinaryOp::Sub: return int_from_big(thread, mp_sub(x, y, out), result);
  case BinaryOp::Mul:
    if (big_bits(x) + big_bits(y) >= max_bits) return raise_memory_error(thread);
    return int_from_big(thread, mp_mul(x, y, out), result);
  case BinaryOp::And: return int_from_big(thread, mp_and(x, y, out), result);
  case BinaryOp::Or: return int_from_big(thread, mp_or(x, y, out), result);
  case BinaryOp::Xor: return int_from_big(thread, mp_xor(x, y, out), result);
  case BinaryOp::FloorDiv:
  case BinaryOp::Mod: {
    if (y->used == 0) return raise_zero_division(thread);
    Big other;
    bool quotient = op == BinaryOp::FloorDiv;
    mp_err status = big_divmod(x, y, quotient ? out : other.get(), quotient ? other.get() : out);
    return int_from_big(thread, status, result);
  }
  default: return share(NotImplemented);
  }
}

} // namespace

Ref int_binary(Thread& thread, BinaryOp op, Value a, Value b) {
  switch (op) {
  case BinaryOp::TrueDiv: return true_divide(thread, a, b);
  case BinaryOp::Pow: return power(thread, a, b);
  case BinaryOp::LShift: return shift_left(thread, a, b);
  case BinaryOp::RShift: return shift_right(thread, a, b);
  case BinaryOp::MatMul: return share(NotImplemented);
  default: break;
  }
  int64_t x, y, result;
  if (!int_as_int64(a, x) || !int_as_int64(b, y)) return big_binary(thread, op, a, b);
  switch (op) {
  case BinaryOp::Add:
    if (__builtin_add_overflow(x, y, &result)) return make_int_128(static_cast<__int128>(x) + y);
    return make_int(result);
  case BinaryOp::Sub:
    if (__builtin_sub_overflow(x, y, &result)) return make_int_128(static_cast<__int128>(x) - y);
    return make_int(result);
  case BinaryOp::Mul:
    if (__builtin_mul_overflow(x, y, &result)) return make_int_128(static_cast<__int128>(x) * y);
    return make_int(result);
  case BinaryOp::FloorDiv:
    if (y == 0) return raise_zero_division(thread);
    if (y == -1) return make_int_128(-static_cast<__int128>(x)); // INT64_MIN / -1 traps
    return make_int(floor_quotient(x, y));
  case BinaryOp::Mod:
    if (y == 0) return raise_zero_division(thread);
    return make_int(y == -1 ? 0 : floor_remainder(x, y));
  case BinaryOp::And: return make_int(x & y);
  case BinaryOp::Or: return make_int(x | y);
  default: return make_int(x ^ y);
  }
}

bool int_divmod(Thread& thread, Value a, Value b, Ref& quotient, Ref& remainder) {
  int64_t x, y;
  if (int_as_int64(a, x) && int_as_int64(b, y) && y != 0 && y != -1) {
    quotient = make_int(floor_quotient(x, y));
    remainder = make_int(floor_remainder(x, y));
    return true;
  }
  BigView left(a), right(b);
  if (right.get()->used == 0) return raise_zero_division(thread);
  Big q, r;
  mp_err status = big_divmod(left.get(), right.get(), q.get(), r.get());
  quotient = int_from_big(thread, status, q);
  remainder = quotient ? int_from_big(thread, status, r) : Ref();
  return bool(remainder);
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
