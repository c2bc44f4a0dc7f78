#include "runtime/asyncio/native/task_group.hpp"

#include "runtime/asyncio/native/core/handle.hpp"
#include "runtime/asyncio/native/diagnosis/short_repr.hpp"
#include "runtime/asyncio/native/sync/sync.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cstddef>
#include <fmt/format.h>

namespace aspy {

Type task_group_type;

namespace {

TaskGroup* as_group(Value value) { return cast<TaskGroup>(value); }

bool is_exit(Value error) {
  return is_instance(error, SystemExit_type) || is_instance(error, KeyboardInterrupt_type);
}
bool has_tasks(const TaskGroup* group) { return group->tasks && group->tasks->used > 0; }
bool has_errors(const TaskGroup* group) { return group->errors && group->errors->size > 0; }

// Tasks may be of any class that a task factory makes: what that class overrides is heard.
bool cancel_any(Thread& thread, Value task) {
  bool cancelled;
  if (is_exact(task, task_type)) return cancel_task(thread, cast<Task>(task), None, cancelled);
  Ref answer = call_method(thread, task, names::cancel);
  return static_cast<bool>(answer);
}
int is_done_any(Thread& thread, Value task) {
  if (is_future(task)) return is_done(as_future(task));
  Ref answer = call_method(thread, task, "done");
  return answer ? truthy(thread, answer) : -1;
}

// Cancels every task that is not done.
bool abort(Thread& thread, TaskGroup* group) {
  group->aborting = true;
  if (!group->tasks) return true;
  std::vector<Ref> tasks; // cancelling may change the dict
  Value task, none;
  for (uint32_t at = 0; dict_next(group->tasks, at, task, none);) tasks.push_back(share(task));
  for (const Ref& each : tasks) {
    int done = is_done_any(thread, each);
    if (done < 0 || (!done && !cancel_any(thread, each))) return false;
  }
  return true;
}

void add_error(TaskGroup* group, Value error) {
  if (!group->errors) group->errors = new_list().release();
  list_append(group->errors, error);
  if (is_exit(error) && !group->base_error) group->base_error = share(error).release();
}

// A task failed after the block's own task was over: nobody is left to tell.
bool report_orphan(Thread& thread, TaskGroup* group, Value task, Value error) {
  Own<Dict> context = new_dict();
  Own<Str> message =
      make_str(fmt::format("Task {} has errored out but its parent task {} is already completed",
                           shown(thread, task), shown(thread, group->parent)));
  dict_set(context.get(), intern("message"), message.value());
  dict_set(context.get(), intern("exception"), error);
  dict_set(context.get(), intern("task"), task);
  return report_exception(thread, group->loop, context.value());
}

// What a task failed with, empty when it did not (or was cancelled). False: raised.
bool error_of(Thread& thread, Value task, Ref& error) {
  if (is_exact(task, task_type)) [[likely]] {
    Future* future = as_future(task);
    future->log_traceback = false;
    if (future->state == FutureState::Finished && future->failed) error = share(future->result);
    return true;
  }
  Ref cancelled = call_method(thread, task, "cancelled");
  int is_cancelled = cancelled ? truthy(thread, cancelled) : -1;
  if (is_cancelled) return is_cancelled > 0;
  error = call_method(thread, task, "exception");
  if (error && error.get().is_none()) error.reset();
  return !thread.has_error();
}

bool task_done(Thread& thread, Value self, Value task) {
  TaskGroup* group = as_group(self);
  if (group->tasks && dict_remove(thread, group->tasks, task) < 0) return false;
  if (group->all_done && !has_tasks(group)) wake(thread, group->all_done, True);
  Ref error;
  if (!error_of(thread, task, error)) return false;
  if (!error) return true;
  add_error(group, error);
  int parent_done = group->parent ? is_done_any(thread, group->parent) : 1;
  if (parent_done < 0) return false;
  if (parent_done) return report_orphan(thread, group, task, error);
  if (group->aborting || group->parent_cancelled) return true;
  // The parent may be anywhere in its block: cancelling it is the only way to end the block now.
  if (!abort(thread, group)) return false;
  group->parent_cancelled = true;
  return cancel_any(thread, group->parent);
}

// --- making tasks --------------------------------------------------------------------------------

// Why no task can be made now; null when one can.
const char* closed_because(const TaskGroup* group) {
  if (!group->entered) return "has not been entered";
  if (group->exiting && !has_tasks(group)) return "is finished";
  return group->aborting ? "is shutting down" : nullptr;
}

Ref method_create_task(Thread& thread, const Value* args) {
  TaskGroup* group = as_group(args[0]);
  if (const char* reason = closed_because(group)) {
    Ref closed = call_method(thread, args[1], names::close);
    if (!closed) return closed;
    return raise(thread, RuntimeError_type, fmt::format("TaskGroup {} {}", shown(thread, args[0]), reason));
  }
  Ref task = spawn(thread, group->loop, args[1], args[2]);
  if (!task) return task;
  if (!group->tasks) group->tasks = new_dict().release();
  if (!dict_set(thread, group->tasks, task, None)) return Ref();
  // Also of a task that is done already: were it heard at once, a failure would cancel the parent too early.
  if (is_exact(task, task_type) && !override_of(args[0], task_group_type, "_on_task_done")) {
    add_callback(as_future(task), args[0], Ref());
    return task;
  }
  Ref callback = get_attr(thread, args[0], "_on_task_done");
  Ref added = callback ? call_method(thread, task, "add_done_callback", {callback}) : Ref();
  return added ? task : Ref();
}

Ref method_on_task_done(Thread& thread, const Value* args) {
  return task_done(thread, args[0], args[1]) ? share(None) : Ref();
}
Ref method_abort(Thread& thread, const Value* args) {
  return abort(thread, as_group(args[0])) ? share(None) : Ref();
}
Ref method_is_base_error(Thread&, const Value* args) { return share(Value::from_bool(is_exit(args[1]))); }

constexpr NativeDef methods[] = {
    {"create_task", "def self, coro, **kwargs", method_create_task, "Start a task in this group."},
    {"_on_task_done", "self, task, /", method_on_task_done},
    {"_abort", "self, /", method_abort},
    {"_is_base_error", "self, exc, /", method_is_base_error},
    {nullptr}};

// --- the block -----------------------------------------------------------------------------------

NativeOutcome enter(Thread& thread, const Value* locals, Ref& out) {
  if (!check_self(thread, locals[0], task_group_type)) return NativeOutcome::Raise;
  TaskGroup* group = as_group(locals[0]);
  auto refuse = [&](const char* reason) {
    raise(thread, RuntimeError_type, fmt::format("TaskGroup {} {}", shown(thread, locals[0]), reason));
    return NativeOutcome::Raise;
  };
  if (group->entered) return refuse("has already been entered");
  group->entered = true;
  EventLoop* loop = running_loop(thread);
  if (!loop) return NativeOutcome::Raise;
  if (!group->loop) group->loop = Own<EventLoop>::share(loop).release();
  if (!thread.current_task) return refuse("cannot determine the parent task");
  assign(group->parent, share(thread.current_task));
  out = share(locals[0]);
  return NativeOutcome::Return;
}

enum {
  Self,
  Kind,
  Error,
  Trace,
  Waited,
  Propagated
}; // Propagated: the CancelledError that is to leave the block

// All tasks are done: what leaves the block?
NativeOutcome finish(Thread& thread, TaskGroup* group, Value* locals, Ref& out) {
  if (group->base_error) {
    set_error(thread, share(group->base_error));
    return NativeOutcome::Raise;
  }
  Task* parent = cast<Task>(group->parent);
  // Where the cancellation was ours it ends here, unless somebody else asked as well.
  if (group->parent_cancelled && uncancel_task(parent) == 0) clear_field(locals[Propagated]);
  if (locals[Propagated] && !has_errors(group)) {
    set_error(thread, share(locals[Propagated]));
    return NativeOutcome::Raise;
  }
  if (!locals[Error].is_none() && !is_instance(locals[Error], CancelledError_type))
    add_error(group, locals[Error]);
  if (!has_errors(group)) {
    out = share(None);
    return NativeOutcome::Return;
  }
  // The group's error hides that the parent is being cancelled from outside: that must not be lost.
  if (parent->cancel_requests) {
    uncancel_task(parent);
    if (!cancel_any(thread, group->parent)) return NativeOutcome::Raise;
  }
  Own<Str> message = make_str("unhandled errors in a TaskGroup");
  Ref error = call(thread, Value(&BaseExceptionGroup_type), {message.value(), Value(group->errors)});
  if (!error) return NativeOutcome::Raise;
  cast<ExceptionObject>(error)->suppress_context = true;
  set_error(thread, std::move(error));
  return NativeOutcome::Raise;
}

bool begin_exit(Thread& thread, TaskGroup* group, Value* locals) {
  locals[Waited] = False;
  group->exiting = true;
  if (locals[Kind].is_none()) return true;
  Value error = locals[Error];
  if (is_exit(error) && !group->base_error) group->base_error = share(error).release();
  if (is_instance(error, CancelledError_type)) locals[Propagated] = share(error).release();
  return group->aborting || abort(thread, group);
}

// The wait for the tasks ended. False: with an exception that leaves at once.
bool end_wait(Thread& thread, TaskGroup* group, Value* locals, bool failed) {
  clear_field(group->all_done);
  if (!failed) return true;
  if (!error_matches(thread, CancelledError_type)) return false;
  Ref error = take_error(thread);
  if (group->aborting) return true;
  // The block itself was over: the parent is being cancelled from outside.
  assign(locals[Propagated], std::move(error));
  return abort(thread, group);
}

NativeOutcome exit(Thread& thread, Value* locals, Ref received, Ref& out) {
  if (!check_self(thread, locals[Self], task_group_type)) return NativeOutcome::Raise;
  TaskGroup* group = as_group(locals[Self]);
  bool goes_on =
      locals[Waited] ? end_wait(thread, group, locals, !received) : begin_exit(thread, group, locals);
  NativeOutcome outcome = NativeOutcome::Raise;
  if (goes_on && has_tasks(group)) {
    group->all_done = create_future(thread, group->loop).release();
    if (group->all_done) {
      out = share(group->all_done);
      return NativeOutcome::Wait;
    }
  } else if (goes_on && group->parent) {
    outcome = finish(thread, group, locals, out);
  } else if (goes_on) {
    raise(thread, RuntimeError_type, "the TaskGroup was left before");
  }
  // No reference cycles through the frames of an exception.
  ErrorShelter shelter(thread);
  clear_field(group->parent);
  clear_field(group->base_error);
  clear_field(group->errors);
  clear_field(locals[Error]);
  clear_field(locals[Trace]);
  return outcome;
}

constexpr NativeCoroutineDef coroutines[] = {{"TaskGroup.__aenter__", "self", never_waits<enter>, 0},
                                             {"TaskGroup.__aexit__", "self, et, exc, tb", exit, 2},
                                             {nullptr, nullptr}};

// --- text, attributes, lifetime ------------------------------------------------------------------

Ref group_repr(Thread&, Value self) {
  TaskGroup* group = as_group(self);
  std::string text = "<TaskGroup";
  if (has_tasks(group)) text += fmt::format(" tasks={}", group->tasks->used);
  if (has_errors(group)) text += fmt::format(" errors={}", group->errors->size);
  if (group->aborting) text += " cancelling";
  else if (group->entered) text += " entered";
  return make_str(text + ">");
}

Ref get_tasks(Thread& thread, Value self) {
  Value keys = as_group(self)->tasks ? Value(as_group(self)->tasks) : Value(empty_tuple());
  return call(thread, Value(&set_type), {keys});
}
Ref get_parent(Thread&, Value self) { return share(as_group(self)->parent ? as_group(self)->parent : None); }
Ref get_errors(Thread&, Value self) {
  TaskGroup* group = as_group(self);
  return group->errors ? share(Value(group->errors)) : Ref(new_list());
}
Ref get_group_loop(Thread&, Value self) {
  return share(as_group(self)->loop ? Value(as_group(self)->loop) : None);
}
Ref get_entered(Thread&, Value self) { return share(Value::from_bool(as_group(self)->entered)); }
Ref get_exiting(Thread&, Value self) { return share(Value::from_bool(as_group(self)->exiting)); }
Ref get_aborting(Thread&, Value self) { return share(Value::from_bool(as_group(self)->aborting)); }
constexpr GetSetDef attributes[] = {
    {"__dict__", get_dict},    {"_tasks", get_tasks},       {"_parent_task", get_parent},
    {"_errors", get_errors},   {"_loop", get_group_loop},   {"_entered", get_entered},
    {"_exiting", get_exiting}, {"_aborting", get_aborting}, {nullptr, nullptr}};

bool init(Thread& thread, Value, CallArgs call) {
  BoundArgs args;
  return bind_args(thread, "TaskGroup.__init__", "def", call, args);
}

void clear_fields(TaskGroup* group) {
  clear_field(group->parent);
  clear_field(group->tasks);
  clear_field(group->errors);
  clear_field(group->base_error);
  clear_field(group->all_done);
}
void clear(Object* object) {
  clear_fields(static_cast<TaskGroup*>(object));
  attrs_clear(object);
}
void dealloc(Object* object) {
  gc_untrack(object);
  clear_fields(static_cast<TaskGroup*>(object));
  clear_field(static_cast<TaskGroup*>(object)->loop);
  attrs_destroy(object);
  free_object(object);
}
void traverse(Object* object, Visitor& visit) {
  auto* group = static_cast<TaskGroup*>(object);
  attrs_traverse(object, visit);
  visit(static_cast<Object*>(group->loop));
  visit(group->parent);
  visit(static_cast<Object*>(group->tasks));
  visit(static_cast<Object*>(group->errors));
  visit(group->base_error);
  visit(group->all_done);
}

const TypeSpec spec{
    .name = "asyncio.taskgroups.TaskGroup",
    .instance_size = sizeof(TaskGroup),
    .flags = TypePlainName | TypeOpen | TypeTracked | TypeWeakRefs,
    .attrs_offset = offsetof(TaskGroup, attrs),
    .methods = methods,
    .getset = attributes,
    .doc = "Tasks made in the block are waited for at its end; when one fails the others are cancelled."};

} // namespace

void init_task_group_type(Thread& thread) {
  Slots& slots = task_group_type.slots;
  slots.construct = [](Thread&, Type* type, CallArgs) { return Ref::steal(Value(allocate_instance(type))); };
  slots.init = init;
  slots.repr = group_repr;
  slots.dealloc = dealloc;
  slots.traverse = traverse;
  slots.clear = clear;
  make_ready(task_group_type, spec);
  self_in_future = {&task_group_type, "_on_task_done", "TaskGroup._on_task_done()", task_done};
  add_native_coroutines(thread, task_group_type, coroutines, "asyncio.taskgroups");
}

} // namespace aspy
