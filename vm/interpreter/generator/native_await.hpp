// `await f(...)` of a native coroutine function (native_coroutine.hpp) makes no coroutine object, because
// nobody could get hold of it. The body takes its first step at once, on the arguments where they lie, and is
// mostly done with that. One that has to wait for a future moves into a NativeAwait: what the coroutine would
// hold, without its frame. It lies in the awaitable register of the frame that awaits it, and nothing else
// refers to it; the collector knows it through that frame. One that only gives up its turn keeps nothing: the
// register holds the function. A script that asks what the frame awaits (cr_await) finds the coroutine: it is
// made then.
#pragma once

#include "vm/interpreter/frame/frame.hpp"

namespace aspy {

// Private to a register; never seen by scripts.
struct NativeAwait : Object {
  Function* function = nullptr; // owned
  Value awaited;                // what the body waits for, owned; empty while the body runs

  Value* locals() { return reinterpret_cast<Value*>(this + 1); } // function->code->local_count, owned
};
extern Type native_await_type;
inline bool is_native_await(Value value) {
  return value.is_object() && value.as_object()->type == &native_await_type;
}
// An awaitable register that holds a function: its coroutine has given up its turn.
inline bool is_native_turn(Value value) {
  return value.is_object() && value.as_object()->type == &function_type;
}

enum class AwaitOutcome : uint8_t {
  Yielded,  // `out` is for whoever drives the chain of awaits
  Returned, // the wait is over with `out`
  Raised,   // an exception is pending
  Entered,  // the body waits for something with a life of its own: `slot` holds the coroutine, at its Await
};

// Begins `await function(...)` in `frame`. The locals lie bound at `base`, on the register stack, and are
// given up. `slot` is the awaitable register, which is empty.
AwaitOutcome begin_native_await(Thread& thread, Frame* frame, Own<Function> function, Value* base,
                                Value& slot, Ref& out);
// Goes on with the NativeAwait in `slot`: `sent` is passed in, or the pending exception raised, where it
// waits.
AwaitOutcome continue_native_await(Thread& thread, Frame* frame, Value& slot, Value sent, Ref& out);

// The awaitable register of a generator that waits in a NativeAwait, or has given up its turn in one; null
// for any other.
Value* native_await_slot(Generator* generator);
// Puts the coroutine into `slot` of `generator`, which is suspended there, in the place of what stands for
// it. Does nothing while the body runs.
void materialize_native_await(Thread& thread, Generator* generator, Value& slot);
// The references of the NativeAwait in `slot`, if there is one, on behalf of the generator that it belongs
// to.
void traverse_native_await(Value slot, Visitor& visit);

} // namespace aspy
