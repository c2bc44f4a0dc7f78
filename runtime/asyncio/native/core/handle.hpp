// Handle and TimerHandle: a callback that was given to the loop.
#pragma once

#include "runtime/asyncio/native/core/event_loop.hpp"

#include <string>

namespace aspy {

struct Handle : Object {
  EventLoop* loop = nullptr; // owned
  Value callback, args;      // owned; empty when cancelled
  Value context;             // owned, or empty
  double when = 0;           // TimerHandle
  bool cancelled = false;
  bool scheduled = false; // TimerHandle: in the heap
  bool traced = false;    // debug mode: its source is recorded
};
extern Type handle_type, timer_handle_type, thread_safe_handle_type;
Own<Handle> make_handle(Type& type, EventLoop* loop, Value callback, Value args, Ref context);
// Runs the callback in its context; exceptions go to the loop's handler. False: an exit exception is pending.
bool run_handle(Thread& thread, Handle* handle);
void cancel_handle(Handle* handle);
// loop.call_at(when, callback) for natives; call_soon when that time has come already.
Own<Handle> schedule(Thread& thread, EventLoop* loop, double when, Value callback);
// Runs a future's done callback (a job of kind RunCallback) the same way.
bool run_callback(Thread& thread, EventLoop* loop, Job& job);
// "f() at file:line", as handles and callbacks are shown; in debug mode with the arguments.
bool format_callback(Thread& thread, Value callback, Value args, bool debug, std::string& text);
void init_handle_types();

// An object that stands for one of its own methods where a callback is kept, so that no method has to be
// bound: a Timeout in its timer, a TaskGroup among the callbacks of its tasks.
struct SelfCallback {
  Type* type;         // its type, and what derives from it
  const char* method; // what scripts see in its place
  const char* text;   // the same in reprs
  // What the method does; `argument` is the future that is done, empty in a timer. False: raised.
  bool (*run)(Thread& thread, Value self, Value argument);
};
// The only one of each place. They set them when their types are made, before there is a loop.
extern SelfCallback self_in_timer, self_in_future;
inline bool stands_for_itself(const SelfCallback& place, Value callback) {
  return callback.is_object() && is_instance(callback, *place.type);
}

} // namespace aspy
