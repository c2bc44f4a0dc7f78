// MT19937, the generator of Matsumoto and Nishimura: the same numbers everywhere for the same seed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aspy {

struct MersenneTwister {
  static constexpr int size = 624;
  uint32_t state[size];
  uint32_t index; // of the next word; `size`: the state must be renewed first

  void seed(const uint32_t* key, size_t length);
  uint32_t next();    // 32 bits
  double next_unit(); // in [0, 1), 53 bits

private:
  void seed(uint32_t number);
  void renew();
};

} // namespace aspy
