// isinstance() and issubclass(), with the hooks of metaclasses and with unions.
#include "vm/object/annotation/generic.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

namespace aspy {
namespace {

// The bases of something that only looks like a class: its `__bases__` tuple, empty without an exception when
// it has none.
Ref bases_of(Thread& thread, Value cls) {
  Ref bases = find_attr(thread, cls, names::dunder_bases);
  return bases && is_tuple(bases) ? bases : Ref();
}

bool looks_like_class(Thread& thread, Value cls, const char* message) {
  if (bases_of(thread, cls)) return true;
  if (!thread.has_error()) raise_type_error(thread, message);
  return false;
}

int derives_by_bases(Thread& thread, Value derived, Value cls) {
  if (derived == cls) return 1;
  if (!check_native_stack(thread)) return -1;
  Ref bases = bases_of(thread, derived);
  if (!bases) return thread.has_error() ? -1 : 0;
  for (Value base : cast<Tuple>(bases)->view()) {
    int found = derives_by_bases(thread, base, cls);
    if (found != 0) return found;
  }
  return 0;
}

// The hook `name` of the class's type, unless it is type's own. Borrowed.
Value hook_of(Value cls, Str* name) {
  if (type_of(cls) == &type_type) return Value();
  Value found = type_lookup(type_of(cls), name);
  Value native = type_lookup(&type_type, name);
  return found == native ? Value() : found;
}

int call_hook(Thread& thread, Value hook, Value cls, Value argument) {
  Ref result = call_found(thread, hook, cls, {argument});
  return result ? truthy(thread, result) : -1;
}

} // namespace

int recursive_isinstance(Thread& thread, Value object, Value cls) {
  if (is_instance(cls, type_type)) {
    if (is_subtype(type_of(object), cast<Type>(cls))) return 1;
    // An object may claim another class through __class__; only script classes do.
    if (!type_of(object)->is_heap() && type_of(object)->slots.get_attr == generic_get_attr) return 0;
    Ref claimed = find_attr(thread, object, names::dunder_class);
    if (!claimed) return thread.has_error() ? -1 : 0;
    if (claimed.get() == Value(type_of(object)) || !is_instance(claimed, type_type)) return 0;
    return is_subtype(cast<Type>(claimed), cast<Type>(cls));
  }
  if (!looks_like_class(thread, cls, "isinstance() arg 2 must be a type, a tuple of types, or a union"))
    return -1;
  Ref claimed = find_attr(thread, object, names::dunder_class);
  if (!claimed) return thread.has_error() ? -1 : 0;
  return derives_by_bases(thread, claimed, cls);
}

int recursive_issubclass(Thread& thread, Value derived, Value cls) {
  if (is_instance(derived, type_type) && is_instance(cls, type_type))
    return is_subtype(cast<Type>(derived), cast<Type>(cls));
  if (!looks_like_class(thread, derived, "issubclass() arg 1 must be a class")) return -1;
  if (!is_exact(cls, union_type) &&
      !looks_like_class(thread, cls, "issubclass() arg 2 must be a class, a tuple of classes, or a union"))
    return -1;
  return derives_by_bases(thread, derived, cls);
}

int isinstance(Thread& thread, Value object, Value cls) {
  if (Value(type_of(object)) == cls) return 1;
  bool in_union = is_exact(cls, union_type);
  if (in_union) cls = Value(union_args(cls));
  if (is_tuple(cls)) {
    if (!check_native_stack(thread)) return -1;
    Ref keep = share(cls);
    for (Value one : cast<Tuple>(cls)->view()) {
      if (in_union && one.is_none()) one = Value(&none_type);
      int found = isinstance(thread, object, one);
      if (found != 0) return found;
    }
    return 0;
  }
  if (Value hook = hook_of(cls, names::dunder_instancecheck)) return call_hook(thread, hook, cls, object);
  return recursive_isinstance(thread, object, cls);
}

int issubclass(Thread& thread, Value derived, Value cls) {
  if (derived == cls && type_of(cls) == &type_type) return 1;
  if (is_exact(cls, union_type)) cls = Value(union_args(cls));
  if (is_tuple(cls)) {
    if (!check_native_stack(thread)) return -1;
    Ref keep = share(cls);
    for (Value one : cast<Tuple>(cls)->view()) {
      int found = issubclass(thread, derived, one);
      if (found != 0) return found;
    }
    return 0;
  }
  if (Value hook = hook_of(cls, names::dunder_subclasscheck)) return call_hook(thread, hook, cls, derived);
  return recursive_issubclass(thread, derived, cls);
}

} // namespace aspy
