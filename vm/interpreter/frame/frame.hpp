// Frame: one running or suspended piece of script code; Generator: the object that owns a suspendable one.
//
// Registers of plain functions lie on the thread's register stack, and overlap on purpose: the arguments that
// a caller built in its highest temporaries *are* the callee's first locals.
//
//     caller:  | locals | temporaries ... f  arg0 arg1 |
//     callee:                              | arg0 arg1 other locals | temporaries | far locals |
//                                                                   ^ R = frame->regs
//
// Stack slots that belong to no live register never own a reference (they are empty or hold a stale number),
// so temporaries of a new frame need no initialisation; its locals do. A generator's registers lie in the
// object itself; a call made from one, or from a frame that has far locals, copies its arguments above all
// that.
#pragma once

#include "vm/bytecode/code.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/object.hpp"
#include "vm/object/thread.hpp"

#include <cstddef>
#include <cstring>

namespace aspy {

struct Generator;

enum FrameFlag : uint8_t {
  FrameEntry = 1, // entered from C++: the loop ends when this frame does
  FrameInit = 2,  // runs __init__ for a class call: `extra` holds the instance, which is the call's result
  FrameRoot = 4,  // bottom of a chain of awaits that someone drives (thread.root)
  FrameLink = 8,  // a root that is closed for another one, which goes on with what it leaves in `handled`
};

enum class GeneratorState : uint8_t { Created, Active, Finished };

struct Frame {
  const Word* ip = nullptr; // saved before whatever may raise, call or suspend: at that instruction
  Value* regs = nullptr;    // R
  Code* code = nullptr;     // borrowed from the function
  Dict* globals = nullptr;  // borrowed from the function
  Function* function =
      nullptr;             // owned; null in modules, and in a generator that has ended and needs it no more
  Frame* caller = nullptr; // continues when this frame ends; null at the bottom
  Value* stack_end = nullptr; // first free slot of the register stack while this frame runs
  uint32_t depth = 0;         // number of script frames below, for the recursion limit
  // From here to `closed`: what is_plain() looks at as one word.
  uint16_t flags = 0;
  GeneratorState state = GeneratorState::Created; // of the generator that this frame belongs to
  bool in_generator : 1 = false;
  // Arguments of calls move above the frame: its registers are not on the stack, or something far lies there.
  bool calls_above : 1 = false;
  bool has_object : 1 = false; // a script asked for the frame object (vm/interpreter/frame/frame_object.hpp)
  // Of the generator; they are here because there is room.
  bool suspended : 1 = false;     // it is the root of a suspended chain, or not driven: `leaf` is valid
  bool has_names : 1 = false;     // a script has set its __name__ or __qualname__
  bool hooks_done : 1 = false;    // async: the firstiter hook has been called
  bool running_async : 1 = false; // async: a step (asend, athrow, aclose) is under way
  bool closed : 1 = false;        // async

  // Nothing has to be looked after when the frame ends but its locals and its function: it is on the stack,
  // was called by script code, has no far locals, no `extra`, and nobody asked for its frame object.
  bool is_plain() const {
    uint32_t word;
    std::memcpy(&word, &flags, sizeof word);
    return word == 0;
  }
  // For a frame just taken off the frame stack: nothing is known of what was there before.
  void make_plain() { std::memset(&flags, 0, sizeof(uint32_t)); }

  uint32_t offset() const { return static_cast<uint32_t>(ip - code->words.data()); }
  Generator* generator(); // that this frame belongs to; null on the stack
};

static_assert(offsetof(Frame, flags) % alignof(uint32_t) == 0 &&
              sizeof(Frame) == offsetof(Frame, flags) + sizeof(uint32_t));

// A frame on the thread's frame stack.
struct StackFrame : Frame {
  Value extra; // owned: namespace of class bodies and exec; the instance under FrameInit
};

// generator, coroutine and async generator: told apart by `type`. One allocation; registers behind it, and
// behind those of an async generator the hook to call instead of closing it (or empty). Kept small: a program
// may have a million of them.
struct Generator : Object {
  Frame frame;
  union {
    // While suspended, as the root of a chain: the innermost suspended generator, where a resume continues
    // (itself when it awaits no other one). That makes a resume independent of the depth of awaits.
    Generator* leaf = nullptr;
    // While driven: the root that was driven before.
    Generator* previous_root;
  };
  // While driven, as the root: the exception the driver was handling. Suspended inside an `except` block: the
  // exception being handled there. Owned.
  Value handled;

  Value* registers() { return reinterpret_cast<Value*>(this + 1); }
  bool is_suspended() const { return frame.suspended; }
  GeneratorState state() const { return frame.state; }
  Value& finalizer() { // async generators
    return frame.regs[frame.code->temp_count + frame.code->far_count];
  }
};

inline Generator* Frame::generator() {
  return in_generator ? reinterpret_cast<Generator*>(reinterpret_cast<char*>(this) - sizeof(Object))
                      : nullptr;
}

// The namespace of a class body or exec, or (FrameInit) the instance; empty in others.
inline Value extra_of(const Frame* frame) {
  return frame->in_generator ? Value() : static_cast<const StackFrame*>(frame)->extra;
}

inline Generator* as_generator(Value value) { return static_cast<Generator*>(value.as_object()); }

} // namespace aspy
