// What asyncio's synchronisation primitives share. Each is a native type that looks like a class of the
// language: it can be derived from, its instances have a __dict__, and methods that a subclass overrides are
// heard.
//
// Waiting is the same everywhere: whoever must wait puts a future at the end of a deque and awaits it;
// whoever gives something up makes the first future done that is not. A waiter takes its future out of the
// deque itself, however its wait ended.
#pragma once

#include "runtime/asyncio/native/core/event_loop.hpp"
#include "runtime/modules/collections/deque.hpp"
#include "vm/interpreter/generator/native_coroutine.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/native.hpp"

#include <string>

namespace aspy {

// Belongs to the loop in which it first had to wait.
struct LoopBound : Object {
  Attrs attrs;               // __dict__
  EventLoop* loop = nullptr; // owned; null before
};
struct Primitive : LoopBound {
  Deque* waiters = nullptr; // owned; null before anybody had to wait
};

// --- waiting ---

// Puts a future of the running loop at the end of `waiters` (made when null) and into `waiter`, for the
// coroutine to wait for it: what its step returns. RuntimeError when the primitive belongs to another loop.
NativeOutcome wait_in_line(Thread& thread, LoopBound* primitive, Deque*& waiters, Value& waiter, Ref& out);
// The wait is over: takes the future out of the deque and out of `waiter`.
Own<Future> leave_line(Deque* waiters, Value& waiter);

// Makes a waiter done unless it is; false: it was. A pending exception stays as it is.
bool wake(Thread& thread, Value waiter, Value result);
// Wakes the first waiter that is not done; false: there is none.
bool wake_first(Thread& thread, Deque* waiters, Value result);
inline bool is_cancelled(const Future* future) { return future->state == FutureState::Cancelled; }
bool all_cancelled(Deque* waiters);

// --- subclasses ---

// What a subclass, or a script that changed the type, has put in place of the native type's method; empty
// when nobody has.
Value override_of(Value self, Type& native, const char* method);
// Functions can be called with anything: TypeError when a method's object is not of the type.
bool check_derived_self(Thread& thread, Value self, Type& type);
inline bool check_self(Thread& thread, Value self, Type& type) {
  return is_exact(self, type) || check_derived_self(thread, self, type);
}

// `async with`: __aenter__ is acquire(), __aexit__ is release(). Locals of the first: self and one register.
NativeOutcome enter_step(Thread& thread, Type& native, NativeStep acquire, Value* locals, Ref received,
                         Ref& out);
NativeOutcome exit_step(Thread& thread, Type& native, NativeFn release, const Value* locals, Ref& out);
// The same as steps for a type's table.
template <Type& native, NativeStep acquire>
NativeOutcome enters(Thread& thread, Value* locals, Ref received, Ref& out) {
  return enter_step(thread, native, acquire, locals, std::move(received), out);
}
template <Type& native, NativeFn release> NativeOutcome exits(Thread& thread, const Value* locals, Ref& out) {
  return exit_step(thread, native, release, locals, out);
}

// The step of a coroutine that never waits, from what it does.
template <NativeOutcome (*body)(Thread&, const Value*, Ref&)>
NativeOutcome never_waits(Thread& thread, Value* locals, Ref, Ref& out) {
  return body(thread, locals, out);
}

// --- types ---

// "<asyncio.locks.Lock object at 0x... [STATE, waiters:2]>"
Ref primitive_repr(Value self, const std::string& state, const Deque* waiters);
// Fills the slots of a type whose fields are Primitive's and numbers.
void fill_primitive_slots(Slots& slots);
void release_loop_bound(LoopBound* object);
void traverse_loop_bound(LoopBound* object, Visitor& visit);
// Attributes: __dict__, _loop, _waiters.
Ref get_dict(Thread& thread, Value self);
Ref get_bound_loop(Thread& thread, Value self);
Ref get_waiters(Thread& thread, Value self);

extern Type lock_type, event_type, semaphore_type, bounded_semaphore_type;
extern Type queue_type, priority_queue_type, lifo_queue_type;
extern Type QueueEmpty_type, QueueFull_type, QueueShutDown_type;

// An Event for another native to use.
Ref make_event(bool is_set);
void set_event(Thread& thread, Value event);
void clear_event(Value event);

void init_event_type(Thread& thread);
void init_lock_type(Thread& thread);
void init_semaphore_types(Thread& thread);
void init_queue_types(Thread& thread);

} // namespace aspy
