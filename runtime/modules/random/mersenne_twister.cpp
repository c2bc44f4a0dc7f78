#include "runtime/modules/random/mersenne_twister.hpp"

#include <algorithm>

namespace aspy {

void MersenneTwister::seed(uint32_t number) {
  state[0] = number;
  for (uint32_t i = 1; i < size; ++i) state[i] = 1812433253u * (state[i - 1] ^ (state[i - 1] >> 30)) + i;
  index = size;
}

void MersenneTwister::seed(const uint32_t* key, size_t length) {
  seed(19650218u);
  uint32_t i = 1;
  size_t j = 0;
  // The first word takes part as a copy of the last.
  auto step = [&] {
    if (++i == size) {
      state[0] = state[size - 1];
      i = 1;
    }
  };
  for (size_t k = std::max(size_t(size), length); k > 0; --k) {
    state[i] = (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) * 1664525u)) + key[j] + uint32_t(j);
    step();
    if (++j == length) j = 0;
  }
  for (int k = size - 1; k > 0; --k) {
    state[i] = (state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) * 1566083941u)) - i;
    step();
  }
  state[0] = 0x80000000u;
}

void MersenneTwister::renew() {
  for (int i = 0; i < size; ++i) {
    uint32_t word = (state[i] & 0x80000000u) | (state[(i + 1) % size] & 0x7fffffffu);
    state[i] = state[(i + 397) % size] ^ (word >> 1) ^ (word & 1 ? 0x9908b0dfu : 0);
  }
  index = 0;
}

uint32_t MersenneTwister::next() {
  if (index >= size) renew();
  uint32_t word = state[index++];
  word ^= word >> 11;
  word ^= (word << 7) & 0x9d2c5680u;
  word ^= (word << 15) & 0xefc60000u;
  return word ^ (word >> 18);
}

double MersenneTwister::next_unit() {
  uint32_t high = next() >> 5, low = next() >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

} // namespace aspy
