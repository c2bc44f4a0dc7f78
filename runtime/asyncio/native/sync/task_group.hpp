// asyncio.TaskGroup: tasks made in its block are waited for at its end; when one fails the others are
// cancelled.
#pragma once

#include "runtime/asyncio/native/task.hpp"
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
inline bool is_task_group(Value value) { return value.is_object() && is_instance(value, task_group_type); }

// A group is the done callback of its tasks: it is told here. False: raised.
bool task_group_task_done(Thread& thread, TaskGroup* group, Value task);

void init_task_group_type(Thread& thread);

} // namespace aspy
