// How instances of a new class lie in memory: which base's layout it extends, and what __slots__ add. The
// picture is at the top of instance.cpp.
#include "vm/compiler/compiler.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/attribute/instance.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/type/class.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace aspy {
namespace {

// The nearest class in the chain of layouts that adds memory of its own; a __dict__ does not count.
Type* solid_base(Type* type) {
  for (; type->base; type = type->base) {
    if (type->is_heap() ? type->slots_count > 0 : type->instance_size != type->base->instance_size)
      return type;
  }
  return type;
}

// Data behind the struct: what a subclass adds must go in front of the header.
bool data_behind_struct(const Type* type) {
  return (type->flags & (TypeIsTuple | TypeIsStr | TypeIsBytes)) != 0;
}
// Types whose subclasses may not declare members.
bool refuses_members(const Type* type) {
  return (type->flags & (TypeIsTuple | TypeIsInt | TypeIsBytes)) != 0;
}

bool is_identifier(std::string_view text) {
  auto is_start = [](unsigned char c) {
    return c == '_' || c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
  };
  if (text.empty() || !is_start(static_cast<unsigned char>(text[0]))) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](unsigned char c) { return is_start(c) || (c >= '0' && c <= '9'); });
}

// What the class declares: names of members (mangled, sorted), and whether instances get a __dict__ and weak
// references.
struct Declared {
  bool has_slots = false, add_dict = false, add_weakrefs = false;
  std::vector<Str*> members;
};

bool read_slots(Thread& thread, Type* type, Dict* ns, Declared& out) {
  Type* base = type->base;
  bool may_add_dict =
      base->attrs_offset == 0 && !(base->flags & TypeIsType); // a class keeps its attributes in Type::dict
  bool may_add_weakrefs = !(base->flags & TypeWeakRefs) && !refuses_members(base);
  Value declared = dict_get(ns, names::dunder_slots);
  if (!declared) {
    out.add_dict = may_add_dict;
    out.add_weakrefs = may_add_weakrefs;
    return true;
  }
  out.has_slots = true;
  Own<Tuple> items = is_str(declared) ? make_tuple({declared}) : tuple_from_iterable(thread, declared);
  if (!items) return false;
  if (items->size && refuses_members(base))
    return raise_type_error(
        thread, fmt::format("nonempty __slots__ not supported for subtype of '{}'", base->name->view()));
  for (Value item : items->view()) {
    if (!is_str(item))
      return raise_type_error(thread,
                              fmt::format("__slots__ items must be strings, not '{}'", type_name(item)));
    Str* name = intern(cast<Str>(item));
    if (!is_identifier(name->view())) return raise_type_error(thread, "__slots__ must be identifiers");
    if (name == names::dunder_dict) {
      if (!may_add_dict || out.add_dict)
        return raise_type_error(thread, "__dict__ slot disallowed: we already got one");
      out.add_dict = true;
    } else if (name == names::dunder_weakref) {
      if (!may_add_weakrefs || out.add_weakrefs)
        return raise_type_error(thread, "__weakref__ slot disallowed: we already got one");
      out.add_weakrefs = true;
    } else {
      out.members.push_back(intern(mangle(type->name->view(), name->view())));
    }
  }
  for (Str* name : out.members)
    if (dict_get(ns, name) && name != names::dunder_qualname && name != names::dunder_classcell)
      return raise_value_error(
          thread, fmt::format("{} in __slots__ conflicts with class variable", quote(name->view())));
  std::sort(out.members.begin(), out.members.end(), [](Str* a, Str* b) { return a->view() < b->view(); });
  // Other bases may bring a __dict__ or weak references along.
  for (Value other : type->bases->view()) {
    if (other == Value(base)) continue;
    if (may_add_dict && cast<Type>(other)->attrs_offset) out.add_dict = true;
    if (may_add_weakrefs && (cast<Type>(other)->flags & TypeWeakRefs)) out.add_weakrefs = true;
  }
  return true;
}

// How many attributes to make room for inside an instance: those that methods of the class and its bases
// assign on `self`, as the compiler listed them; a few when it saw none.
uint32_t expected_attributes(Type* type, Dict* ns) {
  constexpr size_t most = 30, unknown = 4;
  std::vector<Value> names_seen;
  auto add = [&](Dict* dict) {
    Value listed = dict ? dict_get(dict, names::dunder_static_attributes) : Value();
    if (!is_tuple(listed)) return;
    for (Value name : cast<Tuple>(listed)->view())
      if (std::find(names_seen.begin(), names_seen.end(), name) == names_seen.end())
        names_seen.push_back(name);
  };
  add(ns);
  for (Value base : type->bases->view()) {
    Tuple* order = cast<Type>(base)->mro;
    for (size_t i = 0; order && i < order->size; ++i)
      if (cast<Type>((*order)[i])->is_heap()) add(cast<Type>((*order)[i])->dict);
  }
  size_t count = names_seen.empty() ? unknown : names_seen.size();
  return static_cast<uint32_t>(std::min(count, most));
}

} // namespace

Type* best_base(Thread& thread, Tuple* bases) {
  Type* winner = nullptr;
  Type* base = nullptr;
  for (Value entry : bases->view()) {
    Type* candidate = cast<Type>(entry);
    if (candidate->flags & TypeFinal) {
      raise_type_error(thread,
                       fmt::format("type '{}' is not an acceptable base type", full_type_name(candidate)));
      return nullptr;
    }
    Type* solid = solid_base(candidate);
    if (!winner || (solid != winner && is_subtype(solid, winner))) {
      winner = solid;
      base = candidate;
    } else if (!is_subtype(winner, solid)) {
      raise_type_error(thread, "multiple bases have instance lay-out conflict");
      return nullptr;
    }
  }
  return base;
}

bool lay_out_class(Thread& thread, Type* type, Dict* ns) {
  Declared declared;
  if (!read_slots(thread, type, ns, declared)) return false;
  Type* base = type->base;
  auto count = static_cast<uint32_t>(declared.members.size());
  uint32_t members_size = count * sizeof(Value);
  type->slots_count = count;
  type->attrs_offset = base->attrs_offset;
  type->prefix_size = base->prefix_size;
  type->instance_size = base->instance_size;
  if (data_behind_struct(base)) {
    uint32_t added = members_size + (declared.add_dict ? static_cast<uint32_t>(sizeof(Attrs)) : 0);
    type->prefix_size += (added + 15) & ~15u; // the header stays aligned
    type->slots_offset = -static_cast<int32_t>(type->prefix_size);
    if (declared.add_dict) type->attrs_offset = type->slots_offset + static_cast<int32_t>(members_size);
  } else {
    type->slots_offset = static_cast<int32_t>(type->instance_size);
    type->instance_size += members_size;
    if (declared.add_dict) {
      type->attrs_offset = static_cast<int32_t>(type->instance_size);
      type->instance_size += sizeof(Attrs);
    }
    if (type->attrs_offset && !(type->flags & TypeIsType)) type->attrs_hint = expected_attributes(type, ns);
  }
  if (!type->attrs_offset) type->flags |= TypeSlotsOnly;
  if (declared.add_weakrefs) type->flags |= TypeWeakRefs;

  bool is_plain = count == 0 && (base == &object_type || base->slots.dealloc == plain_instance_dealloc);
  if (type->flags & TypeIsType) {
    // Classes themselves: type's own lifetime functions know all there is.
  } else if (is_plain) {
    type->slots.dealloc = plain_instance_dealloc;
    type->slots.traverse = plain_instance_traverse;
    type->slots.clear = plain_instance_clear;
  } else {
    type->slots.dealloc = instance_dealloc;
    type->slots.traverse = instance_traverse;
    type->slots.clear = instance_clear;
  }

  if (declared.has_slots) {
    Own<Tuple> listed = new_tuple(count);
    for (uint32_t i = 0; i < count; ++i) {
      listed->items()[i] = share(declared.members[i]).release();
      auto offset = type->slots_offset + static_cast<int32_t>(i * sizeof(Value));
      dict_set(type->dict, declared.members[i], make_member(declared.members[i], type, offset));
    }
    type->slot_names = listed.release();
  }
  if (declared.add_dict) dict_set(type->dict, names::dunder_dict, make_getset(instance_dict_getset, type));
  if (declared.add_weakrefs)
    dict_set(type->dict, names::dunder_weakref, make_getset(instance_weakref_getset, type));
  return true;
}

} // namespace aspy
