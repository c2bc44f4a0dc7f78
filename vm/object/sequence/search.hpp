// Searching in plain bytes: shared by str (UTF-8 makes byte search exact) and bytes.
#pragma once

#include "vm/object/type/type.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aspy {

inline constexpr size_t not_found = std::string_view::npos;

// Offset of the first and the last occurrence; not_found if there is none.
size_t find_bytes(std::string_view text, std::string_view part);
size_t rfind_bytes(std::string_view text, std::string_view part);
// Occurrences that do not overlap, at most `limit`. `part` must not be empty.
size_t count_bytes(std::string_view text, std::string_view part, size_t limit = SIZE_MAX);
// Writes `text` with its first `hits` occurrences of `part` replaced to `out`, which has room for it; there
// are at least so many (count_bytes). `part` must not be empty.
void replace_bytes(std::string_view text, std::string_view part, std::string_view with, size_t hits,
                   char* out);

// An optional bound of a slice, as find() and startswith() take: None or empty leaves `out`; TypeError for
// what has no __index__.
bool slice_bound(Thread& thread, Value bound, int64_t& out);
// Makes start and stop count from the beginning and clamps them to 0..length.
void clamp_slice(int64_t& start, int64_t& stop, int64_t length);

} // namespace aspy
