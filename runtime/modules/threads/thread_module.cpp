// The module _thread: threads, locks and thread-local data, for threading and concurrent.futures.
#include "runtime/importing/registry.hpp"
#include "runtime/loop/thread_watch.hpp"
#include "vm/interpreter/thread/breaker.hpp"
#include "vm/interpreter/thread/lock.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/struct_sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <chrono>
#include <condition_variable>
#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace aspy {

namespace {

// --- locks ---------------------------------------------------------------------------------------
// A script lock is only touched under the interpreter lock, but for the waiting.
struct Lock : Object {
  std::mutex mutex;
  std::condition_variable freed;
  bool held = false;
  bool reentrant = false;
  uint64_t owner = 0; // RLock: ident of the thread that holds it
  uint64_t count = 0; // RLock: how many times
};
Type lock_type, rlock_type;
Lock* as_lock(Value value) { return cast<Lock>(value); }

constexpr double forever = -1;

// 1 taken, 0 not within the time, -1 raised (a signal handler did).
int take(Thread& thread, Lock* lock, bool blocking, double timeout) {
  if (lock->reentrant && lock->held && lock->owner == thread.ident) {
    ++lock->count;
    return 1;
  }
  std::optional<EndlessWait> endless;
  auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout < 0 ? 0 : timeout);
  for (;;) {
    if (!lock->held) {
      lock->held = true;
      lock->owner = thread.ident;
      lock->count = 1;
      return 1;
    }
    if (!blocking) return 0;
    if (timeout < 0 && !endless) endless.emplace(lock->held);
    if (timeout >= 0 && std::chrono::steady_clock::now() >= deadline) return 0;
    {
      // In slices, so that signals are seen; the count of a waiting lock is not touched without the
      // interpreter lock.
      Unlocked unlocked(thread);
      std::unique_lock guard(lock->mutex);
      auto slice = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
      if (timeout >= 0)
        slice = std::min(slice, std::chrono::time_point_cast<std::chrono::steady_clock::duration>(deadline));
      lock->freed.wait_until(guard, slice);
    }
    if (thread.breaker.load() && !handle_breaker(thread)) return -1;
  }
}

bool give_back(Thread& thread, Lock* lock) {
  if (lock->reentrant) {
    if (!lock->held || lock->owner != thread.ident)
      return raise(thread, RuntimeError_type, "cannot release un-acquired lock");
    if (--lock->count > 0) return true;
  } else if (!lock->held) {
    return raise(thread, RuntimeError_type, "release unlocked lock");
  }
  {
    std::lock_guard guard(lock->mutex);
    lock->held = false;
    lock->owner = 0;
  }
  lock->freed.notify_one();
  return true;
}

Ref method_acquire(Thread& thread, const Value* args) {
  int blocking = args[1] ? truthy(thread, args[1]) : 1;
  if (blocking < 0) return Ref();
  double timeout = forever;
  if (args[2] && !to_double(thread, args[2], timeout)) return Ref();
  if (!blocking && timeout != forever)
    return raise_value_error(thread, "can't specify a timeout for a non-blocking call");
  if (timeout < 0 && timeout != forever)
    return raise_value_error(thread, "timeout value must be a non-negative number");
  if (timeout > 9223372036.0)
    return raise(thread, OverflowError_type, "timestamp out of range for platform time_t");
  int taken = take(thread, as_lock(args[0]), blocking == 1, timeout);
  if (taken < 0) return Ref();
  return share(Value::from_bool(taken == 1));
}
Ref method_release(Thread& thread, const Value* args) {
  if (!give_back(thread, as_lock(args[0]))) return Ref();
  return share(None);
}
Ref method_locked(Thread&, const Value* args) { return share(Value::from_bool(as_lock(args[0])->held)); }
Ref method_enter(Thread& thread, const Value* args) {
  if (take(thread, as_lock(args[0]), true, forever) < 0) return Ref();
  return share(True);
}
Ref method_exit(Thread& thread, const Value* args) {
  if (!give_back(thread, as_lock(args[0]))) return Ref();
  return share(None);
}
Ref method_is_owned(Thread& thread, const Value* args) {
  Lock* lock = as_lock(args[0]);
  return share(Value::from_bool(lock->held && lock->owner == thread.ident));
}
Ref method_release_save(Thread& thread,
                        const Value* args) { // gives the lock up wholly; returns how often it was held
  Lock* lock = as_lock(args[0]);
  if (!lock->held || lock->owner != thread.ident)
    return raise(thread, RuntimeError_type, "cannot release un-acquired lock");
  auto count = static_cast<int64_t>(std::exchange(lock->count, 1));
  if (!give_back(thread, lock)) return Ref();
  return share(Value::from_int(count));
}
Ref method_acquire_restore(Thread& thread, const Value* args) {
  if (take(thread, as_lock(args[0]), true, forever) < 0) return Ref();
  as_lock(args[0])->count = static_cast<uint64_t>(args[1].as_int());
  return share(None);
}
constexpr NativeDef lock_methods[] = {
    {"acquire", "self, /, blocking=True, timeout=-1", method_acquire,
     "Take the lock; False if that was not possible in time."},
    {"release", "self, /", method_release, "Give the lock back."},
    {"locked", "self, /", method_locked, "Is the lock held?"},
    {"acquire_lock", "self, /, blocking=True, timeout=-1", method_acquire, "An old name of acquire()."},
    {"release_lock", "self, /", method_release, "An old name of release()."},
    {"locked_lock", "self, /", method_locked, "An old name of locked()."},
    {"__enter__", "self, /", method_enter},
    {"__exit__", "self, type, value, traceback, /", method_exit},
    {nullptr}};
constexpr NativeDef rlock_methods[] = {{"acquire", "self, /, blocking=True, timeout=-1", method_acquire,
                                        "Take the lock; False if that was not possible in time."},
                                       {"release", "self, /", method_release, "Give the lock back."},
                                       {"locked", "self, /", method_locked, "Is the lock held?"},
                                       {"_is_owned", "self, /", method_is_owned},
                                       {"_release_save", "self, /", method_release_save},
                                       {"_acquire_restore", "self, count, /", method_acquire_restore},
                                       {"__enter__", "self, /", method_enter},
                                       {"__exit__", "self, type, value, traceback, /", method_exit},
                                       {nullptr}};

Ref lock_repr(Thread&, Value self) {
  Lock* lock = as_lock(self);
  const char* state = lock->held ? "locked" : "unlocked";
  if (lock->reentrant)
    return make_str(fmt::format("<{} _thread.RLock object owner={} count={} at {:#x}>", state, lock->owner,
                                lock->held ? lock->count : 0, reinterpret_cast<uintptr_t>(lock)));
  return make_str(fmt::format("<{} _thread.lock object at {:#x}>", state, reinterpret_cast<uintptr_t>(lock)));
}
void lock_dealloc(Object* object) {
  auto* lock = static_cast<Lock*>(object);
  lock->mutex.~mutex();
  lock->freed.~condition_variable();
  free_object(object);
}

// --- thread-local data ---------------------------------------------------------------------------
struct Local : Object {
  Attrs attrs; // of the thread that looks; swapped in on access
  Value dicts; // dict: thread ident -> its attributes; owned
  Value args;  // of the constructor, for __init__ in other threads; owned
};
Type local_type;

// The calling thread's attributes, made (and __init__ run) at its first access.
bool select_attributes(Thread& thread, Value self) {
  auto* local = cast<Local>(self);
  Value key = Value::from_int(static_cast<int64_t>(thread.ident));
  Dict* dicts = cast<Dict>(local->dicts);
  Value own = dict_get(thread, dicts, key);
  if (own) {
    if (attrs_dict(local) != cast<Dict>(own)) attrs_replace_dict(local, cast<Dict>(own));
    return true;
  }
  Own<Dict> fresh = new_dict();
  if (!dict_set(thread, dicts, key, fresh.value())) return false;
  attrs_replace_dict(local, fresh.get());
  auto* init = type_of(self)->slots.init;
  if (init && local->args && (type_of(self)->flags & TypeUserInit)) {
    Tuple* args = cast<Tuple>(local->args);
    return init(thread, self, CallArgs{args->items(), static_cast<uint32_t>(args->size), nullptr});
  }
  return true;
}

Ref local_construct(Thread& thread, Type* type, CallArgs call) {
  if ((call.count || call.kwnames) && !(type->flags & TypeUserInit))
    return raise_type_error(thread, "Initialization arguments are not supported");
  auto* local = static_cast<Local*>(allocate_instance(type));
  Ref result = Ref::steal(Value(local));
  local->dicts = Value(new_dict().release());
  local->args = Value(make_tuple(std::span<const Value>(call.args, call.count)).release());
  Own<Dict> fresh = new_dict();
  if (!dict_set(thread, cast<Dict>(local->dicts), Value::from_int(static_cast<int64_t>(thread.ident)),
                fresh.value()))
    return Ref();
  attrs_replace_dict(local, fresh.get());
  return result;
}
Ref local_get(Thread& thread, Value self, Str* name) {
  if (!select_attributes(thread, self)) return Ref();
  if (name == names::dunder_dict) return share(Value(attrs_dict(cast<Local>(self))));
  return generic_get_attr(thread, self, name);
}
bool local_set(Thread& thread, Value self, Str* name, Value value) {
  return select_attributes(thread, self) && generic_set_attr(thread, self, name, value);
}

// --- threads -------------------------------------------------------------------------------------
struct Start {
  Thread* state;
  Value function, args; // owned
};

void* thread_main(void* data) {
  auto* start = static_cast<Start*>(data);
  Thread* thread = start->state;
  bind_thread(thread);
  acquire_lock(*thread);
  {
    Tuple* args = cast<Tuple>(start->args);
    Ref result =
        call(*thread, start->function, CallArgs{args->items(), static_cast<uint32_t>(args->size), nullptr});
    if (!result) {
      if (error_matches(*thread, SystemExit_type)) clear_error(*thread);
      else write_unraisable(*thread, start->function, "Exception ignored in thread started by");
    }
  }
  clear_field(start->function);
  clear_field(start->args);
  delete start;
  thread_ended();
  end_thread(thread);
  return nullptr;
}

Ref start_new_thread(Thread& thread, const Value* args) {
  if (!is_callable(args[0])) return raise_type_error(thread, "first arg must be callable");
  if (!is_tuple(args[1])) return raise_type_error(thread, "2nd arg must be a tuple");
  Thread* state = new_thread();
  if (!state) return raise(thread, RuntimeError_type, "can't start new thread");
  state->recursion_limit = thread.recursion_limit;
  auto* start = new Start{state, share(args[0]).release(), share(args[1]).release()};
  uint64_t ident = state->ident;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t handle;
  int status = pthread_create(&handle, &attributes, thread_main, start);
  pthread_attr_destroy(&attributes);
  if (status != 0) {
    clear_field(start->function);
    clear_field(start->args);
    delete start;
    delete_thread(state);
    return raise(thread, RuntimeError_type, "can't start new thread");
  }
  thread_began();
  return share(Value::from_int(static_cast<int64_t>(ident)));
}

Ref get_ident(Thread& thread, const Value*) {
  return share(Value::from_int(static_cast<int64_t>(thread.ident)));
}
Ref get_native_id(Thread&, const Value*) { return share(Value::from_int(syscall(SYS_gettid))); }

constexpr NativeDef functions[] = {
    {"start_new_thread", "function, args, /", start_new_thread,
     "Run function(*args) in a new thread; returns its ident."},
    {"get_ident", "", get_ident, "A number that identifies the calling thread."},
    {"get_native_id", "", get_native_id, "The kernel's number of the calling thread."},
    {nullptr}};

const TypeSpec lock_spec{.name = "_thread.lock",
                         .instance_size = sizeof(Lock),
                         .flags = TypeWeakRefs | TypeFinal,
                         .methods = lock_methods};
const TypeSpec rlock_spec{
    .name = "_thread.RLock", .instance_size = sizeof(Lock), .flags = TypeWeakRefs, .methods = rlock_methods};
const TypeSpec local_spec{.name = "_thread._local",
                          .instance_size = sizeof(Local),
                          .flags = TypeTracked,
                          .attrs_offset = offsetof(Local, attrs)};

// What threading.excepthook gets.
Type hook_args_type;
const char* const hook_args_fields[] = {"exc_type", "exc_value", "exc_traceback", "thread"};

bool init(Thread&, Module* module) {
  static bool ready = false;
  if (!std::exchange(ready, true)) {
    for (Type* type : {&lock_type, &rlock_type}) {
      type->slots.construct = [](Thread& thread, Type* made, CallArgs call) -> Ref {
        const char* name = made->name->data();
        if (!refuse_keywords(thread, name, call) || !check_count(thread, name, call, 0, 0)) return Ref();
        auto* lock = static_cast<Lock*>(allocate_instance(made));
        new (&lock->mutex) std::mutex();
        new (&lock->freed) std::condition_variable();
        lock->reentrant = is_subtype(made, &rlock_type);
        return Ref::steal(Value(lock));
      };
      type->slots.dealloc = lock_dealloc;
      type->slots.repr = lock_repr;
    }
    make_ready(lock_type, lock_spec);
    make_ready(rlock_type, rlock_spec);
    Slots& local = local_type.slots;
    local.construct = local_construct;
    local.get_attr = local_get;
    local.set_attr = local_set;
    local.dealloc = [](Object* object) {
      gc_untrack(object);
      auto* self = static_cast<Local*>(object);
      attrs_destroy(object);
      clear_field(self->dicts);
      clear_field(self->args);
      free_object(object);
    };
    local.traverse = [](Object* object, Visitor& visit) {
      attrs_traverse(object, visit);
      visit(static_cast<Local*>(object)->dicts);
      visit(static_cast<Local*>(object)->args);
    };
    make_ready(local_type, local_spec);
  }
  init_struct_sequence(hook_args_type, {.name = "_thread._ExceptHookArgs", .fields = hook_args_fields});
  module_set(module, "_ExceptHookArgs", Value(&hook_args_type));
  module_set(module, "lock", Value(&lock_type));
  module_set(module, "LockType", Value(&lock_type));
  module_set(module, "allocate_lock", Value(&lock_type));
  module_set(module, "RLock", Value(&rlock_type));
  module_set(module, "_local", Value(&local_type));
  module_set(module, "error", Value(&RuntimeError_type));
  module_set(module, "TIMEOUT_MAX", Value::from_double(9223372036.0));
  return true;
}

} // namespace

const ModuleSpec _thread_module{"_thread", functions, init, "Threads and locks."};

} // namespace aspy
