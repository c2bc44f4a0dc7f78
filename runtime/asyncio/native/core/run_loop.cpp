// Running the event loop: what a pass does, and in which order.
#include "runtime/asyncio/native/core/event_loop.hpp"

#include "runtime/asyncio/native/core/deadlock.hpp"
#include "runtime/asyncio/native/core/handle.hpp"
#include "runtime/asyncio/native/core/task.hpp"
#include "runtime/asyncio/native/diagnosis/short_repr.hpp"
#include "runtime/loop/thread_watch.hpp"
#include "runtime/process/signals.hpp"
#include "runtime/report/output.hpp"
#include "vm/bytecode/code.hpp"
#include "vm/interpreter/frame/frame.hpp"
#include "vm/interpreter/thread/breaker.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace aspy {

namespace {

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

} // namespace

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

namespace {

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
  if (is_task(target) || is_instance(target, handle_type)) return shown(thread, target);
  Own<Tuple> args = make_tuple({argument ? argument : None});
  return shown(thread, make_handle(handle_type, loop, target, args.value(), Ref()).value());
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

} // namespace aspy
