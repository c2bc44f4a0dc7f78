#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aspy {

/// The character that `\N{...}` names, ASCII case ignored: algorithmic names (CJK, Hangul), the names of the
/// blocks in everyday use, and common aliases. Empty for names it does not know.
std::optional<char32_t> character_named(std::string_view name);

/// The name of a character, for the same characters; empty for the others.
std::string name_of_character(char32_t character);

} // namespace aspy
