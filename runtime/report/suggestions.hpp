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
std::string suggestion_for(Thread& thread, Value exception);

} // namespace aspy
