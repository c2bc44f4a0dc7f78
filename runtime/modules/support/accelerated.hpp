// Natives of modules whose fast half goes by a name of its own: operator.add is _operator.add to itself.
#pragma once

#include "vm/object/callable/native.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/text/str.hpp"

namespace aspy {

// Gives the native functions of `module` another __module__.
inline void set_native_module(Module* module, std::string_view name) {
  uint32_t at = 0;
  Value key, value;
  while (dict_next(module->dict, at, key, value)) {
    if (is_exact(value, native_function_type))
      assign(cast<NativeFunction>(value)->module, share(Value(intern(name))));
  }
}

} // namespace aspy
