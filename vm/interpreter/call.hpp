// Running script code from C++, and what natives may ask about the code that called them.
// (call() and call_method() are declared in vm/object/slot/protocol.hpp.)
#pragma once

#include "vm/object/type/type.hpp"

namespace aspy {

struct Code;
struct Dict;
struct Frame;
struct Function;

// Runs module or exec/eval code. `ns` is where its names live: empty for the globals themselves. Raises.
Ref run_code(Thread& thread, Code* code, Dict* globals, Value ns = {});
// Runs a class body: calls a function of no arguments with `ns` as its namespace. Raises.
Ref run_function_with_namespace(Thread& thread, Value function, Value ns);

// Of the innermost script frame (null / empty outside script code). Borrowed.
Dict* current_globals(Thread& thread);
// locals(): the namespace of a class body or module (itself), a fresh dict of a function's variables.
Ref current_locals(Thread& thread);
// What zero-argument super() means in the innermost frame: its __class__ and first argument, borrowed.
// False with RuntimeError pending ("super(): no arguments" and its kin).
bool current_super_args(Thread& thread, Value& cls, Value& self);
// sys._getframe(depth): a frame object; ValueError("call stack is not deep enough").
Ref current_frame_object(Thread& thread, int depth);
// File and line of the script frame `level` levels up (1: the innermost), library frames left out; false when
// there is none.
bool caller_position(Thread& thread, int level, Code*& code, uint32_t& line, Dict*& globals);

extern Type frame_type;

} // namespace aspy
