// list.sort: an adaptive stable merge sort. Runs that are already in order are found and merged in the
// order of the powersort rule, so sorted or partly sorted data costs about n comparisons.
//
// The list is emptied while it is being sorted, which is how a comparison that changes it is noticed.
// Keys are compared natively when all of them are small ints, floats or strs.
#include "vm/object/sequence/list_methods.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/sequence/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <bit>

namespace aspy {
namespace {

struct Item {
  Value key;
  Value value; // the same as the key when there is no key function
};

// --- comparisons: `less` returns 1, 0, or -1 when it raised ---

struct IntLess {
  int operator()(const Item& a, const Item& b) const { return a.key.as_int() < b.key.as_int(); }
};
struct FloatLess {
  int operator()(const Item& a, const Item& b) const { return a.key.as_double() < b.key.as_double(); }
};
struct StrLess {
  // UTF-8 sorts by code point when compared as bytes.
  int operator()(const Item& a, const Item& b) const {
    return cast<Str>(a.key)->view() < cast<Str>(b.key)->view();
  }
};
struct AnyLess {
  Thread& thread;
  int operator()(const Item& a, const Item& b) const {
    if (both_int(a.key, b.key)) return a.key.as_int() < b.key.as_int();
    return compare_bool(thread, a.key, b.key, CompareOp::Lt);
  }
};
// Tuples (the usual decorated keys): natively as far as their items are ints or strs that settle it.
struct TupleLess {
  Thread& thread;
  int operator()(const Item& a, const Item& b) const {
    auto *x = cast<Tuple>(a.key), *y = cast<Tuple>(b.key);
    size_t common = std::min(x->size, y->size);
    for (size_t i = 0; i < common; ++i) {
      Value p = (*x)[i], q = (*y)[i];
      if (p == q && !p.is_double()) continue;
      if (both_int(p, q)) return p.as_int() < q.as_int();
      int same = equals(thread, p, q);
      if (same < 0) return -1;
      if (!same) return compare_bool(thread, p, q, CompareOp::Lt);
    }
    return x->size < y->size;
  }
};

// --- the algorithm ---

// Runs shorter than this are filled up by binary insertion.
constexpr size_t min_merge = 64;

template <class Less> class Sorter {
public:
  Sorter(Item* items, size_t size, Less less) : items_(items), size_(size), less_(less) {}

  // False: a comparison raised; the items are then some permutation of what they were.
  bool sort() {
    if (size_ < 2) return true;
    size_t min_run = minimal_run(size_);
    for (size_t start = 0; start < size_;) {
      size_t length;
      if (!count_run(start, length)) return false;
      if (length < min_run) {
        size_t forced = std::min(min_run, size_ - start);
        if (!insertion_sort(start, start + length, start + forced)) return false;
        length = forced;
      }
      if (!push_run({start, length, 0})) return false;
      start += length;
    }
    while (stack_.size() > 1)
      if (!merge_top()) return false;
    return true;
  }

private:
  struct Run {
    size_t start, length;
    int power; // of the boundary between this run and the one before it on the stack
  };

  // Between 32 and 64, so that size / minimal_run is just below a power of two.
  static size_t minimal_run(size_t size) {
    size_t rest = 0;
    while (size >= min_merge) {
      rest |= size & 1;
      size >>= 1;
    }
    return size + rest;
  }

  // The length of the run that begins at `start`: as long as items do not fall; or, when the second is
  // smaller, as long as they do not rise, which is then turned round (equal items keeping their order), and
  // on from there upwards. Scripts see which items are compared, so even the order of the questions is kept.
  bool count_run(size_t start, size_t& length) {
    Item* run = items_ + start;
    size_t left = size_ - start, n = 1;
    int below;
    if (!climb(run, left, n)) return false;
    length = n;
    if (n == left) return true;
    // run[n] is smaller than the item before it.
    if (n > 1) {
      below = less_(run[0], run[n - 1]);
      if (below < 0) return false;
      if (below) return true;
      std::reverse(run, run + n); // all equal: they may begin a falling run
    }
    ++n;
    size_t equal = 0; // how many of the last items are equal to the one before them
    auto turn_equal = [&] {
      std::reverse(run + n - equal - 1, run + n);
      equal = 0;
    };
    for (; n < left; ++n) {
      below = less_(run[n], run[n - 1]);
      if (below < 0) return false;
      if (below) {
        if (equal) turn_equal();
        continue;
      }
      int above = less_(run[n - 1], run[n]);
      if (above < 0) return false;
      if (above) break;
      ++equal;
    }
    if (equal) turn_equal();
    std::reverse(run, run + n);
    if (!climb(run, left, n)) return false;
    length = n;
    return true;
  }

  // Extends a run of `n` items while the next is not smaller.
  bool climb(Item* run, size_t left, size_t& n) {
    for (; n < left; ++n) {
      int below = less_(run[n], run[n - 1]);
      if (below < 0) return false;
      if (below) break;
    }
    return true;
  }

  // [start, sorted) is in order; brings in the items up to `end`.
  bool insertion_sort(size_t start, size_t sorted, size_t end) {
    for (; sorted < end; ++sorted) {
      Item item = items_[sorted];
      size_t low = start, high = sorted;
      while (low < high) {
        size_t middle = low + (high - low) / 2;
        int before = less_(item, items_[middle]);
        if (before < 0) return false;
        if (before) high = middle;
        else low = middle + 1;
      }
      std::copy_backward(items_ + low, items_ + sorted, items_ + sorted + 1);
      items_[low] = item;
    }
    return true;
  }

  // Powersort: the depth, in a perfectly balanced merge tree over the whole array, of the node that separates
  // two neighbouring runs. Merging deeper boundaries first keeps the tree nearly balanced.
  int boundary_power(const Run& left, size_t right_length) const {
    // The runs' midpoints as fractions of the array; their first differing bit is the depth.
    uint64_t a = 2 * uint64_t(left.start) + left.length;
    uint64_t b = a + left.length + right_length;
    int power = 0;
    for (;;) {
      ++power;
      if (a >= size_) {
        a -= size_;
        b -= size_;
      } else if (b >= size_) {
        return power;
      }
      a <<= 1;
      b <<= 1;
    }
  }

  bool push_run(Run run) {
    if (!stack_.empty()) {
      run.power = boundary_power(stack_.back(), run.length);
      while (stack_.size() > 1 && stack_.back().power > run.power)
        if (!merge_top()) return false;
    }
    stack_.push_back(run);
    return true;
  }

  bool merge_top() {
    Run right = stack_.back();
    stack_.pop_back();
    Run& left = stack_.back();
    bool merged = merge(left.start, right.start, right.start + right.length);
    left.length += right.length;
    return merged;
  }

  // First place in [low, high) whose item is greater than `item` (`after`) or not less than it.
  bool search(const Item& item, size_t low, size_t high, bool after, size_t& place) {
    while (low < high) {
      size_t middle = low + (high - low) / 2;
      int before = after ? less_(item, items_[middle]) : less_(items_[middle], item);
      if (before < 0) return false;
      if (after == (before != 0)) high = middle;
      else low = middle + 1;
    }
    place = low;
    return true;
  }

  bool merge(size_t low, size_t middle, size_t high) {
    // What is in place already at both ends need not move.
    if (!search(items_[middle], low, middle, true, low)) return false;
    if (low == middle) return true;
    if (!search(items_[middle - 1], middle, high, false, high)) return false;
    return middle - low <= high - middle ? merge_low(low, middle, high) : merge_high(low, middle, high);
  }

  // The left run, the shorter, waits in the buffer. On an error it goes back, so that no item is lost.
  bool merge_low(size_t low, size_t middle, size_t high) {
    buffer_.assign(items_ + low, items_ + middle);
    size_t left = 0, right = middle, out = low;
    while (left < buffer_.size() && right < high) {
      int before = less_(items_[right], buffer_[left]);
      if (before < 0) {
        std::copy(buffer_.begin() + ptrdiff_t(left), buffer_.end(), items_ + out);
        return false;
      }
      items_[out++] = before ? items_[right++] : buffer_[left++];
    }
    std::copy(buffer_.begin() + ptrdiff_t(left), buffer_.end(), items_ + out);
    return true;
  }

  bool merge_high(size_t low, size_t middle, size_t high) {
    buffer_.assign(items_ + middle, items_ + high);
    size_t left = middle, right = buffer_.size(), out = high;
    while (right > 0 && left > low) {
      int before = less_(buffer_[right - 1], items_[left - 1]);
      if (before < 0) {
        std::copy_backward(buffer_.begin(), buffer_.begin() + ptrdiff_t(right), items_ + out);
        return false;
      }
      items_[--out] = before ? items_[--left] : buffer_[--right];
    }
    std::copy_backward(buffer_.begin(), buffer_.begin() + ptrdiff_t(right), items_ + out);
    return true;
  }

  Item* items_;
  size_t size_;
  Less less_;
  std::vector<Run> stack_;
  std::vector<Item> buffer_;
};

template <class Less> bool sort_with(std::vector<Item>& items, Less less) {
  return Sorter<Less>(items.data(), items.size(), less).sort();
}

bool sort_items(Thread& thread, std::vector<Item>& items) {
  auto all = [&](auto test) {
    return std::all_of(items.begin(), items.end(), [&](const Item& item) { return test(item.key); });
  };
  if (all([](Value key) { return key.is_int(); })) return sort_with(items, IntLess{});
  if (all([](Value key) { return key.is_double(); })) return sort_with(items, FloatLess{});
  if (all([](Value key) { return is_exact(key, str_type); })) return sort_with(items, StrLess{});
  if (all([](Value key) { return is_exact(key, tuple_type); })) return sort_with(items, TupleLess{thread});
  return sort_with(items, AnyLess{thread});
}

} // namespace

bool list_sort(Thread& thread, List* list, Value key, bool reverse) {
  // Take the array out of the list for the time being.
  Value* taken = std::exchange(list->items, nullptr);
  size_t size = std::exchange(list->size, 0);
  size_t capacity = std::exchange(list->capacity, 0);
  bool sorted = true;
  size_t keyed = 0;
  std::vector<Item> items(size);
  for (; keyed < size; ++keyed) {
    items[keyed] = {taken[keyed], taken[keyed]};
    if (key.is_none()) continue;
    Ref made = call(thread, key, {taken[keyed]});
    if (!made) {
      sorted = false;
      break;
    }
    items[keyed].key = made.release();
  }
  if (sorted) {
    // Reversing before and after keeps equal items in their order.
    if (reverse) std::reverse(items.begin(), items.end());
    sorted = sort_items(thread, items);
    if (reverse) std::reverse(items.begin(), items.end());
    for (size_t i = 0; i < size; ++i) taken[i] = items[i].value;
  }
  // Put the array back; what a comparison stored meanwhile is dropped.
  bool modified = list->items != nullptr || list->size != 0 || list->capacity != 0;
  Value* intruders = std::exchange(list->items, taken);
  size_t intruder_count = std::exchange(list->size, size);
  list->capacity = capacity;
  for (size_t i = 0; i < intruder_count; ++i) decref(intruders[i]);
  heap_free(intruders);
  if (!key.is_none())
    for (size_t i = 0; i < keyed; ++i) decref(items[i].key);
  if (modified && sorted) return raise_value_error(thread, "list modified during sort");
  return sorted;
}

} // namespace aspy
