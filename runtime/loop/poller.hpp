// The loop's door to the outside: one uv_loop_t, entered only when there is something to wait for.
#pragma once

#include "runtime/loop/ready_queue.hpp"
#include "vm/object/thread.hpp"

#include <atomic>

struct uv_loop_s;

namespace aspy {

class Poller {
public:
  Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller();

  // The libuv loop, made on first need; owned by this object.
  uv_loop_s* uv();
  bool exists() const { return state_ != nullptr; }

  // Waits until I/O happens, wake() is called, or `seconds` have passed (negative: for ever; 0: only looks).
  // Runs the libuv callbacks, with the interpreter lock held; releases it while blocked. Does not block when
  // a callback has put a job on `ready`.
  void poll(Thread& thread, double seconds, const ReadyQueue& ready);
  // Lets libuv free the handles that are closed.
  void run_closing();
  // Ends a poll() from any thread, or from a signal handler.
  void wake();

  // Something outside can still wake the loop: I/O handles, processes, threads that were counted in. While
  // this is zero the loop never polls with jobs ready, and virtual time may jump.
  int outside_work() const { return outside_; }
  void add_outside_work() { ++outside_; }
  void remove_outside_work() { --outside_; }

private:
  struct State;
  State* state_ = nullptr; // owned; libuv's handles lie in it, so it never moves
  std::atomic<int> outside_{0};
};

} // namespace aspy
