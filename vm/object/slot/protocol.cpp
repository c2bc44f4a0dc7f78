// Text, identity and order of any value: repr, str, hash, comparison, truth.
#include "vm/object/slot/protocol.hpp"

#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {
namespace {

const char* const compare_symbol[] = {"<", "<=", "==", "!=", ">", ">="};
constexpr CompareOp swapped[] = {CompareOp::Gt, CompareOp::Ge, CompareOp::Eq,
                                 CompareOp::Ne, CompareOp::Lt, CompareOp::Le};

Ref need_text(Thread& thread, Ref text, const char* method) {
  if (text && !is_str(text))
    return raise_type_error(thread, fmt::format("{} returned non-string (type {})", method, type_name(text)));
  return text;
}

} // namespace

Ref repr(Thread& thread, Value value) {
  if (!check_native_stack(thread)) return Ref();
  return need_text(thread, type_of(value)->slots.repr(thread, value), "__repr__");
}

Ref str(Thread& thread, Value value) {
  if (is_exact(value, str_type)) return share(value);
  if (!check_native_stack(thread)) return Ref();
  return need_text(thread, type_of(value)->slots.str(thread, value), "__str__");
}

bool hash_not_implemented(Thread& thread, Value self, int64_t&) {
  return raise_type_error(thread, fmt::format("unhashable type: '{}'", type_name(self)));
}

bool hash(Thread& thread, Value value, int64_t& out) {
  if (value.is_int()) {
    out = int_hash(value);
    return true;
  }
  return type_of(value)->slots.hash(thread, value, out);
}

// --- comparison ----------------------------------------------------------------------------------

Ref compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (both_int(a, b)) {
    int64_t left = a.as_int(), right = b.as_int();
    return share(Value::from_bool(holds(op, left < right ? -1 : left > right)));
  }
  if (!check_native_stack(thread)) return Ref();
  Type* left = type_of(a);
  Type* right = type_of(b);
  int index = static_cast<int>(op);
  bool tried_right = false;
  // A subclass on the right goes first.
  if (left != right && is_subtype(right, left) && right->slots.compare) {
    tried_right = true;
    Ref result = right->slots.compare(thread, b, a, swapped[index]);
    if (!(result.get() == NotImplemented)) return result;
  }
  if (left->slots.compare) {
    Ref result = left->slots.compare(thread, a, b, op);
    if (!(result.get() == NotImplemented)) return result;
  }
  if (!tried_right && right->slots.compare) {
    Ref result = right->slots.compare(thread, b, a, swapped[index]);
    if (!(result.get() == NotImplemented)) return result;
  }
  if (op == CompareOp::Eq) return share(Value::from_bool(a == b));
  if (op == CompareOp::Ne) return share(Value::from_bool(!(a == b)));
  return raise_type_error(thread, fmt::format("'{}' not supported between instances of '{}' and '{}'",
                                              compare_symbol[index], type_name(a), type_name(b)));
}

int compare_bool(Thread& thread, Value a, Value b, CompareOp op) {
  // NaN, unboxed, is one Value: two NaNs of different origin must not look identical, but one and the same in
  // a list does.
  if (a == b) {
    if (op == CompareOp::Eq) return 1;
    if (op == CompareOp::Ne) return 0;
  }
  Ref result = compare(thread, a, b, op);
  if (!result) return -1;
  if (result.get().is_bool()) return result.get().as_bool();
  return truthy(thread, result);
}

int equals(Thread& thread, Value a, Value b) {
  if (a == b) return 1;
  if (both_int(a, b)) return 0;
  if (is_exact(a, str_type) && is_exact(b, str_type)) return str_equals(cast<Str>(a), cast<Str>(b));
  return compare_bool(thread, a, b, CompareOp::Eq);
}

int truthy(Thread& thread, Value value) {
  if (value.is_bool()) return value.as_bool();
  if (value.is_none()) return 0;
  if (value.is_int()) return value.as_int() != 0;
  if (value.is_double()) return value.as_double() != 0;
  const Slots& slots = type_of(value)->slots;
  if (slots.truthy) return slots.truthy(thread, value);
  if (slots.length) {
    int64_t size = slots.length(thread, value);
    return size < 0 ? -1 : size > 0;
  }
  return 1;
}

} // namespace aspy
