#include "runtime/importing/importing.hpp"

#include "runtime/importing/module_spec.hpp"
#include "runtime/importing/registry.hpp"
#include "runtime/importing/shadowing.hpp"
#include "vm/bytecode/image.hpp"
#include "vm/compiler/compiler.hpp"
#include "vm/interpreter/call.hpp"
#include "vm/interpreter/operation/import.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/warnings.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aspy {
namespace {

Dict* modules; // sys.modules, owned

std::string_view text_of(Value value) {
  return value && is_str(value) ? cast<Str>(value)->view() : std::string_view();
}

Raised raise_import_error(Thread& thread, Type& type, std::string_view message, std::string_view name,
                          Value path = {}) {
  Own<Str> text = make_str(message);
  Value argument = text.value();
  Ref error = make_exception(thread, &type, CallArgs{&argument, 1, nullptr});
  if (!error) return {};
  assign(cast<ImportErrorObject>(error)->name, make_str(name));
  if (path) assign(cast<ImportErrorObject>(error)->path, share(path));
  set_error(thread, std::move(error));
  return {};
}

Raised no_module(Thread& thread, std::string_view name, std::string_view detail = {}) {
  return raise_import_error(thread, ModuleNotFoundError_type,
                            fmt::format("No module named '{}'{}", name, detail), name);
}

// --- files ---------------------------------------------------------------------------------------

bool is_file(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}
bool is_folder(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool read_file(Thread& thread, const std::string& path, std::string& out) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) return raise_os_error(thread, errno, make_str(path).value());
  char block[65536];
  while (size_t count = std::fread(block, 1, sizeof block, file)) out.append(block, count);
  std::fclose(file);
  return true;
}

struct FoundFile {
  std::string path;   // of the source; empty for a folder without __init__
  std::string folder; // of a package
  bool found = false;
};

// Looks for the last part of a module's name in one folder.
FoundFile find_in_folder(const std::string& folder, std::string_view part) {
  std::string base = folder.empty() ? std::string(part) : fmt::format("{}/{}", folder, part);
  if (folder.empty()) {
    // An empty entry stands for the current folder, whatever it is at the time.
    char here[PATH_MAX];
    if (::getcwd(here, sizeof here)) base = fmt::format("{}/{}", here, part);
  }
  FoundFile found;
  bool folder_there = is_folder(base);
  if (folder_there)
    for (const char* init : {"/__init__.aspy", "/__init__.py"})
      if (is_file(base + init)) return {base + init, base, true};
  for (const char* ending : {".aspy", ".py"})
    if (is_file(base + ending)) return {base + ending, {}, true};
  if (folder_there) return {{}, base, true};
  return found;
}

// Searches the folders of `path` (a list); a folder that is no package is only taken when nothing better
// comes.
FoundFile find_on_path(Value path, std::string_view part) {
  FoundFile namespace_package;
  if (!path || !is_list(path)) return namespace_package;
  for (Value entry : cast<List>(path)->view()) {
    if (!is_str(entry)) continue;
    FoundFile found = find_in_folder(std::string(text_of(entry)), part);
    if (found.found && !found.path.empty()) return found;
    if (found.found && !namespace_package.found) namespace_package = std::move(found);
  }
  return namespace_package;
}

Value sys_path() {
  Value sys = dict_get(modules, "sys");
  return sys && is_instance(sys, module_type) ? dict_get(cast<Module>(sys)->dict, "path") : Value();
}

// --- making modules ------------------------------------------------------------------------------

// A new module in sys.modules with the attributes that every module has.
Own<Module> begin_module(Thread& thread, Str* name, Value origin, Value path_list, std::string_view loader) {
  Own<Module> module = new_module(name);
  Dict* ns = module->dict;
  std::string_view full = name->view();
  size_t dot = full.rfind('.');
  Str* package = path_list ? name : intern(dot == full.npos ? std::string_view() : full.substr(0, dot));
  dict_set(ns, names::dunder_package, package);
  dict_set(ns, names::dunder_loader, None);
  Ref spec = make_module_spec(thread, name, origin, path_list, loader);
  dict_set(ns, names::dunder_spec, spec);
  if (path_list) dict_set(ns, names::dunder_path, path_list);
  dict_set(modules, name, module.value());
  return module;
}

void end_module(Module* module) {
  Value spec = dict_get(module->dict, names::dunder_spec);
  if (spec) finish_module_spec(spec);
}

Ref load_native(Thread& thread, Str* name, const ModuleSpec& spec) {
  Own<Module> module = begin_module(thread, name, intern("built-in"), Value(), "BuiltinImporter");
  if (spec.doc) dict_set(module->dict, names::dunder_doc, make_str(spec.doc).value());
  for (const NativeDef* def = spec.functions; def && def->name; ++def) {
    Ref function = make_native_function(thread, *def, name);
    dict_set(module->dict, intern(def->name), function);
  }
  if (spec.init && !spec.init(thread, module.get())) {
    dict_remove(modules, name);
    return {};
  }
  end_module(module.get());
  return module;
}

Ref run_source(Thread& thread, Module* module, std::string_view source, std::string_view filename) {
  Own<Code> code = compile(thread, source, filename, {});
  if (!code) return {};
  return run_code(thread, code.get(), module->dict);
}

// Runs a module's code (null: it did not compile); a module that failed is no longer in sys.modules.
Ref execute(Thread& thread, Str* name, Own<Module> module, const Own<Code>& code) {
  dict_set(module->dict, names::dunder_builtins, dict_get(modules, "builtins"));
  Ref done = code ? run_code(thread, code.get(), module->dict) : Ref();
  if (!done) {
    ErrorShelter shelter(thread);
    dict_remove(modules, name);
    return {};
  }
  end_module(module.get());
  // The code may have put something else in its place.
  Value now = dict_get(modules, name);
  return now ? share(now) : Ref(std::move(module));
}

Ref load_frozen(Thread& thread, Str* name, const FrozenModule& frozen) {
  Ref path;
  if (frozen.is_package) path = new_list();
  Own<Module> module =
      begin_module(thread, name, intern("frozen"), path ? path.get() : Value(), "FrozenImporter");
  return execute(thread, name, std::move(module), read_image(frozen.image));
}

Ref load_file(Thread& thread, Str* name, const FoundFile& found) {
  Ref path;
  if (!found.folder.empty()) {
    Own<List> list = new_list();
    list_append(list.get(), make_str(found.folder).value());
    path = std::move(list);
  }
  if (found.path.empty())
    // A folder without __init__: nothing to run.
    return begin_module(thread, name, None, path, "NamespaceLoader");
  std::string source;
  if (!read_file(thread, found.path, source)) return {};
  Own<Str> file = make_str(found.path);
  Own<Module> module =
      begin_module(thread, name, file.value(), path ? path.get() : Value(), "SourceFileLoader");
  dict_set(module->dict, names::dunder_file, file.value());
  return execute(thread, name, std::move(module), compile(thread, source, found.path, {}));
}

// Modules that CPython has compiled in: no file beside the script can take their place.
bool never_shadowed(std::string_view name) {
  for (std::string_view fixed :
       {"sys", "builtins", "time", "gc", "itertools", "atexit", "errno", "marshal", "posix"})
    if (name == fixed) return true;
  return name.starts_with('_');
}

bool inside_library(Value globals) {
  Value spec = globals && is_dict(globals) ? dict_get(cast<Dict>(globals), names::dunder_spec) : Value();
  return spec && is_library_spec(spec);
}

// Finds and loads a module whose parent (if it has one) is there. `path`: the parent's __path__, or sys.path.
Ref find_and_load(Thread& thread, Str* name, Value path, bool prefer_library) {
  std::string_view full = name->view();
  std::string_view part = full.substr(full.rfind('.') + 1); // npos + 1 is 0
  const ModuleSpec* native = find_native_module(full);
  const FrozenModule* frozen = native ? nullptr : find_frozen_module(full);
  bool in_binary = native || frozen;
  if (!in_binary || !(prefer_library || never_shadowed(full))) {
    FoundFile file = find_on_path(path, part);
    if (file.found && !(in_binary && file.path.empty())) return load_file(thread, name, file);
  }
  if (native) return load_native(thread, name, *native);
  if (frozen) return load_frozen(thread, name, *frozen);
  return no_module(thread, full);
}

Ref import_absolute(Thread& thread, Str* name, bool prefer_library) {
  if (Value there = dict_get(modules, name)) {
    if (!there.is_none()) return share(there);
    return raise_import_error(thread, ModuleNotFoundError_type,
                              fmt::format("import of {} halted; None in sys.modules", name->view()),
                              name->view());
  }
  if (!check_native_stack(thread)) return {};
  std::string_view full = name->view();
  size_t dot = full.rfind('.');
  if (dot == full.npos) return find_and_load(thread, name, sys_path(), prefer_library);

  Str* parent_name = intern(full.substr(0, dot));
  Ref parent = import_absolute(thread, parent_name, prefer_library);
  if (!parent) return {};
  // Importing the parent may have imported this one.
  if (Value there = dict_get(modules, name)) return share(there);
  Ref path = find_attr(thread, parent, names::dunder_path);
  if (!path) {
    if (thread.has_error()) return {};
    return no_module(thread, full, fmt::format("; '{}' is not a package", parent_name->view()));
  }
  Ref module = find_and_load(thread, name, path, prefer_library);
  if (!module) return {};
  if (!set_attr(thread, parent, intern(full.substr(dot + 1)), module)) return {};
  return module;
}

// --- the statements ------------------------------------------------------------------------------

// The package that relative imports of a module are counted from. False: raised.
bool package_of(Thread& thread, Value globals, std::string& out) {
  Dict* ns = globals && is_dict(globals) ? cast<Dict>(globals) : nullptr;
  if (!ns) return raise(thread, KeyError_type, "'__name__' not in globals");
  Value package = dict_get(ns, names::dunder_package);
  if (package && is_str(package)) {
    out = text_of(package);
    return true;
  }
  Value name = dict_get(ns, names::dunder_name);
  if (!name || !is_str(name)) return raise(thread, KeyError_type, "'__name__' not in globals");
  out = text_of(name);
  if (!dict_get(ns, names::dunder_path)) out.erase(out.rfind('.') == out.npos ? 0 : out.rfind('.'));
  return true;
}

// Imports the submodules that a from-import names and that are no attributes yet.
bool import_submodules(Thread& thread, Value module, Value fromlist, bool prefer_library) {
  Ref path = find_attr(thread, module, names::dunder_path);
  if (!path) return !thread.has_error();
  Ref module_name = get_attr(thread, module, names::dunder_name);
  if (!module_name || !is_str(module_name)) return false;
  return for_each(thread, fromlist, [&](Value item) {
    if (!is_str(item)) return true;
    std::string_view part = text_of(item);
    if (part == "*") {
      Ref all = find_attr(thread, module, names::dunder_all);
      if (!all) return !thread.has_error();
      return import_submodules(thread, module, all, prefer_library);
    }
    Ref there = find_attr(thread, module, intern(part));
    if (there) return true;
    if (thread.has_error()) return false;
    std::string full = fmt::format("{}.{}", text_of(module_name), part);
    Ref sub = import_absolute(thread, intern(full), prefer_library);
    if (sub) return true;
    // That there is no such submodule is for ImportFrom to say.
    if (error_matches(thread, ModuleNotFoundError_type) &&
        text_of(cast<ImportErrorObject>(thread.error)->name) == full) {
      clear_error(thread);
      return true;
    }
    return false;
  });
}

bool is_empty_list(Value fromlist) {
  return !fromlist || fromlist.is_none() || (is_tuple(fromlist) && cast<Tuple>(fromlist)->size == 0) ||
         (is_list(fromlist) && cast<List>(fromlist)->size == 0);
}

Ref hook_import_name(Thread& thread, Str* name, Value globals, Value fromlist, int level) {
  // A script may have put its own function in place of builtins.__import__.
  Value function =
      dict_get(globals && is_exact(globals, dict_type) ? builtins_of(cast<Dict>(globals)) : current_builtins,
               names::dunder_import);
  if (!function) return raise(thread, ImportError_type, "__import__ not found");
  if (is_exact(function, native_function_type))
    return import_by_statement(thread, name, globals, fromlist, level);
  Ref locals = current_locals(thread);
  if (!locals) return {};
  return call(thread, function, {name, globals ? globals : None, locals, fromlist, Value::from_int(level)});
}

// The file a module came from, for messages.
std::string module_origin(Thread& thread, Value module) {
  Ref file = find_attr(thread, module, names::dunder_file);
  clear_error(thread);
  if (file && is_str(file)) return std::string(text_of(file));
  return "unknown location";
}

std::string hides_another(std::string_view module_name, std::string_view file, bool initializing) {
  switch (shadowing_of(module_name, file)) {
  case Shadowing::Library:
    return fmt::format(" (consider renaming '{}' since it has the same name as the standard library module "
                       "named '{}' and prevents importing that standard library module)",
                       file, module_name);
  case Shadowing::Something:
    if (initializing)
      return fmt::format(
          " (consider renaming '{}' if it has the same name as a library you intended to import)", file);
    return {};
  default: return {};
  }
}

Ref hook_import_from(Thread& thread, Value module, Str* name) {
  Ref found = find_attr(thread, module, name);
  if (found || thread.has_error()) return found;
  Ref module_name = find_attr(thread, module, names::dunder_name);
  if (thread.has_error()) return {};
  std::string_view shown = text_of(module_name);
  if (!shown.empty()) {
    // A submodule that is being imported right now is not an attribute of its package yet.
    if (Value sub = dict_get(modules, fmt::format("{}.{}", shown, name->view()))) return share(sub);
  }
  if (shown.empty()) shown = "<unknown module name>";
  std::string origin = module_origin(thread, module);
  Ref spec = find_attr(thread, module, names::dunder_spec);
  clear_error(thread);
  bool initializing = spec && is_initializing(spec);
  std::string message;
  if (std::string hint = hides_another(shown, origin, initializing); !hint.empty())
    message = fmt::format("cannot import name '{}' from '{}'{}", name->view(), shown, hint);
  else if (initializing)
    message =
        fmt::format("cannot import name '{}' from partially initialized module '{}' (most likely due to a "
                    "circular import) ({})",
                    name->view(), shown, origin);
  else message = fmt::format("cannot import name '{}' from '{}' ({})", name->view(), shown, origin);
  Own<Str> text = make_str(message);
  Value argument = text.value();
  Ref error = make_exception(thread, &ImportError_type, CallArgs{&argument, 1, nullptr});
  if (!error) return {};
  auto* fields = cast<ImportErrorObject>(error);
  assign(fields->name, module_name ? std::move(module_name) : share(None));
  assign(fields->name_from, share(name));
  if (origin != "unknown location") assign(fields->path, make_str(origin));
  set_error(thread, std::move(error));
  return {};
}

} // namespace

// --- for other parts -----------------------------------------------------------------------------

void init_importing(Thread&) {
  if (modules) return;
  modules = new_dict().release();
  import_hooks = {hook_import_name, hook_import_from};
  module_hides_another = hides_another;
}

Dict* loaded_modules() { return modules; }

void drop_modules(Thread&) {
  import_hooks = {};
  if (Dict* all = std::exchange(modules, nullptr)) {
    dict_clear(all);
    decref(all);
  }
}

Ref import_module(Thread& thread, std::string_view full_name) {
  return import_absolute(thread, intern(full_name), false);
}

Ref import_attribute(Thread& thread, std::string_view module, std::string_view attribute) {
  Ref found = import_absolute(thread, intern(module), true);
  return found ? get_attr(thread, found, attribute) : Ref();
}

bool resolve_relative(Thread& thread, std::string_view name, std::string_view package, int level,
                      std::string& out) {
  if (package.empty())
    return raise(thread, ImportError_type, "attempted relative import with no known parent package");
  for (int up = 1; up < level; ++up) {
    size_t dot = package.rfind('.');
    if (dot == package.npos)
      return raise(thread, ImportError_type, "attempted relative import beyond top-level package");
    package = package.substr(0, dot);
  }
  out = name.empty() ? std::string(package) : fmt::format("{}.{}", package, name);
  return true;
}

Ref import_by_statement(Thread& thread, Str* name, Value globals, Value fromlist, int level) {
  std::string_view asked = name->view();
  bool prefer_library = inside_library(globals);
  Ref module;
  std::string full(asked);
  if (level > 0) {
    std::string package;
    if (!package_of(thread, globals, package) || !resolve_relative(thread, asked, package, level, full))
      return {};
    module = import_absolute(thread, intern(full), prefer_library);
  } else {
    if (asked.empty()) return raise_value_error(thread, "Empty module name");
    module = import_absolute(thread, intern(name), prefer_library);
  }
  if (!module) return {};
  if (!is_empty_list(fromlist)) {
    if (!import_submodules(thread, module, fromlist, prefer_library)) return {};
    return module;
  }
  // `import a.b.c` binds a; of a relative name, the part that was written counts.
  size_t dot = asked.find('.');
  if (dot == asked.npos) return module;
  std::string top = full.substr(0, full.size() - (asked.size() - dot));
  return import_absolute(thread, intern(top), prefer_library);
}

Ref reload_module(Thread& thread, Value module) {
  if (!is_instance(module, module_type))
    return raise_type_error(thread, "reload() argument must be a module");
  Dict* ns = cast<Module>(module)->dict;
  Value name = dict_get(ns, names::dunder_name);
  if (!name || dict_get(thread, modules, name) != module)
    return raise_import_error(thread, ImportError_type,
                              fmt::format("module {} not in sys.modules", text_of(name)), text_of(name));
  Value file = dict_get(ns, names::dunder_file);
  // Modules of the binary never change.
  if (!file || !is_str(file)) return share(module);
  Ref keep = share(module), path = share(file);
  std::string source;
  if (!read_file(thread, std::string(text_of(path)), source)) return {};
  Ref done = run_source(thread, cast<Module>(module), source, text_of(path));
  if (!done) return {};
  Value now = dict_get(thread, modules, name);
  return share(now ? now : module);
}

bool find_module_origin(Thread& thread, std::string_view full_name, std::string& origin) {
  if (find_native_module(full_name)) {
    origin = "built-in";
    return true;
  }
  if (find_frozen_module(full_name)) {
    origin = "frozen";
    return true;
  }
  Value path = sys_path();
  size_t dot = full_name.rfind('.');
  Ref parent_path;
  if (dot != full_name.npos) {
    Ref parent = import_module(thread, full_name.substr(0, dot));
    if (!parent) return false;
    parent_path = find_attr(thread, parent, names::dunder_path);
    path = parent_path;
  }
  FoundFile found = find_on_path(path, full_name.substr(dot + 1));
  origin = found.path;
  return found.found;
}

} // namespace aspy
