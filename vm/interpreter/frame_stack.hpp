// The frame stack: entering a function and leaving it, inline for the dispatch loop.
#pragma once

#include "vm/interpreter/interpreter.hpp"

namespace aspy {

bool raise_too_deep(Thread& thread); // RecursionError; always false

// Pushes a stack frame for `code` with its locals bound at `base`; `function`, `globals`, `flags` and `extra` are the
// caller's to set. Null: RecursionError is pending (nothing released).
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
  frame->in_generator = frame->has_object = false;
  frame->stack_end = frame->regs + code->temp_count + code->far_count;
  frame->depth = depth;
  for (uint32_t i = 0; i < code->far_count; ++i) frame->regs[code->temp_count + i] = Value();
  return frame;
}

// Pops a stack frame that returns: no exception is pending, so only its variables are left to release.
inline void leave_frame(Thread& thread, Frame* frame) {
  if (frame->has_object || static_cast<StackFrame*>(frame)->extra || frame->code->far_count) [[unlikely]]
    return pop_frame(thread, frame);
  for (Value* slot = frame->regs - frame->code->local_count; slot != frame->regs; ++slot) {
    Value old = *slot;
    if (!old.is_object()) continue;
    *slot = Value();
    decref(old);
  }
  --thread.frame_top;
  if (Function* function = frame->function) decref(static_cast<Object*>(function));
}

} // namespace aspy
