// BaseException and what derives from it.
#pragma once

#include "vm/object/attribute/shape.hpp"
#include "vm/object/type/type.hpp"

#include <string_view>

namespace aspy {

struct Tuple;
struct Code;
struct Str;
struct List;

// One entry of a traceback. Lists run from the outermost frame (head) to where the exception was raised.
struct Frame;

struct Traceback : Object {
  Traceback* next = nullptr;  // owned
  Traceback* outer = nullptr; // the entry that was put in front of this one; borrowed, empty when it is gone
  Code* code = nullptr;       // owned
  uint32_t instruction = 0;   // index into the code: gives line and columns
  bool ended = false;         // the exception has left the frame
  uint32_t given_line = 0;    // tb_lineno as the constructor got it; 0: by the instruction
  Value frame;                // frame object if one was made (tb_frame), owned
  Dict* globals = nullptr;    // owned: for tb_frame made later
  // What the frame left to it when it ended, owned: a dict (the namespace of a class body), or a tuple of the
  // variables with the tuple of its closure's cells, or None, behind them.
  Value locals;
  // Which frame it was and which one called it: addresses to compare with, as the frames may be gone.
  const Frame *origin = nullptr, *caller = nullptr;
};

struct ExceptionObject : Object {
  Attrs attrs;                   // __dict__
  Tuple* args = nullptr;         // owned
  Value traceback;               // Traceback or None/empty; owned
  Value cause, context;          // exceptions or empty; owned
  bool suppress_context = false; // notes are an ordinary attribute, __notes__
};

// Subclasses with fields of their own.
struct StopIterationObject : ExceptionObject {
  Value value;
}; // also SystemExit's code
struct OSErrorObject : ExceptionObject {
  Value errno_, strerror, filename, filename2, written;
};
struct SyntaxErrorObject : ExceptionObject {
  Value msg, filename, lineno, offset, text, end_lineno, end_offset, print_file_and_line, metadata;
};
struct NameErrorObject : ExceptionObject {
  Value name, owner;
}; // NameError, UnboundLocalError; owner: the frame's `self`
struct AttributeErrorObject : ExceptionObject {
  Value obj, name;
};
struct ImportErrorObject : ExceptionObject {
  Value msg, name, path, name_from;
};
struct UnicodeErrorObject : ExceptionObject {
  Value encoding, object, start, end, reason;
};
struct ExceptionGroupObject : ExceptionObject {
  Value message, exceptions;
};

#define ASPY_EXCEPTION(id, base) extern Type id##_type;
#include "vm/object/error/exceptions.def"
#undef ASPY_EXCEPTION
extern Type traceback_type;

inline bool is_exception(Value value) {
  return value.is_object() && (value.as_object()->type->flags & TypeIsException) != 0;
}
// True for a class that derives from BaseException.
bool is_exception_class(Value value);

// Leaves `exception` (an instance) pending, chained to the exception being handled.
void set_error(Thread& thread, Ref exception);

// Makes an instance by calling the class (so a script's __init__ runs).
Ref make_exception(Thread& thread, Value cls, CallArgs args);
// Raises StopIteration(value) without a call; `take_stop_value` consumes a pending StopIteration, giving its
// value (empty and still pending when the error is another).
bool raise_stop_iteration(Thread& thread, Value value); // always false
Ref take_stop_value(Thread& thread);
// Adds the place (code, instruction) in front of the pending exception's traceback.
void add_traceback(Thread& thread, Code* code, uint32_t instruction, Dict* globals,
                   const Frame* origin = nullptr);
// Sets __context__ of an exception about to be raised to the one being handled, avoiding cycles.
void chain_context(Thread& thread, ExceptionObject* exception);
// ExceptionGroup helpers for `except*`: splits by type; `match` and `rest` may be None. False: raised.
bool split_group(Thread& thread, Value exception, Value type, Ref& match, Ref& rest);
// What `except*` blocks leave: re-raises the collected parts (PEP 654). `original`, list of raised/unhandled
// parts.
Ref prepare_reraise_star(Thread& thread, Value original, List* parts);

// True when an `except` clause for `cls` (a class or a tuple of them) catches `exception`: by class, no hooks
// asked. -1: TypeError "catching classes that do not inherit from BaseException is not allowed".
int exception_matches(Thread& thread, Value exception, Value class_or_tuple);
// The line a traceback entry stands for.
uint32_t traceback_line(const Traceback* entry);
// A traceback entry's frame object; made by the interpreter when a script first asks (set at its start-up).
extern Ref (*make_traceback_frame)(Thread& thread, Traceback* entry);

} // namespace aspy
