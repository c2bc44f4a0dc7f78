// datetime.timedelta: a length of time in days, seconds and microseconds.
#include "runtime/modules/datetime/datetime_internal.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <cmath>
#include <fmt/format.h>

namespace aspy::dt {

Type timedelta_type;

namespace {

const TimeDelta* as_delta(Value value) { return cast<TimeDelta>(value); }

Wide floor_div(Wide a, Wide b) {
  Wide quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

// a / b, halves to even; b > 0.
Wide round_div(Wide a, Wide b) {
  Wide quotient = floor_div(a, b);
  Wide twice = (a - quotient * b) * 2;
  if (twice > b || (twice == b && (quotient & 1))) ++quotient;
  return quotient;
}

Value us_value(Thread&, Wide us, Ref& keep) {
  // Beyond 64 bits only sums of days get there; they are made of two parts.
  if (us >= INT64_MIN && us <= INT64_MAX) {
    keep = make_int(static_cast<int64_t>(us));
  } else {
    Thread& thread = Thread::current();
    Ref high = make_int(static_cast<int64_t>(us / us_per_day)),
        low = make_int(static_cast<int64_t>(us % us_per_day));
    Ref scaled = int_binary(thread, BinaryOp::Mul, high, make_int(us_per_day));
    keep = int_binary(thread, BinaryOp::Add, scaled, low);
  }
  return keep;
}

Wide wide_limit() { return Wide{1} << 90; }

// --- construction --------------------------------------------------------------------------------------

// Adds `value` units of `factor` microseconds: whole ones exactly to `us`, fractions of a microsecond to
// `rest`.
bool accumulate(Thread& thread, const char* name, Value value, int64_t factor, Wide& us, double& rest) {
  if (is_int_like(value)) {
    int64_t number;
    if (!int_as_int64(value, number))
      return raise(thread, OverflowError_type, "Python int too large to convert to C int");
    us += Wide{number} * factor;
    return true;
  }
  if (!is_float_like(value)) {
    return raise_type_error(
        thread, fmt::format("unsupported type for timedelta {} component: {}", name, type_name(value)));
  }
  double number = float_value(value);
  if (!std::isfinite(number)) {
    if (std::isnan(number)) return raise_value_error(thread, "cannot convert float NaN to integer");
    return raise(thread, OverflowError_type, "cannot convert float infinity to integer");
  }
  double whole;
  double fraction = std::modf(number, &whole);
  if (std::fabs(whole) > 9e18)
    return raise(thread, OverflowError_type, "Python int too large to convert to C int");
  us += Wide{static_cast<int64_t>(whole)} * factor;
  if (fraction == 0) return true;
  fraction = std::modf(fraction * static_cast<double>(factor), &whole);
  us += static_cast<int64_t>(whole);
  rest += fraction;
  return true;
}

Ref delta_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "__new__",
                 "days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0", args,
                 bound)) {
    return {};
  }
  static const char* const names[] = {"days",    "seconds", "microseconds", "milliseconds",
                                      "minutes", "hours",   "weeks"};
  static const int64_t factors[] = {us_per_day,           us_per_second, 1, 1000, 60 * us_per_second,
                                    3600 * us_per_second, 7 * us_per_day};
  // The order in which fractions add up is part of the result.
  static const int order[] = {2, 3, 1, 4, 5, 0, 6};
  Wide us = 0;
  double rest = 0;
  for (int i : order) {
    if (bound[i] && !accumulate(thread, names[i], bound[i], factors[i], us, rest)) return {};
  }
  if (rest != 0) {
    // Halves go to the even whole, the integer part included.
    double whole = std::round(rest);
    if (std::fabs(whole - rest) == 0.5) {
      int odd = static_cast<int>(us & 1);
      whole = 2.0 * std::round((rest + odd) * 0.5) - odd;
    }
    us += static_cast<int64_t>(whole);
  }
  return make_delta(thread, us, type);
}

// --- operators ------------------------------------------------------------------------------------------

Ref delta_add(Thread& thread, Value a, Value b) {
  if (!is_delta(a) || !is_delta(b)) return share(NotImplemented);
  return make_delta(thread, delta_us(as_delta(a)) + delta_us(as_delta(b)));
}

Ref delta_sub(Thread& thread, Value a, Value b) {
  if (!is_delta(a) || !is_delta(b)) return share(NotImplemented);
  return make_delta(thread, delta_us(as_delta(a)) - delta_us(as_delta(b)));
}

// us * numerator / denominator of a float, exactly, halves to even. `invert`: us divided by the float.
Ref scale(Thread& thread, Wide us, double factor, bool invert) {
  if (!std::isfinite(factor)) {
    if (std::isnan(factor)) return raise_value_error(thread, "cannot convert NaN to integer ratio");
    return raise(thread, OverflowError_type, "cannot convert Infinity to integer ratio");
  }
  if (invert && factor == 0) return raise(thread, ZeroDivisionError_type, "division by zero");
  int exponent;
  auto mantissa = static_cast<int64_t>(std::frexp(factor, &exponent) * 9007199254740992.0); // 2^53
  exponent -= 53;
  while (mantissa && !(mantissa & 1)) {
    mantissa /= 2;
    ++exponent;
  }
  if (invert) {
    // us * 2^-exponent / mantissa
    bool negative = mantissa < 0;
    Wide divisor = negative ? -Wide{mantissa} : Wide{mantissa};
    if (negative) us = -us;
    if (exponent >= 0) {
      if (exponent > 60) return make_delta(thread, 0);
      return make_delta(thread, round_div(us, divisor << exponent));
    }
    if (exponent < -55) return raise(thread, OverflowError_type, "Python int too large to convert to C int");
    return make_delta(thread, round_div(us << -exponent, divisor));
  }
  Wide product = us * mantissa;
  if (exponent >= 0) {
    if (exponent > 30 && product != 0)
      return raise(thread, OverflowError_type, "Python int too large to convert to C int");
    return make_delta(thread, product << exponent);
  }
  if (exponent < -125) return make_delta(thread, 0);
  return make_delta(thread, round_div(product, Wide{1} << -exponent));
}

Ref delta_mul(Thread& thread, Value a, Value b) {
  if (!is_delta(a)) std::swap(a, b);
  if (!is_delta(a)) return share(NotImplemented);
  Wide us = delta_us(as_delta(a));
  if (is_int_like(b)) {
    int64_t factor;
    if (!int_as_int64(b, factor) || (factor > int64_t{1} << 52 || factor < -(int64_t{1} << 52))) {
      if (us == 0) return make_delta(thread, 0);
      return raise(thread, OverflowError_type, "Python int too large to convert to C int");
    }
    return make_delta(thread, us * factor);
  }
  if (is_float_like(b)) return scale(thread, us, float_value(b), false);
  return share(NotImplemented);
}

Ref zero_division(Thread& thread) { return raise(thread, ZeroDivisionError_type, "division by zero"); }

Ref delta_truediv(Thread& thread, Value a, Value b) {
  if (!is_delta(a)) return share(NotImplemented);
  Wide us = delta_us(as_delta(a));
  if (is_delta(b)) {
    Wide other = delta_us(as_delta(b));
    if (other == 0) return zero_division(thread);
    return Ref::steal(Value::from_double(
        static_cast<double>(static_cast<long double>(us) / static_cast<long double>(other))));
  }
  if (is_int_like(b)) {
    int64_t divisor;
    if (!int_as_int64(b, divisor)) return make_delta(thread, 0);
    if (divisor == 0) return zero_division(thread);
    return make_delta(thread, divisor < 0 ? round_div(-us, -Wide{divisor}) : round_div(us, divisor));
  }
  if (is_float_like(b)) return scale(thread, us, float_value(b), true);
  return share(NotImplemented);
}

Ref delta_floordiv(Thread& thread, Value a, Value b) {
  if (!is_delta(a)) return share(NotImplemented);
  Wide us = delta_us(as_delta(a));
  if (is_delta(b)) {
    Wide other = delta_us(as_delta(b));
    if (other == 0) return zero_division(thread);
    Ref keep;
    us_value(thread, floor_div(us, other), keep);
    return keep;
  }
  if (!is_int_like(b)) return share(NotImplemented);
  int64_t divisor;
  if (!int_as_int64(b, divisor)) return make_delta(thread, (int_sign(b) < 0) != (us < 0) && us != 0 ? -1 : 0);
  if (divisor == 0) return zero_division(thread);
  return make_delta(thread, floor_div(us, divisor));
}

Ref delta_mod(Thread& thread, Value a, Value b) {
  if (!is_delta(a) || !is_delta(b)) return share(NotImplemented);
  Wide us = delta_us(as_delta(a)), other = delta_us(as_delta(b));
  if (other == 0) return zero_division(thread);
  return make_delta(thread, us - floor_div(us, other) * other);
}

Ref delta_divmod(Thread& thread, const Value* args) {
  if (!is_delta(args[1])) return share(NotImplemented);
  Ref quotient = delta_floordiv(thread, args[0], args[1]);
  Ref rest = quotient ? delta_mod(thread, args[0], args[1]) : Ref();
  if (!rest) return {};
  return make_tuple({quotient.get(), rest.get()});
}

Ref delta_rdivmod(Thread& thread, const Value* args) {
  const Value turned[2] = {args[1], args[0]};
  return is_delta(args[1]) ? delta_divmod(thread, turned) : share(NotImplemented);
}

Ref delta_negative(Thread& thread, Value self) { return make_delta(thread, -delta_us(as_delta(self))); }
Ref delta_positive(Thread& thread, Value self) { return make_delta(thread, delta_us(as_delta(self))); }
Ref delta_absolute(Thread& thread, Value self) {
  Wide us = delta_us(as_delta(self));
  return make_delta(thread, us < 0 ? -us : us);
}
int delta_truthy(Thread&, Value self) { return delta_us(as_delta(self)) != 0; }

Ref delta_compare(Thread&, Value a, Value b, CompareOp op) {
  if (!is_delta(a) || !is_delta(b)) return share(NotImplemented);
  Wide left = delta_us(as_delta(a)), right = delta_us(as_delta(b));
  return bool_of(op, left < right ? -1 : left > right);
}

bool delta_hash(Thread&, Value self, int64_t& out) {
  Wide us = delta_us(as_delta(self));
  uint64_t mixed = static_cast<uint64_t>(us) * 0x9E3779B97F4A7C15 ^ static_cast<uint64_t>(us >> 64);
  out = static_cast<int64_t>(mixed ^ mixed >> 29);
  if (out == -1) out = -2;
  return true;
}

// --- text ------------------------------------------------------------------------------------------------

Ref delta_repr(Thread&, Value self) {
  return make_str(fmt::format("{}({})", full_type_name(type_of(self)), delta_repr_text(as_delta(self))));
}

Ref delta_str(Thread&, Value self) {
  const TimeDelta* delta = as_delta(self);
  std::string out;
  if (delta->days)
    out = fmt::format("{} day{}, ", delta->days, delta->days == 1 || delta->days == -1 ? "" : "s");
  out += fmt::format("{}:{:02}:{:02}", delta->seconds / 3600, delta->seconds / 60 % 60, delta->seconds % 60);
  if (delta->us) out += fmt::format(".{:06}", delta->us);
  return make_str(out);
}

Ref delta_total_seconds(Thread&, const Value* args) {
  Wide us = delta_us(as_delta(args[0]));
  return Ref::steal(Value::from_double(static_cast<double>(static_cast<long double>(us) / 1e6L)));
}

Ref delta_reduce(Thread&, const Value* args) {
  const TimeDelta* delta = as_delta(args[0]);
  Own<Tuple> state =
      make_tuple({Value::from_int(delta->days), Value::from_int(delta->seconds), Value::from_int(delta->us)});
  return make_tuple({type_of(args[0]), state.value()});
}

Ref get_days(Thread&, Value self) { return make_int(as_delta(self)->days); }
Ref get_seconds(Thread&, Value self) { return make_int(as_delta(self)->seconds); }
Ref get_us(Thread&, Value self) { return make_int(as_delta(self)->us); }

const GetSetDef getset[] = {
    {"days", get_days, readonly_attribute, "Number of days."},
    {"seconds", get_seconds, readonly_attribute, "Number of seconds (>= 0 and less than 1 day)."},
    {"microseconds", get_us, readonly_attribute, "Number of microseconds (>= 0 and less than 1 second)."},
    {nullptr, nullptr}};
const NativeDef methods[] = {
    {"total_seconds", "self, /", delta_total_seconds, "Total seconds in the duration."},
    {"__divmod__", "self, value, /", delta_divmod},
    {"__rdivmod__", "self, value, /", delta_rdivmod},
    {"__reduce__", "self, /", delta_reduce},
    {},
};

} // namespace

Wide delta_us(const TimeDelta* delta) {
  return Wide{delta->days} * us_per_day + int64_t{delta->seconds} * us_per_second + delta->us;
}

std::string delta_repr_text(const TimeDelta* delta) {
  std::string out;
  auto add = [&](const char* name, int32_t value) {
    if (value) out += fmt::format("{}{}={}", out.empty() ? "" : ", ", name, value);
  };
  add("days", delta->days);
  add("seconds", delta->seconds);
  add("microseconds", delta->us);
  return out.empty() ? "0" : out;
}

Ref make_delta(Thread& thread, Wide us, Type* type) {
  if (us > wide_limit() || us < -wide_limit()) {
    return raise(thread, OverflowError_type, "Python int too large to convert to C int");
  }
  Wide days = floor_div(us, us_per_day);
  auto rest = static_cast<int64_t>(us - days * us_per_day);
  if (days > INT32_MAX || days < INT32_MIN) {
    return raise(thread, OverflowError_type, "Python int too large to convert to C int");
  }
  if (days > 999999999 || days < -999999999) {
    return raise(thread, OverflowError_type,
                 fmt::format("days={}; must have magnitude <= 999999999", static_cast<int64_t>(days)));
  }
  TimeDelta* delta = static_cast<TimeDelta*>(allocate_instance(type));
  delta->days = static_cast<int32_t>(days);
  delta->seconds = static_cast<int32_t>(rest / us_per_second);
  delta->us = static_cast<int32_t>(rest % us_per_second);
  return Ref::steal(delta);
}

void init_delta_type(Thread& thread) {
  static const TypeSpec spec = {"datetime.timedelta",
                                nullptr,
                                sizeof(TimeDelta),
                                0,
                                0,
                                methods,
                                getset,
                                "Difference between two datetime values."};
  Slots& slots = timedelta_type.slots;
  slots.dealloc = free_object;
  slots.construct = delta_construct;
  slots.repr = delta_repr;
  slots.str = delta_str;
  slots.hash = delta_hash;
  slots.compare = delta_compare;
  slots.truthy = delta_truthy;
  slots.binary[static_cast<int>(BinaryOp::Add)] = delta_add;
  slots.binary[static_cast<int>(BinaryOp::Sub)] = delta_sub;
  slots.binary[static_cast<int>(BinaryOp::Mul)] = delta_mul;
  slots.binary[static_cast<int>(BinaryOp::TrueDiv)] = delta_truediv;
  slots.binary[static_cast<int>(BinaryOp::FloorDiv)] = delta_floordiv;
  slots.binary[static_cast<int>(BinaryOp::Mod)] = delta_mod;
  slots.negative = delta_negative;
  slots.positive = delta_positive;
  slots.absolute = delta_absolute;
  make_ready(timedelta_type, spec);
  set_constant(thread, timedelta_type, "resolution", make_delta(thread, 1));
  set_constant(thread, timedelta_type, "min", make_delta(thread, -Wide{999999999} * us_per_day));
  set_constant(thread, timedelta_type, "max", make_delta(thread, Wide{1000000000} * us_per_day - 1));
}

} // namespace aspy::dt
