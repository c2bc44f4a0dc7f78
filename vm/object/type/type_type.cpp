// type: calling a class, its attributes, and what `type` offers as methods. Making classes is in class.cpp.
#include "vm/memory/heap.hpp"
#include "vm/object/annotation/generic.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/attribute/shape_tree.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/type/class.hpp"
#include "vm/object/type/subclasses.hpp"

#include <fmt/format.h>

namespace aspy {

Type type_type;

namespace {
Type* type_from(Value value) { return cast<Type>(value); }
} // namespace

// --- attribute access on classes -----------------------------------------------------------------

Ref type_get_attr(Thread& thread, Value self, Str* name) {
  Type* type = type_from(self);
  Type* meta = type->type;
  Value from_meta = type_lookup(meta, name);
  const Slots* meta_slots = from_meta ? &type_of(from_meta)->slots : nullptr;
  if (meta_slots && meta_slots->descr_get && meta_slots->descr_set) {
    Ref keep = share(from_meta);
    return meta_slots->descr_get(thread, from_meta, self, Value(meta));
  }
  if (Value found = type_lookup(type, name)) {
    auto* get = type_of(found)->slots.descr_get;
    if (!get || is_exact(found, function_type)) return share(found);
    Ref keep = share(found);
    return get(thread, found, Value(), self);
  }
  if (from_meta) {
    if (!meta_slots->descr_get) return share(from_meta);
    Ref keep = share(from_meta);
    return meta_slots->descr_get(thread, from_meta, self, Value(meta));
  }
  return raise_attribute_error(
      thread, self, name,
      fmt::format("type object '{}' has no attribute '{}'", bare_type_name(type), name->view()));
}

bool type_set_attr_slot(Thread& thread, Value self, Str* name, Value value) {
  Type* type = type_from(self);
  if (!type->is_heap()) return type_set_attr(thread, type, name, value);
  if (Value from_meta = type_lookup(type->type, name)) {
    if (auto* set = type_of(from_meta)->slots.descr_set) {
      Ref keep = share(from_meta);
      return set(thread, from_meta, self, value);
    }
  }
  return type_set_attr(thread, type, name, value);
}

namespace {

// --- calling -------------------------------------------------------------------------------------

Ref type_call(Thread& thread, Value callee, CallArgs args) {
  Type* type = type_from(callee);
  if (type == &type_type) {
    bool keywords = args.kwnames && args.kwnames->size;
    if (args.count == 1 && !keywords) return share(Value(type_of(args[0])));
    if (args.count != 3) return raise_type_error(thread, "type() takes 1 or 3 arguments");
  }
  if (!type->slots.construct)
    return raise_type_error(thread, fmt::format("cannot create '{}' instances", full_type_name(type)));
  Ref made = type->slots.construct(thread, type, args);
  if (!made || !is_instance(made, *type)) return made; // __new__ may return anything
  if (auto* init = type_of(made)->slots.init)
    if (!init(thread, made, args)) return Ref();
  return made;
}

bool type_init(Thread& thread, Value, CallArgs args) {
  if (args.count != 1 && args.count != 3)
    return raise_type_error(thread, "type.__init__() takes 1 or 3 arguments");
  if (args.count == 1 && args.kwnames && args.kwnames->size)
    return raise_type_error(thread, "type.__init__() takes no keyword arguments");
  return true;
}

Ref type_repr(Thread& thread, Value self) {
  Type* type = type_from(self);
  Ref module = type_module(thread, type);
  if (!module) clear_error(thread);
  if (module && is_str(module) && cast<Str>(module)->view() != "builtins")
    return make_str(fmt::format("<class '{}.{}'>", cast<Str>(module)->view(), type->qualname->view()));
  return make_str(fmt::format("<class '{}'>", type->qualname->view()));
}

Ref type_or(Thread& thread, Value a, Value b) { return make_union(thread, a, b); }

// --- attributes ----------------------------------------------------------------------------------

bool may_set(Thread& thread, Type* type, Value value, const char* name) {
  if (!type->is_heap())
    return raise_type_error(
        thread, fmt::format("cannot set '{}' attribute of immutable type '{}'", name, full_type_name(type)));
  if (!value)
    return raise_type_error(
        thread, fmt::format("cannot delete '{}' attribute of immutable type '{}'", name, type->name->view()));
  return true;
}

Ref get_name(Thread&, Value self) { return share(type_from(self)->name); }
bool set_name(Thread& thread, Value self, Value value) {
  Type* type = type_from(self);
  if (!may_set(thread, type, value, "__name__")) return false;
  if (!is_str(value))
    return raise_type_error(thread, fmt::format("can only assign string to {}.__name__, not '{}'",
                                                type->name->view(), type_name(value)));
  if (cast<Str>(value)->view().find('\0') != std::string_view::npos)
    return raise_value_error(thread, "type name must not contain null characters");
  Own<Str> old = Own<Str>::steal(type->name);
  type->name = Own<Str>::share(cast<Str>(value)).release();
  return true;
}
Ref get_qualname(Thread&, Value self) { return share(type_from(self)->qualname); }
bool set_qualname(Thread& thread, Value self, Value value) {
  Type* type = type_from(self);
  if (!may_set(thread, type, value, "__qualname__")) return false;
  if (!is_str(value))
    return raise_type_error(thread, fmt::format("can only assign string to {}.__qualname__, not '{}'",
                                                type->name->view(), type_name(value)));
  Own<Str> old = Own<Str>::steal(type->qualname);
  type->qualname = Own<Str>::share(cast<Str>(value)).release();
  return true;
}

Ref get_module(Thread& thread, Value self) { return type_module(thread, type_from(self)); }
bool set_module(Thread& thread, Value self, Value value) {
  Type* type = type_from(self);
  return may_set(thread, type, value, "__module__") &&
         type_set_attr(thread, type, names::dunder_module, value);
}
Ref get_bases(Thread&, Value self) { return share(type_from(self)->bases); }
bool set_bases(Thread& thread, Value self, Value value) {
  Type* type = type_from(self);
  return may_set(thread, type, value, "__bases__") && replace_bases(thread, type, value);
}
Ref get_base(Thread&, Value self) {
  Type* base = type_from(self)->base;
  return share(base ? Value(base) : None);
}
Ref get_mro(Thread&, Value self) { return share(type_from(self)->mro ? Value(type_from(self)->mro) : None); }
Ref get_dict(Thread&, Value self) { return make_mapping_proxy(Value(type_dict(type_from(self)))); }
Ref get_doc(Thread& thread, Value self) {
  Type* type = type_from(self);
  if (!type->is_heap()) return type->doc ? Ref(make_str(type->doc)) : share(None);
  Value doc = type_lookup(type, names::dunder_doc);
  return doc ? bind_descriptor(thread, doc, Value(), type) : share(None);
}
bool set_doc(Thread& thread, Value self, Value value) {
  Type* type = type_from(self);
  return may_set(thread, type, value, "__doc__") && type_set_attr(thread, type, names::dunder_doc, value);
}

Ref get_abstract(Thread& thread, Value self) {
  // type itself has the descriptor, but no abstract methods.
  Type* type = type_from(self);
  Value found = type != &type_type ? dict_get(type_dict(type), names::dunder_abstractmethods) : Value();
  if (found) return share(found);
  return raise_attribute_error(thread, self, names::dunder_abstractmethods, "__abstractmethods__");
}
bool set_abstract(Thread& thread, Value self, Value value) {
  Type* type = type_from(self);
  int truth = value ? truthy(thread, value) : 0;
  if (truth < 0 || !type_set_attr(thread, type, names::dunder_abstractmethods, value)) return false;
  type->flags = truth ? type->flags | TypeAbstract : type->flags & ~TypeAbstract;
  return true;
}

// Annotations of a class: the dict once computed is kept in the namespace.
Str* annotations_cache() {
  static Str* const name = intern("__annotations_cache__");
  return name;
}
Value own_annotate(Type* type) {
  Value annotate = dict_get(type_dict(type), names::dunder_annotate);
  if (!annotate) annotate = dict_get(type_dict(type), names::annotate_func);
  return annotate;
}
Ref get_annotate(Thread& thread, Value self) {
  Type* type = type_from(self);
  if (!type->is_heap())
    return raise_attribute_error(
        thread, self, names::dunder_annotate,
        fmt::format("type object '{}' has no attribute '__annotate__'", bare_type_name(type)));
  Value annotate = own_annotate(type);
  return annotate ? bind_descriptor(thread, annotate, Value(), type) : share(None);
}
bool set_annotate(Thread& thread, Value self, Value value) {
  Type* type = type_from(self);
  if (!value) return raise_type_error(thread, "cannot delete __annotate__ attribute");
  if (!may_set(thread, type, value, "__annotate__")) return false;
  if (!value.is_none() && !is_callable(value))
    return raise_type_error(thread, "__annotate__ must be callable or None");
  dict_remove(type_dict(type), names::dunder_annotate);
  return type_set_attr(thread, type, names::annotate_func, value) &&
         (!dict_get(type_dict(type), annotations_cache()) ||
          type_set_attr(thread, type, annotations_cache(), Value()));
}
Ref get_annotations(Thread& thread, Value self) {
  Type* type = type_from(self);
  if (!type->is_heap())
    return raise_attribute_error(
        thread, self, names::dunder_annotations,
        fmt::format("type object '{}' has no attribute '__annotations__'", bare_type_name(type)));
  Dict* dict = type_dict(type);
  Value known = dict_get(dict, names::dunder_annotations);
  if (!known) known = dict_get(dict, annotations_cache());
  if (known) return bind_descriptor(thread, known, Value(), type);
  Ref annotate = get_annotate(thread, self);
  if (!annotate) return Ref();
  Ref computed;
  if (annotate.get().is_none()) {
    computed = new_dict();
  } else {
    computed = call(thread, annotate, {Value::from_int(1)});
    if (!computed) return Ref();
    if (!is_dict(computed))
      return raise_type_error(
          thread, fmt::format("__annotate__ returned non-dict of type '{}'", type_name(computed)));
  }
  dict_set(dict, annotations_cache(), computed);
  type_modified(type);
  return computed;
}
bool set_annotations(Thread& thread, Value self, Value value) {
  Type* type = type_from(self);
  if (!type->is_heap()) return may_set(thread, type, value, "__annotations__");
  Dict* dict = type_dict(type);
  Str* place = dict_get(dict, names::dunder_annotations) ? names::dunder_annotations : annotations_cache();
  if (value) {
    dict_set(dict, place, value);
  } else if (!dict_remove(dict, place)) {
    return raise_attribute_error(thread, self, names::dunder_annotations, "__annotations__");
  }
  dict_remove(dict, names::dunder_annotate);
  dict_remove(dict, names::annotate_func);
  type_modified(type);
  return true;
}

Ref get_type_params(Thread&, Value self) {
  Value params = dict_get(type_dict(type_from(self)), names::dunder_type_params);
  return share(params && type_from(self) != &type_type ? params : Value(empty_tuple()));
}
bool set_type_params(Thread& thread, Value self, Value value) {
  Type* type = type_from(self);
  if (!may_set(thread, type, value, "__type_params__")) return false;
  if (!is_tuple(value))
    return raise_type_error(
        thread, fmt::format("__type_params__ must be set to a tuple, not '{}'", type_name(value)));
  return type_set_attr(thread, type, names::dunder_type_params, value);
}
// The constructor's parameters, for inspect.
Ref get_text_signature(Thread&, Value self) {
  static Str* const name = intern("__text_signature__");
  Value found = type_lookup(type_from(self), name);
  return share(found && is_str(found) ? found : None);
}
Ref get_flags(Thread&, Value self) {
  Type* type = type_from(self);
  uint32_t flags = (type->flags & TypeFinal) ? 0 : 1u << 10; // may be a base
  if (type->is_heap()) flags |= 1u << 9;
  if (type->flags & TypeAbstract) flags |= 1u << 20;
  return make_int(flags);
}
Ref get_itemsize(Thread&, Value self) {
  Type* type = type_from(self);
  while (type->is_heap()) type = type->base;
  return make_int(type->flags & TypeIsTuple   ? 8
                  : type->flags & TypeIsBytes ? 1
                  : type->flags & TypeIsInt   ? 4
                                              : 0);
}
Ref get_dictoffset(Thread&, Value self) { return make_int(type_from(self)->attrs_offset); }
// Weak references are kept in a table; what counts is that there may be some.
Ref get_weakrefoffset(Thread&, Value self) { return make_int(type_from(self)->flags & TypeWeakRefs ? 8 : 0); }
Ref get_basicsize(Thread&, Value self) { return make_int(type_from(self)->instance_size); }

// --- methods -------------------------------------------------------------------------------------

Ref type_mro_method(Thread& thread, const Value* args) {
  Type* type = type_from(args[0]);
  Own<Tuple> order = linearise(thread, type, type->bases);
  return order ? list_from_iterable(thread, order.value()) : Own<List>();
}
Ref type_subclasses(Thread&, const Value* args) {
  Own<List> list = new_list();
  for_each_subclass(type_from(args[0]), [&](Type* sub) { list_append(list.get(), Value(sub)); });
  return list;
}
Ref type_prepare(Thread&, CallArgs) { return new_dict(); }
Ref type_instancecheck(Thread& thread, const Value* args) {
  int found = recursive_isinstance(thread, args[1], args[0]);
  return found < 0 ? Ref() : share(Value::from_bool(found != 0));
}
Ref type_subclasscheck(Thread& thread, const Value* args) {
  int found = recursive_issubclass(thread, args[1], args[0]);
  return found < 0 ? Ref() : share(Value::from_bool(found != 0));
}
Ref type_dir(Thread& thread, const Value* args) {
  Own<Dict> all = new_dict();
  if (!collect_class_names(thread, all.get(), args[0])) return Ref();
  return list_from_iterable(thread, all.value());
}
Ref type_sizeof(Thread&, const Value* args) {
  Type* type = type_from(args[0]);
  return make_int(static_cast<int64_t>(sizeof(Type)) + (type->is_heap() ? 0 : 0));
}

const NativeDef type_methods[] = {
    {"mro", "self, /", type_mro_method, "Return a type's method resolution order."},
    {"__subclasses__", "self, /", type_subclasses, "Return a list of immediate subclasses."},
    {"__prepare__", "cls, name, bases, /, **kwds", nullptr, "Create the namespace for the class statement",
     NativeKind::ClassMethod, type_prepare},
    {"__instancecheck__", "self, instance, /", type_instancecheck, "Check if an object is an instance."},
    {"__subclasscheck__", "self, subclass, /", type_subclasscheck, "Check if a class is a subclass."},
    {"__dir__", "self, /", type_dir, "Specialized __dir__ implementation for types."},
    {"__sizeof__", "self, /", type_sizeof, "Return memory consumption of the type object."},
    {nullptr},
};
const GetSetDef type_getset[] = {
    {"__name__", get_name, set_name},
    {"__qualname__", get_qualname, set_qualname},
    {"__bases__", get_bases, set_bases},
    {"__base__", get_base},
    {"__mro__", get_mro},
    {"__module__", get_module, set_module},
    {"__abstractmethods__", get_abstract, set_abstract},
    {"__dict__", get_dict},
    {"__doc__", get_doc, set_doc},
    {"__text_signature__", get_text_signature},
    {"__annotations__", get_annotations, set_annotations},
    {"__annotate__", get_annotate, set_annotate},
    {"__type_params__", get_type_params, set_type_params},
    {"__flags__", get_flags},
    {"__basicsize__", get_basicsize},
    {"__itemsize__", get_itemsize},
    {"__dictoffset__", get_dictoffset},
    {"__weakrefoffset__", get_weakrefoffset},
    {nullptr, nullptr},
};
const TypeSpec type_spec = {.name = "type",
                            .instance_size = sizeof(Type),
                            .flags = TypeTracked | TypeIsType | TypeWeakRefs,
                            .methods = type_methods,
                            .getset = type_getset,
                            .doc = "type(object) -> the object's type\n"
                                   "type(name, bases, dict, **kwds) -> a new type"};

// --- life of script classes ----------------------------------------------------------------------

void type_traverse(Object* self, Visitor& visit) {
  auto* type = static_cast<Type*>(self);
  if (!type->is_heap()) return;
  visit(static_cast<Object*>(type->base));
  visit(static_cast<Object*>(type->bases));
  visit(static_cast<Object*>(type->mro));
  visit(static_cast<Object*>(type->dict));
  if (type->type->is_heap()) visit(static_cast<Object*>(type->type));
}
void type_clear(Object* self) {
  auto* type = static_cast<Type*>(self);
  if (!type->is_heap()) return;
  // The order holds the class itself; the namespace holds what refers back to it. Bases stay: instances that
  // die after the class need them.
  type_modified(type);
  if (type->dict) dict_clear(type->dict);
  if (Tuple* order = type->mro) {
    type->mro = nullptr;
    decref(static_cast<Object*>(order));
  }
}
void type_dealloc(Object* self) {
  auto* type = static_cast<Type*>(self);
  for (Value base : type->bases ? type->bases->view() : std::span<const Value>())
    remove_subclass(cast<Type>(base), type);
  type->version = 0;
  clear_field(type->dict);
  clear_field(type->mro);
  clear_field(type->bases);
  clear_field(type->base);
  clear_field(type->name);
  clear_field(type->qualname);
  clear_field(type->slot_names);
  free_shapes(type->root_shape);
  delete type->subclasses;
  free_object(self);
}

} // namespace

Ref type_module(Thread& thread, Type* type) {
  if (!type->is_heap()) {
    const char* name = type->spec ? type->spec->name : "";
    std::string_view text = name;
    size_t dot = text.rfind('.');
    return share(intern(dot == std::string_view::npos ? "builtins" : text.substr(0, dot)));
  }
  if (Value module = dict_get(type->dict, names::dunder_module)) return share(module);
  return raise_attribute_error(thread, Value(type), names::dunder_module, "__module__");
}

void init_type_type() {
  Slots& slots = type_type.slots;
  slots.dealloc = type_dealloc;
  slots.traverse = type_traverse;
  slots.clear = type_clear;
  slots.construct = type_construct;
  slots.init = type_init;
  slots.call = type_call;
  slots.get_attr = type_get_attr;
  slots.set_attr = type_set_attr_slot;
  slots.repr = type_repr;
  slots.binary[static_cast<int>(BinaryOp::Or)] = type_or;
  make_ready(type_type, type_spec);
}

} // namespace aspy
