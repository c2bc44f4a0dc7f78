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
// object itself; a call made from one copies its arguments to the stack.
#pragma once

#include "vm/bytecode/code.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/object.hpp"
#include "vm/object/thread.hpp"

namespace aspy {

struct Generator;

enum FrameFlag : uint8_t {
  FrameEntry = 1, // entered from C++: the loop ends when this frame does
  FrameInit = 2,  // runs __init__ for a class call: `extra` holds the instance, which is the call's result
  FrameRoot = 4,  // bottom of a chain of awaits that someone drives (thread.root)
};

struct Frame {
  const Word* ip = nullptr;       // saved before whatever may raise, call or suspend: at that instruction
  Value* regs = nullptr;          // R
  Code* code = nullptr;           // borrowed from the function (or from `extra`'s owner: see run_code)
  Dict* globals = nullptr;        // borrowed from the function
  Function* function = nullptr;   // owned; null for module code
  Frame* caller = nullptr;        // continues when this frame ends; null at the bottom
  Generator* generator = nullptr; // that this frame belongs to, borrowed; null on the stack
  Value* stack_end = nullptr;     // first free slot of the register stack while this frame runs
  Value extra;                    // owned: namespace of class bodies and exec; the instance under FrameInit
  Value object;                   // owned: the frame object, when a script asked for it
  uint32_t depth = 0;             // number of script frames below, for the recursion limit
  uint8_t flags = 0;

  uint32_t offset() const { return static_cast<uint32_t>(ip - code->words.data()); }
};

enum class GeneratorState : uint8_t { Created, Active, Finished };

// generator, coroutine and async generator: told apart by `type`. One allocation; registers behind it.
struct Generator : Object {
  Frame frame;
  // As the root of a chain: the innermost suspended generator, where a resume continues (itself when it
  // awaits no other one); null while the chain runs. That makes a resume independent of the depth of awaits.
  Generator* leaf = nullptr;
  Generator* previous_root = nullptr; // while driven: the root that was driven before
  Value own_handled;       // suspended inside an `except` block: the exception being handled there; owned
  Value inherited;         // while driven: the exception the driver was handling; owned
  Str* name = nullptr;     // __name__ when a script has set it, else null; owned
  Str* qualname = nullptr; // likewise
  Value finalizer;         // async generators: the hook to call instead of closing; owned
  Value origin;            // cr_origin; owned
  GeneratorState state = GeneratorState::Created;
  bool hooks_done = false;    // async generators: firstiter hook has been called
  bool running_async = false; // async generators: a step (asend, athrow, aclose) is under way
  bool closed = false;        // async generators

  Value* registers() { return reinterpret_cast<Value*>(this + 1); }
  bool is_suspended() const { return leaf != nullptr; }
};

inline Generator* as_generator(Value value) { return static_cast<Generator*>(value.as_object()); }

} // namespace aspy
