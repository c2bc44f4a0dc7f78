// Warnings that the VM itself gives. The `warnings` module (runtime/modules/support/warnings.cpp) owns
// filters, registries and the showing of them, and plugs itself in; without it a warning is dropped.
#pragma once

#include "vm/object/type/type.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace aspy {

// Warns at the line that `stack_level` script frames up is running (1: the innermost). False: a filter turned
// the warning into an exception, which is pending.
bool warn(Thread& thread, Type& category, std::string_view message, int stack_level = 1);
// The same for a place that is known (a SyntaxWarning).
bool warn_explicit(Thread& thread, Type& category, std::string_view message, std::string_view filename,
                   uint32_t line);
// "coroutine 'main' was never awaited", from a coroutine's finalisation: never raises, keeps a pending
// exception.
void warn_never_awaited(Thread& thread, Object* coroutine);

struct WarningHooks {
  bool (*warn)(Thread& thread, Type& category, std::string_view message, int stack_level,
               Value source_or_empty) = nullptr;
  bool (*warn_explicit)(Thread& thread, Type& category, std::string_view message, std::string_view filename,
                        uint32_t line) = nullptr;
  std::string (*source_line)(std::string_view filename,
                             uint32_t line) = nullptr; // without white space around
};
extern WarningHooks warning_hooks;

} // namespace aspy
