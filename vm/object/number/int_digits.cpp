// Sums, shifts and quotients of big ints, digit by digit, written straight into the result. A digit has 60
// bits, so that two fit a 128-bit product with room to spare. Products are libtommath's.
#include "vm/object/number/bigint.hpp"

#include <algorithm>
#include <bit>
#include <vector>

namespace aspy {
namespace {

constexpr int digit_bits = MP_DIGIT_BIT;
constexpr mp_digit digit_mask = (mp_digit{1} << digit_bits) - 1;
using Wide = unsigned __int128;

// |a| + |b|, where a has at least as many digits.
Ref add_magnitudes(const mp_int* a, const mp_int* b, mp_sign sign) {
  if (a->used < b->used) std::swap(a, b);
  BigInt* sum = allocate_big(a->used + 1, sign);
  mp_digit* out = sum->number.dp;
  mp_digit carry = 0;
  int i = 0;
  for (; i < b->used; ++i) {
    carry += a->dp[i] + b->dp[i];
    out[i] = carry & digit_mask;
    carry >>= digit_bits;
  }
  for (; i < a->used; ++i) {
    carry += a->dp[i];
    out[i] = carry & digit_mask;
    carry >>= digit_bits;
  }
  out[i] = carry;
  return finish_big(sum);
}

int compare_magnitudes(const mp_int* a, const mp_int* b) {
  if (a->used != b->used) return a->used < b->used ? -1 : 1;
  for (int i = a->used; i-- > 0;)
    if (a->dp[i] != b->dp[i]) return a->dp[i] < b->dp[i] ? -1 : 1;
  return 0;
}

// |a| - |b|, negated when `negative`.
Ref subtract_magnitudes(const mp_int* a, const mp_int* b, bool negative) {
  int order = compare_magnitudes(a, b);
  if (order == 0) return make_int(0);
  if (order < 0) {
    std::swap(a, b);
    negative = !negative;
  }
  BigInt* difference = allocate_big(a->used, negative ? MP_NEG : MP_ZPOS);
  mp_digit* out = difference->number.dp;
  mp_digit borrow = 0;
  for (int i = 0; i < a->used; ++i) {
    mp_digit digit = a->dp[i] - (i < b->used ? b->dp[i] : 0) - borrow;
    borrow = digit >> 63;
    out[i] = digit & digit_mask;
  }
  return finish_big(difference);
}

// out = digits << bits (bits < 60); gives what is shifted out at the top. May work in place.
mp_digit shift_up(const mp_digit* digits, int count, int bits, mp_digit* out) {
  mp_digit carry = 0;
  for (int i = 0; i < count; ++i) {
    mp_digit digit = digits[i];
    out[i] = (digit << bits & digit_mask) | carry;
    carry = bits ? digit >> (digit_bits - bits) : 0;
  }
  return carry;
}

// out = digits >> bits (bits < 60). May work in place.
void shift_down(const mp_digit* digits, int count, int bits, mp_digit* out) {
  for (int i = 0; i < count; ++i) {
    mp_digit above = bits && i + 1 < count ? digits[i + 1] << (digit_bits - bits) & digit_mask : 0;
    out[i] = digits[i] >> bits | above;
  }
}

} // namespace

Ref big_add(const mp_int* a, const mp_int* b, bool subtract) {
  bool a_negative = a->sign == MP_NEG, b_negative = (b->sign == MP_NEG) != subtract;
  if (a_negative == b_negative) return add_magnitudes(a, b, a_negative ? MP_NEG : MP_ZPOS);
  return subtract_magnitudes(a, b, a_negative);
}

Ref big_shift_left(const mp_int* a, size_t bits) {
  int whole = int(bits / digit_bits), part = int(bits % digit_bits);
  BigInt* result = allocate_big(a->used + whole + 1, a->sign);
  mp_digit* out = result->number.dp;
  std::fill_n(out, whole, 0);
  out[whole + a->used] = shift_up(a->dp, a->used, part, out + whole);
  return finish_big(result);
}

Ref big_shift_right(const mp_int* a, size_t bits) {
  int whole = int(std::min(bits / digit_bits, size_t(a->used))), part = int(bits % digit_bits);
  int left = a->used - whole;
  bool negative = a->sign == MP_NEG;
  if (left == 0) return make_int(negative ? -1 : 0);
  BigInt* result = allocate_big(left + 1, a->sign);
  mp_digit* out = result->number.dp;
  shift_down(a->dp + whole, left, part, out);
  out[left] = 0;
  if (negative) {
    // Down is away from zero: one more, if anything was cut off.
    bool cut = (a->dp[whole] & ((mp_digit{1} << part) - 1)) != 0;
    for (int i = 0; i < whole && !cut; ++i) cut = a->dp[i] != 0;
    for (int i = 0; cut; ++i) {
      out[i] = (out[i] + 1) & digit_mask;
      cut = out[i] == 0;
    }
  }
  return finish_big(result);
}

// Long division, digit by digit: the two highest digits of the rest over the divisor's highest one give a
// guess that is at most two too high once the divisor's highest bit is set, and the next digit tells when.
void big_divide(const mp_int* a, const mp_int* b, Ref* quotient, Ref* remainder) {
  int n = b->used, m = a->used - n;
  int spare = digit_bits - std::bit_width(b->dp[n - 1]);
  std::vector<mp_digit> divisor(n + size_t{0}), rest(a->used + size_t{1});
  shift_up(b->dp, n, spare, divisor.data());
  rest[size_t(a->used)] = shift_up(a->dp, a->used, spare, rest.data());
  mp_digit high = divisor[size_t(n) - 1], next = divisor[size_t(n) - 2];
  BigInt* result = allocate_big(m + 1, MP_ZPOS);
  for (int j = m; j >= 0; --j) {
    mp_digit* window = rest.data() + j;
    Wide top = Wide(window[n]) << digit_bits | window[n - 1];
    mp_digit guess, left;
    if (window[n] >= high) { // the quotient of the top alone would not fit a digit
      guess = digit_mask;
      Wide over = top - Wide(guess) * high;
      left = over > digit_mask ? digit_mask + 1 : mp_digit(over);
    } else {
      guess = mp_digit(top / high);
      left = mp_digit(top - Wide(guess) * high);
    }
    while (left <= digit_mask && Wide(guess) * next > (Wide(left) << digit_bits | window[n - 2])) {
      --guess;
      left += high;
    }
    // window -= guess * divisor
    mp_digit borrow = 0;
    Wide carry = 0;
    for (int i = 0; i < n; ++i) {
      carry += Wide(guess) * divisor[size_t(i)];
      mp_digit digit = window[i] - (mp_digit(carry) & digit_mask) - borrow;
      borrow = digit >> 63;
      window[i] = digit & digit_mask;
      carry >>= digit_bits;
    }
    mp_digit digit = window[n] - mp_digit(carry) - borrow;
    window[n] = digit & digit_mask;
    if (digit >> 63) { // one too many after all: put a divisor back
      --guess;
      mp_digit sum = 0;
      for (int i = 0; i < n; ++i) {
        sum += window[i] + divisor[size_t(i)];
        window[i] = sum & digit_mask;
        sum >>= digit_bits;
      }
      window[n] = (window[n] + sum) & digit_mask;
    }
    result->number.dp[j] = guess;
  }
  Ref found = finish_big(result);
  if (quotient) *quotient = std::move(found);
  if (!remainder) return;
  BigInt* left = allocate_big(n, MP_ZPOS);
  shift_down(rest.data(), n, spare, left->number.dp);
  *remainder = finish_big(left);
}

} // namespace aspy
