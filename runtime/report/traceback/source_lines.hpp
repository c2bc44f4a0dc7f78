// Source lines for tracebacks and warnings: read from files when asked for, and kept for code that has no
// file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aspy {

struct Code;

// Keeps the text that `code`, and every function inside it, was compiled from (`-c`, a line typed at the
// prompt).
void remember_source(Code* code, std::string_view text);
void forget_sources();

// Line number `line` (from 1) without its line end. `code` may be null; False: not known.
bool source_line(const Code* code, std::string_view filename, uint32_t line, std::string& out);

} // namespace aspy
