// Entering functions and awaited coroutines, and leaving them: inline for the dispatch loop.
#pragma once

#include "vm/interpreter/interpreter.hpp"
#include "vm/memory/block_pool.hpp"
#include "vm/object/generator.hpp"

namespace aspy {

bool raise_too_deep(Thread& thread); // RecursionError; always false
// The far locals of a frame just pushed, for which there is room.
void lay_out_far(StackFrame* frame, Value* base);

// Pushes a stack frame for `code` with its locals bound at `base`; `function`, `globals`, `flags` and `extra`
// are the caller's to set. Null: RecursionError is pending (nothing released).
inline StackFrame* push_frame(Thread& thread, Code* code, Value* base, Frame* caller) {
  uint32_t depth = caller ? caller->depth + 1 : 1;
  StackFrame* frame = thread.frame_top;
  if (depth > thread.recursion_limit || frame == thread.frame_limit) [[unlikely]] {
    raise_too_deep(thread);
    return nullptr;
  }
  thread.frame_top = frame + 1;
  frame->ip = code->words.data();
  frame->regs = base + code->local_count;
  frame->code = code;
  frame->caller = caller;
  frame->make_plain(); // what it is besides, the caller and the next lines say
  frame->stack_end = frame->regs + code->temp_count + code->far_count;
  frame->depth = depth;
  if (code->far_count) [[unlikely]]
    lay_out_far(frame, base);
  return frame;
}

// Pushes the frame of `function`, whose code has `nargs` as its plain_args, with its arguments at `base`.
// Null if there is no room: then nothing has happened, and nothing is pending. The caller gives the reference
// to `function` to the frame.
inline StackFrame* enter_plain(Thread& thread, Function* function, Value* base, uint32_t nargs,
                               Frame* caller) {
  Code* code = function->code;
  Value* regs = base + code->local_count;
  Value* end = regs + code->temp_count;
  uint32_t depth = caller->depth + 1;
  StackFrame* frame = thread.frame_top;
  if (end > thread.stack_limit || depth > thread.recursion_limit || frame == thread.frame_limit) [[unlikely]]
    return nullptr;
  for (Value* slot = base + nargs; slot != regs; ++slot) *slot = Value();
  thread.frame_top = frame + 1;
  frame->ip = code->words.data();
  frame->regs = regs;
  frame->code = code;
  frame->globals = function->globals;
  frame->function = function;
  frame->caller = caller;
  frame->stack_end = end;
  frame->depth = depth;
  frame->make_plain();
  frame->extra = Value();
  return frame;
}

// Releases the locals of a stack frame, the last one first.
inline void release_locals(Frame* frame) {
  for (Value *slot = frame->regs, *first = slot - frame->code->local_count; slot != first;) {
    Value old = *--slot;
    if (!old.is_object()) continue;
    *slot = Value();
    decref(old);
  }
}

// Pops a frame that is_plain() and returns.
inline void leave_plain(Thread& thread, Frame* frame) {
  release_locals(frame);
  --thread.frame_top;
  decref(static_cast<Object*>(frame->function));
}

// Pops a stack frame that returns: no exception is pending, so only its variables are left to release.
// `returned` was taken out of a variable, perhaps: a frame object that outlives the frame still shows it.
inline void leave_frame(Thread& thread, Frame* frame, Value returned) {
  if (frame->has_object || static_cast<StackFrame*>(frame)->extra || frame->code->far_count) [[unlikely]] {
    int a = a_of(*frame->ip);
    if (frame->has_object && generic_op(op_of(*frame->ip)) == Op::Return && a < 0 && !frame->regs[a] &&
        !(frame->flags & FrameInit))
      frame->regs[a] = share(returned).release();
    return pop_frame(thread, frame);
  }
  release_locals(frame);
  --thread.frame_top;
  if (Function* function = frame->function) decref(static_cast<Object*>(function));
}

// Values behind a Generator: its registers, and an async generator's finaliser.
inline uint32_t generator_registers(const Code* code) {
  return code->local_count + code->temp_count + code->far_count + ((code->flags & CodeAsyncGenerator) != 0);
}
inline size_t generator_bytes(const Code* code) {
  return sizeof(Generator) + generator_registers(code) * sizeof(Value);
}

// A coroutine for `await f(...)` that the collector does not know, with what is the same for all of this
// code.
Generator* new_awaited_coroutine(Code* code);

// The coroutine of `await f(...)`, already entered from `caller`: `count` arguments at `base`, which fill the
// parameters exactly, move into it. Takes over `function`. The collector learns of it when it is first
// suspended.
inline Generator* enter_coroutine(Function* function, Value* base, uint32_t count, Frame* caller) {
  Code* code = function->code;
  auto* generator = static_cast<Generator*>(std::exchange(code->spare, nullptr));
  if (!generator) [[unlikely]]
    generator = new_awaited_coroutine(code);
  Value* slots = generator->registers();
  for (uint32_t i = 0; i < count; ++i) slots[i] = std::exchange(base[i], Value());
  Frame& frame = generator->frame;
  incref(static_cast<Object*>(code)); // the function may get another one
  frame.globals = function->globals;
  frame.function = function;
  frame.ip = code->words.data();
  frame.state = GeneratorState::Active;
  frame.caller = caller;
  frame.depth = caller->depth + 1;
  frame.stack_end = caller->stack_end;
  return generator;
}

// True for a coroutine that only the await knows in which it runs: it was never suspended (then the collector
// would know it) and nothing else refers to it.
inline bool is_only_awaited(const Generator* generator) {
  return generator->refcount == 1 && generator->gc_word == 0 && !generator->handled &&
         !generator->frame.has_object && !generator->frame.has_names;
}
// The end of such a coroutine, which returns: releases its variables, and keeps or frees its memory.
inline void retire_coroutine(Generator* generator) {
  Code* code = generator->frame.code;
  Function* function = generator->frame.function;
  for (uint32_t i = code->far_count; i-- > 0;) clear_field(generator->frame.regs[code->temp_count + i]);
  for (Value* slot = generator->frame.regs; slot != generator->registers();) clear_field(*--slot);
  if (!code->spare) [[likely]] {
    code->spare = generator;
  } else {
    pool_free(generator, generator_bytes(code));
  }
  decref(static_cast<Object*>(code));
  decref(static_cast<Object*>(function));
}

} // namespace aspy
