// list: subscripts, operators, order, text, and the methods scripts see.
#include "vm/object/sequence/list/list_methods.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aspy {
namespace {

// --- text, order ---

Ref list_repr(Thread& thread, Value self) {
  auto* list = cast<List>(self);
  if (list->size == 0) return make_str("[]");
  ReprGuard guard(list);
  if (guard.recursive()) return make_str("[...]");
  if (!check_native_stack(thread)) return {};
  StrBuilder text;
  text.append('[');
  // An item's __repr__ may change the list.
  for (size_t i = 0; i < list->size; ++i) {
    if (i) text.append(", ");
    Ref item = share((*list)[i]);
    if (!text.append_repr(thread, item)) return {};
  }
  text.append(']');
  return text.finish();
}

Ref list_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_list(a) || !is_list(b)) return share(NotImplemented);
  if (!check_native_stack(thread)) return {};
  auto *left = cast<List>(a), *right = cast<List>(b);
  bool equality = op == CompareOp::Eq || op == CompareOp::Ne;
  if (equality && left->size != right->size) return share(Value::from_bool(op == CompareOp::Ne));
  // Items are held while they are compared: __eq__ may change the lists.
  for (size_t i = 0; i < left->size && i < right->size; ++i) {
    Value x = (*left)[i], y = (*right)[i];
    if (x == y && !x.is_double()) continue;
    Ref first = share(x), second = share(y);
    int same = equals(thread, first, second);
    if (same < 0) return {};
    if (same) continue;
    if (equality) return share(Value::from_bool(op == CompareOp::Ne));
    return compare(thread, first, second, op);
  }
  size_t l = left->size, r = right->size;
  switch (op) {
  case CompareOp::Lt: return share(Value::from_bool(l < r));
  case CompareOp::Le: return share(Value::from_bool(l <= r));
  case CompareOp::Eq: return share(Value::from_bool(l == r));
  case CompareOp::Ne: return share(Value::from_bool(l != r));
  case CompareOp::Gt: return share(Value::from_bool(l > r));
  case CompareOp::Ge: return share(Value::from_bool(l >= r));
  }
  return {};
}

// --- subscripts ---

int64_t list_length(Thread&, Value self) { return int64_t(cast<List>(self)->size); }

Ref list_get_item(Thread& thread, Value self, Value key) {
  auto* list = cast<List>(self);
  if (has_index(key)) {
    int64_t index;
    if (!to_subscript(thread, key, index)) return {};
    if (index < 0) index += int64_t(list->size);
    if (uint64_t(index) >= list->size) return raise(thread, IndexError_type, "list index out of range");
    return share((*list)[size_t(index)]);
  }
  if (!is_exact(key, slice_type)) {
    raise_bad_subscript(thread, "list", key);
    return {};
  }
  int64_t start, stop, step, count;
  if (!slice_indices(thread, cast<Slice>(key), int64_t(list->size), start, stop, step, count)) return {};
  if (step == 1) return make_list(list->view().subspan(size_t(start), size_t(count)));
  Own<List> part = new_list(size_t(count));
  const Value* from = list->items + start;
  for (int64_t i = 0; i < count; ++i, from += step) incref(part->items[i] = *from);
  part->size = size_t(count);
  return part;
}

bool assign_slice(Thread& thread, List* list, Slice* slice, Value value) {
  // The new items are collected first: the value may be the list itself, or an iterator over it.
  Own<List> items;
  int64_t start, stop, step, count;
  if (slice->step.is_int() && slice->step.as_int() == 0) // which is told first
    return raise_value_error(thread, "slice step cannot be zero");
  if (!type_of(value)->slots.iter && !type_of(value)->slots.get_item)
    return raise_type_error(thread, "must assign iterable to extended slice");
  if (is_exact(value, list_type) && cast<List>(value) != list) {
    items = Own<List>::share(cast<List>(value));
  } else {
    items = list_from_iterable(thread, value);
    if (!items) return false;
  }
  if (!slice_indices(thread, slice, int64_t(list->size), start, stop, step, count)) return false;
  if (step == 1) {
    list_replace(list, size_t(start), size_t(count), items->view());
    return true;
  }
  if (int64_t(items->size) != count)
    return raise_value_error(thread,
                             fmt::format("attempt to assign sequence of size {} to extended slice of size {}",
                                         items->size, count));
  std::vector<Ref> replaced; // released after the last store
  replaced.reserve(size_t(count));
  for (int64_t i = 0; i < count; ++i) {
    Value& slot = list->items[start + i * step];
    replaced.push_back(Ref::steal(std::exchange(slot, share((*items)[size_t(i)]).release())));
  }
  return true;
}

bool delete_slice(Thread& thread, List* list, Slice* slice) {
  int64_t start, stop, step, count;
  if (!slice_indices(thread, slice, int64_t(list->size), start, stop, step, count)) return false;
  if (count == 0) return true;
  if (step < 0) { // the same items from the front
    start += (count - 1) * step;
    step = -step;
  }
  if (step == 1) {
    list_replace(list, size_t(start), size_t(count), {});
    return true;
  }
  std::vector<Ref> removed;
  removed.reserve(size_t(count));
  size_t to = size_t(start);
  for (size_t from = size_t(start), next = size_t(start); from < list->size; ++from) {
    if (from == next && removed.size() < size_t(count)) {
      removed.push_back(Ref::steal(list->items[from]));
      next += size_t(step);
    } else {
      list->items[to++] = list->items[from];
    }
  }
  list->size = to;
  return true;
}

bool list_set_item(Thread& thread, Value self, Value key, Value value) {
  auto* list = cast<List>(self);
  if (has_index(key)) {
    int64_t index;
    if (!to_subscript(thread, key, index)) return false;
    if (index < 0) index += int64_t(list->size);
    if (uint64_t(index) >= list->size)
      return raise(thread, IndexError_type, "list assignment index out of range");
    if (value) assign(list->items[index], share(value));
    else list_pop(list, size_t(index)).reset();
    return true;
  }
  if (!is_exact(key, slice_type)) return raise_bad_subscript(thread, "list", key);
  return value ? assign_slice(thread, list, cast<Slice>(key), value)
               : delete_slice(thread, list, cast<Slice>(key));
}

// Index of the first item equal to `item` in [start, stop), -1: none, -2: raised.
int64_t find(Thread& thread, List* list, Value item, int64_t start, int64_t stop) {
  for (int64_t i = start; i < stop && i < int64_t(list->size); ++i) {
    Value candidate = (*list)[size_t(i)];
    if (candidate == item) return i;
    Ref held = share(candidate);
    int same = equals(thread, held, item);
    if (same < 0) return -2;
    if (same) return i;
  }
  return -1;
}

int list_contains(Thread& thread, Value self, Value item) {
  int64_t index = find(thread, cast<List>(self), item, 0, INT64_MAX);
  return index == -2 ? -1 : index >= 0;
}

// --- operators ---

Ref list_concat(Thread& thread, Value a, Value b) {
  if (!is_list(b))
    return raise_type_error(thread,
                            fmt::format("can only concatenate list (not \"{}\") to list", type_name(b)));
  auto *left = cast<List>(a), *right = cast<List>(b);
  Own<List> sum = new_list(left->size + right->size);
  std::copy_n(right->items, right->size, std::copy_n(left->items, left->size, sum->items));
  sum->size = left->size + right->size;
  for (Value item : sum->view()) incref(item);
  return sum;
}

// Checks a repetition: the total size, or false with MemoryError.
bool repeated_size(Thread& thread, size_t size, int64_t times, size_t& total) {
  if (__builtin_mul_overflow(size, size_t(times), &total) || total > PTRDIFF_MAX / sizeof(Value))
    return raise_with_args(thread, MemoryError_type, {});
  return may_allocate(thread, total * sizeof(Value));
}

Ref list_repeat(Thread& thread, Value self, Value count) {
  int64_t times;
  if (!to_size(thread, count, times)) return {};
  auto* list = cast<List>(self);
  if (times <= 0 || list->size == 0) return new_list();
  size_t total;
  if (!repeated_size(thread, list->size, times, total)) return {};
  Own<List> product = new_list(total);
  product->size = total;
  if (list->size == 1) {
    Value item = list->items[0];
    std::fill_n(product->items, total, item);
    if (item.is_object()) item.as_object()->refcount += uint32_t(total);
    return product;
  }
  for (Value* out = product->items; out != product->items + total;)
    out = std::copy_n(list->items, list->size, out);
  for (Value item : product->view()) incref(item);
  return product;
}

Ref list_inplace_concat(Thread& thread, Value self, Value other) {
  if (!list_extend(thread, cast<List>(self), other)) return {};
  return share(self);
}

Ref list_inplace_repeat(Thread& thread, Value self, Value count) {
  int64_t times;
  if (!to_size(thread, count, times)) return {};
  auto* list = cast<List>(self);
  if (times <= 0) list_clear(list);
  size_t size = list->size, total;
  if (size == 0 || times == 1) return share(self);
  if (!repeated_size(thread, size, times, total)) return {};
  list_reserve(list, total);
  while (list->size < total) list_append(list, (*list)[list->size - size]);
  return share(self);
}

// --- methods ---

Ref list_append_method(Thread&, const Value* args) {
  list_append(cast<List>(args[0]), args[1]);
  return share(None);
}

Ref list_extend_method(Thread& thread, const Value* args) {
  if (!list_extend(thread, cast<List>(args[0]), args[1])) return {};
  return share(None);
}

Ref list_insert_method(Thread& thread, const Value* args) {
  int64_t index;
  if (!to_c_size(thread, args[1], index)) return {};
  auto* list = cast<List>(args[0]);
  auto size = int64_t(list->size);
  if (index < 0) index = std::max<int64_t>(index + size, 0);
  list_insert(list, size_t(std::min(index, size)), args[2]);
  return share(None);
}

Ref list_pop_method(Thread& thread, const Value* args) {
  int64_t index = -1;
  if (args[1] && !to_c_size(thread, args[1], index)) return {};
  auto* list = cast<List>(args[0]);
  if (list->size == 0) return raise(thread, IndexError_type, "pop from empty list");
  if (index < 0) index += int64_t(list->size);
  if (uint64_t(index) >= list->size) return raise(thread, IndexError_type, "pop index out of range");
  return list_pop(list, size_t(index));
}

Ref list_remove(Thread& thread, const Value* args) {
  auto* list = cast<List>(args[0]);
  int64_t index = find(thread, list, args[1], 0, INT64_MAX);
  if (index == -2) return {};
  if (index < 0) return raise_value_error(thread, "list.remove(x): x not in list");
  // __eq__ may have shortened the list.
  if (size_t(index) < list->size) list_pop(list, size_t(index)).reset();
  return share(None);
}

Ref list_index(Thread& thread, const Value* args) {
  auto* list = cast<List>(args[0]);
  auto size = int64_t(list->size);
  int64_t start = 0, stop = INT64_MAX;
  if (args[2] && !to_bound(thread, args[2], size, start)) return {};
  if (args[3] && !to_bound(thread, args[3], size, stop)) return {};
  int64_t index = find(thread, list, args[1], start, stop);
  if (index == -2) return {};
  if (index < 0) return raise_value_error(thread, "list.index(x): x not in list");
  return make_int(index);
}

Ref list_count(Thread& thread, const Value* args) {
  auto* list = cast<List>(args[0]);
  int64_t found = 0;
  for (size_t i = 0; i < list->size; ++i) {
    Ref item = share((*list)[i]);
    int same = equals(thread, item, args[1]);
    if (same < 0) return {};
    found += same;
  }
  return make_int(found);
}

Ref list_clear_method(Thread&, const Value* args) {
  list_clear(cast<List>(args[0]));
  return share(None);
}

Ref list_copy(Thread&, const Value* args) { return make_list(cast<List>(args[0])->view()); }

Ref list_reverse(Thread&, const Value* args) {
  auto* list = cast<List>(args[0]);
  std::reverse(list->items, list->items + list->size);
  return share(None);
}

Ref list_sort_method(Thread& thread, const Value* args) {
  int reverse = args[2] ? truthy(thread, args[2]) : 0;
  if (reverse < 0 || !list_sort(thread, cast<List>(args[0]), args[1] ? args[1] : None, reverse != 0))
    return {};
  return share(None);
}

Ref list_sizeof(Thread&, const Value* args) {
  return make_int(int64_t(40 + 8 * cast<List>(args[0])->capacity));
}

constexpr NativeDef list_methods[] = {
    {"append", "self, object, /", list_append_method, "Append object to the end of the list."},
    {"extend", "self, iterable, /", list_extend_method,
     "Extend list by appending elements from the iterable."},
    {"insert", "self, index, object, /", list_insert_method, "Insert object before index."},
    {"pop", "self, index=-1, /", list_pop_method,
     "Remove and return item at index (default last).\n\n"
     "Raises IndexError if list is empty or index is out of range."},
    {"remove", "self, value, /", list_remove,
     "Remove first occurrence of value.\n\nRaises ValueError if the value is not present."},
    {"index", "self, value, start=0, stop=9223372036854775807, /", list_index,
     "Return first index of value.\n\nRaises ValueError if the value is not present."},
    {"count", "self, value, /", list_count, "Return number of occurrences of value."},
    {"clear", "self, /", list_clear_method, "Remove all items from list."},
    {"copy", "self, /", list_copy, "Return a shallow copy of the list."},
    {"reverse", "self, /", list_reverse, "Reverse *IN PLACE*."},
    {"sort", "self, /, *, key=None, reverse=False", list_sort_method,
     "Sort the list in ascending order and return None.\n\n"
     "The sort is in-place (i.e. the list itself is modified) and stable (i.e. the\n"
     "order of two equal elements is maintained).\n\n"
     "If a key function is given, apply it once to each list item and sort them,\n"
     "ascending or descending, according to their function values.\n\n"
     "The reverse flag can be set to sort in descending order."},
    {"__reversed__", "self, /", list_reversed, "Return a reverse iterator over the list."},
    {"__sizeof__", "self, /", list_sizeof, "Return the size of the list in memory, in bytes."},
    {"__class_getitem__", "cls, item, /", class_getitem, "Make a generic alias.", NativeKind::ClassMethod},
    {nullptr}};

} // namespace

const TypeSpec list_spec = {
    .name = "list",
    .instance_size = sizeof(List),
    .flags = TypeTracked | TypeIsList | TypeIsSequence,
    .methods = list_methods,
    .doc =
        "Built-in mutable sequence.\n\nIf no argument is given, the constructor creates a new empty list.\n"
        "The argument must be an iterable if specified."};

void fill_list_slots(Slots& slots) {
  slots.repr = list_repr;
  slots.compare = list_compare;
  slots.length = list_length;
  slots.get_item = list_get_item;
  slots.set_item = list_set_item;
  slots.contains = list_contains;
  slots.concat = list_concat;
  slots.repeat = list_repeat;
  slots.inplace_concat = list_inplace_concat;
  slots.inplace_repeat = list_inplace_repeat;
}

} // namespace aspy
