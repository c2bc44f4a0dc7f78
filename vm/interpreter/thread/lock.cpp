#include "vm/interpreter/thread/lock.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace aspy {

namespace {

std::mutex mutex;
std::condition_variable released;
std::atomic<Thread*> holder{nullptr};
std::atomic<int> waiting{0};
uint64_t hand_overs = 0; // under `mutex`: how often the lock was taken

} // namespace

void acquire_lock(Thread& thread) {
  std::unique_lock guard(mutex);
  ++waiting;
  while (Thread* other = holder.load(std::memory_order_relaxed)) {
    if (released.wait_for(guard, std::chrono::milliseconds(5)) == std::cv_status::timeout && holder == other)
      other->breaker.fetch_or(BreakLock);
  }
  --waiting;
  holder = &thread;
  ++hand_overs;
  released.notify_all(); // someone may wait for the hand-over itself
}

void release_lock(Thread&) {
  std::unique_lock guard(mutex);
  holder = nullptr;
  if (!waiting) return;
  // Let a waiter have it: without this the releasing thread would mostly win the lock back.
  uint64_t before = hand_overs;
  released.notify_all();
  released.wait_for(guard, std::chrono::milliseconds(5), [&] { return hand_overs != before || !waiting; });
}

} // namespace aspy
