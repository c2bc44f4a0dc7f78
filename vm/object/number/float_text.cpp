// Floats as text: the shortest that reads back, and reading. Rounding to decimal places goes
// through text as well: the C library converts both ways without error.
#include "vm/object/number/float.hpp"
#include "vm/object/text/encoding/unicode.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace aspy {

std::string float_repr(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  char text[64];
  char* end = std::to_chars(text, text + sizeof text, number, std::chars_format::scientific).ptr;
  *end = '\0';                                     // atoi reads up to it
  std::string_view form(text, size_t(end - text)); // [-]d[.ddd]e[+-]dd
  size_t e = form.find('e');
  int exponent = std::atoi(form.data() + e + 1);
  // Very large and very small numbers stay in exponent form.
  if (exponent < -4 || exponent >= 16) return std::string(form);
  end = std::to_chars(text, text + sizeof text, number, std::chars_format::fixed).ptr;
  std::string plain(text, end);
  if (plain.find('.') == std::string::npos) plain += ".0";
  return plain;
}

double round_decimal(double number, int64_t digits) {
  if (!std::isfinite(number) || number == 0) return number;
  if (digits > 323) return number; // a double has no such places
  if (digits < -308) return std::copysign(0.0, number);
  if (digits >= 0) return std::strtod(format_double(number, 'f', int(digits), false).c_str(), nullptr);
  // Round to significant digits instead: as many as stand left of the place.
  std::string exact = format_double(std::fabs(number), 'e', 770, false); // every digit there is
  int exponent = std::atoi(exact.c_str() + exact.find('e') + 1);
  int64_t significant = exponent + 1 + digits;
  if (significant < 0) return std::copysign(0.0, number);
  if (significant > 0)
    return std::strtod(format_double(number, 'e', int(significant) - 1, false).c_str(), nullptr);
  // Nothing or one unit: by whether the digits are above one half.
  exact.resize(exact.find('e'));
  exact.erase(1, 1);
  bool above = exact[0] > '5' || (exact[0] == '5' && exact.find_first_not_of('0', 1) != std::string::npos);
  if (!above) return std::copysign(0.0, number);
  std::string unit = (number < 0 ? "-1e" : "1e") + std::to_string(-digits);
  return std::strtod(unit.c_str(), nullptr);
}

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; }

// "inf", "infinity" or "nan" in any case.
bool read_special(std::string_view text, double& out) {
  std::string word(text);
  std::transform(word.begin(), word.end(), word.begin(), lower);
  if (word == "inf" || word == "infinity") {
    out = INFINITY;
  } else if (word == "nan") {
    out = NAN;
  } else {
    return false;
  }
  return true;
}

} // namespace

bool float_from_text(std::string_view utf8, double& out) {
  std::string text;
  // Digits of any script; spaces around; underscores between digits.
  for (const char *at = utf8.data(), *end = at + utf8.size(); at < end;) {
    if (static_cast<unsigned char>(*at) < 0x80) {
      text.push_back(*at++);
      continue;
    }
    uint32_t c = next_codepoint(at);
    int digit = unicode::decimal_value(c);
    text.push_back(digit >= 0 ? char('0' + digit) : unicode::is_space(c) ? ' ' : '?');
  }
  auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f); };
  while (!text.empty() && is_space(text.back())) text.pop_back();
  text.erase(0, size_t(std::find_if_not(text.begin(), text.end(), is_space) - text.begin()));
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain.push_back(text[i]);
      continue;
    }
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) return false;
  }
  std::string_view rest = plain;
  bool negative = !rest.empty() && rest[0] == '-';
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.remove_prefix(1);
  if (rest.empty()) return false;
  if (!is_digit(rest[0]) && rest[0] != '.') {
    if (!read_special(rest, out)) return false;
  } else {
    auto [end, status] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
    if (end != rest.data() + rest.size() || status == std::errc::invalid_argument) return false;
    // Too large or too small: the C library says which.
    if (status == std::errc::result_out_of_range) out = std::strtod(std::string(rest).c_str(), nullptr);
  }
  if (negative) out = -out;
  return true;
}

} // namespace aspy
