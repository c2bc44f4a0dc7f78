// An adaptive stable merge sort. Runs that are already in order are found and merged in the order of the
// powersort rule; a merge in which one side keeps winning gallops. Sorted or partly sorted data costs about n
// comparisons.
//
// `Less` is called with two items and returns 1, 0, or -1 when it raised; then the items are left as some
// permutation of what they were. Scripts see which items are compared, so even the order of the questions is
// part of the behaviour.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace aspy {

template <class Item, class Less> class MergeSorter {
public:
  MergeSorter(Item* items, size_t size, Less less) : items_(items), size_(size), less_(less) {}

  // False: a comparison raised.
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
      if (length == size_) return true;
      if (!push_run({start, length, 0})) return false;
      start += length;
    }
    while (stack_.size() > 1)
      if (!merge_top()) return false;
    return true;
  }

private:
  // Runs shorter than this are filled up by binary insertion.
  static constexpr size_t min_merge = 64;
  // How often in a row one side must win before a merge gallops, at first; and what a gallop must yield.
  static constexpr size_t gallop_worth = 7;

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
    bool merged = merge(items_ + left.start, left.length, items_ + right.start, right.length);
    left.length += right.length;
    return merged;
  }

  // Where `item` belongs in run[0 .. size): behind its equals (`behind`) or in front of them. Looks near
  // `hint` first, then in steps that double, then by halves.
  bool gallop(const Item& item, const Item* run, size_t size, size_t hint, bool behind, size_t& place) {
    // 1: it belongs at `at` or before; 0: after it; -1: raised.
    auto goes_before = [&](size_t at) {
      if (behind) return less_(item, run[at]);
      int below = less_(run[at], item);
      return below < 0 ? below : int(!below);
    };
    int before = goes_before(hint);
    if (before < 0) return false;
    size_t low, high, last = 0, step = 1;
    if (before) {
      while (step <= hint) {
        if ((before = goes_before(hint - step)) < 0) return false;
        if (!before) break;
        last = step;
        step = step * 2 + 1;
      }
      low = hint + 1 - std::min(step, hint + 1);
      high = hint - last;
    } else {
      while (step < size - hint) {
        if ((before = goes_before(hint + step)) < 0) return false;
        if (before) break;
        last = step;
        step = step * 2 + 1;
      }
      low = hint + last + 1;
      high = hint + std::min(step, size - hint);
    }
    while (low < high) {
      size_t middle = low + (high - low) / 2;
      if ((before = goes_before(middle)) < 0) return false;
      if (before) high = middle;
      else low = middle + 1;
    }
    place = low;
    return true;
  }

  // Merges the neighbours a and b.
  bool merge(Item* a, size_t a_size, Item* b, size_t b_size) {
    // What is in place already at both ends need not move.
    size_t skipped;
    if (!gallop(*b, a, a_size, 0, true, skipped)) return false;
    a += skipped;
    a_size -= skipped;
    if (a_size == 0) return true;
    if (!gallop(a[a_size - 1], b, b_size, b_size - 1, false, b_size)) return false;
    if (b_size == 0) return true;
    return a_size <= b_size ? merge_low(a, a_size, b, b_size) : merge_high(a, a_size, b, b_size);
  }

  // From the front; the left run, the shorter, waits in the buffer. The gap in front of what is left of b is
  // always just what is left of a, which goes there at the end, or on an error.
  bool merge_low(Item* out, size_t a_size, Item* b, size_t b_size) {
    buffer_.assign(out, out + a_size);
    const Item* a = buffer_.data();
    auto finish = [&](bool fine) {
      std::copy_n(a, a_size, out);
      return fine;
    };
    // The last item of a is the greatest of all.
    auto last_of_a = [&] {
      out = std::copy_n(b, b_size, out);
      *out = *a;
      return true;
    };
    *out++ = *b++;
    if (--b_size == 0) return finish(true);
    if (a_size == 1) return last_of_a();
    for (;;) {
      size_t a_wins = 0, b_wins = 0;
      do {
        int below = less_(*b, *a);
        if (below < 0) return finish(false);
        if (below) {
          *out++ = *b++;
          ++b_wins;
          a_wins = 0;
          if (--b_size == 0) return finish(true);
        } else {
          *out++ = *a++;
          ++a_wins;
          b_wins = 0;
          if (--a_size == 1) return last_of_a();
        }
      } while (std::max(a_wins, b_wins) < patience_);
      ++patience_;
      do {
        patience_ -= patience_ > 1;
        if (!gallop(*b, a, a_size, 0, true, a_wins)) return finish(false);
        out = std::copy_n(a, a_wins, out);
        a += a_wins;
        a_size -= a_wins;
        if (a_size == 1) return last_of_a();
        if (a_size == 0) return true; // only when the comparisons contradict each other
        *out++ = *b++;
        if (--b_size == 0) return finish(true);
        if (!gallop(*a, b, b_size, 0, false, b_wins)) return finish(false);
        out = std::copy(b, b + b_wins, out);
        b += b_wins;
        b_size -= b_wins;
        if (b_size == 0) return finish(true);
        *out++ = *a++;
        if (--a_size == 1) return last_of_a();
      } while (a_wins >= gallop_worth || b_wins >= gallop_worth);
      ++patience_;
    }
  }

  // From the back; the right run waits in the buffer. `out` is behind the place of the next item.
  bool merge_high(Item* a, size_t a_size, Item* b, size_t b_size) {
    buffer_.assign(b, b + b_size);
    const Item* rest = buffer_.data();
    Item* out = b + b_size;
    auto finish = [&](bool fine) {
      std::copy_n(rest, b_size, out - b_size);
      return fine;
    };
    // The first item of b is the smallest of all.
    auto first_of_b = [&] {
      std::copy_backward(a, a + a_size, out);
      *a = *rest;
      return true;
    };
    *--out = a[--a_size];
    if (a_size == 0) return finish(true);
    if (b_size == 1) return first_of_b();
    for (;;) {
      size_t a_wins = 0, b_wins = 0;
      do {
        int below = less_(rest[b_size - 1], a[a_size - 1]);
        if (below < 0) return finish(false);
        if (below) {
          *--out = a[--a_size];
          ++a_wins;
          b_wins = 0;
          if (a_size == 0) return finish(true);
        } else {
          *--out = rest[--b_size];
          ++b_wins;
          a_wins = 0;
          if (b_size == 1) return first_of_b();
        }
      } while (std::max(a_wins, b_wins) < patience_);
      ++patience_;
      do {
        patience_ -= patience_ > 1;
        size_t place;
        if (!gallop(rest[b_size - 1], a, a_size, a_size - 1, true, place)) return finish(false);
        a_wins = a_size - place;
        out = std::copy_backward(a + place, a + a_size, out);
        a_size = place;
        if (a_size == 0) return finish(true);
        *--out = rest[--b_size];
        if (b_size == 1) return first_of_b();
        if (!gallop(a[a_size - 1], rest, b_size, b_size - 1, false, place)) return finish(false);
        b_wins = b_size - place;
        out = std::copy_backward(rest + place, rest + b_size, out);
        b_size = place;
        if (b_size == 1) return first_of_b();
        if (b_size == 0) return true; // only when the comparisons contradict each other
        *--out = a[--a_size];
        if (a_size == 0) return finish(true);
      } while (a_wins >= gallop_worth || b_wins >= gallop_worth);
      ++patience_;
    }
  }

  Item* items_;
  size_t size_;
  Less less_;
  size_t patience_ = gallop_worth; // less when galloping has paid, more when it has not
  std::vector<Run> stack_;
  std::vector<Item> buffer_;
};

} // namespace aspy
