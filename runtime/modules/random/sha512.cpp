// The constants of SHA-512 are defined as the first 64 bits of the fractions of roots of primes; they are
// computed from that definition on first use rather than listed.
#include "runtime/modules/random/sha512.hpp"

#include <bit>
#include <cstring>
#include <string>
#include <tommath.h>

namespace aspy {
namespace {

struct Constants {
  uint64_t rounds[80]; // cube roots of the first 80 primes
  uint64_t start[8];   // square roots of the first 8

  Constants() {
    int count = 0;
    for (unsigned n = 2; count < 80; ++n) {
      bool prime = true;
      for (unsigned d = 2; d * d <= n; ++d) prime &= n % d != 0;
      if (!prime) continue;
      rounds[count] = fraction_of_root(n, 3);
      if (count < 8) start[count] = fraction_of_root(n, 2);
      ++count;
    }
  }

  // 2^64 times the root, modulo 2^64.
  static uint64_t fraction_of_root(unsigned n, unsigned degree) {
    mp_int number;
    if (mp_init_u64(&number, n) != MP_OKAY) return 0;
    uint64_t fraction = 0;
    if (mp_mul_2d(&number, int(64 * degree), &number) == MP_OKAY &&
        mp_root_u32(&number, degree, &number) == MP_OKAY)
      fraction = mp_get_mag_u64(&number);
    mp_clear(&number);
    return fraction;
  }
};

uint64_t load(const uint8_t* bytes) {
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) word = word << 8 | bytes[i];
  return word;
}

void mix_block(const Constants& constants, uint64_t state[8], const uint8_t* block) {
  uint64_t w[80];
  for (int i = 0; i < 16; ++i) w[i] = load(block + 8 * i);
  for (int i = 16; i < 80; ++i) {
    uint64_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (std::rotr(a, 1) ^ std::rotr(a, 8) ^ (a >> 7)) + w[i - 7] +
           (std::rotr(b, 19) ^ std::rotr(b, 61) ^ (b >> 6));
  }
  uint64_t v[8];
  std::memcpy(v, state, sizeof v);
  for (int i = 0; i < 80; ++i) {
    uint64_t e = v[4], a = v[0];
    uint64_t choice = (e & v[5]) ^ (~e & v[6]), majority = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
    uint64_t first =
        v[7] + (std::rotr(e, 14) ^ std::rotr(e, 18) ^ std::rotr(e, 41)) + choice + constants.rounds[i] + w[i];
    uint64_t second = (std::rotr(a, 28) ^ std::rotr(a, 34) ^ std::rotr(a, 39)) + majority;
    std::memmove(v + 1, v, 7 * sizeof(uint64_t));
    v[4] += first;
    v[0] = first + second;
  }
  for (int i = 0; i < 8; ++i) state[i] += v[i];
}

} // namespace

std::array<uint8_t, 64> sha512(std::string_view message) {
  static const Constants constants;
  uint64_t state[8];
  std::memcpy(state, constants.start, sizeof state);
  // Padding: one bit, zeros, and the length in bits as a 128-bit number.
  std::string padded(message);
  padded.push_back(char(0x80));
  while (padded.size() % 128 != 120) padded.push_back(0);
  uint64_t bits = uint64_t(message.size()) * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded.push_back(char(bits >> shift));
  for (size_t at = 0; at < padded.size(); at += 128)
    mix_block(constants, state, reinterpret_cast<const uint8_t*>(padded.data()) + at);
  std::array<uint8_t, 64> digest;
  for (size_t i = 0; i < 64; ++i) digest[i] = uint8_t(state[i / 8] >> (56 - 8 * (i % 8)));
  return digest;
}

} // namespace aspy
