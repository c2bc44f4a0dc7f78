// "Did you mean": the name most like a mistyped one.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace aspy {

// The candidate closest to `wrong` when it is close enough to be suggested, else empty. A change of case
// costs half an insertion, deletion or substitution; about a third of the letters may differ. Names over 40
// bytes and lists of more than 750 are not compared. The view is the candidate's.
std::string_view closest_name(std::string_view wrong, std::span<const std::string_view> candidates);

// The end of a message about a wrong name: ". Did you mean 'x'?", or nothing.
std::string did_you_mean(std::string_view wrong, std::initializer_list<std::string_view> candidates);

} // namespace aspy
