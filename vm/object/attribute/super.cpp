// super: attribute lookup that starts behind a class in the method resolution order of an object.
#include "vm/interpreter/call.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

Type super_type;

namespace {

struct Super : Object {
  Type* start = nullptr;     // owned: search begins behind it
  Value self;                // owned; empty: unbound
  Type* self_type = nullptr; // owned: whose order is searched
};
Super* super_of(Value value) { return cast<Super>(value); }

// The class whose order is searched: `self` itself when it is a subclass of `start`, else its class. Null:
// TypeError.
Type* order_owner(Thread& thread, Type* start, Value self) {
  if (is_instance(self, type_type) && is_subtype(cast<Type>(self), start)) return cast<Type>(self);
  if (is_subtype(type_of(self), start)) return type_of(self);
  // A proxy may claim another class.
  Ref claimed = find_attr(thread, self, names::dunder_class);
  if (!claimed && thread.has_error()) return nullptr;
  if (claimed && is_instance(claimed, type_type) && is_subtype(cast<Type>(claimed), start))
    return cast<Type>(claimed);
  bool is_class = is_instance(self, type_type);
  raise_type_error(
      thread, fmt::format("super(type, obj): obj ({} {}) is not an instance or subtype of type ({}).",
                          is_class ? "type" : "instance of",
                          is_class ? cast<Type>(self)->name->view() : type_name(self), start->name->view()));
  return nullptr;
}

// What the classes behind `start` have for `name`, borrowed; empty when they have nothing.
Value find_behind(Type* start, Type* owner, Str* name) {
  std::span<const Value> order = owner->mro->view();
  size_t at = 0;
  while (at < order.size() && !(order[at] == Value(start))) ++at;
  for (++at; at < order.size(); ++at)
    if (Value found = dict_get(type_dict(cast<Type>(order[at])), name)) return found;
  return Value();
}

Ref bind_found(Thread& thread, Value found, Value self, Type* owner) {
  // Through a class (a class method, __new__) the descriptor is not given an instance.
  bool through_class = self == Value(owner);
  if (is_exact(found, function_type)) return through_class ? share(found) : make_bound_method(found, self);
  return bind_descriptor(thread, found, through_class ? Value() : self, owner);
}

Ref super_get_attr(Thread& thread, Value object, Str* name) {
  auto* super = super_of(object);
  if (super->self_type && name != names::dunder_class) {
    if (Value found = find_behind(super->start, super->self_type, name))
      return bind_found(thread, found, super->self, super->self_type);
  }
  return generic_get_attr(thread, object, name);
}

Ref super_construct(Thread&, Type* type, CallArgs) { return Ref::steal(allocate_instance(type)); }

bool super_init(Thread& thread, Value self, CallArgs args) {
  if (!refuse_keywords(thread, "super", args) || !check_count(thread, "super()", args, 0, 2)) return false;
  Value start, object;
  if (args.count == 0) {
    if (!current_super_args(thread, start, object)) return false;
  } else {
    start = args[0];
    if (!is_instance(start, type_type))
      return raise_type_error(thread,
                              fmt::format("super() argument 1 must be a type, not {}", argument_type(start)));
    if (args.count == 2 && !args[1].is_none()) object = args[1];
  }
  Type* owner = nullptr;
  if (object && !(owner = order_owner(thread, cast<Type>(start), object))) return false;
  auto* super = super_of(self);
  Own<Type> old_start = Own<Type>::steal(super->start), old_owner = Own<Type>::steal(super->self_type);
  super->start = Own<Type>::share(cast<Type>(start)).release();
  super->self_type = Own<Type>::share(owner).release();
  assign(super->self, share(object));
  return true;
}

// An unbound super in a class's namespace binds when it is read through an instance.
Ref super_descr_get(Thread& thread, Value descr, Value object, Value) {
  auto* super = super_of(descr);
  if (!object || object.is_none() || super->self) return share(descr);
  if (super->type != &super_type) return call(thread, Value(super->type), {Value(super->start), object});
  Type* owner = order_owner(thread, super->start, object);
  if (!owner) return Ref();
  auto* made = allocate<Super>(super_type);
  made->start = Own<Type>::share(super->start).release();
  made->self_type = Own<Type>::share(owner).release();
  made->self = share(object).release();
  return Ref::steal(made);
}

Ref super_repr(Thread&, Value self) {
  auto* super = super_of(self);
  std::string_view start = super->start ? super->start->name->view() : "NULL";
  if (super->self_type)
    return make_str(fmt::format("<super: <class '{}'>, <{} object>>", start, super->self_type->name->view()));
  return make_str(fmt::format("<super: <class '{}'>, NULL>", start));
}

void super_traverse(Object* self, Visitor& visit) {
  auto* super = static_cast<Super*>(self);
  visit(static_cast<Object*>(super->start));
  visit(static_cast<Object*>(super->self_type));
  visit(super->self);
}
void super_dealloc(Object* self) {
  auto* super = static_cast<Super*>(self);
  clear_field(super->start);
  clear_field(super->self_type);
  clear_field(super->self);
  free_object(self);
}

Ref get_start(Thread&, Value self) {
  return share(super_of(self)->start ? Value(super_of(self)->start) : None);
}
Ref get_self(Thread&, Value self) { return share(super_of(self)->self ? super_of(self)->self : None); }
Ref get_self_class(Thread&, Value self) {
  return share(super_of(self)->self_type ? Value(super_of(self)->self_type) : None);
}
const GetSetDef super_getset[] = {{"__thisclass__", get_start, readonly_attribute},
                                  {"__self__", get_self, readonly_attribute},
                                  {"__self_class__", get_self_class, readonly_attribute},
                                  {nullptr, nullptr}};
const TypeSpec super_spec = {
    .name = "super",
    .instance_size = sizeof(Super),
    .flags = TypeTracked,
    .getset = super_getset,
    .doc = "super() -> same as super(__class__, <first argument>)\n"
           "super(type) -> unbound super object\n"
           "super(type, obj) -> bound super object; requires isinstance(obj, type)\n"
           "super(type, type2) -> bound super object; requires issubclass(type2, type)"};

} // namespace

Ref super_lookup(Thread& thread, Type* start, Value self, Str* name) {
  Type* owner = order_owner(thread, start, self);
  if (!owner) return Ref();
  if (name != names::dunder_class)
    if (Value found = find_behind(start, owner, name)) return bind_found(thread, found, self, owner);
  Value found = type_lookup(&super_type, name);
  Ref super = call(thread, Value(&super_type), {Value(start), self});
  if (!super) return Ref();
  if (found) return generic_get_attr(thread, super, name);
  return raise_attribute_error(thread, super, name,
                               fmt::format("'super' object has no attribute '{}'", name->view()));
}

void init_super_type() {
  Slots& slots = super_type.slots;
  slots.dealloc = super_dealloc;
  slots.traverse = super_traverse;
  slots.construct = super_construct;
  slots.init = super_init;
  slots.get_attr = super_get_attr;
  slots.descr_get = super_descr_get;
  slots.repr = super_repr;
  make_ready(super_type, super_spec);
}

} // namespace aspy
