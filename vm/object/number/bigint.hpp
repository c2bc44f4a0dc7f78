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

// Bits in the absolute value.
size_t big_bits(const mp_int* number);
// The absolute value as the top 64 bits (the highest one set, unless it is 0), what exponent of 2 they stand
// for, and whether any bit was cut off.
uint64_t big_top(const mp_int* number, int64_t& exponent, bool& sticky);

} // namespace aspy
