// The keyed hash of text and bytes: SipHash-1-3, so that an attacker who chooses keys cannot make them
// collide.
#pragma once

#include <cstdint>
#include <string_view>

namespace aspy {

// Never 0 (callers cache with 0 as "not computed") and never the bits of -1 (scripts see the hash as signed).
// The key is drawn once per process; PYTHONHASHSEED=N fixes it, 0 makes it all zeros. str and bytes of the
// same ASCII hash alike.
uint64_t hash_bytes(std::string_view bytes);

} // namespace aspy
