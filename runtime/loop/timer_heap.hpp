// Timers, soonest first; equal deadlines in the order in which they were set. O(log n) to set and to take; a
// cancelled timer stays until it comes up, unless they become the majority.
#pragma once

#include "vm/object/object.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace aspy {

struct Timer {
  double when;       // seconds on the loop's clock
  uint64_t sequence; // order of setting
  Value target;      // a TimerHandle, or a Future to finish (a sleep); owned
  Value argument;    // the sleep's result; owned
};

class TimerHeap {
public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;
  ~TimerHeap() { clear(); }

  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  const Timer& top() const { return heap_.front(); }

  void push(double when, Value target, Value argument) { // takes over the values
    heap_.push_back({when, next_sequence_++, target, argument});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  Timer pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Timer timer = heap_.back();
    heap_.pop_back();
    return timer;
  }
  // Drops every timer for which `dead` holds.
  template <class Predicate> void remove_if(Predicate dead) {
    std::vector<Value> dropped; // released at the end: a finaliser may set timers
    auto end = std::partition(heap_.begin(), heap_.end(), [&](const Timer& timer) { return !dead(timer); });
    for (auto timer = end; timer != heap_.end(); ++timer) {
      dropped.push_back(timer->target);
      dropped.push_back(timer->argument);
    }
    heap_.erase(end, heap_.end());
    std::make_heap(heap_.begin(), heap_.end(), later);
    for (Value value : dropped) decref(value);
  }
  void clear() {
    remove_if([](const Timer&) { return true; });
  }
  template <class Visit> void for_each(Visit visit) const {
    for (const Timer& timer : heap_) visit(timer);
  }

private:
  static bool later(const Timer& a, const Timer& b) {
    return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
  }
  std::vector<Timer> heap_;
  uint64_t next_sequence_ = 0;
};

} // namespace aspy
