// asyncio.Semaphore and BoundedSemaphore: a counter of permits. A permit that is given back goes straight to
// the first who waits: nobody who comes later can take it first.
#include "runtime/asyncio/native/sync/sync.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cstddef>
#include <fmt/format.h>

namespace aspy {

Type semaphore_type, bounded_semaphore_type;

namespace {

struct SemaphoreObject : Primitive {
  Value value; // permits: nearly always an int, but any number will do; owned
  Value bound; // BoundedSemaphore: the most there may be; owned, else empty
};
SemaphoreObject* as_semaphore(Value value) { return cast<SemaphoreObject>(value); }

// --- the counter; -1 and false: raised ---

bool add_permits(Thread& thread, SemaphoreObject* semaphore, int count) {
  if (semaphore->value.is_int()) [[likely]] {
    semaphore->value = Value::from_int(semaphore->value.as_int() + count);
    return true;
  }
  Ref sum = binary_op(thread, BinaryOp::Add, semaphore->value, Value::from_int(count));
  if (!sum) return false;
  assign(semaphore->value, std::move(sum));
  return true;
}
int has_permit(Thread& thread, SemaphoreObject* semaphore) {
  if (semaphore->value.is_int()) [[likely]]
    return semaphore->value.as_int() > 0;
  return compare_bool(thread, semaphore->value, Value::from_int(0), CompareOp::Gt);
}
int is_locked(Thread& thread, SemaphoreObject* semaphore) {
  if (!all_cancelled(semaphore->waiters)) return 1;
  if (semaphore->value.is_int()) [[likely]]
    return semaphore->value.as_int() == 0;
  return equals(thread, semaphore->value, Value::from_int(0));
}

// Gives a permit to the first who waits; 0: nobody does.
int pass_permit(Thread& thread, SemaphoreObject* semaphore) {
  Deque* waiters = semaphore->waiters;
  for (size_t i = 0; waiters && i < waiters->size; ++i)
    if (wake(thread, waiters->at(i), True)) return add_permits(thread, semaphore, -1) ? 1 : -1;
  return 0;
}
// Gives out what permits there are: some of those who wait came while others were being served.
bool pass_permits(Thread& thread, SemaphoreObject* semaphore) {
  for (;;) {
    int more = has_permit(thread, semaphore);
    if (more > 0) more = pass_permit(thread, semaphore);
    if (more <= 0) return more == 0;
  }
}

// --- methods ---

enum { Self, Waiter };

// 1 taken, 0 not, -1 raised.
int try_acquire(Thread& thread, SemaphoreObject* semaphore) {
  int locked;
  if (override_of(Value(semaphore), semaphore_type, "locked")) {
    Ref answer = call_method(thread, Value(semaphore), "locked");
    locked = answer ? truthy(thread, answer) : -1;
  } else {
    locked = is_locked(thread, semaphore);
  }
  if (locked) return locked < 0 ? -1 : 0;
  return add_permits(thread, semaphore, -1) ? 1 : -1;
}

NativeOutcome acquire(Thread& thread, Value* locals, Ref received, Ref& out) {
  if (!check_self(thread, locals[Self], semaphore_type)) return NativeOutcome::Raise;
  SemaphoreObject* semaphore = as_semaphore(locals[Self]);
  if (!locals[Waiter]) {
    int taken = try_acquire(thread, semaphore);
    if (taken < 0) return NativeOutcome::Raise;
    if (!taken) return wait_in_line(thread, semaphore, semaphore->waiters, locals[Waiter], out);
  } else {
    Own<Future> waiter = leave_line(semaphore->waiters, locals[Waiter]);
    if (!received) {
      Ref error = take_error(thread);
      // The permit was ours already: hand it on.
      bool ours =
          is_instance(error, CancelledError_type) && is_done(waiter.get()) && !is_cancelled(waiter.get());
      if ((!ours || add_permits(thread, semaphore, 1)) && pass_permits(thread, semaphore))
        thread.error = error.release();
      return NativeOutcome::Raise;
    }
    if (!pass_permits(thread, semaphore)) return NativeOutcome::Raise;
  }
  out = share(True);
  return NativeOutcome::Return;
}

Ref method_release(Thread& thread, const Value* args) {
  SemaphoreObject* semaphore = as_semaphore(args[Self]);
  if (semaphore->bound) {
    int full = compare_bool(thread, semaphore->value, semaphore->bound, CompareOp::Ge);
    if (full < 0) return Ref();
    if (full) return raise_value_error(thread, "BoundedSemaphore released too many times");
  }
  if (!add_permits(thread, semaphore, 1) || pass_permit(thread, semaphore) < 0) return Ref();
  return share(None);
}
Ref method_locked(Thread& thread, const Value* args) {
  int locked = is_locked(thread, as_semaphore(args[Self]));
  return locked < 0 ? Ref() : share(Value::from_bool(locked));
}

constexpr NativeCoroutineDef coroutines[] = {
    {"Semaphore.acquire", "self", acquire, 1, "Take a permit, waiting for one."},
    {"Semaphore.__aenter__", "self", enters<semaphore_type, acquire>, 1},
    {"Semaphore.__aexit__", "self, exc_type, exc, tb", never_waits<exits<semaphore_type, method_release>>, 0},
    {nullptr, nullptr}};
constexpr NativeDef methods[] = {{"release", "def self", method_release, "Give a permit back."},
                                 {"locked", "def self", method_locked, "Would acquire() have to wait?"},
                                 {nullptr}};

// --- construction and text ---

bool init_semaphore(Thread& thread, Value self, CallArgs call, const char* name, bool bounded) {
  BoundArgs args;
  if (!bind_args(thread, name, "def value=1", call, args)) return false;
  Value value = args[0] ? args[0] : Value::from_int(1);
  int negative = compare_bool(thread, value, Value::from_int(0), CompareOp::Lt);
  if (negative < 0) return false;
  if (negative) return raise_value_error(thread, "Semaphore initial value must be >= 0");
  SemaphoreObject* semaphore = as_semaphore(self);
  assign(semaphore->value, share(value));
  if (bounded) assign(semaphore->bound, share(value));
  return true;
}

void dealloc(Object* object) {
  auto* semaphore = static_cast<SemaphoreObject*>(object);
  gc_untrack(object);
  clear_field(semaphore->value);
  clear_field(semaphore->bound);
  clear_field(semaphore->waiters);
  release_loop_bound(semaphore);
  attrs_destroy(object);
  free_object(object);
}

Ref semaphore_repr(Thread& thread, Value self) {
  SemaphoreObject* semaphore = as_semaphore(self);
  int locked = is_locked(thread, semaphore);
  if (locked < 0) return Ref();
  if (locked) return primitive_repr(self, "locked", semaphore->waiters);
  Ref value = str(thread, semaphore->value);
  if (!value) return value;
  return primitive_repr(self, fmt::format("unlocked, value:{}", cast<Str>(value)->view()),
                        semaphore->waiters);
}

Ref get_value(Thread&, Value self) { return share(as_semaphore(self)->value); }
bool set_value(Thread& thread, Value self, Value value) {
  if (!value) return raise_type_error(thread, "the number of permits can't be deleted");
  assign(as_semaphore(self)->value, share(value));
  return true;
}
constexpr GetSetDef attributes[] = {{"__dict__", get_dict},
                                    {"_loop", get_bound_loop},
                                    {"_waiters", get_waiters},
                                    {"_value", get_value, set_value},
                                    {nullptr, nullptr}};
Ref get_bound(Thread&, Value self) {
  Value bound = as_semaphore(self)->bound;
  return share(bound ? bound : None);
}
bool set_bound(Thread&, Value self, Value value) {
  assign(as_semaphore(self)->bound, share(value));
  return true;
}
constexpr GetSetDef bounded_attributes[] = {{"_bound_value", get_bound, set_bound}, {nullptr, nullptr}};

const TypeSpec spec{.name = "asyncio.locks.Semaphore",
                    .instance_size = sizeof(SemaphoreObject),
                    .flags = TypePlainName | TypeOpen | TypeTracked | TypeWeakRefs,
                    .attrs_offset = offsetof(SemaphoreObject, attrs),
                    .methods = methods,
                    .getset = attributes,
                    .doc = "A counter of permits; acquire() waits when there is none."};
const TypeSpec bounded_spec{.name = "asyncio.locks.BoundedSemaphore",
                            .base = &semaphore_type,
                            .flags = TypePlainName | TypeOpen | TypeTracked | TypeWeakRefs,
                            .getset = bounded_attributes,
                            .doc = "A Semaphore that refuses more releases than acquisitions."};

} // namespace

void init_semaphore_types(Thread& thread) {
  Slots& slots = semaphore_type.slots;
  fill_primitive_slots(slots);
  slots.construct = [](Thread&, Type* type, CallArgs) {
    auto* semaphore = static_cast<SemaphoreObject*>(allocate_instance(type));
    semaphore->value = Value::from_int(1);
    return Ref::steal(Value(semaphore));
  };
  slots.dealloc = dealloc;
  slots.init = [](Thread& thread, Value self, CallArgs call) {
    return init_semaphore(thread, self, call, "Semaphore.__init__", false);
  };
  slots.repr = semaphore_repr;
  make_ready(semaphore_type, spec);
  add_native_coroutines(thread, semaphore_type, coroutines, "asyncio.locks");
  bounded_semaphore_type.slots.init = [](Thread& thread, Value self, CallArgs call) {
    return init_semaphore(thread, self, call, "BoundedSemaphore.__init__", true);
  };
  make_ready(bounded_semaphore_type, bounded_spec);
}

} // namespace aspy
