// dict: construction, operators, text, and the methods scripts see.
#include "vm/memory/heap.hpp"
#include "vm/object/callable/callable_text.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/dict_order.hpp"
#include "vm/object/hash/dict_views.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

Type dict_type;

namespace {

// --- filling a dict from something else ---

// Copies the entries of a real dict. The source may change while __eq__ of a key runs.
bool update_from_dict(Thread& thread, Dict* dict, Dict* source) {
  if (dict == source) return true;
  if (dict->used == 0 && dict->end == 0) {
    dict_fill_from(dict, source);
    return true;
  }
  uint32_t position = 0, used = source->used;
  Value key, value;
  while (dict_next(source, position, key, value)) {
    Ref held_key = share(key), held_value = share(value);
    if (!dict_set(thread, dict, key, value)) return false;
    if (source->used != used) return raise(thread, RuntimeError_type, "dict mutated during update");
  }
  return true;
}

// Anything with keys(): each key is looked up by subscription. `unique`: a key that is there already is a
// KeyError.
bool update_from_mapping(Thread& thread, Dict* dict, Value mapping, bool unique = false) {
  Ref keys = call_method(thread, mapping, "keys");
  if (!keys) return false;
  Ref iterator = iter(thread, keys);
  if (!iterator) {
    const Slots& slots = type_of(keys)->slots;
    if (slots.iter || slots.get_item || !error_matches(thread, TypeError_type)) return false;
    clear_error(thread);
    return raise_type_error(thread, fmt::format("{}.keys() returned a non-iterable (type {})",
                                                type_name(mapping), type_name(keys)));
  }
  while (Ref key = next(thread, iterator)) {
    if (unique) {
      if (dict_get(thread, dict, key)) raise_key_error(thread, key);
      if (thread.has_error()) return false;
    }
    Ref value = get_item(thread, mapping, key);
    if (!value || !dict_set(thread, dict, key, value)) return false;
  }
  return !thread.has_error();
}

Raised raise_no_sequence(Thread& thread, size_t number) {
  raise_type_error(thread, "object is not iterable");
  Ref error = take_error(thread);
  Own<Str> note =
      make_str(fmt::format("Cannot convert dictionary update sequence element #{} to a sequence", number));
  if (!call_method(thread, error, "add_note", {Value(note.get())})) return {};
  set_error(thread, std::move(error));
  return {};
}

// One element of a sequence of pairs.
bool set_pair(Thread& thread, Dict* dict, Value element, size_t number) {
  if (is_exact(element, tuple_type) && cast<Tuple>(element)->size == 2)
    return dict_set(thread, dict, (*cast<Tuple>(element))[0], (*cast<Tuple>(element))[1]);
  Own<List> pair;
  if (!type_of(element)->slots.iter && !type_of(element)->slots.get_item)
    return raise_no_sequence(thread, number);
  pair = list_from_iterable(thread, element);
  if (!pair) return false;
  if (pair->size != 2)
    return raise_value_error(
        thread, fmt::format("dictionary update sequence element #{} has length {}; 2 is required", number,
                            pair->size));
  return dict_set(thread, dict, (*pair)[0], (*pair)[1]);
}

bool update_from_pairs(Thread& thread, Dict* dict, Value pairs) {
  Ref iterator = iter(thread, pairs);
  if (!iterator) return false;
  for (size_t number = 0; Ref element = next(thread, iterator); ++number)
    if (!set_pair(thread, dict, element, number)) return false;
  return !thread.has_error();
}

// dict(x, **kw) and d.update(x, **kw).
bool update_from_call(Thread& thread, const char* name, Dict* dict, CallArgs args) {
  if (!check_count(thread, name, {args.args, args.count, nullptr}, 0, 1)) return false;
  if (args.count && !dict_update(thread, dict, args[0])) return false;
  if (!args.kwnames) return true;
  for (size_t i = 0; i < args.kwnames->size; ++i)
    if (!dict_set(thread, dict, (*args.kwnames)[i], args[uint32_t(args.count + i)])) return false;
  return true;
}

} // namespace

// A dict whose items are its entries: a subclass may have another idea of them, which keys() and subscription
// then tell.
static bool is_plain_dict(Value value) {
  return is_dict(value) && type_of(value)->slots.iter == dict_type.slots.iter;
}

bool dict_update(Thread& thread, Dict* dict, Value source) {
  if (is_plain_dict(source)) return update_from_dict(thread, dict, cast<Dict>(source));
  Ref keys = find_attr(thread, source, intern("keys"));
  if (!keys && thread.has_error()) return false;
  return keys ? update_from_mapping(thread, dict, source) : update_from_pairs(thread, dict, source);
}

bool dict_update_from_mapping(Thread& thread, Dict* dict, Value mapping) {
  return update_from_mapping(thread, dict, mapping);
}

bool dict_merge_kwargs(Thread& thread, Dict* dict, Value mapping, Value callable) {
  auto complain = [&](std::string_view what) {
    return bool(raise_type_error(thread, fmt::format("{} {}", callable_text(thread, callable), what)));
  };
  auto twice = [&](Value key) {
    if (!is_str(key)) return bool(raise_type_error(thread, "keywords must be strings"));
    return complain(fmt::format("got multiple values for keyword argument '{}'", cast<Str>(key)->view()));
  };
  if (!is_plain_dict(mapping)) {
    if (update_from_mapping(thread, dict, mapping, true)) return true;
    // What the mapping itself raises is read in the same way: an AttributeError as the want of keys(), a
    // KeyError as a name given twice.
    if (error_matches(thread, AttributeError_type)) {
      clear_error(thread);
      return complain(fmt::format("argument after ** must be a mapping, not {}", type_name(mapping)));
    }
    if (error_matches(thread, KeyError_type)) {
      Ref error = take_error(thread);
      Tuple* details = cast<ExceptionObject>(error)->args;
      if (details && details->size == 1) return twice((*details)[0]);
      set_error(thread, std::move(error));
    }
    return false;
  }
  uint32_t position = 0;
  Value key, value;
  while (dict_next(cast<Dict>(mapping), position, key, value)) {
    if (!is_str(key)) return raise_type_error(thread, "keywords must be strings");
    Ref held_key = share(key), held_value = share(value);
    Value present = dict_get(thread, dict, key);
    if (present) return twice(key);
    if (thread.has_error() || !dict_set(thread, dict, held_key, held_value)) return false;
  }
  return true;
}

Ref dict_subscript(Thread& thread, Dict* dict, Value key) {
  Value value = dict_get(thread, dict, key);
  if (value) return share(value);
  if (thread.has_error()) return {};
  if (dict->type != &dict_type) {
    Ref missing = lookup_special(thread, dict, names::dunder_missing);
    if (missing) return call(thread, missing, {key});
    if (thread.has_error()) return {};
  }
  raise_key_error(thread, key);
  return {};
}

namespace {

// --- lifetime ---

void dict_dealloc(Object* object) {
  dict_clear(static_cast<Dict*>(object));
  free_object(object);
}
void dict_traverse(Object* object, Visitor& visitor) {
  uint32_t position = 0;
  Value key, value;
  while (dict_next(static_cast<Dict*>(object), position, key, value)) {
    visitor(key);
    visitor(value);
  }
}
void dict_clear_slot(Object* object) { dict_clear(static_cast<Dict*>(object)); }

Ref dict_construct(Thread&, Type* type, CallArgs) {
  if (type == &dict_type) return new_dict();
  return Ref::steal(allocate_instance(type));
}
bool dict_init(Thread& thread, Value self, CallArgs args) {
  return update_from_call(thread, "dict", cast<Dict>(self), args);
}

// --- text, order ---

Ref dict_repr(Thread& thread, Value self) {
  auto* dict = cast<Dict>(self);
  if (dict->used == 0) return make_str("{}");
  ReprGuard guard(dict);
  if (guard.recursive()) return make_str("{...}");
  if (!check_native_stack(thread)) return {};
  StrBuilder text;
  text.append('{');
  bool first = true;
  uint32_t position = 0;
  Value key, value;
  while (dict_next(dict, position, key, value)) {
    Ref held_key = share(key), held_value = share(value);
    if (!first) text.append(", ");
    first = false;
    if (!text.append_repr(thread, held_key)) return {};
    text.append(": ");
    if (!text.append_repr(thread, held_value)) return {};
  }
  text.append('}');
  return text.finish();
}

// Same keys with equal values: 1, 0, -1 raised.
int same_items(Thread& thread, Dict* a, Dict* b) {
  if (a->used != b->used) return 0;
  uint32_t position = 0;
  Value key, value;
  while (dict_next(a, position, key, value)) {
    Ref held_key = share(key), held_value = share(value);
    Ref other = share(dict_get(thread, b, held_key));
    if (!other) return thread.has_error() ? -1 : 0;
    int same = equals(thread, held_value, other);
    if (same <= 0) return same;
  }
  return 1;
}

Ref dict_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_dict(a) || !is_dict(b) || (op != CompareOp::Eq && op != CompareOp::Ne))
    return share(NotImplemented);
  if (!check_native_stack(thread)) return {};
  int same = same_items(thread, cast<Dict>(a), cast<Dict>(b));
  if (same < 0) return {};
  return share(Value::from_bool((same != 0) == (op == CompareOp::Eq)));
}

// --- container, operators ---

int64_t dict_length(Thread&, Value self) { return cast<Dict>(self)->used; }
Ref dict_get_item(Thread& thread, Value self, Value key) {
  return dict_subscript(thread, cast<Dict>(self), key);
}

bool dict_set_item(Thread& thread, Value self, Value key, Value value) {
  if (value) return dict_set(thread, cast<Dict>(self), key, value);
  int removed = dict_remove(thread, cast<Dict>(self), key);
  if (removed == 0) return raise_key_error(thread, key);
  return removed > 0;
}

int dict_contains(Thread& thread, Value self, Value key) {
  if (dict_get(thread, cast<Dict>(self), key)) return 1;
  return thread.has_error() ? -1 : 0;
}

// What copy() and | begin with.
Own<Dict> copy_items(Thread& thread, Value dict) {
  if (is_plain_dict(dict)) return dict_copy(cast<Dict>(dict));
  Own<Dict> copy = new_dict();
  if (!dict_update(thread, copy.get(), dict)) return {};
  return copy;
}
Ref dict_or(Thread& thread, Value a, Value b) {
  if (!is_dict(a) || !is_dict(b)) return share(NotImplemented);
  Own<Dict> merged = copy_items(thread, a);
  if (!merged || !dict_update(thread, merged.get(), b)) return {};
  return merged;
}
Ref dict_inplace_or(Thread& thread, Value self, Value other) {
  if (!dict_update(thread, cast<Dict>(self), other)) return {};
  return share(self);
}

// --- methods ---

Ref dict_get_method(Thread& thread, const Value* args) {
  Value value = dict_get(thread, cast<Dict>(args[0]), args[1]);
  if (value) return share(value);
  if (thread.has_error()) return {};
  return share(args[2] ? args[2] : None);
}

Ref dict_setdefault(Thread& thread, const Value* args) {
  auto* dict = cast<Dict>(args[0]);
  Value value = dict_get(thread, dict, args[1]);
  if (value) return share(value);
  Value fallback = args[2] ? args[2] : None;
  if (thread.has_error() || !dict_set(thread, dict, args[1], fallback)) return {};
  return share(fallback);
}

Ref dict_pop_method(Thread& thread, const Value* args) {
  Ref value = dict_pop(thread, cast<Dict>(args[0]), args[1]);
  if (value || thread.has_error()) return value;
  if (args[2]) return share(args[2]);
  raise_key_error(thread, args[1]);
  return {};
}

Ref dict_popitem(Thread& thread, const Value* args) {
  auto* dict = cast<Dict>(args[0]);
  if (dict->used == 0) {
    Own<Str> message = make_str("popitem(): dictionary is empty");
    raise_key_error(thread, message.value());
    return {};
  }
  // The last entry is never a hole.
  Ref key = share(dict->entries[dict->end - 1].key);
  Ref value = dict_pop(thread, dict, key);
  if (!value) return {};
  return make_tuple({key, value});
}

Ref dict_update_method(Thread& thread, CallArgs args) {
  if (!update_from_call(thread, "update", cast<Dict>(args[0]), {args.args + 1, args.count - 1, args.kwnames}))
    return {};
  return share(None);
}

Ref dict_fromkeys(Thread& thread, const Value* args) {
  Value value = args[2] ? args[2] : None;
  Ref made = call(thread, args[0]);
  if (!made) return {};
  Ref iterator = iter(thread, args[1]);
  if (!iterator) return {};
  bool plain = is_exact(made, dict_type);
  while (Ref key = next(thread, iterator)) {
    bool stored = plain ? dict_set(thread, cast<Dict>(made), key, value) : set_item(thread, made, key, value);
    if (!stored) return {};
  }
  if (thread.has_error()) return {};
  return made;
}

Ref dict_copy_method(Thread& thread, const Value* args) { return copy_items(thread, args[0]); }
Ref dict_clear_method(Thread&, const Value* args) {
  dict_clear(cast<Dict>(args[0]));
  return share(None);
}
Ref dict_sizeof(Thread&, const Value* args) {
  auto* dict = cast<Dict>(args[0]);
  return make_int(int64_t(sizeof(Dict) + dict->capacity * sizeof(DictEntry) + dict->index_size));
}

constexpr NativeDef dict_methods[] = {
    {"get", "self, key, default=None, /", dict_get_method,
     "Return the value for key if key is in the dictionary, else default."},
    {"setdefault", "self, key, default=None, /", dict_setdefault,
     "Insert key with a value of default if key is not in the dictionary.\n\n"
     "Return the value for key if key is in the dictionary, else default."},
    {"pop", "self, key, default=<unrepresentable>, /", dict_pop_method,
     "D.pop(k[,d]) -> v, remove specified key and return the corresponding value.\n\n"
     "If the key is not found, return the default if given; otherwise,\nraise a KeyError."},
    {"popitem", "self, /", dict_popitem,
     "Remove and return a (key, value) pair as a 2-tuple.\n\n"
     "Pairs are returned in LIFO (last-in, first-out) order.\nRaises KeyError if the dict is empty."},
    {"update", "self, /, *args, **kwargs |", nullptr,
     "D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.", NativeKind::Function,
     dict_update_method},
    {"fromkeys", "cls, iterable, value=None, /", dict_fromkeys,
     "Create a new dictionary with keys from iterable and values set to value.", NativeKind::ClassMethod},
    {"copy", "self, /", dict_copy_method, "Return a shallow copy of the dict."},
    {"clear", "self, /", dict_clear_method, "Remove all items from the dict."},
    {"keys", "self, /", dict_keys, "Return a set-like object providing a view on the dict's keys."},
    {"values", "self, /", dict_values, "Return an object providing a view on the dict's values."},
    {"items", "self, /", dict_items, "Return a set-like object providing a view on the dict's items."},
    {"__reversed__", "self, /", dict_reversed, "Return a reverse iterator over the dict keys."},
    {"__sizeof__", "self, /", dict_sizeof, "Return the size of the dict in memory."},
    {"__class_getitem__", "cls, item, /", class_getitem, "Make a generic alias.", NativeKind::ClassMethod},
    {nullptr}};

constexpr TypeSpec dict_spec = {
    .name = "dict",
    .instance_size = sizeof(Dict),
    .flags = TypeTracked | TypeIsDict | TypeIsMapping,
    .methods = dict_methods,
    .doc = "dict() -> new empty dictionary\n"
           "dict(mapping) -> new dictionary initialized from a mapping object's\n    (key, value) pairs\n"
           "dict(iterable) -> new dictionary initialized as if via:\n    d = {}\n    for k, v in iterable:\n"
           "        d[k] = v\ndict(**kwargs) -> new dictionary initialized with the name=value pairs\n"
           "    in the keyword argument list.  For example:  dict(one=1, two=2)"};

} // namespace

void init_dict_type() {
  Slots& slots = dict_type.slots;
  slots.dealloc = dict_dealloc;
  slots.traverse = dict_traverse;
  slots.clear = dict_clear_slot;
  slots.construct = dict_construct;
  slots.init = dict_init;
  slots.repr = dict_repr;
  slots.hash = hash_not_implemented;
  slots.compare = dict_compare;
  slots.iter = dict_iter;
  slots.length = dict_length;
  slots.get_item = dict_get_item;
  slots.set_item = dict_set_item;
  slots.contains = dict_contains;
  slots.binary[int(BinaryOp::Or)] = dict_or;
  slots.inplace[int(BinaryOp::Or)] = dict_inplace_or;
  make_ready(dict_type, dict_spec);
  init_dict_view_types();
}

} // namespace aspy
