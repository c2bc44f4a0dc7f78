// set and frozenset: operators, order, text, and the methods scripts see.
#include "vm/object/hash/set_methods.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/key_hash.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace aspy {
namespace {

Set* set_of(Value value) { return cast<Set>(value); }

// Operations give a plain set or frozenset, after the left operand, even for subclasses.
Own<Set> new_like(Set* set) { return new_set(is_subtype(set->type, &frozenset_type)); }

Own<Set> copy_of(Thread& thread, Set* set) {
  Own<Set> copy = new_like(set);
  if (!set_merge(thread, copy.get(), set)) return nullptr;
  return copy;
}

// Any iterable as a set: itself when it is one.
Own<Set> as_set(Thread& thread, Value value) {
  if (is_set(value)) return Own<Set>::share(set_of(value));
  return set_from_iterable(thread, value);
}

// --- lifetime ---

void set_dealloc(Object* object) {
  set_clear(static_cast<Set*>(object));
  free_object(object);
}
void set_traverse(Object* object, Visitor& visitor) {
  auto* set = static_cast<Set*>(object);
  uint32_t position = 0;
  Value key;
  while (set_next(set, position, key)) visitor(key);
}
void set_clear_slot(Object* object) { set_clear(static_cast<Set*>(object)); }

// Zeroed memory is not yet an empty set.
Own<Set> allocate_like(Type* type) {
  auto* set = static_cast<Set*>(allocate_instance(type));
  set->table = set->small;
  set->mask = 7;
  return Own<Set>::steal(set);
}

Ref set_construct(Thread&, Type* type, CallArgs) {
  return type == &set_type ? new_set() : allocate_like(type);
}

bool set_init(Thread& thread, Value self, CallArgs args) {
  if (args.kwnames && !refuse_keywords(thread, "set", args)) return false;
  if (!check_count(thread, "set", args, 0, 1)) return false;
  set_clear(set_of(self));
  return args.count == 0 || set_update(thread, set_of(self), args[0]);
}

Ref frozenset_construct(Thread& thread, Type* type, CallArgs args) {
  if (args.kwnames && (type == &frozenset_type || type->slots.init == frozenset_type.slots.init) &&
      !refuse_keywords(thread, "frozenset", args))
    return {};
  if (!check_count(thread, "frozenset", args, 0, 1)) return {};
  if (type == &frozenset_type) {
    if (args.count && is_exact(args[0], frozenset_type)) return share(args[0]);
    return args.count ? set_from_iterable(thread, args[0], true) : new_set(true);
  }
  Own<Set> set = allocate_like(type);
  if (args.count && !set_update(thread, set.get(), args[0])) return {};
  return set;
}

// --- text, identity, order ---

Ref set_repr(Thread& thread, Value self) {
  auto* set = set_of(self);
  StrBuilder text;
  ReprGuard guard(set);
  bool plain = set->type == &set_type;
  if (set->used == 0 || guard.recursive()) {
    text.append(type_name(self));
    text.append(set->used == 0 ? "()" : "(...)");
    return text.finish();
  }
  if (!check_native_stack(thread)) return {};
  // A list first: an element's __repr__ may change the set.
  Own<List> elements = new_list(set->used);
  uint32_t position = 0;
  Value key;
  while (set_next(set, position, key)) list_append(elements.get(), key);
  if (!plain) {
    text.append(type_name(self));
    text.append('(');
  }
  text.append('{');
  for (size_t i = 0; i < elements->size; ++i) {
    if (i) text.append(", ");
    if (!text.append_repr(thread, (*elements)[i])) return {};
  }
  text.append(plain ? "}" : "})");
  return text.finish();
}

uint64_t shuffle(uint64_t hash) { return ((hash ^ 89869747u) ^ (hash << 16)) * 3644798167u; }

// Independent of order: the shuffled hashes of the elements are combined by xor.
bool frozenset_hash(Thread&, Value self, int64_t& out) {
  auto* set = set_of(self);
  if (!set->has_hash) {
    uint64_t mixed = 0;
    uint32_t position = 0;
    while (const SetEntry* entry = set_next_entry(set, position)) mixed ^= shuffle(uint64_t(entry->hash));
    mixed ^= (uint64_t(set->used) + 1) * 1927868237u;
    // Spread what nested frozensets have in common.
    mixed ^= (mixed >> 11) ^ (mixed >> 25);
    mixed = mixed * 69069u + 907133923u;
    set->hash = mixed == ~uint64_t{0} ? 590923713 : int64_t(mixed);
    set->has_hash = true;
  }
  out = set->hash;
  return true;
}

// Are all of `a` in `b`? -1: raised.
int all_in(Thread& thread, Set* a, Set* b) {
  if (a->used > b->used) return 0;
  uint32_t position = 0;
  while (const SetEntry* entry = set_next_entry(a, position)) {
    Ref key = share(entry->key);
    int inside = set_contains_hashed(thread, b, key, entry->hash);
    if (inside <= 0) return inside;
  }
  return 1;
}

Ref set_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_set(a) || !is_set(b)) return share(NotImplemented);
  Set *left = set_of(a), *right = set_of(b);
  int result = 0;
  switch (op) {
  case CompareOp::Eq:
  case CompareOp::Ne:
    if (left->used == right->used && !(left->has_hash && right->has_hash && left->hash != right->hash))
      result = all_in(thread, left, right);
    break;
  case CompareOp::Le: result = all_in(thread, left, right); break;
  case CompareOp::Ge: result = all_in(thread, right, left); break;
  case CompareOp::Lt: result = left->used < right->used ? all_in(thread, left, right) : 0; break;
  case CompareOp::Gt: result = left->used > right->used ? all_in(thread, right, left) : 0; break;
  }
  if (result < 0) return {};
  return share(Value::from_bool((result != 0) != (op == CompareOp::Ne)));
}

// --- the four operations, on a set and any iterable ---

Own<Set> intersection(Thread& thread, Set* set, Value other) {
  if (Value(set) == other) return copy_of(thread, set);
  Own<Set> result = new_like(set);
  if (is_set(other)) {
    Set *walked = set_of(other), *asked = set;
    if (walked->used > asked->used) std::swap(walked, asked);
    uint32_t position = 0;
    while (const SetEntry* entry = set_next_entry(walked, position)) {
      Ref key = share(entry->key);
      int64_t hash = entry->hash;
      int inside = set_contains_hashed(thread, asked, key, hash);
      if (inside < 0 || (inside && set_add_hashed(thread, result.get(), key, hash) < 0)) return nullptr;
    }
    return result;
  }
  Ref iterator = iter(thread, other);
  if (!iterator) return nullptr;
  while (Ref key = next(thread, iterator)) {
    int64_t number;
    if (!hash(thread, key, number)) return nullptr;
    int inside = set_contains_hashed(thread, set, key, number);
    if (inside < 0 || (inside && set_add_hashed(thread, result.get(), key, number) < 0)) return nullptr;
  }
  if (thread.has_error()) return nullptr;
  return result;
}

bool difference_update(Thread& thread, Set* set, Value other) {
  if (Value(set) == other) {
    set_clear(set);
    return true;
  }
  if (is_set(other)) {
    Own<Set> smaller;
    Set* removed = set_of(other);
    // Against a much larger set only the common elements matter.
    if ((removed->used >> 3) > set->used) {
      smaller = intersection(thread, set, other);
      if (!smaller) return false;
      removed = smaller.get();
    }
    uint32_t position = 0;
    while (const SetEntry* entry = set_next_entry(removed, position)) {
      Ref key = share(entry->key);
      if (set_discard_hashed(thread, set, key, entry->hash) < 0) return false;
    }
  } else {
    Ref iterator = iter(thread, other);
    if (!iterator) return false;
    while (Ref key = next(thread, iterator))
      if (set_discard(thread, set, key) < 0) return false;
    if (thread.has_error()) return false;
  }
  // Deleted cells slow every search down.
  if (set->fill - set->used > set->mask / 4)
    set_resize(set, set->used > 50000 ? set->used * 2 : set->used * 4);
  return true;
}

Own<Set> difference(Thread& thread, Set* set, Value other) {
  bool countable = is_set(other) || is_exact(other, dict_type);
  uint32_t other_size = is_set(other) ? set_of(other)->used : countable ? cast<Dict>(other)->used : 0;
  // Few to remove: copy and remove. Otherwise: build from what stays.
  if (!countable || (set->used >> 2) > other_size) {
    Own<Set> result = copy_of(thread, set);
    if (!result || !difference_update(thread, result.get(), other)) return nullptr;
    return result;
  }
  Own<Set> result = new_like(set);
  uint32_t position = 0;
  while (const SetEntry* entry = set_next_entry(set, position)) {
    Ref key = share(entry->key);
    int64_t hash = entry->hash;
    int inside;
    if (is_set(other)) {
      inside = set_contains_hashed(thread, set_of(other), key, hash);
    } else {
      inside = bool(dict_get(thread, cast<Dict>(other), key));
      if (thread.has_error()) inside = -1;
    }
    if (inside < 0 || (!inside && set_add_hashed(thread, result.get(), key, hash) < 0)) return nullptr;
  }
  return result;
}

bool symmetric_difference_update(Thread& thread, Set* set, Value other) {
  if (Value(set) == other) {
    set_clear(set);
    return true;
  }
  Own<Set> items = as_set(thread, other);
  if (!items) return false;
  uint32_t position = 0;
  while (const SetEntry* entry = set_next_entry(items.get(), position)) {
    Ref key = share(entry->key);
    int64_t hash = entry->hash;
    int removed = set_discard_hashed(thread, set, key, hash);
    if (removed < 0 || (!removed && set_add_hashed(thread, set, key, hash) < 0)) return false;
  }
  return true;
}

// --- operators: both sides must be sets ---

Ref set_or(Thread& thread, Value a, Value b) {
  if (!is_set(a) || !is_set(b)) return share(NotImplemented);
  Own<Set> result = copy_of(thread, set_of(a));
  if (!result || (!(a == b) && !set_merge(thread, result.get(), set_of(b)))) return {};
  return result;
}
Ref set_and(Thread& thread, Value a, Value b) {
  if (!is_set(a) || !is_set(b)) return share(NotImplemented);
  return intersection(thread, set_of(a), b);
}
Ref set_sub(Thread& thread, Value a, Value b) {
  if (!is_set(a) || !is_set(b)) return share(NotImplemented);
  return difference(thread, set_of(a), b);
}

Own<Set> symmetric_difference(Thread& thread, Set* set, Value other) {
  Own<Set> result = new_like(set);
  if (!set_update(thread, result.get(), other)) return nullptr;
  if (!symmetric_difference_update(thread, result.get(), set)) return nullptr;
  return result;
}
Ref set_xor(Thread& thread, Value a, Value b) {
  if (!is_set(a) || !is_set(b)) return share(NotImplemented);
  return symmetric_difference(thread, set_of(a), b);
}

Ref set_inplace_or(Thread& thread, Value self, Value other) {
  if (!is_set(other)) return share(NotImplemented);
  if (!set_merge(thread, set_of(self), set_of(other))) return {};
  return share(self);
}
bool intersection_update(Thread& thread, Set* set, Value other) {
  Own<Set> common = intersection(thread, set, other);
  if (!common) return false;
  set_swap(set, common.get());
  return true;
}
Ref set_inplace_and(Thread& thread, Value self, Value other) {
  if (!is_set(other)) return share(NotImplemented);
  if (!intersection_update(thread, set_of(self), other)) return {};
  return share(self);
}
Ref set_inplace_sub(Thread& thread, Value self, Value other) {
  if (!is_set(other)) return share(NotImplemented);
  if (!difference_update(thread, set_of(self), other)) return {};
  return share(self);
}
Ref set_inplace_xor(Thread& thread, Value self, Value other) {
  if (!is_set(other)) return share(NotImplemented);
  if (!symmetric_difference_update(thread, set_of(self), other)) return {};
  return share(self);
}

// --- container ---

int64_t set_length(Thread&, Value self) { return set_of(self)->used; }

// A set as an element is looked up as the frozenset of its elements.
Own<Set> frozen_twin(Thread& thread, Value key) {
  if (!is_set(key) || is_subtype(type_of(key), &frozenset_type) || !is_exact(thread.error, TypeError_type))
    return nullptr;
  clear_error(thread);
  return set_from_iterable(thread, key, true);
}

int set_contains_slot(Thread& thread, Value self, Value key) {
  int inside = set_contains(thread, set_of(self), key);
  if (inside >= 0) return inside;
  Own<Set> twin = frozen_twin(thread, key);
  return twin ? set_contains(thread, set_of(self), twin.value()) : -1;
}

// --- methods ---

Ref set_add_method(Thread& thread, const Value* args) {
  if (!set_add(thread, set_of(args[0]), args[1])) return {};
  return share(None);
}

// 1 removed, 0 missing, -1 raised.
int take_out(Thread& thread, Value self, Value key) {
  int removed = set_discard(thread, set_of(self), key);
  if (removed >= 0) return removed;
  Own<Set> twin = frozen_twin(thread, key);
  return twin ? set_discard(thread, set_of(self), twin.value()) : -1;
}
Ref set_discard_method(Thread& thread, const Value* args) {
  if (take_out(thread, args[0], args[1]) < 0) return {};
  return share(None);
}
Ref set_remove(Thread& thread, const Value* args) {
  int removed = take_out(thread, args[0], args[1]);
  if (removed == 0) raise_key_error(thread, args[1]);
  if (removed <= 0) return {};
  return share(None);
}

Ref set_pop(Thread& thread, const Value* args) {
  auto* set = set_of(args[0]);
  if (set->used == 0) {
    Own<Str> message = make_str("pop from an empty set");
    raise_key_error(thread, message.value());
    return {};
  }
  // Goes round the table, so that popping everything is not quadratic.
  uint32_t at = set->finger & set->mask;
  while (set->table[at].key.is_empty() || set->table[at].key == set_dummy) at = at == set->mask ? 0 : at + 1;
  set->finger = at + 1;
  SetEntry& entry = set->table[at];
  entry.hash = -1;
  --set->used;
  return Ref::steal(std::exchange(entry.key, set_dummy));
}

Ref set_clear_method(Thread&, const Value* args) {
  set_clear(set_of(args[0]));
  return share(None);
}
Ref set_copy(Thread& thread, const Value* args) {
  if (is_exact(args[0], frozenset_type)) return share(args[0]);
  return copy_of(thread, set_of(args[0]));
}

// set.union(*others) and the like: folds `step` over the others.
template <class Step> bool fold(Value others, Step&& step) {
  if (!others) return true;
  for (Value other : cast<Tuple>(others)->view())
    if (!step(other)) return false;
  return true;
}

Ref set_union(Thread& thread, const Value* args) {
  Own<Set> result = copy_of(thread, set_of(args[0]));
  if (!result || !fold(args[1], [&](Value other) {
        return other == args[0] || set_update(thread, result.get(), other);
      }))
    return {};
  return result;
}
Ref set_intersection(Thread& thread, const Value* args) {
  if (!args[1] || cast<Tuple>(args[1])->size == 0) return set_copy(thread, args);
  Own<Set> result = Own<Set>::share(set_of(args[0]));
  if (!fold(args[1], [&](Value other) {
        result = intersection(thread, result.get(), other);
        return bool(result);
      }))
    return {};
  return result;
}
Ref set_difference(Thread& thread, const Value* args) {
  if (!args[1] || cast<Tuple>(args[1])->size == 0) return copy_of(thread, set_of(args[0]));
  auto* others = cast<Tuple>(args[1]);
  Own<Set> result = difference(thread, set_of(args[0]), (*others)[0]);
  for (size_t i = 1; result && i < others->size; ++i)
    if (!difference_update(thread, result.get(), (*others)[i])) return {};
  return result;
}
Ref set_symmetric_difference(Thread& thread, const Value* args) {
  return symmetric_difference(thread, set_of(args[0]), args[1]);
}
Ref set_update_method(Thread& thread, const Value* args) {
  if (!fold(args[1], [&](Value other) { return set_update(thread, set_of(args[0]), other); })) return {};
  return share(None);
}
Ref set_intersection_update(Thread& thread, const Value* args) {
  Ref common = set_intersection(thread, args);
  if (!common) return {};
  // The result may be a frozen copy of the set itself; contents are all that matters.
  if (!(common.get() == args[0])) set_swap(set_of(args[0]), set_of(common));
  return share(None);
}
Ref set_difference_update(Thread& thread, const Value* args) {
  if (!fold(args[1], [&](Value other) { return difference_update(thread, set_of(args[0]), other); }))
    return {};
  return share(None);
}
Ref set_symmetric_difference_update(Thread& thread, const Value* args) {
  if (!symmetric_difference_update(thread, set_of(args[0]), args[1])) return {};
  return share(None);
}

Ref answer(int result) { return result < 0 ? Ref() : share(Value::from_bool(result != 0)); }

Ref set_issubset(Thread& thread, const Value* args) {
  Own<Set> other = as_set(thread, args[1]);
  return other ? answer(all_in(thread, set_of(args[0]), other.get())) : Ref();
}
Ref set_issuperset(Thread& thread, const Value* args) {
  if (is_set(args[1])) return answer(all_in(thread, set_of(args[1]), set_of(args[0])));
  Ref iterator = iter(thread, args[1]);
  if (!iterator) return {};
  while (Ref key = next(thread, iterator)) {
    int inside = set_contains(thread, set_of(args[0]), key);
    if (inside <= 0) return answer(inside);
  }
  return thread.has_error() ? Ref() : share(True);
}
Ref set_isdisjoint(Thread& thread, const Value* args) {
  Value self = args[0], other = args[1];
  if (is_set(other) && set_of(other)->used > set_of(self)->used) std::swap(self, other);
  Ref iterator = iter(thread, other);
  if (!iterator) return {};
  while (Ref key = next(thread, iterator)) {
    int inside = set_contains(thread, set_of(self), key);
    if (inside) return inside < 0 ? Ref() : share(False);
  }
  return thread.has_error() ? Ref() : share(True);
}

Ref set_sizeof(Thread&, const Value* args) {
  auto* set = set_of(args[0]);
  return make_int(int64_t(sizeof(Set) + (set->table == set->small ? 0 : (set->mask + 1) * sizeof(SetEntry))));
}

// What set and frozenset share.
constexpr NativeDef common_methods[] = {
    {"copy", "self, /", set_copy, "Return a shallow copy of a set."},
    {"union", "self, /, *others", set_union, "Return a new set with elements from the set and all others."},
    {"intersection", "self, /, *others", set_intersection,
     "Return a new set with elements common to the set and all others."},
    {"difference", "self, /, *others", set_difference,
     "Return a new set with elements in the set that are not in the others."},
    {"symmetric_difference", "self, other, /", set_symmetric_difference,
     "Return a new set with elements in either the set or other but not both."},
    {"issubset", "self, other, /", set_issubset, "Report whether another set contains this set."},
    {"issuperset", "self, other, /", set_issuperset, "Report whether this set contains another set."},
    {"isdisjoint", "self, other, /", set_isdisjoint, "Return True if two sets have a null intersection."},
    {"__sizeof__", "self, /", set_sizeof, "S.__sizeof__() -> size of S in memory, in bytes."},
    {"__class_getitem__", "cls, item, /", class_getitem, "Make a generic alias.", NativeKind::ClassMethod}};
constexpr NativeDef changing_methods[] = {
    {"add", "self, object, /", set_add_method,
     "Add an element to a set.\n\nThis has no effect if the element is already present."},
    {"discard", "self, object, /", set_discard_method,
     "Remove an element from a set if it is a member.\n\n"
     "Unlike set.remove(), the discard() method does not raise\n"
     "an exception when an element is missing from the set."},
    {"remove", "self, object, /", set_remove,
     "Remove an element from a set; it must be a member.\n\nIf the element is not a member, raise a "
     "KeyError."},
    {"pop", "self, /", set_pop,
     "Remove and return an arbitrary set element.\n\nRaises KeyError if the set is empty."},
    {"clear", "self, /", set_clear_method, "Remove all elements from this set."},
    {"update", "self, /, *others", set_update_method, "Update the set, adding elements from all others."},
    {"intersection_update", "self, /, *others", set_intersection_update,
     "Update the set, keeping only elements found in it and all others."},
    {"difference_update", "self, /, *others", set_difference_update,
     "Update the set, removing elements found in others."},
    {"symmetric_difference_update", "self, other, /", set_symmetric_difference_update,
     "Update the set, keeping only elements found in either set, but not in both."},
    {nullptr}};

// The rows of two tables in one; the second one's end is the end.
template <size_t first, size_t second>
constexpr auto joined(const NativeDef (&a)[first], const NativeDef (&b)[second]) {
  std::array<NativeDef, first + second> rows;
  std::copy(b, b + second, std::copy(a, a + first, rows.begin()));
  return rows;
}
constexpr NativeDef no_more[] = {{nullptr}};
constexpr auto set_methods = joined(common_methods, changing_methods);
constexpr auto frozenset_methods = joined(common_methods, no_more);

constexpr TypeSpec set_spec = {.name = "set",
                               .instance_size = sizeof(Set),
                               .flags = TypeTracked | TypeIsSet | TypeWeakRefs,
                               .methods = set_methods.data(),
                               .doc = "Build an unordered collection of unique elements."};
constexpr TypeSpec frozenset_spec = {.name = "frozenset",
                                     .instance_size = sizeof(Set),
                                     .flags = TypeTracked | TypeIsSet | TypeWeakRefs,
                                     .methods = frozenset_methods.data(),
                                     .doc = "Build an immutable unordered collection of unique elements."};

// --- iterator ---

Ref set_iter(Thread&, Value self) {
  auto* iterator = allocate<SetIterator>(set_iterator_type);
  iterator->set = Own<Set>::share(set_of(self)).release();
  iterator->used = iterator->remaining = iterator->set->used;
  return Ref::steal(iterator);
}

void iterator_dealloc(Object* object) {
  clear_field(static_cast<SetIterator*>(object)->set);
  free_object(object);
}
void iterator_traverse(Object* object, Visitor& visitor) { visitor(static_cast<SetIterator*>(object)->set); }
void iterator_clear(Object* object) { clear_field(static_cast<SetIterator*>(object)->set); }

Ref iterator_next(Thread& thread, Value self) {
  auto* iterator = cast<SetIterator>(self);
  if (!iterator->set) return {};
  if (iterator->used != iterator->set->used) {
    iterator->used = UINT32_MAX; // stays broken
    return raise(thread, RuntimeError_type, "Set changed size during iteration");
  }
  Value key;
  if (set_next(iterator->set, iterator->position, key)) {
    --iterator->remaining;
    return share(key);
  }
  clear_field(iterator->set);
  return {};
}

Ref iterator_length_hint(Thread&, const Value* args) {
  auto* iterator = cast<SetIterator>(args[0]);
  bool valid = iterator->set && iterator->used == iterator->set->used;
  return length_hint_int(valid ? iterator->remaining : 0);
}
// The rest as a list: taken from a copy of the iterator, which itself stays where it is.
Ref iterator_reduce(Thread& thread, const Value* args) {
  auto* iterator = cast<SetIterator>(args[0]);
  if (!iterator->set) return reduce_iterator(thread, new_list().value());
  Ref copy = set_iter(thread, Value(iterator->set));
  auto* other = cast<SetIterator>(copy);
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
constexpr TypeSpec iterator_spec = {.name = "set_iterator",
                                    .instance_size = sizeof(SetIterator),
                                    .flags = TypeTracked | TypeFinal | TypeNoConstruct,
                                    .methods = iterator_methods};

} // namespace

void init_set_types() {
  for (Type* type : {&set_type, &frozenset_type}) {
    Slots& slots = type->slots;
    slots.dealloc = set_dealloc;
    slots.traverse = set_traverse;
    slots.clear = set_clear_slot;
    slots.repr = set_repr;
    slots.compare = set_compare;
    slots.iter = set_iter;
    slots.length = set_length;
    slots.contains = set_contains_slot;
    slots.binary[int(BinaryOp::Or)] = set_or;
    slots.binary[int(BinaryOp::And)] = set_and;
    slots.binary[int(BinaryOp::Sub)] = set_sub;
    slots.binary[int(BinaryOp::Xor)] = set_xor;
  }
  set_type.slots.construct = set_construct;
  set_type.slots.init = set_init;
  set_type.slots.hash = hash_not_implemented;
  set_type.slots.inplace[int(BinaryOp::Or)] = set_inplace_or;
  set_type.slots.inplace[int(BinaryOp::And)] = set_inplace_and;
  set_type.slots.inplace[int(BinaryOp::Sub)] = set_inplace_sub;
  set_type.slots.inplace[int(BinaryOp::Xor)] = set_inplace_xor;
  frozenset_type.slots.construct = frozenset_construct;
  frozenset_type.slots.hash = frozenset_hash;
  make_ready(set_type, set_spec);
  make_ready(frozenset_type, frozenset_spec);

  Slots& iterator = set_iterator_type.slots;
  iterator.dealloc = iterator_dealloc;
  iterator.traverse = iterator_traverse;
  iterator.clear = iterator_clear;
  iterator.iter = [](Thread&, Value self) { return share(self); };
  iterator.next = iterator_next;
  make_ready(set_iterator_type, iterator_spec);
}

} // namespace aspy
