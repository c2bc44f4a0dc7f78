// str: immutable text as UTF-8, with the number of code points, the hash and an ASCII bit cached.
//
//   | header 16 | hash 8 | size 4 | length 4 | flags 4 | . | index 8 | bytes ... NUL |
//
// Instances of script subclasses have their attributes in front of the header, so the bytes always follow the
// fields.
//
// Lone surrogates (from escapes and surrogateescape) are kept in the generalised form (WTF-8). Indexing is
// O(1) for ASCII, and through a lazily built table of every 64th character otherwise.
#pragma once

#include "vm/object/object.hpp"
#include "vm/object/type/type.hpp"

#include <string>
#include <string_view>

namespace aspy {

struct Str : Object {
  uint64_t hash = 0;   // 0: not computed yet
  uint32_t size = 0;   // bytes
  uint32_t length = 0; // code points
  bool is_ascii = false;
  bool is_interned = false;  // one object per text: equal interned strings are identical
  uint8_t pool_words = 0;    // of its block, when that is from the block pool and not the heap
  uint32_t* index = nullptr; // byte offset of each 64th code point; owned, null for ASCII or not yet needed

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view view() const { return {data(), size}; }
};
extern Type str_type;
inline bool is_str(Value value) {
  return value.is_object() && (value.as_object()->type->flags & TypeIsStr) != 0;
}

// From UTF-8 that is known to be valid. Single ASCII characters and the empty string are pre-made.
Own<Str> make_str(std::string_view utf8);
// A str of `size` bytes to be filled by the caller, who then calls finish_str (it counts code points and
// finds the ASCII bit).
Own<Str> new_str_buffer(size_t size);
void finish_str(Str* text);
Own<Str> str_from_codepoint(uint32_t codepoint);
// The one shared string of this text; lives for ever (borrowed).
Str* intern(std::string_view utf8);
// The interned twin of `text` (borrowed, lives for ever).
Str* intern(Str* text);

uint64_t str_hash(Str* text); // SipHash-1-3, keyed per process (PYTHONHASHSEED is honoured); never 0
bool str_equals(const Str* a, const Str* b);
// Code point at index (0 <= index < length); byte offset of a code point index (0..length).
uint32_t str_at(Str* text, uint32_t index);
uint32_t str_byte_offset(Str* text, uint32_t index);
Own<Str> str_slice(Str* text, uint32_t start, uint32_t stop); // by code points
Own<Str> str_concat(Thread& thread, Str* a, Str* b);          // raises MemoryError
Own<Str> str_join(Thread& thread, Str* separator, Value iterable);
// repr text of a str ('quoted'), for messages.
std::string quote(std::string_view utf8);
// Decodes one code point of (W)UTF-8 at `at`, advancing it.
uint32_t next_codepoint(const char*& at);
// Appends a code point to `out` as (W)UTF-8.
void append_codepoint(std::string& out, uint32_t codepoint);
// Whether `bytes` are well-formed UTF-8 without surrogates.
bool is_valid_utf8(std::string_view bytes);

// Collects text piece by piece into one new str (repr, join, format).
class StrBuilder {
public:
  void append(std::string_view utf8) { text_.append(utf8); }
  void append(char c) { text_.push_back(c); }
  void append(const Str* text) { text_.append(text->view()); }
  bool append_repr(Thread& thread, Value value); // false: raised
  bool append_str(Thread& thread, Value value);  // false: raised
  size_t size() const { return text_.size(); }
  std::string& text() { return text_; }
  Own<Str> finish() { return make_str(text_); }

private:
  std::string text_;
};

// Interned names the VM itself needs, as `names::dunder_init`. The list is vm/object/names.def.
namespace names {
#define ASPY_NAME(id, text) extern Str* id;
#include "vm/object/names.def"
#undef ASPY_NAME
} // namespace names
void init_names(); // fills them, before any type is made ready

} // namespace aspy
