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
};

// Parses and compiles. On failure returns null with SyntaxError (or IndentationError, TabError, MemoryError, RecursionError) pending.
// SyntaxWarnings go through the thread's warning machinery (vm/object/warnings.hpp).
Own<Code> compile(Thread& thread, std::string_view source, std::string_view filename, const CompileOptions& options);

// Undoes private-name mangling's input: `__x` inside class `C` -> `_C__x`; other names unchanged.
std::string mangle(std::string_view class_name, std::string_view name);

} // namespace aspy
