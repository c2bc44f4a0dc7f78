// Converting the arguments of natives.
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>
#include <limits>

namespace aspy {

bool to_index(Thread& thread, Value value, int64_t& out) {
  if (value.is_int()) {
    out = value.as_int();
    return true;
  }
  Ref number = to_index_object(thread, value);
  if (!number) return false;
  // Beyond 64 bits every sequence index is as good as the end.
  if (!int_as_int64(number, out))
    out = int_sign(number) < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
  return true;
}

bool to_int64(Thread& thread, Value value, int64_t& out) {
  if (value.is_int()) {
    out = value.as_int();
    return true;
  }
  Ref number = to_index_object(thread, value);
  if (!number) return false;
  if (int_as_int64(number, out)) return true;
  return raise(thread, OverflowError_type, "Python int too large to convert to C long");
}

bool to_int32(Thread& thread, Value value, int32_t& out) {
  int64_t wide;
  if (!to_int64(thread, value, wide)) return false;
  if (wide > std::numeric_limits<int32_t>::max())
    return raise(thread, OverflowError_type, "signed integer is greater than maximum");
  if (wide < std::numeric_limits<int32_t>::min())
    return raise(thread, OverflowError_type, "signed integer is less than minimum");
  out = static_cast<int32_t>(wide);
  return true;
}

bool to_double(Thread& thread, Value value, double& out) {
  if (is_float_like(value)) {
    out = float_value(value);
    return true;
  }
  if (is_int_like(value)) return int_as_double(thread, int_value(value), out);
  const Slots& slots = type_of(value)->slots;
  if (slots.to_float) {
    Ref number = slots.to_float(thread, value);
    if (!number) return false;
    if (!is_float_like(number))
      return raise_type_error(thread, fmt::format("{}.__float__ returned non-float (type {})",
                                                  type_name(value), type_name(number)));
    out = float_value(number);
    return true;
  }
  if (slots.index) {
    Ref number = to_index_object(thread, value);
    return number && int_as_double(thread, number, out);
  }
  return raise_type_error(thread, fmt::format("must be real number, not {}", type_name(value)));
}

Str* to_str_arg(Thread& thread, const char* function, const char* what, Value value) {
  if (is_str(value)) return cast<Str>(value);
  return raise_type_error(thread, fmt::format("{}() {} must be str, not {}", function, what,
                                              value.is_none() ? "None" : type_name(value)));
}

} // namespace aspy
