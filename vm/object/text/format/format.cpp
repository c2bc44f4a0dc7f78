// Parsing format specifications, laying out text, and format() itself.
#include "vm/object/text/format/format.hpp"

#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str_internal.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {
namespace {

bool is_align(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

// A type or separator as messages show it.
std::string show_code(uint32_t c) {
  return c > 32 && c < 128 ? std::string(1, static_cast<char>(c)) : fmt::format("\\x{:x}", c);
}

struct SpecParser {
  Thread& thread;
  std::string_view text;
  size_t at = 0;

  char peek(size_t ahead = 0) const { return at + ahead < text.size() ? text[at + ahead] : '\0'; }
  bool take(char c) {
    if (peek() != c || at >= text.size()) return false;
    ++at;
    return true;
  }
  // A decimal number; -1 when there is none, -2 raised.
  int64_t number() {
    int64_t value = -1;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      if (value > (INT64_MAX - 9) / 10) {
        raise_value_error(thread, "Too many decimal digits in format string");
        return -2;
      }
      value = (value < 0 ? 0 : value) * 10 + (text[at++] - '0');
    }
    return value;
  }
  bool grouping(char& out) {
    for (char c : {',', '_'}) {
      if (!take(c)) continue;
      out = c;
      char other = c == ',' ? '_' : ',';
      if (peek() == other) return raise_value_error(thread, "Cannot specify both ',' and '_'.");
      return true;
    }
    return true;
  }
};

bool check_grouping(Thread& thread, const FormatSpec& spec) {
  if (spec.type == 'n' && !spec.grouping && spec.fraction_grouping)
    return raise_value_error(thread, fmt::format("Cannot specify '{}' with 'n'.", spec.fraction_grouping));
  if (!spec.grouping) return true;
  switch (spec.type) {
  case 'd':
  case 'e':
  case 'f':
  case 'g':
  case 'E':
  case 'G':
  case '%':
  case 'F':
  case 0: return true;
  case 'b':
  case 'o':
  case 'x':
  case 'X':
    if (spec.grouping == '_') return true;
    break;
  default: break;
  }
  return raise_value_error(
      thread, fmt::format("Cannot specify '{}' with '{}'.", spec.grouping, show_code(spec.type)));
}

} // namespace

bool parse_format_spec(Thread& thread, std::string_view text, Value value, char default_type,
                       char default_align, FormatSpec& out) {
  SpecParser parser{thread, text};
  bool fill_given = false, align_given = true;
  out.align = default_align;
  out.type = static_cast<unsigned char>(default_type);
  size_t first = text.empty() ? 0 : codepoint_size(text[0]);
  if (text.size() > first && is_align(text[first])) {
    out.fill = text.substr(0, first);
    out.align = text[first];
    fill_given = true;
    parser.at = first + 1;
  } else if (!text.empty() && is_align(text[0])) {
    out.align = text[0];
    parser.at = 1;
  } else {
    align_given = false;
  }
  if (char c = parser.peek(); c == '+' || c == '-' || c == ' ') {
    out.sign = c;
    ++parser.at;
  }
  out.no_negative_zero = parser.take('z');
  out.alternate = parser.take('#');
  // A leading zero fills with zeros behind the sign.
  if (!fill_given && parser.take('0')) {
    out.fill = "0";
    if (!align_given && default_align == '>') out.align = '=';
  }
  out.width = parser.number();
  if (out.width == -2 || !parser.grouping(out.grouping)) return false;
  if (parser.take('.')) {
    out.precision = parser.number();
    if (out.precision == -2 || !parser.grouping(out.fraction_grouping)) return false;
    if (out.precision == -1 && !out.fraction_grouping)
      return raise_value_error(thread, "Format specifier missing precision");
  }
  std::string_view rest = text.substr(parser.at);
  if (count_codepoints(rest) > 1) {
    return raise_value_error(
        thread, fmt::format("Invalid format specifier '{}' for object of type '{}'", text, type_name(value)));
  }
  if (!rest.empty()) {
    const char* at = rest.data();
    out.type = next_codepoint(at);
  }
  return check_grouping(thread, out);
}

bool raise_unknown_code(Thread& thread, uint32_t code, Value value) {
  return raise_value_error(thread, fmt::format("Unknown format code '{}' for object of type '{}'",
                                               show_code(code), type_name(value)));
}

Ref lay_out(Thread& thread, const FormatSpec& spec, std::string_view lead, std::string_view body) {
  int64_t length = static_cast<int64_t>(count_codepoints(lead) + count_codepoints(body));
  int64_t missing = spec.width > length ? spec.width - length : 0;
  int64_t left = 0, inner = 0;
  switch (spec.align) {
  case '>': left = missing; break;
  case '^': left = missing / 2; break;
  case '=': inner = missing; break;
  default: break;
  }
  int64_t right = missing - left - inner;
  if (static_cast<uint64_t>(missing) > max_str_size ||
      !may_make_str(thread, static_cast<size_t>(missing) * spec.fill.size() + lead.size() + body.size())) {
    return thread.has_error() ? Ref() : Ref(raise(thread, MemoryError_type, ""));
  }
  std::string out;
  auto fill = [&](int64_t count) {
    for (; count > 0; --count) out.append(spec.fill);
  };
  fill(left);
  out.append(lead);
  fill(inner);
  out.append(body);
  fill(right);
  return make_str(out);
}

// --- str ---------------------------------------------------------------------------------------------------

static Ref format_text(Thread& thread, Value self, std::string_view spec_text) {
  FormatSpec spec;
  if (!parse_format_spec(thread, spec_text, self, 's', '<', spec)) return {};
  if (spec.type != 's') {
    raise_unknown_code(thread, spec.type, self);
    return {};
  }
  if (spec.sign) {
    return raise_value_error(thread, spec.sign == ' ' ? "Space not allowed in string format specifier"
                                                      : "Sign not allowed in string format specifier");
  }
  if (spec.no_negative_zero) {
    return raise_value_error(thread, "Negative zero coercion (z) not allowed in string format specifier");
  }
  if (spec.alternate)
    return raise_value_error(thread, "Alternate form (#) not allowed in string format specifier");
  if (spec.align == '=')
    return raise_value_error(thread, "'=' alignment not allowed in string format specifier");
  Str* text = cast<Str>(self);
  std::string_view body = text->view();
  if (spec.precision >= 0 && spec.precision < text->length) {
    body = body.substr(0, str_byte_offset(text, static_cast<uint32_t>(spec.precision)));
  }
  return lay_out(thread, spec, {}, body);
}

static Str* spec_arg(Thread& thread, Value spec) {
  if (is_str(spec)) return cast<Str>(spec);
  return raise_type_error(thread,
                          fmt::format("__format__() argument must be str, not {}", argument_type(spec)));
}

Ref str_method_format_spec(Thread& thread, const Value* args) {
  Str* spec = spec_arg(thread, args[1]);
  if (!spec) return {};
  if (spec->size == 0) return str(thread, args[0]);
  return format_text(thread, args[0], spec->view());
}

Ref object_format_method(Thread& thread, const Value* args) {
  Str* spec = spec_arg(thread, args[1]);
  if (!spec) return {};
  if (spec->size) {
    return raise_type_error(
        thread, fmt::format("unsupported format string passed to {}.__format__", type_name(args[0])));
  }
  return str(thread, args[0]);
}

// --- format() ----------------------------------------------------------------------------------------------

Ref format(Thread& thread, Value value, Str* spec) {
  bool plain = !spec || spec->size == 0;
  // The built-in types are known; anything else is asked.
  if (is_exact(value, str_type)) return plain ? share(value) : format_text(thread, value, spec->view());
  if (value.is_int() || value.is_double() || value.is_bool() || is_exact(value, int_type)) {
    if (plain) return str(thread, value);
    Value args[] = {value, spec};
    return value.is_double() ? float_format_method(thread, args) : int_format_method(thread, args);
  }
  Value spec_value = spec ? spec : names::empty;
  Ref method = lookup_special(thread, value, names::dunder_format);
  if (!method) {
    if (thread.has_error()) return {};
    return raise_type_error(thread, fmt::format("Type {} doesn't define __format__", type_name(value)));
  }
  Ref result = call(thread, method, {spec_value});
  if (result && !is_str(result)) {
    return raise_type_error(thread, fmt::format("__format__ must return a str, not {}", type_name(result)));
  }
  return result;
}

} // namespace aspy
