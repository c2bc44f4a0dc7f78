// The dispatch loop and the few entries into it.
#pragma once

#include "vm/interpreter/frame/frame.hpp"

namespace aspy {

enum class RunOutcome : uint8_t { // the first three in the order of SendOutcome
  Yielded,  // the chain under the entry frame is suspended and yielded `out` to its driver
  Returned, // the entry frame returned: `out` is its value
  Raised,   // an exception is pending
  Stepped,  // the entry frame is an async generator that yielded `out` to whoever awaits its step
};

// How execution begins.
enum class Entry : uint8_t {
  Start,  // at frame->ip
  Resume, // at a suspended instruction, which receives `sent`
  Throw,  // at a suspended instruction, which raises the pending exception
};

// Runs `frame` until the frame marked FrameEntry below it ends or its chain suspends.
RunOutcome run(Thread& thread, Frame* frame, Entry entry, Ref sent, Ref& out);

// --- frames on the stack (vm/interpreter/call.cpp) ---

// Releases a row of values that may lie above the running frame, the last one first. They are taken off the
// stack before: what their finalisers run is put there.
void release_row(Value* row, size_t count);
// The first free slot of the register stack, above whatever runs now.
inline Value* stack_end(Thread& thread) { return thread.frame ? thread.frame->stack_end : thread.stack_base; }

// Lays out the arguments at `base` (owned there: `positional` values, then one for each of `kwnames`) as the
// locals of `function`: defaults, *args, **kwargs, keyword matching; the other locals become empty. False:
// TypeError is pending and the arguments have been released.
bool bind_arguments(Thread& thread, Function* function, Value* base, uint32_t positional, Tuple* kwnames);

// A generator object (generator, coroutine or async generator by the code's flags) for a call whose locals
// lie bound at `base`, which gives them up. Takes over `function`. One that is `awaited` at once, so that
// nobody else gets hold of it, is unknown to the collector until it suspends.
Ref make_generator(Thread& thread, Own<Function> function, Value* base, bool awaited = false);
// Tells the collector of the generators in the chain of awaits from `innermost` outwards that it does not
// know yet. Those outside of a known one are known.
void track_suspended(Frame* innermost);

// Releases what a stack frame owns (registers, function, extra) and pops it; generators' frames are released,
// not popped. Entering and leaving without anything special: vm/interpreter/frame_stack.hpp.
void pop_frame(Thread& thread, Frame* frame);
void release_registers(Frame* frame); // the last variable first
// A frame that ends by the pending exception leaves its variables to the exception's traceback, as CPython's
// frames do: they live as long as the traceback.
void keep_locals(Thread& thread, Frame* frame);

// --- generators (vm/interpreter/generator/generator.cpp) ---

// Makes `root` what the thread drives, and back. See Generator::handled.
void push_root(Thread& thread, Generator* root);
void pop_root(Thread& thread, bool finished);
// Drives one step of `generator` from C++ (it must be resumable). `Throw` raises the pending exception
// inside. `flags`: further ones for its frame.
RunOutcome drive(Thread& thread, Generator* generator, Entry entry, Ref sent, Ref& out, uint8_t flags = 0);
// A StopIteration that leaves a generator or coroutine becomes RuntimeError("generator raised
// StopIteration").
void convert_stop_iteration(Thread& thread, Generator* generator);
const char* generator_kind(const Generator* generator); // "generator", "coroutine", "async generator"

// --- async generators (vm/interpreter/generator/async_generator.cpp) -----------------------------
enum class StepKind : uint8_t { Send, Throw, Close };
// The awaitable of one step of an async generator: anext, asend, athrow, aclose.
struct AsyncStep : Object {
  Generator* generator = nullptr; // owned
  Value sent;                     // Send: the value; Throw: the exception; owned
  StepKind kind = StepKind::Send;
  bool started = false, finished = false;
};
// Prepares a step for being driven: checks and marks it started. False: raised.
bool begin_step(Thread& thread, AsyncStep* step);
// Turns how the async generator's frame left (its value or pending exception) into the step's outcome: true
// with the value in `value`, false with an exception pending (StopAsyncIteration at the end).
bool end_step(Thread& thread, StepKind kind, RunOutcome result, Ref& value);
Ref make_step(Generator* generator, StepKind kind, Value sent);
bool run_firstiter_hook(Thread& thread, Generator* generator);

} // namespace aspy
