// _weakref: references and proxies (vm/object/weakref.hpp) for the `weakref` module (weakref.aspy).
#include "runtime/importing/registry.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/weakref.hpp"

namespace aspy {
namespace {

Ref weakref_proxy(Thread& thread, const Value* args) { return make_weak_proxy(thread, args[0], args[1]); }
Ref weakref_count_of(Thread&, const Value* args) {
  return make_int(args[0].is_object() ? weakref_count(args[0].as_object()) : 0);
}
Ref weakref_refs(Thread&, const Value* args) {
  return args[0].is_object() ? weakref_list(args[0].as_object()) : Ref(new_list());
}

const NativeDef weakref_functions[] = {
    {"proxy", "object, callback=None, /", weakref_proxy,
     "Create a proxy object that weakly references 'object'."},
    {"getweakrefcount", "object, /", weakref_count_of, "Return the number of weak references to 'object'."},
    {"getweakrefs", "object, /", weakref_refs,
     "Return a list of all weak reference objects pointing to 'object'."},
    {nullptr},
};

bool init_weakref_module(Thread&, Module* module) {
  module_set(module, "ref", Value(&weakref_type));
  module_set(module, "ReferenceType", Value(&weakref_type));
  module_set(module, "ProxyType", Value(&weakproxy_type));
  module_set(module, "CallableProxyType", Value(&callable_proxy_type));
  return true;
}

} // namespace

const ModuleSpec _weakref_module = {"_weakref", weakref_functions, init_weakref_module};

} // namespace aspy
