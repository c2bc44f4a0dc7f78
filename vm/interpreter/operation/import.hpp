// What the `import` instructions call. The runtime owns modules, files and search; it plugs itself in here at
// start-up, so that the interpreter needs to know nothing of them.
#pragma once

#include "vm/object/object.hpp"

namespace aspy {

struct Str;

struct ImportHooks {
  // `import name` / `from name import ...`: the module named `name` (dotted; `level` leading dots are
  // resolved against `globals`). With a `fromlist` (tuple of str) the innermost module, its listed submodules
  // imported; with None the outermost package. Honours a replaced builtins.__import__. Raises ImportError and
  // whatever the module's code raises.
  Ref (*import_name)(Thread& thread, Str* name, Value globals, Value fromlist, int level) = nullptr;
  // `from module import name`: the attribute, else the submodule; ImportError otherwise.
  Ref (*import_from)(Thread& thread, Value module, Str* name) = nullptr;
};
extern ImportHooks import_hooks;

// The hooks when they are set; ImportError otherwise.
Ref import_name(Thread& thread, Str* name, Value globals, Value fromlist, int level);
Ref import_from(Thread& thread, Value module, Str* name);

} // namespace aspy
