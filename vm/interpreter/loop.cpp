// The dispatch loop: run() with its state and its ways in and out. The cases, one an instruction, are in
// loop/ by subject: they are text inside run(), because they share its variables and jump into each other.
//
// Rules that every case keeps:
//  1. `pc` is at the current instruction until NEXT. `frame->ip = pc` (SAVE) before anything that may raise,
//  call, run a
//     finaliser, or suspend.
//  2. An operand that is a temporary dies where it is read (vm/bytecode/opcodes.def). Fast paths on numbers
//  skip the release: numbers own nothing.
//  3. A register is overwritten before its old value is released: a finaliser may look.
//  4. `R`, `frame` and `pc` are the whole state; LOAD_FRAME refreshes the first and last from `frame`.
//  Registers never move while a frame lives.
//  5. On `goto error` an exception is pending and frame->ip is the raising instruction; temporaries may be
//  left as they are, unwinding clears them.
#include "vm/interpreter/interpreter.hpp"

#include "vm/bytecode/image.hpp"
#include "vm/bytecode/opcodes.hpp"
#include "vm/interpreter/frame_stack.hpp"
#include "vm/interpreter/generator/generator_methods.hpp"
#include "vm/interpreter/generator/native_await.hpp"
#include "vm/interpreter/generator/native_coroutine.hpp"
#include "vm/interpreter/operation/operations.hpp"
#include "vm/interpreter/thread/breaker.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/callable/signature.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

#include <array>
#include <cassert>
#include <cmath>

namespace aspy {

namespace {

// Words an instruction takes up, itself included.
constexpr uint8_t generic_size[] = {
#define ASPY_OP(name, format, cache, meaning) 1 + cache,
#include "vm/bytecode/opcodes.def"
#undef ASPY_OP
};
constexpr auto op_size = [] {
  std::array<uint8_t, op_count> sizes{};
  for (int i = 0; i < op_count; ++i) sizes[i] = generic_size[static_cast<int>(generic_forms[i])];
  return sizes;
}();
inline uint32_t size_of(Word word) { return op_size[word & 0xFF]; }

inline int32_t word_jump(const Word* pc) { return static_cast<int32_t>(pc[1]); }

// A call that only leaves out arguments with defaults: fills them in, and empties the other locals.
inline bool fill_defaults(const Function* function, Value* base, uint32_t nargs) {
  const Code* code = function->code;
  if (code->exact_args == Code::no_exact_args || nargs > code->arg_count || !function->defaults) return false;
  auto missing = code->arg_count - nargs;
  const Tuple* defaults = function->defaults;
  if (missing > defaults->size) return false;
  for (uint32_t i = 0; i < missing; ++i)
    base[nargs + i] = share((*defaults)[defaults->size - missing + i]).release();
  for (uint32_t i = code->arg_count; i < code->local_count; ++i) base[i] = Value();
  return true;
}
// The truth of None, a bool or an int: zero and what is tagged as false are not.
inline bool is_true_number(Value value) {
  return value.is_int() ? value.bits != Value::int_tag : value.is_true();
}

// The register that holds the awaitable while the instruction at `pc` is suspended.
inline int awaitable_register(Word word) { return b_of(word) + (op_of(word) == Op::AsyncForIter ? 1 : 0); }

// The result of the call at `pc` is awaited by the next instruction, and by nothing else.
inline bool awaits_result(const Word* pc) {
  Word next = pc[size_of(*pc)];
  return op_of(next) == Op::Await && b_of(next) == a_of(At{pc});
}

// The attributes of an instance whose type and shape are those that the cache at `pc` knows; null for any
// other value.
inline Attrs* cached_attrs(Value object, const Word* pc) {
  if (!object.is_object() || object.as_object()->type->version != pc[2]) return nullptr;
  auto* attrs = reinterpret_cast<Attrs*>(reinterpret_cast<char*>(object.as_object()) +
                                         object.as_object()->type->attrs_offset);
  return attrs->shape && attrs->shape->id == pc[3] ? attrs : nullptr;
}
// The same for a slot inside the instance, which the cache addresses from the header: that slot, or null.
inline Value* cached_inline_slot(Value object, const Word* pc) {
  if (!object.is_object() || object.as_object()->type->version != pc[2]) return nullptr;
  char* instance = reinterpret_cast<char*>(object.as_object());
  const Shape* shape = reinterpret_cast<Attrs*>(instance + pc[5])->shape;
  return shape && shape->id == pc[3] ? reinterpret_cast<Value*>(instance + pc[4]) : nullptr;
}

// Releases one of the loop's own variables. Always inline: a variable whose address was taken would not live
// in a register.
[[gnu::always_inline]] inline void drop(Value& variable) { decref(std::exchange(variable, Value())); }

// Releases what a call has left in its row, the last value first. Numbers may stay.
inline void clear_row(Value* first, Value* end) {
  while (end != first) {
    Value old = *--end;
    if (!old.is_object()) continue;
    *end = Value();
    decref(old);
  }
}

inline bool mod_floor(int64_t x, int64_t y, int64_t& out) {
  if (y == 0) return false;
  int64_t r = x % y;
  if (r != 0 && (r ^ y) < 0) r += y;
  out = r;
  return true;
}

} // namespace

#define SAVE() (frame->ip = pc)
#define LOAD_FRAME()                                                                                         \
  do {                                                                                                       \
    R = frame->regs;                                                                                         \
    pc = frame->ip;                                                                                          \
    thread.frame = frame;                                                                                    \
  } while (0)

#if defined(__GNUC__) && !defined(ASPY_SWITCH_DISPATCH)
#define CASE(name) label_##name
#define DISPATCH() goto* labels[*pc & 0xFF]
#else
#define CASE(name) case Op::name
#define DISPATCH() goto dispatch
#endif
#define NEXT(words)                                                                                          \
  do {                                                                                                       \
    pc += (words);                                                                                           \
    DISPATCH();                                                                                              \
  } while (0)

// Writes a result. A temporary is empty or holds a number when it is written: only a variable has something
// to release.
#define SET_RESULT(register_, owned_)                                                                        \
  do {                                                                                                       \
    Value* const result_ = R + (register_);                                                                  \
    if (result_ >= R) {                                                                                      \
      assert(!result_->is_object());                                                                         \
      *result_ = (owned_);                                                                                   \
    } else {                                                                                                 \
      Value old_ = *result_;                                                                                 \
      *result_ = (owned_);                                                                                   \
      if (old_.is_object()) {                                                                                \
        SAVE();                                                                                              \
        decref(old_);                                                                                        \
      }                                                                                                      \
    }                                                                                                        \
  } while (0)

// A case that is wholly out of line.
#define OUT_OF_LINE(name, function)                                                                          \
  CASE(name) : SAVE();                                                                                       \
  if (!function(thread, frame, R, pc)) goto error;                                                           \
  NEXT(op_size[static_cast<int>(Op::name)]);

RunOutcome run(Thread& thread, Frame* frame, Entry entry, Ref sent_in, Ref& out) {
  Frame* const outer = thread.frame; // restored on the way out
  Value* R;
  const Word* pc;

  // Shared by the jumps into common code below.
  Value value;                // owned: a result on its way
  Function* callee = nullptr; // owned: what enter_function calls
  Value* base = nullptr;      // its arguments, owned in place
  uint32_t nargs = 0;
  Tuple* kwnames = nullptr;
  uint8_t frame_flags = 0;
  Value frame_extra; // owned
  Generator* generator = nullptr;
  AwaitOutcome await_outcome;

#if defined(__GNUC__) && !defined(ASPY_SWITCH_DISPATCH)
  static const void* const labels[] = {
#define ASPY_OP(name, format, cache, meaning) &&label_##name,
#include "vm/bytecode/opcodes.def"
#undef ASPY_OP
#define ASPY_SPECIAL(name, generic) &&label_##name,
#include "vm/bytecode/specialized.def"
#undef ASPY_SPECIAL
  };
#endif

  LOAD_FRAME();
  if (entry == Entry::Resume) {
    value = sent_in.release();
    goto resume_leaf;
  }
  if (entry == Entry::Throw) goto throw_leaf;

#if defined(__GNUC__) && !defined(ASPY_SWITCH_DISPATCH)
  DISPATCH();
  {
#else
dispatch:
  switch (op_of(*pc)) {
  case Op::Count_: goto error;
#endif

// clang-format off: they stand in the order in which they are laid out in memory
#include "vm/interpreter/loop/attributes.inc"
#include "vm/interpreter/loop/calls.inc"
#include "vm/interpreter/loop/generators.inc"
#include "vm/interpreter/loop/jumps.inc"
#include "vm/interpreter/loop/operators.inc"
#include "vm/interpreter/loop/sequences.inc"
#include "vm/interpreter/loop/statements.inc"
#include "vm/interpreter/loop/variables.inc"
    // clang-format on
  }

error : {
  // An exception is pending; frame->ip is where it was raised.
  if (generic_op(op_of(*frame->ip)) == Op::AsyncForIter && error_matches(thread, StopAsyncIteration_type)) {
    clear_error(thread);
    LOAD_FRAME();
    goto async_for_end;
  }
  add_traceback(thread, frame->code, frame->offset(), frame->globals, frame);
}
unwind : {
  uint32_t at = frame->offset();
  Code* code = frame->code;
  for (const Handler& handler : code->handlers) {
    if (at < handler.start || at >= handler.end) continue;
    R = frame->regs;
    for (uint32_t i = code->temp_count; i-- > handler.depth;) clear_field(R[i]); // what came last goes first
    R[handler.depth] = std::exchange(thread.error, Value());
    frame->ip = code->words.data() + handler.handler;
    LOAD_FRAME();
    DISPATCH();
  }
  // No handler here: the frame ends.
  Frame* caller = frame->caller;
  uint8_t flags = frame->flags;
  Generator* owner = frame->generator();
  Value* end = frame->stack_end;
  bool was_async = false;
  if (!owner && !(flags & FrameEntry) && generic_op(op_of(*caller->ip)) == Op::LoadAttr)
    tell_property(thread, caller, frame);
  keep_locals(thread, frame);
  if (owner) {
    owner->frame.state = GeneratorState::Finished;
    owner->set_flag(Object::finalized);
    owner->frame.suspended = false;
    frame->caller = nullptr;
    was_async = owner->type == &async_generator_type;
    if (was_async) owner->frame.running_async = false;
    convert_stop_iteration(thread, owner);
    pop_frame(thread, frame);
    if (flags & FrameRoot) pop_root(thread, true);
  } else {
    pop_frame(thread, frame);
  }
  if (flags & FrameEntry) {
    thread.frame = outer;
    return RunOutcome::Raised;
  }
  frame = caller;
  if (owner && frame->in_generator) frame->stack_end = end;
  LOAD_FRAME();
  if (was_async) goto async_step_raised;
  goto error;
}
}

} // namespace aspy
