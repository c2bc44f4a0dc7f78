#include "lexer/characters.hpp"

#include <algorithm>
#include <span>
#include <utf8proc.h>

namespace aspy {

std::uint32_t count_characters(std::string_view utf8) {
  std::uint32_t count = 0;
  for (unsigned char c : utf8) count += (c & 0xC0) != 0x80;
  return count;
}

char32_t decode_character(std::string_view utf8, std::size_t at, std::size_t& length) {
  auto byte = [&](std::size_t i) {
    return char32_t(static_cast<unsigned char>(at + i < utf8.size() ? utf8[at + i] : 0));
  };
  char32_t first = byte(0);
  if (first < 0x80) return length = 1, first;
  if (first < 0xE0) return length = 2, (first & 0x1F) << 6 | (byte(1) & 0x3F);
  if (first < 0xF0) return length = 3, (first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  return length = 4, (first & 7) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
}

namespace {

struct Range {
  char32_t first, last;
};

// Where XID_Start and XID_Continue differ from what the general category says: Unicode's own lists of others,
// and letters whose compatibility form has a space in it.
constexpr Range start_exceptions[] = {
    {0x37A, 0x37A},   {0xE33, 0xE33},   {0xEB3, 0xEB3},   {0x1885, 0x1886}, {0x2118, 0x2118},
    {0x212E, 0x212E}, {0x2E2F, 0x2E2F}, {0xFC5E, 0xFC63}, {0xFDFA, 0xFDFB}, {0xFE70, 0xFE70},
    {0xFE72, 0xFE72}, {0xFE74, 0xFE74}, {0xFE76, 0xFE76}, {0xFE78, 0xFE78}, {0xFE7A, 0xFE7A},
    {0xFE7C, 0xFE7C}, {0xFE7E, 0xFE7E}, {0xFF9E, 0xFF9F},
};
constexpr Range continue_exceptions[] = {
    {0xB7, 0xB7},     {0x37A, 0x37A},   {0x387, 0x387},   {0x1369, 0x1371}, {0x19DA, 0x19DA},
    {0x200C, 0x200D}, {0x2118, 0x2118}, {0x212E, 0x212E}, {0x2E2F, 0x2E2F}, {0x30FB, 0x30FB},
    {0xFC5E, 0xFC63}, {0xFDFA, 0xFDFB}, {0xFE70, 0xFE70}, {0xFE72, 0xFE72}, {0xFE74, 0xFE74},
    {0xFE76, 0xFE76}, {0xFE78, 0xFE78}, {0xFE7A, 0xFE7A}, {0xFE7C, 0xFE7C}, {0xFE7E, 0xFE7E},
    {0xFF65, 0xFF65},
};

bool is_among(std::span<const Range> ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return c >= range.first && c <= range.last; });
}

bool is_letter(utf8proc_category_t category) {
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
         category == UTF8PROC_CATEGORY_NL;
}

utf8proc_category_t category_of(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

} // namespace

bool starts_identifier(char32_t c) {
  if (c < 0x80) return (c | 0x20) - 'a' < 26 || c == '_';
  return is_letter(category_of(c)) != is_among(start_exceptions, c);
}

bool continues_identifier(char32_t c) {
  if (c < 0x80) return starts_identifier(c) || c - '0' < 10;
  utf8proc_category_t category = category_of(c);
  bool by_category = is_letter(category) || category == UTF8PROC_CATEGORY_MN ||
                     category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ND ||
                     category == UTF8PROC_CATEGORY_PC;
  return by_category != is_among(continue_exceptions, c);
}

std::size_t invalid_identifier_character(std::string_view word) {
  std::size_t length = 0;
  for (std::size_t at = 0; at < word.size(); at += length) {
    char32_t c = decode_character(word, at, length);
    if (c < 0x80) continue;
    if (!(at == 0 ? starts_identifier(c) : continues_identifier(c))) return at;
  }
  return std::string_view::npos;
}

bool is_printable(char32_t c) {
  if (c < 0x80) return c >= ' ' && c != 0x7F;
  switch (category_of(c)) {
  case UTF8PROC_CATEGORY_CC:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_CS:
  case UTF8PROC_CATEGORY_CO:
  case UTF8PROC_CATEGORY_CN:
  case UTF8PROC_CATEGORY_ZL:
  case UTF8PROC_CATEGORY_ZP:
  case UTF8PROC_CATEGORY_ZS: return false;
  default: return true;
  }
}

} // namespace aspy
