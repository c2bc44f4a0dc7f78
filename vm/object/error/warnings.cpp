#include "vm/object/error/warnings.hpp"

#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

WarningHooks warning_hooks;

bool warn(Thread& thread, Type& category, std::string_view message, int stack_level) {
  return !warning_hooks.warn || warning_hooks.warn(thread, category, message, stack_level, Value());
}

bool warn_explicit(Thread& thread, Type& category, std::string_view message, std::string_view filename,
                   uint32_t line) {
  return !warning_hooks.warn_explicit ||
         warning_hooks.warn_explicit(thread, category, message, filename, line);
}

// Where the coroutine was made, when that is tracked.
static void append_origin(Thread& thread, Object* coroutine, std::string& text) {
  Ref origin = find_attr(thread, coroutine, intern("cr_origin"));
  if (!origin || !is_exact(origin, tuple_type)) return;
  text += "\nCoroutine created at (most recent call last)";
  auto* places = cast<Tuple>(origin);
  for (size_t i = places->size; i-- > 0;) {
    auto* place = cast<Tuple>((*places)[i]);
    std::string_view file = cast<Str>((*place)[0])->view(), function = cast<Str>((*place)[2])->view();
    auto line = static_cast<uint32_t>((*place)[1].as_int());
    text += fmt::format("\n  File \"{}\", line {}, in {}", file, line, function);
    std::string source = warning_hooks.source_line ? warning_hooks.source_line(file, line) : std::string();
    if (!source.empty()) text += "\n    " + source;
  }
}

void warn_never_awaited(Thread& thread, Object* coroutine) {
  if (!warning_hooks.warn) return;
  // A destructor must not disturb an exception that is under way.
  ErrorShelter shelter(thread);
  Ref name = get_attr(thread, coroutine, names::dunder_qualname);
  if (!name || !is_str(name)) return;
  std::string text = fmt::format("coroutine '{}' was never awaited", cast<Str>(name)->view());
  append_origin(thread, coroutine, text);
  // Filters may turn the warning into an exception; there is nobody to raise it in.
  if (!warning_hooks.warn(thread, RuntimeWarning_type, text, 1, coroutine))
    write_unraisable(thread, coroutine, "Exception ignored while finalizing coroutine");
}

} // namespace aspy
