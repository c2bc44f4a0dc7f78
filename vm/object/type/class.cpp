// type.__new__: a class from its name, bases and namespace.
#include "vm/object/type/class.hpp"

#include "vm/interpreter/call.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/warnings.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/type/subclasses.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace aspy {

Type* calculate_metaclass(Thread& thread, Type* metatype, Tuple* bases) {
  Type* winner = metatype;
  for (Value base : bases->view()) {
    Type* candidate = type_of(base);
    if (is_subtype(winner, candidate)) continue;
    if (is_subtype(candidate, winner)) {
      winner = candidate;
      continue;
    }
    raise_type_error(
        thread, "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of "
                "the metaclasses of all its bases");
    return nullptr;
  }
  return winner;
}

namespace {

// --- the namespace -------------------------------------------------------------------------------

bool set_module_and_name(Thread& thread, Type* type) {
  Dict* dict = type->dict;
  if (!dict_get(dict, names::dunder_module)) {
    Dict* globals = current_globals(thread);
    if (Value module = globals ? dict_get(globals, names::dunder_name) : Value())
      dict_set(dict, names::dunder_module, module);
  }
  Ref qualname = dict_pop(dict, names::dunder_qualname);
  if (!qualname) {
    type->qualname = Own<Str>::share(type->name).release();
    return true;
  }
  if (!is_str(qualname))
    return raise_type_error(thread,
                            fmt::format("type __qualname__ must be a str, not {}", type_name(qualname)));
  type->qualname = cast<Str>(qualname.release());
  return true;
}

// __new__ is a static method and two hooks are class methods without saying so.
void wrap_implicit_methods(Dict* dict) {
  Value make = dict_get(dict, names::dunder_new);
  if (is_exact(make, function_type)) dict_set(dict, names::dunder_new, make_static_method(make));
  for (Str* name : {names::dunder_init_subclass, names::dunder_class_getitem}) {
    Value hook = dict_get(dict, name);
    if (is_exact(hook, function_type)) dict_set(dict, name, make_class_method(hook));
  }
}

// Tells the methods' `__class__` cell which class it is.
bool set_class_cell(Thread& thread, Type* type) {
  Ref cell = dict_pop(type->dict, names::dunder_classcell);
  if (!cell) return true;
  if (!is_exact(cell, cell_type)) {
    Ref text = repr(thread, Value(type_of(cell)));
    if (!text) return false;
    return raise_type_error(
        thread, fmt::format("__classcell__ must be a nonlocal cell, not {}", cast<Str>(text)->view()));
  }
  assign(cast<Cell>(cell)->contents, share(Value(type)));
  return true;
}

// --- order and slots -----------------------------------------------------------------------------

bool set_order(Thread& thread, Type* type) {
  Own<Tuple> order;
  static Str* const mro_name = intern("mro");
  Value custom = type->type == &type_type ? Value() : type_lookup(type->type, mro_name);
  if (custom && !(custom == type_lookup(&type_type, mro_name))) {
    Ref made = call_found(thread, custom, Value(type));
    if (!made) return false;
    order = tuple_from_iterable(thread, made);
    if (!order) return false;
    for (Value entry : order->view())
      if (!is_instance(entry, type_type))
        return raise_type_error(thread, fmt::format("mro() returned a non-class ('{}')", type_name(entry)));
  } else {
    order = linearise(thread, type, type->bases);
    if (!order) return false;
  }
  Tuple* old = std::exchange(type->mro, order.release());
  if (old) decref(static_cast<Object*>(old));
  return true;
}

constexpr uint32_t inherited_flags = TypeIsInt | TypeIsStr | TypeIsList | TypeIsTuple | TypeIsDict |
                                     TypeIsType | TypeIsException | TypeIsBytes | TypeIsFloat | TypeIsSet |
                                     TypeWeakRefs | TypeSideAttrs;

// A class begins with the slots of its base, and only recomputes those that the namespace of another class in
// its order names: itself, in most cases.
void fill_slots(Type* type) {
  if (!is_subtype(type, type->base)) return update_all_slots(type); // a metaclass's own mro() left it out
  for (Value entry : type->mro->view()) {
    auto* source = cast<Type>(entry);
    if (is_subtype(type->base, source)) continue;
    Value key, value;
    for (uint32_t at = 0; dict_next(type_dict(source), at, key, value);) {
      if (!is_str(key) || !looks_like_dunder(cast<Str>(key)->view())) continue;
      update_slots(type, intern(cast<Str>(key)));
    }
  }
  update_slot_flags(type);
}

void inherit_other_bases(Type* type) {
  for (Value entry : type->bases->view()) {
    Type* base = cast<Type>(entry);
    // Patterns take it for what the first base is that they know.
    if (!(type->flags & (TypeIsSequence | TypeIsMapping)))
      type->flags |= base->flags & (TypeIsSequence | TypeIsMapping);
    if (base == type->base) continue;
    if (!type->slots.send && base->slots.send) type->slots.send = base->slots.send;
  }
}

// --- hooks ---------------------------------------------------------------------------------------

void add_set_name_note(Thread& thread, Value value, Value key, Type* type) {
  std::string name = is_str(key) ? quote(cast<Str>(key)->view()) : "?";
  Own<Str> note = make_str(fmt::format("Error calling __set_name__ on '{}' instance {} in '{}'",
                                       type_name(value), name, type->name->view()));
  Ref error = take_error(thread);
  Ref done = call_method(thread, error, "add_note", {note.value()});
  assign(thread.error, std::move(error));
}

// Tells each attribute that wants to know what it is called.
bool call_set_names(Thread& thread, Type* type) {
  struct Wanted {
    Ref value, key;
  };
  std::vector<Wanted> wanted;
  Value key, value;
  for (uint32_t at = 0; dict_next(type->dict, at, key, value);) {
    if (!value.is_object() || is_exact(value, function_type)) continue;
    if (type_lookup(type_of(value), names::dunder_set_name)) wanted.push_back({share(value), share(key)});
  }
  for (const Wanted& one : wanted) {
    Value found = type_lookup(type_of(one.value), names::dunder_set_name);
    if (!found) continue;
    if (call_found(thread, found, one.value, {Value(type), one.key})) continue;
    add_set_name_note(thread, one.value, one.key, type);
    return false;
  }
  return true;
}

// Attributes have names; anything else in a namespace is hardly meant.
bool warn_of_strange_keys(Thread& thread, Type* type) {
  Value key, value;
  for (uint32_t at = 0; dict_next(type->dict, at, key, value);)
    if (!is_str(key))
      return warn(thread, RuntimeWarning_type,
                  fmt::format("non-string key in the __dict__ of class {}", type->name->view()));
  return true;
}

bool call_init_subclass(Thread& thread, Type* type, CallArgs kwargs) {
  Ref hook = super_lookup(thread, type, Value(type), names::dunder_init_subclass);
  return hook && call(thread, hook, CallArgs{kwargs.args + kwargs.count, 0, kwargs.kwnames});
}

} // namespace

Own<Type> make_class(Thread& thread, Type* metatype, Str* name, Tuple* bases, Dict* ns, CallArgs kwargs) {
  Own<Tuple> actual = bases->size ? Own<Tuple>::share(bases) : make_tuple({Value(&object_type)});
  Type* base = best_base(thread, actual.get());
  if (!base) return nullptr;

  Own<Type> type = Own<Type>::steal(allocate<Type>(*metatype));
  type->refcount = 1; // a Type begins as the immortal kind
  type->flags = TypeHeap | TypeTracked | TypeReady | (base->flags & inherited_flags);
  type->name = Own<Str>::share(intern(name)).release();
  type->bases = actual.release();
  type->base = Own<Type>::share(base).release();
  type->dict = dict_copy(ns).release();
  type->slots = base->slots;
  inherit_other_bases(type.get());

  if (!set_module_and_name(thread, type.get())) return nullptr;
  wrap_implicit_methods(type->dict);
  if (!lay_out_class(thread, type.get(), type->dict)) return nullptr;
  if (!dict_get(type->dict, names::dunder_doc)) dict_set(type->dict, names::dunder_doc, None);
  if (!set_class_cell(thread, type.get())) return nullptr;
  // Equality without a hash of its own makes instances unhashable.
  if (dict_get(type->dict, names::dunder_eq) && !dict_get(type->dict, names::dunder_hash))
    dict_set(type->dict, names::dunder_hash, None);
  if (!set_order(thread, type.get())) return nullptr;
  for (Value entry : type->bases->view()) add_subclass(cast<Type>(entry), type.get());
  type_assign_version(type.get());
  fill_slots(type.get());
  if (!warn_of_strange_keys(thread, type.get())) return nullptr;
  if (!call_set_names(thread, type.get())) return nullptr;
  if (!call_init_subclass(thread, type.get(), kwargs)) return nullptr;
  return type;
}

Ref type_construct(Thread& thread, Type* metatype, CallArgs args) {
  static const char* const kind[] = {"str", "tuple", "dict"};
  if (args.count != 3)
    return raise_type_error(thread,
                            fmt::format("type.__new__() takes exactly 3 arguments ({} given)", args.count));
  bool fits[] = {is_str(args[0]), is_tuple(args[1]), is_dict(args[2])};
  for (uint32_t i = 0; i < 3; ++i)
    if (!fits[i])
      return raise_type_error(thread, fmt::format("type.__new__() argument {} must be {}, not {}", i + 1,
                                                  kind[i], argument_type(args[i])));
  auto* bases = cast<Tuple>(args[1]);
  for (Value base : bases->view()) {
    if (is_instance(base, type_type)) continue;
    Ref entries = find_attr(thread, base, names::dunder_mro_entries);
    if (!entries && thread.has_error()) return Ref();
    if (entries)
      return raise_type_error(thread, "type() doesn't support MRO entry resolution; use types.new_class()");
  }
  Type* winner = calculate_metaclass(thread, metatype, bases);
  if (!winner) return Ref();
  if (winner != metatype && winner->slots.construct != type_construct)
    return winner->slots.construct(thread, winner, args);
  for (Value base : bases->view())
    if (!is_instance(base, type_type)) return raise_type_error(thread, "bases must be types");
  if (cast<Str>(args[0])->view().find('\0') != std::string_view::npos)
    return raise_value_error(thread, "type name must not contain null characters");
  return make_class(thread, winner, cast<Str>(args[0]), bases, cast<Dict>(args[2]), args);
}

// --- changing bases ------------------------------------------------------------------------------

namespace {
bool refresh_below(Thread& thread, Type* type) {
  if (!set_order(thread, type)) return false;
  update_all_slots(type);
  std::vector<Type*> below;
  for_each_subclass(type, [&](Type* sub) { below.push_back(sub); });
  for (Type* sub : below)
    if (!refresh_below(thread, sub)) return false;
  return true;
}
} // namespace

bool replace_bases(Thread& thread, Type* type, Value value) {
  if (!is_tuple(value))
    return raise_type_error(thread, fmt::format("can only assign tuple to {}.__bases__, not {}",
                                                type->name->view(), type_name(value)));
  auto* bases = cast<Tuple>(value);
  if (bases->size == 0)
    return raise_type_error(
        thread, fmt::format("can only assign non-empty tuple to {}.__bases__, not ()", type->name->view()));
  for (Value base : bases->view()) {
    if (!is_instance(base, type_type))
      return raise_type_error(thread, fmt::format("{}.__bases__ must be tuple of classes, not '{}'",
                                                  type->name->view(), type_name(base)));
    if (is_subtype(cast<Type>(base), type))
      return raise_type_error(thread, "a __bases__ item causes an inheritance cycle");
  }
  Type* base = best_base(thread, bases);
  if (!base) return false;
  // Existing instances keep their layout: the new base must have the one that the old had.
  Type* old_base = type->base;
  if (base->slots.dealloc != old_base->slots.dealloc)
    return raise_type_error(thread, fmt::format("__bases__ assignment: '{}' deallocator differs from '{}'",
                                                base->name->view(), old_base->name->view()));
  if (base->instance_size != old_base->instance_size || base->attrs_offset != old_base->attrs_offset ||
      base->prefix_size != old_base->prefix_size)
    return raise_type_error(thread, fmt::format("__bases__ assignment: '{}' object layout differs from '{}'",
                                                base->name->view(), old_base->name->view()));
  Own<Tuple> old_bases = Own<Tuple>::steal(type->bases);
  Own<Type> keep_base = Own<Type>::steal(old_base);
  for (Value entry : old_bases->view()) remove_subclass(cast<Type>(entry), type);
  type->bases = Own<Tuple>::share(bases).release();
  type->base = Own<Type>::share(base).release();
  for (Value entry : bases->view()) add_subclass(cast<Type>(entry), type);
  type_modified(type);
  if (!refresh_below(thread, type)) return false;
  type_modified(type);
  return true;
}

} // namespace aspy
