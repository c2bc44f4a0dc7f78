// The core of str: making, interning, hashing, indexing. Methods and operators are in str_*.cpp.
#include "vm/object/text/str.hpp"

#include "vm/memory/block_pool.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/hash/siphash.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str_internal.hpp"
#include "vm/object/thread.hpp"

#include <bit>
#include <cstring>

namespace aspy {
namespace {

constexpr uint32_t index_step = 64;

// The set of interned strings: open addressing over their hashes. Nothing is ever removed.
struct InternTable {
  Str** slots = nullptr;
  size_t mask = 0;
  size_t used = 0;

  // The slot that holds the text, or the free one where it belongs.
  Str** find(std::string_view text, uint64_t hash) {
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
      Str* candidate = slots[at];
      if (!candidate || (candidate->hash == hash && candidate->view() == text)) return &slots[at];
    }
  }
  void reserve_one() {
    if (slots && used * 2 <= mask) return;
    size_t old_size = slots ? mask + 1 : 0;
    size_t size = old_size ? old_size * 2 : 4096; // a program that imports asyncio has a good thousand names
    Str** old = slots;
    slots = static_cast<Str**>(std::calloc(size, sizeof(Str*)));
    mask = size - 1;
    for (size_t i = 0; i < old_size; ++i) {
      if (old[i]) *find(old[i]->view(), old[i]->hash) = old[i];
    }
    std::free(old);
  }
};
InternTable interned;
Str* single_chars[256]; // pre-made strings of U+0000..U+00FF, made at first use
Str* empty_text = nullptr;

// Short texts are born and die by the million.
constexpr size_t pooled_bytes = 128;

Str* allocate_text(size_t size) {
  size_t bytes = (sizeof(Str) + size + 1 + 7) / 8 * 8;
  Str* text;
  if (bytes <= pooled_bytes) [[likely]] {
    text = new (pool_alloc(bytes)) Str();
    text->refcount = 1;
    text->gc_word = 0;
    text->type = &str_type;
    text->pool_words = static_cast<uint8_t>(bytes / 8);
  } else {
    text = allocate<Str>(str_type, size + 1);
  }
  text->size = static_cast<uint32_t>(size);
  text->data()[size] = '\0';
  return text;
}

void measure(Str* text) {
  std::string_view bytes = text->view();
  text->is_ascii = is_ascii_text(bytes);
  text->length = text->is_ascii ? text->size : static_cast<uint32_t>(count_codepoints(bytes));
}

// A new object for the text, even when a shared one exists.
Str* fresh_text(std::string_view utf8) {
  Str* text = allocate_text(utf8.size());
  if (!utf8.empty()) std::memcpy(text->data(), utf8.data(), utf8.size());
  measure(text);
  return text;
}

Str* add_interned(Str** slot, Str* text) {
  text->is_interned = true;
  text->refcount += immortal_refcount;
  *slot = text;
  ++interned.used;
  return text;
}

Str* shared_char(unsigned char byte) {
  Str*& entry = single_chars[byte];
  if (!entry) {
    char utf8[2] = {static_cast<char>(byte), 0};
    size_t size = 1;
    if (byte >= 0x80) {
      utf8[0] = static_cast<char>(0xC0 | byte >> 6);
      utf8[1] = static_cast<char>(0x80 | (byte & 0x3F));
      size = 2;
    }
    entry = intern(std::string_view(utf8, size));
  }
  return entry;
}

// Byte offset of each 64th code point.
void build_index(Str* text) {
  uint32_t count = text->length / index_step + 1;
  text->index = static_cast<uint32_t*>(heap_alloc(count * sizeof(uint32_t)));
  const char* bytes = text->data();
  uint32_t seen = 0;
  for (uint32_t at = 0; at < text->size; ++at) {
    if (is_continuation(bytes[at])) continue;
    if (seen % index_step == 0) text->index[seen / index_step] = at;
    ++seen;
  }
  // A text whose length is a multiple of 64 has an entry for its end.
  if (text->length % index_step == 0) text->index[count - 1] = text->size;
}

} // namespace

// --- making ------------------------------------------------------------------------------------------

Own<Str> make_str(std::string_view utf8) {
  if (utf8.size() <= 1) {
    if (utf8.empty()) {
      if (!empty_text) empty_text = intern(std::string_view());
      return Own<Str>::share(empty_text);
    }
    return Own<Str>::share(shared_char(static_cast<unsigned char>(utf8[0])));
  }
  return Own<Str>::steal(fresh_text(utf8));
}

Own<Str> new_str_buffer(size_t size) { return Own<Str>::steal(allocate_text(size)); }

void finish_str(Str* text) { measure(text); }

Own<Str> make_ascii_str(std::string_view ascii) {
  if (ascii.size() <= 1) return make_str(ascii);
  Str* text = allocate_text(ascii.size());
  std::memcpy(text->data(), ascii.data(), ascii.size());
  text->is_ascii = true;
  text->length = text->size;
  return Own<Str>::steal(text);
}

Own<Str> str_from_codepoint(uint32_t codepoint) {
  if (codepoint < 256) return Own<Str>::share(shared_char(static_cast<unsigned char>(codepoint)));
  std::string utf8;
  append_codepoint(utf8, codepoint);
  return make_str(utf8);
}

void str_dealloc(Object* object) {
  Str* text = static_cast<Str*>(object);
  if (text->index) heap_free(text->index);
  if (text->pool_words) [[likely]]
    pool_free(text, text->pool_words * size_t{8});
  else if (text->type == &str_type) heap_free(text);
  else free_object(object);
}

// --- interning -----------------------------------------------------------------------------------------

Str* intern(std::string_view utf8) {
  interned.reserve_one();
  uint64_t hash = hash_bytes(utf8);
  Str** slot = interned.find(utf8, hash);
  if (*slot) return *slot;
  Str* text = fresh_text(utf8);
  text->hash = hash;
  return add_interned(slot, text);
}

Str* intern(Str* text) {
  if (text->is_interned) return text;
  // An instance of a subclass may carry attributes: the table holds a plain copy of its text.
  if (text->type != &str_type) return intern(text->view());
  interned.reserve_one();
  Str** slot = interned.find(text->view(), str_hash(text));
  if (*slot) return *slot;
  return add_interned(slot, text);
}

// --- comparing -------------------------------------------------------------------------------------------

uint64_t str_hash(Str* text) {
  if (text->hash == 0) text->hash = hash_bytes(text->view());
  return text->hash;
}

bool str_equals(const Str* a, const Str* b) {
  if (a == b) return true;
  if (a->size != b->size) return false;
  // Different hashes, where both are known, tell at once.
  if (a->hash && b->hash && a->hash != b->hash) return false;
  return std::memcmp(a->data(), b->data(), a->size) == 0;
}

// --- indexing ----------------------------------------------------------------------------------------------

uint32_t str_byte_offset(Str* text, uint32_t index) {
  if (text->is_ascii) return index;
  if (index == text->length) return text->size;
  uint32_t at = 0, seen = 0;
  if (index >= index_step) {
    if (!text->index) build_index(text);
    at = text->index[index / index_step];
    seen = index - index % index_step;
  }
  const char* bytes = text->data();
  for (; seen < index; ++seen) at += codepoint_size(bytes[at]);
  return at;
}

uint32_t str_index_of_byte(Str* text, uint32_t offset) {
  if (text->is_ascii) return offset;
  if (offset < 4 * index_step) return static_cast<uint32_t>(count_codepoints({text->data(), offset}));
  // Find the block by bisection, then count the rest.
  if (!text->index) build_index(text);
  uint32_t low = 0, high = text->length / index_step + 1;
  while (high - low > 1) {
    uint32_t middle = (low + high) / 2;
    (text->index[middle] <= offset ? low : high) = middle;
  }
  uint32_t start = text->index[low];
  return low * index_step + static_cast<uint32_t>(count_codepoints({text->data() + start, offset - start}));
}

uint32_t str_at(Str* text, uint32_t index) {
  if (text->is_ascii) return static_cast<unsigned char>(text->data()[index]);
  const char* at = text->data() + str_byte_offset(text, index);
  return next_codepoint(at);
}

Own<Str> str_slice(Str* text, uint32_t start, uint32_t stop) {
  if (start >= stop) return make_str({});
  if (start == 0 && stop == text->length && text->type == &str_type) return Own<Str>::share(text);
  if (text->is_ascii) return make_ascii_str({text->data() + start, stop - start});
  uint32_t from = str_byte_offset(text, start);
  // A short slice is walked to its end from its start; a long one asks the index.
  uint32_t to;
  if (stop - start < index_step) {
    to = from;
    for (uint32_t i = start; i < stop; ++i) to += codepoint_size(text->data()[to]);
  } else {
    to = str_byte_offset(text, stop);
  }
  std::string_view part(text->data() + from, to - from);
  if (stop - start == 1) {
    const char* at = part.data();
    return str_from_codepoint(next_codepoint(at));
  }
  return make_str(part);
}

bool may_make_str(Thread& thread, size_t bytes) {
  if (bytes > max_str_size) return raise(thread, MemoryError_type, "");
  return bytes < 4096 || may_allocate(thread, bytes);
}

Own<Str> str_concat(Thread& thread, Str* a, Str* b) {
  if (b->size == 0 && a->type == &str_type) return Own<Str>::share(a);
  if (a->size == 0 && b->type == &str_type) return Own<Str>::share(b);
  size_t size = size_t{a->size} + b->size;
  if (!may_make_str(thread, size)) return {};
  Own<Str> result = new_str_buffer(size);
  std::memcpy(result->data(), a->data(), a->size);
  std::memcpy(result->data() + a->size, b->data(), b->size);
  result->is_ascii = a->is_ascii && b->is_ascii;
  result->length = a->length + b->length;
  // Two halves of a surrogate pair stay two code points: the generalised form never merges them.
  return result;
}

Own<Str> str_append(Thread& thread, Str* a, Str* b) {
  bool sole = a->refcount == 1 && a->type == &str_type && !a->is_interned && a != b;
  size_t size = size_t{a->size} + b->size;
  if (!sole || a->size < 32 || b->size == 0) return str_concat(thread, a, b);
  if (!may_make_str(thread, size + size / 2)) return {};
  Own<Str> result;
  size_t room = a->pool_words ? a->pool_words * size_t{8} : heap_usable_size(a);
  if (room > sizeof(Str) + size) {
    result = Own<Str>::share(a);
  } else {
    // Half as much again is left free, so that the next pieces find room.
    result = new_str_buffer(size + size / 2);
    std::memcpy(result->data(), a->data(), a->size);
    result->is_ascii = a->is_ascii;
    result->length = a->length;
  }
  uint32_t at = a->size;
  std::memcpy(result->data() + at, b->data(), b->size);
  result->data()[size] = '\0';
  result->size = static_cast<uint32_t>(size);
  result->length += b->length;
  result->is_ascii = result->is_ascii && b->is_ascii;
  result->hash = 0;
  if (result->index) heap_free(std::exchange(result->index, nullptr));
  return result;
}

// --- code points ---------------------------------------------------------------------------------

size_t count_codepoints(std::string_view utf8) {
  const char* at = utf8.data();
  size_t left = utf8.size(), count = left;
  // Less the continuation bytes, of which the high bit is set and the next one is not: eight at a time.
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    count -= static_cast<size_t>(std::popcount(word & ~(word << 1) & 0x8080808080808080));
  }
  for (; left; ++at, --left) count -= is_continuation(*at);
  return count;
}

bool is_ascii_text(std::string_view bytes) {
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    if (word & 0x8080808080808080) return false;
  }
  for (; left; ++at, --left) {
    if (static_cast<signed char>(*at) < 0) return false;
  }
  return true;
}

uint32_t next_codepoint(const char*& at) {
  auto byte = [&] { return static_cast<unsigned char>(*at++); };
  uint32_t first = byte();
  if (first < 0x80) return first;
  auto tail = [&] { return uint32_t{byte()} & 0x3F; };
  if (first < 0xE0) return (first & 0x1F) << 6 | tail();
  if (first < 0xF0) {
    uint32_t high = (first & 0x0F) << 12;
    high |= tail() << 6;
    return high | tail();
  }
  uint32_t high = (first & 0x07) << 18;
  high |= tail() << 12;
  high |= tail() << 6;
  return high | tail();
}

void append_codepoint(std::string& out, uint32_t codepoint) {
  auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (codepoint < 0x80) {
    put(codepoint);
  } else if (codepoint < 0x800) {
    put(0xC0 | codepoint >> 6);
    put(0x80 | (codepoint & 0x3F));
  } else if (codepoint < 0x10000) {
    put(0xE0 | codepoint >> 12);
    put(0x80 | (codepoint >> 6 & 0x3F));
    put(0x80 | (codepoint & 0x3F));
  } else {
    put(0xF0 | codepoint >> 18);
    put(0x80 | (codepoint >> 12 & 0x3F));
    put(0x80 | (codepoint >> 6 & 0x3F));
    put(0x80 | (codepoint & 0x3F));
  }
}

bool is_valid_utf8(std::string_view bytes) {
  if (is_ascii_text(bytes)) return true;
  const unsigned char* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const unsigned char* end = at + bytes.size();
  while (at < end) {
    if (*at < 0x80) {
      ++at;
      continue;
    }
    // Two bytes are the common case beyond ASCII.
    if (*at >= 0xC2 && *at < 0xE0 && end - at >= 2 && (at[1] & 0xC0) == 0x80) {
      at += 2;
      continue;
    }
    size_t bad_length;
    const char* reason;
    size_t size = check_utf8(at, end, bad_length, reason);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

size_t check_utf8(const unsigned char* at, const unsigned char* end, size_t& bad_length,
                  const char*& reason) {
  unsigned char first = *at;
  if (first < 0x80) return 1;
  bad_length = 1;
  reason = "invalid start byte";
  if (first < 0xC2 || first > 0xF4) return 0;
  size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
  unsigned char low = 0x80, high = 0xBF;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (size_t i = 1; i < size; ++i) {
    if (at + i >= end) {
      bad_length = i;
      reason = "unexpected end of data";
      return 0;
    }
    if (at[i] < low || at[i] > high) {
      bad_length = i;
      reason = "invalid continuation byte";
      return 0;
    }
    low = 0x80;
    high = 0xBF;
  }
  return size;
}

// --- StrBuilder ----------------------------------------------------------------------------------

bool StrBuilder::append_repr(Thread& thread, Value value) {
  Ref text = repr(thread, value);
  if (!text) return false;
  append(cast<Str>(text.get()));
  return true;
}

bool StrBuilder::append_str(Thread& thread, Value value) {
  Ref text = str(thread, value);
  if (!text) return false;
  append(cast<Str>(text.get()));
  return true;
}

} // namespace aspy
