// Containers and iteration: len(), subscripts, `in`, iter() and next().
#include "vm/memory/heap.hpp"
#include "vm/object/annotation/generic.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy {

int64_t length(Thread& thread, Value value) {
  if (auto* slot = type_of(value)->slots.length) return slot(thread, value);
  raise_type_error(thread, fmt::format("object of type '{}' has no len()", type_name(value)));
  return -1;
}

int64_t length_hint(Thread& thread, Value value, int64_t fallback) {
  if (type_of(value)->slots.length) {
    int64_t size = length(thread, value);
    if (size >= 0 || !error_matches(thread, TypeError_type)) return size;
    clear_error(thread);
  }
  Value found = type_lookup(type_of(value), names::dunder_length_hint);
  if (!found) return fallback;
  Ref hint = call_found(thread, found, value);
  if (!hint) {
    if (!error_matches(thread, TypeError_type)) return -1;
    clear_error(thread);
    return fallback;
  }
  if (hint.get() == NotImplemented) return fallback;
  int64_t number;
  if (!is_int_like(hint)) {
    raise_type_error(thread, fmt::format("__length_hint__ must be an integer, not {}", type_name(hint)));
    return -1;
  }
  if (!int_as_int64(hint, number)) {
    raise(thread, OverflowError_type, "Python int too large to convert to C ssize_t");
    return -1;
  }
  if (number < 0) {
    raise_value_error(thread, "__length_hint__() should return >= 0");
    return -1;
  }
  return number;
}

// --- subscripts ----------------------------------------------------------------------------------

Ref get_item(Thread& thread, Value object, Value key) {
  if (auto* slot = type_of(object)->slots.get_item) return slot(thread, object, key);
  // A class is subscripted through its __class_getitem__.
  if (is_instance(object, type_type)) {
    if (object == Value(&type_type)) return make_generic_alias(thread, object, key);
    Ref method = find_attr(thread, object, names::dunder_class_getitem);
    if (!method && thread.has_error()) return Ref();
    if (method && !method.get().is_none()) return call(thread, method, {key});
    return raise_type_error(thread,
                            fmt::format("type '{}' is not subscriptable", cast<Type>(object)->name->view()));
  }
  return raise_type_error(thread, fmt::format("'{}' object is not subscriptable", type_name(object)));
}

bool set_item(Thread& thread, Value object, Value key, Value value) {
  Type* type = type_of(object);
  if (auto* slot = type->slots.set_item) return slot(thread, object, key, value);
  // What could be a sequence is told so in other words.
  bool sequence_like = type->is_heap() || type->slots.length || type->slots.contains;
  const char* deletion = sequence_like && type_of(key)->slots.index ? "doesn't support item deletion"
                                                                    : "does not support item deletion";
  return raise_type_error(thread, fmt::format("'{}' object {}", type_name(object),
                                              value ? "does not support item assignment" : deletion));
}

// --- membership ----------------------------------------------------------------------------------

int contains(Thread& thread, Value container, Value item) {
  if (auto* slot = type_of(container)->slots.contains) return slot(thread, container, item);
  const Slots& slots = type_of(container)->slots;
  if (!slots.iter && !slots.get_item) {
    raise_type_error(
        thread, fmt::format("argument of type '{}' is not a container or iterable", type_name(container)));
    return -1;
  }
  Ref iterator = iter(thread, container);
  if (!iterator) {
    if (error_matches(thread, TypeError_type)) {
      clear_error(thread);
      raise_type_error(
          thread, fmt::format("argument of type '{}' is not a container or iterable", type_name(container)));
    }
    return -1;
  }
  for (;;) {
    Ref element = next(thread, iterator);
    if (!element) return thread.has_error() ? -1 : 0;
    int same = equals(thread, element, item);
    if (same != 0) return same;
  }
}

// --- iterating -----------------------------------------------------------------------------------

namespace {

// Iterates an object that has only __getitem__: 0, 1, 2 ... until IndexError.
struct SequenceIterator : Object {
  Value sequence; // owned; empty when exhausted
  int64_t index = 0;
};
Type sequence_iterator_type;

Ref self_iter(Thread&, Value self) { return share(self); }

Ref sequence_next(Thread& thread, Value self) {
  auto* iterator = cast<SequenceIterator>(self);
  if (!iterator->sequence) return Ref();
  Ref sequence = share(iterator->sequence);
  Ref item = get_item(thread, sequence, make_int(iterator->index++));
  if (item) return item;
  if (error_matches(thread, IndexError_type) || error_matches(thread, StopIteration_type)) {
    clear_error(thread);
    clear_field(iterator->sequence);
  }
  return Ref();
}
void sequence_traverse(Object* self, Visitor& visit) {
  visit(static_cast<SequenceIterator*>(self)->sequence);
}
void sequence_clear(Object* self) { clear_field(static_cast<SequenceIterator*>(self)->sequence); }
void sequence_dealloc(Object* self) {
  sequence_clear(self);
  free_object(self);
}
Ref sequence_length_hint(Thread& thread, const Value* args) {
  auto* iterator = cast<SequenceIterator>(args[0]);
  if (!iterator->sequence) return make_int(0);
  if (!type_of(iterator->sequence)->slots.length) return share(NotImplemented);
  int64_t size = length(thread, iterator->sequence);
  if (size < 0) return Ref();
  return make_int(size > iterator->index ? size - iterator->index : 0);
}

Ref sequence_reduce(Thread& thread, const Value* args) {
  auto* iterator = cast<SequenceIterator>(args[0]);
  if (!iterator->sequence) return reduce_iterator(thread, make_tuple({}).value());
  return reduce_iterator(thread, iterator->sequence, iterator->index);
}
Ref sequence_set_state(Thread& thread, const Value* args) {
  int64_t index;
  if (!to_iterator_index(thread, args[1], index)) return {};
  auto* iterator = cast<SequenceIterator>(args[0]);
  if (iterator->sequence) iterator->index = std::max<int64_t>(index, 0);
  return share(None);
}

// iter(callable, sentinel)
struct CallableIterator : Object {
  Value callable, sentinel; // owned; empty when exhausted
};
Type callable_iterator_type;

Ref callable_next(Thread& thread, Value self) {
  auto* iterator = cast<CallableIterator>(self);
  if (!iterator->callable) return Ref();
  Ref callable = share(iterator->callable), sentinel = share(iterator->sentinel);
  Ref item = call(thread, callable);
  if (item) {
    int same = equals(thread, item, sentinel);
    if (same == 0) return item;
    if (same < 0) return Ref();
  } else if (error_matches(thread, StopIteration_type)) {
    clear_error(thread);
  } else {
    return Ref();
  }
  clear_field(iterator->callable);
  clear_field(iterator->sentinel);
  return Ref();
}
Ref callable_reduce(Thread& thread, const Value* args) {
  auto* iterator = cast<CallableIterator>(args[0]);
  if (!iterator->callable) return reduce_iterator(thread, make_tuple({}).value());
  Ref reduced = reduce_iterator(thread, iterator->callable);
  if (reduced) assign(cast<Tuple>(reduced)->items()[1], make_tuple({iterator->callable, iterator->sentinel}));
  return reduced;
}
void callable_traverse(Object* self, Visitor& visit) {
  visit(static_cast<CallableIterator*>(self)->callable);
  visit(static_cast<CallableIterator*>(self)->sentinel);
}
void callable_clear(Object* self) {
  clear_field(static_cast<CallableIterator*>(self)->callable);
  clear_field(static_cast<CallableIterator*>(self)->sentinel);
}
void callable_dealloc(Object* self) {
  callable_clear(self);
  free_object(self);
}

const NativeDef sequence_methods[] = {
    {"__length_hint__", "self, /", sequence_length_hint,
     "Private method returning an estimate of len(list(it))."},
    {"__reduce__", "self, /", sequence_reduce, "Return state information for pickling."},
    {"__setstate__", "self, state, /", sequence_set_state, "Set state information for unpickling."},
    {nullptr},
};
const NativeDef callable_methods[] = {
    {"__reduce__", "self, /", callable_reduce, "Return state information for pickling."}, {nullptr}};
const TypeSpec sequence_spec = {.name = "iterator",
                                .instance_size = sizeof(SequenceIterator),
                                .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                                .methods = sequence_methods};
const TypeSpec callable_spec = {.name = "callable_iterator",
                                .instance_size = sizeof(CallableIterator),
                                .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                                .methods = callable_methods};

} // namespace

Ref make_callable_iterator(Value callable, Value sentinel) {
  auto* iterator = allocate<CallableIterator>(callable_iterator_type);
  iterator->callable = share(callable).release();
  iterator->sentinel = share(sentinel).release();
  return Ref::steal(iterator);
}

Ref iter(Thread& thread, Value iterable) {
  Type* type = type_of(iterable);
  if (type->slots.iter) {
    Ref iterator = type->slots.iter(thread, iterable);
    if (iterator && !type_of(iterator)->slots.next)
      return raise_type_error(thread,
                              fmt::format("iter() returned non-iterator of type '{}'", type_name(iterator)));
    return iterator;
  }
  // Native types that are sequences have an iterator of their own.
  if (type->is_heap() && type->slots.get_item && !(type->flags & TypeIsDict)) {
    auto* iterator = allocate<SequenceIterator>(sequence_iterator_type);
    iterator->sequence = share(iterable).release();
    return Ref::steal(iterator);
  }
  return raise_type_error(thread, fmt::format("'{}' object is not iterable", type_name(iterable)));
}

Ref next(Thread& thread, Value iterator) {
  auto* slot = type_of(iterator)->slots.next;
  if (!slot)
    return raise_type_error(thread, fmt::format("'{}' object is not an iterator", type_name(iterator)));
  if (!check_native_stack(thread)) return {}; // a chain of native iterators recurses once a link
  Ref item = slot(thread, iterator);
  if (!item && thread.has_error() && error_matches(thread, StopIteration_type)) clear_error(thread);
  return item;
}

bool for_each_item(Thread& thread, Value iterable, bool (*body)(void*, Value), void* context) {
  if (is_exact(iterable, list_type)) {
    auto* list = cast<List>(iterable);
    Ref keep = share(iterable);
    for (size_t i = 0; i < list->size; ++i) { // the body may change the list
      Ref item = share(list->items[i]);
      if (!body(context, item)) return false;
    }
    return true;
  }
  if (is_exact(iterable, tuple_type)) {
    auto* tuple = cast<Tuple>(iterable);
    Ref keep = share(iterable);
    for (size_t i = 0; i < tuple->size; ++i)
      if (!body(context, (*tuple)[i])) return false;
    return true;
  }
  Ref iterator = iter(thread, iterable);
  if (!iterator) return false;
  while (Ref item = next(thread, iterator))
    if (!body(context, item)) return false;
  return !thread.has_error();
}

void init_iterator_types() {
  Slots& sequence = sequence_iterator_type.slots;
  sequence.dealloc = sequence_dealloc;
  sequence.traverse = sequence_traverse;
  sequence.clear = sequence_clear;
  sequence.iter = self_iter;
  sequence.next = sequence_next;
  make_ready(sequence_iterator_type, sequence_spec);

  Slots& callable = callable_iterator_type.slots;
  callable.dealloc = callable_dealloc;
  callable.traverse = callable_traverse;
  callable.clear = callable_clear;
  callable.iter = self_iter;
  callable.next = callable_next;
  make_ready(callable_iterator_type, callable_spec);
}

} // namespace aspy
