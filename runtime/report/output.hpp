// Writing text to what scripts call a file.
#pragma once

#include "vm/object/object.hpp"

#include <string_view>

namespace aspy {

// The native text file plugs in here: writes without a method call when `file` is exactly one of its own.
// 1: written, 0: not its own, -1: raised.
struct TextFileHooks {
  int (*write)(Thread& thread, Value file, std::string_view text) = nullptr;
  int (*flush)(Thread& thread, Value file) = nullptr;
};
extern TextFileHooks text_file_hooks;

// file.write(text), file.flush(). False: raised.
bool write_text(Thread& thread, Value file, std::string_view text);
bool flush_file(Thread& thread, Value file);
// sys.stdout / sys.stderr as they are now; empty when deleted or None.
Value standard_stream(std::string_view name);
// Writes a report to sys.stderr; nowhere if that is None, to file descriptor 2 when there is no sys.stderr or
// it fails. Never raises.
void write_report(Thread& thread, std::string_view text);

} // namespace aspy
