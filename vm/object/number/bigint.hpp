// Between the files that make up int: libtommath numbers as values and back.
#pragma once

#include "vm/object/number/int.hpp"

namespace aspy {

// A libtommath number that frees itself; what big results are computed in.
struct Big {
  mp_int number;
  bool ok; // false: out of memory
  Big() : ok(mp_init_size(&number, 4) == MP_OKAY) {}
  Big(const Big&) = delete;
  Big& operator=(const Big&) = delete;
  ~Big() {
    if (number.dp) mp_clear(&number);
  }
  mp_int* get() { return &number; }
  const mp_int* get() const { return &number; }
};

// Any int-like as a libtommath number that may be read only: the BigInt's own, or one made on the stack.
class BigView {
public:
  explicit BigView(Value int_like);
  BigView(const BigView&) = delete;
  BigView& operator=(const BigView&) = delete;
  const mp_int* get() const { return pointer_; }

private:
  mp_digit digits_[2];
  mp_int small_;
  const mp_int* pointer_;
};

// The value of a number: unboxed when it fits. A `status` other than MP_OKAY raises MemoryError.
Ref int_from_big(const mp_int& number);
Ref int_from_big(Thread& thread, mp_err status, const Big& number);
Ref make_int_128(__int128 number);
// The block of a BigInt with room for so many digits, which comes from the block pool.
inline size_t big_bytes(int digits) { return sizeof(BigInt) + size_t(digits) * sizeof(mp_digit); }
// A BigInt with room for so many digits, which the caller fills and hands to finish_big: leading zeros go,
// and what fits a Value becomes one.
BigInt* allocate_big(int digits, mp_sign sign);
Ref finish_big(BigInt* big);
// A number of less than 127 bits; false when it has more.
inline bool int_as_int128(Value plain, __int128& out) {
  if (plain.is_int()) {
    out = plain.as_int();
    return true;
  }
  const mp_int& number = cast<BigInt>(plain)->number;
  if (number.used > 3 || (number.used == 3 && number.dp[2] >= 64)) return false; // 60 + 60 + 6 bits
  out = number.dp[0];
  for (int i = 1; i < number.used; ++i) out |= static_cast<__int128>(number.dp[i]) << (60 * i);
  if (number.sign == MP_NEG) out = -out;
  return true;
}

// --- arithmetic on rows of digits (int_digits.cpp): what is written at once where it stays ---
Ref big_add(const mp_int* a, const mp_int* b, bool subtract);
Ref big_shift_left(const mp_int* a, size_t bits);
Ref big_shift_right(const mp_int* a, size_t bits); // rounds down
// Quotient and remainder of absolute values, for a divisor of two digits or more and not more digits than
// `a`.
void big_divide(const mp_int* a, const mp_int* b, Ref* quotient, Ref* remainder);

// Makes `out` the number that these bytes are, the highest first. (mp_from_ubin() shifts everything for every
// byte.)
mp_err big_from_bytes(const unsigned char* bytes, size_t size, mp_int* out);
// Bits in the absolute value.
size_t big_bits(const mp_int* number);
// The absolute value as the top 64 bits (the highest one set, unless it is 0), what exponent of 2 they stand
// for, and whether any bit was cut off.
uint64_t big_top(const mp_int* number, int64_t& exponent, bool& sticky);

} // namespace aspy
