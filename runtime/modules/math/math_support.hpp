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

// Functions of the module's table (math.cpp).
// math_sums.cpp
NativeBody math_fsum, math_sumprod, math_prod, math_hypot, math_dist;
// math_integer.cpp
NativeBody math_gcd, math_lcm, math_factorial, math_comb, math_perm, math_isqrt;

} // namespace aspy
