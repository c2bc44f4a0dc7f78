// asyncio.TaskGroup: tasks made in its block are waited for at its end; when one fails the others are
// cancelled. It is the done callback of its tasks (SelfCallback in core/handle.hpp).
#pragma once

#include "runtime/asyncio/native/core/task.hpp"
#include "vm/object/attribute/shape.hpp"

namespace aspy {

struct Dict;
struct List;

struct TaskGroup : Object {
  Attrs attrs;               // __dict__
  EventLoop* loop = nullptr; // owned, once entered
  Value parent;              // the task whose block it is; owned
  Dict* tasks = nullptr;     // those that are not done, in the order of their making (values: None); owned
  List* errors = nullptr;    // what failed; owned
  Value base_error;          // a KeyboardInterrupt or SystemExit among them; owned
  Value all_done;            // the future that the end of the block waits for; owned
  bool entered = false;
  bool exiting = false;          // the block has ended
  bool aborting = false;         // the tasks have been cancelled
  bool parent_cancelled = false; // by us, to end its block
};
extern Type task_group_type;

void init_task_group_type(Thread& thread);

} // namespace aspy
