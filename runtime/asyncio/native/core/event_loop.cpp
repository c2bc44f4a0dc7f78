#include "runtime/asyncio/native/core/event_loop.hpp"

#include "runtime/asyncio/native/core/deadlock.hpp"
#include "runtime/asyncio/native/core/handle.hpp"
#include "runtime/asyncio/native/core/outside.hpp"
#include "runtime/asyncio/native/core/task.hpp"
#include "runtime/loop/thread_watch.hpp"
#include "runtime/modules/support/contextvars.hpp"
#include "runtime/process/sys_state.hpp"
#include "runtime/report/output.hpp"
#include "runtime/process/signals.hpp"
#include "vm/bytecode/code.hpp"
#include "vm/interpreter/breaker.hpp"
#include "vm/interpreter/frame.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace aspy {

Type event_loop_type;

// --- the C++ interface
// ----------------------------------------------------------------------------------------------

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

Ref spawn(Thread& thread, EventLoop* loop, Value coroutine) {
  bool factory = loop->task_factory && !loop->task_factory.is_none();
  if (loop->custom_create_task || factory || loop->closed) [[unlikely]]
    return call_method(thread, Value(loop), "create_task", {coroutine});
  return make_task(thread, loop, coroutine, Value(), Value(), false);
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

bool is_own_thread(Thread& thread, EventLoop* loop) {
  if (!loop->runner || loop->runner == &thread) return true;
  return raise(thread, RuntimeError_type,
               "Non-thread-safe operation invoked on an event loop other than the current one");
}

bool report_exception(Thread& thread, EventLoop* loop, Value context) {
  Ref done = call_method(thread, Value(loop), "call_exception_handler", {context});
  return static_cast<bool>(done);
}

// --- a pass
// ---------------------------------------------------------------------------------------------------------

namespace {

constexpr uint32_t debug_stack_depth = 10; // frames that coroutines remember as their origin
constexpr double clock_resolution = 1e-9;
constexpr int passes_between_polls = 16; // with jobs ready and I/O active

bool is_cancelled_timer(const Timer& timer) {
  Value target = timer.target;
  if (is_exact(target, timer_handle_type)) return cast<Handle>(target)->cancelled;
  return is_done(as_future(target));
}

void release_timer(Timer timer) {
  if (is_exact(timer.target, timer_handle_type)) cast<Handle>(timer.target)->scheduled = false;
  decref(timer.target);
  decref(timer.argument);
}

void drop_cancelled_timers(LoopState* state) {
  // Many cancelled timers are removed at once; else only those that have come to the top.
  if (state->timers.size() > 100 && state->cancelled_timers * 2 > state->timers.size()) {
    state->cancelled_timers = 0;
    state->timers.remove_if(is_cancelled_timer);
    return;
  }
  while (!state->timers.empty() && is_cancelled_timer(state->timers.top())) {
    if (state->cancelled_timers) --state->cancelled_timers;
    release_timer(state->timers.pop());
  }
}

bool queue_due_timers(Thread& thread, EventLoop* loop) {
  LoopState* state = loop->state;
  if (state->timers.empty()) return true;
  double end;
  if (!loop_time(thread, loop, end)) return false;
  end += clock_resolution;
  while (!state->timers.empty() && state->timers.top().when < end) {
    Timer timer = state->timers.pop();
    if (is_exact(timer.target, timer_handle_type)) {
      cast<Handle>(timer.target)->scheduled = false;
      decref(timer.argument);
      state->ready.push({JobKind::RunHandle, timer.target, {}, {}});
    } else {
      state->ready.push({JobKind::FinishSleep, timer.target, timer.argument, {}});
    }
  }
  return true;
}

// An exception leaves the loop: what raised it lives as long as its traceback, like the variables of a frame.
void keep_for_traceback(Thread& thread, Value target) {
  Frame* frame = thread.frame;
  if (!is_exception(thread.error) || !frame || !(frame->code->flags & CodeLibrary)) return;
  add_traceback(thread, frame->code, frame->offset(), frame->globals);
  Own<Dict> locals = new_dict(1);
  dict_set(locals.get(), intern("target"), target);
  cast<Traceback>(cast<ExceptionObject>(thread.error)->traceback)->locals = Value(locals.release());
}

bool run_job(Thread& thread, EventLoop* loop, Job job) {
  bool stays = true;
  switch (job.kind) {
  case JobKind::ThrowTask: thread.error = std::exchange(job.argument, Value()); [[fallthrough]];
  case JobKind::StepTask: stays = step_task(thread, cast<Task>(job.target)); break;
  case JobKind::WakeTask:
    job.argument = share(cast<Task>(job.target)->waiter).release(); // the step lets go of it
    stays = wake_task(thread, cast<Task>(job.target), job.argument);
    break;
  case JobKind::RunHandle: stays = run_handle(thread, cast<Handle>(job.target)); break;
  case JobKind::RunCallback: stays = run_callback(thread, loop, job); break;
  case JobKind::FinishSleep:
    if (!is_done(as_future(job.target))) stays = set_result(thread, as_future(job.target), job.argument);
    break;
  }
  if (thread.has_error() && stays) {
    // A step that could not even report its failure: as an exception in a callback.
    Ref error = take_error(thread);
    thread.error = error.release();
    stays = error_matches(thread, SystemExit_type) || error_matches(thread, KeyboardInterrupt_type)
                ? false
                : (write_unraisable(thread, job.target), true);
  }
  if (!stays) keep_for_traceback(thread, job.target);
  Value error = std::exchange(thread.error, Value()); // finalisers must not meet it
  decref(job.target);
  decref(job.argument);
  decref(job.context);
  thread.error = error;
  return stays;
}

// Waits until there is something to do. False: an exception is pending.
bool wait_for_work(Thread& thread, EventLoop* loop) {
  LoopState* state = loop->state;
  bool outside = state->poller.outside_work() > 0 || catches_signals() || others_may_act();
  if (state->timers.empty()) {
    if (!outside) return raise_deadlock(thread, loop);
    std::optional<IdleLoop> idle;
    if (state->poller.outside_work() == 0 && !catches_signals()) idle.emplace(state->poller, state->ready);
    state->poller.poll(thread, -1, state->ready);
    return true;
  }
  double when = state->timers.top().when;
  if (loop->custom_time) { // how long that is by its own clock
    double now;
    if (!loop_time(thread, loop, now)) return false;
    when = clock().now() + (when - now);
  }
  if (clock().is_virtual()) {
    if (!outside) {
      clock().advance_to(when);
      return true;
    }
    // Work outside goes on in real time: give it the chance to be first.
    state->poller.poll(thread, std::min(std::max(when - clock().now(), 0.0), 0.001), state->ready);
    if (state->ready.empty() && state->poller.outside_work() == 0 && !others_may_act())
      clock().advance_to(when);
    else if (state->ready.empty()) clock().sleep(thread, 0.001);
    return true;
  }
  double seconds = when - clock().now();
  if (seconds > 0) state->poller.poll(thread, seconds, state->ready);
  return true;
}

// What the debug mode says of a job that took too long.
std::string describe_job(Thread& thread, EventLoop* loop, Value target, Value argument) {
  Ref shown;
  if (is_task(target)) {
    shown = repr(thread, target);
  } else if (is_instance(target, handle_type)) {
    shown = repr(thread, target);
  } else {
    Own<Tuple> args = make_tuple({argument ? argument : None});
    shown = repr(thread, make_handle(handle_type, loop, target, args.value(), Ref()).value());
  }
  if (shown) return std::string(cast<Str>(shown)->view());
  clear_error(thread);
  return "?";
}

// Debug mode: a job that holds the loop up for slow_callback_duration is reported.
bool run_job_timed(Thread& thread, EventLoop* loop, const Job& job) {
  Ref target = share(job.target), argument = share(job.argument);
  double start = clock().now();
  bool stays = run_job(thread, loop, job);
  double took = clock().now() - start, limit = 0;
  ErrorShelter shelter(thread);
  Ref allowed = get_attr(thread, Value(loop), "slow_callback_duration");
  if (!allowed || !to_double(thread, allowed, limit)) clear_error(thread);
  else if (took >= limit)
    write_report(thread, fmt::format("Executing {} took {:.3f} seconds\n",
                                     describe_job(thread, loop, target, argument), took));
  return stays;
}

bool run_once(Thread& thread, EventLoop* loop, int& passes) {
  LoopState* state = loop->state;
  drop_cancelled_timers(state);
  if (state->ready.empty() && !loop->stopping) {
    if (!wait_for_work(thread, loop)) return false;
  } else if (state->active || (state->poller.outside_work() > 0 && ++passes >= passes_between_polls)) {
    // Sockets are looked at in every pass, so that programs see I/O in the order in which it happens.
    passes = 0;
    state->poller.poll(thread, 0, state->ready);
  }
  if (!queue_due_timers(thread, loop)) return false;
  for (size_t count = state->ready.size(); count > 0; --count) {
    Job job = state->ready.pop();
    if (!(loop->debug ? run_job_timed(thread, loop, job) : run_job(thread, loop, job))) return false;
    if (thread.breaker.load(std::memory_order_relaxed) && !handle_breaker(thread)) return false;
  }
  return thread.breaker.load(std::memory_order_relaxed) == 0 || handle_breaker(thread);
}

// The poller that a signal must wake: the main thread's loop, while it runs.
std::atomic<Poller*> main_poller{nullptr};
void wake_main_poller() {
  if (Poller* poller = main_poller.load()) poller->wake();
}

bool check_open(Thread& thread, EventLoop* loop) {
  if (!loop->closed) return true;
  return raise(thread, RuntimeError_type, "Event loop is closed");
}

} // namespace

bool run_forever(Thread& thread, EventLoop* loop) {
  if (!check_open(thread, loop)) return false;
  if (loop->runner) return raise(thread, RuntimeError_type, "This event loop is already running");
  if (thread.running_loop)
    return raise(thread, RuntimeError_type, "Cannot run the event loop while another loop is running");
  loop->runner = &thread;
  thread.running_loop = share(Value(loop)).release();
  Ref old_firstiter = Ref::steal(std::exchange(thread.asyncgen_firstiter, Value()));
  Ref old_finalizer = Ref::steal(std::exchange(thread.asyncgen_finalizer, Value()));
  Ref firstiter = get_attr(thread, Value(loop), "_asyncgen_firstiter_hook");
  Ref finalizer = firstiter ? get_attr(thread, Value(loop), "_asyncgen_finalizer_hook") : Ref();
  bool stays = static_cast<bool>(finalizer);
  thread.asyncgen_firstiter = firstiter.release();
  thread.asyncgen_finalizer = finalizer.release();

  bool is_main = is_main_thread(thread);
  if (is_main) {
    main_poller = &loop->state->poller;
    interrupt_wakeup = wake_main_poller;
  }
  uint32_t old_depth = thread.origin_depth;
  if (loop->debug) thread.origin_depth = debug_stack_depth;
  int passes = 0;
  while (stays) {
    stays = run_once(thread, loop, passes);
    if (loop->stopping) break;
  }
  if (is_main) main_poller = nullptr;

  thread.origin_depth = old_depth;
  loop->stopping = false;
  loop->runner = nullptr;
  Value error = std::exchange(thread.error, Value());
  assign(thread.asyncgen_firstiter, std::move(old_firstiter));
  assign(thread.asyncgen_finalizer, std::move(old_finalizer));
  clear_field(thread.running_loop);
  thread.error = error;
  return stays;
}

// --- methods
// --------------------------------------------------------------------------------------------------------

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
  if (!callback)
    return raise_type_error(
        thread, fmt::format("BaseEventLoop.{}() missing 1 required positional argument: 'callback'", method));
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
  if (!args[1])
    return raise_type_error(
        thread, "BaseEventLoop.call_at() missing 2 required positional arguments: 'when' and 'callback'");
  if (args[2] && args[1].is_none()) return raise_type_error(thread, "when cannot be None");
  double when = 0;
  if (args[2] && !to_double(thread, args[1], when)) return Ref();
  return schedule_at(thread, "call_at", as_loop(args[0]), when, args[2], args[3], args[4]);
}
Ref method_call_later(Thread& thread, const Value* args) {
  if (!args[1])
    return raise_type_error(
        thread, "BaseEventLoop.call_later() missing 2 required positional arguments: 'delay' and 'callback'");
  if (args[2] && args[1].is_none()) return raise_type_error(thread, "delay must not be None");
  EventLoop* loop = as_loop(args[0]);
  double when;
  if (!loop_time(thread, loop, when)) return Ref();
  if (args[1].is_double()) {
    when += args[1].as_double();
  } else if (args[2]) {
    Ref sum = binary_op(thread, BinaryOp::Add, Value::from_double(when), args[1]);
    if (!sum || !to_double(thread, sum, when)) return Ref();
  }
  if (loop->custom_timers && args[2]) {
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
  return schedule_at(thread, args[2] ? "call_at" : "call_later", as_loop(args[0]), when, args[2], args[3],
                     args[4]);
}
Ref method_time(Thread&, const Value*) { return share(Value::from_double(clock().now())); }

Ref method_create_future(Thread&, const Value* args) { return make_future(as_loop(args[0])); }

Ref method_create_task(Thread& thread, const Value* args) {
  EventLoop* loop = as_loop(args[0]);
  if (!check_open(thread, loop)) return Ref();
  if (!loop->task_factory || loop->task_factory.is_none()) {
    int eager = args[4] && !args[4].is_none() ? truthy(thread, args[4]) : 0;
    if (eager < 0) return Ref();
    return make_task(thread, loop, args[1], args[2], args[3], eager == 1);
  }
  Value values[5] = {args[0], args[1]};
  Str* keyword_names[3];
  uint32_t keywords = 0;
  const char* const texts[] = {"name", "context", "eager_start"};
  for (int i = 0; i < 3; ++i)
    if (args[2 + i]) {
      keyword_names[keywords] = intern(texts[i]);
      values[2 + keywords++] = args[2 + i];
    }
  Own<Tuple> kwnames = new_tuple(keywords);
  for (uint32_t i = 0; i < keywords; ++i) kwnames->items()[i] = share(Value(keyword_names[i])).release();
  return call(thread, loop->task_factory, CallArgs{values, 2, keywords ? kwnames.get() : nullptr});
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
    {"call_soon", "self, callback=None, /, *args, context=None", method_call_soon,
     "Call back on the next pass of the loop."},
    {"call_soon_threadsafe", "self, callback=None, /, *args, context=None", method_call_soon_threadsafe,
     "As call_soon, from any thread."},
    {"call_later", "self, delay=None, callback=None, /, *args, context=None", method_call_later,
     "Call back after delay seconds."},
    {"call_at", "self, when=None, callback=None, /, *args, context=None", method_call_at,
     "Call back at a time of loop.time()."},
    {"time", "def self", method_time, "Seconds on the loop's clock."},
    {"create_future", "def self", method_create_future, "A new Future of this loop."},
    {"create_task", "def self, coro, *, name=None, context=None, eager_start=None", method_create_task,
     "Run a coroutine as a Task."},
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
