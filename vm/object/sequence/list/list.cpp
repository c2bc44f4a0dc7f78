// list: the array, growth, and the operations that the rest of the VM calls. Methods are in
// list_methods.cpp, sorting in sort.cpp.
#include "vm/object/sequence/list/list.hpp"

#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/sequence/list/list_methods.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace aspy {

Type list_type, list_iterator_type, list_reverse_iterator_type;

namespace {

// Short arrays come from the block pool. Longer ones do not: a program that makes many of one length and then
// drops them would not get the memory back for other uses.
constexpr size_t pooled_items = 16;

Value* allocate_items(size_t capacity) {
  size_t bytes = capacity * sizeof(Value);
  return static_cast<Value*>(capacity <= pooled_items ? pool_alloc(bytes) : heap_alloc(bytes));
}

// Moves the items to an array of `capacity`, which holds them all.
void resize_items(List* list, size_t capacity) {
  if (list->capacity > pooled_items && capacity > pooled_items) {
    list->items = static_cast<Value*>(heap_realloc(list->items, capacity * sizeof(Value)));
  } else {
    Value* items = allocate_items(capacity);
    std::copy_n(list->items, list->size, items);
    list_free_items(list->items, list->capacity);
    list->items = items;
  }
  list->capacity = capacity;
}

} // namespace

void list_free_items(Value* items, size_t capacity) {
  if (capacity == 0) return;
  if (capacity <= pooled_items) return pool_free(items, capacity * sizeof(Value));
  heap_free(items);
}

void list_reserve(List* list, size_t size) {
  if (size <= list->capacity) return;
  // Half as much again: appending n items copies each of them about twice.
  resize_items(list, std::max<size_t>(size, list->capacity + list->capacity / 2 + 4));
}

Own<List> new_list(size_t capacity) {
  auto* list = allocate_pooled<List>(list_type);
  if (capacity) {
    list->items = allocate_items(capacity);
    list->capacity = capacity;
  }
  return Own<List>::steal(list);
}

Own<List> make_list(std::span<const Value> items) {
  Own<List> list = new_list(items.size());
  if (!items.empty()) std::memcpy(list->items, items.data(), items.size_bytes());
  list->size = items.size();
  for (Value item : items) incref(item);
  return list;
}

Own<List> list_from_iterable(Thread& thread, Value iterable) {
  Own<List> list = new_list();
  if (!list_extend(thread, list.get(), iterable)) return nullptr;
  return list;
}

void list_append(List* list, Ref&& item) {
  if (list->size == list->capacity) list_reserve(list, list->size + 1);
  list->items[list->size++] = item.release();
}
void list_append(List* list, Value item) { list_append(list, share(item)); }

namespace {

// A row of values that may be the list's own items: they are shared before the array moves.
void append_span(List* list, std::span<const Value> items) {
  size_t count = items.size();
  for (Value item : items) incref(item);
  bool own = items.data() == list->items;
  list_reserve(list, list->size + count);
  const Value* from = own ? list->items : items.data();
  std::copy_n(from, count, list->items + list->size);
  list->size += count;
}

} // namespace

bool list_extend(Thread& thread, List* list, Value iterable) {
  if (is_exact(iterable, list_type)) {
    append_span(list, cast<List>(iterable)->view());
    return true;
  }
  if (is_exact(iterable, tuple_type)) {
    append_span(list, cast<Tuple>(iterable)->view());
    return true;
  }
  Ref iterator = iter(thread, iterable);
  if (!iterator) return false;
  int64_t hint = length_hint(thread, iterable, 8);
  if (hint < 0) return false;
  if (size_t(hint) > size_t{1} << 24) { // a hint is whatever the iterator says
    size_t bytes = std::min(size_t(hint), SIZE_MAX / sizeof(Value)) * sizeof(Value);
    if (!may_allocate(thread, bytes)) return false;
  }
  if (hint > 0) list_reserve(list, list->size + size_t(hint));
  // The slot is read once: an iterator keeps its type while it runs.
  auto step = type_of(iterator)->slots.next;
  if (!step) step = next;
  for (;;) {
    Ref item = step(thread, iterator);
    if (!item) {
      if (!thread.has_error()) break;
      if (!error_matches(thread, StopIteration_type)) return false;
      clear_error(thread); // a generator's own, with what it returned
      break;
    }
    list_append(list, std::move(item));
  }
  return true;
}

void list_insert(List* list, size_t index, Value item) {
  list_reserve(list, list->size + 1);
  std::memmove(list->items + index + 1, list->items + index, (list->size - index) * sizeof(Value));
  list->items[index] = share(item).release();
  ++list->size;
}

Ref list_pop(List* list, size_t index) {
  Value item = list->items[index];
  --list->size;
  std::memmove(list->items + index, list->items + index + 1, (list->size - index) * sizeof(Value));
  // Give memory back once a list that was long is nearly empty.
  if (list->capacity > 64 && list->size < list->capacity / 4)
    resize_items(list, list->size + list->size / 4 + 8);
  return Ref::steal(item);
}

void list_clear(List* list) {
  // The list is empty before the first item dies: a finaliser may look at it.
  Value* items = std::exchange(list->items, nullptr);
  size_t size = std::exchange(list->size, 0);
  size_t capacity = std::exchange(list->capacity, 0);
  for (size_t i = size; i-- > 0;) decref(items[i]);
  list_free_items(items, capacity);
}

void list_replace(List* list, size_t start, size_t count, std::span<const Value> with) {
  for (Value item : with) incref(item);
  if (count == with.size()) {
    // Nothing moves. Each place has its new item before the old one dies, and what a finaliser may do to the
    // list is done to a whole one.
    std::vector<Value> gone;
    for (size_t i = 0; i < count; ++i) {
      Value old = std::exchange(list->items[start + i], with[i]);
      if (old.is_object()) gone.push_back(old);
    }
    while (!gone.empty()) {
      decref(gone.back());
      gone.pop_back();
    }
    return;
  }
  // The removed items are held while the array is inconsistent; the last one dies first.
  std::vector<Value> removed(list->items + start, list->items + start + count);
  size_t tail = list->size - start - count;
  list_reserve(list, start + with.size() + tail);
  std::memmove(list->items + start + with.size(), list->items + start + count, tail * sizeof(Value));
  std::copy(with.begin(), with.end(), list->items + start);
  list->size = start + with.size() + tail;
  for (size_t i = removed.size(); i-- > 0;) decref(removed[i]);
}

namespace {

// --- lifetime ---

void list_dealloc(Object* object) {
  auto* list = static_cast<List*>(object);
  list_clear(list);
  if (list->type == &list_type) return free_pooled(list);
  free_object(list);
}
void list_traverse(Object* object, Visitor& visitor) {
  for (Value item : static_cast<List*>(object)->view()) visitor(item);
}
void list_clear_slot(Object* object) { list_clear(static_cast<List*>(object)); }

Ref list_construct(Thread&, Type* type, CallArgs) {
  if (type == &list_type) return new_list();
  return Ref::steal(allocate_instance(type));
}

bool list_init(Thread& thread, Value self, CallArgs args) {
  if (!refuse_keywords(thread, "list", args) || !check_count(thread, "list", args, 0, 1)) return false;
  auto* list = cast<List>(self);
  if (list->size) list_clear(list);
  return args.count == 0 || list_extend(thread, list, args[0]);
}

// --- iterators ---

Ref list_iter(Thread&, Value self) {
  auto* iterator = allocate_pooled<ListIterator>(list_iterator_type);
  iterator->list = Own<List>::share(cast<List>(self)).release();
  return Ref::steal(iterator);
}

void iterator_dealloc(Object* object) {
  auto* iterator = static_cast<ListIterator*>(object);
  clear_field(iterator->list);
  free_pooled(iterator);
}
void iterator_traverse(Object* object, Visitor& visitor) {
  visitor(static_cast<ListIterator*>(object)->list);
}
void iterator_clear(Object* object) { clear_field(static_cast<ListIterator*>(object)->list); }

Ref iterator_next(Thread&, Value self) {
  auto* iterator = cast<ListIterator>(self);
  if (!iterator->list) return {};
  if (iterator->index < iterator->list->size) return share((*iterator->list)[iterator->index++]);
  clear_field(iterator->list); // exhausted for good, even if the list grows later
  return {};
}

// A reverse iterator counts `index` down: it is one more than the place of the next item.
Ref reverse_iterator_next(Thread&, Value self) {
  auto* iterator = cast<ListIterator>(self);
  if (!iterator->list) return {};
  if (iterator->index > 0 && iterator->index <= iterator->list->size)
    return share((*iterator->list)[--iterator->index]);
  clear_field(iterator->list);
  return {};
}

Ref iterator_length_hint(Thread&, const Value* args) {
  auto* iterator = cast<ListIterator>(args[0]);
  return length_hint_int(iterator->list ? int64_t(iterator->list->size) - int64_t(iterator->index) : 0);
}
Ref reverse_iterator_length_hint(Thread&, const Value* args) {
  auto* iterator = cast<ListIterator>(args[0]);
  bool valid = iterator->list && iterator->index <= iterator->list->size;
  return length_hint_int(valid ? int64_t(iterator->index) : 0);
}
Ref iterator_reduce(Thread& thread, const Value* args) {
  auto* iterator = cast<ListIterator>(args[0]);
  if (!iterator->list) return reduce_iterator(thread, new_list().value());
  return reduce_iterator(thread, iterator->list, int64_t(iterator->index));
}
Ref reverse_iterator_reduce(Thread& thread, const Value* args) {
  auto* iterator = cast<ListIterator>(args[0]);
  if (!iterator->list || iterator->index == 0) return reduce_reversed(thread, new_list().value());
  return reduce_reversed(thread, iterator->list, int64_t(iterator->index) - 1);
}
Ref reverse_iterator_set_state(Thread& thread, const Value* args) {
  int64_t index;
  if (!to_iterator_index(thread, args[1], index)) return {};
  auto* iterator = cast<ListIterator>(args[0]);
  if (iterator->list)
    iterator->index = size_t(std::clamp<int64_t>(index, -1, int64_t(iterator->list->size) - 1) + 1);
  return share(None);
}
Ref iterator_set_state(Thread& thread, const Value* args) {
  int64_t index;
  if (!to_iterator_index(thread, args[1], index)) return {};
  auto* iterator = cast<ListIterator>(args[0]);
  if (iterator->list) iterator->index = size_t(std::clamp<int64_t>(index, 0, int64_t(iterator->list->size)));
  return share(None);
}

constexpr NativeDef iterator_methods[] = {
    {"__length_hint__", "self, /", iterator_length_hint},
    {"__reduce__", "self, /", iterator_reduce, "Return state information for pickling."},
    {"__setstate__", "self, state, /", iterator_set_state, "Set state information for unpickling."},
    {nullptr}};
constexpr NativeDef reverse_iterator_methods[] = {
    {"__length_hint__", "self, /", reverse_iterator_length_hint},
    {"__reduce__", "self, /", reverse_iterator_reduce, "Return state information for pickling."},
    {"__setstate__", "self, state, /", reverse_iterator_set_state, "Set state information for unpickling."},
    {nullptr}};
constexpr TypeSpec iterator_spec = {.name = "list_iterator",
                                    .instance_size = sizeof(ListIterator),
                                    .flags = TypeTracked | TypeFinal | TypeNoConstruct,
                                    .methods = iterator_methods};
constexpr TypeSpec reverse_iterator_spec = {.name = "list_reverseiterator",
                                            .instance_size = sizeof(ListIterator),
                                            .flags = TypeTracked | TypeFinal | TypeNoConstruct,
                                            .methods = reverse_iterator_methods};

} // namespace

Ref list_reversed(Thread&, const Value* args) {
  auto* iterator = allocate_pooled<ListIterator>(list_reverse_iterator_type);
  iterator->list = Own<List>::share(cast<List>(args[0])).release();
  iterator->index = iterator->list->size;
  return Ref::steal(iterator);
}

void init_list_type() {
  Slots& slots = list_type.slots;
  slots.dealloc = list_dealloc;
  slots.traverse = list_traverse;
  slots.clear = list_clear_slot;
  slots.construct = list_construct;
  slots.init = list_init;
  slots.hash = hash_not_implemented;
  slots.iter = list_iter;
  fill_list_slots(slots);
  make_ready(list_type, list_spec);

  for (Type* type : {&list_iterator_type, &list_reverse_iterator_type}) {
    type->slots.dealloc = iterator_dealloc;
    type->slots.traverse = iterator_traverse;
    type->slots.clear = iterator_clear;
    type->slots.iter = [](Thread&, Value self) { return share(self); };
  }
  list_iterator_type.slots.next = iterator_next;
  list_reverse_iterator_type.slots.next = reverse_iterator_next;
  make_ready(list_iterator_type, iterator_spec);
  make_ready(list_reverse_iterator_type, reverse_iterator_spec);
}

} // namespace aspy
