// The native half of `importlib`.
#include "runtime/importing/importing.hpp"
#include "runtime/importing/registry.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

namespace aspy {
namespace {

Ref imports_import(Thread& thread, const Value* args) {
  if (!is_str(args[0])) return raise_type_error(thread, "module name must be str");
  return import_module(thread, cast<Str>(args[0])->view());
}
Ref imports_reload(Thread& thread, const Value* args) { return reload_module(thread, args[0]); }

Ref imports_resolve(Thread& thread, const Value* args) {
  int64_t level;
  std::string out;
  if (!is_str(args[0]) || !is_str(args[1])) return raise_type_error(thread, "names must be str");
  if (!to_int64(thread, args[2], level) ||
      !resolve_relative(thread, cast<Str>(args[0])->view(), cast<Str>(args[1])->view(),
                        static_cast<int>(level), out))
    return {};
  return make_str(out);
}

Ref imports_origin(Thread& thread, const Value* args) {
  std::string origin;
  if (!is_str(args[0])) return raise_type_error(thread, "module name must be str");
  if (find_module_origin(thread, cast<Str>(args[0])->view(), origin)) return make_str(origin);
  return thread.has_error() ? Ref() : share(None);
}

const NativeDef imports_functions[] = {
    {"import_module", "name, /", imports_import},
    {"reload", "module, /", imports_reload, "Run the source of a module again."},
    {"resolve_name", "name, package, level, /", imports_resolve},
    {"module_origin", "name, /", imports_origin},
    {nullptr},
};

} // namespace

const ModuleSpec _imports_module = {"_imports", imports_functions, nullptr};

} // namespace aspy
