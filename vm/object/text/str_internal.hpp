// What the files that make up str share among themselves (and with bytes and formatting). Not for other
// parts.
#pragma once

#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/text/str.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace aspy {

inline constexpr size_t max_str_size = 0xFFFF'FFF0; // sizes are 32 bits

// --- UTF-8 -------------------------------------------------------------------------------------------
inline bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }
// Bytes of the code point that begins with `first`.
inline uint32_t codepoint_size(char first) {
  auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}
size_t count_codepoints(std::string_view utf8);
bool is_ascii_text(std::string_view bytes);
// Size of the well-formed sequence at `at`; 0 when there is none: then `bad_length` bytes are to be reported,
// and why.
size_t check_utf8(const unsigned char* at, const unsigned char* end, size_t& bad_length, const char*& reason);

// --- ASCII --------------------------------------------------------------------------------------------
enum AsciiClass : uint8_t {
  AsciiUpper = 1,
  AsciiLower = 2,
  AsciiDigit = 4,
  AsciiSpace = 8,
  AsciiLineEnd = 16
};
// What each byte below 0x80 is; bytes beyond have no class.
inline constexpr auto ascii_classes = [] {
  std::array<uint8_t, 256> classes{};
  for (size_t c = 'A'; c <= 'Z'; ++c) classes[c] = AsciiUpper;
  for (size_t c = 'a'; c <= 'z'; ++c) classes[c] = AsciiLower;
  for (size_t c = '0'; c <= '9'; ++c) classes[c] = AsciiDigit;
  for (size_t c = 0x09; c <= 0x1F; ++c)
    if (c <= '\r' || c >= 0x1C) classes[c] = AsciiSpace;
  for (size_t c = 0x0A; c <= 0x1E; ++c)
    if (c <= '\r' || c >= 0x1C) classes[c] |= AsciiLineEnd;
  classes[' '] = AsciiSpace;
  return classes;
}();
inline bool has_class(char byte, unsigned classes) {
  return (ascii_classes[static_cast<unsigned char>(byte)] & classes) != 0;
}

// --- making -------------------------------------------------------------------------------------------
Own<Str> make_ascii_str(std::string_view ascii); // known to be ASCII
// A piece of `whole`: nothing is measured when that is ASCII.
inline Own<Str> make_part(const Str* whole, std::string_view part) {
  return whole->is_ascii ? make_ascii_str(part) : make_str(part);
}
// MemoryError when a text of so many bytes may not be made.
bool may_make_str(Thread& thread, size_t bytes);
void str_dealloc(Object* object);
// `a += b` where `a` is borrowed from the variable that is assigned the result: when nothing else refers to
// `a`, it grows in place, so that a loop of appends is linear. MemoryError.
Own<Str> str_append(Thread& thread, Str* a, Str* b);
// Index of the code point that begins at a byte offset.
uint32_t str_index_of_byte(Str* text, uint32_t offset);
// `text` itself when it is exactly a str, else a plain copy: what methods that change nothing return.
Own<Str> plain_str(Str* text);

// How messages about a wrong argument name what was given: None by itself, else its type.
std::string_view argument_type(Value value);

// --- slots and tables of str's parts ----------------------------------------------------------------------
Ref str_construct(Thread& thread, Type* type, CallArgs args);
Ref str_repr_slot(Thread& thread, Value self);
// Writes the quoted form of `utf8` to `out`; `ascii_only` escapes everything beyond ASCII, as ascii() does.
void append_quoted(std::string& out, std::string_view utf8, bool ascii_only);
// Appends `\xe9`, `\u20ac` or `\U0001f600`.
void append_escape(std::string& out, uint32_t c);
// Appends a printable ASCII character as it is, any other as an escape.
void append_plain_or_escape(std::string& out, uint32_t c);
// The tab size that expandtabs() is given (empty: 8), also of bytes. OverflowError, TypeError.
bool tab_size(Thread& thread, Value argument, int64_t& out);
Ref str_modulo(Thread& thread, Value format, Value args); // `format % args` (percent_format.cpp)

// Bodies of the methods, grouped by file; the table is in str_type.cpp.
// str_search.cpp
NativeBody str_method_find, str_method_rfind, str_method_index, str_method_rindex, str_method_count,
    str_method_startswith, str_method_endswith, str_method_replace, str_method_removeprefix,
    str_method_removesuffix, str_method_partition, str_method_rpartition;
// str_split.cpp
NativeBody str_method_split, str_method_rsplit, str_method_splitlines, str_method_join, str_method_strip,
    str_method_lstrip, str_method_rstrip;
// str_case.cpp
NativeBody str_method_lower, str_method_upper, str_method_title, str_method_capitalize, str_method_casefold,
    str_method_swapcase, str_method_isalnum, str_method_isalpha, str_method_isascii, str_method_isdecimal,
    str_method_isdigit, str_method_isidentifier, str_method_islower, str_method_isnumeric,
    str_method_isprintable, str_method_isspace, str_method_istitle, str_method_isupper;
// str_layout.cpp
NativeBody str_method_center, str_method_ljust, str_method_rjust, str_method_zfill, str_method_expandtabs,
    str_method_translate, str_method_maketrans;
// str_format.cpp, codecs.cpp
NativeBody str_method_format_map, str_method_format_spec, str_method_encode;
Ref str_method_format(Thread& thread, CallArgs args); // raw

} // namespace aspy
