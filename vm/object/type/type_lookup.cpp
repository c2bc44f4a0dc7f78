// Finding attributes along the method resolution order, with one global cache; versions that keep every cache
// honest; the weak list of subclasses that versions travel down.
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/type/subclasses.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy {
namespace {

// What (type version, interned name) was last found to be. Values are borrowed: whatever removes one from a
// type's dict gives the type a new version first, so that its entry can't match again.
struct CacheEntry {
  uint32_t version = 0;
  Str* name = nullptr;
  Value found;
};
constexpr uint32_t cache_size = 4096;
CacheEntry cache[cache_size];

CacheEntry& cache_entry(uint32_t version, const Str* name) {
  auto address = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(name) >> 4);
  return cache[(version * 0x9E3779B1u ^ address) & (cache_size - 1)];
}

uint32_t next_version = 1;

Value search_mro(Type* type, Str* name) {
  if (!type->mro) return type->dict ? dict_get(type->dict, name) : Value(); // while it is being made
  for (Value base : type->mro->view())
    if (Value found = dict_get(type_dict(cast<Type>(base)), name)) return found;
  return Value();
}

} // namespace

Value type_lookup(Type* type, Str* name) {
  if (type->version == 0 || !name->is_interned) return search_mro(type, name);
  CacheEntry& entry = cache_entry(type->version, name);
  if (entry.version == type->version && entry.name == name) return entry.found;
  Value found = search_mro(type, name);
  // Searching may fill a static type's dict, but never changes a version.
  entry = {type->version, name, found};
  return found;
}

void type_assign_version(Type* type) {
  // When numbers run out types just stop being cached.
  type->version = next_version ? next_version++ : 0;
}

void type_modified(Type* type) {
  type_assign_version(type);
  for_each_subclass(type, type_modified);
}

bool is_subtype(const Type* type, const Type* base) {
  if (type == base) return true;
  if (!type->mro) { // while it is being made
    for (; type; type = type->base)
      if (type == base) return true;
    return base == &object_type;
  }
  const Value wanted{base};
  for (Value entry : type->mro->view())
    if (entry == wanted) return true;
  return false;
}

// --- subclasses ----------------------------------------------------------------------------------

void add_subclass(Type* base, Type* type) {
  if (!base->subclasses) base->subclasses = new Subclasses();
  base->subclasses->types.push_back(type);
}

void remove_subclass(Type* base, Type* type) {
  if (!base->subclasses) return;
  auto& types = base->subclasses->types;
  types.erase(std::remove(types.begin(), types.end(), type), types.end());
}

// --- changing ------------------------------------------------------------------------------------

namespace {
// Slots of the type and of every subclass that does not have the name itself.
void update_slots_below(Type* type, Str* name) {
  update_slots(type, name);
  if (!type->subclasses) return;
  for (Type* sub : type->subclasses->types)
    if (sub->dict && !dict_get(sub->dict, name)) update_slots_below(sub, name);
}
void mark_patched(Type* type) {
  if (!type->is_heap()) type->flags |= TypePatched;
  for_each_subclass(type, mark_patched);
}
} // namespace

bool type_set_attr(Thread& thread, Type* type, Str* name, Value value, bool from_script) {
  bool open = (type->flags & (TypeHeap | TypeOpen)) != 0;
  if (from_script && !open) {
    return raise_type_error(thread, fmt::format("cannot set {} attribute of immutable type '{}'",
                                                quote(name->view()), full_type_name(type)));
  }
  name = intern(name);
  Dict* dict = type_dict(type);
  // The old value must outlive its cache entries, and a finaliser must see the new state.
  Ref old = share(dict_get(dict, name));
  if (value) {
    dict_set(dict, name, value);
  } else if (!dict_remove(dict, name)) {
    raise_attribute_error(
        thread, Value(type), name,
        fmt::format("type object '{}' has no attribute '{}'", bare_type_name(type), name->view()));
    return false;
  }
  if (from_script && !type->is_heap()) mark_patched(type);
  type_modified(type);
  if (looks_like_dunder(name->view()) && !slot_defs_of(name).empty() && open) {
    update_slots_below(type, name);
    type_modified(type);
  }
  return true;
}

} // namespace aspy
