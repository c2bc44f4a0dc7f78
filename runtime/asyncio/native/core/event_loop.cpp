// The event loop as natives and scripts use it; what happens while it runs is in run_loop.cpp.
#include "runtime/asyncio/native/core/event_loop.hpp"

#include "runtime/asyncio/native/core/handle.hpp"
#include "runtime/asyncio/native/core/outside.hpp"
#include "runtime/asyncio/native/core/task.hpp"
#include "runtime/modules/support/contextvars.hpp"
#include "runtime/process/sys_state.hpp"
#include "vm/bytecode/code.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {

Type event_loop_type;

// --- the C++ interface ---------------------------------------------------------------------------

namespace {

// A loop class with a call_soon of its own sees everything that is scheduled. False: not a job of that kind.
bool call_soon_by_method(EventLoop* loop, Job& job) {
  Thread& thread = Thread::current();
  Ref callback;
  Value argument = job.argument;
  if (job.kind == JobKind::StepTask || job.kind == JobKind::ThrowTask)
    callback = get_attr(thread, job.target, "_step");
  else if (job.kind == JobKind::WakeTask) callback = get_attr(thread, job.target, "_wakeup");
  else if (job.kind == JobKind::RunCallback) callback = share(job.target);
  else return false;
  Ref method = callback ? get_attr(thread, Value(loop), "call_soon") : Ref();
  Value values[3] = {callback, argument ? argument : job.context, argument ? job.context : Value()};
  uint32_t count = argument ? 2 : 1;
  Own<Tuple> kwnames = job.context ? make_tuple({Value(intern("context"))}) : Own<Tuple>();
  Ref done = method ? call(thread, method, CallArgs{values, count, kwnames.get()}) : Ref();
  if (!done) write_unraisable(thread, Value(loop));
  decref(job.target);
  decref(job.argument);
  decref(job.context);
  return true;
}

} // namespace

void call_soon(EventLoop* loop, Job job) {
  if (!job.target.is_object()) [[unlikely]] { // a callback that is a number: complains when its turn comes
    Own<Tuple> args = make_tuple({job.argument});
    Own<Handle> handle = make_handle(handle_type, loop, job.target, args.value(), Ref::steal(job.context));
    decref(job.argument);
    job = {JobKind::RunHandle, Value(handle.release()), {}, {}};
  }
  if (loop->custom_call_soon && call_soon_by_method(loop, job)) [[unlikely]]
    return;
  loop->state->ready.push(job);
}

Ref create_future(Thread& thread, EventLoop* loop) {
  if (!loop->custom_create_future) [[likely]]
    return make_future(loop);
  Ref future = call_method(thread, Value(loop), "create_future");
  if (future && !is_future(future)) return raise_type_error(thread, "create_future() must return a Future");
  return future;
}

namespace {

// callee(*positional, **keywords)
Ref call_with_keywords(Thread& thread, Value callee, std::vector<Value> values, Value keywords) {
  auto count = static_cast<uint32_t>(values.size());
  std::vector<Value> names;
  Value name, value;
  for (uint32_t at = 0; keywords && dict_next(cast<Dict>(keywords), at, name, value);) {
    names.push_back(name);
    values.push_back(value);
  }
  Own<Tuple> kwnames = make_tuple(std::span<const Value>(names));
  return call(thread, callee, CallArgs{values.data(), count, names.empty() ? nullptr : kwnames.get()});
}

// What the method create_task does: the task factory's task, or one of ours.
Ref make_loop_task(Thread& thread, EventLoop* loop, Value coroutine, Value keywords) {
  if (!check_open(thread, loop)) return Ref();
  if (loop->task_factory && !loop->task_factory.is_none())
    return call_with_keywords(thread, loop->task_factory, {Value(loop), coroutine}, keywords);
  if (!keywords) return make_task(thread, loop, coroutine, Value(), Value(), false);
  Own<Dict> all = dict_copy(cast<Dict>(keywords));
  dict_set(all.get(), intern("loop"), Value(loop));
  return call_with_keywords(thread, Value(&task_type), {coroutine}, all.value());
}

} // namespace

Ref spawn(Thread& thread, EventLoop* loop, Value coroutine, Value keywords) {
  if (!loop->custom_create_task) [[likely]]
    return make_loop_task(thread, loop, coroutine, keywords);
  Ref method = get_attr(thread, Value(loop), "create_task");
  return method ? call_with_keywords(thread, method, {coroutine}, keywords) : Ref();
}

void finish_at(EventLoop* loop, double when, Future* future, Value result) {
  loop->state->timers.push(when, share(Value(future)).release(), share(result).release());
}

bool loop_time(Thread& thread, EventLoop* loop, double& now) {
  if (!loop->custom_time) [[likely]] {
    now = clock().now();
    return true;
  }
  Ref told = call_method(thread, Value(loop), "time");
  return told && to_double(thread, told, now);
}

EventLoop* running_loop(Thread& thread) {
  if (thread.running_loop) return as_loop(thread.running_loop);
  raise(thread, RuntimeError_type, "no running event loop");
  return nullptr;
}

bool check_open(Thread& thread, EventLoop* loop) {
  if (!loop->closed) return true;
  return raise(thread, RuntimeError_type, "Event loop is closed");
}

bool is_own_thread(Thread& thread, EventLoop* loop) {
  if (!loop->runner || loop->runner == &thread) return true;
  return raise(thread, RuntimeError_type,
               "Non-thread-safe operation invoked on an event loop other than the current one");
}

bool report_exception(Thread& thread, EventLoop* loop, Value context) {
  Ref done = call_method(thread, Value(loop), "call_exception_handler", {context});
  return static_cast<bool>(done);
}

// --- methods -------------------------------------------------------------------------------------

namespace {

Ref loop_construct(Thread&, Type* type, CallArgs) {
  auto* loop = static_cast<EventLoop*>(allocate_instance(type));
  loop->state = new LoopState();
  const char* debug = sys_state.ignore_environment ? nullptr : std::getenv("PYTHONASYNCIODEBUG");
  loop->debug = sys_state.dev_mode || (debug && *debug);
  auto overrides = [&](const char* name) {
    Value method = type_lookup(type, intern(name));
    return method && is_exact(method, function_type);
  };
  loop->custom_call_soon = overrides("call_soon");
  loop->custom_create_future = overrides("create_future");
  loop->custom_create_task = overrides("create_task");
  loop->custom_time = overrides("time");
  loop->custom_timers = loop->custom_time || overrides("call_later") || overrides("call_at");
  return Ref::steal(Value(loop));
}
bool loop_init(Thread& thread, Value, CallArgs call) { return check_count(thread, "BaseLoop", call, 0, 1); }

// (self, callback, *args, context=None), already bound: the handle for them.
Ref handle_for(Thread& thread, Type& type, const char* method, EventLoop* loop, Value callback, Value args,
               Value context) {
  if (!check_open(thread, loop)) return Ref();
  bool coroutine =
      is_exact(callback, coroutine_type) ||
      (is_exact(callback, function_type) && (cast<Function>(callback)->code->flags & CodeCoroutine));
  if (loop->debug && (coroutine || !is_callable(callback))) {
    Ref shown = repr(thread, callback);
    if (!shown) return Ref();
    if (coroutine)
      return raise_type_error(thread, fmt::format("coroutines cannot be used with {}()", method));
    return raise_type_error(thread, fmt::format("a callable object was expected by {}(), got {}", method,
                                                cast<Str>(shown)->view()));
  }
  Ref own = context && !context.is_none() ? share(context) : copy_context_lazily(thread);
  return make_handle(type, loop, callback, args ? args : Value(empty_tuple()), std::move(own));
}

} // namespace

Own<Handle> schedule(Thread& thread, EventLoop* loop, double when, Value callback) {
  if (!check_open(thread, loop)) return nullptr;
  double now;
  if (!loop_time(thread, loop, now)) return nullptr;
  bool due = when <= now;
  if (loop->custom_timers || loop->custom_call_soon) [[unlikely]] {
    Ref handle = due ? call_method(thread, Value(loop), "call_soon", {callback})
                     : call_method(thread, Value(loop), "call_at", {Value::from_double(when), callback});
    if (!handle) return nullptr;
    if (is_instance(handle, handle_type)) return Own<Handle>::steal(cast<Handle>(handle.release()));
    raise_type_error(thread, fmt::format("{}() must return a Handle", due ? "call_soon" : "call_at"));
    return nullptr;
  }
  Own<Handle> handle = make_handle(due ? handle_type : timer_handle_type, loop, callback,
                                   Value(empty_tuple()), copy_context_lazily(thread));
  if (due) {
    call_soon(loop, {JobKind::RunHandle, share(handle.value()).release(), {}, {}});
  } else {
    handle->when = when;
    handle->scheduled = true;
    loop->state->timers.push(when, share(handle.value()).release(), Value());
  }
  return handle;
}

namespace {

Ref method_call_soon(Thread& thread, const Value* args) {
  EventLoop* loop = as_loop(args[0]);
  if (!check_thread(thread, loop)) return Ref();
  Ref handle = handle_for(thread, handle_type, "call_soon", loop, args[1], args[2], args[3]);
  if (handle) call_soon(loop, {JobKind::RunHandle, share(handle).release(), {}, {}});
  return handle;
}

Ref method_call_soon_threadsafe(Thread& thread, const Value* args) {
  EventLoop* loop = as_loop(args[0]);
  Ref handle =
      handle_for(thread, thread_safe_handle_type, "call_soon_threadsafe", loop, args[1], args[2], args[3]);
  if (!handle) return handle;
  // The interpreter lock guards the ready queue; the loop may be asleep without it.
  call_soon(loop, {JobKind::RunHandle, share(handle).release(), {}, {}});
  if (loop->runner != &thread) loop->state->poller.wake();
  return handle;
}

Ref schedule_at(Thread& thread, const char* method, EventLoop* loop, double when, Value callback, Value args,
                Value context) {
  if (!check_thread(thread, loop)) return Ref();
  Ref handle = handle_for(thread, timer_handle_type, method, loop, callback, args, context);
  if (!handle) return handle;
  cast<Handle>(handle)->when = when;
  cast<Handle>(handle)->scheduled = true;
  loop->state->timers.push(when, share(handle).release(), Value());
  return handle;
}

Ref method_call_at(Thread& thread, const Value* args) {
  if (args[1].is_none()) return raise_type_error(thread, "when cannot be None");
  double when = 0;
  if (!to_double(thread, args[1], when)) return Ref();
  return schedule_at(thread, "call_at", as_loop(args[0]), when, args[2], args[3], args[4]);
}
Ref method_call_later(Thread& thread, const Value* args) {
  if (args[1].is_none()) return raise_type_error(thread, "delay must not be None");
  EventLoop* loop = as_loop(args[0]);
  double when;
  if (!loop_time(thread, loop, when)) return Ref();
  if (args[1].is_double()) {
    when += args[1].as_double();
  } else {
    Ref sum = binary_op(thread, BinaryOp::Add, Value::from_double(when), args[1]);
    if (!sum || !to_double(thread, sum, when)) return Ref();
  }
  if (loop->custom_timers) {
    std::vector<Value> values{Value::from_double(when), args[2]};
    if (args[3])
      for (Value argument : cast<Tuple>(args[3])->view()) values.push_back(argument);
    auto count = static_cast<uint32_t>(values.size());
    Own<Tuple> kwnames = args[4] ? make_tuple({Value(intern("context"))}) : Own<Tuple>();
    if (args[4]) values.push_back(args[4]);
    Ref method = get_attr(thread, args[0], "call_at");
    return method ? call(thread, method, CallArgs{values.data(), count, kwnames.get()}) : Ref();
  }
  // It stands on call_at, which is what complaints about the callback name.
  return schedule_at(thread, "call_at", loop, when, args[2], args[3], args[4]);
}
Ref method_time(Thread&, const Value*) { return share(Value::from_double(clock().now())); }

Ref method_create_future(Thread&, const Value* args) { return make_future(as_loop(args[0])); }

Ref method_create_task(Thread& thread, const Value* args) {
  return make_loop_task(thread, as_loop(args[0]), args[1], args[2]);
}

Ref method_run_forever(Thread& thread, const Value* args) {
  if (!run_forever(thread, as_loop(args[0]))) return Ref();
  return share(None);
}
Ref method_stop(Thread&, const Value* args) {
  as_loop(args[0])->stopping = true;
  return share(None);
}
Ref method_close(Thread& thread, const Value* args) {
  EventLoop* loop = as_loop(args[0]);
  if (loop->runner) return raise(thread, RuntimeError_type, "Cannot close a running event loop");
  if (loop->closed) return share(None);
  loop->closed = true;
  abandon_outside_objects(loop);
  loop->state->poller.run_closing();
  loop->state->ready.clear();
  loop->state->timers.clear();
  return share(None);
}
Ref method_is_running(Thread&, const Value* args) {
  return share(Value::from_bool(as_loop(args[0])->runner != nullptr));
}
Ref method_is_closed(Thread&, const Value* args) { return share(Value::from_bool(as_loop(args[0])->closed)); }
Ref method_get_debug(Thread&, const Value* args) { return share(Value::from_bool(as_loop(args[0])->debug)); }
Ref method_set_debug(Thread& thread, const Value* args) {
  int truth = truthy(thread, args[1]);
  if (truth < 0) return Ref();
  as_loop(args[0])->debug = truth == 1;
  if (!as_loop(args[0])->runner) return share(None);
  // Coroutines are tracked by the thread in which the loop runs.
  Ref track = get_attr(thread, args[0], "_track_origins");
  if (!track || !call_method(thread, args[0], "call_soon_threadsafe", {track, Value::from_bool(truth == 1)}))
    return Ref();
  return share(None);
}
Ref method_track_origins(Thread& thread, const Value* args) {
  thread.origin_depth = args[1] == True ? debug_stack_depth : 0;
  return share(None);
}
Ref method_set_exception_handler(Thread& thread, const Value* args) {
  if (!args[1].is_none() && !is_callable(args[1])) {
    Ref shown = repr(thread, args[1]);
    if (!shown) return Ref();
    return raise_type_error(
        thread, fmt::format("A callable object or None is expected, got {}", cast<Str>(shown)->view()));
  }
  assign(as_loop(args[0])->exception_handler, share(args[1]));
  return share(None);
}
Ref method_get_exception_handler(Thread&, const Value* args) {
  Value handler = as_loop(args[0])->exception_handler;
  return share(handler ? handler : None);
}
Ref method_set_task_factory(Thread& thread, const Value* args) {
  if (!args[1].is_none() && !is_callable(args[1]))
    return raise_type_error(thread, "task factory must be a callable or None");
  assign(as_loop(args[0])->task_factory, share(args[1]));
  return share(None);
}
Ref method_get_task_factory(Thread&, const Value* args) {
  Value factory = as_loop(args[0])->task_factory;
  return share(factory ? factory : None);
}
// For the prompt: whether nothing will ever happen here by itself.
Ref method_is_idle(Thread&, const Value* args) {
  LoopState* state = as_loop(args[0])->state;
  drop_cancelled_timers(state);
  return share(Value::from_bool(state->ready.empty() && state->timers.empty() && !state->poller.exists()));
}
Ref method_add_outside_work(Thread&, const Value* args) {
  as_loop(args[0])->state->poller.uv();
  as_loop(args[0])->state->poller.add_outside_work();
  return share(None);
}
Ref method_remove_outside_work(Thread&, const Value* args) {
  as_loop(args[0])->state->poller.remove_outside_work();
  return share(None);
}

constexpr NativeDef methods[] = {
    {"call_soon", "def self, callback, *args, context=None", method_call_soon,
     "Call back on the next pass of the loop."},
    {"call_soon_threadsafe", "def self, callback, *args, context=None", method_call_soon_threadsafe,
     "As call_soon, from any thread."},
    {"call_later", "def self, delay, callback, *args, context=None", method_call_later,
     "Call back after delay seconds."},
    {"call_at", "def self, when, callback, *args, context=None", method_call_at,
     "Call back at a time of loop.time()."},
    {"time", "def self", method_time, "Seconds on the loop's clock."},
    {"create_future", "def self", method_create_future, "A new Future of this loop."},
    {"create_task", "def self, coro, **kwargs", method_create_task, "Run a coroutine as a Task."},
    {"run_forever", "def self", method_run_forever, "Run until stop() is called."},
    {"stop", "def self", method_stop, "Stop at the end of this pass."},
    {"_close", "self, /", method_close},
    {"_is_idle", "self, /", method_is_idle},
    {"is_running", "def self", method_is_running, "True while the loop runs."},
    {"is_closed", "def self", method_is_closed, "True after close()."},
    {"get_debug", "def self", method_get_debug},
    {"set_debug", "def self, enabled", method_set_debug},
    {"_track_origins", "self, enabled, /", method_track_origins},
    {"set_exception_handler", "def self, handler", method_set_exception_handler,
     "Handler for errors nobody else gets."},
    {"get_exception_handler", "def self", method_get_exception_handler},
    {"set_task_factory", "def self, factory", method_set_task_factory,
     "Make create_task() call factory(loop, coro, **kwargs)."},
    {"get_task_factory", "def self", method_get_task_factory},
    {"_add_outside_work", "self, /", method_add_outside_work},
    {"_remove_outside_work", "self, /", method_remove_outside_work},
    {nullptr}};

void loop_dealloc(Object* object) {
  gc_untrack(object);
  auto* loop = static_cast<EventLoop*>(object);
  delete std::exchange(loop->state, nullptr);
  clear_field(loop->exception_handler);
  clear_field(loop->task_factory);
  free_object(object);
}
void loop_traverse(Object* object, Visitor& visit) {
  auto* loop = static_cast<EventLoop*>(object);
  visit(loop->exception_handler);
  visit(loop->task_factory);
  if (!loop->state) return;
  for (OutsideObject* object = loop->state->active; object; object = object->next)
    visit(static_cast<Object*>(object));
  loop->state->ready.for_each([&](Value value) { visit(value); });
  loop->state->timers.for_each([&](const Timer& timer) {
    visit(timer.target);
    visit(timer.argument);
  });
}
void loop_clear(Object* object) {
  auto* loop = static_cast<EventLoop*>(object);
  clear_field(loop->exception_handler);
  clear_field(loop->task_factory);
  if (loop->state && !loop->runner) {
    abandon_outside_objects(loop);
    loop->state->ready.clear();
    loop->state->timers.clear();
  }
}

const TypeSpec loop_spec{.name = "asyncio.base_events.BaseEventLoop",
                         .instance_size = sizeof(EventLoop),
                         .flags = TypePlainName | TypeTracked | TypeWeakRefs,
                         .methods = methods};

} // namespace

void init_event_loop_type() {
  Slots& slots = event_loop_type.slots;
  slots.dealloc = loop_dealloc;
  slots.traverse = loop_traverse;
  slots.clear = loop_clear;
  slots.construct = loop_construct;
  slots.init = loop_init;
  make_ready(event_loop_type, loop_spec);
}

} // namespace aspy
