// SHA-512 (FIPS 180-4).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace aspy {

// The digest of a whole message.
std::array<uint8_t, 64> sha512(std::string_view message);

} // namespace aspy
