#include "runtime/asyncio/native/core/task.hpp"

#include "runtime/asyncio/native/core/event_loop.hpp"
#include "runtime/asyncio/native/diagnosis/short_repr.hpp"
#include "runtime/asyncio/native/diagnosis/source_traceback.hpp"
#include "runtime/modules/support/contextvars.hpp"
#include "vm/interpreter/generator/generator_methods.hpp"
#include "vm/memory/collector.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy {

Type task_type;

namespace {

uint32_t next_task_number = 1, next_serial = 1;

Task* as_task(Value value) { return cast<Task>(value); }

void call_step_soon(Task* task) {
  incref(static_cast<Object*>(task));
  EventLoop* loop = task->loop;
  if (loop->custom_call_soon) [[unlikely]]
    call_soon(loop, {JobKind::StepTask, Value(task), {}, {}});
  else loop->state->ready.push(JobKind::StepTask, Value(task));
}

// --- one step ------------------------------------------------------------------------------------

// Schedules an exception to be raised by the next step, as if the coroutine had done something impossible.
bool fail_step(Thread& thread, Task* task, const std::string& message) {
  raise(thread, RuntimeError_type, message);
  Ref error = take_error(thread);
  // One more hop, with the exception raised at the await.
  call_soon(task->loop, {JobKind::ThrowTask, share(Value(task)).release(), error.release(), {}});
  return true;
}

// cancel() came before the task waited: what it waits for now is cancelled in its place, if it can be.
bool pass_cancellation_on(Thread& thread, Task* task) {
  if (!task->must_cancel) return true;
  Ref message = share(task->cancel_message()), awaited = share(task->waiter);
  int cancelled = cancel_awaited(thread, awaited, message);
  if (cancelled > 0) task->must_cancel = false;
  return cancelled >= 0;
}

// The coroutine yielded `value`: what is it to wait for?
bool handle_yield(Thread& thread, Task* task, Ref value) {
  if (value.get().is_none()) { // a bare yield gives up the turn
    call_step_soon(task);
    return true;
  }
  if (is_future(value)) {
    Future* future = as_future(value);
    if (future->loop != task->loop)
      return fail_step(thread, task,
                       fmt::format("Task {} got Future {} attached to a different loop",
                                   shown(thread, Value(task)), shown(thread, value)));
    if (!future->blocking)
      return fail_step(thread, task,
                       fmt::format("yield was used instead of yield from in task {} with {}",
                                   shown(thread, Value(task)), shown(thread, value)));
    if (static_cast<Object*>(future) == static_cast<Object*>(task))
      return fail_step(thread, task,
                       fmt::format("Task cannot await on itself: {}", shown(thread, Value(task))));
    future->blocking = false;
    add_callback(future, Value(task), Ref());
    assign(task->waiter, std::move(value));
    return pass_cancellation_on(thread, task);
  }
  Ref blocking = find_attr(thread, value, intern("_asyncio_future_blocking"));
  if (thread.has_error()) return false;
  if (blocking && !blocking.get().is_none()) {
    // A future-like object of another make: only its public methods are used.
    int truth = truthy(thread, blocking);
    if (truth < 0) return false;
    if (!truth)
      return fail_step(thread, task,
                       fmt::format("yield was used instead of yield from in task {} with {}",
                                   shown(thread, Value(task)), shown(thread, value)));
    if (!set_attr(thread, value, intern("_asyncio_future_blocking"), False)) return false;
    Ref wake = get_attr(thread, Value(task), "_wakeup");
    if (!wake || !call_method(thread, value, "add_done_callback", {wake})) return false;
    assign(task->waiter, share(value));
    return pass_cancellation_on(thread, task);
  }
  if (is_exact(value, generator_type))
    return fail_step(thread, task,
                     fmt::format("yield was used instead of yield from for generator in task {} with {}",
                                 shown(thread, Value(task)), shown(thread, value)));
  return fail_step(thread, task, fmt::format("Task got bad yield: {}", shown(thread, value)));
}

SendOutcome resume_coroutine(Thread& thread, Task* task, Ref& out) {
  Value coroutine = task->coroutine;
  if (!thread.has_error()) {
    bool native = is_exact(coroutine, coroutine_type) || is_exact(coroutine, generator_type) ||
                  type_of(coroutine)->slots.send;
    if (native) [[likely]]
      return resume(thread, coroutine, None, out);
    out = call_method(thread, coroutine, names::send, {None});
  } else {
    if (is_exact(coroutine, coroutine_type) || is_exact(coroutine, generator_type))
      return resume_with_error(thread, coroutine, out);
    Ref error = take_error(thread);
    out = call_method(thread, coroutine, names::throw_, {error});
  }
  if (out) return SendOutcome::Yielded;
  if (!error_matches(thread, StopIteration_type)) return SendOutcome::Raised;
  out = take_stop_value(thread);
  return out ? SendOutcome::Returned : SendOutcome::Raised;
}

// Finishes the task with the pending exception. False: it is one that must leave the loop as well.
bool finish_with_error(Thread& thread, Task* task) {
  Ref error = take_error(thread);
  if (is_instance(error, CancelledError_type)) {
    // The exception is kept: whoever awaits the task gets it, with its traceback.
    assign(task->need_extras().cancelled_error, share(error));
    cancel_future(thread, task, None);
    return true;
  }
  bool leaves = is_instance(error, KeyboardInterrupt_type) || is_instance(error, SystemExit_type);
  if (!set_exception(thread, task, error)) clear_error(thread);
  if (!leaves) return true;
  thread.error = error.release();
  return false;
}

} // namespace

bool step_task(Thread& thread, Task* task) {
  if (is_done(task)) {
    clear_error(thread);
    raise(thread, InvalidStateError_type,
          fmt::format("_step(): already done: {}", shown(thread, Value(task))));
    return true;
  }
  if (task->must_cancel) {
    bool cancelling = thread.has_error() && error_matches(thread, CancelledError_type);
    if (!cancelling) {
      clear_error(thread);
      Ref error = make_cancelled_error(thread, task);
      if (!error) return false;
      set_error(thread, std::move(error));
    }
    task->must_cancel = false;
  }
  clear_field(task->waiter);

  Value previous_task = std::exchange(thread.current_task, Value(task));
  Ref out;
  SendOutcome outcome;
  {
    ContextScope scope(thread, task->context);
    task->is_stepping = true;
    outcome = resume_coroutine(thread, task, out);
    task->is_stepping = false;
  }
  bool stays = true;
  switch (outcome) {
  case SendOutcome::Returned:
    if (task->must_cancel) { // cancelled while it was returning
      task->must_cancel = false;
      cancel_future(thread, task, task->cancel_message() ? task->cancel_message() : None);
    } else {
      stays = set_result(thread, task, out);
    }
    break;
  case SendOutcome::Raised: stays = finish_with_error(thread, task); break;
  case SendOutcome::Yielded: stays = handle_yield(thread, task, std::move(out)); break;
  }
  thread.current_task = previous_task;
  return stays;
}

void wake_soon(Own<Task> task, Future* future) {
  EventLoop* loop = future->loop;
  Value woken(task.release());
  if (loop->custom_call_soon) [[unlikely]]
    call_soon(loop, {JobKind::WakeTask, woken, share(Value(future)).release(), {}});
  else loop->state->ready.push(JobKind::WakeTask, woken);
}

bool wake_task(Thread& thread, Task* task, Value future) {
  if (is_future(future) && !(type_of(future)->flags & TypeHeap)) {
    // A failed future raises at the await itself: the instruction asks it for its result. So nothing is
    // fetched here, unless the coroutine is not one of ours and must be thrown into.
    bool native = is_exact(task->coroutine, coroutine_type) || is_exact(task->coroutine, generator_type);
    if (!native || task->must_cancel)
      Ref fetched = future_result(thread, as_future(future)); // raises what it failed with
    return step_task(thread, task);
  }
  call_method(thread, future, names::result).reset(); // raises what it failed with
  return step_task(thread, task);
}

namespace {
class CancellingScope {
public:
  explicit CancellingScope(Task* task) : task_(Own<Task>::share(task)) { task->is_cancelling = true; }
  ~CancellingScope() { task_->is_cancelling = false; }

private:
  Own<Task> task_;
};
} // namespace

int cancel_awaited(Thread& thread, Value awaited, Value message) {
  if (!message) message = None;
  bool cancelled = false;
  if (is_exact(awaited, task_type))
    return cancel_task(thread, cast<Task>(awaited), message, cancelled) ? cancelled : -1;
  if (is_exact(awaited, future_type)) return cancel_future(thread, as_future(awaited), message);
  Own<Tuple> kwnames = make_tuple({Value(intern("msg"))});
  Ref method = get_attr(thread, awaited, names::cancel);
  Ref answer = method ? call(thread, method, CallArgs{&message, 0, kwnames.get()}) : Ref();
  return answer ? truthy(thread, answer) : -1;
}

namespace {

bool ring_closed = false; // a cancellation has come back to a task that it had been to

// Wakes a task that waits for something which nobody else will ever end.
bool break_ring(Thread& thread, Task* task) {
  if (remove_callback(thread, as_future(task->waiter), Value(task)) < 0) return false;
  clear_field(task->waiter);
  call_step_soon(task);
  return true;
}

} // namespace

bool cancel_task(Thread& thread, Task* task, Value message, bool& cancelled) {
  cancelled = false;
  task->log_traceback = false;
  if (is_done(task)) return true;
  ++task->cancel_requests;
  if (!message) message = None;
  if (task->is_cancelling) { // a ring of tasks that wait for each other
    ring_closed = true;
    return true;
  }
  if (!check_native_stack(thread)) return false;
  cancelled = true;
  CancellingScope scope(task);
  if (is_future(task->waiter)) {
    Own<Future> waiter = Own<Future>::share(as_future(task->waiter));
    int waiter_cancelled = 0;
    if (is_task(waiter.value()) && static_cast<Task*>(waiter.get())->is_cancelling) {
      // The last of the ring: nobody else will ever wake it, so the ring is broken here.
      if (!break_ring(thread, task)) return false;
    } else {
      waiter_cancelled = cancel_awaited(thread, waiter.value(), message);
      if (std::exchange(ring_closed, false) && waiter_cancelled == 0 && !is_done(waiter.get()) &&
          waiter.value() == task->waiter && !break_ring(thread, task))
        return false;
    }
    if (waiter_cancelled != 0) return waiter_cancelled > 0;
  } else if (task->waiter) {
    Ref waiter = share(task->waiter);
    int waiter_cancelled = cancel_awaited(thread, waiter, message);
    if (waiter_cancelled != 0) return waiter_cancelled > 0;
  }
  task->must_cancel = true;
  if (task->extras || !message.is_none()) assign(task->need_extras().cancel_message, share(message));
  return true;
}

uint32_t uncancel_task(Task* task) {
  if (task->cancel_requests > 0 && --task->cancel_requests == 0) task->must_cancel = false;
  return task->cancel_requests;
}

Ref task_name(Thread&, Task* task) {
  if (task->number) {
    assign(task->need_extras().name, make_str(fmt::format("Task-{}", task->number)));
    task->number = 0;
  }
  return share(task->extras && task->extras->name ? task->extras->name : None);
}

std::vector<Own<Task>> tasks_of(EventLoop* loop) {
  std::vector<Own<Task>> tasks;
  for (Object* object : collector_objects()) {
    if (!is_task(Value(object))) continue;
    auto* task = static_cast<Task*>(object);
    if (task->loop == loop && !is_done(task)) tasks.push_back(Own<Task>::share(task));
  }
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const Own<Task>& a, const Own<Task>& b) { return a->serial < b->serial; });
  return tasks;
}

// --- making --------------------------------------------------------------------------------------

bool is_coroutine_like(Value value) {
  if (is_exact(value, coroutine_type)) return true;
  Type* type = type_of(value);
  return type->slots.await_iter && type_lookup(type, names::send) && type_lookup(type, names::throw_) &&
         type_lookup(type, names::close) && !is_future(value);
}

namespace {

Ref eager_start(Thread& thread, Task* task);

bool init_task(Thread& thread, Task* task, Value coroutine, Value loop, Value name, Value context,
               bool eager) {
  if (!is_coroutine_like(coroutine)) {
    task->log_destroy_pending = false;
    return raise_type_error(thread,
                            fmt::format("a coroutine was expected, got {}", shown(thread, coroutine)));
  }
  if (!init_future(thread, task, loop)) {
    task->log_destroy_pending = false;
    return false;
  }
  task->serial = next_serial++;
  task->coroutine = share(coroutine).release();
  if (!name || name.is_none()) {
    task->number = next_task_number++;
  } else {
    Ref text = is_str(name) ? share(name) : str(thread, name);
    if (!text) return false;
    task->need_extras().name = text.release();
  }
  if (context && !context.is_none()) task->context = share(context).release();
  else task->context = copy_context_lazily(thread).release();
  if (eager) {
    EventLoop* running = thread.running_loop ? as_loop(thread.running_loop) : nullptr;
    if (running == task->loop) return static_cast<bool>(eager_start(thread, task));
  }
  if (!check_thread(thread, task->loop)) return false;
  call_step_soon(task);
  return true;
}

// The first step of an eager task is taken at once, inside its maker's step.
Ref eager_start(Thread& thread, Task* task) {
  Value handled = std::exchange(thread.handled, Value());
  bool stays = step_task(thread, task);
  Value left = std::exchange(thread.handled, handled);
  decref(left);
  if (is_done(task)) clear_field(task->coroutine);
  if (!stays || thread.has_error()) return Ref();
  return share(None);
}

} // namespace

Ref make_task(Thread& thread, EventLoop* loop, Value coroutine, Value name, Value context, bool eager) {
  Task* task = allocate_future<Task>(task_type);
  Ref result = Ref::steal(Value(task));
  if (!init_task(thread, task, coroutine, Value(loop), name, context, eager)) return Ref();
  return result;
}

namespace {

Ref task_construct(Thread&, Type* type, CallArgs) {
  auto* task =
      type == &task_type ? allocate_future<Task>(task_type) : static_cast<Task*>(allocate_instance(type));
  task->log_destroy_pending = true;
  return Ref::steal(Value(task));
}

bool task_init(Thread& thread, Value self, CallArgs call) {
  BoundArgs args;
  if (!bind_args(thread, "Task", "coro, *, loop=None, name=None, context=None, eager_start=False", call,
                 args))
    return false;
  int eager = args[4] ? truthy(thread, args[4]) : 0;
  if (eager < 0) return false;
  return init_task(thread, as_task(self), args[0], args[1], args[2], args[3], eager == 1);
}

// --- lifetime ------------------------------------------------------------------------------------

void task_release(Task* task) {
  clear_field(task->coroutine);
  clear_field(task->context);
  clear_field(task->waiter);
  future_release(task);
}
void task_dealloc(Object* object) {
  gc_untrack(object);
  task_release(static_cast<Task*>(object));
  if (object->type == &task_type) pool_free(object, sizeof(Task));
  else free_object(object);
}
void task_traverse(Object* object, Visitor& visit) {
  auto* task = static_cast<Task*>(object);
  future_traverse(object, visit);
  visit(task->coroutine);
  visit(task->context);
  visit(task->waiter);
}
void task_clear(Object* object) { task_release(static_cast<Task*>(object)); }

void task_finalize(Thread& thread, Object* object) {
  auto* task = static_cast<Task*>(object);
  if (task->loop && task->state == FutureState::Pending && task->log_destroy_pending) {
    ErrorShelter shelter(thread);
    Own<Dict> context = new_dict(2);
    dict_set(context.get(), intern("task"), Value(task));
    Own<Str> message = make_str("Task was destroyed but it is pending!");
    dict_set(context.get(), intern("message"), message.value());
    if (task->traced) dict_set(context.get(), intern("source_traceback"), source_of(task));
    if (!report_exception(thread, task->loop, context.value())) write_unraisable(thread, Value(object));
  }
  future_type.slots.finalize(thread, object);
}

// --- text ----------------------------------------------------------------------------------------

// A coroutine that is no function's: its name where it has one, and whether it runs.
void append_foreign_coroutine(Thread& thread, Value coroutine, std::string& text) {
  auto quiet = [&](Ref found) {
    clear_error(thread);
    return found;
  };
  Ref name = quiet(find_attr(thread, coroutine, names::dunder_qualname));
  if (!name || !is_str(name)) name = quiet(find_attr(thread, coroutine, names::dunder_name));
  if (name && is_str(name)) text += cast<Str>(name)->view();
  else text += fmt::format("<{} without __name__>", type_of(coroutine)->name->view());
  text += "()";
  for (const char* flag : {"cr_running", "gi_running"}) {
    Ref running = quiet(find_attr(thread, coroutine, intern(flag)));
    if (!running) continue;
    if (truthy(thread, running) == 1) text += " running";
    clear_error(thread);
    return;
  }
}

// "f() running at file:line"
void append_coroutine(Thread& thread, Value coroutine, std::string& text) {
  if (!is_exact(coroutine, coroutine_type) && !is_exact(coroutine, generator_type)) {
    append_foreign_coroutine(thread, coroutine, text);
    return;
  }
  Generator* generator = as_generator(coroutine);
  Code* code = generator->frame.code;
  text += fmt::format("{}()", generator_qualname(generator)->view());
  std::string_view file = code->filename->view();
  if (generator->state() == GeneratorState::Finished) {
    text += fmt::format(" done, defined at {}:{}", file, code->first_line);
    return;
  }
  uint32_t line = generator->state() == GeneratorState::Created
                      ? code->first_line
                      : position_at(code, generator->frame.offset()).line;
  text += fmt::format(" running at {}:{}", file, line);
}

Ref task_repr(Thread& thread, Value self) {
  Task* task = as_task(self);
  const char* state = task->cancel_requests > 0 && !is_done(task) ? "cancelling"
                      : task->state == FutureState::Pending       ? "pending"
                      : task->state == FutureState::Cancelled     ? "cancelled"
                                                                  : "finished";
  std::string text = fmt::format("<{} {}", type_of(self)->name->view(), state);
  Ref name = task_name(thread, task);
  Ref quoted = repr(thread, name);
  if (!quoted) return Ref();
  text += fmt::format(" name={}", cast<Str>(quoted)->view());
  if (task->coroutine) {
    text += " coro=<";
    append_coroutine(thread, task->coroutine, text);
    text += ">";
  }
  if (task->waiter) {
    Ref waiter = repr(thread, task->waiter);
    if (!waiter) return Ref();
    text += fmt::format(" wait_for={}", cast<Str>(waiter)->view());
  }
  if (!future_repr_info(thread, task, text)) return Ref();
  return make_str(text + ">");
}

// --- methods -------------------------------------------------------------------------------------

Ref method_cancel(Thread& thread, const Value* args) {
  bool cancelled;
  if (!cancel_task(thread, as_task(args[0]), args[1], cancelled)) return Ref();
  return share(Value::from_bool(cancelled));
}
Ref method_cancelling(Thread&, const Value* args) {
  return share(Value::from_int(as_task(args[0])->cancel_requests));
}
Ref method_uncancel(Thread&, const Value* args) {
  return share(Value::from_int(uncancel_task(as_task(args[0]))));
}
Ref method_set_result(Thread& thread, const Value*) {
  return raise(thread, RuntimeError_type, "Task does not support set_result operation");
}
Ref method_set_exception(Thread& thread, const Value*) {
  return raise(thread, RuntimeError_type, "Task does not support set_exception operation");
}
Ref method_get_coro(Thread&, const Value* args) {
  Value coroutine = as_task(args[0])->coroutine;
  return share(coroutine ? coroutine : None);
}
Ref method_get_context(Thread& thread, const Value* args) {
  Task* task = as_task(args[0]);
  if (!task->context) {
    // The task has an empty context that nobody has seen yet; while it runs, the thread is in it.
    bool inside = task->is_stepping && thread.current_task == args[0];
    if (inside) return enter_own_context(thread);
    Value none;
    ContextScope scope(thread, none);
    task->context = copy_context(thread).release();
  }
  return share(task->context);
}
Ref method_get_name(Thread& thread, const Value* args) { return task_name(thread, as_task(args[0])); }
Ref method_set_name(Thread& thread, const Value* args) {
  Ref text = is_str(args[1]) ? share(args[1]) : str(thread, args[1]);
  if (!text) return Ref();
  as_task(args[0])->number = 0;
  assign(as_task(args[0])->need_extras().name, std::move(text));
  return share(None);
}
Ref method_wakeup(Thread& thread, const Value* args) {
  if (!wake_task(thread, as_task(args[0]), args[1])) return Ref();
  return share(None);
}
Ref method_step(Thread& thread, const Value* args) {
  if (args[1] && is_exception(args[1])) thread.error = share(args[1]).release();
  if (!step_task(thread, as_task(args[0])) || thread.has_error()) return Ref();
  return share(None);
}
Ref method_get_stack(Thread& thread, const Value* args) {
  return call_method(thread, Value(as_task(args[0])->loop), "_task_stack",
                     {args[0], args[1] ? args[1] : None});
}
Ref method_print_stack(Thread& thread, const Value* args) {
  return call_method(thread, Value(as_task(args[0])->loop), "_task_print_stack",
                     {args[0], args[1] ? args[1] : None, args[2] ? args[2] : None});
}
constexpr NativeDef methods[] = {
    {"cancel", "self, /, msg=None", method_cancel,
     "Ask the task to cancel itself: CancelledError is raised inside at its next step."},
    {"cancelling", "self, /", method_cancelling,
     "How many times it was asked to cancel, less uncancel() calls."},
    {"uncancel", "self, /", method_uncancel, "Take back one request to cancel; returns how many remain."},
    {"set_result", "self, result, /", method_set_result},
    {"set_exception", "self, exception, /", method_set_exception},
    {"get_coro", "self, /", method_get_coro, "The coroutine that the task runs."},
    {"get_context", "self, /", method_get_context, "The context that the task runs in."},
    {"get_name", "self, /", method_get_name, "The task's name."},
    {"set_name", "self, value, /", method_set_name, "Name the task."},
    {"get_stack", "self, /, *, limit=None", method_get_stack,
     "Frames of the suspended coroutine, outermost first."},
    {"print_stack", "self, /, *, limit=None, file=None", method_print_stack,
     "Print the stack or the traceback of the task."},
    {"_wakeup", "self, future, /", method_wakeup},
    {"_step", "self, exc=None, /", method_step},
    {nullptr}};

Ref get_coro(Thread& thread, Value self) { return method_get_coro(thread, &self); }
Ref get_must_cancel(Thread&, Value self) { return share(Value::from_bool(as_task(self)->must_cancel)); }
Ref get_waiter(Thread&, Value self) {
  Task* task = as_task(self);
  return share(task->waiter ? task->waiter : None);
}
Ref get_log_destroy(Thread&, Value self) {
  return share(Value::from_bool(as_task(self)->log_destroy_pending));
}
bool set_log_destroy(Thread& thread, Value self, Value value) {
  int truth = value ? truthy(thread, value) : 0;
  if (truth < 0) return false;
  as_task(self)->log_destroy_pending = truth == 1;
  return true;
}
Ref get_num_cancels(Thread&, Value self) { return share(Value::from_int(as_task(self)->cancel_requests)); }
constexpr GetSetDef attributes[] = {{"_coro", get_coro},
                                    {"_must_cancel", get_must_cancel},
                                    {"_fut_waiter", get_waiter},
                                    {"_log_destroy_pending", get_log_destroy, set_log_destroy},
                                    {"_num_cancels_requested", get_num_cancels},
                                    {nullptr, nullptr}};

const TypeSpec task_spec{.name = "_asyncio.Task",
                         .base = &future_type,
                         .instance_size = sizeof(Task),
                         .flags = TypeTracked | TypeWeakRefs,
                         .methods = methods,
                         .getset = attributes,
                         .doc = "A coroutine that the event loop runs beside others."};

} // namespace

void init_task_type() {
  Slots& slots = task_type.slots;
  slots.dealloc = task_dealloc;
  slots.traverse = task_traverse;
  slots.clear = task_clear;
  slots.finalize = task_finalize;
  slots.construct = task_construct;
  slots.init = task_init;
  slots.repr = task_repr;
  make_ready(task_type, task_spec);
}

} // namespace aspy
