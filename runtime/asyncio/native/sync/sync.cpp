#include "runtime/asyncio/native/sync/sync.hpp"

#include "vm/bytecode/code.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

// --- waiting -------------------------------------------------------------------------------------

namespace {

// The running loop, which the primitive belongs to from now on.
EventLoop* bind_loop(Thread& thread, LoopBound* primitive) {
  EventLoop* loop = running_loop(thread);
  if (!loop || primitive->loop == loop) return loop;
  if (!primitive->loop) {
    primitive->loop = Own<EventLoop>::share(loop).release();
    return loop;
  }
  Ref shown = repr(thread, Value(primitive));
  if (!shown) return nullptr;
  return raise(thread, RuntimeError_type,
               fmt::format("{} is bound to a different event loop", cast<Str>(shown)->view()));
}

} // namespace

NativeOutcome wait_in_line(Thread& thread, LoopBound* primitive, Deque*& waiters, Value& waiter, Ref& out) {
  EventLoop* loop = bind_loop(thread, primitive);
  if (!loop) return NativeOutcome::Raise;
  out = create_future(thread, loop);
  if (!out) return NativeOutcome::Raise;
  if (!waiters) waiters = make_deque().release();
  deque_append(waiters, out);
  waiter = share(out).release();
  return NativeOutcome::Wait;
}

Own<Future> leave_line(Deque* waiters, Value& waiter) {
  Own<Future> future = Own<Future>::steal(as_future(std::exchange(waiter, Value())));
  if (waiters) deque_discard(waiters, future.value());
  return future;
}

bool wake(Thread& thread, Value waiter, Value result) {
  if (!is_future(waiter) || is_done(as_future(waiter))) return false;
  if (!thread.has_error()) [[likely]] {
    set_result(thread, as_future(waiter), result);
    return true;
  }
  ErrorShelter shelter(thread);
  set_result(thread, as_future(waiter), result);
  return true;
}

bool wake_first(Thread& thread, Deque* waiters, Value result) {
  for (size_t i = 0; waiters && i < waiters->size; ++i)
    if (wake(thread, waiters->at(i), result)) return true;
  return false;
}

bool all_cancelled(Deque* waiters) {
  for (size_t i = 0; waiters && i < waiters->size; ++i)
    if (!is_future(waiters->at(i)) || !is_cancelled(as_future(waiters->at(i)))) return false;
  return true;
}

// --- subclasses ----------------------------------------------------------------------------------

Value override_of(Value self, Type& native, const char* method) {
  Type* type = type_of(self);
  if (!(type->flags & (TypeHeap | TypePatched))) [[likely]]
    return Value();
  Str* name = intern(method);
  Value found = type_lookup(type, name);
  if (!(native.flags & TypePatched)) return found == type_lookup(&native, name) ? Value() : found;
  bool is_native = is_exact(found, method_descriptor_type) ||
                   (is_exact(found, function_type) && (cast<Function>(found)->code->flags & CodeNative));
  return is_native ? Value() : found;
}

bool check_derived_self(Thread& thread, Value self, Type& type) {
  if (is_instance(self, type)) return true;
  return raise_type_error(
      thread, fmt::format("a '{}' object is needed, not '{}'", type.name->view(), type_name(self)));
}

NativeOutcome enter_step(Thread& thread, Type& native, NativeStep acquire, Value* locals, Ref received,
                         Ref& out) {
  Value& state = locals[1]; // None while it waits for a subclass's acquire()
  if (state.is_none()) {
    if (!received) return NativeOutcome::Raise;
    out = share(None);
    return NativeOutcome::Return;
  }
  if (!state && override_of(locals[0], native, "acquire")) {
    state = None;
    out = call_method(thread, locals[0], "acquire");
    return out ? NativeOutcome::Wait : NativeOutcome::Raise;
  }
  NativeOutcome outcome = acquire(thread, locals, std::move(received), out);
  if (outcome == NativeOutcome::Return) out = share(None);
  return outcome;
}

NativeOutcome exit_step(Thread& thread, Type& native, NativeFn release, const Value* locals, Ref& out) {
  if (!check_self(thread, locals[0], native)) return NativeOutcome::Raise;
  if (override_of(locals[0], native, "release")) {
    Ref released = call_method(thread, locals[0], "release");
    if (!released) return NativeOutcome::Raise;
  } else if (!release(thread, locals)) {
    return NativeOutcome::Raise;
  }
  out = share(None);
  return NativeOutcome::Return;
}

// --- types ---------------------------------------------------------------------------------------

Ref primitive_repr(Value self, const std::string& state, const Deque* waiters) {
  std::string waiting = waiters && waiters->size ? fmt::format(", waiters:{}", waiters->size) : "";
  return make_str(
      fmt::format("<{} object at {:#x} [{}{}]>", full_type_name(type_of(self)), self.bits, state, waiting));
}

void release_loop_bound(LoopBound* object) { clear_field(object->loop); }
void traverse_loop_bound(LoopBound* object, Visitor& visit) {
  attrs_traverse(object, visit);
  visit(static_cast<Object*>(object->loop));
}

void fill_primitive_slots(Slots& slots) {
  slots.construct = [](Thread&, Type* type, CallArgs) { return Ref::steal(Value(allocate_instance(type))); };
  slots.dealloc = [](Object* object) {
    gc_untrack(object);
    auto* primitive = static_cast<Primitive*>(object);
    clear_field(primitive->waiters);
    release_loop_bound(primitive);
    attrs_destroy(object);
    free_object(object);
  };
  slots.traverse = [](Object* object, Visitor& visit) {
    auto* primitive = static_cast<Primitive*>(object);
    traverse_loop_bound(primitive, visit);
    visit(static_cast<Object*>(primitive->waiters));
  };
  slots.clear = [](Object* object) {
    clear_field(static_cast<Primitive*>(object)->waiters);
    release_loop_bound(static_cast<Primitive*>(object));
    attrs_clear(object);
  };
}

Ref get_dict(Thread&, Value self) { return share(Value(attrs_dict(self.as_object()))); }
Ref get_bound_loop(Thread&, Value self) {
  EventLoop* loop = cast<LoopBound>(self)->loop;
  return loop ? share(Value(loop)) : share(None);
}
Ref get_waiters(Thread&, Value self) {
  Deque* waiters = cast<Primitive>(self)->waiters;
  return waiters ? share(Value(waiters)) : share(None);
}

} // namespace aspy
