// collections.defaultdict, and the module _collections.
#include "runtime/importing/registry.hpp"
#include "runtime/modules/collections/deque.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict_order.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

Type defaultdict_type;

namespace {

DefaultDict* as_default(Value value) { return cast<DefaultDict>(value); }

void default_clear(Object* object) {
  clear_field(static_cast<DefaultDict*>(object)->factory);
  dict_type.slots.clear(object);
}
void default_dealloc(Object* object) {
  clear_field(static_cast<DefaultDict*>(object)->factory);
  dict_type.slots.dealloc(object);
}
void default_traverse(Object* object, Visitor& visitor) {
  visitor(static_cast<DefaultDict*>(object)->factory);
  dict_type.slots.traverse(object, visitor);
}

bool default_init(Thread& thread, Value self, CallArgs call) {
  Value factory = call.count ? call.args[0] : None;
  if (!factory.is_none() && !is_callable(factory))
    return raise_type_error(thread, "first argument must be callable or None");
  assign(as_default(self)->factory, share(factory));
  CallArgs rest = call;
  if (call.count) {
    ++rest.args;
    --rest.count;
  }
  return dict_type.slots.init(thread, self, rest);
}

// What a missing key gets: the factory's product, kept.
Ref make_missing(Thread& thread, Value self, Value key) {
  Value factory = as_default(self)->factory;
  if (!factory || factory.is_none()) return raise_with_args(thread, KeyError_type, {key});
  Ref keep = share(factory);
  Ref made = call(thread, keep);
  if (!made || !set_item(thread, self, key, made)) return {};
  return made;
}

Ref default_get_item(Thread& thread, Value self, Value key) {
  Value found = dict_get(thread, as_default(self), key);
  if (found) return share(found);
  if (thread.has_error()) return {};
  // A subclass may have its own __missing__.
  if (self.as_object()->type == &defaultdict_type) return make_missing(thread, self, key);
  return call_method(thread, self, names::dunder_missing, {key});
}
Ref method_missing(Thread& thread, const Value* args) { return make_missing(thread, args[0], args[1]); }

Ref default_repr(Thread& thread, Value self) {
  Ref items = dict_type.slots.repr(thread, self);
  if (!items) return {};
  Value factory = as_default(self)->factory;
  // the items have a guard of their own; a factory may show the dict again
  ReprGuard guard(factory && factory.is_object() ? factory.as_object() : self.as_object());
  bool nested = factory && factory.is_object() && guard.recursive();
  Ref shown = nested ? Ref(make_str("...")) : repr(thread, factory ? factory : None);
  if (!shown) return {};
  return make_str(fmt::format("{}({}, {})", type_of(self)->name->view(), cast<Str>(shown)->view(),
                              cast<Str>(items)->view()));
}

Ref method_copy(Thread& thread, const Value* args) {
  Value factory = as_default(args[0])->factory;
  return call(thread, type_of(args[0]), {factory ? factory : None, args[0]});
}
Ref method_reduce(Thread& thread, const Value* args) {
  Value factory = as_default(args[0])->factory;
  Own<Tuple> arguments = factory && !factory.is_none() ? make_tuple({factory}) : make_tuple({});
  Ref items = call_method(thread, args[0], "items");
  if (!items) return {};
  Ref iterator = iter(thread, items);
  if (!iterator) return {};
  return make_tuple({type_of(args[0]), arguments.value(), None, None, iterator});
}

Ref default_or(Thread& thread, Value a, Value b) {
  if (!is_dict(a) || !is_dict(b)) return share(NotImplemented);
  Value self = is_instance(a, defaultdict_type) ? a : b;
  Value factory = as_default(self)->factory;
  Ref made = call(thread, type_of(self), {factory ? factory : None, a});
  return made && dict_update(thread, cast<Dict>(made), b) ? made : Ref();
}

Ref get_factory(Thread&, Value self) {
  Value factory = as_default(self)->factory;
  return share(factory ? factory : None);
}
bool set_factory(Thread&, Value self, Value value) {
  assign(as_default(self)->factory, share(value ? value : None));
  return true;
}

const NativeDef default_methods[] = {
    {"__missing__", "self, key, /", method_missing, "Called by __getitem__ for a missing key."},
    {"copy", "self, /", method_copy, "A shallow copy."},
    {"__copy__", "self, /", method_copy, "A shallow copy."},
    {"__reduce__", "self, /", method_reduce},
    {"__class_getitem__", "cls, item, /", class_getitem, nullptr, NativeKind::ClassMethod},
    {nullptr},
};
const GetSetDef default_getset[] = {
    {"default_factory", get_factory, set_factory, "Factory for default value."}, {nullptr, nullptr}};

// --- the attributes of named tuples --------------------------------------------------------------

struct TupleGetter : Object {
  size_t index = 0;
  Value doc; // owned
};
Type tuple_getter_type;

void getter_dealloc(Object* object) {
  clear_field(static_cast<TupleGetter*>(object)->doc);
  free_object(object);
}
Ref getter_construct(Thread& thread, Type*, CallArgs call) {
  int64_t index;
  if (!refuse_keywords(thread, "_tuplegetter", call) || !check_count(thread, "_tuplegetter", call, 2, 2) ||
      !to_int64(thread, call.args[0], index))
    return {};
  auto* getter = allocate<TupleGetter>(tuple_getter_type);
  getter->index = static_cast<size_t>(index);
  getter->doc = share(call.args[1]).release();
  return Ref::steal(getter);
}
Ref getter_get(Thread& thread, Value self, Value object, Value) {
  if (!object || object.is_none()) return share(self);
  auto* getter = cast<TupleGetter>(self);
  if (!is_tuple(object))
    return raise_type_error(
        thread, fmt::format("descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
                            getter->index, type_name(object)));
  if (getter->index >= cast<Tuple>(object)->size)
    return raise(thread, IndexError_type, "tuple index out of range");
  return share((*cast<Tuple>(object))[getter->index]);
}
bool getter_set(Thread& thread, Value, Value, Value value) {
  return raise(thread, AttributeError_type, value ? "can't set attribute" : "can't delete attribute");
}
Ref getter_repr(Thread& thread, Value self) {
  auto* getter = cast<TupleGetter>(self);
  Ref doc = repr(thread, getter->doc);
  if (!doc) return {};
  return make_str(
      fmt::format("{}({}, {})", type_of(self)->name->view(), getter->index, cast<Str>(doc)->view()));
}
Ref getter_doc(Thread&, Value self) { return share(cast<TupleGetter>(self)->doc); }
bool getter_set_doc(Thread&, Value self, Value value) {
  assign(cast<TupleGetter>(self)->doc, share(value ? value : None));
  return true;
}
const GetSetDef getter_getset[] = {{"__doc__", getter_doc, getter_set_doc}, {nullptr, nullptr}};

void init_tuple_getter_type() {
  if (tuple_getter_type.flags & TypeReady) return;
  static const TypeSpec spec = {
      .name = "collections._tuplegetter", .instance_size = sizeof(TupleGetter), .getset = getter_getset};
  Slots& slots = tuple_getter_type.slots;
  slots.dealloc = getter_dealloc;
  slots.construct = getter_construct;
  slots.repr = getter_repr;
  slots.descr_get = getter_get;
  slots.descr_set = getter_set;
  make_ready(tuple_getter_type, spec);
}

// --- views of an OrderedDict -------------------------------------------------------------------------------

Type odict_keys_type, odict_values_type, odict_items_type;

void init_odict_view_types() {
  if (odict_keys_type.flags & TypeReady) return;
  static const TypeSpec keys{
      .name = "odict_keys", .base = &dict_keys_type, .flags = TypeFinal | TypeNoConstruct},
      values{.name = "odict_values", .base = &dict_values_type, .flags = TypeFinal | TypeNoConstruct},
      items{.name = "odict_items", .base = &dict_items_type, .flags = TypeFinal | TypeNoConstruct};
  make_ready(odict_keys_type, keys);
  make_ready(odict_values_type, values);
  make_ready(odict_items_type, items);
}

template <Type& type> Ref odict_view(Thread& thread, const Value* args) {
  if (!is_dict(args[0])) return raise_type_error(thread, "expected a dict");
  auto* view = allocate<DictView>(type);
  view->dict = Own<Dict>::share(cast<Dict>(args[0])).release();
  return Ref::steal(view);
}

// --- what the script part of collections is quicker with -----------------------------------------

// Whether `method` of the dict `object` is dict's own.
bool is_plain(Value object, Str* method) {
  return type_lookup(type_of(object), method) == type_lookup(&dict_type, method);
}

// Adds 1 to the count of each element. False when the mapping has ways of its own, and nothing was done.
Ref count_elements(Thread& thread, const Value* args) {
  Value counts = args[0];
  if (!is_dict(counts) || !is_plain(counts, intern("get")) || !is_plain(counts, names::dunder_setitem))
    return share(False);
  Ref held = share(counts);
  bool fine = for_each(thread, args[1], [&](Value element) {
    // What has no hash is told so in hash()'s words, not in those of dict keys.
    int64_t number;
    if (element.is_object() && !is_exact(element, str_type) && !hash(thread, element, number)) return false;
    return dict_increment(thread, cast<Dict>(held), element);
  });
  return fine ? share(True) : Ref();
}

// False: the key is missing.
Ref move_to_end(Thread& thread, const Value* args) {
  int last = truthy(thread, args[2]);
  int moved = last < 0 ? -1 : dict_move_to_end(thread, cast<Dict>(args[0]), args[1], last);
  return moved < 0 ? Ref() : share(Value::from_bool(moved));
}

const NativeDef collections_functions[] = {
    {"_count_elements", "mapping, iterable, /", count_elements},
    {"_move_to_end", "dict, key, last, /", move_to_end},
    {"_odict_keys", "self, /", odict_view<odict_keys_type>},
    {"_odict_values", "self, /", odict_view<odict_values_type>},
    {"_odict_items", "self, /", odict_view<odict_items_type>},
    {nullptr},
};

bool init_collections(Thread&, Module* module) {
  init_odict_view_types();
  init_tuple_getter_type();
  module_set(module, "_tuplegetter", &tuple_getter_type);
  init_deque_types();
  init_defaultdict_type();
  module_set(module, "deque", &deque_type);
  module_set(module, "defaultdict", &defaultdict_type);
  return true;
}

} // namespace

void init_defaultdict_type() {
  if (defaultdict_type.flags & TypeReady) return;
  static const TypeSpec spec = {.name = "collections.defaultdict",
                                .base = &dict_type,
                                .instance_size = sizeof(DefaultDict),
                                .flags = TypeTracked | TypeIsDict | TypeIsMapping | TypeWeakRefs,
                                .methods = default_methods,
                                .getset = default_getset,
                                .doc = "A dict that makes missing values by calling a factory."};
  Slots& slots = defaultdict_type.slots;
  slots.dealloc = default_dealloc;
  slots.traverse = default_traverse;
  slots.clear = default_clear;
  slots.init = default_init;
  slots.get_item = default_get_item;
  slots.repr = default_repr;
  slots.binary[static_cast<int>(BinaryOp::Or)] = default_or;
  make_ready(defaultdict_type, spec);
}

const ModuleSpec _collections_module = {"_collections", collections_functions, init_collections};

} // namespace aspy
