#include "vm/object/hash/siphash.hpp"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <sys/random.h>

namespace aspy {
namespace {

struct Key {
  uint64_t low = 0, high = 0;
};

// PYTHONHASHSEED gives the key through a small linear generator; a seed of 0 leaves it all zeros. Anything
// that is not a number ("random", unset) takes the key from the kernel.
Key draw_key() {
  Key key;
  const char* seed_text = std::getenv("PYTHONHASHSEED");
  if (seed_text && *seed_text >= '0' && *seed_text <= '9') {
    uint32_t state = static_cast<uint32_t>(std::strtoul(seed_text, nullptr, 10));
    if (state == 0) return key;
    unsigned char raw[sizeof key];
    for (unsigned char& byte : raw) {
      state = state * 214013 + 2531011;
      byte = static_cast<unsigned char>(state >> 16);
    }
    std::memcpy(&key, raw, sizeof key);
    return key;
  }
  if (getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key))
    key = {0x9E3779B97F4A7C15, 0xD1B54A32D192ED03};
  return key;
}

struct State {
  uint64_t a, b, c, d;

  void round() {
    a += b;
    c += d;
    b = std::rotl(b, 13) ^ a;
    d = std::rotl(d, 16) ^ c;
    a = std::rotl(a, 32);
    c += b;
    a += d;
    b = std::rotl(b, 17) ^ c;
    d = std::rotl(d, 21) ^ a;
    c = std::rotl(c, 32);
  }
};

} // namespace

uint64_t hash_bytes(std::string_view bytes) {
  static const Key key = draw_key();
  State state{key.low ^ 0x736f6d6570736575, key.high ^ 0x646f72616e646f6d, key.low ^ 0x6c7967656e657261,
              key.high ^ 0x7465646279746573};
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    state.d ^= word;
    state.round();
    state.a ^= word;
  }
  uint64_t tail = static_cast<uint64_t>(bytes.size()) << 56;
  uint64_t rest = 0;
  if (left) std::memcpy(&rest, at, left);
  tail |= rest;
  state.d ^= tail;
  state.round();
  state.a ^= tail;
  state.c ^= 0xff;
  for (int i = 0; i < 3; ++i) state.round();
  uint64_t hash = (state.a ^ state.b) ^ (state.c ^ state.d);
  if (hash == ~uint64_t{0}) return ~uint64_t{1};
  return hash ? hash : 1;
}

} // namespace aspy
