// Task: drives a coroutine (asyncio.Task). A step resumes the innermost suspended frame directly, however
// deep the awaits.
#pragma once

#include "runtime/asyncio/native/future.hpp"

namespace aspy {

struct Task : Future {
  Value coroutine;              // owned; empty when done
  Value context;                // contextvars.Context or empty; owned
  Future* waiter = nullptr;     // the future it waits for (_fut_waiter), owned
  Value foreign_waiter;         // a future-like object of another class it waits for; owned
  Value name;                   // str, or an int n standing for "Task-n"; owned
  uint64_t serial = 0;          // order of making
  uint32_t cancel_requests = 0; // cancelling()
  bool must_cancel = false;     // raise CancelledError at the next step
  bool log_destroy_pending = true;
  bool is_stepping = false;
  bool is_cancelling = false; // inside cancel(), which goes on to the task it waits for: rings end there
};
extern Type task_type;
inline bool is_task(Value value) { return value.is_object() && is_instance(value, task_type); }

// A Task for `coroutine`, its first step in the ready queue (or, eager, taken at once). `name` empty:
// "Task-n"; `context` empty: a copy of the current one. Raises.
Ref make_task(Thread& thread, EventLoop* loop, Value coroutine, Value name, Value context, bool eager);
// Runs one step; `error` (owned by the pending exception slot) is raised inside when set. False:
// KeyboardInterrupt or SystemExit is pending and must leave the loop.
bool step_task(Thread& thread, Task* task);
// The future it waits for is done: the next step raises its exception or goes on.
bool wake_task(Thread& thread, Task* task, Value future);
bool cancel_task(Thread& thread, Task* task, Value message, bool& cancelled); // false: raised
Ref task_name(Thread& thread, Task* task);

// Every task that is not done and still exists.
void for_each_task(void (*visit)(void* context, Task* task), void* context);

void init_task_type();

} // namespace aspy
