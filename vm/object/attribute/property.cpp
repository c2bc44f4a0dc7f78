// property: attributes computed by functions of the language.
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

Type property_type;

namespace {

Property* property_of(Value value) { return cast<Property>(value); }
Value given(Value value) { return value.is_none() ? Value() : value; }

Ref property_construct(Thread&, Type* type, CallArgs) { return Ref::steal(allocate_instance(type)); }

// The getter's docstring serves when none is given; an instance of a subclass keeps it in its __dict__, where
// the class's own
// __doc__ cannot hide it.
bool adopt_doc(Thread& thread, Value self) {
  auto* property = property_of(self);
  if (!property->doc && property->getter) {
    Ref doc = find_attr(thread, property->getter, names::dunder_doc);
    if (!doc && thread.has_error()) return false;
    if (doc && !doc.get().is_none()) {
      property->doc_from_getter = true;
      assign(property->doc, std::move(doc));
    }
  }
  if (property->type != &property_type && property->doc && property->type->attrs_offset)
    attrs_set(property, names::dunder_doc, property->doc);
  return true;
}

bool property_init(Thread& thread, Value self, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "property", "fget=None, fset=None, fdel=None, doc=None", args, bound)) return false;
  auto* property = property_of(self);
  assign(property->getter, share(bound[0] ? given(bound[0]) : Value()));
  assign(property->setter, share(bound[1] ? given(bound[1]) : Value()));
  assign(property->deleter, share(bound[2] ? given(bound[2]) : Value()));
  assign(property->doc, share(bound[3] ? given(bound[3]) : Value()));
  property->doc_from_getter = false;
  return adopt_doc(thread, self);
}

// The name to print: as set by the class, else the getter's; empty when neither is known.
Ref name_of(Thread& thread, Property* property) {
  if (property->name) return share(property->name);
  if (!property->getter) return Ref();
  return find_attr(thread, property->getter, names::dunder_name);
}

Raised refuse(Thread& thread, Value descr, Value object, const char* what) {
  Ref name = name_of(thread, property_of(descr));
  if (!name && thread.has_error()) return {};
  std::string qualname = std::string(type_of(object)->qualname->view());
  std::string quoted = name && is_str(name) ? quote(cast<Str>(name)->view()) + " " : "";
  std::string message = fmt::format("property {}of '{}' object has no {}", quoted, qualname, what);
  return raise(thread, AttributeError_type, message);
}

Ref property_get(Thread& thread, Value descr, Value object, Value) {
  if (!object) return share(descr);
  auto* property = property_of(descr);
  if (!property->getter) return refuse(thread, descr, object, "getter");
  Ref keep = share(property->getter);
  return call(thread, keep, {object});
}

bool property_set(Thread& thread, Value descr, Value object, Value value) {
  auto* property = property_of(descr);
  Ref function = share(value ? property->setter : property->deleter);
  if (!function) return refuse(thread, descr, object, value ? "setter" : "deleter");
  return static_cast<bool>(value ? call(thread, function, {object, value})
                                 : call(thread, function, {object}));
}

// A copy with some functions replaced: what @x.setter makes.
Ref copy_with(Thread& thread, Value self, Value getter, Value setter, Value deleter) {
  auto* old = property_of(self);
  auto or_none = [](Value replaced, Value kept) { return replaced ? replaced : kept ? kept : None; };
  // A docstring that came from the getter comes from the new getter now.
  Value doc = old->doc && !old->doc_from_getter ? old->doc : None;
  Ref made =
      call(thread, Value(old->type),
           {or_none(getter, old->getter), or_none(setter, old->setter), or_none(deleter, old->deleter), doc});
  if (made && is_instance(made, property_type) && old->name)
    assign(property_of(made)->name, share(old->name));
  return made;
}
Ref property_getter(Thread& thread, const Value* args) { return copy_with(thread, args[0], args[1], {}, {}); }
Ref property_setter(Thread& thread, const Value* args) { return copy_with(thread, args[0], {}, args[1], {}); }
Ref property_deleter(Thread& thread, const Value* args) {
  return copy_with(thread, args[0], {}, {}, args[1]);
}
Ref property_set_name(Thread&, const Value* args) {
  assign(property_of(args[0])->name, share(args[2]));
  return share(None);
}

template <Value Property::*field> Ref get_function(Thread&, Value self) {
  Value value = property_of(self)->*field;
  return share(value ? value : None);
}
Ref get_name(Thread& thread, Value self) {
  Ref name = name_of(thread, property_of(self));
  if (name || thread.has_error()) return name;
  return raise_attribute_error(thread, self, names::dunder_name,
                               "'property' object has no attribute '__name__'");
}
bool set_name(Thread&, Value self, Value value) {
  assign(property_of(self)->name, share(value));
  return true;
}
bool set_doc(Thread&, Value self, Value value) {
  assign(property_of(self)->doc, share(value ? value : None));
  return true;
}
Ref get_abstract(Thread& thread, Value self) {
  auto* property = property_of(self);
  for (Value function : {property->getter, property->setter, property->deleter}) {
    if (!function) continue;
    Ref flag = find_attr(thread, function, intern("__isabstractmethod__"));
    if (!flag && thread.has_error()) return Ref();
    int truth = flag ? truthy(thread, flag) : 0;
    if (truth != 0) return truth < 0 ? Ref() : share(True);
  }
  return share(False);
}

void property_traverse(Object* self, Visitor& visit) {
  auto* property = static_cast<Property*>(self);
  for (Value field : {property->getter, property->setter, property->deleter, property->doc, property->name})
    visit(field);
}
void property_clear(Object* self) {
  auto* property = static_cast<Property*>(self);
  clear_field(property->getter);
  clear_field(property->setter);
  clear_field(property->deleter);
  clear_field(property->doc);
  clear_field(property->name);
}
void property_dealloc(Object* self) {
  property_clear(self);
  free_object(self);
}

const NativeDef property_methods[] = {
    {"getter", "self, object, /", property_getter,
     "Descriptor to obtain a copy of the property with a different getter."},
    {"setter", "self, object, /", property_setter,
     "Descriptor to obtain a copy of the property with a different setter."},
    {"deleter", "self, object, /", property_deleter,
     "Descriptor to obtain a copy of the property with a different deleter."},
    {"__set_name__", "self, owner, name, /", property_set_name, "Method to set name of a property."},
    {nullptr},
};
const GetSetDef property_getset[] = {
    {"fget", get_function<&Property::getter>, readonly_attribute},
    {"fset", get_function<&Property::setter>, readonly_attribute},
    {"fdel", get_function<&Property::deleter>, readonly_attribute},
    {"__name__", get_name, set_name},
    {"__doc__", get_function<&Property::doc>, set_doc},
    {"__isabstractmethod__", get_abstract},
    {nullptr, nullptr},
};
const TypeSpec property_spec = {.name = "property",
                                .instance_size = sizeof(Property),
                                .flags = TypeTracked,
                                .methods = property_methods,
                                .getset = property_getset,
                                .doc = "Property attribute.\n\n"
                                       "  fget\n    function to be used for getting an attribute value\n"
                                       "  fset\n    function to be used for setting an attribute value\n"
                                       "  fdel\n    function to be used for del'ing an attribute\n"
                                       "  doc\n    docstring"};

} // namespace

void init_property_type() {
  Slots& slots = property_type.slots;
  slots.dealloc = property_dealloc;
  slots.traverse = property_traverse;
  slots.clear = property_clear;
  slots.construct = property_construct;
  slots.init = property_init;
  slots.descr_get = property_get;
  slots.descr_set = property_set;
  make_ready(property_type, property_spec);
}

} // namespace aspy
