// math: sums and products over iterables, and the lengths of vectors. Sums are exact until the end.
#include "runtime/modules/math/math_support.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <cmath>

namespace aspy {

void ExactSum::add(double x) {
  // Each part takes what it can of x; the rounding error, which is itself a double, stays as a part.
  size_t kept = 0;
  for (double part : parts_) {
    double large = x, small = part;
    if (std::fabs(large) < std::fabs(small)) std::swap(large, small);
    double high = large + small;
    double low = small - (high - large);
    if (low != 0) parts_[kept++] = low;
    x = high;
  }
  parts_.resize(kept);
  if (std::isinf(x)) overflowed_ = true;
  if (x != 0) parts_.push_back(x);
}

void ExactSum::add_product(double a, double b) {
  double high = a * b;
  add(std::fma(a, b, -high));
  add(high);
}

double ExactSum::round() const {
  if (parts_.empty()) return 0;
  // From the top; the first inexact step decides the rounding, and what lies below only breaks a tie.
  size_t i = parts_.size() - 1;
  double high = parts_[i], low = 0;
  while (i > 0) {
    double x = high, y = parts_[--i];
    high = x + y;
    low = y - (high - x);
    if (low != 0) break;
  }
  if (i > 0 && ((low < 0 && parts_[i - 1] < 0) || (low > 0 && parts_[i - 1] > 0))) {
    double twice = low * 2, moved = high + twice;
    if (twice == moved - high) high = moved;
  }
  return high;
}

namespace {

Ref result(double number) { return Ref::steal(Value::from_double(number)); }

// The length of a vector: scaled by a power of two so that squares neither overflow nor vanish, squared
// exactly.
double length_of(const std::vector<double>& parts) {
  double largest = 0;
  bool nan = false;
  for (double x : parts) {
    if (std::isinf(x)) return INFINITY;
    nan |= std::isnan(x);
    largest = std::max(largest, std::fabs(x));
  }
  if (nan) return NAN;
  if (largest == 0 || parts.size() == 1) return largest;
  int exponent;
  std::frexp(largest, &exponent);
  ExactSum sum;
  for (double x : parts) {
    double scaled = std::ldexp(x, -exponent);
    sum.add_product(scaled, scaled);
  }
  double root = std::sqrt(sum.round());
  // One step of Newton with the exact remainder makes up for the rounding of the square root.
  sum.add_product(-root, root);
  return std::ldexp(root + sum.round() / (2 * root), exponent);
}

} // namespace

Ref math_fsum(Thread& thread, const Value* args) {
  ExactSum sum;
  double specials = 0; // infinities and NaNs, which are no part of an exact sum
  bool special = false, infinite = false;
  Ref iterator = iter(thread, args[0]);
  if (!iterator) return {};
  while (Ref item = next(thread, iterator)) {
    double number;
    if (!to_double(thread, item, number)) return {};
    if (std::isfinite(number)) {
      sum.add(number);
      if (sum.overflowed()) return raise(thread, OverflowError_type, "intermediate overflow in fsum");
    } else {
      special = true;
      infinite |= std::isinf(number);
      if (std::isinf(number) && std::isinf(specials) && number != specials)
        return raise_value_error(thread, "-inf + inf in fsum");
      specials += number;
    }
  }
  if (thread.has_error()) return {};
  return result(special ? specials : sum.round());
}

Ref math_prod(Thread& thread, const Value* args) {
  Ref total = args[1] ? share(args[1]) : make_int(1);
  Ref iterator = iter(thread, args[0]);
  if (!iterator) return {};
  while (Ref item = next(thread, iterator)) {
    total = binary_op(thread, BinaryOp::Mul, total, item);
    if (!total) return {};
  }
  return thread.has_error() ? Ref() : total;
}

Ref math_sumprod(Thread& thread, const Value* args) {
  Ref left = iter(thread, args[0]);
  Ref right = left ? iter(thread, args[1]) : Ref();
  if (!right) return {};
  // Floats are summed exactly for as long as only floats (and ints that a float holds) come.
  Ref total = make_int(0);
  ExactSum floats;
  bool in_floats = false;
  auto leave_floats = [&] {
    if (!in_floats) return true;
    in_floats = false;
    total = binary_op(thread, BinaryOp::Add, total, Value::from_double(floats.round()));
    floats = ExactSum();
    return bool(total);
  };
  for (;;) {
    Ref a = next(thread, left);
    if (!a && thread.has_error()) return {};
    Ref b = next(thread, right);
    if (!b && thread.has_error()) return {};
    if (bool(a) != bool(b)) return raise_value_error(thread, "Inputs are not the same length");
    if (!a) break;
    bool real = (a.get().is_double() || a.get().is_int()) && (b.get().is_double() || b.get().is_int());
    if (real && (a.get().is_double() || b.get().is_double())) {
      double x = 0, y = 0;
      to_double(thread, a, x);
      to_double(thread, b, y);
      if (std::isfinite(x * y)) {
        in_floats = true;
        floats.add_product(x, y);
        continue;
      }
    }
    if (!leave_floats()) return {};
    Ref product = binary_op(thread, BinaryOp::Mul, a, b);
    total = product ? binary_op(thread, BinaryOp::Add, total, product) : Ref();
    if (!total) return {};
  }
  return leave_floats() ? total : Ref();
}

Ref math_hypot(Thread& thread, const Value* args) {
  std::vector<double> parts;
  if (args[0]) {
    for (Value value : cast<Tuple>(args[0])->view()) {
      parts.emplace_back();
      if (!to_double(thread, value, parts.back())) return {};
    }
  }
  return result(length_of(parts));
}

Ref math_dist(Thread& thread, const Value* args) {
  Own<Tuple> p = tuple_from_iterable(thread, args[0]);
  Own<Tuple> q = p ? tuple_from_iterable(thread, args[1]) : nullptr;
  if (!q) return {};
  if (p->size != q->size)
    return raise_value_error(thread, "both points must have the same number of dimensions");
  std::vector<double> parts(p->size);
  for (size_t i = 0; i < p->size; ++i) {
    double a, b;
    if (!to_double(thread, (*p)[i], a) || !to_double(thread, (*q)[i], b)) return {};
    parts[i] = a - b;
  }
  return result(length_of(parts));
}

} // namespace aspy
