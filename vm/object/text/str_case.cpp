// Methods of str that change or test the case and the kind of characters.
#include "lexer/characters.hpp"
#include "vm/object/text/encoding/unicode.hpp"
#include "vm/object/text/str_internal.hpp"

#include <cstring>
#include <utility>

namespace aspy {
namespace {

constexpr uint32_t capital_sigma = 0x3A3, small_sigma = 0x3C3, final_sigma = 0x3C2;

// Whether the capital sigma between `before` (its first byte) and `after` is the last letter of a word.
bool is_final_sigma(std::string_view text, const char* before, const char* after) {
  bool letter_before = false;
  for (const char* at = before; at > text.data();) {
    do {
      --at;
    } while (at > text.data() && is_continuation(*at));
    const char* start = at;
    uint32_t c = next_codepoint(start);
    if (unicode::is_case_ignorable(c)) continue;
    letter_before = unicode::is_cased(c);
    break;
  }
  if (!letter_before) return false;
  const char* end = text.data() + text.size();
  for (const char* at = after; at < end;) {
    uint32_t c = next_codepoint(at);
    if (unicode::is_case_ignorable(c)) continue;
    return !unicode::is_cased(c);
  }
  return true;
}

void append_lower_in(std::string& out, std::string_view text, uint32_t c, const char* start,
                     const char* after) {
  if (c == capital_sigma) {
    append_codepoint(out, is_final_sigma(text, start, after) ? final_sigma : small_sigma);
  } else {
    unicode::append_lower(out, c);
  }
}

// Eight ASCII bytes at once: the bit 0x20 of each letter in first..first+25.
uint64_t case_bits(uint64_t word, char first) {
  constexpr uint64_t ones = 0x0101010101010101;
  uint64_t from_first = word + ones * static_cast<uint64_t>(0x80 - first);
  uint64_t beyond_last = word + ones * static_cast<uint64_t>(0x80 - first - 26);
  return (from_first & ~beyond_last & ones * 0x80) >> 2;
}

enum class Case { Lower, Upper, Swap };
template <Case to> uint64_t convert(uint64_t word) {
  uint64_t flip = 0;
  if (to != Case::Upper) flip |= case_bits(word, 'A');
  if (to != Case::Lower) flip |= case_bits(word, 'a');
  return word ^ flip;
}

template <Case to> void convert(const char* from, size_t size, char* out) {
  auto eight = [](const char* in, char* result) {
    uint64_t word;
    std::memcpy(&word, in, 8);
    word = convert<to>(word);
    std::memcpy(result, &word, 8);
  };
  if (size >= 8) {
    // The last eight may overlap those before: twice is as good as once, for it is read from the original.
    for (size_t at = 0; at + 8 < size; at += 8) eight(from + at, out + at);
    return eight(from + size - 8, out + size - 8);
  }
  uint64_t word = 0;
  std::memcpy(&word, from, size);
  word = convert<to>(word);
  std::memcpy(out, &word, size);
}

template <Case to> Ref convert_ascii(Str* self) {
  if (self->size <= 1) {
    char c = self->size ? static_cast<char>(convert<to>(static_cast<unsigned char>(*self->data()))) : '\0';
    return make_str({&c, self->size});
  }
  Own<Str> out = new_str_buffer(self->size);
  convert<to>(self->data(), self->size, out->data());
  out->is_ascii = true;
  out->length = out->size;
  return out;
}

// What `convert(byte, previous byte)` makes of each byte of an ASCII text; the first one has 0 before it.
template <class Convert> Ref map_ascii(Str* self, Convert convert) {
  if (self->size == 0) return make_str({});
  std::string small;
  Own<Str> large;
  if (self->size == 1) small.resize(1);
  else large = new_str_buffer(self->size);
  char* out = large ? large->data() : small.data();
  char before = 0;
  for (uint32_t i = 0; i < self->size; ++i) {
    char byte = self->data()[i];
    out[i] = convert(byte, before);
    before = byte;
  }
  if (!large) return make_str(small);
  large->is_ascii = true;
  large->length = large->size;
  return large;
}

char lower_byte(char c) { return has_class(c, AsciiUpper) ? static_cast<char>(c + 32) : c; }
char upper_byte(char c) { return has_class(c, AsciiLower) ? static_cast<char>(c - 32) : c; }

// Calls `append(out, c, start, after)` for each code point and makes a str of what was appended.
template <class Append> Ref map_text(Str* self, Append append) {
  std::string out;
  out.reserve(self->size);
  const char* at = self->data();
  const char* end = at + self->size;
  while (at < end) {
    const char* start = at;
    uint32_t c = next_codepoint(at);
    append(out, c, start, at);
  }
  return make_str(out);
}

// Whether all bytes of an ASCII text (and at least one) are of the given classes.
Ref all_of_classes(Str* text, unsigned classes) {
  bool result = text->size > 0;
  for (uint32_t i = 0; result && i < text->size; ++i) result = has_class(text->data()[i], classes);
  return Ref::steal(Value::from_bool(result));
}

template <class Test> Ref all_of(Value self, Test test, bool when_empty = false) {
  Str* text = cast<Str>(self);
  const char* at = text->data();
  const char* end = at + text->size;
  bool result = at < end || when_empty;
  while (result && at < end) result = test(next_codepoint(at));
  return Ref::steal(Value::from_bool(result));
}

// islower and isupper: some character of the wanted case and none of another.
Ref has_only_case(Value self, bool (*wanted)(uint32_t), bool (*refused)(uint32_t)) {
  Str* text = cast<Str>(self);
  const char* at = text->data();
  const char* end = at + text->size;
  bool found = false;
  while (at < end) {
    uint32_t c = next_codepoint(at);
    if (refused(c) || unicode::is_title(c)) return Ref::steal(False);
    found = found || wanted(c);
  }
  return Ref::steal(Value::from_bool(found));
}

} // namespace

Ref str_method_lower(Thread&, const Value* args) {
  Str* self = cast<Str>(args[0]);
  if (self->is_ascii) return convert_ascii<Case::Lower>(self);
  return map_text(self, [&](std::string& out, uint32_t c, const char* start, const char* after) {
    append_lower_in(out, self->view(), c, start, after);
  });
}

Ref str_method_upper(Thread&, const Value* args) {
  Str* self = cast<Str>(args[0]);
  if (self->is_ascii) return convert_ascii<Case::Upper>(self);
  return map_text(
      self, [](std::string& out, uint32_t c, const char*, const char*) { unicode::append_upper(out, c); });
}

Ref str_method_casefold(Thread&, const Value* args) {
  Str* self = cast<Str>(args[0]);
  if (self->is_ascii) return convert_ascii<Case::Lower>(self);
  return map_text(
      self, [](std::string& out, uint32_t c, const char*, const char*) { unicode::append_fold(out, c); });
}

Ref str_method_swapcase(Thread&, const Value* args) {
  Str* self = cast<Str>(args[0]);
  if (self->is_ascii) return convert_ascii<Case::Swap>(self);
  return map_text(self, [&](std::string& out, uint32_t c, const char* start, const char* after) {
    if (unicode::is_upper(c)) {
      append_lower_in(out, self->view(), c, start, after);
    } else if (unicode::is_lower(c)) {
      unicode::append_upper(out, c);
    } else {
      append_codepoint(out, c);
    }
  });
}

Ref str_method_capitalize(Thread&, const Value* args) {
  Str* self = cast<Str>(args[0]);
  if (self->is_ascii) {
    bool first = true;
    return map_ascii(
        self, [&](char c, char) { return std::exchange(first, false) ? upper_byte(c) : lower_byte(c); });
  }
  return map_text(self, [&](std::string& out, uint32_t c, const char* start, const char* after) {
    if (start == self->data()) {
      unicode::append_title(out, c);
    } else {
      append_lower_in(out, self->view(), c, start, after);
    }
  });
}

Ref str_method_title(Thread&, const Value* args) {
  Str* self = cast<Str>(args[0]);
  if (self->is_ascii) {
    return map_ascii(self, [](char c, char before) {
      return has_class(before, AsciiUpper | AsciiLower) ? lower_byte(c) : upper_byte(c);
    });
  }
  bool in_word = false;
  return map_text(self, [&](std::string& out, uint32_t c, const char* start, const char* after) {
    if (in_word) {
      append_lower_in(out, self->view(), c, start, after);
    } else {
      unicode::append_title(out, c);
    }
    in_word = unicode::is_cased(c);
  });
}

Ref str_method_isalnum(Thread&, const Value* args) {
  if (cast<Str>(args[0])->is_ascii)
    return all_of_classes(cast<Str>(args[0]), AsciiUpper | AsciiLower | AsciiDigit);
  return all_of(args[0], [](uint32_t c) {
    return unicode::is_alpha(c) || unicode::is_numeric(c) || unicode::is_digit(c);
  });
}
Ref str_method_isalpha(Thread&, const Value* args) {
  if (cast<Str>(args[0])->is_ascii) return all_of_classes(cast<Str>(args[0]), AsciiUpper | AsciiLower);
  return all_of(args[0], unicode::is_alpha);
}
Ref str_method_isascii(Thread&, const Value* args) {
  return Ref::steal(Value::from_bool(cast<Str>(args[0])->is_ascii));
}
Ref str_method_isdecimal(Thread&, const Value* args) {
  if (cast<Str>(args[0])->is_ascii) return all_of_classes(cast<Str>(args[0]), AsciiDigit);
  return all_of(args[0], unicode::is_decimal);
}
Ref str_method_isdigit(Thread&, const Value* args) {
  if (cast<Str>(args[0])->is_ascii) return all_of_classes(cast<Str>(args[0]), AsciiDigit);
  return all_of(args[0], unicode::is_digit);
}
Ref str_method_isnumeric(Thread&, const Value* args) {
  if (cast<Str>(args[0])->is_ascii) return all_of_classes(cast<Str>(args[0]), AsciiDigit);
  return all_of(args[0], unicode::is_numeric);
}
Ref str_method_isspace(Thread&, const Value* args) {
  if (cast<Str>(args[0])->is_ascii) return all_of_classes(cast<Str>(args[0]), AsciiSpace);
  return all_of(args[0], unicode::is_space);
}
Ref str_method_isprintable(Thread&, const Value* args) { return all_of(args[0], is_printable, true); }

Ref str_method_isidentifier(Thread&, const Value* args) {
  bool first = true;
  return all_of(args[0], [&](uint32_t c) {
    bool fits = first ? starts_identifier(c) : continues_identifier(c);
    first = false;
    return fits;
  });
}

Ref str_method_islower(Thread&, const Value* args) {
  return has_only_case(args[0], unicode::is_lower, unicode::is_upper);
}
Ref str_method_isupper(Thread&, const Value* args) {
  return has_only_case(args[0], unicode::is_upper, unicode::is_lower);
}

Ref str_method_istitle(Thread&, const Value* args) {
  Str* self = cast<Str>(args[0]);
  const char* at = self->data();
  const char* end = at + self->size;
  bool in_word = false, found = false;
  while (at < end) {
    uint32_t c = next_codepoint(at);
    if (unicode::is_upper(c) || unicode::is_title(c)) {
      if (in_word) return Ref::steal(False);
      in_word = found = true;
    } else if (unicode::is_lower(c)) {
      if (!in_word) return Ref::steal(False);
      found = true;
    } else {
      in_word = false;
    }
  }
  return Ref::steal(Value::from_bool(found));
}

} // namespace aspy
