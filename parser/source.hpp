#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "parser/parser.hpp"

namespace aspy {

/// Turns the bytes of a source file into UTF-8 with "\n" line ends: byte order mark, coding cookie (UTF-8,
/// ASCII and Latin-1), "\r\n" and "\r". The issue, if any, says what is wrong with the bytes.
std::optional<SyntaxIssue> decode_source(std::string_view bytes, std::string& text);

/// Only the line ends and null bytes, for text that is decoded already (it may hold surrogates).
std::optional<SyntaxIssue> normalise_text(std::string_view utf8, std::string& text);

} // namespace aspy
