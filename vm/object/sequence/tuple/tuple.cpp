#include "vm/object/sequence/tuple/tuple.hpp"

#include "vm/memory/block_pool.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple_iterator.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aspy {

Type tuple_type, tuple_iterator_type;

namespace {

// True when a cycle could run through `value`.
bool may_cycle(Value value) {
  return value.is_object() && value.as_object()->type->slots.traverse != nullptr;
}

inline size_t tuple_bytes(size_t size) { return sizeof(Tuple) + size * sizeof(Value); }

// Its items are not filled in, and the collector does not know it.
Tuple* raw_tuple(size_t size) {
  Tuple* tuple = new (pool_alloc(tuple_bytes(size))) Tuple();
  tuple->refcount = 1;
  tuple->gc_word = 0;
  tuple->type = &tuple_type;
  tuple->size = size;
  return tuple;
}

} // namespace

Own<Tuple> allocate_tuple(size_t size) {
  if (size == 0) return Own<Tuple>::share(empty_tuple());
  return Own<Tuple>::steal(raw_tuple(size));
}

void track_tuple(Tuple* tuple) {
  for (Value item : tuple->view())
    if (may_cycle(item)) return gc_track(tuple);
}

Tuple* empty_tuple() {
  static Tuple* const empty = [] {
    Tuple* tuple = raw_tuple(0);
    tuple->refcount = immortal_refcount;
    return tuple;
  }();
  return empty;
}

Own<Tuple> new_tuple(size_t size) {
  if (size == 0) return Own<Tuple>::share(empty_tuple());
  Tuple* tuple = raw_tuple(size);
  std::fill_n(tuple->items(), size, Value());
  gc_track(tuple);
  return Own<Tuple>::steal(tuple);
}

Own<Tuple> make_tuple(std::span<const Value> items) {
  for (Value item : items) incref(item);
  return tuple_of_owned(items);
}

Own<Tuple> tuple_of_owned(std::span<const Value> items) {
  Own<Tuple> tuple = allocate_tuple(items.size());
  std::copy(items.begin(), items.end(), tuple->items());
  track_tuple(tuple.get());
  return tuple;
}

Own<Tuple> make_tuple(std::initializer_list<Value> items) {
  return make_tuple(std::span<const Value>(items.begin(), items.size()));
}

Own<Tuple> tuple_from_iterable(Thread& thread, Value iterable) {
  if (is_exact(iterable, tuple_type)) return Own<Tuple>::share(cast<Tuple>(iterable));
  if (is_exact(iterable, list_type)) return make_tuple(cast<List>(iterable)->view());
  Own<List> list = list_from_iterable(thread, iterable);
  if (!list) return nullptr;
  return make_tuple(list->view());
}

namespace {

// --- lifetime ---

void tuple_dealloc(Object* object) {
  auto* tuple = static_cast<Tuple*>(object);
  for (size_t i = tuple->size; i-- > 0;) decref(tuple->items()[i]);
  if (tuple->type == &tuple_type) return pool_free(tuple, tuple_bytes(tuple->size));
  free_object(tuple);
}

void tuple_traverse(Object* object, Visitor& visitor) {
  for (Value item : static_cast<Tuple*>(object)->view()) visitor(item);
}

Ref tuple_construct(Thread& thread, Type* type, CallArgs args) {
  if (args.kwnames && (type == &tuple_type || type->slots.init == tuple_type.slots.init) &&
      !refuse_keywords(thread, "tuple", args))
    return {};
  if (!check_count(thread, "tuple", args, 0, 1)) return {};
  Own<Tuple> items = args.count ? tuple_from_iterable(thread, args[0]) : Own<Tuple>::share(empty_tuple());
  if (!items || type == &tuple_type) return items;
  // A subclass: the same items behind a header of its own.
  auto* tuple = static_cast<Tuple*>(allocate_instance(type, items->size * sizeof(Value)));
  tuple->size = items->size;
  for (size_t i = 0; i < items->size; ++i) tuple->items()[i] = share((*items)[i]).release();
  return Ref::steal(tuple);
}

// --- text, order ---

Ref tuple_repr(Thread& thread, Value self) {
  auto* tuple = cast<Tuple>(self);
  if (tuple->size == 0) return make_str("()");
  ReprGuard guard(tuple);
  if (guard.recursive()) return make_str("(...)");
  if (!check_native_stack(thread)) return {};
  StrBuilder text;
  text.append('(');
  for (size_t i = 0; i < tuple->size; ++i) {
    if (i) text.append(", ");
    if (!text.append_repr(thread, (*tuple)[i])) return {};
  }
  text.append(tuple->size == 1 ? ",)" : ")");
  return text.finish();
}

// Mixes the items' hashes in order (xxHash's rounds), so that (1, 2) and (2, 1) differ.
bool tuple_hash(Thread& thread, Value self, int64_t& out) {
  constexpr uint64_t prime1 = 11400714785074694791u, prime2 = 14029467366897019727u,
                     prime5 = 2870177450012600261u;
  if (!check_native_stack(thread)) return false;
  uint64_t mixed = prime5;
  auto* tuple = cast<Tuple>(self);
  for (Value item : tuple->view()) {
    int64_t one = 0;
    if (!hash(thread, item, one)) return false;
    mixed += uint64_t(one) * prime2;
    mixed = (mixed << 31) | (mixed >> 33);
    mixed *= prime1;
  }
  mixed += tuple->size ^ (prime5 ^ 3527539u);
  out = mixed == ~uint64_t{0} ? 1546275796 : int64_t(mixed);
  return true;
}

Ref tuple_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_tuple(a) || !is_tuple(b)) return share(NotImplemented);
  if (!check_native_stack(thread)) return {};
  auto *left = cast<Tuple>(a), *right = cast<Tuple>(b);
  size_t common = std::min(left->size, right->size);
  size_t i = 0;
  for (; i < common; ++i) {
    int same = equals(thread, (*left)[i], (*right)[i]);
    if (same < 0) return {};
    if (!same) break;
  }
  if (i == common) {
    bool less = left->size < right->size, same = left->size == right->size;
    switch (op) {
    case CompareOp::Lt: return Ref::steal(Value::from_bool(less));
    case CompareOp::Le: return Ref::steal(Value::from_bool(less || same));
    case CompareOp::Eq: return Ref::steal(Value::from_bool(same));
    case CompareOp::Ne: return Ref::steal(Value::from_bool(!same));
    case CompareOp::Gt: return Ref::steal(Value::from_bool(!less && !same));
    case CompareOp::Ge: return Ref::steal(Value::from_bool(!less));
    }
  }
  if (op == CompareOp::Eq) return share(False);
  if (op == CompareOp::Ne) return share(True);
  return compare(thread, (*left)[i], (*right)[i], op);
}

// --- container ---

int64_t tuple_length(Thread&, Value self) { return int64_t(cast<Tuple>(self)->size); }

Ref tuple_get_item(Thread& thread, Value self, Value key) {
  auto* tuple = cast<Tuple>(self);
  if (has_index(key)) {
    int64_t index;
    if (!to_subscript(thread, key, index)) return {};
    if (index < 0) index += int64_t(tuple->size);
    if (uint64_t(index) >= tuple->size) return raise(thread, IndexError_type, "tuple index out of range");
    return share((*tuple)[size_t(index)]);
  }
  if (!is_exact(key, slice_type)) {
    raise_bad_subscript(thread, "tuple", key);
    return {};
  }
  int64_t start, stop, step, count;
  if (!slice_indices(thread, cast<Slice>(key), int64_t(tuple->size), start, stop, step, count)) return {};
  if (count == int64_t(tuple->size) && step == 1 && is_exact(self, tuple_type)) return share(self);
  if (step == 1) return make_tuple(tuple->view().subspan(size_t(start), size_t(count)));
  Own<Tuple> part = new_tuple(size_t(count));
  for (int64_t i = 0; i < count; ++i) part->items()[i] = share((*tuple)[size_t(start + i * step)]).release();
  return part;
}

int tuple_contains(Thread& thread, Value self, Value item) {
  auto* tuple = cast<Tuple>(self);
  for (size_t i = 0; i < tuple->size; ++i)
    if (int same = equals(thread, (*tuple)[i], item)) return same;
  return 0;
}

Ref tuple_concat(Thread& thread, Value a, Value b) {
  if (!is_tuple(b))
    return raise_type_error(thread,
                            fmt::format("can only concatenate tuple (not \"{}\") to tuple", type_name(b)));
  auto *left = cast<Tuple>(a), *right = cast<Tuple>(b);
  if (left->size == 0 && is_exact(b, tuple_type)) return share(b);
  if (right->size == 0 && is_exact(a, tuple_type)) return share(a);
  Own<Tuple> sum = allocate_tuple(left->size + right->size);
  Value* out = std::copy_n(left->items(), left->size, sum->items());
  std::copy_n(right->items(), right->size, out);
  for (Value item : sum->view()) incref(item);
  track_tuple(sum.get());
  return Ref::steal(sum.release());
}

Ref tuple_repeat(Thread& thread, Value self, Value count) {
  int64_t times;
  if (!to_size(thread, count, times)) return {};
  auto* tuple = cast<Tuple>(self);
  if (times <= 0 || tuple->size == 0) return share(Value(empty_tuple()));
  if (times == 1 && is_exact(self, tuple_type)) return share(self);
  size_t total;
  if (__builtin_mul_overflow(tuple->size, size_t(times), &total) || total > PTRDIFF_MAX / sizeof(Value))
    return raise_with_args(thread, MemoryError_type, {});
  if (!may_allocate(thread, total * sizeof(Value))) return {};
  Own<Tuple> product = new_tuple(total);
  Value* out = product->items();
  for (int64_t n = 0; n < times; ++n)
    for (Value item : tuple->view()) *out++ = share(item).release();
  return product;
}

// --- methods ---

Ref tuple_count(Thread& thread, const Value* args) {
  auto* tuple = cast<Tuple>(args[0]);
  int64_t found = 0;
  for (size_t i = 0; i < tuple->size; ++i) {
    int same = equals(thread, (*tuple)[i], args[1]);
    if (same < 0) return {};
    found += same;
  }
  return make_int(found);
}

Ref tuple_index(Thread& thread, const Value* args) {
  auto* tuple = cast<Tuple>(args[0]);
  auto size = int64_t(tuple->size);
  int64_t start = 0, stop = size;
  if (args[2] && !to_bound(thread, args[2], size, start)) return {};
  if (args[3] && !to_bound(thread, args[3], size, stop)) return {};
  for (int64_t i = start; i < std::min(stop, size); ++i) {
    int same = equals(thread, (*tuple)[size_t(i)], args[1]);
    if (same < 0) return {};
    if (same) return make_int(i);
  }
  return raise_value_error(thread, "tuple.index(x): x not in tuple");
}

Ref tuple_getnewargs(Thread&, const Value* args) {
  Own<Tuple> items = make_tuple(cast<Tuple>(args[0])->view());
  return make_tuple({items.value()});
}

Ref tuple_sizeof(Thread&, const Value* args) {
  return make_int(int64_t(24 + 8 * cast<Tuple>(args[0])->size));
}

constexpr NativeDef tuple_methods[] = {
    {"index", "self, value, start=0, stop=9223372036854775807, /", tuple_index,
     "Return first index of value.\n\nRaises ValueError if the value is not present."},
    {"count", "self, value, /", tuple_count, "Return number of occurrences of value."},
    {"__getnewargs__", "self, /", tuple_getnewargs},
    {"__sizeof__", "self, /", tuple_sizeof, "Size of object in memory, in bytes."},
    {"__class_getitem__", "cls, item, /", class_getitem, "Make a generic alias.", NativeKind::ClassMethod},
    {nullptr}};

constexpr TypeSpec tuple_spec = {
    .name = "tuple",
    .instance_size = sizeof(Tuple),
    .flags = TypeTracked | TypeIsTuple | TypeIsSequence,
    .methods = tuple_methods,
    .doc =
        "Built-in immutable sequence.\n\nIf no argument is given, the constructor returns an empty tuple.\n"
        "If iterable is specified the tuple is initialized from iterable's items.\n\n"
        "If the argument is a tuple, the return value is the same object."};

// --- iterator ---

void iterator_dealloc(Object* object) {
  clear_field(static_cast<TupleIterator*>(object)->tuple);
  free_object(object);
}
void iterator_traverse(Object* object, Visitor& visitor) {
  visitor(static_cast<TupleIterator*>(object)->tuple);
}

Ref tuple_iter(Thread&, Value self) {
  auto* iterator = allocate<TupleIterator>(tuple_iterator_type);
  iterator->tuple = Own<Tuple>::share(cast<Tuple>(self)).release();
  return Ref::steal(iterator);
}

Ref iterator_next(Thread&, Value self) {
  auto* iterator = cast<TupleIterator>(self);
  Tuple* tuple = iterator->tuple;
  if (!tuple) return {};
  if (iterator->index < tuple->size) return share((*tuple)[iterator->index++]);
  clear_field(iterator->tuple);
  return {};
}

Ref iterator_length_hint(Thread&, const Value* args) {
  auto* iterator = cast<TupleIterator>(args[0]);
  return length_hint_int(iterator->tuple ? int64_t(iterator->tuple->size - iterator->index) : 0);
}

Ref iterator_reduce(Thread& thread, const Value* args) {
  auto* iterator = cast<TupleIterator>(args[0]);
  if (!iterator->tuple) return reduce_iterator(thread, new_tuple(0).value());
  return reduce_iterator(thread, iterator->tuple, int64_t(iterator->index));
}
Ref iterator_set_state(Thread& thread, const Value* args) {
  int64_t index;
  if (!to_iterator_index(thread, args[1], index)) return {};
  auto* iterator = cast<TupleIterator>(args[0]);
  if (iterator->tuple)
    iterator->index = size_t(std::clamp<int64_t>(index, 0, int64_t(iterator->tuple->size)));
  return share(None);
}

constexpr NativeDef iterator_methods[] = {
    {"__length_hint__", "self, /", iterator_length_hint},
    {"__reduce__", "self, /", iterator_reduce, "Return state information for pickling."},
    {"__setstate__", "self, state, /", iterator_set_state, "Set state information for unpickling."},
    {nullptr}};
constexpr TypeSpec iterator_spec = {.name = "tuple_iterator",
                                    .instance_size = sizeof(TupleIterator),
                                    .flags = TypeTracked | TypeFinal | TypeNoConstruct,
                                    .methods = iterator_methods};

} // namespace

void init_tuple_type() {
  Slots& slots = tuple_type.slots;
  slots.dealloc = tuple_dealloc;
  slots.traverse = tuple_traverse;
  slots.construct = tuple_construct;
  slots.repr = tuple_repr;
  slots.hash = tuple_hash;
  slots.compare = tuple_compare;
  slots.iter = tuple_iter;
  slots.length = tuple_length;
  slots.get_item = tuple_get_item;
  slots.contains = tuple_contains;
  slots.concat = tuple_concat;
  slots.repeat = tuple_repeat;
  make_ready(tuple_type, tuple_spec);

  Slots& iterator = tuple_iterator_type.slots;
  iterator.dealloc = iterator_dealloc;
  iterator.traverse = iterator_traverse;
  iterator.iter = [](Thread&, Value self) { return share(self); };
  iterator.next = iterator_next;
  make_ready(tuple_iterator_type, iterator_spec);
}

} // namespace aspy
