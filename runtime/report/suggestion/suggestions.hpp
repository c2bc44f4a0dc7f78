// "Did you mean": names like the one that was not found.
#pragma once

#include "vm/object/object.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace aspy {

// The candidate closest to `wrong`, or an empty string when none is close enough.
std::string closest_name(std::string_view wrong, const std::vector<std::string>& candidates);
// What to add to an error's message: ". Did you mean: 'x'?", ". Did you forget to import 'x'?", or nothing.
// `names`: also look at the variables of the frame that a NameError came from.
std::string suggestion_for(Thread& thread, Value exception, bool names = true);

// A keyword that was misspelt in the line of a SyntaxError.
struct KeywordTypo {
  std::string keyword;
  size_t column = 0, end = 0; // what it stands for: characters from 0, the last one excluded
};
// True when `line` reads well with a keyword in place of a similar word.
bool find_keyword_typo(std::string_view line, KeywordTypo& out);

} // namespace aspy
