// asyncio.sleep.
#include "runtime/asyncio/native/coroutines.hpp"

#include "runtime/asyncio/native/core/event_loop.hpp"
#include "vm/interpreter/operation/import.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <cmath>

namespace aspy {

namespace {

enum { Delay, Result, Step };

// delay <= 0, of any type: 1, 0; -1 raised.
int is_over(Thread& thread, Value delay) {
  if (delay.is_int()) return delay.as_int() <= 0;
  if (delay.is_double()) return delay.as_double() <= 0;
  Ref answer = compare(thread, delay, Value::from_int(0), CompareOp::Le);
  return answer ? truthy(thread, answer) : -1;
}

// A loop class with timers of its own sees the sleep as a call_later().
NativeOutcome sleep_by_method(Thread& thread, EventLoop* loop, Value* locals, const Ref& future) {
  Str* name = intern("_set_result_unless_cancelled");
  Own<Tuple> wanted = make_tuple({Value(name)});
  Ref module = import_name(thread, intern("asyncio.futures"), None, wanted.value(), 0);
  Ref setter = module ? get_attr(thread, module, name) : Ref();
  Ref handle =
      setter ? call_method(thread, Value(loop), "call_later", {locals[Delay], setter, future, locals[Result]})
             : Ref();
  if (!handle) return NativeOutcome::Raise;
  locals[Step] = handle.release();
  return NativeOutcome::Wait;
}

NativeOutcome begin_sleep(Thread& thread, Value* locals, Ref& out) {
  int over = is_over(thread, locals[Delay]);
  if (over < 0) return NativeOutcome::Raise;
  if (over && locals[Result].is_none()) return NativeOutcome::Turn;
  if (over) {
    locals[Step] = Value::from_int(1);
    out = share(Value(&native_turn));
    return NativeOutcome::Wait;
  }
  double seconds = 0;
  if (!to_double(thread, locals[Delay], seconds)) return NativeOutcome::Raise;
  if (std::isnan(seconds)) {
    raise_value_error(thread, "Invalid delay: NaN (not a number)");
    return NativeOutcome::Raise;
  }
  EventLoop* loop = running_loop(thread);
  if (!loop) return NativeOutcome::Raise;
  out = create_future(thread, loop);
  if (!out) return NativeOutcome::Raise;
  if (loop->custom_timers) [[unlikely]]
    return sleep_by_method(thread, loop, locals, out);
  locals[Step] = Value::from_int(2);
  finish_at(loop, clock().now() + seconds, as_future(out), locals[Result]);
  return NativeOutcome::Wait;
}

NativeOutcome sleep_step(Thread& thread, Value* locals, Ref received, Ref& out) {
  bool begins = !locals[Step] && !received && !thread.has_error();
  if (begins) return begin_sleep(thread, locals, out);
  if (locals[Step].is_object()) { // the handle of a call_later()
    Ref error = take_error(thread);
    Ref cancelled = call_method(thread, locals[Step], names::cancel);
    if (!cancelled) return NativeOutcome::Raise;
    thread.error = error.release();
    if (!received) return NativeOutcome::Raise;
    out = std::move(received);
    return NativeOutcome::Return;
  }
  int step = locals[Step] ? static_cast<int>(locals[Step].as_int()) : 0;
  if (!received) { // cancelled: the timer is of no more use
    if (step == 2 && thread.running_loop) ++as_loop(thread.running_loop)->state->cancelled_timers;
    return NativeOutcome::Raise;
  }
  out = step == 1 ? share(locals[Result]) : std::move(received);
  return NativeOutcome::Return;
}

constexpr NativeCoroutineDef sleep_def{"sleep", "delay, result=None", sleep_step, 1,
                                       "Coroutine that completes after a given time (in seconds)."};

} // namespace

Ref sleep_function(Thread& thread) { return native_coroutine_function(thread, sleep_def, "asyncio.tasks"); }

} // namespace aspy
