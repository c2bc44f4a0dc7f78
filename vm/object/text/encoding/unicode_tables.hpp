// Tables behind vm/object/text/encoding/unicode.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aspy::unicode {

struct CodepointRange {
  uint32_t first, last;
};
struct SpecialCase {
  uint32_t codepoint;
  uint32_t upper[3], title[3]; // zeros at the end where shorter
};

extern const CodepointRange other_lowercase[], other_uppercase[], other_digit[], other_numeric[],
    whitespace[];
extern const size_t other_lowercase_count, other_uppercase_count, other_digit_count, other_numeric_count,
    whitespace_count;
extern const uint32_t decimal_zeros[];
extern const size_t decimal_zeros_count;
extern const SpecialCase special_cases[];
extern const size_t special_cases_count;

} // namespace aspy::unicode
