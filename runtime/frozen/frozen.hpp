// The library modules that are written in the language itself. aspy_freeze (freeze.cpp) compiles them when
// aspy is built, and writes the table that is declared here.
#pragma once

#include <string_view>

namespace aspy {

struct FrozenModule {
  std::string_view name;  // dotted: "asyncio.taskgroups"
  bool is_package;        // has submodules: <name>/__init__.aspy
  std::string_view image; // vm/bytecode/image.hpp
};

extern const FrozenModule frozen_modules[]; // sorted by name
extern const size_t frozen_module_count;

} // namespace aspy
