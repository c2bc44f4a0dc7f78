// object: what every value can do.
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/format/format.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/type/class.hpp"

#include <fmt/format.h>
#include <string>
#include <vector>

namespace aspy {

Type object_type;

// --- making --------------------------------------------------------------------------------------

namespace {
bool has_arguments(CallArgs args) { return args.count || (args.kwnames && args.kwnames->size); }

// "Can't instantiate abstract class C without an implementation for abstract method 'f'".
Raised refuse_abstract(Thread& thread, Type* type) {
  Value declared = type_lookup(type, names::dunder_abstractmethods);
  Own<List> sorted = list_from_iterable(thread, declared ? declared : Value(empty_tuple()));
  if (!sorted || !list_sort(thread, sorted.get(), None, false)) return {};
  std::string text;
  for (Value name : sorted->view()) {
    if (!text.empty()) text += ", ";
    text += is_str(name) ? fmt::format("'{}'", cast<Str>(name)->view()) : "?";
  }
  return raise_type_error(
      thread,
      fmt::format("Can't instantiate abstract class {} without an implementation for abstract method{} {}",
                  type->name->view(), sorted->size == 1 ? "" : "s", text));
}
} // namespace

Ref object_construct(Thread& thread, Type* type, CallArgs args) {
  if (has_arguments(args)) {
    // Excess arguments are an error unless the class overrides just the other one of __new__ and __init__.
    if (type->slots.construct != object_construct)
      return raise_type_error(thread,
                              "object.__new__() takes exactly one argument (the type to instantiate)");
    if (type->slots.init == object_init)
      return raise_type_error(thread, fmt::format("{}() takes no arguments", type->name->view()));
  }
  if (type->flags & TypeAbstract) return refuse_abstract(thread, type);
  return Ref::steal(allocate_instance(type));
}

bool object_init(Thread& thread, Value self, CallArgs args) {
  if (!has_arguments(args)) return true;
  Type* type = type_of(self);
  if (type->slots.init != object_init)
    return raise_type_error(thread,
                            "object.__init__() takes exactly one argument (the instance to initialize)");
  if (type->slots.construct == object_construct)
    return raise_type_error(
        thread, fmt::format("{}.__init__() takes exactly one argument (the instance to initialize)",
                            type->name->view()));
  return true;
}

namespace {

// --- text, identity ------------------------------------------------------------------------------

Ref object_repr(Thread& thread, Value self) {
  Type* type = type_of(self);
  const void* at = self.is_object() ? self.as_object() : nullptr;
  Ref module = type_module(thread, type);
  if (!module) clear_error(thread);
  if (!module || !is_str(module) || cast<Str>(module)->view() == "builtins")
    return make_str(fmt::format("<{} object at {}>", type->name->view(), at));
  return make_str(fmt::format("<{}.{} object at {}>", cast<Str>(module)->view(), type->qualname->view(), at));
}

// Not repr(): str() says itself what it got that is no text.
Ref object_str(Thread& thread, Value self) { return type_of(self)->slots.repr(thread, self); }

Ref object_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (op == CompareOp::Eq) return share(a == b ? True : NotImplemented);
  if (op != CompareOp::Ne) return share(NotImplemented);
  // != is the opposite of the type's own ==.
  auto* own = type_of(a)->slots.compare;
  Ref equal = own ? own(thread, a, b, CompareOp::Eq) : share(NotImplemented);
  if (!equal || equal.get() == NotImplemented) return equal;
  int truth = truthy(thread, equal);
  return truth < 0 ? Ref() : share(Value::from_bool(!truth));
}

bool object_hash(Thread&, Value self, int64_t& out) {
  // Addresses are multiples of 16: the low bits go to the top.
  out = static_cast<int64_t>(self.bits >> 4 | self.bits << 60);
  if (out == -1) out = -2;
  return true;
}

// --- __class__ -----------------------------------------------------------------------------------

Ref get_class(Thread&, Value self) { return share(Value(type_of(self))); }

// Instances of the two classes are laid out alike: same native base, same members, both or none with a
// __dict__.
bool same_layout(const Type* a, const Type* b) {
  if (a->instance_size != b->instance_size || a->attrs_offset != b->attrs_offset ||
      a->prefix_size != b->prefix_size)
    return false;
  auto skip = [](const Type* type) { // classes that add no member do not matter
    while (type->is_heap() && type->slots_count == 0) type = type->base;
    return type;
  };
  const Type* left = skip(a);
  const Type* right = skip(b);
  while (left != right) {
    if (!left->is_heap() || !right->is_heap() || left->slots_count != right->slots_count) return false;
    if (!left->slot_names || !right->slot_names || left->slot_names->size != right->slot_names->size)
      return false;
    for (size_t i = 0; i < left->slot_names->size; ++i)
      if (!((*left->slot_names)[i] == (*right->slot_names)[i])) return false;
    left = skip(left->base);
    right = skip(right->base);
  }
  return true;
}

bool set_class(Thread& thread, Value self, Value value) {
  if (!value) return raise_type_error(thread, "can't delete __class__ attribute");
  if (!is_instance(value, type_type))
    return raise_type_error(
        thread, fmt::format("__class__ must be set to a class, not '{}' object", type_name(value)));
  Type* old = type_of(self);
  Type* wanted = cast<Type>(value);
  if (old == wanted) return true;
  bool modules = is_subtype(old, &module_type) && is_subtype(wanted, &module_type);
  if (!modules && (!old->is_heap() || !wanted->is_heap()))
    return raise_type_error(thread,
                            "__class__ assignment only supported for mutable types or ModuleType subclasses");
  if (!modules && !same_layout(old, wanted))
    return raise_type_error(thread, fmt::format("__class__ assignment: '{}' object layout differs from '{}'",
                                                wanted->name->view(), old->name->view()));
  Object* object = self.as_object();
  // Shapes and inline room belong to the old class; as a dictionary the attributes fit any.
  if (old->attrs_offset) attrs_dict(object);
  if (wanted->is_heap()) incref(wanted);
  object->type = wanted;
  if (old->is_heap()) decref(old);
  return true;
}

// --- dir() ---------------------------------------------------------------------------------------

} // namespace

bool collect_class_names(Thread& thread, Dict* into, Value cls) {
  if (!check_native_stack(thread)) return false;
  Ref dict = find_attr(thread, cls, names::dunder_dict);
  if (!dict && thread.has_error()) return false;
  if (dict && !dict_update(thread, into, dict)) return false;
  Ref bases = find_attr(thread, cls, names::dunder_bases);
  if (!bases) return !thread.has_error();
  if (!is_tuple(bases)) return true;
  for (Value base : cast<Tuple>(bases)->view())
    if (!collect_class_names(thread, into, base)) return false;
  return true;
}

namespace {

Ref object_dir(Thread& thread, const Value* args) {
  Own<Dict> all = new_dict();
  Ref own = find_attr(thread, args[0], names::dunder_dict);
  if (!own && thread.has_error()) return Ref();
  if (own && is_dict(own) && !dict_update(thread, all.get(), own)) return Ref();
  Ref cls = find_attr(thread, args[0], names::dunder_class);
  if (!cls && thread.has_error()) return Ref();
  if (cls && !collect_class_names(thread, all.get(), cls)) return Ref();
  return list_from_iterable(thread, all.value());
}

// --- pickling and copying ------------------------------------------------------------------------

// The members of __slots__ that are set, by name; empty when the classes declare none.
Own<Dict> slots_state(Thread& thread, Value self) {
  Own<Dict> state;
  for (Value entry : type_of(self)->mro->view()) {
    Type* type = cast<Type>(entry);
    if (!type->slot_names) continue;
    for (Value name : type->slot_names->view()) {
      Ref value = find_attr(thread, self, cast<Str>(name));
      if (thread.has_error()) return nullptr;
      if (!value) continue;
      if (!state) state = new_dict();
      dict_set(state.get(), cast<Str>(name), value);
    }
  }
  return state;
}

Ref default_state(Thread& thread, Value self) {
  Ref dict = find_attr(thread, self, names::dunder_dict);
  if (!dict && thread.has_error()) return Ref();
  if (dict && is_dict(dict)) dict = cast<Dict>(dict)->used ? Ref(dict_copy(cast<Dict>(dict))) : Ref();
  Own<Dict> slots = slots_state(thread, self);
  if (thread.has_error()) return Ref();
  if (!slots) return dict ? dict : share(None);
  return make_tuple({dict ? dict.get() : None, slots.value()});
}

Ref object_getstate(Thread& thread, const Value* args) { return default_state(thread, args[0]); }

Ref state_of(Thread& thread, Value self) {
  Value found = type_lookup(type_of(self), names::dunder_getstate);
  return found ? call_found(thread, found, self) : default_state(thread, self);
}

// copyreg.__newobj__(cls, *args): what a reduced object is rebuilt with.
Ref new_object(Thread& thread, CallArgs args) {
  if (args.count == 0 || !is_instance(args[0], type_type))
    return raise_type_error(thread, "__newobj__ expects a class");
  Ref make = get_attr(thread, args[0], names::dunder_new);
  return make ? call(thread, make, args) : Ref();
}
const NativeDef new_object_def = {"__newobj__", "*args", nullptr, nullptr, NativeKind::Function, new_object};
Ref new_object_kw(Thread& thread, const Value* args) {
  Ref make = get_attr(thread, args[0], names::dunder_new);
  if (!make) return Ref();
  std::vector<Value> row{args[0]};
  for (Value value : cast<Tuple>(args[1])->view()) row.push_back(value);
  auto* keywords = cast<Dict>(args[2]);
  Own<Tuple> kwnames = new_tuple(keywords->used);
  Value key, value;
  size_t index = 0;
  for (uint32_t at = 0; dict_next(keywords, at, key, value);) {
    kwnames->items()[index++] = share(key).release();
    row.push_back(value);
  }
  return call(thread, make, CallArgs{row.data(), static_cast<uint32_t>(row.size() - index), kwnames.get()});
}
const NativeDef new_object_kw_def = {"__newobj_ex__", "cls, args, kwargs, /", new_object_kw};

Ref method_iterator(Thread& thread, Value self, std::string_view method) {
  Ref items = method.empty() ? share(self) : call_method(thread, self, method);
  return items ? iter(thread, items) : Ref();
}

// As messages about native objects name their type: with the module.
std::string_view shown_name(const Type* type) {
  return type->spec ? std::string_view(type->spec->name) : type->name->view();
}

Ref object_reduce_ex(Thread& thread, const Value* args) {
  Value self = args[0];
  Type* type = type_of(self);
  // An overridden __reduce__ wins.
  Value reduce = type_lookup(type, names::dunder_reduce);
  if (reduce && !(reduce == type_lookup(&object_type, names::dunder_reduce)))
    return call_found(thread, reduce, self);
  Type* native = type;
  while (native->is_heap()) native = native->base;
  bool is_list_like = type->flags & TypeIsList, is_dict_like = type->flags & TypeIsDict;
  if (!native->slots.construct)
    return raise_type_error(thread, fmt::format("cannot pickle '{}' object", shown_name(type)));

  Ref positional, keywords;
  if (Value found = type_lookup(type, intern("__getnewargs_ex__"))) {
    Ref both = call_found(thread, found, self);
    if (!both) return Ref();
    if (!is_tuple(both) || cast<Tuple>(both)->size != 2)
      return raise_type_error(thread, "__getnewargs_ex__ should return a tuple of length 2");
    positional = share((*cast<Tuple>(both))[0]);
    keywords = share((*cast<Tuple>(both))[1]);
  } else if (Value plain = type_lookup(type, names::dunder_getnewargs)) {
    positional = call_found(thread, plain, self);
    if (!positional) return Ref();
    if (!is_tuple(positional))
      return raise_type_error(
          thread, fmt::format("__getnewargs__ should return a tuple, not '{}'", type_name(positional)));
  } else if (!is_list_like && !is_dict_like && !(native->flags & (TypeIsSet | TypeIsException)) &&
             native->instance_size !=
                 object_type.instance_size + (native->attrs_offset ? sizeof(Attrs) : 0) &&
             type_lookup(type, names::dunder_getstate) == type_lookup(&object_type, names::dunder_getstate)) {
    // Fields that nobody could fill in again.
    return raise_type_error(thread, fmt::format("cannot pickle '{}' object", shown_name(type)));
  }
  Ref state = state_of(thread, self);
  if (!state) return Ref();
  Ref maker, arguments;
  if (keywords && is_dict(keywords) && cast<Dict>(keywords)->used) {
    maker = make_native_function(thread, new_object_kw_def, intern("copyreg"));
    arguments = make_tuple({Value(type), positional, keywords});
  } else {
    maker = make_native_function(thread, new_object_def, intern("copyreg"));
    std::vector<Value> row{Value(type)};
    if (positional)
      for (Value value : cast<Tuple>(positional)->view()) row.push_back(value);
    arguments = aspy::make_tuple(row);
  }
  Ref list_items = is_list_like ? method_iterator(thread, self, "") : share(None);
  Ref dict_items = is_dict_like ? method_iterator(thread, self, "items") : share(None);
  if (!list_items || !dict_items) return Ref();
  return make_tuple({maker, arguments, state, list_items, dict_items});
}
Ref object_reduce(Thread& thread, const Value* args) { return object_reduce_ex(thread, args); }

Ref object_sizeof(Thread&, const Value* args) {
  Type* type = type_of(args[0]);
  return make_int(type->prefix_size + type->instance_size + type->attrs_hint * sizeof(Value));
}
Ref object_init_subclass(Thread&, const Value*) { return share(None); }
Ref object_subclasshook(Thread&, const Value*) { return share(NotImplemented); }

void object_dealloc(Object* self) { free_object(self); }

const NativeDef object_methods[] = {
    {"__reduce_ex__", "self, protocol, /", object_reduce_ex, "Helper for pickle."},
    {"__reduce__", "self, /", object_reduce, "Helper for pickle."},
    {"__getstate__", "self, /", object_getstate, "Helper for pickle."},
    {"__subclasshook__", "cls, object, /", object_subclasshook,
     "Abstract classes can override this to customize issubclass().", NativeKind::ClassMethod},
    {"__init_subclass__", "cls, /", object_init_subclass, "This method is called when a class is subclassed.",
     NativeKind::ClassMethod},
    {"__format__", "self, format_spec, /", object_format_method, "Default object formatter."},
    {"__sizeof__", "self, /", object_sizeof, "Size of object in memory, in bytes."},
    {"__dir__", "self, /", object_dir, "Default dir() implementation."},
    {nullptr},
};
const GetSetDef object_getset[] = {{"__class__", get_class, set_class, "the object's class"},
                                   {nullptr, nullptr}};
const TypeSpec object_spec = {.name = "object",
                              .instance_size = sizeof(Object),
                              .methods = object_methods,
                              .getset = object_getset,
                              .doc = "The base class of the class hierarchy.\n\nWhen called, it accepts no "
                                     "arguments and returns a new featureless\n"
                                     "instance that has no instance attributes and cannot be given any.\n"};

} // namespace

void init_object_type() {
  Slots& slots = object_type.slots;
  slots.dealloc = object_dealloc;
  slots.construct = object_construct;
  slots.init = object_init;
  slots.get_attr = generic_get_attr;
  slots.set_attr = generic_set_attr;
  slots.repr = object_repr;
  slots.str = object_str;
  slots.compare = object_compare;
  slots.hash = object_hash;
  make_ready(object_type, object_spec);
}

} // namespace aspy
