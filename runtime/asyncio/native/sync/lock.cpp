// asyncio.Lock: mutual exclusion. Those who wait get it in the order in which they asked: release() wakes the
// first, and whoever comes before that one has run must queue up as well.
#include "runtime/asyncio/native/sync/sync.hpp"

#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <cstddef>

namespace aspy {

Type lock_type;

namespace {

struct LockObject : Primitive {
  bool locked = false;
};
LockObject* as_lock(Value value) { return cast<LockObject>(value); }

bool try_acquire(LockObject* lock) {
  if (lock->locked || !all_cancelled(lock->waiters)) return false;
  return lock->locked = true;
}

// The one at the head gets the lock, unless it knows that already.
void wake_head(Thread& thread, LockObject* lock) {
  if (lock->waiters && lock->waiters->size) wake(thread, lock->waiters->at(0), True);
}

enum { Self, Waiter };

NativeOutcome acquire(Thread& thread, Value* locals, Ref received, Ref& out) {
  if (!check_self(thread, locals[Self], lock_type)) return NativeOutcome::Raise;
  LockObject* lock = as_lock(locals[Self]);
  if (!locals[Waiter]) {
    if (!try_acquire(lock)) return wait_in_line(thread, lock, lock->waiters, locals[Waiter], out);
  } else {
    (void)leave_line(lock->waiters, locals[Waiter]);
    if (!received) {
      // A waiter that is cancelled after it was woken passes the wake-up on.
      if (error_matches(thread, CancelledError_type) && !lock->locked) wake_head(thread, lock);
      return NativeOutcome::Raise;
    }
    lock->locked = true;
  }
  out = share(True);
  return NativeOutcome::Return;
}

Ref method_release(Thread& thread, const Value* args) {
  LockObject* lock = as_lock(args[Self]);
  if (!lock->locked) return raise(thread, RuntimeError_type, "Lock is not acquired.");
  lock->locked = false;
  wake_head(thread, lock);
  return share(None);
}
Ref method_locked(Thread&, const Value* args) { return share(Value::from_bool(as_lock(args[Self])->locked)); }

constexpr NativeCoroutineDef coroutines[] = {
    {"Lock.acquire", "self", acquire, 1, "Wait until the lock is free, and take it."},
    {"Lock.__aenter__", "self", enters<lock_type, acquire>, 1},
    {"Lock.__aexit__", "self, exc_type, exc, tb", never_waits<exits<lock_type, method_release>>, 0},
    {nullptr, nullptr}};
constexpr NativeDef methods[] = {{"release", "def self", method_release, "Give the lock back."},
                                 {"locked", "def self", method_locked, "Is the lock held?"},
                                 {nullptr}};

bool init(Thread& thread, Value, CallArgs call) {
  BoundArgs args;
  return bind_args(thread, "Lock.__init__", "def", call, args);
}
Ref lock_repr(Thread&, Value self) {
  return primitive_repr(self, as_lock(self)->locked ? "locked" : "unlocked", as_lock(self)->waiters);
}

Ref get_locked(Thread& thread, Value self) { return method_locked(thread, &self); }
constexpr GetSetDef attributes[] = {{"__dict__", get_dict},
                                    {"_loop", get_bound_loop},
                                    {"_waiters", get_waiters},
                                    {"_locked", get_locked},
                                    {nullptr, nullptr}};

const TypeSpec spec{.name = "asyncio.locks.Lock",
                    .instance_size = sizeof(LockObject),
                    .flags = TypePlainName | TypeOpen | TypeTracked | TypeWeakRefs,
                    .attrs_offset = offsetof(LockObject, attrs),
                    .methods = methods,
                    .getset = attributes,
                    .doc = "Mutual exclusion; those who wait get it in the order in which they asked."};

} // namespace

void init_lock_type(Thread& thread) {
  Slots& slots = lock_type.slots;
  fill_primitive_slots(slots);
  slots.init = init;
  slots.repr = lock_repr;
  make_ready(lock_type, spec);
  add_native_coroutines(thread, lock_type, coroutines, "asyncio.locks");
}

} // namespace aspy
