// The source lines of a traceback entry, with `~~~^^^` below the part that failed.
#pragma once

#include <string>
#include <vector>

namespace aspy {

// `lines`: the source from the first to the last line of the instruction. `start` and `end` are UTF-8 byte
// columns in the first and the last of them. Returns what the traceback shows, indented by four spaces,
// ending in a newline; empty when there is nothing but blanks.
std::string source_with_carets(const std::vector<std::string>& lines, size_t start, size_t end);
// The same where no columns are known: the first line alone.
std::string source_without_carets(const std::string& line);

} // namespace aspy
