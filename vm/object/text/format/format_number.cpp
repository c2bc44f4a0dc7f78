// Formatting numbers: __format__ of int, float and complex, and doubles as printf writes them.
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/format/format.hpp"
#include "vm/object/text/str_internal.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <iterator>

namespace aspy {

bool raise_unknown_code(Thread& thread, uint32_t code, Value value); // format.cpp

namespace {

// No double has more digits behind the point, or more that count: what is wanted beyond them is zeros.
constexpr int most_digits = 1100;

// A double in a printf format; glibc rounds correctly at any precision.
std::string print_double(const char* format, int precision, double number) {
  char small[128];
  int digits = std::min(precision, most_digits);
  int size = std::snprintf(small, sizeof small, format, digits, number);
  if (size < static_cast<int>(sizeof small)) return {small, static_cast<size_t>(size)};
  std::string out(static_cast<size_t>(size), '\0');
  std::snprintf(out.data(), out.size() + 1, format, digits, number);
  bool keeps_zeros = std::string_view(format).find_first_of("#eEfF") != std::string_view::npos;
  if (precision > digits && keeps_zeros)
    out.insert(std::min(out.find_first_of("eE"), out.size()), static_cast<size_t>(precision - digits), '0');
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The general form that a float's precision without a type means: as 'g', but with a digit after the point at
// least, and exponents one step earlier.
std::string format_general(double number, int precision, bool alternate) {
  if (precision == 0) precision = 1;
  std::string exponent_form = print_double("%.*e", precision - 1, number);
  int exponent = std::atoi(exponent_form.c_str() + exponent_form.find('e') + 1);
  if (exponent < -4 || exponent >= precision - 1) {
    if (alternate) return print_double("%#.*e", precision - 1, number);
    size_t e = exponent_form.find('e');
    std::string mantissa = exponent_form.substr(0, e);
    if (mantissa.find('.') != std::string::npos) {
      mantissa.erase(mantissa.find_last_not_of('0') + 1);
      if (mantissa.back() == '.') mantissa.pop_back();
    }
    return mantissa + exponent_form.substr(e);
  }
  std::string text = print_double(alternate ? "%#.*g" : "%.*g", precision, number);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

// Splits a formatted float into sign, digits before the point, and the rest.
struct FloatParts {
  bool negative = false;
  std::string_view digits, rest;
};
FloatParts split_float(std::string_view text) {
  FloatParts parts;
  if (!text.empty() && text[0] == '-') {
    parts.negative = true;
    text.remove_prefix(1);
  }
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  parts.digits = text.substr(0, count);
  parts.rest = text.substr(count);
  return parts;
}

// Groups the digits behind the point, from the left by threes.
std::string group_fraction(std::string_view rest, char separator) {
  if (!separator || rest.empty() || rest[0] != '.') return std::string(rest);
  std::string out(1, '.');
  size_t at = 1;
  for (size_t seen = 0; at < rest.size() && is_digit(rest[at]); ++at, ++seen) {
    if (seen && seen % 3 == 0) out += separator;
    out += rest[at];
  }
  return out.append(rest.substr(at));
}

const char* sign_text(bool negative, char wanted) {
  return negative ? "-" : wanted == '+' ? "+" : wanted == ' ' ? " " : "";
}

// Whether zeros that fill belong to the number, so that separators go between them as well.
bool fills_with_digits(const FormatSpec& spec) { return spec.fill == "0" && spec.align == '='; }

Ref lay_out_number(Thread& thread, const FormatSpec& spec, std::string_view lead, std::string_view digits,
                   std::string_view rest, int group) {
  int64_t min_width = 0;
  if (fills_with_digits(spec) && spec.grouping && !digits.empty()) {
    min_width = spec.width - static_cast<int64_t>(lead.size() + rest.size());
    if (min_width > 0 && !may_make_str(thread, static_cast<size_t>(min_width))) return {};
  }
  std::string body =
      spec.grouping ? group_digits(digits, spec.grouping, group, min_width) : std::string(digits);
  return lay_out(thread, spec, lead, body.append(rest));
}

// The text of one double under a spec, before grouping and padding. False: the type is unknown (not raised).
bool float_body(const FormatSpec& spec, double number, bool add_point_zero, std::string& out) {
  int precision = spec.precision < 0 ? -1 : static_cast<int>(spec.precision);
  if (spec.type == 0) {
    if (precision < 0) {
      out = float_repr(number);
      bool has_zero = out.size() > 2 && out.ends_with(".0");
      if (!add_point_zero && has_zero) out.resize(out.size() - 2);
      if (spec.alternate && std::isfinite(number) && out.find('.') == std::string::npos) {
        size_t e = out.find('e');
        out.insert(e == std::string::npos ? out.size() : e, ".");
      }
    } else if (add_point_zero && std::isfinite(number)) {
      out = format_general(number, precision, spec.alternate);
    } else {
      out = format_double(number, 'g', precision, spec.alternate);
    }
  } else if (spec.type == '%') {
    out = format_double(number * 100, 'f', precision < 0 ? 6 : precision, spec.alternate) + "%";
  } else if (spec.type < 128 &&
             std::string_view("eEfFgGn").find(static_cast<char>(spec.type)) != std::string_view::npos) {
    char code = spec.type == 'n' ? 'g' : static_cast<char>(spec.type);
    out = format_double(number, code, precision < 0 ? 6 : precision, spec.alternate);
  } else {
    return false;
  }
  // 'z': what was rounded to zero is not negative.
  if (spec.no_negative_zero && out[0] == '-') {
    bool zero = true;
    for (char c : out.substr(1, out.find_first_of("eE%") - 1)) zero = zero && (c == '0' || c == '.');
    if (zero) out.erase(0, 1);
  }
  return true;
}

Ref format_float(Thread& thread, Value self, double number, const FormatSpec& spec) {
  if (spec.precision > INT32_MAX) return raise_value_error(thread, "precision too big");
  if (spec.precision > 4096 && !may_make_str(thread, static_cast<size_t>(spec.precision))) return {};
  std::string text;
  if (!float_body(spec, number, true, text)) {
    raise_unknown_code(thread, spec.type, self);
    return {};
  }
  FloatParts parts = split_float(text);
  std::string rest = group_fraction(parts.rest, spec.fraction_grouping);
  return lay_out_number(thread, spec, sign_text(parts.negative, spec.sign), parts.digits, rest, 3);
}

Ref format_character(Thread& thread, Value number, const FormatSpec& spec) {
  if (spec.sign) return raise_value_error(thread, "Sign not allowed with integer format specifier 'c'");
  if (spec.alternate)
    return raise_value_error(thread, "Alternate form (#) not allowed with integer format specifier 'c'");
  int64_t code;
  if (!int_as_int64(number, code))
    return raise(thread, OverflowError_type, "Python int too large to convert to C long");
  if (code < 0 || code > 0x10FFFF) return raise(thread, OverflowError_type, "%c arg not in range(0x110000)");
  std::string text;
  append_codepoint(text, static_cast<uint32_t>(code));
  return lay_out(thread, spec, {}, text);
}

Ref format_integer(Thread& thread, Value self, const FormatSpec& spec) {
  if (spec.precision >= 0)
    return raise_value_error(thread, "Precision not allowed in integer format specifier");
  if (spec.no_negative_zero) {
    return raise_value_error(thread, "Negative zero coercion (z) not allowed in integer format specifier");
  }
  Value number = int_value(self);
  int base = 10;
  const char* prefix = "";
  switch (spec.type) {
  case 'c': return format_character(thread, number, spec);
  case 'b': base = 2, prefix = "0b"; break;
  case 'o': base = 8, prefix = "0o"; break;
  case 'x': base = 16, prefix = "0x"; break;
  case 'X': base = 16, prefix = "0X"; break;
  default: break;
  }
  std::string text;
  if (!int_to_string(thread, number, base, text)) return {};
  if (spec.type == 'X') {
    for (char& c : text) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
  }
  bool negative = text[0] == '-';
  std::string lead = sign_text(negative, spec.sign);
  if (spec.alternate) lead += prefix;
  return lay_out_number(thread, spec, lead, std::string_view(text).substr(negative), {}, base == 10 ? 3 : 4);
}

Str* spec_of(Thread& thread, Value spec) {
  if (is_str(spec)) return cast<Str>(spec);
  return raise_type_error(thread, fmt::format("__format__() argument must be str, not {}",
                                              spec.is_none() ? "None" : type_name(spec)));
}

} // namespace

std::string group_digits(std::string_view digits, char separator, int group, int64_t min_width) {
  // Built backwards: a separator after each full group that has another digit in front of it.
  std::string out;
  int in_group = 0;
  auto put = [&](char c) {
    if (separator && in_group == group) {
      out += separator;
      in_group = 0;
    }
    out += c;
    ++in_group;
  };
  for (size_t i = digits.size(); i > 0; --i) put(digits[i - 1]);
  while (static_cast<int64_t>(out.size()) < min_width) put('0');
  std::reverse(out.begin(), out.end());
  return out;
}

std::string format_double(double number, char code, int precision, bool alternate) {
  if (!std::isfinite(number)) {
    bool upper = code == 'E' || code == 'F' || code == 'G';
    if (std::isnan(number)) return upper ? "NAN" : "nan";
    return std::string(number < 0 ? "-" : "") + (upper ? "INF" : "inf");
  }
  if (code == 'r') return float_repr(number);
  if (!alternate && precision <= 100 && (code == 'e' || code == 'f' || code == 'g')) {
    // As printf writes it, and quicker.
    auto form = code == 'e'   ? std::chars_format::scientific
                : code == 'f' ? std::chars_format::fixed
                              : std::chars_format::general;
    char text[512]; // 309 digits, point, 100 more
    auto end = std::to_chars(text, std::end(text), number, form, precision < 0 ? 6 : precision).ptr;
    return {text, end};
  }
  char format[8];
  char* at = format;
  *at++ = '%';
  if (alternate) *at++ = '#';
  *at++ = '.';
  *at++ = '*';
  *at++ = code;
  *at = '\0';
  return print_double(format, precision, number);
}

namespace {

// The specs that nearly all programs use: a small int with an alignment or a leading zero, a width, and the
// base. Empty: it is another, or has a mistake.
Ref format_small_int(int64_t number, std::string_view spec) {
  constexpr size_t max_width = 64;
  auto take = [&](std::string_view any_of) -> char {
    if (spec.empty() || any_of.find(spec[0]) == any_of.npos) return 0;
    char c = spec[0];
    spec.remove_prefix(1);
    return c;
  };
  char align = take("<>");
  bool zeros = !align && take("0");
  size_t width = 0;
  if (!zeros && spec.starts_with('0')) return {}; // zeros that fill in another way
  while (!spec.empty() && is_digit(spec[0]) && width <= max_width)
    width = width * 10 + static_cast<size_t>(take("0123456789") - '0');
  char type = take("dxbo");
  if (!spec.empty() || width > max_width) return {};
  int base = type == 'x' ? 16 : type == 'b' ? 2 : type == 'o' ? 8 : 10;
  char digits[max_width + 2], text[max_width + 2];
  char* end = std::to_chars(digits, std::end(digits), number, base).ptr;
  std::string_view body(digits, static_cast<size_t>(end - digits));
  if (body.size() >= width) return make_ascii_str(body);
  size_t missing = width - body.size();
  char* out = text;
  if (zeros && number < 0) {
    *out++ = '-';
    body.remove_prefix(1);
  }
  if (align != '<') out = std::fill_n(out, missing, zeros ? '0' : ' ');
  out = std::copy(body.begin(), body.end(), out);
  if (align == '<') out = std::fill_n(out, missing, ' ');
  return make_ascii_str({text, width});
}

} // namespace

Ref int_format_method(Thread& thread, const Value* args) {
  Value self = args[0];
  Str* text = spec_of(thread, args[1]);
  if (!text) return {};
  if (text->size == 0) return str(thread, self);
  if (self.is_int())
    if (Ref formatted = format_small_int(self.as_int(), text->view())) return formatted;
  FormatSpec spec;
  if (!parse_format_spec(thread, text->view(), self, 'd', '>', spec)) return {};
  switch (spec.type) {
  case 'b':
  case 'c':
  case 'd':
  case 'n':
  case 'o':
  case 'x':
  case 'X': return format_integer(thread, self, spec);
  case 'e':
  case 'E':
  case 'f':
  case 'F':
  case 'g':
  case 'G':
  case '%': {
    double number;
    if (!int_as_double(thread, self, number)) return {};
    return format_float(thread, self, number, spec);
  }
  default: raise_unknown_code(thread, spec.type, self); return {};
  }
}

Ref float_format_method(Thread& thread, const Value* args) {
  Str* text = spec_of(thread, args[1]);
  if (!text) return {};
  if (text->size == 0) return str(thread, args[0]);
  FormatSpec spec;
  if (!parse_format_spec(thread, text->view(), args[0], '\0', '>', spec)) return {};
  return format_float(thread, args[0], float_value(args[0]), spec);
}

Ref complex_format_method(Thread& thread, const Value* args) {
  Value self = args[0];
  Str* text = spec_of(thread, args[1]);
  if (!text) return {};
  if (text->size == 0) return str(thread, self);
  FormatSpec spec;
  if (!parse_format_spec(thread, text->view(), self, '\0', '>', spec)) return {};
  if (spec.type && (spec.type > 0x7F || !std::strchr("eEfFgGn", static_cast<int>(spec.type)))) {
    raise_unknown_code(thread, spec.type, self);
    return {};
  }
  if (spec.fill == "0")
    return raise_value_error(thread, "Zero padding is not allowed in complex format specifier");
  if (spec.align == '=') {
    return raise_value_error(thread, "'=' alignment flag is not allowed in complex format specifier");
  }
  double real = cast<Complex>(self)->real, imag = cast<Complex>(self)->imag;
  // Without a type it reads like repr: no real part when that is zero, else in parentheses.
  bool bare = spec.type == 0 && real == 0 && !std::signbit(real);
  bool parentheses = spec.type == 0 && !bare;
  std::string out;
  auto add = [&](double number, char sign) {
    std::string body;
    if (!float_body(spec, number, false, body)) return raise_unknown_code(thread, spec.type, self);
    FloatParts parts = split_float(body);
    out += sign_text(parts.negative, sign);
    out += spec.grouping ? group_digits(parts.digits, spec.grouping, 3, 0) : std::string(parts.digits);
    out += group_fraction(parts.rest, spec.fraction_grouping);
    return true;
  };
  if (parentheses) out += '(';
  if (!bare && !add(real, spec.sign)) return {};
  if (!add(imag, bare ? spec.sign : '+')) return {};
  out += 'j';
  if (parentheses) out += ')';
  return lay_out(thread, spec, {}, out);
}

} // namespace aspy
