// The native half of `functools`: partial, reduce, cmp_to_key.
#include "runtime/importing/registry.hpp"
#include "runtime/modules/functools/functools_types.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/weakref.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace aspy {

Type partial_type, placeholder_type, key_type;

namespace {

Value placeholder; // functools.Placeholder, made with the module

// --- partial -------------------------------------------------------------------------------------

struct Partial : Object {
  Attrs attrs;
  Value function;           // owned
  Tuple* args = nullptr;    // owned
  Dict* keywords = nullptr; // owned
  uint32_t holes = 0;       // placeholders among args
};

Partial* as_partial(Value value) { return cast<Partial>(value); }

void partial_clear(Object* object) {
  auto* partial = static_cast<Partial*>(object);
  clear_field(partial->function);
  clear_field(partial->args);
  clear_field(partial->keywords);
  attrs_clear(object);
}
void partial_dealloc(Object* object) {
  gc_untrack(object);
  partial_clear(object);
  attrs_destroy(object);
  free_object(object);
}
void partial_traverse(Object* object, Visitor& visitor) {
  auto* partial = static_cast<Partial*>(object);
  visitor(partial->function);
  visitor(partial->args);
  visitor(partial->keywords);
  attrs_traverse(object, visitor);
}

// The positional arguments: `first` with its placeholders filled from `rest`, then what is left of `rest`.
std::vector<Value> merge(std::span<const Value> first, std::span<const Value> rest) {
  std::vector<Value> row(first.begin(), first.end());
  size_t used = 0;
  for (Value& value : row)
    if (value == placeholder && used < rest.size()) value = rest[used++];
  row.insert(row.end(), rest.begin() + static_cast<std::ptrdiff_t>(used), rest.end());
  return row;
}

Ref partial_construct(Thread& thread, Type* type, CallArgs call) {
  if (call.count < 1) return raise_type_error(thread, "type 'partial' takes at least one argument");
  Value function = call.args[0];
  if (!is_callable(function)) return raise_type_error(thread, "the first argument must be callable");
  std::span<const Value> rest(call.args + 1, call.count - 1);
  if (!rest.empty() && rest.back() == placeholder)
    return raise_type_error(thread, "trailing Placeholders are not allowed");
  for (size_t i = 0; call.kwnames && i < call.kwnames->size; ++i)
    if (call.args[call.count + i] == placeholder)
      return raise_type_error(thread, "Placeholder cannot be passed as a keyword argument");
  Own<Dict> keywords = new_dict();
  std::vector<Value> row(rest.begin(), rest.end());
  // A partial of a plain partial becomes one.
  if (is_exact(function, partial_type) && type == &partial_type && !as_partial(function)->attrs.slots) {
    Partial* inner = as_partial(function);
    keywords = dict_copy(inner->keywords);
    row = merge(inner->args->view(), rest);
    while (!row.empty() && row.back() == placeholder && rest.empty()) row.pop_back();
    function = inner->function;
  }
  for (size_t i = 0; call.kwnames && i < call.kwnames->size; ++i)
    dict_set(keywords.get(), cast<Str>((*call.kwnames)[i]), call.args[call.count + i]);
  auto* partial = static_cast<Partial*>(allocate_instance(type));
  partial->function = share(function).release();
  partial->args = make_tuple(std::span<const Value>(row)).release();
  partial->keywords = keywords.release();
  partial->holes = static_cast<uint32_t>(std::count(row.begin(), row.end(), placeholder));
  return Ref::steal(partial);
}

Ref partial_call(Thread& thread, Value self, CallArgs call) {
  Partial* partial = as_partial(self);
  if (call.count < partial->holes)
    return raise_type_error(thread,
                            fmt::format("missing positional arguments in 'partial' call; expected at least "
                                        "{}, got {}",
                                        partial->holes, call.count));
  // What is called may drop the partial, or give it another state.
  Ref keep = share(self), function = share(partial->function);
  Own<Tuple> own_args = Own<Tuple>::share(partial->args);
  std::vector<Value> row;
  std::span<const Value> given(call.args, call.count);
  if (partial->holes) {
    row = merge(partial->args->view(), given);
  } else {
    row.reserve(partial->args->size + call.count + 4);
    auto own = partial->args->view();
    row.insert(row.end(), own.begin(), own.end());
    row.insert(row.end(), given.begin(), given.end());
  }
  auto positional = static_cast<uint32_t>(row.size());
  if (partial->keywords->used == 0) {
    size_t count = call.kwnames ? call.kwnames->size : 0;
    row.insert(row.end(), call.args + call.count, call.args + call.count + count);
    return aspy::call(thread, function, CallArgs{row.data(), positional, call.kwnames});
  }
  // Keywords given in the call win, in the place that the partial gave them.
  Own<Dict> keywords = dict_copy(partial->keywords);
  for (size_t i = 0; call.kwnames && i < call.kwnames->size; ++i)
    dict_set(keywords.get(), cast<Str>((*call.kwnames)[i]), call.args[call.count + i]);
  std::vector<Value> names;
  uint32_t at = 0;
  Value key, value;
  while (dict_next(keywords.get(), at, key, value)) {
    names.push_back(key);
    row.push_back(value);
  }
  Own<Tuple> kwnames = make_tuple(std::span<const Value>(names));
  return aspy::call(thread, function, CallArgs{row.data(), positional, kwnames.get()});
}

Ref partial_get(Thread&, Value self, Value object, Value) {
  return object && !object.is_none() ? make_bound_method(self, object) : share(self);
}

Ref partial_repr(Thread& thread, Value self) {
  Partial* partial = as_partial(self);
  if (!check_native_stack(thread)) return {};
  StrBuilder out;
  out.append(full_type_name(type_of(self)));
  out.append('(');
  if (!out.append_repr(thread, partial->function)) return {};
  for (Value arg : partial->args->view()) {
    out.append(", ");
    if (!out.append_repr(thread, arg)) return {};
  }
  uint32_t at = 0;
  Value key, value;
  Own<Dict> keywords = dict_copy(partial->keywords);
  while (dict_next(keywords.get(), at, key, value)) {
    out.append(", ");
    if (!out.append_str(thread, key)) return {};
    out.append('=');
    if (!out.append_repr(thread, value)) return {};
  }
  out.append(')');
  return out.finish();
}

Ref get_function(Thread&, Value self) { return share(as_partial(self)->function); }
Ref get_partial_args(Thread&, Value self) { return share(as_partial(self)->args); }
Ref get_keywords(Thread&, Value self) { return share(as_partial(self)->keywords); }
Ref get_dict(Thread&, Value self) { return share(attrs_dict(self.as_object())); }
bool set_dict(Thread& thread, Value self, Value value) {
  if (!value || !is_dict(value)) return raise_type_error(thread, "__dict__ must be set to a dictionary");
  attrs_replace_dict(self.as_object(), cast<Dict>(value));
  return true;
}
const GetSetDef partial_getset[] = {{"__dict__", get_dict, set_dict},
                                    {"func", get_function},
                                    {"args", get_partial_args},
                                    {"keywords", get_keywords},
                                    {nullptr, nullptr}};

Ref partial_reduce(Thread&, const Value* args) {
  Partial* partial = as_partial(args[0]);
  Own<Tuple> arguments = make_tuple({partial->function});
  Own<Tuple> state = make_tuple({partial->function, Value(partial->args), Value(partial->keywords),
                                 partial->attrs.slots ? Value(attrs_dict(partial)) : None});
  return make_tuple({type_of(args[0]), arguments.value(), state.value()});
}

// What partial_reduce told: (function, args, keywords, attributes or None).
Ref partial_set_state(Thread& thread, const Value* args) {
  Tuple* state = is_tuple(args[1]) && cast<Tuple>(args[1])->size == 4 ? cast<Tuple>(args[1]) : nullptr;
  bool fits = state && is_callable((*state)[0]) && is_tuple((*state)[1]) &&
              (is_dict((*state)[2]) || (*state)[2].is_none()) &&
              (is_dict((*state)[3]) || (*state)[3].is_none());
  if (!fits) return raise_type_error(thread, "invalid partial state");
  auto given = cast<Tuple>((*state)[1])->view();
  if (!given.empty() && given.back() == placeholder)
    return raise_type_error(thread, "trailing Placeholders are not allowed");
  Partial* partial = as_partial(args[0]);
  assign(partial->function, share((*state)[0]));
  Own<Tuple> old_args = Own<Tuple>::steal(std::exchange(partial->args, make_tuple(given).release()));
  Own<Dict> keywords = (*state)[2].is_none() ? new_dict() : dict_copy(cast<Dict>((*state)[2]));
  Own<Dict> old_keywords = Own<Dict>::steal(std::exchange(partial->keywords, keywords.release()));
  partial->holes = static_cast<uint32_t>(std::count(given.begin(), given.end(), placeholder));
  Own<Dict> attributes = (*state)[3].is_none() ? new_dict() : Own<Dict>::share(cast<Dict>((*state)[3]));
  attrs_replace_dict(partial, attributes.get());
  return share(None);
}

const NativeDef partial_methods[] = {
    {"__reduce__", "self, /", partial_reduce},
    {"__setstate__", "self, object, /", partial_set_state},
    {"__class_getitem__", "cls, object, /", class_getitem, "See PEP 585", NativeKind::ClassMethod},
    {nullptr}};

Ref placeholder_repr(Thread&, Value) { return make_str("Placeholder"); }

// --- reduce --------------------------------------------------------------------------------------

Ref functools_reduce(Thread& thread, const Value* args) {
  Ref iterator = iter(thread, args[1]);
  if (!iterator) {
    if (error_matches(thread, TypeError_type)) {
      clear_error(thread);
      return raise_type_error(thread, "reduce() arg 2 must support iteration");
    }
    return {};
  }
  Ref total = args[2] ? share(args[2]) : next(thread, iterator);
  if (!total) {
    if (thread.has_error()) return {};
    return raise_type_error(thread, "reduce() of empty iterable with no initial value");
  }
  while (Ref item = next(thread, iterator)) {
    total = call(thread, args[0], {total, item});
    if (!total) return {};
  }
  return thread.has_error() ? Ref() : total;
}

// --- cmp_to_key ----------------------------------------------------------------------------------

// K(object): compares by a function that says -1, 0 or 1.
struct Key : Object {
  Value compare, object; // owned; object empty in what cmp_to_key returns
};

void key_clear(Object* object) {
  clear_field(static_cast<Key*>(object)->compare);
  clear_field(static_cast<Key*>(object)->object);
}
void key_dealloc(Object* object) {
  gc_untrack(object);
  key_clear(object);
  free_object(object);
}
void key_traverse(Object* object, Visitor& visitor) {
  visitor(static_cast<Key*>(object)->compare);
  visitor(static_cast<Key*>(object)->object);
}

Ref make_key(Value compare, Value object) {
  auto* key = allocate<Key>(key_type);
  key->compare = share(compare).release();
  key->object = share(object).release();
  return Ref::steal(key);
}

Ref key_call(Thread& thread, Value self, CallArgs call) {
  BoundArgs args;
  if (!bind_args(thread, "K", "obj", call, args)) return {};
  return make_key(cast<Key>(self)->compare, args[0]);
}

Ref key_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_exact(a, key_type) || !is_exact(b, key_type))
    return raise_type_error(thread, "other argument must be K instance");
  Ref order = call(thread, cast<Key>(a)->compare, {cast<Key>(a)->object, cast<Key>(b)->object});
  return order ? compare(thread, order, Value::from_int(0), op) : Ref();
}

Ref get_key_object(Thread&, Value self) {
  Value object = cast<Key>(self)->object;
  return share(object ? object : None);
}
const GetSetDef key_getset[] = {{"obj", get_key_object}, {nullptr, nullptr}};

Ref functools_cmp_to_key(Thread&, const Value* args) { return make_key(args[0], Value()); }

// --- the module ----------------------------------------------------------------------------------

void init_functools_types() {
  if (partial_type.flags & TypeReady) return;
  static const TypeSpec partial_spec = {.name = "functools.partial",
                                        .instance_size = sizeof(Partial),
                                        .flags = TypeTracked | TypeWeakRefs,
                                        .attrs_offset = sizeof(Object),
                                        .methods = partial_methods,
                                        .getset = partial_getset,
                                        .doc = "A function with some of its arguments given already."};
  Slots& slots = partial_type.slots;
  slots.dealloc = partial_dealloc;
  slots.traverse = partial_traverse;
  slots.clear = partial_clear;
  slots.construct = partial_construct;
  slots.call = partial_call;
  slots.descr_get = partial_get;
  slots.repr = partial_repr;
  make_ready(partial_type, partial_spec);

  static const TypeSpec placeholder_spec = {
      .name = "functools._PlaceholderType", .instance_size = sizeof(Object), .flags = TypeFinal};
  placeholder_type.slots.construct = [](Thread& thread, Type*, CallArgs call) -> Ref {
    if (call.count || call.kwnames) return raise_type_error(thread, "PlaceholderType takes no arguments");
    return share(placeholder);
  };
  placeholder_type.slots.repr = placeholder_repr;
  make_ready(placeholder_type, placeholder_spec);

  static const TypeSpec key_spec = {.name = "functools.KeyWrapper",
                                    .instance_size = sizeof(Key),
                                    .flags = TypeTracked | TypeFinal | TypeNoConstruct,
                                    .getset = key_getset};
  key_type.slots.dealloc = key_dealloc;
  key_type.slots.traverse = key_traverse;
  key_type.slots.clear = key_clear;
  key_type.slots.call = key_call;
  key_type.slots.compare = key_compare;
  make_ready(key_type, key_spec);
  init_lru_type();
}

bool init_functools(Thread&, Module* module) {
  init_functools_types();
  static Object the_placeholder{immortal_refcount, 0, &placeholder_type};
  placeholder = Value(&the_placeholder);
  module_set(module, "partial", &partial_type);
  module_set(module, "Placeholder", placeholder);
  module_set(module, "_lru_wrapper", &lru_wrapper_type);
  module_set(module, "weak", &weakref_type);
  return true;
}

const NativeDef functools_functions[] = {
    {"reduce", "function, iterable, /, initial=None |", functools_reduce,
     "Apply a function of two arguments to the items of an iterable, from left to right."},
    {"cmp_to_key", "mycmp", functools_cmp_to_key, "Make a key function from a comparison function."},
    {nullptr},
};

} // namespace

const ModuleSpec _functools_module = {"_functools", functools_functions, init_functools};

} // namespace aspy
