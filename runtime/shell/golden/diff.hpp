// A unified diff for people: what was expected against what came, line by line.
#pragma once

#include <string>
#include <string_view>

namespace aspy::shell {

struct DiffStyle {
  std::string_view expected_label = "expected";
  std::string_view actual_label = "actual";
  bool colour = false;      // ANSI colours: only for a terminal
  std::string_view indent;  // before every line
  unsigned context = 3;     // unchanged lines around a change
  unsigned max_lines = 120; // longer diffs are cut, and say so
};

// The diff of two texts, or "" when they are equal. Control characters are shown as escapes and a missing
// final newline is named, so that no difference is invisible.
std::string unified_diff(std::string_view expected, std::string_view actual, const DiffStyle& style);

} // namespace aspy::shell
