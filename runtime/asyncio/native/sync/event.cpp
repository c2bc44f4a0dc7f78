// asyncio.Event: a flag that tasks can wait for.
#include "runtime/asyncio/native/sync/sync.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <cstddef>

namespace aspy {

Type event_type;

namespace {

struct EventObject : Primitive {
  bool is_set = false;
};
EventObject* as_event(Value value) { return cast<EventObject>(value); }

enum { Self, Waiter };

NativeOutcome wait(Thread& thread, Value* locals, Ref received, Ref& out) {
  if (!check_self(thread, locals[Self], event_type)) return NativeOutcome::Raise;
  EventObject* event = as_event(locals[Self]);
  if (!locals[Waiter]) {
    if (!event->is_set) return wait_in_line(thread, event, event->waiters, locals[Waiter], out);
  } else {
    (void)leave_line(event->waiters, locals[Waiter]);
    if (!received) return NativeOutcome::Raise;
  }
  out = share(True);
  return NativeOutcome::Return;
}

Ref method_is_set(Thread&, const Value* args) {
  return share(Value::from_bool(as_event(args[Self])->is_set));
}
Ref method_set(Thread& thread, const Value* args) {
  set_event(thread, args[Self]);
  return share(None);
}
Ref method_clear(Thread&, const Value* args) {
  clear_event(args[Self]);
  return share(None);
}

constexpr NativeCoroutineDef coroutines[] = {{"Event.wait", "self", wait, 1, "Wait until the flag is set."},
                                             {nullptr, nullptr}};
constexpr NativeDef methods[] = {{"is_set", "def self", method_is_set, "Is the flag set?"},
                                 {"set", "def self", method_set, "Set the flag: everyone who waits goes on."},
                                 {"clear", "def self", method_clear, "Reset the flag."},
                                 {nullptr}};

bool init(Thread& thread, Value self, CallArgs call) {
  BoundArgs args;
  if (!bind_args(thread, "Event.__init__", "def", call, args)) return false;
  EventObject* event = as_event(self);
  if (!event->waiters) event->waiters = make_deque().release();
  return true;
}
Ref event_repr(Thread&, Value self) {
  return primitive_repr(self, as_event(self)->is_set ? "set" : "unset", as_event(self)->waiters);
}

Ref get_value(Thread& thread, Value self) { return method_is_set(thread, &self); }
constexpr GetSetDef attributes[] = {{"__dict__", get_dict},
                                    {"_loop", get_bound_loop},
                                    {"_waiters", get_waiters},
                                    {"_value", get_value},
                                    {nullptr, nullptr}};

const TypeSpec spec{.name = "asyncio.locks.Event",
                    .instance_size = sizeof(EventObject),
                    .flags = TypePlainName | TypeOpen | TypeTracked | TypeWeakRefs,
                    .attrs_offset = offsetof(EventObject, attrs),
                    .methods = methods,
                    .getset = attributes,
                    .doc = "A flag that tasks can wait for."};

} // namespace

Ref make_event(bool is_set) {
  auto* event = static_cast<EventObject*>(allocate_instance(&event_type));
  event->is_set = is_set;
  return Ref::steal(Value(event));
}

void set_event(Thread& thread, Value value) {
  EventObject* event = as_event(value);
  if (event->is_set) return;
  event->is_set = true;
  for (size_t i = 0; event->waiters && i < event->waiters->size; ++i)
    wake(thread, event->waiters->at(i), True);
}

void clear_event(Value event) { as_event(event)->is_set = false; }

void init_event_type(Thread& thread) {
  Slots& slots = event_type.slots;
  fill_primitive_slots(slots);
  slots.init = init;
  slots.repr = event_repr;
  make_ready(event_type, spec);
  add_native_coroutines(thread, event_type, coroutines, "asyncio.locks");
}

} // namespace aspy
