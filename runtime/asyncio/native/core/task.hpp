// Task: drives a coroutine (asyncio.Task). A step resumes the innermost suspended frame directly, however
// deep the awaits.
#pragma once

#include "runtime/asyncio/native/core/future.hpp"

namespace aspy {

struct Task : Future {
  uint32_t cancel_requests = 0; // cancelling()
  Value coroutine;              // owned; empty when done
  Value context;                // contextvars.Context or empty; owned
  Value waiter;                 // what it waits for (_fut_waiter): a Future or something like one; owned
  uint32_t number = 0;          // its name is "Task-<number>"; 0: extras->name
  uint32_t serial = 0;          // order of making
};
extern Type task_type;
inline bool is_task(Value value) { return value.is_object() && is_instance(value, task_type); }

// A Task for `coroutine`, its first step in the ready queue (or, eager, taken at once). `name` empty:
// "Task-n"; `context` empty: a copy of the current one. Raises.
Ref make_task(Thread& thread, EventLoop* loop, Value coroutine, Value name, Value context, bool eager);
// Runs one step of `task`, which the caller keeps alive; a pending exception is raised at its await. False:
// KeyboardInterrupt or SystemExit is pending and must leave the loop.
bool step_task(Thread& thread, Task* task);
// The future it waits for is done: the next step raises its exception or goes on.
bool wake_task(Thread& thread, Task* task, Value future);
// Puts the wake-up of a task for `future`, which it waits for, into the ready queue.
void wake_soon(Own<Task> task, Future* future);
// cancel(msg=message) of whatever a task waits for: a task, a future, or an object like one. 1: it is
// cancelled, 0: it cannot be any more, -1: raised.
int cancel_awaited(Thread& thread, Value awaited, Value message);
bool cancel_task(Thread& thread, Task* task, Value message, bool& cancelled); // false: raised
uint32_t uncancel_task(Task* task);                                           // how many requests remain
Ref task_name(Thread& thread, Task* task);

// The loop's tasks that are not done and still exist, oldest first.
std::vector<Own<Task>> tasks_of(EventLoop* loop);

// A coroutine, or an object that can be driven like one.
bool is_coroutine_like(Value value);

void init_task_type();

} // namespace aspy
