// What binds functions: bound methods, staticmethod, classmethod.
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fmt/format.h>
#include <memory>

namespace aspy {

Type bound_method_type;
Type staticmethod_type;
Type classmethod_type;

namespace {
BoundMethod* method_of(Value value) { return cast<BoundMethod>(value); }
} // namespace

Ref make_bound_method(Value function, Value self) {
  auto* method = allocate_pooled<BoundMethod>(bound_method_type);
  method->function = share(function).release();
  method->self = share(self).release();
  return Ref::steal(method);
}

namespace {

// --- bound methods -------------------------------------------------------------------------------

Ref method_construct(Thread& thread, Type*, CallArgs args) {
  if (!refuse_keywords(thread, "method", args) || !check_count(thread, "method", args, 2, 2)) return Ref();
  if (!is_callable(args[0])) return raise_type_error(thread, "first argument must be callable");
  if (args[1].is_none()) return raise_type_error(thread, "instance must not be None");
  return make_bound_method(args[0], args[1]);
}

Ref method_call(Thread& thread, Value callee, CallArgs args) {
  auto* method = method_of(callee);
  size_t total = args.count + (args.kwnames ? args.kwnames->size : 0);
  std::array<Value, 10> small;
  std::unique_ptr<Value[]> large;
  Value* row = small.data();
  if (total + 1 > small.size()) {
    large = std::make_unique<Value[]>(total + 1);
    row = large.get();
  }
  row[0] = method->self;
  std::copy(args.args, args.args + total, row + 1);
  Ref keep = share(callee);
  return call(thread, method->function, CallArgs{row, args.count + 1, args.kwnames});
}

// What is bound stays bound.
Ref method_get(Thread&, Value descr, Value, Value) { return share(descr); }

// A bound method has its function's attributes.
Ref method_get_attr(Thread& thread, Value self, Str* name) {
  if (type_lookup(&bound_method_type, name)) return generic_get_attr(thread, self, name);
  return get_attr(thread, method_of(self)->function, name);
}

Ref method_repr(Thread& thread, Value self) {
  auto* method = method_of(self);
  Ref name = find_attr(thread, method->function, names::dunder_qualname);
  if (!name && !thread.has_error()) name = find_attr(thread, method->function, names::dunder_name);
  if (thread.has_error()) return Ref();
  Ref object = repr(thread, method->self);
  if (!object) return Ref();
  return make_str(fmt::format("<bound method {} of {}>", is_str(name) ? cast<Str>(name)->view() : "?",
                              cast<Str>(object)->view()));
}

Ref method_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::Eq && op != CompareOp::Ne) || !is_exact(b, bound_method_type))
    return share(NotImplemented);
  int same = method_of(a)->self == method_of(b)->self
                 ? equals(thread, method_of(a)->function, method_of(b)->function)
                 : 0;
  if (same < 0) return Ref();
  return share(Value::from_bool((same == 1) == (op == CompareOp::Eq)));
}

bool method_hash(Thread& thread, Value self, int64_t& out) {
  if (!hash(thread, method_of(self)->function, out)) return false;
  out ^= static_cast<int64_t>(method_of(self)->self.bits >> 4);
  if (out == -1) out = -2;
  return true;
}

void method_traverse(Object* self, Visitor& visit) {
  visit(static_cast<BoundMethod*>(self)->function);
  visit(static_cast<BoundMethod*>(self)->self);
}
void method_dealloc(Object* self) {
  auto* method = static_cast<BoundMethod*>(self);
  clear_field(method->function);
  clear_field(method->self);
  free_pooled(method);
}
Ref method_func(Thread&, Value self) { return share(method_of(self)->function); }
Ref method_self(Thread&, Value self) { return share(method_of(self)->self); }
Ref method_doc(Thread& thread, Value self) {
  return get_attr(thread, method_of(self)->function, names::dunder_doc);
}
const GetSetDef method_getset[] = {{"__func__", method_func, readonly_attribute},
                                   {"__self__", method_self, readonly_attribute},
                                   {"__doc__", method_doc},
                                   {nullptr, nullptr}};
const TypeSpec method_spec = {.name = "method",
                              .instance_size = sizeof(BoundMethod),
                              .flags = TypeFinal | TypeTracked | TypeWeakRefs,
                              .getset = method_getset,
                              .doc = "Create a bound instance method object."};

// --- staticmethod and classmethod: the same but for __get__ --------------------------------------

// Both types keep one callable and have a __dict__.
static_assert(offsetof(StaticMethod, callable) == offsetof(ClassMethod, callable));
StaticMethod* wrapper_of(Value value) { return cast<StaticMethod>(value); }

Ref wrapper_construct(Thread&, Type* type, CallArgs) { return Ref::steal(allocate_instance(type)); }

bool wrapper_init(Thread& thread, Value self, CallArgs args) {
  bool is_static = is_instance(self, staticmethod_type);
  const char* name = is_static ? "staticmethod" : "classmethod";
  if (!refuse_keywords(thread, name, args) || !check_count(thread, name, args, 1, 1)) return false;
  assign(wrapper_of(self)->callable, share(args[0]));
  // The wrapper looks like what it wraps.
  for (Str* attribute :
       {names::dunder_module, names::dunder_name, names::dunder_qualname, names::dunder_doc}) {
    Ref value = find_attr(thread, args[0], attribute);
    if (!value && thread.has_error()) return false;
    if (value) attrs_set(self.as_object(), attribute, value);
  }
  return true;
}

Ref static_get(Thread& thread, Value descr, Value, Value) {
  Value callable = wrapper_of(descr)->callable;
  if (!callable) return raise(thread, RuntimeError_type, "uninitialized staticmethod object");
  return share(callable);
}
Ref static_call(Thread& thread, Value callee, CallArgs args) {
  Ref keep = share(wrapper_of(callee)->callable);
  return call(thread, keep, args);
}
Ref class_get(Thread& thread, Value descr, Value object, Value type) {
  Value callable = wrapper_of(descr)->callable;
  if (!callable) return raise(thread, RuntimeError_type, "uninitialized classmethod object");
  if (!type) type = Value(type_of(object));
  return make_bound_method(callable, type);
}

Ref wrapper_repr(Thread& thread, Value self) {
  Ref inner = repr(thread, wrapper_of(self)->callable ? wrapper_of(self)->callable : None);
  if (!inner) return Ref();
  return make_str(fmt::format("<{}({})>", type_name(self), cast<Str>(inner)->view()));
}
void wrapper_traverse(Object* self, Visitor& visit) {
  visit(static_cast<StaticMethod*>(self)->callable);
  attrs_traverse(self, visit);
}
void wrapper_clear(Object* self) {
  clear_field(static_cast<StaticMethod*>(self)->callable);
  attrs_clear(self);
}
void wrapper_dealloc(Object* self) {
  clear_field(static_cast<StaticMethod*>(self)->callable);
  attrs_destroy(self);
  free_object(self);
}
Ref wrapper_func(Thread&, Value self) {
  Value callable = wrapper_of(self)->callable;
  return share(callable ? callable : None);
}
Ref wrapper_dict(Thread&, Value self) { return share(attrs_dict(self.as_object())); }
// Annotations come from the function at the moment they are asked for, unless set here.
Ref wrapper_annotations(Thread& thread, Value self) {
  if (Value own = attrs_get(self.as_object(), names::dunder_annotations)) return share(own);
  return get_attr(thread, wrapper_of(self)->callable, names::dunder_annotations);
}
bool wrapper_set_annotations(Thread&, Value self, Value value) {
  if (value) attrs_set(self.as_object(), names::dunder_annotations, value);
  else attrs_remove(self.as_object(), names::dunder_annotations);
  return true;
}
Ref wrapper_annotate(Thread& thread, Value self) {
  return get_attr(thread, wrapper_of(self)->callable, names::dunder_annotate);
}
Ref wrapper_abstract(Thread& thread, Value self) {
  if (!wrapper_of(self)->callable) return share(False);
  Ref flag = find_attr(thread, wrapper_of(self)->callable, intern("__isabstractmethod__"));
  if (!flag) return thread.has_error() ? Ref() : share(False);
  int truth = truthy(thread, flag);
  return truth < 0 ? Ref() : share(Value::from_bool(truth != 0));
}

const GetSetDef wrapper_getset[] = {
    {"__func__", wrapper_func, readonly_attribute},
    {"__wrapped__", wrapper_func, readonly_attribute},
    {"__dict__", wrapper_dict},
    {"__isabstractmethod__", wrapper_abstract},
    {"__annotations__", wrapper_annotations, wrapper_set_annotations},
    {"__annotate__", wrapper_annotate},
    {nullptr, nullptr},
};
const NativeDef generic_methods[] = {
    {"__class_getitem__", "cls, object, /", class_getitem, "See PEP 585", NativeKind::ClassMethod},
    {nullptr},
};
const TypeSpec staticmethod_spec = {.name = "staticmethod",
                                    .instance_size = sizeof(StaticMethod),
                                    .flags = TypeTracked,
                                    .attrs_offset = offsetof(StaticMethod, attrs),
                                    .methods = generic_methods,
                                    .getset = wrapper_getset,
                                    .doc = "Convert a function to be a static method."};
const TypeSpec classmethod_spec = {.name = "classmethod",
                                   .instance_size = sizeof(ClassMethod),
                                   .flags = TypeTracked,
                                   .attrs_offset = offsetof(ClassMethod, attrs),
                                   .methods = generic_methods,
                                   .getset = wrapper_getset,
                                   .doc = "Convert a function to be a class method."};

void fill_wrapper_slots(Slots& slots) {
  slots.dealloc = wrapper_dealloc;
  slots.traverse = wrapper_traverse;
  slots.clear = wrapper_clear;
  slots.construct = wrapper_construct;
  slots.init = wrapper_init;
  slots.repr = wrapper_repr;
}

} // namespace

Ref make_static_method(Value callable) {
  auto* made = allocate<StaticMethod>(staticmethod_type);
  made->callable = share(callable).release();
  return Ref::steal(made);
}
Ref make_class_method(Value callable) {
  auto* made = allocate<ClassMethod>(classmethod_type);
  made->callable = share(callable).release();
  return Ref::steal(made);
}

void init_method_types() {
  Slots& method = bound_method_type.slots;
  method.dealloc = method_dealloc;
  method.traverse = method_traverse;
  method.construct = method_construct;
  method.call = method_call;
  method.descr_get = method_get;
  method.get_attr = method_get_attr;
  method.repr = method_repr;
  method.compare = method_compare;
  method.hash = method_hash;
  make_ready(bound_method_type, method_spec);

  fill_wrapper_slots(staticmethod_type.slots);
  staticmethod_type.slots.descr_get = static_get;
  staticmethod_type.slots.call = static_call;
  make_ready(staticmethod_type, staticmethod_spec);

  fill_wrapper_slots(classmethod_type.slots);
  classmethod_type.slots.descr_get = class_get;
  make_ready(classmethod_type, classmethod_spec);
}

} // namespace aspy
