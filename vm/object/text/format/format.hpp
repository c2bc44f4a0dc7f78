// The format mini-language (PEP 3101, with z, and grouping of the fraction): what f"{value:spec}" and
// format() do.
//
//   [[fill]align][sign][z][#][0][width][grouping][.precision[grouping]][type]
#pragma once

#include "vm/object/type/type.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aspy {

struct FormatSpec {
  std::string_view fill = " "; // one character, UTF-8
  char align = 0;              // '<' '>' '^' '='; never 0 after parsing
  char sign = 0;               // '+' '-' ' ', 0 when not given
  bool no_negative_zero = false;
  bool alternate = false;
  int64_t width = -1, precision = -1;       // -1: not given
  char grouping = 0, fraction_grouping = 0; // ',' '_' or 0
  uint32_t type = 0;                        // a code point; `default_type` when not given
};

// Parses `text`; `value` is named in messages. Raises ValueError.
bool parse_format_spec(Thread& thread, std::string_view text, Value value, char default_type,
                       char default_align, FormatSpec& out);

// The body of each type's __format__, for their method tables: {"__format__", "self, format_spec, /", ...}.
Ref int_format_method(Thread& thread, const Value* args); // int and bool
Ref float_format_method(Thread& thread, const Value* args);
Ref complex_format_method(Thread& thread, const Value* args);
Ref object_format_method(Thread& thread, const Value* args); // object.__format__: str(), refuses any spec

// --- pieces that % formatting shares -------------------------------------------------------------------
// Digits with a separator between groups counted from the right; zeros are put in front (inside the grouping)
// until the text has `min_width` characters. `separator` 0: none.
std::string group_digits(std::string_view digits, char separator, int group, int64_t min_width);
// A number's parts (sign and prefix, then digits) laid out in `width`.
Ref lay_out(Thread& thread, const FormatSpec& spec, std::string_view lead, std::string_view body);

} // namespace aspy
