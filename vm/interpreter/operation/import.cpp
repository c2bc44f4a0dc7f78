#include "vm/interpreter/operation/import.hpp"

#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

namespace aspy {

ImportHooks import_hooks;
Dict* current_builtins;

Dict* builtins_of(Dict* globals) {
  Value own = dict_get(globals, names::dunder_builtins);
  if (!own) return current_builtins;
  if (is_exact(own, dict_type)) return cast<Dict>(own);
  return is_instance(own, module_type) ? cast<Module>(own)->dict : current_builtins;
}

Ref import_name(Thread& thread, Str* name, Value globals, Value fromlist, int level) {
  if (import_hooks.import_name) return import_hooks.import_name(thread, name, globals, fromlist, level);
  return raise(thread, ImportError_type, "this host has no modules to import");
}

Ref import_from(Thread& thread, Value module, Str* name) {
  if (import_hooks.import_from) return import_hooks.import_from(thread, module, name);
  return raise(thread, ImportError_type, "this host has no modules to import");
}

} // namespace aspy
