// The table of slot_table.hpp, and how a type's slots follow its attributes.
#include "vm/object/slot/slot_table.hpp"

#include "vm/object/callable/native.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_functions.hpp"
#include "vm/object/text/str.hpp"

#include <cstddef>

namespace aspy {
namespace {

template <class Fn> AnySlot any(Fn* fn) { return reinterpret_cast<AnySlot>(fn); }

#define ASPY_SLOT(member) static_cast<uint8_t>(offsetof(Slots, member) / sizeof(AnySlot))

constexpr uint8_t binary_slot(BinaryOp op) {
  return static_cast<uint8_t>(ASPY_SLOT(binary) + static_cast<uint8_t>(op));
}
constexpr uint8_t inplace_slot(BinaryOp op) {
  return static_cast<uint8_t>(ASPY_SLOT(inplace) + static_cast<uint8_t>(op));
}
constexpr uint8_t extra(CompareOp op) { return static_cast<uint8_t>(op); }

template <BinaryOp Op, Str*& Name, Str*& Reflected> AnySlot script_binary() {
  return any(script_binary_op<Op, Name, Reflected>);
}

// The order is that of the wrappers in a type's dict, so that dir() and vars() look familiar.
const SlotDef table[] = {
    {&names::dunder_new, ASPY_SLOT(construct), 0, 0, 255, any(script_construct), nullptr, "", nullptr},
    {&names::dunder_repr, ASPY_SLOT(repr), 0, 0, 0, any(script_repr), wrap_unary, "", "Return repr(self)."},
    {&names::dunder_hash, ASPY_SLOT(hash), 0, 0, 0, any(script_hash), wrap_hash, "", "Return hash(self)."},
    {&names::dunder_call, ASPY_SLOT(call), 0, 0, 255, any(script_call), wrap_call, "*args, **kwargs",
     "Call self as a function."},
    {&names::dunder_str, ASPY_SLOT(str), 0, 0, 0, any(script_str), wrap_unary, "", "Return str(self)."},
    {&names::dunder_getattribute, ASPY_SLOT(get_attr), 0, 1, 1, any(script_get_attr), wrap_get_attr, "name",
     "Return getattr(self, name)."},
    {&names::dunder_getattr, ASPY_SLOT(get_attr), 0, 1, 1, any(script_get_attr), nullptr, "name", nullptr},
    {&names::dunder_setattr, ASPY_SLOT(set_attr), 0, 2, 2, any(script_set_attr), wrap_set_attr, "name, value",
     "Implement setattr(self, name, value)."},
    {&names::dunder_delattr, ASPY_SLOT(set_attr), 0, 1, 1, any(script_set_attr), wrap_del_attr, "name",
     "Implement delattr(self, name)."},
    {&names::dunder_lt, ASPY_SLOT(compare), extra(CompareOp::Lt), 1, 1, any(script_compare), wrap_compare,
     "value", "Return self<value."},
    {&names::dunder_le, ASPY_SLOT(compare), extra(CompareOp::Le), 1, 1, any(script_compare), wrap_compare,
     "value", "Return self<=value."},
    {&names::dunder_eq, ASPY_SLOT(compare), extra(CompareOp::Eq), 1, 1, any(script_compare), wrap_compare,
     "value", "Return self==value."},
    {&names::dunder_ne, ASPY_SLOT(compare), extra(CompareOp::Ne), 1, 1, any(script_compare), wrap_compare,
     "value", "Return self!=value."},
    {&names::dunder_gt, ASPY_SLOT(compare), extra(CompareOp::Gt), 1, 1, any(script_compare), wrap_compare,
     "value", "Return self>value."},
    {&names::dunder_ge, ASPY_SLOT(compare), extra(CompareOp::Ge), 1, 1, any(script_compare), wrap_compare,
     "value", "Return self>=value."},
    {&names::dunder_iter, ASPY_SLOT(iter), 0, 0, 0, any(script_iter), wrap_unary, "",
     "Implement iter(self)."},
    {&names::dunder_next, ASPY_SLOT(next), 0, 0, 0, any(script_next), wrap_next, "", "Implement next(self)."},
    {&names::dunder_get, ASPY_SLOT(descr_get), 0, 1, 2, any(script_descr_get), wrap_descr_get,
     "instance, owner=None", "Return an attribute of instance, which is of type owner."},
    {&names::dunder_set, ASPY_SLOT(descr_set), 0, 2, 2, any(script_descr_set), wrap_descr_set,
     "instance, value", "Set an attribute of instance to value."},
    {&names::dunder_delete, ASPY_SLOT(descr_set), 0, 1, 1, any(script_descr_set), wrap_descr_delete,
     "instance", "Delete an attribute of instance."},
    {&names::dunder_init, ASPY_SLOT(init), 0, 0, 255, any(script_init), wrap_init, "*args, **kwargs",
     "Initialize self.  See help(type(self)) for accurate signature."},
    {&names::dunder_del, ASPY_SLOT(finalize), 0, 0, 0, any(script_finalize), wrap_finalize, "", nullptr},
    {&names::dunder_await, ASPY_SLOT(await_iter), 0, 0, 0, any(script_await), wrap_unary, "",
     "Return an iterator to be used in await expression."},
    {&names::dunder_aiter, ASPY_SLOT(aiter), 0, 0, 0, any(script_aiter), wrap_unary, "",
     "Return an awaitable, that resolves in asynchronous iterator."},
    {&names::dunder_anext, ASPY_SLOT(anext), 0, 0, 0, any(script_anext), wrap_unary, "",
     "Return a value or raise StopAsyncIteration."},

    {&names::dunder_add, binary_slot(BinaryOp::Add), 0, 1, 1,
     script_binary<BinaryOp::Add, names::dunder_add, names::dunder_radd>(), wrap_binary, "value",
     "Return self+value."},
    {&names::dunder_add, ASPY_SLOT(concat), 0, 1, 1, nullptr, wrap_binary, "value", "Return self+value."},
    {&names::dunder_radd, binary_slot(BinaryOp::Add), 0, 1, 1,
     script_binary<BinaryOp::Add, names::dunder_add, names::dunder_radd>(), wrap_reflected, "value",
     "Return value+self."},
    {&names::dunder_sub, binary_slot(BinaryOp::Sub), 0, 1, 1,
     script_binary<BinaryOp::Sub, names::dunder_sub, names::dunder_rsub>(), wrap_binary, "value",
     "Return self-value."},
    {&names::dunder_rsub, binary_slot(BinaryOp::Sub), 0, 1, 1,
     script_binary<BinaryOp::Sub, names::dunder_sub, names::dunder_rsub>(), wrap_reflected, "value",
     "Return value-self."},
    {&names::dunder_mul, binary_slot(BinaryOp::Mul), 0, 1, 1,
     script_binary<BinaryOp::Mul, names::dunder_mul, names::dunder_rmul>(), wrap_binary, "value",
     "Return self*value."},
    {&names::dunder_mul, ASPY_SLOT(repeat), 0, 1, 1, nullptr, wrap_binary, "value", "Return self*value."},
    {&names::dunder_rmul, binary_slot(BinaryOp::Mul), 0, 1, 1,
     script_binary<BinaryOp::Mul, names::dunder_mul, names::dunder_rmul>(), wrap_reflected, "value",
     "Return value*self."},
    {&names::dunder_rmul, ASPY_SLOT(repeat), 0, 1, 1, nullptr, wrap_binary, "value", "Return value*self."},
    {&names::dunder_mod, binary_slot(BinaryOp::Mod), 0, 1, 1,
     script_binary<BinaryOp::Mod, names::dunder_mod, names::dunder_rmod>(), wrap_binary, "value",
     "Return self%value."},
    {&names::dunder_rmod, binary_slot(BinaryOp::Mod), 0, 1, 1,
     script_binary<BinaryOp::Mod, names::dunder_mod, names::dunder_rmod>(), wrap_reflected, "value",
     "Return value%self."},
    {&names::dunder_pow, binary_slot(BinaryOp::Pow), 0, 1, 2,
     script_binary<BinaryOp::Pow, names::dunder_pow, names::dunder_rpow>(), wrap_power, "value, mod=None",
     "Return pow(self, value, mod)."},
    {&names::dunder_pow, ASPY_SLOT(power3), 0, 1, 2, any(script_power3), nullptr, "value, mod=None", nullptr},
    {&names::dunder_rpow, binary_slot(BinaryOp::Pow), 0, 1, 2,
     script_binary<BinaryOp::Pow, names::dunder_pow, names::dunder_rpow>(), wrap_reflected_power,
     "value, mod=None", "Return pow(value, self, mod)."},
    {&names::dunder_rpow, ASPY_SLOT(power3), 0, 1, 2, any(script_power3), nullptr, "value, mod=None",
     nullptr},
    {&names::dunder_neg, ASPY_SLOT(negative), 0, 0, 0, any(script_unary<names::dunder_neg>), wrap_unary, "",
     "-self"},
    {&names::dunder_pos, ASPY_SLOT(positive), 0, 0, 0, any(script_unary<names::dunder_pos>), wrap_unary, "",
     "+self"},
    {&names::dunder_abs, ASPY_SLOT(absolute), 0, 0, 0, any(script_unary<names::dunder_abs>), wrap_unary, "",
     "abs(self)"},
    {&names::dunder_bool, ASPY_SLOT(truthy), 0, 0, 0, any(script_truthy), wrap_truthy, "",
     "True if self else False"},
    {&names::dunder_invert, ASPY_SLOT(invert), 0, 0, 0, any(script_unary<names::dunder_invert>), wrap_unary,
     "", "~self"},
    {&names::dunder_lshift, binary_slot(BinaryOp::LShift), 0, 1, 1,
     script_binary<BinaryOp::LShift, names::dunder_lshift, names::dunder_rlshift>(), wrap_binary, "value",
     "Return self<<value."},
    {&names::dunder_rlshift, binary_slot(BinaryOp::LShift), 0, 1, 1,
     script_binary<BinaryOp::LShift, names::dunder_lshift, names::dunder_rlshift>(), wrap_reflected, "value",
     "Return value<<self."},
    {&names::dunder_rshift, binary_slot(BinaryOp::RShift), 0, 1, 1,
     script_binary<BinaryOp::RShift, names::dunder_rshift, names::dunder_rrshift>(), wrap_binary, "value",
     "Return self>>value."},
    {&names::dunder_rrshift, binary_slot(BinaryOp::RShift), 0, 1, 1,
     script_binary<BinaryOp::RShift, names::dunder_rshift, names::dunder_rrshift>(), wrap_reflected, "value",
     "Return value>>self."},
    {&names::dunder_and, binary_slot(BinaryOp::And), 0, 1, 1,
     script_binary<BinaryOp::And, names::dunder_and, names::dunder_rand>(), wrap_binary, "value",
     "Return self&value."},
    {&names::dunder_rand, binary_slot(BinaryOp::And), 0, 1, 1,
     script_binary<BinaryOp::And, names::dunder_and, names::dunder_rand>(), wrap_reflected, "value",
     "Return value&self."},
    {&names::dunder_xor, binary_slot(BinaryOp::Xor), 0, 1, 1,
     script_binary<BinaryOp::Xor, names::dunder_xor, names::dunder_rxor>(), wrap_binary, "value",
     "Return self^value."},
    {&names::dunder_rxor, binary_slot(BinaryOp::Xor), 0, 1, 1,
     script_binary<BinaryOp::Xor, names::dunder_xor, names::dunder_rxor>(), wrap_reflected, "value",
     "Return value^self."},
    {&names::dunder_or, binary_slot(BinaryOp::Or), 0, 1, 1,
     script_binary<BinaryOp::Or, names::dunder_or, names::dunder_ror>(), wrap_binary, "value",
     "Return self|value."},
    {&names::dunder_ror, binary_slot(BinaryOp::Or), 0, 1, 1,
     script_binary<BinaryOp::Or, names::dunder_or, names::dunder_ror>(), wrap_reflected, "value",
     "Return value|self."},
    {&names::dunder_int, ASPY_SLOT(to_int), 0, 0, 0, any(script_unary<names::dunder_int>), wrap_unary, "",
     "int(self)"},
    {&names::dunder_float, ASPY_SLOT(to_float), 0, 0, 0, any(script_unary<names::dunder_float>), wrap_unary,
     "", "float(self)"},
    {&names::dunder_iadd, inplace_slot(BinaryOp::Add), 0, 1, 1, any(script_binary_plain<names::dunder_iadd>),
     wrap_binary, "value", "Return self+=value."},
    {&names::dunder_iadd, ASPY_SLOT(inplace_concat), 0, 1, 1, nullptr, wrap_binary, "value",
     "Implement self+=value."},
    {&names::dunder_isub, inplace_slot(BinaryOp::Sub), 0, 1, 1, any(script_binary_plain<names::dunder_isub>),
     wrap_binary, "value", "Return self-=value."},
    {&names::dunder_imul, inplace_slot(BinaryOp::Mul), 0, 1, 1, any(script_binary_plain<names::dunder_imul>),
     wrap_binary, "value", "Return self*=value."},
    {&names::dunder_imul, ASPY_SLOT(inplace_repeat), 0, 1, 1, nullptr, wrap_binary, "value",
     "Implement self*=value."},
    {&names::dunder_imod, inplace_slot(BinaryOp::Mod), 0, 1, 1, any(script_binary_plain<names::dunder_imod>),
     wrap_binary, "value", "Return self%=value."},
    {&names::dunder_ipow, inplace_slot(BinaryOp::Pow), 0, 1, 1, any(script_binary_plain<names::dunder_ipow>),
     wrap_binary, "value", "Return self**=value."},
    {&names::dunder_ilshift, inplace_slot(BinaryOp::LShift), 0, 1, 1,
     any(script_binary_plain<names::dunder_ilshift>), wrap_binary, "value", "Return self<<=value."},
    {&names::dunder_irshift, inplace_slot(BinaryOp::RShift), 0, 1, 1,
     any(script_binary_plain<names::dunder_irshift>), wrap_binary, "value", "Return self>>=value."},
    {&names::dunder_iand, inplace_slot(BinaryOp::And), 0, 1, 1, any(script_binary_plain<names::dunder_iand>),
     wrap_binary, "value", "Return self&=value."},
    {&names::dunder_ixor, inplace_slot(BinaryOp::Xor), 0, 1, 1, any(script_binary_plain<names::dunder_ixor>),
     wrap_binary, "value", "Return self^=value."},
    {&names::dunder_ior, inplace_slot(BinaryOp::Or), 0, 1, 1, any(script_binary_plain<names::dunder_ior>),
     wrap_binary, "value", "Return self|=value."},
    {&names::dunder_floordiv, binary_slot(BinaryOp::FloorDiv), 0, 1, 1,
     script_binary<BinaryOp::FloorDiv, names::dunder_floordiv, names::dunder_rfloordiv>(), wrap_binary,
     "value", "Return self//value."},
    {&names::dunder_rfloordiv, binary_slot(BinaryOp::FloorDiv), 0, 1, 1,
     script_binary<BinaryOp::FloorDiv, names::dunder_floordiv, names::dunder_rfloordiv>(), wrap_reflected,
     "value", "Return value//self."},
    {&names::dunder_truediv, binary_slot(BinaryOp::TrueDiv), 0, 1, 1,
     script_binary<BinaryOp::TrueDiv, names::dunder_truediv, names::dunder_rtruediv>(), wrap_binary, "value",
     "Return self/value."},
    {&names::dunder_rtruediv, binary_slot(BinaryOp::TrueDiv), 0, 1, 1,
     script_binary<BinaryOp::TrueDiv, names::dunder_truediv, names::dunder_rtruediv>(), wrap_reflected,
     "value", "Return value/self."},
    {&names::dunder_ifloordiv, inplace_slot(BinaryOp::FloorDiv), 0, 1, 1,
     any(script_binary_plain<names::dunder_ifloordiv>), wrap_binary, "value", "Return self//=value."},
    {&names::dunder_itruediv, inplace_slot(BinaryOp::TrueDiv), 0, 1, 1,
     any(script_binary_plain<names::dunder_itruediv>), wrap_binary, "value", "Return self/=value."},
    {&names::dunder_index, ASPY_SLOT(index), 0, 0, 0, any(script_unary<names::dunder_index>), wrap_unary, "",
     "Return self converted to an integer, if self is suitable for use as an index into a list."},
    {&names::dunder_matmul, binary_slot(BinaryOp::MatMul), 0, 1, 1,
     script_binary<BinaryOp::MatMul, names::dunder_matmul, names::dunder_rmatmul>(), wrap_binary, "value",
     "Return self@value."},
    {&names::dunder_rmatmul, binary_slot(BinaryOp::MatMul), 0, 1, 1,
     script_binary<BinaryOp::MatMul, names::dunder_matmul, names::dunder_rmatmul>(), wrap_reflected, "value",
     "Return value@self."},
    {&names::dunder_imatmul, inplace_slot(BinaryOp::MatMul), 0, 1, 1,
     any(script_binary_plain<names::dunder_imatmul>), wrap_binary, "value", "Return self@=value."},
    {&names::dunder_len, ASPY_SLOT(length), 0, 0, 0, any(script_length), wrap_length, "",
     "Return len(self)."},
    {&names::dunder_getitem, ASPY_SLOT(get_item), 0, 1, 1, any(script_get_item), wrap_binary, "key",
     "Return self[key]."},
    {&names::dunder_setitem, ASPY_SLOT(set_item), 0, 2, 2, any(script_set_item), wrap_set_item, "key, value",
     "Set self[key] to value."},
    {&names::dunder_delitem, ASPY_SLOT(set_item), 0, 1, 1, any(script_set_item), wrap_del_item, "key",
     "Delete self[key]."},
    {&names::dunder_contains, ASPY_SLOT(contains), 0, 1, 1, any(script_contains), wrap_contains, "key",
     "Return bool(key in self)."},
};
constexpr int table_size = static_cast<int>(std::size(table));

// Names are found by address: an open-addressing index of 256 bytes over the interned strings, filled once.
// The table's rows for one name stand together, so a name maps to its first row.
struct NameIndex {
  static constexpr size_t size = 512;
  uint8_t first[size] = {}; // row + 1; 0: free
  bool ready = false;

  static size_t start(const Str* name) {
    return (reinterpret_cast<uintptr_t>(name) >> 4) * 0x9E3779B1u >> 3 & (size - 1);
  }
  void fill() {
    ready = true;
    for (int row = 0; row < table_size; ++row) {
      if (row > 0 && *table[row].name == *table[row - 1].name) continue;
      size_t at = start(*table[row].name);
      while (first[at]) at = (at + 1) & (size - 1);
      first[at] = static_cast<uint8_t>(row + 1);
    }
  }
} name_index;

// What the attribute `found` under definition `def` asks for in the slot: a native function that may be put
// there as it is, or null when the generic script function must look the method up at each call.
AnySlot specific_function(Type* type, const SlotDef& def, Value found) {
  if (def.slot == ASPY_SLOT(construct)) {
    Type* owner = native_new_owner(found);
    return owner && is_subtype(type, owner) ? any(owner->slots.construct) : nullptr;
  }
  if (is_exact(found, slot_wrapper_type)) {
    auto* wrapper = cast<SlotWrapper>(found);
    if (wrapper->def->slot == def.slot && wrapper->def->wrap == def.wrap && is_subtype(type, wrapper->owner))
      return wrapper->fn;
    return nullptr;
  }
  if (found.is_none() && def.slot == ASPY_SLOT(hash)) return any(hash_not_implemented);
  return nullptr;
}

// Recomputes one slot from all the names that stand for it.
void update_slot(Type* type, uint8_t slot) {
  AnySlot specific = nullptr, generic = nullptr;
  bool use_generic = false;
  for (const SlotDef& def : table) {
    if (def.slot != slot) continue;
    Value found = type_lookup(type, *def.name);
    if (!found) continue;
    if (def.script) generic = def.script;
    AnySlot fn = specific_function(type, def, found);
    if (fn && (!specific || specific == fn)) specific = fn;
    else if (is_exact(found, slot_wrapper_type) && cast<SlotWrapper>(found)->def->name == def.name &&
             cast<SlotWrapper>(found)->def->slot != slot && is_subtype(type, cast<SlotWrapper>(found)->owner))
      continue; // the sequence's __add__ leaves the number's slot alone, and the other way round
    else use_generic = true;
  }
  slot_array(type->slots)[slot] = specific && !use_generic ? specific : use_generic ? generic : nullptr;
}

} // namespace

std::span<const SlotDef> slot_defs() { return table; }

std::span<const SlotDef> slot_defs_of(Str* name) {
  if (!name_index.ready) name_index.fill();
  for (size_t at = NameIndex::start(name); name_index.first[at]; at = (at + 1) & (NameIndex::size - 1)) {
    int row = name_index.first[at] - 1, end = row;
    if (*table[row].name != name) continue;
    while (end < table_size && *table[end].name == name) ++end;
    return {table + row, static_cast<size_t>(end - row)};
  }
  return {};
}

void update_slots(Type* type, Str* name) {
  for (const SlotDef& def : slot_defs_of(name)) update_slot(type, def.slot);
  // A native container's quick truth test and a native awaitable's quick step do not know of script methods.
  if (name == names::dunder_len) update_slot(type, ASPY_SLOT(truthy));
  if (type->slots.send && (type->slots.await_iter == script_await || type->slots.next == script_next))
    type->slots.send = nullptr;
  update_slot_flags(type);
}

void update_all_slots(Type* type) {
  uint64_t done = 0;
  for (const SlotDef& def : table) {
    if (done >> def.slot & 1) continue;
    done |= uint64_t{1} << def.slot;
    update_slot(type, def.slot);
  }
  update_slot_flags(type);
}

} // namespace aspy
