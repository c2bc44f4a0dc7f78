// Numbers as natives want them: from whatever a script passes, with the usual complaints.
#include "vm/object/exception.hpp"
#include "vm/object/float.hpp"
#include "vm/object/int.hpp"
#include "vm/object/native.hpp"
#include "vm/object/protocol.hpp"

#include <fmt/format.h>

namespace aspy {

bool to_index(Thread& thread, Value value, int64_t& out) {
  if (value.is_int()) {
    out = value.as_int();
    return true;
  }
  Ref number = to_index_object(thread, value);
  if (!number) return false;
  if (!int_as_int64(number, out)) out = int_sign(number) < 0 ? INT64_MIN : INT64_MAX;
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
  if (wide > INT32_MAX) return raise(thread, OverflowError_type, "signed integer is greater than maximum");
  if (wide < INT32_MIN) return raise(thread, OverflowError_type, "signed integer is less than minimum");
  out = int32_t(wide);
  return true;
}

bool to_double(Thread& thread, Value value, double& out) {
  if (value.is_double()) {
    out = value.as_double();
    return true;
  }
  if (is_float_like(value)) {
    out = float_value(value);
    return true;
  }
  if (is_int_like(value)) return int_as_double(thread, value, out);
  const Slots& slots = type_of(value)->slots;
  if (slots.to_float) {
    Ref made = slots.to_float(thread, value);
    if (!made) return false;
    if (!is_float_like(made))
      return raise_type_error(thread, fmt::format("{}.__float__ returned non-float (type {})", type_name(value),
                                                  type_name(made)));
    out = float_value(made);
    return true;
  }
  if (slots.index) {
    Ref number = to_index_object(thread, value);
    return number && int_as_double(thread, number, out);
  }
  return raise_type_error(thread, fmt::format("must be real number, not {}", type_name(value)));
}

} // namespace aspy
