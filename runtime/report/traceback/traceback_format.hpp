// Exceptions as text: what an uncaught exception prints, byte for byte as CPython 3.14 writes it to a file.
#pragma once

#include "vm/bytecode/code.hpp"
#include "vm/object/object.hpp"

#include <climits>
#include <string>
#include <string_view>
#include <vector>

namespace aspy {

struct Traceback;

struct FormatOptions {
  bool chain = true;         // causes and contexts too
  int limit = INT_MAX;       // entries at most: the first ones, or the last ones when negative
  size_t group_width = 15;   // members of a group that are shown
  int group_depth = 10;      // groups inside groups that are shown
  bool use_traceback = true; // false: `traceback` below is shown instead of the exception's own
  Value traceback;
};

// The whole report, ending in a newline. Runs script code (__str__, __notes__) but never raises and never
// recurses deeply.
std::string format_exception(Thread& thread, Value exception, const FormatOptions& options = {});
// The same in the pieces that traceback.format_exception returns: headings, entries, lines of the message.
std::vector<std::string> format_exception_pieces(Thread& thread, Value exception,
                                                 const FormatOptions& options = {});
// The lines after the traceback: "ValueError: text" with notes; a SyntaxError's place.
std::vector<std::string> format_exception_only(Thread& thread, Value exception, bool show_group = false);

// One line of a stack.
struct StackEntry {
  std::string filename, name;
  Position position;          // line 0: not known
  const Code* code = nullptr; // for source lines; borrowed
  bool has_columns = true;
  std::string line; // the source, when it is given and not looked up
};
// The entries of a traceback, outermost first; library frames left out.
std::vector<StackEntry> stack_entries(const Traceback* first);
// "  File ..., line ..., in ..." and source, repeated lines cut short.
std::vector<std::string> format_stack(const std::vector<StackEntry>& entries, int limit = INT_MAX);
std::string format_entry(const StackEntry& entry);

// "Exception ignored in: ..." with the traceback. `message` replaces "Exception ignored in".
std::string format_unraisable(Thread& thread, Value exception, Value object, std::string_view message);

} // namespace aspy
