// How text is quoted: repr() and ascii() of str.
#include "lexer/characters.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str_internal.hpp"

namespace aspy {
namespace {

void append_hex(std::string& out, char kind, uint32_t value, int digits) {
  static const char hex[] = "0123456789abcdef";
  out += '\\';
  out += kind;
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += hex[value >> shift & 0xF];
}

} // namespace

void append_escape(std::string& out, uint32_t c) {
  if (c < 0x100) append_hex(out, 'x', c, 2);
  else if (c < 0x10000) append_hex(out, 'u', c, 4);
  else append_hex(out, 'U', c, 8);
}

void append_plain_or_escape(std::string& out, uint32_t c) {
  switch (c) {
  case '\\': out += "\\\\"; return;
  case '\n': out += "\\n"; return;
  case '\r': out += "\\r"; return;
  case '\t': out += "\\t"; return;
  default:
    if (c >= 0x20 && c < 0x7F) out += static_cast<char>(c);
    else append_escape(out, c);
  }
}

void append_quoted(std::string& out, std::string_view utf8, bool ascii_only) {
  // Single quotes, unless that would need an escape which double quotes do not.
  bool single = utf8.find('\'') != std::string_view::npos;
  char quote_char = single && utf8.find('"') == std::string_view::npos ? '"' : '\'';
  out += quote_char;
  const char* at = utf8.data();
  const char* end = at + utf8.size();
  while (at < end) {
    const char* start = at;
    uint32_t c = next_codepoint(at);
    if (c == static_cast<uint32_t>(quote_char)) {
      out += '\\';
      out += quote_char;
    } else if (c >= 0x80 && !ascii_only && is_printable(c)) {
      out.append(start, at);
    } else {
      append_plain_or_escape(out, c);
    }
  }
  out += quote_char;
}

std::string quote(std::string_view utf8) {
  std::string out;
  append_quoted(out, utf8, false);
  return out;
}

Ref str_repr_slot(Thread&, Value self) {
  std::string out;
  std::string_view text = cast<Str>(self)->view();
  out.reserve(text.size() + 2);
  append_quoted(out, text, false);
  return make_str(out);
}

Ref ascii_repr(Thread& thread, Value value) {
  Ref text = repr(thread, value);
  if (!text || cast<Str>(text)->is_ascii) return text;
  // Everything beyond ASCII in the repr becomes an escape; its quotes stay as they are.
  std::string out;
  const char* at = cast<Str>(text)->data();
  const char* end = at + cast<Str>(text)->size;
  while (at < end) {
    uint32_t c = next_codepoint(at);
    if (c < 0x80) out += static_cast<char>(c);
    else append_escape(out, c);
  }
  return make_str(out);
}

} // namespace aspy
