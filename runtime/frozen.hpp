// Library sources written in the language itself and embedded at build time.
#pragma once

#include <string_view>

namespace aspy {

// One embedded file: its path below runtime/ without ".aspy" ("asyncio/taskgroups"), and its text.
struct FrozenSource {
  const char* name;
  std::string_view text;
};

// All of them, in no particular order; the last has a null name.
extern const FrozenSource frozen_sources[];

} // namespace aspy
