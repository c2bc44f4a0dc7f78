// The event loop object that asyncio programs see: ready queue, timers, clock and poller, run in asyncio's
// order.
//
// A pass: I/O events are queued, then the timers that are due, then exactly the jobs that were ready are run.
#pragma once

#include "runtime/asyncio/native/core/future.hpp"
#include "runtime/loop/clock.hpp"
#include "runtime/loop/poller.hpp"
#include "runtime/loop/ready_queue.hpp"
#include "runtime/loop/timer_heap.hpp"

#include <string>

namespace aspy {

struct OutsideObject;

struct LoopState {
  ReadyQueue ready;
  TimerHeap timers;
  Poller poller;
  size_t cancelled_timers = 0;
  OutsideObject* active = nullptr; // what libuv may call back for: a list, each owned (outside.hpp)
};

struct EventLoop : Object {
  LoopState* state = nullptr;            // owned
  Value exception_handler, task_factory; // owned; empty: default
  Thread* runner = nullptr;              // the thread that runs it now
  bool stopping = false, closed = false, debug = false;
  // What a script class overrides is heard: every callback goes through its call_soon, futures come from it.
  bool custom_call_soon = false, custom_create_future = false, custom_create_task = false;
  bool custom_time = false, custom_timers = false; // time(); that, call_later() or call_at()
};
extern Type event_loop_type; // _asyncio.BaseLoop: what the library's loop class derives from
inline EventLoop* as_loop(Value value) { return cast<EventLoop>(value); }

void call_soon(EventLoop* loop, Job job); // takes the job's values over
// loop.create_future(), which a script's loop class may override.
Ref create_future(Thread& thread, EventLoop* loop);
// loop.create_task(coroutine, **keywords), likewise; `keywords`: a dict, or empty.
Ref spawn(Thread& thread, EventLoop* loop, Value coroutine, Value keywords = Value());
// loop.time(), which a script's loop class may override. False: raised.
bool loop_time(Thread& thread, EventLoop* loop, double& now);
// A sleep: `future` gets `result` at `when` (loop time), unless it is done by then.
void finish_at(EventLoop* loop, double when, Future* future, Value result);
// RuntimeError "Event loop is closed".
bool check_open(Thread& thread, EventLoop* loop);
// How many frames coroutines remember as their origin while the loop is in debug mode.
inline constexpr uint32_t debug_stack_depth = 10;
// Drops the cancelled timers that are next, or, when they are the most, all.
void drop_cancelled_timers(LoopState* state);
// Runs until stop(); false: an exception is pending (KeyboardInterrupt, SystemExit, a deadlock).
bool run_forever(Thread& thread, EventLoop* loop);
// loop.call_exception_handler(context), as a method, so that a script's override is heard. Never raises but
// for exits.
bool report_exception(Thread& thread, EventLoop* loop, Value context_dict);

// Debug mode: most of a loop's methods are only for the thread that it runs in. RuntimeError in any other.
bool is_own_thread(Thread& thread, EventLoop* loop);
inline bool check_thread(Thread& thread, EventLoop* loop) {
  return !loop->debug || is_own_thread(thread, loop);
}
// The running loop of the thread; RuntimeError("no running event loop") otherwise. Borrowed.
EventLoop* running_loop(Thread& thread);

void init_event_loop_type();

} // namespace aspy
