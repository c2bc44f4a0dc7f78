#include "vm/object/text/encoding/unicode.hpp"

#include "vm/object/text/encoding/unicode_tables.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <utf8proc.h>

namespace aspy::unicode {
namespace {

bool in_ranges(const CodepointRange* ranges, size_t count, uint32_t c) {
  const CodepointRange* end = ranges + count;
  const CodepointRange* at = std::lower_bound(
      ranges, end, c, [](const CodepointRange& range, uint32_t key) { return range.last < key; });
  return at != end && at->first <= c;
}

utf8proc_category_t category(uint32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

const SpecialCase* find_special(uint32_t c) {
  const SpecialCase* end = special_cases + special_cases_count;
  const SpecialCase* at = std::lower_bound(
      special_cases, end, c, [](const SpecialCase& entry, uint32_t key) { return entry.codepoint < key; });
  return at != end && at->codepoint == c ? at : nullptr;
}

void append_all(std::string& out, const uint32_t (&mapping)[3]) {
  for (uint32_t c : mapping) {
    if (c) append_codepoint(out, c);
  }
}

bool ascii_letter(uint32_t c) { return (c | 0x20) - 'a' < 26; }

} // namespace

bool is_alpha(uint32_t c) {
  if (c < 0x80) return ascii_letter(c);
  auto cat = category(c);
  return cat >= UTF8PROC_CATEGORY_LU && cat <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(uint32_t c) {
  if (c < 0x80) return c - '0' < 10;
  return category(c) == UTF8PROC_CATEGORY_ND;
}

bool is_digit(uint32_t c) {
  if (c < 0x80) return c - '0' < 10;
  return is_decimal(c) || in_ranges(other_digit, other_digit_count, c);
}

bool is_numeric(uint32_t c) {
  if (c < 0x80) return c - '0' < 10;
  auto cat = category(c);
  if (cat >= UTF8PROC_CATEGORY_ND && cat <= UTF8PROC_CATEGORY_NO) return true;
  return in_ranges(other_numeric, other_numeric_count, c);
}

bool is_lower(uint32_t c) {
  if (c < 0x80) return c - 'a' < 26;
  return category(c) == UTF8PROC_CATEGORY_LL || in_ranges(other_lowercase, other_lowercase_count, c);
}

bool is_upper(uint32_t c) {
  if (c < 0x80) return c - 'A' < 26;
  return category(c) == UTF8PROC_CATEGORY_LU || in_ranges(other_uppercase, other_uppercase_count, c);
}

bool is_title(uint32_t c) { return c >= 0x80 && category(c) == UTF8PROC_CATEGORY_LT; }

bool is_space(uint32_t c) {
  if (c < 0x80) return c == ' ' || c - 9 < 5 || c - 28 < 4;
  return in_ranges(whitespace, whitespace_count, c);
}

bool is_case_ignorable(uint32_t c) {
  switch (c) {
  case '\'':
  case '.':
  case ':':
  case '^':
  case '`':
  case 0xB7:
  case 0x2018:
  case 0x2019:
  case 0x2024:
  case 0x2027: return true;
  default: break;
  }
  switch (category(c)) {
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_CF:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_SK: return true;
  default: return false;
  }
}

int decimal_value(uint32_t c) {
  if (c < 0x80) return c - '0' < 10 ? static_cast<int>(c - '0') : -1;
  const uint32_t* end = decimal_zeros + decimal_zeros_count;
  const uint32_t* at = std::upper_bound(decimal_zeros, end, c);
  uint32_t zero = at[-1]; // the first entry is '0', so there is always one below
  return c - zero < 10 ? static_cast<int>(c - zero) : -1;
}

int digit_value(uint32_t c) {
  int value = decimal_value(c);
  if (value >= 0) return value;
  if (!is_digit(c)) return -1;
  if (c == 0xB9) return 1;
  if (c == 0xB2 || c == 0xB3) return static_cast<int>(c - 0xB0);
  if (c >= 0x2070 && c <= 0x2089) return static_cast<int>(c & 0xF);
  return 0;
}

void append_lower(std::string& out, uint32_t c) {
  if (c < 0x80) return out.push_back(static_cast<char>(c - 'A' < 26 ? c + 32 : c));
  if (c == 0x130) { // capital I with dot: i and a combining dot
    append_codepoint(out, 'i');
    append_codepoint(out, 0x307);
    return;
  }
  append_codepoint(out, static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

void append_upper(std::string& out, uint32_t c) {
  if (c < 0x80) return out.push_back(static_cast<char>(c - 'a' < 26 ? c - 32 : c));
  if (const SpecialCase* special = find_special(c)) return append_all(out, special->upper);
  append_codepoint(out, static_cast<uint32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
}

void append_title(std::string& out, uint32_t c) {
  if (c < 0x80) return out.push_back(static_cast<char>(c - 'a' < 26 ? c - 32 : c));
  if (const SpecialCase* special = find_special(c)) return append_all(out, special->title);
  append_codepoint(out, static_cast<uint32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c))));
}

void append_fold(std::string& out, uint32_t c) {
  utf8proc_int32_t folded[8];
  int boundary = 0;
  auto count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), folded, 8, UTF8PROC_CASEFOLD, &boundary);
  if (count <= 0 || count > 8) return append_codepoint(out, c);
  for (utf8proc_ssize_t i = 0; i < count; ++i) append_codepoint(out, static_cast<uint32_t>(folded[i]));
}

} // namespace aspy::unicode
