#include <utf8proc.h>

#include "lexer/lexer.hpp"

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

// Unicode's ID_Start and ID_Continue from the general category; the extra characters are Unicode's own
// "Other_ID_Start" and "Other_ID_Continue" lists.
bool starts_identifier(char32_t c) {
  if (c == '_') return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
  case UTF8PROC_CATEGORY_NL:
    // These letters normalise to something with a space in it, so they are not in XID_Start.
    return c != 0x37A && c != 0x2E2F && c != 0x0E33 && c != 0x0EB3 && !(c >= 0xFC5E && c <= 0xFC63) &&
           c != 0xFDFA && c != 0xFDFB;
  default: return c == 0x1885 || c == 0x1886 || c == 0x2118 || c == 0x212E || c == 0x309B || c == 0x309C;
  }
}

bool continues_identifier(char32_t c) {
  if (starts_identifier(c) || c == 0x0E33 || c == 0x0EB3) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_MC:
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_PC: return true;
  default:
    return c == 0xB7 || c == 0x387 || (c >= 0x1369 && c <= 0x1371) || c == 0x19DA || c == 0x30FB ||
           c == 0xFF65;
  }
}

} // namespace

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
  if (c == ' ') return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
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
