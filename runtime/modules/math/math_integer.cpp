// math: functions of whole numbers.
#include "runtime/modules/math/math_support.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/bigint.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <numeric>

namespace aspy {
namespace {

Ref multiply(Thread& thread, Value a, Value b) { return int_binary(thread, BinaryOp::Mul, a, b); }
Ref absolute_int(Value value) { return int_sign(value) < 0 ? int_negative(value) : share(value); }

Ref gcd(Thread& thread, Value a, Value b) {
  int64_t x, y;
  if (int_as_int64(a, x) && int_as_int64(b, y) && x != INT64_MIN && y != INT64_MIN)
    return make_int(std::gcd(x, y));
  BigView left(a), right(b);
  Big result;
  return int_from_big(thread, mp_gcd(left.get(), right.get(), result.get()), result);
}

// low * (low + 1) * ... * (high - 1), by halves so that the factors stay of one size.
Ref product(Thread& thread, int64_t low, int64_t high) {
  if (high - low <= 8) {
    Ref result = make_int(low);
    for (int64_t i = low + 1; result && i < high; ++i) result = multiply(thread, result, Value::from_int(i));
    return result;
  }
  int64_t middle = low + (high - low) / 2;
  Ref left = product(thread, low, middle);
  Ref right = left ? product(thread, middle, high) : Ref();
  return right ? multiply(thread, left, right) : Ref();
}

// Arguments n and k of comb and perm.
bool read_counts(Thread& thread, const Value* args, Ref& n, Ref& k) {
  n = to_index_object(thread, args[0]);
  k = n ? to_index_object(thread, args[1]) : Ref();
  if (!k) return false;
  if (int_sign(n) < 0) return raise_value_error(thread, "n must be a non-negative integer");
  if (int_sign(k) < 0) return raise_value_error(thread, "k must be a non-negative integer");
  return true;
}

// n (n-1) ... (n-k+1), divided by k! on the way when `divide`.
Ref falling_product(Thread& thread, Value n, int64_t k, bool divide) {
  Ref result = make_int(1), factor = share(n);
  for (int64_t i = 1; result && i <= k; ++i) {
    result = multiply(thread, result, factor);
    if (result && divide) result = int_binary(thread, BinaryOp::FloorDiv, result, Value::from_int(i));
    factor = int_binary(thread, BinaryOp::Sub, factor, Value::from_int(1));
  }
  return result;
}

} // namespace

Ref math_gcd(Thread& thread, const Value* args) {
  Ref result = make_int(0);
  if (!args[0]) return result;
  for (Value value : cast<Tuple>(args[0])->view()) {
    Ref number = to_index_object(thread, value);
    result = number ? gcd(thread, result, number) : Ref();
    if (!result) return {};
  }
  return result;
}

Ref math_lcm(Thread& thread, const Value* args) {
  Ref result = make_int(1);
  if (!args[0]) return result;
  for (Value value : cast<Tuple>(args[0])->view()) {
    Ref number = to_index_object(thread, value);
    if (!number) return {};
    if (int_sign(number) == 0 || int_sign(result) == 0) {
      result = make_int(0);
      continue;
    }
    Ref common = gcd(thread, result, number);
    Ref part = common ? int_binary(thread, BinaryOp::FloorDiv, result, common) : Ref();
    result = part ? multiply(thread, part, number) : Ref();
    if (!result) return {};
    result = absolute_int(result);
  }
  return result;
}

Ref math_factorial(Thread& thread, const Value* args) {
  Ref number = to_index_object(thread, args[0]);
  if (!number) return {};
  if (int_sign(number) < 0) return raise_value_error(thread, "factorial() not defined for negative values");
  int64_t n;
  if (!int_as_int64(number, n) || n > INT64_C(0x7FFFFFFFFFFF))
    return raise(thread, OverflowError_type,
                 fmt::format("factorial() argument should not exceed {}", INT64_MAX));
  return n < 2 ? make_int(1) : product(thread, 1, n + 1);
}

Ref math_comb(Thread& thread, const Value* args) {
  Ref n, k;
  if (!read_counts(thread, args, n, k)) return {};
  Ref rest = int_binary(thread, BinaryOp::Sub, n, k);
  if (!rest) return {};
  if (int_sign(rest) < 0) return make_int(0);
  if (int_compare(rest, k) < 0) k = rest; // the smaller side
  int64_t count;
  if (!int_as_int64(k, count))
    return raise(thread, OverflowError_type, fmt::format("min(n - k, k) must not exceed {}", INT64_MAX));
  return falling_product(thread, n, count, true);
}

Ref math_perm(Thread& thread, const Value* args) {
  if (!args[1] || args[1].is_none()) return math_factorial(thread, args);
  Ref n, k;
  if (!read_counts(thread, args, n, k)) return {};
  if (int_compare(n, k) < 0) return make_int(0);
  int64_t count;
  if (!int_as_int64(k, count))
    return raise(thread, OverflowError_type, fmt::format("k must not exceed {}", INT64_MAX));
  return falling_product(thread, n, count, false);
}

Ref math_isqrt(Thread& thread, const Value* args) {
  Ref number = to_index_object(thread, args[0]);
  if (!number) return {};
  if (int_sign(number) < 0) return raise_value_error(thread, "isqrt() argument must be nonnegative");
  BigView view(number);
  Big root;
  return int_from_big(thread, mp_sqrt(view.get(), root.get()), root);
}

} // namespace aspy
