// keys(), values() and items() of dicts, and the iterators over them.
#include "vm/object/hash/dict_views.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

namespace aspy {

Type dict_keys_type, dict_values_type, dict_items_type;
Type dict_key_iterator_type, dict_value_iterator_type, dict_item_iterator_type;

namespace {

Type dict_reverse_key_iterator_type, dict_reverse_value_iterator_type, dict_reverse_item_iterator_type;

enum class Part : uint8_t { Key, Value, Item };

Ref part_of(Part part, Value key, Value value) {
  if (part == Part::Key) return share(key);
  if (part == Part::Value) return share(value);
  return make_tuple({key, value});
}

// --- iterators ---

void iterator_dealloc(Object* object) {
  clear_field(static_cast<DictIterator*>(object)->dict);
  free_object(object);
}
void iterator_traverse(Object* object, Visitor& visitor) {
  visitor(static_cast<DictIterator*>(object)->dict);
}
void iterator_clear(Object* object) { clear_field(static_cast<DictIterator*>(object)->dict); }

Ref new_iterator(Type& type, Dict* dict, bool reverse) {
  auto* iterator = allocate<DictIterator>(type);
  iterator->dict = Own<Dict>::share(dict).release();
  iterator->used = iterator->remaining = dict->used;
  iterator->position = reverse ? dict->end : 0;
  return Ref::steal(iterator);
}

// False: raised. The iterator stays broken afterwards.
bool check_unchanged(Thread& thread, DictIterator* iterator) {
  if (iterator->used == iterator->dict->used) return true;
  iterator->used = UINT32_MAX;
  return raise(thread, RuntimeError_type, "dictionary changed size during iteration");
}

template <Part part> Ref iterator_next(Thread& thread, Value self) {
  auto* iterator = cast<DictIterator>(self);
  Dict* dict = iterator->dict;
  if (!dict) return {};
  if (!check_unchanged(thread, iterator)) return {};
  Value key, value;
  if (dict_next(dict, iterator->position, key, value)) {
    if (iterator->remaining == 0)
      return raise(thread, RuntimeError_type, "dictionary keys changed during iteration");
    --iterator->remaining;
    return part_of(part, key, value);
  }
  clear_field(iterator->dict);
  return {};
}

template <Part part> Ref reverse_iterator_next(Thread& thread, Value self) {
  auto* iterator = cast<DictIterator>(self);
  Dict* dict = iterator->dict;
  if (!dict) return {};
  if (!check_unchanged(thread, iterator)) return {};
  if (iterator->position > dict->end) iterator->position = dict->end;
  while (iterator->position > 0) {
    const DictEntry& entry = dict->entries[--iterator->position];
    if (entry.key.is_empty()) continue;
    if (iterator->remaining) --iterator->remaining;
    return part_of(part, entry.key, entry.value);
  }
  clear_field(iterator->dict);
  return {};
}

Ref iterator_length_hint(Thread&, const Value* args) {
  auto* iterator = cast<DictIterator>(args[0]);
  bool valid = iterator->dict && iterator->used == iterator->dict->used;
  return length_hint_int(valid ? iterator->remaining : 0);
}

// The rest as a list: taken from a copy of the iterator, which itself stays where it is.
Ref iterator_reduce(Thread& thread, const Value* args) {
  auto* iterator = cast<DictIterator>(args[0]);
  if (!iterator->dict) return reduce_iterator(thread, new_list().value());
  Ref copy = new_iterator(*iterator->type, iterator->dict, false);
  auto* other = cast<DictIterator>(copy);
  other->used = iterator->used;
  other->remaining = iterator->remaining;
  other->position = iterator->position;
  Own<List> rest = list_from_iterable(thread, copy);
  return rest ? reduce_iterator(thread, rest.value()) : Ref();
}

constexpr NativeDef iterator_methods[] = {
    {"__length_hint__", "self, /", iterator_length_hint},
    {"__reduce__", "self, /", iterator_reduce, "Return state information for pickling."},
    {nullptr}};

constexpr TypeSpec iterator_spec(const char* name) {
  return {.name = name,
          .instance_size = sizeof(DictIterator),
          .flags = TypeTracked | TypeFinal | TypeNoConstruct,
          .methods = iterator_methods};
}
constexpr TypeSpec key_iterator_spec = iterator_spec("dict_keyiterator"),
                   value_iterator_spec = iterator_spec("dict_valueiterator"),
                   item_iterator_spec = iterator_spec("dict_itemiterator"),
                   reverse_key_iterator_spec = iterator_spec("dict_reversekeyiterator"),
                   reverse_value_iterator_spec = iterator_spec("dict_reversevalueiterator"),
                   reverse_item_iterator_spec = iterator_spec("dict_reverseitemiterator");

// --- views ---

Dict* dict_of(Value view) { return cast<DictView>(view)->dict; }

Ref new_view(Type& type, Value dict) {
  auto* view = allocate<DictView>(type);
  view->dict = Own<Dict>::share(cast<Dict>(dict)).release();
  return Ref::steal(view);
}

void view_dealloc(Object* object) {
  clear_field(static_cast<DictView*>(object)->dict);
  free_object(object);
}
void view_traverse(Object* object, Visitor& visitor) { visitor(static_cast<DictView*>(object)->dict); }
void view_clear(Object* object) { clear_field(static_cast<DictView*>(object)->dict); }

// OrderedDict's views are of types derived from a dict's.
bool is_set_like_view(Value value) {
  return is_instance(value, dict_keys_type) || is_instance(value, dict_items_type);
}

Ref view_repr(Thread& thread, Value self) {
  ReprGuard guard(self.as_object());
  if (guard.recursive()) return make_str("...");
  Own<List> items = list_from_iterable(thread, self);
  if (!items) return {};
  Ref inner = repr(thread, items.value());
  if (!inner) return {};
  StrBuilder text;
  text.append(type_name(self));
  text.append('(');
  text.append(cast<Str>(inner));
  text.append(')');
  return text.finish();
}

int64_t view_length(Thread&, Value self) { return dict_of(self)->used; }

template <Part part> Ref view_iter(Thread&, Value self) {
  Type& type = part == Part::Key     ? dict_key_iterator_type
               : part == Part::Value ? dict_value_iterator_type
                                     : dict_item_iterator_type;
  return new_iterator(type, dict_of(self), false);
}

template <Part part> Ref view_reversed(Thread&, const Value* args) {
  Type& type = part == Part::Key     ? dict_reverse_key_iterator_type
               : part == Part::Value ? dict_reverse_value_iterator_type
                                     : dict_reverse_item_iterator_type;
  return new_iterator(type, dict_of(args[0]), true);
}

int keys_contains(Thread& thread, Value self, Value key) {
  if (dict_get(thread, dict_of(self), key)) return 1;
  return thread.has_error() ? -1 : 0;
}

int items_contains(Thread& thread, Value self, Value item) {
  if (!is_tuple(item) || cast<Tuple>(item)->size != 2) return 0;
  auto* pair = cast<Tuple>(item);
  Ref value = share(dict_get(thread, dict_of(self), (*pair)[0]));
  if (!value) return thread.has_error() ? -1 : 0;
  return equals(thread, value, (*pair)[1]);
}

// --- views as sets ---

bool is_set_like(Value value) { return is_set(value) || is_set_like_view(value); }

// Are all elements of `a` in `b`? -1: raised.
int all_in(Thread& thread, Value a, Value b) {
  Ref iterator = iter(thread, a);
  if (!iterator) return -1;
  while (Ref item = next(thread, iterator))
    if (int inside = contains(thread, b, item); inside <= 0) return inside;
  return thread.has_error() ? -1 : 1;
}

Ref view_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_set_like(b) || !is_set_like(a)) return share(NotImplemented);
  int64_t left = length(thread, a), right = length(thread, b);
  if (left < 0 || right < 0) return {};
  int result = 0;
  switch (op) {
  case CompareOp::Eq:
  case CompareOp::Ne: result = left == right ? all_in(thread, a, b) : 0; break;
  case CompareOp::Lt: result = left < right ? all_in(thread, a, b) : 0; break;
  case CompareOp::Le: result = left <= right ? all_in(thread, a, b) : 0; break;
  case CompareOp::Gt: result = left > right ? all_in(thread, b, a) : 0; break;
  case CompareOp::Ge: result = left >= right ? all_in(thread, b, a) : 0; break;
  }
  if (result < 0) return {};
  return share(Value::from_bool((result != 0) != (op == CompareOp::Ne)));
}

bool either_is_view(Value a, Value b) {
  auto view = [](Value v) { return is_set_like_view(v); };
  return view(a) || view(b);
}

// The elements of the left side as a set. A view of the keys is its dict, which tells how many there will be.
Own<Set> as_set(Thread& thread, Value left) {
  bool keys = is_exact(left, dict_keys_type) && is_exact(dict_of(left), dict_type);
  return set_from_iterable(thread, keys ? Value(dict_of(left)) : left);
}

// The result of every set operation on views is a new set, which takes any iterable on the other side.
Ref view_or(Thread& thread, Value a, Value b) {
  if (!either_is_view(a, b)) return share(NotImplemented);
  Own<Set> result = as_set(thread, a);
  if (!result || !set_update(thread, result.get(), b)) return {};
  return result;
}

Ref view_sub(Thread& thread, Value a, Value b) {
  if (!either_is_view(a, b)) return share(NotImplemented);
  Own<Set> result = as_set(thread, a);
  if (!result || !call_method(thread, result.value(), "difference_update", {b})) return {};
  return result;
}

Ref intersect(Thread& thread, Value view, Value other) {
  // Walk the smaller side when both know their size; a set does it itself.
  if (is_exact(other, set_type) && length(thread, view) <= length(thread, other))
    return call_method(thread, other, "intersection", {view});
  if (is_set_like(other) && !is_set(other) && length(thread, other) > length(thread, view))
    std::swap(view, other);
  bool other_is_container = is_set_like(view);
  Own<Set> result = new_set();
  Ref iterator = iter(thread, other);
  if (!iterator) return {};
  while (Ref item = next(thread, iterator)) {
    int inside = other_is_container ? contains(thread, view, item) : 0;
    if (inside < 0 || (inside && !set_add(thread, result.get(), item))) return {};
  }
  if (thread.has_error()) return {};
  return result;
}

Ref view_and(Thread& thread, Value a, Value b) {
  if (!either_is_view(a, b)) return share(NotImplemented);
  bool left = is_set_like_view(a);
  return left ? intersect(thread, a, b) : intersect(thread, b, a);
}

Ref view_xor(Thread& thread, Value a, Value b) {
  if (!either_is_view(a, b)) return share(NotImplemented);
  Own<Set> result = as_set(thread, a);
  Own<Set> other = result ? set_from_iterable(thread, b) : nullptr;
  if (!other) return {};
  uint32_t position = 0;
  Value key;
  while (set_next(other.get(), position, key)) {
    int removed = set_discard(thread, result.get(), key);
    if (removed < 0 || (!removed && !set_add(thread, result.get(), key))) return {};
  }
  return result;
}

Ref view_isdisjoint(Thread& thread, const Value* args) {
  Value view = args[0], other = args[1];
  if (is_set_like(other) && length(thread, other) > length(thread, view)) std::swap(view, other);
  Ref iterator = iter(thread, other);
  if (!iterator) return {};
  while (Ref item = next(thread, iterator)) {
    int inside = contains(thread, view, item);
    if (inside < 0) return {};
    if (inside) return share(False);
  }
  if (thread.has_error()) return {};
  return share(True);
}

template <Part part>
constexpr NativeDef view_methods[] = {
    {"isdisjoint", "self, other, /", view_isdisjoint,
     "Return True if the view and the given iterable have a null intersection."},
    {"__reversed__", "self, /", view_reversed<part>, "Return a reverse iterator over the view."},
    {nullptr}};
constexpr NativeDef values_methods[] = {{"__reversed__", "self, /", view_reversed<Part::Value>,
                                         "Return a reverse iterator over the dict values."},
                                        {nullptr}};

// view.mapping: the dict, read-only.
Ref view_mapping(Thread&, Value self) { return make_mapping_proxy(dict_of(self)); }
constexpr GetSetDef view_getset[] = {
    {"mapping", view_mapping, nullptr, "dictionary that this view refers to"}, {nullptr}};

constexpr TypeSpec view_spec(const char* name, const NativeDef* methods) {
  return {.name = name,
          .instance_size = sizeof(DictView),
          .flags = TypeTracked | TypeFinal | TypeNoConstruct,
          .methods = methods,
          .getset = view_getset};
}
constexpr TypeSpec keys_spec = view_spec("dict_keys", view_methods<Part::Key>),
                   values_spec = view_spec("dict_values", values_methods),
                   items_spec = view_spec("dict_items", view_methods<Part::Item>);

template <Part part> void fill_view_slots(Type& type) {
  Slots& slots = type.slots;
  slots.dealloc = view_dealloc;
  slots.traverse = view_traverse;
  slots.clear = view_clear;
  slots.repr = view_repr;
  slots.length = view_length;
  slots.iter = view_iter<part>;
  if constexpr (part != Part::Value) {
    slots.hash = hash_not_implemented;
    slots.contains = part == Part::Key ? keys_contains : items_contains;
    slots.compare = view_compare;
    slots.binary[int(BinaryOp::Or)] = view_or;
    slots.binary[int(BinaryOp::And)] = view_and;
    slots.binary[int(BinaryOp::Sub)] = view_sub;
    slots.binary[int(BinaryOp::Xor)] = view_xor;
  }
}

void fill_iterator_slots(Type& type, const TypeSpec& spec, Ref (*next)(Thread&, Value)) {
  type.slots.dealloc = iterator_dealloc;
  type.slots.traverse = iterator_traverse;
  type.slots.clear = iterator_clear;
  type.slots.iter = [](Thread&, Value self) { return share(self); };
  type.slots.next = next;
  make_ready(type, spec);
}

} // namespace

Ref dict_keys(Thread&, const Value* args) { return new_view(dict_keys_type, args[0]); }
Ref dict_values(Thread&, const Value* args) { return new_view(dict_values_type, args[0]); }
Ref dict_items(Thread&, const Value* args) { return new_view(dict_items_type, args[0]); }
Ref dict_iter(Thread&, Value self) { return new_iterator(dict_key_iterator_type, cast<Dict>(self), false); }
Ref dict_reversed(Thread&, const Value* args) {
  return new_iterator(dict_reverse_key_iterator_type, cast<Dict>(args[0]), true);
}

void init_dict_view_types() {
  fill_view_slots<Part::Key>(dict_keys_type);
  fill_view_slots<Part::Value>(dict_values_type);
  fill_view_slots<Part::Item>(dict_items_type);
  make_ready(dict_keys_type, keys_spec);
  make_ready(dict_values_type, values_spec);
  make_ready(dict_items_type, items_spec);
  fill_iterator_slots(dict_key_iterator_type, key_iterator_spec, iterator_next<Part::Key>);
  fill_iterator_slots(dict_value_iterator_type, value_iterator_spec, iterator_next<Part::Value>);
  fill_iterator_slots(dict_item_iterator_type, item_iterator_spec, iterator_next<Part::Item>);
  fill_iterator_slots(dict_reverse_key_iterator_type, reverse_key_iterator_spec,
                      reverse_iterator_next<Part::Key>);
  fill_iterator_slots(dict_reverse_value_iterator_type, reverse_value_iterator_spec,
                      reverse_iterator_next<Part::Value>);
  fill_iterator_slots(dict_reverse_item_iterator_type, reverse_item_iterator_spec,
                      reverse_iterator_next<Part::Item>);
}

} // namespace aspy
