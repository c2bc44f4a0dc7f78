// The one table that ties dunder names to slots, in both directions:
//   - a native type that fills a slot shows it to scripts as a *slot wrapper* (`wrap`);
//   - a script class that defines the method gets the slot filled with a function that calls it (`script`).
//
// Several names may share a slot (__add__ and __radd__, __set__ and __delete__), and one name may stand for
// two slots (__add__ for the number's and the sequence's +).
#pragma once

#include "vm/object/type/type.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace aspy {

using AnySlot = void (*)(); // a slot's function, whatever its type

struct SlotDef;
// Calls the native slot `fn` as the method `def.name` of `self`.
using SlotWrap = Ref (*)(Thread& thread, const SlotDef& def, AnySlot fn, Value self, CallArgs args);

struct SlotDef {
  Str** name;                 // in names::
  uint8_t slot;               // index into Slots, counted in pointers
  uint8_t extra;              // for `wrap`: the CompareOp
  uint8_t min_args, max_args; // of the wrapper, self not counted
  AnySlot script;             // null: a script method of this name does not fill this slot
  SlotWrap wrap;              // null: the slot is not shown as a wrapper
  const char* params;         // as in NativeDef
  const char* doc;
};

inline constexpr int slot_count = sizeof(Slots) / sizeof(AnySlot);
static_assert(slot_count <= 64, "Type::own_slots has a bit for each slot");

inline AnySlot* slot_array(Slots& slots) { return reinterpret_cast<AnySlot*>(&slots); }

// Every definition; those of one name stand together.
std::span<const SlotDef> slot_defs();
// The definitions of one (interned) name; empty for other names.
std::span<const SlotDef> slot_defs_of(Str* name);
// True for a name that some slot follows; quick.
inline bool looks_like_dunder(std::string_view text) {
  return text.size() > 4 && text[0] == '_' && text[1] == '_' && text.back() == '_';
}

// Recomputes the slots that `name` stands for from what the type finds under its names now.
void update_slots(Type* type, Str* name);
// The same for all names: a class with several bases.
void update_all_slots(Type* type);
// Keeps the flags that summarise slots (TypeGenericGet, TypeUserInit ...) true.
void update_slot_flags(Type* type);

// What slots hold whose functions other files must recognise.
bool hash_not_implemented(Thread& thread, Value self, int64_t& out); // raises TypeError "unhashable type"
Ref script_construct(Thread& thread, Type* type, CallArgs args);     // calls a script's __new__
Ref type_get_attr(Thread& thread, Value type, Str* name);            // type.__getattribute__
bool type_set_attr_slot(Thread& thread, Value type, Str* name, Value value_or_empty);
Ref object_construct(Thread& thread, Type* type, CallArgs args);
bool object_init(Thread& thread, Value self, CallArgs args);

// list.__len__ found on a native type.
struct SlotWrapper : Object {
  const SlotDef* def = nullptr;
  Type* owner = nullptr; // borrowed: static
  AnySlot fn = nullptr;
};
Ref make_slot_wrapper(const SlotDef& def, Type* owner, AnySlot fn);
// The native `__new__` of a type; `native_new_owner` tells whose it is, null for anything else.
Ref make_native_new(Type* owner);
Type* native_new_owner(Value value);

} // namespace aspy
