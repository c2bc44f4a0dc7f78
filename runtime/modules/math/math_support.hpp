// Between the files of the math module.
#pragma once

#include "vm/object/callable/native.hpp"

#include <vector>

namespace aspy {

// A sum that never rounds: what was added is kept as a row of doubles without common digits.
class ExactSum {
public:
  void add(double number);
  void add_product(double a, double b); // exactly
  double round() const;                 // to the nearest double
  bool overflowed() const { return overflowed_; }

private:
  std::vector<double> parts_; // growing in size
  bool overflowed_ = false;
};

Ref math_fsum(Thread& thread, const Value* args);
Ref math_sumprod(Thread& thread, const Value* args);
Ref math_prod(Thread& thread, const Value* args);
Ref math_hypot(Thread& thread, const Value* args);
Ref math_dist(Thread& thread, const Value* args);

Ref math_gcd(Thread& thread, const Value* args);
Ref math_lcm(Thread& thread, const Value* args);
Ref math_factorial(Thread& thread, const Value* args);
Ref math_comb(Thread& thread, const Value* args);
Ref math_perm(Thread& thread, const Value* args);
Ref math_isqrt(Thread& thread, const Value* args);

} // namespace aspy
