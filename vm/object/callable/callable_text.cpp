#include "vm/object/callable/callable_text.hpp"

#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

namespace aspy {

std::string callable_text(Thread& thread, Value callable) {
  ErrorShelter shelter(thread);
  Ref name = find_attr(thread, callable, names::dunder_qualname);
  if (!name || !is_str(name)) {
    Ref text = str(thread, callable);
    return text ? std::string(cast<Str>(text)->view()) : "object";
  }
  std::string out(cast<Str>(name)->view());
  Ref module = find_attr(thread, callable, names::dunder_module);
  if (module && is_str(module) && cast<Str>(module)->view() != "builtins")
    out = std::string(cast<Str>(module)->view()) + "." + out;
  return out + "()";
}

} // namespace aspy
