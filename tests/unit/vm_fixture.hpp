// What tests of the object model share: the types made ready once, one thread, and texts of values and
// errors.
#pragma once

#include "vm/interpreter/thread/lock.hpp"
#include "vm/object/init.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <string>

namespace aspy::test {

// The thread that the tests run in; brings the VM up on first use.
inline Thread& thread() {
  static Thread* const state = [] {
    init_types();
    Thread* made = new_thread();
    acquire_lock(*made);
    bind_thread(made);
    return made;
  }();
  return *state;
}

// repr() of a value, or "Type: message" of the pending exception when the value is empty; clears it.
inline std::string show(const Ref& value) {
  Thread& current = thread();
  if (value) {
    Ref text = repr(current, value);
    if (text) return std::string(cast<Str>(text)->view());
  }
  Ref error = take_error(current);
  if (!error) return "(nothing)";
  Ref text = str(current, error);
  return std::string(type_name(error)) + ": " + (text ? std::string(cast<Str>(text)->view()) : "?");
}
inline std::string show(bool ok) { return ok ? "ok" : show(Ref()); }

} // namespace aspy::test
