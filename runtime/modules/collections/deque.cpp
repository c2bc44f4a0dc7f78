#include "runtime/modules/collections/deque.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
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

Type deque_type, deque_iterator_type, deque_reverse_iterator_type;

namespace {

Deque* as_deque(Value value) { return cast<Deque>(value); }
bool is_deque(Value value) { return is_instance(value, deque_type); }

// --- the ring ------------------------------------------------------------------------------------

void grow(Deque* deque) {
  size_t capacity = deque->capacity ? deque->capacity * 2 : 8;
  auto* items = static_cast<Value*>(heap_alloc(capacity * sizeof(Value)));
  for (size_t i = 0; i < deque->size; ++i) items[i] = deque->at(i);
  if (deque->items) heap_free(deque->items);
  deque->items = items;
  deque->capacity = capacity;
  deque->head = 0;
}

Ref take_first(Deque* deque) {
  Ref item = Ref::steal(deque->at(0));
  deque->head = (deque->head + 1) & (deque->capacity - 1);
  --deque->size;
  ++deque->changes;
  return item;
}
Ref take_last(Deque* deque) {
  Ref item = Ref::steal(deque->at(deque->size - 1));
  --deque->size;
  ++deque->changes;
  return item;
}

void push_last(Deque* deque, Ref item) {
  if (deque->size == deque->capacity) grow(deque);
  ++deque->size;
  deque->at(deque->size - 1) = item.release();
  ++deque->changes;
  // The item that falls out at the other end may have a finaliser: it goes last.
  if (deque->most >= 0 && deque->size > static_cast<size_t>(deque->most)) take_first(deque).reset();
}
void push_first(Deque* deque, Ref item) {
  if (deque->size == deque->capacity) grow(deque);
  deque->head = (deque->head - 1) & (deque->capacity - 1);
  ++deque->size;
  deque->at(0) = item.release();
  ++deque->changes;
  if (deque->most >= 0 && deque->size > static_cast<size_t>(deque->most)) take_last(deque).reset();
}

Ref take_at(Deque* deque, size_t index) {
  // Towards the nearer end.
  Ref item = Ref::steal(deque->at(index));
  if (index < deque->size / 2) {
    for (size_t i = index; i > 0; --i) deque->at(i) = deque->at(i - 1);
    deque->head = (deque->head + 1) & (deque->capacity - 1);
  } else {
    for (size_t i = index; i + 1 < deque->size; ++i) deque->at(i) = deque->at(i + 1);
  }
  --deque->size;
  ++deque->changes;
  return item;
}

void clear_items(Deque* deque) {
  // Empty before anything is released: a finaliser may look.
  Value* items = std::exchange(deque->items, nullptr);
  size_t size = std::exchange(deque->size, 0), capacity = std::exchange(deque->capacity, 0);
  size_t head = std::exchange(deque->head, 0);
  ++deque->changes;
  for (size_t i = 0; i < size; ++i) decref(items[(head + i) & (capacity - 1)]);
  if (items) heap_free(items);
}

bool extend(Thread& thread, Deque* deque, Value iterable, bool left) {
  Ref source = share(iterable);
  if (iterable == Value(deque)) source = list_from_iterable(thread, iterable);
  if (!source) return false;
  return for_each(thread, source, [&](Value item) {
    if (left) push_first(deque, share(item));
    else push_last(deque, share(item));
    return true;
  });
}

Own<Deque> new_deque(Type* type, int64_t most) {
  auto* deque = static_cast<Deque*>(allocate_instance(type));
  deque->most = most;
  return Own<Deque>::steal(deque);
}

// A copy with the same class and limit.
Ref copy_of(Thread& thread, Deque* deque) {
  if (deque->type == &deque_type) {
    Own<Deque> copy = new_deque(&deque_type, deque->most);
    for (size_t i = 0; i < deque->size; ++i) push_last(copy.get(), share(deque->at(i)));
    return copy;
  }
  if (deque->most < 0) return call(thread, deque->type, {deque});
  Ref most = make_int(deque->most);
  return call(thread, deque->type, {deque, most});
}

// --- lifetime ------------------------------------------------------------------------------------

void deque_clear(Object* object) { clear_items(static_cast<Deque*>(object)); }
void deque_dealloc(Object* object) {
  gc_untrack(object);
  clear_items(static_cast<Deque*>(object));
  free_object(object);
}
void deque_traverse(Object* object, Visitor& visitor) {
  auto* deque = static_cast<Deque*>(object);
  for (size_t i = 0; i < deque->size; ++i) visitor(deque->at(i));
}

Ref deque_construct(Thread&, Type* type, CallArgs) { return new_deque(type, -1); }

bool deque_init(Thread& thread, Value self, CallArgs call) {
  BoundArgs args;
  if (!bind_args(thread, "deque", "iterable=(), maxlen=None", call, args)) return false;
  Deque* deque = as_deque(self);
  int64_t most = -1;
  if (args[1] && !args[1].is_none()) {
    if (!is_int_like(args[1])) return raise_type_error(thread, "an integer is required");
    if (!to_int64(thread, args[1], most)) return false;
    if (most < 0) return raise_value_error(thread, "maxlen must be non-negative");
  }
  deque->most = most;
  clear_items(deque);
  return !args[0] || extend(thread, deque, args[0], false);
}

// --- operators -----------------------------------------------------------------------------------

Ref deque_repr(Thread& thread, Value self) {
  Deque* deque = as_deque(self);
  ReprGuard guard(deque);
  if (guard.recursive()) return make_str("[...]");
  if (!check_native_stack(thread)) return {};
  Own<List> items = list_from_iterable(thread, self);
  if (!items) return {};
  StrBuilder out;
  out.append(type_of(self)->name->view());
  out.append('(');
  if (!out.append_repr(thread, items.value())) return {};
  if (deque->most >= 0) out.append(fmt::format(", maxlen={}", deque->most));
  out.append(')');
  return out.finish();
}

int64_t deque_length(Thread&, Value self) { return static_cast<int64_t>(as_deque(self)->size); }
int deque_truthy(Thread&, Value self) { return as_deque(self)->size != 0; }

bool index_in(Thread& thread, Deque* deque, Value key, int64_t& out) {
  if (!has_index(key))
    return raise_type_error(thread, fmt::format("sequence index must be integer, not '{}'", type_name(key)));
  if (!to_subscript(thread, key, out)) return false;
  auto size = static_cast<int64_t>(deque->size);
  if (out < 0) out += size;
  if (out < 0 || out >= size) return raise(thread, IndexError_type, "deque index out of range");
  return true;
}
Ref deque_get_item(Thread& thread, Value self, Value key) {
  int64_t index;
  return index_in(thread, as_deque(self), key, index) ? share(as_deque(self)->at(static_cast<size_t>(index)))
                                                      : Ref();
}
bool deque_set_item(Thread& thread, Value self, Value key, Value value) {
  int64_t index;
  if (!index_in(thread, as_deque(self), key, index)) return false;
  if (value) assign(as_deque(self)->at(static_cast<size_t>(index)), share(value));
  else take_at(as_deque(self), static_cast<size_t>(index)).reset();
  return true;
}

// Index of the first item equal to `wanted` in [start, stop); -1 missing, -2 raised.
int64_t find(Thread& thread, Deque* deque, Value wanted, size_t start, size_t stop) {
  uint64_t changes = deque->changes;
  for (size_t i = start; i < stop && i < deque->size; ++i) {
    Ref item = share(deque->at(i));
    int same = equals(thread, item, wanted);
    if (same < 0) return -2;
    if (same) return static_cast<int64_t>(i);
    if (deque->changes != changes) {
      raise(thread, RuntimeError_type, "deque mutated during iteration");
      return -2;
    }
  }
  return -1;
}
int deque_contains(Thread& thread, Value self, Value item) {
  int64_t at = find(thread, as_deque(self), item, 0, SIZE_MAX);
  return at == -2 ? -1 : at >= 0;
}

Ref deque_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_deque(a) || !is_deque(b)) return share(NotImplemented);
  if ((op == CompareOp::Eq || op == CompareOp::Ne) && as_deque(a)->size != as_deque(b)->size)
    return share(Value::from_bool(op == CompareOp::Ne));
  Own<List> x = list_from_iterable(thread, a), y = list_from_iterable(thread, b);
  return x && y ? compare(thread, x.value(), y.value(), op) : Ref();
}

Ref deque_concat(Thread& thread, Value self, Value other) {
  if (!is_deque(other))
    return raise_type_error(
        thread, fmt::format("can only concatenate deque (not \"{}\") to deque", type_name(other)));
  Ref copy = copy_of(thread, as_deque(self));
  return copy && extend(thread, as_deque(copy), other, false) ? copy : Ref();
}
Ref deque_inplace_concat(Thread& thread, Value self, Value other) {
  return extend(thread, as_deque(self), other, false) ? share(self) : Ref();
}
Ref deque_inplace_repeat(Thread& thread, Value self, Value count) {
  int64_t times;
  if (!to_size(thread, count, times)) return {};
  Deque* deque = as_deque(self);
  if (times <= 0) {
    clear_items(deque);
    return share(self);
  }
  Own<List> once = list_from_iterable(thread, self);
  if (!once) return {};
  if (once->size && times > static_cast<int64_t>(SIZE_MAX / sizeof(Value) / once->size))
    return raise(thread, MemoryError_type, "");
  if (!may_allocate(thread, once->size * static_cast<size_t>(times) * sizeof(Value))) return {};
  for (int64_t i = 1; i < times; ++i)
    for (Value item : once->view()) push_last(deque, share(item));
  return share(self);
}
Ref deque_repeat(Thread& thread, Value self, Value count) {
  Ref copy = copy_of(thread, as_deque(self));
  return copy ? deque_inplace_repeat(thread, copy, count) : Ref();
}

// --- methods -------------------------------------------------------------------------------------

Ref method_append(Thread&, const Value* args) {
  push_last(as_deque(args[0]), share(args[1]));
  return share(None);
}
Ref method_appendleft(Thread&, const Value* args) {
  push_first(as_deque(args[0]), share(args[1]));
  return share(None);
}
Ref method_pop(Thread& thread, const Value* args) {
  if (!as_deque(args[0])->size) return raise(thread, IndexError_type, "pop from an empty deque");
  return take_last(as_deque(args[0]));
}
Ref method_popleft(Thread& thread, const Value* args) {
  if (!as_deque(args[0])->size) return raise(thread, IndexError_type, "pop from an empty deque");
  return take_first(as_deque(args[0]));
}
Ref method_extend(Thread& thread, const Value* args) {
  return extend(thread, as_deque(args[0]), args[1], false) ? share(None) : Ref();
}
Ref method_extendleft(Thread& thread, const Value* args) {
  return extend(thread, as_deque(args[0]), args[1], true) ? share(None) : Ref();
}
Ref method_clear(Thread&, const Value* args) {
  clear_items(as_deque(args[0]));
  return share(None);
}
Ref method_copy(Thread& thread, const Value* args) { return copy_of(thread, as_deque(args[0])); }

Ref method_count(Thread& thread, const Value* args) {
  Deque* deque = as_deque(args[0]);
  int64_t count = 0;
  for (size_t from = 0; from < deque->size;) {
    int64_t at = find(thread, deque, args[1], from, SIZE_MAX);
    if (at == -2) return {};
    if (at < 0) break;
    ++count;
    from = static_cast<size_t>(at) + 1;
  }
  return make_int(count);
}

Ref method_index(Thread& thread, const Value* args) {
  Deque* deque = as_deque(args[0]);
  auto size = static_cast<int64_t>(deque->size);
  int64_t start = 0, stop = size;
  if (args[2] && !to_bound(thread, args[2], size, start)) return {};
  if (args[3] && !to_bound(thread, args[3], size, stop)) return {};
  int64_t at = find(thread, deque, args[1], static_cast<size_t>(start), static_cast<size_t>(stop));
  if (at == -2) return {};
  if (at >= 0) return make_int(at);
  return raise_value_error(thread, "deque.index(x): x not in deque");
}

Ref method_insert(Thread& thread, const Value* args) {
  Deque* deque = as_deque(args[0]);
  int64_t index;
  if (!to_index(thread, args[1], index)) return {};
  auto size = static_cast<int64_t>(deque->size);
  if (deque->most >= 0 && size >= deque->most)
    return raise(thread, IndexError_type, "deque already at its maximum size");
  if (index < 0) index = std::max<int64_t>(index + size, 0);
  index = std::min(index, size);
  push_last(deque, share(args[2]));
  for (int64_t i = size; i > index; --i)
    std::swap(deque->at(static_cast<size_t>(i)), deque->at(static_cast<size_t>(i - 1)));
  return share(None);
}

Ref method_remove(Thread& thread, const Value* args) {
  Deque* deque = as_deque(args[0]);
  int64_t at = find(thread, deque, args[1], 0, SIZE_MAX);
  if (at == -2) {
    if (error_matches(thread, RuntimeError_type)) {
      clear_error(thread);
      return raise(thread, IndexError_type, "deque mutated during remove().");
    }
    return {};
  }
  if (at < 0) return raise_value_error(thread, "deque.remove(x): x not in deque");
  take_at(deque, static_cast<size_t>(at)).reset();
  return share(None);
}

Ref method_reverse(Thread&, const Value* args) {
  Deque* deque = as_deque(args[0]);
  for (size_t i = 0, j = deque->size; i + 1 < j; ++i) std::swap(deque->at(i), deque->at(--j));
  return share(None);
}

Ref method_rotate(Thread& thread, const Value* args) {
  Deque* deque = as_deque(args[0]);
  int64_t steps = 1;
  if (args[1] && !to_index(thread, args[1], steps)) return {};
  auto size = static_cast<int64_t>(deque->size);
  if (size < 2) return share(None);
  steps %= size;
  if (steps < 0) steps += size;
  // The shorter way round.
  for (int64_t i = 0; i < steps && steps <= size / 2; ++i) push_first(deque, take_last(deque));
  for (int64_t i = steps; i < size && steps > size / 2; ++i) push_last(deque, take_first(deque));
  return share(None);
}

Ref method_reduce(Thread& thread, const Value* args) {
  Deque* deque = as_deque(args[0]);
  Ref items = iter(thread, args[0]);
  if (!items) return {};
  Ref most = deque->most < 0 ? Ref() : make_int(deque->most);
  Own<Tuple> nothing = make_tuple({});
  Own<Tuple> arguments = most ? make_tuple({nothing.value(), most}) : make_tuple({});
  return make_tuple({deque->type, arguments.value(), None, items});
}

Ref get_most(Thread&, Value self) {
  return as_deque(self)->most < 0 ? share(None) : make_int(as_deque(self)->most);
}

// --- iterators -----------------------------------------------------------------------------------

struct DequeIterator : Object {
  Deque* deque = nullptr; // owned; null only once the collector cleared it
  size_t remaining = 0;   // 0 for good after a change was noticed
  uint64_t changes = 0;
};

Ref make_iterator(Type& type, Value self) {
  auto* made = allocate<DequeIterator>(type);
  made->deque = as_deque(self);
  incref(self);
  made->changes = made->deque->changes;
  made->remaining = made->deque->size;
  return Ref::steal(made);
}
Ref deque_iter(Thread&, Value self) { return make_iterator(deque_iterator_type, self); }
Ref method_reversed(Thread&, const Value* args) {
  return make_iterator(deque_reverse_iterator_type, args[0]);
}

Ref iterator_next(Thread& thread, Value self) {
  auto* it = cast<DequeIterator>(self);
  if (!it->deque) return {};
  if (it->deque->changes != it->changes) {
    it->remaining = 0;
    return raise(thread, RuntimeError_type, "deque mutated during iteration");
  }
  if (it->remaining == 0) return {};
  size_t left = it->remaining--;
  return share(it->deque->at(it->type == &deque_reverse_iterator_type ? left - 1 : it->deque->size - left));
}
Ref iterator_self(Thread&, Value self) { return share(self); }
void iterator_clear(Object* object) { clear_field(static_cast<DequeIterator*>(object)->deque); }
void iterator_dealloc(Object* object) {
  gc_untrack(object);
  iterator_clear(object);
  free_object(object);
}
void iterator_traverse(Object* object, Visitor& visitor) {
  visitor(static_cast<DequeIterator*>(object)->deque);
}
Ref iterator_hint(Thread&, const Value* args) {
  return make_int(static_cast<int64_t>(cast<DequeIterator>(args[0])->remaining));
}
Ref iterator_reduce(Thread&, const Value* args) {
  auto* it = cast<DequeIterator>(args[0]);
  auto passed = static_cast<int64_t>(it->deque->size - it->remaining);
  return make_tuple({Value(it->type), make_tuple({Value(it->deque), make_int(passed)}).value()});
}
// The type called with a deque, and with how many items are to be left out.
Ref iterator_construct(Thread& thread, Type* type, CallArgs args) {
  if (args.count == 0) return raise_type_error(thread, "function takes at least 1 argument (0 given)");
  if (args.count > 2)
    return raise_type_error(thread, fmt::format("function takes at most 2 arguments ({} given)", args.count));
  if (!is_instance(args[0], deque_type))
    return raise_type_error(thread,
                            fmt::format("argument 1 must be collections.deque, not {}", type_name(args[0])));
  int64_t passed = 0;
  if (args.count == 2 && !to_index(thread, args[1], passed)) return {};
  Ref made = make_iterator(*type, args[0]);
  auto* it = cast<DequeIterator>(made);
  it->remaining -= static_cast<size_t>(std::clamp<int64_t>(passed, 0, static_cast<int64_t>(it->remaining)));
  return made;
}
const NativeDef iterator_methods[] = {
    {"__length_hint__", "self, /", iterator_hint},
    {"__reduce__", "self, /", iterator_reduce, "Return state information for pickling."},
    {nullptr}};

const NativeDef deque_methods[] = {
    {"append", "self, item, /", method_append, "Add an element to the right side of the deque."},
    {"appendleft", "self, item, /", method_appendleft, "Add an element to the left side of the deque."},
    {"clear", "self, /", method_clear, "Remove all elements from the deque."},
    {"copy", "self, /", method_copy, "Return a shallow copy of a deque."},
    {"__copy__", "self, /", method_copy, "Return a shallow copy of a deque."},
    {"count", "self, value, /", method_count, "Return number of occurrences of value."},
    {"extend", "self, iterable, /", method_extend, "Extend the right side of the deque."},
    {"extendleft", "self, iterable, /", method_extendleft, "Extend the left side of the deque."},
    {"index", "self, value, start=0, stop=9223372036854775807, / |", method_index,
     "Return first index of value."},
    {"insert", "self, index, value, /", method_insert, "Insert value before index."},
    {"pop", "self, /", method_pop, "Remove and return the rightmost element."},
    {"popleft", "self, /", method_popleft, "Remove and return the leftmost element."},
    {"remove", "self, value, /", method_remove, "Remove first occurrence of value."},
    {"reverse", "self, /", method_reverse, "Reverse in place."},
    {"rotate", "self, n=1, /", method_rotate, "Rotate the deque n steps to the right."},
    {"__reversed__", "self, /", method_reversed, "Return a reverse iterator over the deque."},
    {"__reduce__", "self, /", method_reduce},
    {"__class_getitem__", "cls, item, /", class_getitem, nullptr, NativeKind::ClassMethod},
    {nullptr},
};
const GetSetDef deque_getset[] = {
    {"maxlen", get_most, nullptr, "maximum size of a deque or None if unbounded"}, {nullptr, nullptr}};

void ready_iterator(Type& type, TypeSpec& spec, const char* name) {
  type.slots.dealloc = iterator_dealloc;
  type.slots.traverse = iterator_traverse;
  type.slots.clear = iterator_clear;
  type.slots.iter = iterator_self;
  type.slots.next = iterator_next;
  spec = {.name = name,
          .instance_size = sizeof(DequeIterator),
          .flags = TypeTracked | TypeFinal,
          .methods = iterator_methods};
  type.slots.construct = iterator_construct;
  make_ready(type, spec);
}

} // namespace

Own<Deque> make_deque() { return new_deque(&deque_type, -1); }
void deque_append(Deque* deque, Value item) { push_last(deque, share(item)); }
Ref deque_pop_first(Deque* deque) { return take_first(deque); }
bool deque_discard(Deque* deque, Value item) {
  for (size_t i = 0; i < deque->size; ++i)
    if (deque->at(i) == item) {
      take_at(deque, i).reset();
      return true;
    }
  return false;
}

void init_deque_types() {
  if (deque_type.flags & TypeReady) return;
  static const TypeSpec spec = {.name = "collections.deque",
                                .instance_size = sizeof(Deque),
                                .flags = TypeTracked | TypeIsSequence | TypeWeakRefs,
                                .methods = deque_methods,
                                .getset = deque_getset,
                                .doc =
                                    "A list-like sequence optimized for data accesses near its endpoints."};
  Slots& slots = deque_type.slots;
  slots.dealloc = deque_dealloc;
  slots.traverse = deque_traverse;
  slots.clear = deque_clear;
  slots.construct = deque_construct;
  slots.init = deque_init;
  slots.repr = deque_repr;
  slots.compare = deque_compare;
  slots.hash = hash_not_implemented;
  slots.truthy = deque_truthy;
  slots.length = deque_length;
  slots.get_item = deque_get_item;
  slots.set_item = deque_set_item;
  slots.contains = deque_contains;
  slots.iter = deque_iter;
  slots.concat = deque_concat;
  slots.repeat = deque_repeat;
  slots.inplace_concat = deque_inplace_concat;
  slots.inplace_repeat = deque_inplace_repeat;
  make_ready(deque_type, spec);
  static TypeSpec iterator_specs[2];
  ready_iterator(deque_iterator_type, iterator_specs[0], "collections._deque_iterator");
  ready_iterator(deque_reverse_iterator_type, iterator_specs[1], "collections._deque_reverse_iterator");
}

} // namespace aspy
