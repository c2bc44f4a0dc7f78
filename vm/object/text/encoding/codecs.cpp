#include "vm/object/text/encoding/codecs.hpp"

#include "parser/text/unicode_names.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str_internal.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <iterator>

namespace aspy {
namespace {

struct EncodingAlias {
  const char* name; // normalised: lower case, '_' for other punctuation
  Encoding encoding;
};
const EncodingAlias aliases[] = {
    {"utf_8", Encoding::Utf8},
    {"utf8", Encoding::Utf8},
    {"u8", Encoding::Utf8},
    {"utf", Encoding::Utf8},
    {"cp65001", Encoding::Utf8},
    {"utf8_ucs4", Encoding::Utf8},
    {"utf_8_sig", Encoding::Utf8Sig},
    {"utf8_sig", Encoding::Utf8Sig},
    {"ascii", Encoding::Ascii},
    {"us_ascii", Encoding::Ascii},
    {"646", Encoding::Ascii},
    {"ansi_x3.4_1968", Encoding::Ascii},
    {"latin_1", Encoding::Latin1},
    {"latin1", Encoding::Latin1},
    {"latin", Encoding::Latin1},
    {"l1", Encoding::Latin1},
    {"iso_8859_1", Encoding::Latin1},
    {"iso8859_1", Encoding::Latin1},
    {"iso8859", Encoding::Latin1},
    {"8859", Encoding::Latin1},
    {"cp819", Encoding::Latin1},
    {"cp1252", Encoding::Cp1252},
    {"windows_1252", Encoding::Cp1252},
    {"1252", Encoding::Cp1252},
    {"utf_16", Encoding::Utf16},
    {"utf16", Encoding::Utf16},
    {"u16", Encoding::Utf16},
    {"utf_16_le", Encoding::Utf16Le},
    {"utf_16le", Encoding::Utf16Le},
    {"utf16_le", Encoding::Utf16Le},
    {"utf_16_be", Encoding::Utf16Be},
    {"utf_16be", Encoding::Utf16Be},
    {"utf16_be", Encoding::Utf16Be},
    {"utf_32", Encoding::Utf32},
    {"utf32", Encoding::Utf32},
    {"u32", Encoding::Utf32},
    {"utf_32_le", Encoding::Utf32Le},
    {"utf_32le", Encoding::Utf32Le},
    {"utf_32_be", Encoding::Utf32Be},
    {"utf_32be", Encoding::Utf32Be},
    {"unicode_escape", Encoding::UnicodeEscape},
    {"raw_unicode_escape", Encoding::RawUnicodeEscape},
};

// What Windows-1252 has at 0x80..0x9F; 0 where it has nothing.
const uint16_t cp1252_high[32] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                  0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                  0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                  0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

// --- error handlers -------------------------------------------------------------------------------------

enum class Handler : uint8_t {
  Strict,
  Ignore,
  Replace,
  Backslash,
  SurrogateEscape,
  SurrogatePass,
  XmlCharRef,
  Name,
  Unknown
};

Handler find_handler(std::string_view name) {
  if (name.empty() || name == "strict") return Handler::Strict;
  if (name == "ignore") return Handler::Ignore;
  if (name == "replace") return Handler::Replace;
  if (name == "backslashreplace") return Handler::Backslash;
  if (name == "surrogateescape") return Handler::SurrogateEscape;
  if (name == "surrogatepass") return Handler::SurrogatePass;
  if (name == "xmlcharrefreplace") return Handler::XmlCharRef;
  if (name == "namereplace") return Handler::Name;
  return Handler::Unknown;
}

// One decoding run: the bytes, and where bad ones are reported.
struct Decoder {
  Thread& thread;
  std::string_view bytes;
  Encoding encoding;
  std::string_view errors;
  Value source;
  std::string& out;

  // Handles bad bytes [start, stop). False: raised.
  bool bad(size_t start, size_t stop, const char* reason) {
    auto byte = [&](size_t at) { return static_cast<unsigned char>(bytes[at]); };
    switch (find_handler(errors)) {
    case Handler::Ignore: return true;
    case Handler::Replace: append_codepoint(out, 0xFFFD); return true;
    case Handler::Backslash:
      for (size_t at = start; at < stop; ++at) append_escape(out, byte(at));
      return true;
    case Handler::SurrogateEscape:
      // Only bytes beyond ASCII can be smuggled through.
      if (std::any_of(bytes.begin() + start, bytes.begin() + stop,
                      [](char c) { return static_cast<signed char>(c) >= 0; })) {
        return fail(start, stop, reason);
      }
      for (size_t at = start; at < stop; ++at) append_codepoint(out, 0xDC00u + byte(at));
      return true;
    case Handler::XmlCharRef:
    case Handler::Name:
      return raise_type_error(thread, "don't know how to handle UnicodeDecodeError in error callback");
    case Handler::Unknown:
      return raise(thread, LookupError_type, fmt::format("unknown error handler name '{}'", errors));
    case Handler::SurrogatePass:
    case Handler::Strict: break;
    }
    return fail(start, stop, reason);
  }

  bool fail(size_t start, size_t stop, const char* reason) {
    Ref object = is_bytes(source) ? share(source) : Ref(make_bytes(bytes));
    Own<Str> name = make_str(encoding_name(encoding));
    Own<Str> why = make_str(reason);
    return raise_with_args(thread, UnicodeDecodeError_type,
                           {name.value(), object, Value::from_int(static_cast<int64_t>(start)),
                            Value::from_int(static_cast<int64_t>(stop)), why.value()});
  }
};

bool decode_utf8(Decoder& run) {
  const auto* begin = reinterpret_cast<const unsigned char*>(run.bytes.data());
  const auto* end = begin + run.bytes.size();
  const unsigned char* at = begin;
  const unsigned char* copied = begin;
  while (at < end) {
    size_t bad_length;
    const char* reason;
    size_t size = check_utf8(at, end, bad_length, reason);
    if (size) {
      at += size;
      continue;
    }
    run.out.append(reinterpret_cast<const char*>(copied), static_cast<size_t>(at - copied));
    // surrogatepass lets the three bytes of a surrogate through.
    bool surrogate =
        end - at >= 3 && at[0] == 0xED && at[1] >= 0xA0 && at[1] <= 0xBF && (at[2] & 0xC0) == 0x80;
    if (surrogate && run.errors == "surrogatepass") {
      run.out.append(reinterpret_cast<const char*>(at), 3);
      bad_length = 3;
    } else {
      size_t start = static_cast<size_t>(at - begin);
      if (!run.bad(start, start + bad_length, reason)) return false;
    }
    at += bad_length;
    copied = at;
  }
  run.out.append(reinterpret_cast<const char*>(copied), static_cast<size_t>(at - copied));
  return true;
}

bool decode_single_bytes(Decoder& run) {
  for (size_t at = 0; at < run.bytes.size(); ++at) {
    auto byte = static_cast<unsigned char>(run.bytes[at]);
    if (byte < 0x80 || run.encoding == Encoding::Latin1) {
      append_codepoint(run.out, byte);
    } else if (run.encoding == Encoding::Ascii) {
      if (!run.bad(at, at + 1, "ordinal not in range(128)")) return false;
    } else {
      uint32_t c = byte < 0xA0 ? cp1252_high[byte - 0x80] : byte;
      if (c) {
        append_codepoint(run.out, c);
      } else if (!run.bad(at, at + 1, "character maps to <undefined>")) {
        return false;
      }
    }
  }
  return true;
}

bool decode_wide(Decoder& run, size_t unit, bool big_endian, size_t at) {
  std::string_view bytes = run.bytes;
  auto read = [&](size_t from) {
    uint32_t value = 0;
    for (size_t i = 0; i < unit; ++i) {
      auto byte = static_cast<unsigned char>(bytes[from + (big_endian ? i : unit - 1 - i)]);
      value = value << 8 | byte;
    }
    return value;
  };
  while (at < bytes.size()) {
    if (bytes.size() - at < unit) return run.bad(at, bytes.size(), "truncated data");
    uint32_t c = read(at);
    size_t start = at;
    at += unit;
    bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    if (unit == 4) {
      if (c > 0x10FFFF) {
        if (!run.bad(start, at, "code point not in range(0x110000)")) return false;
        continue;
      }
      if (surrogate && run.errors != "surrogatepass") {
        if (!run.bad(start, at, "code point in surrogate code point range(0xd800, 0xe000)")) return false;
        continue;
      }
    } else if (surrogate) {
      if (c < 0xDC00) {
        if (bytes.size() - at < 2) {
          if (!run.bad(start, bytes.size(), "unexpected end of data")) return false;
          at = bytes.size();
          continue;
        }
        uint32_t low = read(at);
        if (low >= 0xDC00 && low <= 0xDFFF) {
          at += 2;
          append_codepoint(run.out, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
          continue;
        }
      }
      if (run.errors != "surrogatepass") {
        if (!run.bad(start, at, c < 0xDC00 ? "illegal UTF-16 surrogate" : "illegal encoding")) return false;
        continue;
      }
    }
    append_codepoint(run.out, c);
  }
  return true;
}

bool decode_wide_with_mark(Decoder& run, size_t unit) {
  std::string_view little = unit == 2 ? std::string_view("\xFF\xFE", 2) : std::string_view("\xFF\xFE\0\0", 4);
  std::string_view big = unit == 2 ? std::string_view("\xFE\xFF", 2) : std::string_view("\0\0\xFE\xFF", 4);
  bool big_endian = run.bytes.starts_with(big);
  // Errors name the byte order that was found.
  run.encoding = unit == 2    ? big_endian ? Encoding::Utf16Be : Encoding::Utf16Le
                 : big_endian ? Encoding::Utf32Be
                              : Encoding::Utf32Le;
  if (big_endian) return decode_wide(run, unit, true, unit);
  return decode_wide(run, unit, false, run.bytes.starts_with(little) ? unit : 0);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool decode_escapes(Decoder& run, bool raw) {
  std::string_view bytes = run.bytes;
  for (size_t at = 0; at < bytes.size();) {
    auto byte = static_cast<unsigned char>(bytes[at]);
    if (byte != '\\' || (raw && (at + 1 >= bytes.size() || (bytes[at + 1] != 'u' && bytes[at + 1] != 'U')))) {
      append_codepoint(run.out, byte);
      ++at;
      // In the raw form an escaped backslash hides the one behind it.
      if (raw && byte == '\\' && at < bytes.size() && bytes[at] == '\\')
        append_codepoint(run.out, '\\'), ++at;
      continue;
    }
    size_t start = at++;
    if (at == bytes.size()) return run.bad(start, at, "\\ at end of string");
    char kind = bytes[at++];
    static const std::string_view simple = "\\\\''\"\"a\ab\bf\fn\nr\rt\tv\v";
    size_t known = std::string_view::npos;
    for (size_t i = 0; i < simple.size(); i += 2) {
      if (simple[i] == kind) known = i;
    }
    if (kind == '\n') continue;
    if (known != std::string_view::npos) {
      run.out += simple[known + 1];
    } else if (kind >= '0' && kind <= '7') {
      uint32_t value = static_cast<uint32_t>(kind - '0');
      for (int i = 0; i < 2 && at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '7'; ++i) {
        value = value * 8 + static_cast<uint32_t>(bytes[at++] - '0');
      }
      append_codepoint(run.out, value);
    } else if (kind == 'x' || kind == 'u' || kind == 'U') {
      size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
      uint32_t value = 0;
      size_t seen = 0;
      for (; seen < digits && at < bytes.size() && hex_digit(bytes[at]) >= 0; ++seen) {
        value = value * 16 + static_cast<uint32_t>(hex_digit(bytes[at++]));
      }
      if (seen < digits) {
        const char* reason = kind == 'x'   ? "truncated \\xXX escape"
                             : kind == 'u' ? "truncated \\uXXXX escape"
                                           : "truncated \\UXXXXXXXX escape";
        if (!run.bad(start, at, reason)) return false;
      } else if (value > 0x10FFFF) {
        if (!run.bad(start, at, "illegal Unicode character")) return false;
      } else {
        append_codepoint(run.out, value);
      }
    } else {
      run.out += '\\';
      append_codepoint(run.out, static_cast<unsigned char>(kind));
    }
  }
  return true;
}

// --- encoding ---------------------------------------------------------------------------------------------

struct Encoder {
  Thread& thread;
  Str* text;
  Encoding encoding;
  std::string_view errors;
  std::string& out;

  // Appends one code point that the encoding knows; false where it does not.
  bool put(uint32_t c) {
    switch (encoding) {
    case Encoding::Utf8:
    case Encoding::Utf8Sig:
      if (c >= 0xD800 && c <= 0xDFFF) return false;
      append_codepoint(out, c);
      return true;
    case Encoding::Ascii:
      if (c >= 0x80) return false;
      out += static_cast<char>(c);
      return true;
    case Encoding::Latin1:
      if (c >= 0x100) return false;
      out += static_cast<char>(c);
      return true;
    case Encoding::Cp1252: return put_cp1252(c);
    case Encoding::Utf16:
    case Encoding::Utf16Le:
    case Encoding::Utf16Be:
      if (c >= 0xD800 && c <= 0xDFFF) return false;
      if (c >= 0x10000) {
        put_unit(0xD800 + ((c - 0x10000) >> 10), 2);
        c = 0xDC00 + ((c - 0x10000) & 0x3FF);
      }
      put_unit(c, 2);
      return true;
    case Encoding::Utf32:
    case Encoding::Utf32Le:
    case Encoding::Utf32Be:
      if (c >= 0xD800 && c <= 0xDFFF) return false;
      put_unit(c, 4);
      return true;
    case Encoding::UnicodeEscape: append_plain_or_escape(out, c); return true;
    case Encoding::RawUnicodeEscape:
      if (c < 0x100) {
        out += static_cast<char>(c);
      } else {
        append_escape(out, c);
      }
      return true;
    case Encoding::Unknown: break;
    }
    return false;
  }

  bool put_cp1252(uint32_t c) {
    if (c < 0x80 || (c >= 0xA0 && c <= 0xFF)) {
      out += static_cast<char>(c);
      return true;
    }
    for (size_t i = 0; i < 32; ++i) {
      if (cp1252_high[i] == c) {
        out += static_cast<char>(0x80 + i);
        return true;
      }
    }
    return false;
  }

  void put_unit(uint32_t value, size_t unit) {
    bool big = encoding == Encoding::Utf16Be || encoding == Encoding::Utf32Be;
    for (size_t i = 0; i < unit; ++i) out += static_cast<char>(value >> 8 * (big ? unit - 1 - i : i));
  }

  const char* reason() const {
    switch (encoding) {
    case Encoding::Ascii: return "ordinal not in range(128)";
    case Encoding::Latin1: return "ordinal not in range(256)";
    case Encoding::Cp1252: return "character maps to <undefined>";
    default: return "surrogates not allowed";
    }
  }

  void put_raw_surrogate(uint32_t c) {
    if (encoding == Encoding::Utf8 || encoding == Encoding::Utf8Sig) {
      append_codepoint(out, c);
    } else {
      put_unit(c, encoding >= Encoding::Utf32 ? 4 : 2);
    }
  }

  // Handles a run of characters the encoding does not know: code points [start, stop), text [from, to).
  bool bad(uint32_t start, uint32_t stop, const char* from, const char* to) {
    Handler handler = find_handler(errors);
    std::string instead;
    switch (handler) {
    case Handler::Ignore: return true;
    case Handler::Unknown:
      return raise(thread, LookupError_type, fmt::format("unknown error handler name '{}'", errors));
    case Handler::Strict: return fail(start, stop);
    case Handler::SurrogateEscape:
    case Handler::SurrogatePass:
      for (uint32_t index = start; from < to; ++index) {
        uint32_t c = next_codepoint(from);
        bool escaped = c >= 0xDC80 && c <= 0xDCFF;
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        if (handler == Handler::SurrogateEscape ? !escaped : !surrogate || reason()[0] != 's')
          return fail(start, stop);
        if (handler == Handler::SurrogateEscape) {
          out += static_cast<char>(c - 0xDC00);
        } else {
          put_raw_surrogate(c);
        }
      }
      return true;
    case Handler::Replace: instead.assign(stop - start, '?'); break;
    case Handler::Backslash:
      while (from < to) append_escape(instead, next_codepoint(from));
      break;
    case Handler::Name:
      while (from < to) {
        uint32_t c = next_codepoint(from);
        std::string name = name_of_character(c);
        if (name.empty()) {
          append_escape(instead, c);
        } else {
          instead += "\\N{" + name + "}";
        }
      }
      break;
    case Handler::XmlCharRef:
      while (from < to) instead += fmt::format("&#{};", next_codepoint(from));
      break;
    }
    for (char c : instead) put(static_cast<unsigned char>(c));
    return true;
  }

  bool fail(uint32_t start, uint32_t stop) {
    Own<Str> name = make_str(encoding == Encoding::Cp1252 ? "charmap" : encoding_name(encoding));
    Own<Str> why = make_str(reason());
    return raise_with_args(thread, UnicodeEncodeError_type,
                           {name.value(), text, Value::from_int(start), Value::from_int(stop), why.value()});
  }

  bool run() {
    const char* at = text->data();
    const char* end = at + text->size;
    uint32_t index = 0;
    while (at < end) {
      const char* start = at;
      uint32_t first = index++;
      if (put(next_codepoint(at))) continue;
      // Neighbours that are bad as well are handled together. Trying one appends nothing when it is bad.
      while (at < end) {
        const char* next = at;
        size_t size_before = out.size();
        if (put(next_codepoint(next))) {
          out.resize(size_before);
          break;
        }
        at = next;
        ++index;
      }
      if (!bad(first, index, start, at)) return false;
    }
    return true;
  }
};

bool raise_unknown_encoding(Thread& thread, std::string_view encoding) {
  return raise(thread, LookupError_type, fmt::format("unknown encoding: {}", encoding));
}

} // namespace

Encoding find_encoding(std::string_view name) {
  if (name == "utf-8") return Encoding::Utf8;
  if (name == "ascii") return Encoding::Ascii;
  if (name == "latin-1") return Encoding::Latin1;
  std::string normal;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') {
      normal += static_cast<char>(c + 32);
    } else {
      normal += c == '-' || c == ' ' ? '_' : c;
    }
  }
  for (const EncodingAlias& alias : aliases) {
    if (normal == alias.name) return alias.encoding;
  }
  return Encoding::Unknown;
}

const char* encoding_name(Encoding encoding) {
  static const char* const names[] = {
      "utf-8",     "utf-8",  "ascii",     "latin-1",   "charmap",       "utf-16",           "utf-16-le",
      "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "unicodeescape", "rawunicodeescape", "unknown"};
  return names[static_cast<size_t>(encoding)];
}

bool decode_to(Thread& thread, std::string_view bytes, Encoding encoding, std::string_view errors,
               Value source, std::string& out) {
  Decoder run{thread, bytes, encoding, errors, source, out};
  switch (encoding) {
  case Encoding::Utf8Sig:
    if (bytes.starts_with("\xEF\xBB\xBF")) run.bytes.remove_prefix(3);
    [[fallthrough]];
  case Encoding::Utf8: return decode_utf8(run);
  case Encoding::Ascii:
  case Encoding::Latin1:
  case Encoding::Cp1252: return decode_single_bytes(run);
  case Encoding::Utf16: return decode_wide_with_mark(run, 2);
  case Encoding::Utf16Le: return decode_wide(run, 2, false, 0);
  case Encoding::Utf16Be: return decode_wide(run, 2, true, 0);
  case Encoding::Utf32: return decode_wide_with_mark(run, 4);
  case Encoding::Utf32Le: return decode_wide(run, 4, false, 0);
  case Encoding::Utf32Be: return decode_wide(run, 4, true, 0);
  case Encoding::UnicodeEscape: return decode_escapes(run, false);
  case Encoding::RawUnicodeEscape: return decode_escapes(run, true);
  case Encoding::Unknown: break;
  }
  return raise_unknown_encoding(thread, "unknown");
}

bool encode_to(Thread& thread, Str* text, Encoding encoding, std::string_view errors, std::string& out) {
  Encoder encoder{thread, text, encoding, errors, out};
  bool ascii_compatible = encoding <= Encoding::Cp1252;
  if (encoding == Encoding::Utf8Sig) out += "\xEF\xBB\xBF";
  if (encoding == Encoding::Utf16 || encoding == Encoding::Utf32) {
    encoder.put_unit(0xFEFF, encoding == Encoding::Utf16 ? 2 : 4);
  }
  if (ascii_compatible && text->is_ascii) {
    out.append(text->view());
    return true;
  }
  if (encoding == Encoding::Utf8 && is_valid_utf8(text->view())) {
    out.append(text->view());
    return true;
  }
  return encoder.run();
}

Own<Str> decode_text(Thread& thread, std::string_view bytes, std::string_view encoding_text,
                     std::string_view errors, Value source) {
  Encoding encoding = find_encoding(encoding_text);
  if (encoding == Encoding::Unknown) {
    raise_unknown_encoding(thread, encoding_text);
    return {};
  }
  if (encoding <= Encoding::Cp1252 && encoding != Encoding::Utf8Sig && is_ascii_text(bytes))
    return make_ascii_str(bytes);
  if (encoding == Encoding::Utf8 && is_valid_utf8(bytes)) return make_str(bytes);
  std::string out;
  if (!decode_to(thread, bytes, encoding, errors, source, out)) return {};
  return make_str(out);
}

Own<Bytes> encode_text(Thread& thread, Str* text, std::string_view encoding_text, std::string_view errors) {
  Encoding encoding = find_encoding(encoding_text);
  if (encoding == Encoding::Unknown) {
    raise_unknown_encoding(thread, encoding_text);
    return {};
  }
  bool as_it_is = encoding <= Encoding::Cp1252 && encoding != Encoding::Utf8Sig && text->is_ascii;
  if (as_it_is || (encoding == Encoding::Utf8 && is_valid_utf8(text->view())))
    return make_bytes(text->view());
  std::string out;
  if (!encode_to(thread, text, encoding, errors, out)) return {};
  return make_bytes(out);
}

Ref str_method_encode(Thread& thread, const Value* args) {
  std::string_view encoding = "utf-8", errors = "strict";
  for (int i = 1; i <= 2; ++i) {
    if (args[i].is_empty()) continue;
    const char* what = i == 1 ? "encoding" : "errors";
    if (!is_str(args[i])) {
      return raise_type_error(
          thread, fmt::format("encode() argument '{}' must be str, not {}", what, argument_type(args[i])));
    }
    (i == 1 ? encoding : errors) = cast<Str>(args[i])->view();
  }
  return encode_text(thread, cast<Str>(args[0]), encoding, errors);
}

} // namespace aspy
