// list.sort: which comparison fits the keys. The algorithm is in merge_sort.hpp.
//
// The list is emptied while it is being sorted, which is how a comparison that changes it is noticed.
// Keys are compared natively when all of them are small ints, floats or strs, as far as it goes when they are
// tuples or numbers of both kinds. Without a key function the list's own array is sorted in place.
#include "vm/object/sequence/list/list_methods.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/sequence/list/merge_sort.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace aspy {
namespace {

struct Keyed {
  Value key, value;
};
// A str by its first eight bytes, which decide most comparisons without a look at the object.
struct KeyedText {
  uint64_t prefix;
  Value key, value;
  explicit KeyedText(Keyed item) : prefix(0), key(item.key), value(item.value) {
    std::string_view text = cast<Str>(key)->view();
    std::memcpy(&prefix, text.data(), std::min<size_t>(text.size(), sizeof prefix));
    if constexpr (std::endian::native == std::endian::little) prefix = __builtin_bswap64(prefix);
  }
};

Value key_of(Value item) { return item; }
Value key_of(const Keyed& item) { return item.key; }
Value value_of(Value item) { return item; }
Value value_of(const Keyed& item) { return item.value; }

// --- comparisons: 1, 0, or -1 when it raised ---

struct IntLess {
  template <class Item> int operator()(const Item& a, const Item& b) const {
    return key_of(a).as_int() < key_of(b).as_int();
  }
};
struct FloatLess {
  template <class Item> int operator()(const Item& a, const Item& b) const {
    return key_of(a).as_double() < key_of(b).as_double();
  }
};
// UTF-8 sorts by code point when compared as bytes.
struct TextLess {
  int operator()(const KeyedText& a, const KeyedText& b) const {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return cast<Str>(a.key)->view() < cast<Str>(b.key)->view();
  }
};

bool is_small_number(Value value) { return value.is_int() || value.is_double(); }
// Exact for ints: a Value's 48 bits fit a double.
double as_double(Value number) { return number.is_int() ? double(number.as_int()) : number.as_double(); }

int less(Thread& thread, Value a, Value b) {
  if (both_int(a, b)) return a.as_int() < b.as_int();
  if (is_small_number(a) && is_small_number(b)) return as_double(a) < as_double(b);
  if (is_exact(a, str_type) && is_exact(b, str_type)) return cast<Str>(a)->view() < cast<Str>(b)->view();
  return compare_bool(thread, a, b, CompareOp::Lt);
}

struct AnyLess {
  Thread& thread;
  template <class Item> int operator()(const Item& a, const Item& b) const {
    return less(thread, key_of(a), key_of(b));
  }
};
// Tuples (the usual decorated keys): the first items that differ decide.
struct TupleLess {
  Thread& thread;
  template <class Item> int operator()(const Item& a, const Item& b) const {
    auto *x = cast<Tuple>(key_of(a)), *y = cast<Tuple>(key_of(b));
    size_t common = std::min(x->size, y->size);
    for (size_t i = 0; i < common; ++i) {
      Value p = (*x)[i], q = (*y)[i];
      if (p == q && !p.is_double()) continue;
      if (both_int(p, q)) return p.as_int() < q.as_int();
      int same = equals(thread, p, q);
      if (same < 0) return -1;
      if (!same) return less(thread, p, q);
    }
    return x->size < y->size;
  }
};

// --- choosing one ---

template <class Item, class Less> bool sort_with(std::span<Item> items, Less less) {
  return MergeSorter<Item, Less>(items.data(), items.size(), less).sort();
}

template <class Item> bool sort_texts(std::span<Item> items) {
  std::vector<KeyedText> texts;
  texts.reserve(items.size());
  for (const Item& item : items) texts.emplace_back(Keyed{key_of(item), value_of(item)});
  sort_with(std::span(texts), TextLess{});
  for (size_t i = 0; i < texts.size(); ++i) {
    if constexpr (std::is_same_v<Item, Value>) items[i] = texts[i].value;
    else items[i] = {texts[i].key, texts[i].value};
  }
  return true;
}

template <class Item> bool sort_items(Thread& thread, std::span<Item> items, bool reverse) {
  auto all = [&](auto test) {
    return std::all_of(items.begin(), items.end(), [&](const Item& item) { return test(key_of(item)); });
  };
  // Reversing before and after keeps equal items in their order.
  if (reverse) std::reverse(items.begin(), items.end());
  bool sorted;
  if (all([](Value key) { return key.is_int(); })) sorted = sort_with(items, IntLess{});
  else if (all([](Value key) { return key.is_double(); })) sorted = sort_with(items, FloatLess{});
  else if (all([](Value key) { return is_exact(key, str_type); })) sorted = sort_texts(items);
  else if (all([](Value key) { return is_exact(key, tuple_type); }))
    sorted = sort_with(items, TupleLess{thread});
  else sorted = sort_with(items, AnyLess{thread});
  if (reverse) std::reverse(items.begin(), items.end());
  return sorted;
}

// Sorts by key(item). The keys made so far are released in any case.
bool sort_by_key(Thread& thread, std::span<Value> items, Value key, bool reverse) {
  std::vector<Keyed> keyed;
  keyed.reserve(items.size());
  bool sorted = true;
  for (Value item : items) {
    Ref made = call(thread, key, {item});
    if (!made) {
      sorted = false;
      break;
    }
    keyed.push_back({made.release(), item});
  }
  if (sorted) {
    sorted = sort_items(thread, std::span(keyed), reverse);
    for (size_t i = 0; i < items.size(); ++i) items[i] = keyed[i].value;
  }
  for (const Keyed& item : keyed) decref(item.key);
  return sorted;
}

} // namespace

bool list_sort(Thread& thread, List* list, Value key, bool reverse) {
  // Take the array out of the list for the time being.
  Value* taken = std::exchange(list->items, nullptr);
  size_t size = std::exchange(list->size, 0);
  size_t capacity = std::exchange(list->capacity, 0);
  std::span<Value> items(taken, size);
  bool sorted = key.is_none() ? sort_items(thread, items, reverse) : sort_by_key(thread, items, key, reverse);
  // Put the array back; what a comparison stored meanwhile is dropped.
  bool modified = list->items != nullptr || list->size != 0 || list->capacity != 0;
  Value* intruders = std::exchange(list->items, taken);
  size_t intruder_count = std::exchange(list->size, size);
  size_t intruder_capacity = std::exchange(list->capacity, capacity);
  for (size_t i = 0; i < intruder_count; ++i) decref(intruders[i]);
  list_free_items(intruders, intruder_capacity);
  if (modified && sorted) return raise_value_error(thread, "list modified during sort");
  return sorted;
}

} // namespace aspy
