// Getting and setting attributes of any value: what `object.__getattribute__` and `__setattr__` do, and the
// dispatch in front of them.
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <array>
#include <fmt/format.h>

namespace aspy {

Dict* (*side_attributes)(Object* object, bool make);

namespace {

Raised missing_attribute(Thread& thread, Value object, Str* name) {
  return raise_attribute_error(
      thread, object, name,
      fmt::format("'{}' object has no attribute '{}'", type_name(object), name->view()));
}

// The generic lookup; `found_nothing` is set when there is no such attribute (no exception is pending then).
Ref generic_lookup(Thread& thread, Value object, Str* name, bool& found_nothing) {
  found_nothing = false;
  Type* type = type_of(object);
  Value found = type_lookup(type, name);
  const Slots* slots = found ? &type_of(found)->slots : nullptr;
  // A data descriptor goes before the instance's own attributes, any other after them.
  if (slots && slots->descr_get && slots->descr_set) {
    Ref keep = share(found);
    return slots->descr_get(thread, found, object, Value(type));
  }
  if (object.is_object() && type->attrs_offset)
    if (Value own = attrs_get(object.as_object(), name)) return share(own);
  if (found) {
    if (is_exact(found, function_type)) return make_bound_method(found, object);
    if (!slots->descr_get) return share(found);
    Ref keep = share(found);
    return slots->descr_get(thread, found, object, Value(type));
  }
  if (type->flags & TypeSideAttrs && !type->attrs_offset)
    if (Dict* side = side_attributes(object.as_object(), false))
      if (Value own = dict_get(side, name)) return share(own);
  found_nothing = true;
  return Ref();
}

} // namespace

Ref generic_get_attr(Thread& thread, Value object, Str* name) {
  bool missing;
  Ref value = generic_lookup(thread, object, name, missing);
  if (missing) return missing_attribute(thread, object, name);
  return value;
}

Ref find_generic_attr(Thread& thread, Value object, Str* name) {
  bool missing;
  return generic_lookup(thread, object, name, missing);
}

bool generic_set_attr(Thread& thread, Value object, Str* name, Value value) {
  Type* type = type_of(object);
  Value found = type_lookup(type, name);
  if (found) {
    if (auto* set = type_of(found)->slots.descr_set) {
      Ref keep = share(found);
      return set(thread, found, object, value);
    }
  }
  if (object.is_object() && type->attrs_offset) {
    if (value) {
      attrs_set(object.as_object(), name, value);
      return true;
    }
    if (attrs_remove(object.as_object(), name)) return true;
    if (!found) return missing_attribute(thread, object, name);
    // The class has it: nothing is misspelt.
    return raise(thread, AttributeError_type,
                 fmt::format("'{}' object has no attribute '{}'", type_name(object), name->view()));
  }
  if (type->flags & TypeSideAttrs) {
    Dict* side = side_attributes(object.as_object(), static_cast<bool>(value));
    if (value) return dict_set(side, name, value), true;
    return (side && dict_remove(side, name)) || missing_attribute(thread, object, name);
  }
  if (found)
    return raise_attribute_error(
        thread, object, name,
        fmt::format("'{}' object attribute '{}' is read-only", type_name(object), name->view()));
  return raise_attribute_error(
      thread, object, name,
      fmt::format("'{}' object has no attribute '{}' and no __dict__ for setting new attributes",
                  type_name(object), name->view()));
}

Ref get_attr(Thread& thread, Value object, Str* name) {
  if (!name->is_interned) name = intern(name);
  Ref value = type_of(object)->slots.get_attr(thread, object, name);
  if (!value) [[unlikely]]
    tell_attribute(thread, object, name);
  return value;
}

Ref get_attr(Thread& thread, Value object, std::string_view name) {
  return get_attr(thread, object, intern(name));
}

Ref find_attr(Thread& thread, Value object, Str* name) {
  if (!name->is_interned) name = intern(name);
  auto* get = type_of(object)->slots.get_attr;
  // The common case makes no exception at all.
  Ref value = get == generic_get_attr ? find_generic_attr(thread, object, name) : get(thread, object, name);
  if (!value && error_matches(thread, AttributeError_type)) clear_error(thread);
  return value;
}

bool set_attr(Thread& thread, Value object, Str* name, Value value) {
  if (!name->is_interned) name = intern(name);
  return type_of(object)->slots.set_attr(thread, object, name, value);
}

// --- what is found on types ----------------------------------------------------------------------

Ref bind_descriptor(Thread& thread, Value found, Value object, Type* type) {
  auto* get = type_of(found)->slots.descr_get;
  if (!get) return share(found);
  Ref keep = share(found);
  return get(thread, found, object, Value(type));
}

Ref lookup_special(Thread& thread, Value object, Str* name) {
  Value found = type_lookup(type_of(object), name);
  return found ? bind_descriptor(thread, found, object, type_of(object)) : Ref();
}

Ref call_found(Thread& thread, Value found, Value self, std::initializer_list<Value> rest) {
  Ref keep = share(found);
  if (!has_type_flag(found, TypeMethodLike)) {
    Ref bound = bind_descriptor(thread, found, self, type_of(self));
    if (!bound) return Ref();
    return call(thread, bound, CallArgs{rest.begin(), static_cast<uint32_t>(rest.size()), nullptr});
  }
  std::array<Value, 4> row; // no dunder takes more
  row[0] = self;
  uint32_t count = 1;
  for (Value argument : rest) row[count++] = argument;
  return call(thread, found, CallArgs{row.data(), count, nullptr});
}

} // namespace aspy
