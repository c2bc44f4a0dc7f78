// From syntax tree to bytecode.
#pragma once

#include "parser/parser.hpp"
#include "vm/bytecode/code.hpp"

#include <string>
#include <string_view>

namespace aspy {

struct CompileOptions {
  Mode mode = Mode::Exec;       // parser/parser.hpp
  bool top_level_await = false; // the REPL: module code becomes a coroutine when it awaits
  bool library = false;         // sets CodeLibrary on everything
  bool decoded = false;         // the source was a str: no coding cookie is looked at (eval, exec, compile)
  bool names_in_namespace =
      false; // module names live in the frame's namespace (exec and eval with separate locals)
  bool future_annotations = false; // as if the source began with `from __future__ import annotations`
};

// Parses and compiles. On failure returns null with SyntaxError (or IndentationError, TabError, MemoryError,
// RecursionError) pending. SyntaxWarnings go through the thread's warning machinery
// (vm/object/error/warnings.hpp).
Own<Code> compile(Thread& thread, std::string_view source, std::string_view filename,
                  const CompileOptions& options);

// Undoes private-name mangling's input: `__x` inside class `C` -> `_C__x`; other names unchanged.
std::string mangle(std::string_view class_name, std::string_view name);

} // namespace aspy
