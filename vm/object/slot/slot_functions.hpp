// The functions that slot_table.cpp puts into its table: `wrap_...` show a native slot as a method,
// `script_...` fill a slot by calling the script's method. Used by slot_table.cpp only, apart from what
// slot_table.hpp names.
#pragma once

#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/str.hpp"

namespace aspy {

// --- native slot -> method (slot_wrappers.cpp) ---
Ref wrap_unary(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_binary(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_reflected(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_power(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_reflected_power(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_compare(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_hash(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_call(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_init(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_finalize(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_get_attr(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_set_attr(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_del_attr(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_descr_get(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_descr_set(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_descr_delete(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_next(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_truthy(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_length(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_set_item(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_del_item(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);
Ref wrap_contains(Thread&, const SlotDef&, AnySlot, Value self, CallArgs);

// --- script method -> slot (slot_scripts.cpp) ---
Ref script_repr(Thread&, Value self);
Ref script_str(Thread&, Value self);
bool script_hash(Thread&, Value self, int64_t& out);
Ref script_call(Thread&, Value self, CallArgs);
bool script_init(Thread&, Value self, CallArgs);
void script_finalize(Thread&, Object* self);
Ref script_get_attr(Thread&, Value self, Str* name);
bool script_set_attr(Thread&, Value self, Str* name, Value value_or_empty);
Ref script_compare(Thread&, Value a, Value b, CompareOp);
Ref script_descr_get(Thread&, Value descr, Value object_or_empty, Value type);
bool script_descr_set(Thread&, Value descr, Value object, Value value_or_empty);
Ref script_iter(Thread&, Value self);
Ref script_next(Thread&, Value self);
Ref script_await(Thread&, Value self);
Ref script_aiter(Thread&, Value self);
Ref script_anext(Thread&, Value self);
int script_truthy(Thread&, Value self);
int64_t script_length(Thread&, Value self);
Ref script_get_item(Thread&, Value self, Value key);
bool script_set_item(Thread&, Value self, Value key, Value value_or_empty);
int script_contains(Thread&, Value self, Value item);
Ref script_power3(Thread&, Value a, Value b, Value modulus);
// Calls `self.name(rest...)` as found on the type. TypeError-free when the method is missing: AttributeError.
Ref call_dunder(Thread& thread, Value self, Str* name, std::initializer_list<Value> rest = {});

// Shared body of the binary operators: which of `a.name(b)` and `b.reflected(a)` to call, in which order.
using BinaryFn = Ref (*)(Thread&, Value, Value);
Ref script_binary_dispatch(Thread& thread, BinaryOp op, BinaryFn own, Str* name, Str* reflected, Value a,
                           Value b);

template <BinaryOp Op, Str*& Name, Str*& Reflected> Ref script_binary_op(Thread& thread, Value a, Value b) {
  return script_binary_dispatch(thread, Op, script_binary_op<Op, Name, Reflected>, Name, Reflected, a, b);
}
template <Str*& Name> Ref script_unary(Thread& thread, Value self) { return call_dunder(thread, self, Name); }
template <Str*& Name> Ref script_binary_plain(Thread& thread, Value self, Value other) {
  return call_dunder(thread, self, Name, {other});
}

} // namespace aspy
