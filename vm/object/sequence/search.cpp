#include "vm/object/sequence/search.hpp"

#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace aspy {

namespace {

// The library's search is linear however text and part repeat themselves, but slow to start.
size_t find_steadily(std::string_view text, std::string_view part) {
  const void* hit = memmem(text.data(), text.size(), part.data(), part.size());
  return hit ? static_cast<size_t>(static_cast<const char*>(hit) - text.data()) : not_found;
}

// Bytes that comparing false candidates may cost, beyond a share of the text, before the steady search takes
// over.
constexpr size_t patience = 4096;

#ifdef __SSE2__
// Sixteen places at a time: those where both the first and the last byte fit are compared in full.
size_t find_in_blocks(std::string_view text, std::string_view part) {
  const char* data = text.data();
  size_t last = part.size() - 1, places = text.size() - last, at = 0, wasted = 0;
  const __m128i first_byte = _mm_set1_epi8(part[0]), last_byte = _mm_set1_epi8(part[last]);
  auto load = [](const char* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); };
  for (; at + 16 <= places; at += 16) {
    __m128i fits = _mm_and_si128(_mm_cmpeq_epi8(load(data + at), first_byte),
                                 _mm_cmpeq_epi8(load(data + at + last), last_byte));
    for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(fits)); mask; mask &= mask - 1) {
      size_t place = at + static_cast<size_t>(__builtin_ctz(mask));
      if (std::memcmp(data + place, part.data(), part.size()) == 0) return place;
      wasted += part.size();
    }
    if (wasted > at * 4 + patience) break;
  }
  if (at >= places) return not_found;
  size_t rest = find_steadily(text.substr(at), part);
  return rest == not_found ? not_found : at + rest;
}
#endif

// Few places: the first byte by memchr.
size_t find_in_short(std::string_view text, std::string_view part) {
  const char* at = text.data();
  const char* end = at + text.size() - part.size() + 1;
  while (at < end) {
    at = static_cast<const char*>(std::memchr(at, part[0], static_cast<size_t>(end - at)));
    if (!at) return not_found;
    if (std::memcmp(at, part.data(), part.size()) == 0) return static_cast<size_t>(at - text.data());
    ++at;
  }
  return not_found;
}

size_t count_byte(std::string_view text, char byte) {
  constexpr uint64_t ones = 0x0101010101010101, low = ones * 0x7F;
  const char* at = text.data();
  size_t left = text.size(), count = 0;
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    word ^= ones * static_cast<unsigned char>(byte);
    // The high bit of each byte that is zero now.
    count += static_cast<size_t>(__builtin_popcountll(~(((word & low) + low) | word | low)));
  }
  for (; left; ++at, --left) count += *at == byte;
  return count;
}

} // namespace

size_t find_bytes(std::string_view text, std::string_view part) {
  if (part.empty()) return 0;
  if (part.size() > text.size()) return not_found;
  if (part.size() == 1) return text.find(part[0]);
  size_t places = text.size() - part.size() + 1;
  if (places < 16) return find_in_short(text, part);
#ifdef __SSE2__
  return find_in_blocks(text, part);
#else
  return find_steadily(text, part);
#endif
}

size_t rfind_bytes(std::string_view text, std::string_view part) {
  if (part.size() > text.size()) return not_found;
  if (part.empty()) return text.size();
  size_t places = text.size() - part.size() + 1;
  while (places > 0) {
    const void* hit = memrchr(text.data(), part[0], places);
    if (!hit) return not_found;
    places = static_cast<size_t>(static_cast<const char*>(hit) - text.data());
    if (std::memcmp(hit, part.data(), part.size()) == 0) return places;
  }
  return not_found;
}

size_t count_bytes(std::string_view text, std::string_view part, size_t limit) {
  if (part.size() == 1 && limit == SIZE_MAX) return count_byte(text, part[0]);
  size_t count = 0;
  while (count < limit) {
    size_t at = find_bytes(text, part);
    if (at == not_found) break;
    ++count;
    text.remove_prefix(at + part.size());
  }
  return count;
}

void replace_bytes(std::string_view text, std::string_view part, std::string_view with, size_t hits,
                   char* out) {
  auto put = [&](const char* from, size_t size) {
    std::memcpy(out, from, size);
    out += size;
  };
  for (; hits > 0; --hits) {
    size_t at = find_bytes(text, part);
    put(text.data(), at);
    put(with.data(), with.size());
    text.remove_prefix(at + part.size());
  }
  put(text.data(), text.size());
}

bool slice_bound(Thread& thread, Value bound, int64_t& out) {
  if (bound.is_empty() || bound.is_none()) return true;
  if (bound.is_int()) {
    out = bound.as_int();
    return true;
  }
  if (!is_int_like(bound) && !type_of(bound)->slots.index) {
    return raise_type_error(thread, "slice indices must be integers or None or have an __index__ method");
  }
  return to_index(thread, bound, out);
}

void clamp_slice(int64_t& start, int64_t& stop, int64_t length) {
  if (stop > length) stop = length;
  if (stop < 0) stop = stop + length < 0 ? 0 : stop + length;
  if (start < 0) start = start + length < 0 ? 0 : start + length;
}

} // namespace aspy
