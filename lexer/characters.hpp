#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Characters of source text, and what Unicode says of them: for the lexer, and for str's methods that must
/// agree with it.
namespace aspy {

/// The number of characters in valid UTF-8.
std::uint32_t count_characters(std::string_view utf8);

/// Decodes one character of valid UTF-8 and tells its length in bytes.
char32_t decode_character(std::string_view utf8, std::size_t at, std::size_t& length);

/// Unicode's XID_Start (and `_`): may an identifier begin with it?
bool starts_identifier(char32_t c);
/// Unicode's XID_Continue: may it stand in an identifier behind the first character?
bool continues_identifier(char32_t c);
/// The first character that cannot stand where it stands in an identifier, as a byte offset; npos if all can.
/// ASCII is taken on trust: the lexer's grammar has looked at it.
std::size_t invalid_identifier_character(std::string_view word);

/// Whether a character is shown as itself (Unicode's "printable"), as error messages and repr() need it.
bool is_printable(char32_t c);

} // namespace aspy
