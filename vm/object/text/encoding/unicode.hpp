// Properties and case mappings of single characters, as the methods of str see them. utf8proc does most of
// it.
#pragma once

#include <cstdint>
#include <string>

namespace aspy::unicode {

bool is_alpha(uint32_t c);
bool is_decimal(uint32_t c); // may be part of a decimal number (category Nd)
bool is_digit(uint32_t c);   // also superscripts and the like
bool is_numeric(uint32_t c); // also fractions, roman numerals, Han numerals
bool is_lower(uint32_t c);
bool is_upper(uint32_t c);
bool is_title(uint32_t c); // category Lt
bool is_space(uint32_t c);
inline bool is_cased(uint32_t c) { return is_lower(c) || is_upper(c) || is_title(c); }
// Marks and apostrophes, which do not end a word when a final sigma is looked for.
bool is_case_ignorable(uint32_t c);

// 0..9 for a decimal digit of any script, else -1.
int decimal_value(uint32_t c);
// The same for all digits (superscripts too), else -1.
int digit_value(uint32_t c);

// Append the full mapping (up to three characters) as UTF-8.
void append_lower(std::string& out, uint32_t c);
void append_upper(std::string& out, uint32_t c);
void append_title(std::string& out, uint32_t c);
void append_fold(std::string& out, uint32_t c);

} // namespace aspy::unicode
