// Finds what the binary itself brings: native modules (registry.def) and library modules written in the
// language (runtime/**/*.aspy, compiled when aspy was built).
#pragma once

#include "runtime/frozen/frozen.hpp"
#include "vm/object/module.hpp"

#include <string_view>
#include <vector>

namespace aspy {

#define ASPY_MODULE(id) extern const ModuleSpec id##_module;
#include "runtime/importing/registry.def"
#undef ASPY_MODULE

// Null when there is none of this (dotted) name.
const ModuleSpec* find_native_module(std::string_view name);
const FrozenModule* find_frozen_module(std::string_view name);

// Names of all modules in the binary, sorted (sys.stdlib_module_names).
std::vector<std::string_view> library_module_names();

} // namespace aspy
