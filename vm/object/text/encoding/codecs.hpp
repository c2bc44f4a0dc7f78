// Turning bytes into text and back: the encodings and the error handlers that str, bytes and files use.
//
// Encodings: utf-8 (utf-8-sig), ascii, latin-1, utf-16 and utf-32 with their -le and -be forms, cp1252,
// unicode_escape, raw_unicode_escape, by all their usual names.
// Error handlers: strict, ignore, replace, backslashreplace, surrogateescape, surrogatepass, and for encoding
// xmlcharrefreplace and namereplace.
#pragma once

#include "vm/object/bytes/bytes.hpp"
#include "vm/object/text/str.hpp"

#include <string>
#include <string_view>

namespace aspy {

enum class Encoding : uint8_t {
  Utf8,
  Utf8Sig,
  Ascii,
  Latin1,
  Cp1252,
  Utf16,
  Utf16Le,
  Utf16Be,
  Utf32,
  Utf32Le,
  Utf32Be,
  UnicodeEscape,
  RawUnicodeEscape,
  Unknown,
};

// The encoding that a name means, in any spelling ("UTF8", "utf_8", "Latin-1").
Encoding find_encoding(std::string_view name);
// How exceptions name it: "utf-8".
const char* encoding_name(Encoding encoding);

// Raise LookupError for unknown encodings and handlers, UnicodeDecodeError (with `source`, or a copy of the
// bytes where it is empty) and UnicodeEncodeError.
Own<Str> decode_text(Thread& thread, std::string_view bytes, std::string_view encoding,
                     std::string_view errors, Value source = {});
Own<Bytes> encode_text(Thread& thread, Str* text, std::string_view encoding, std::string_view errors);
bool encode_to(Thread& thread, Str* text, Encoding encoding, std::string_view errors, std::string& out);
bool decode_to(Thread& thread, std::string_view bytes, Encoding encoding, std::string_view errors,
               Value source, std::string& out);

} // namespace aspy
