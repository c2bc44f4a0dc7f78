#include "runtime/asyncio/native/timeout.hpp"

#include "runtime/asyncio/native/core/task.hpp"
#include "runtime/asyncio/native/sync/sync.hpp"
#include "vm/interpreter/operation/import.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cstddef>
#include <fmt/format.h>

namespace aspy {

Type timeout_type;

namespace {

TimeoutObject* as_timeout(Value value) { return cast<TimeoutObject>(value); }

const char* state_name(TimeoutState state) {
  switch (state) {
  case TimeoutState::Created: return "created";
  case TimeoutState::Active: return "active";
  case TimeoutState::Expiring: return "expiring";
  case TimeoutState::Expired: return "expired";
  default: return "finished";
  }
}

void stop_timer(TimeoutObject* timeout) {
  if (!timeout->timer) return;
  cancel_handle(timeout->timer);
  clear_field(timeout->timer);
}

// Sets the timer for `when`.
bool start_timer(Thread& thread, TimeoutObject* timeout) {
  if (timeout->when.is_none()) return true;
  EventLoop* loop = running_loop(thread);
  double when = 0;
  if (!loop || !to_double(thread, timeout->when, when)) return false;
  Ref own = override_of(Value(timeout), timeout_type, "_on_timeout") || loop->custom_timers ||
                    loop->custom_call_soon
                ? get_attr(thread, Value(timeout), "_on_timeout")
                : share(Value(timeout));
  if (!own) return false;
  timeout->timer = schedule(thread, loop, when, own).release();
  return timeout->timer != nullptr;
}

} // namespace

Own<TimeoutObject> make_timeout(Value when) {
  auto* timeout = static_cast<TimeoutObject*>(allocate_instance(&timeout_type));
  timeout->when = share(when).release();
  return Own<TimeoutObject>::steal(timeout);
}

bool enter_timeout(Thread& thread, TimeoutObject* timeout) {
  if (timeout->state != TimeoutState::Created)
    return raise(thread, RuntimeError_type, "Timeout has already been entered");
  if (!running_loop(thread)) return false;
  if (!thread.current_task) return raise(thread, RuntimeError_type, "Timeout should be used inside a task");
  timeout->state = TimeoutState::Active;
  assign(timeout->task, share(thread.current_task));
  timeout->cancelling = cast<Task>(timeout->task)->cancel_requests;
  return start_timer(thread, timeout);
}

namespace {

// The deadline has come.
bool expire(Thread& thread, Value self, Value) {
  TimeoutObject* timeout = as_timeout(self);
  Ref cancelled = call_method(thread, timeout->task, names::cancel);
  if (!cancelled) return false;
  timeout->state = TimeoutState::Expiring;
  clear_field(timeout->timer);
  return true;
}

} // namespace

// --- leaving -------------------------------------------------------------------------------------

namespace {

// The TimeoutError that a cancellation becomes.
Ref make_timeout_error(Thread& thread, Value cancellation) {
  Ref made = call(thread, Value(&TimeoutError_type));
  if (!made) return made;
  auto* error = cast<ExceptionObject>(made);
  assign(error->cause, share(cancellation));
  assign(error->context, share(cancellation));
  error->suppress_context = true;
  return made;
}

// The block ended with an exception that was raised while the cancellation was handled: a TimeoutError goes
// between the two.
bool insert_timeout_error(Thread& thread, Value exception) {
  for (auto* error = cast<ExceptionObject>(exception); error->context;
       error = cast<ExceptionObject>(error->context)) {
    if (!is_instance(error->context, CancelledError_type)) continue;
    Ref between = make_timeout_error(thread, error->context);
    if (!between) return false;
    assign(error->context, std::move(between));
    return true;
  }
  return true;
}

} // namespace

bool exit_timeout(Thread& thread, TimeoutObject* timeout, Value exception) {
  stop_timer(timeout);
  if (timeout->state == TimeoutState::Active) timeout->state = TimeoutState::Finished;
  if (timeout->state != TimeoutState::Expiring) return true;
  timeout->state = TimeoutState::Expired;
  // Only our own cancellation is taken away.
  if (uncancel_task(cast<Task>(timeout->task)) > timeout->cancelling || !exception) return true;
  if (is_instance(exception, CancelledError_type)) {
    Ref error = make_timeout_error(thread, exception);
    if (error) thread.error = error.release();
    return false;
  }
  if (!insert_timeout_error(thread, exception)) return false;
  if (is_instance(exception, ExceptionGroup_type))
    for (Value part : cast<Tuple>(cast<ExceptionGroupObject>(exception)->exceptions)->view())
      if (!insert_timeout_error(thread, part)) return false;
  return true;
}

namespace {

// --- methods -------------------------------------------------------------------------------------

Ref method_on_timeout(Thread& thread, const Value* args) {
  return expire(thread, args[0], Value()) ? share(None) : Ref();
}

Ref method_when(Thread&, const Value* args) { return share(as_timeout(args[0])->when); }
Ref method_expired(Thread&, const Value* args) {
  TimeoutState state = as_timeout(args[0])->state;
  return share(Value::from_bool(state == TimeoutState::Expiring || state == TimeoutState::Expired));
}
Ref method_reschedule(Thread& thread, const Value* args) {
  TimeoutObject* timeout = as_timeout(args[0]);
  if (timeout->state == TimeoutState::Created)
    return raise(thread, RuntimeError_type, "Timeout has not been entered");
  if (timeout->state != TimeoutState::Active)
    return raise(thread, RuntimeError_type,
                 fmt::format("Cannot change state of {} Timeout", state_name(timeout->state)));
  assign(timeout->when, share(args[1]));
  stop_timer(timeout);
  return start_timer(thread, timeout) ? share(None) : Ref();
}
constexpr NativeDef methods[] = {
    {"when", "def self", method_when, "The deadline on the loop's clock, or None."},
    {"reschedule", "def self, when", method_reschedule, "Move the deadline; None: no limit."},
    {"expired", "def self", method_expired, "Has the deadline passed while the block ran?"},
    {"_on_timeout", "self, /", method_on_timeout},
    {nullptr}};

NativeOutcome enter(Thread& thread, const Value* locals, Ref& out) {
  if (!check_self(thread, locals[0], timeout_type) || !enter_timeout(thread, as_timeout(locals[0])))
    return NativeOutcome::Raise;
  out = share(locals[0]);
  return NativeOutcome::Return;
}
NativeOutcome exit(Thread& thread, const Value* locals, Ref& out) {
  Value exception = locals[2].is_none() ? Value() : locals[2];
  if (!check_self(thread, locals[0], timeout_type) || !exit_timeout(thread, as_timeout(locals[0]), exception))
    return NativeOutcome::Raise;
  out = share(None);
  return NativeOutcome::Return;
}
constexpr NativeCoroutineDef coroutines[] = {
    {"Timeout.__aenter__", "self", never_waits<enter>, 0},
    {"Timeout.__aexit__", "self, exc_type, exc_val, exc_tb", never_waits<exit>, 0},
    {nullptr, nullptr}};

Ref timeout_repr(Thread& thread, Value self) {
  TimeoutObject* timeout = as_timeout(self);
  std::string text = fmt::format("<Timeout [{}]", state_name(timeout->state));
  if (timeout->state == TimeoutState::Active) {
    Value when = timeout->when;
    Ref rounded = when.is_none() ? share(None) : call_method(thread, when, "__round__", {Value::from_int(3)});
    Ref shown = rounded ? repr(thread, rounded) : Ref();
    if (!shown) return shown;
    text += fmt::format(" when={}", cast<Str>(shown)->view());
  }
  return make_str(text + ">");
}

Ref construct(Thread&, Type* type, CallArgs) {
  auto* timeout = static_cast<TimeoutObject*>(allocate_instance(type));
  timeout->when = None;
  return Ref::steal(Value(timeout));
}
bool init(Thread& thread, Value self, CallArgs call) {
  BoundArgs args;
  if (!bind_args(thread, "Timeout.__init__", "def when", call, args)) return false;
  assign(as_timeout(self)->when, share(args[0]));
  return true;
}

void clear(Object* object) {
  auto* timeout = static_cast<TimeoutObject*>(object);
  clear_field(timeout->task);
  clear_field(timeout->timer);
  attrs_clear(object);
}
void dealloc(Object* object) {
  gc_untrack(object);
  auto* timeout = static_cast<TimeoutObject*>(object);
  clear_field(timeout->when);
  clear_field(timeout->task);
  clear_field(timeout->timer);
  attrs_destroy(object);
  free_object(object);
}
void traverse(Object* object, Visitor& visit) {
  auto* timeout = static_cast<TimeoutObject*>(object);
  attrs_traverse(object, visit);
  visit(timeout->task);
  visit(static_cast<Object*>(timeout->timer));
}

constexpr GetSetDef attributes[] = {{"__dict__", get_dict}, {nullptr, nullptr}};
const TypeSpec spec{.name = "asyncio.timeouts.Timeout",
                    .instance_size = sizeof(TimeoutObject),
                    .flags = TypePlainName | TypeOpen | TypeTracked | TypeWeakRefs,
                    .attrs_offset = offsetof(TimeoutObject, attrs),
                    .methods = methods,
                    .getset = attributes,
                    .doc = "Cancels the block that it guards at a deadline: it ends with TimeoutError."};

// --- wait_for(fut, timeout) ----------------------------------------------------------------------

enum { Awaited, Limit, Guard }; // Guard: the Timeout; None when it is all the helper's

NativeOutcome begin_wait_for(Thread& thread, Value* locals, Ref& out) {
  Value limit = locals[Limit];
  Ref when = share(None);
  if (!limit.is_none()) {
    int over = compare_bool(thread, limit, Value::from_int(0), CompareOp::Le);
    if (over < 0) return NativeOutcome::Raise;
    if (over) { // it must be done already, or is cancelled at once
      Own<Tuple> wanted = make_tuple({Value(intern("tasks"))});
      Ref module = import_name(thread, intern("asyncio.tasks"), None, wanted.value(), 0);
      locals[Guard] = None;
      out = module ? call_method(thread, module, "_wait_for_finished", {locals[Awaited]}) : Ref();
      return out ? NativeOutcome::Wait : NativeOutcome::Raise;
    }
    double seconds = 0, now = 0;
    EventLoop* loop = running_loop(thread);
    if (!loop || !to_double(thread, limit, seconds) || !loop_time(thread, loop, now))
      return NativeOutcome::Raise;
    when = share(Value::from_double(now + seconds));
  }
  Own<TimeoutObject> timeout = make_timeout(when);
  if (!enter_timeout(thread, timeout.get())) return NativeOutcome::Raise;
  locals[Guard] = Value(timeout.release());
  out = share(locals[Awaited]);
  return NativeOutcome::Wait;
}

NativeOutcome wait_for(Thread& thread, Value* locals, Ref received, Ref& out) {
  if (!locals[Guard]) return begin_wait_for(thread, locals, out);
  if (!locals[Guard].is_none()) {
    Ref error = take_error(thread);
    if (!exit_timeout(thread, as_timeout(locals[Guard]), error)) return NativeOutcome::Raise;
    thread.error = error.release();
  }
  out = std::move(received);
  return out ? NativeOutcome::Return : NativeOutcome::Raise;
}
constexpr NativeCoroutineDef wait_for_def{"wait_for", "fut, timeout", wait_for, 1,
                                          "Wait for an awaitable, but no longer than timeout seconds: then "
                                          "it is cancelled and TimeoutError raised."};

} // namespace

void init_timeout_type(Thread& thread) {
  Slots& slots = timeout_type.slots;
  slots.construct = construct;
  slots.init = init;
  slots.repr = timeout_repr;
  slots.dealloc = dealloc;
  slots.traverse = traverse;
  slots.clear = clear;
  make_ready(timeout_type, spec);
  self_in_timer = {&timeout_type, "_on_timeout", "Timeout._on_timeout()", expire};
  add_native_coroutines(thread, timeout_type, coroutines, "asyncio.timeouts");
}

Ref wait_for_function(Thread& thread) {
  return native_coroutine_function(thread, wait_for_def, "asyncio.tasks");
}

} // namespace aspy
