// The import system: sys.modules, packages, files beside the script, and the modules of the binary.
#pragma once

#include "vm/object/module.hpp"

#include <string>
#include <string_view>

namespace aspy {

struct Code;

// Sets up sys.modules and plugs the import system into the interpreter. Once per process.
void init_importing(Thread& thread);
// Drops every module (at the very end).
void drop_modules(Thread& thread);

// sys.modules, borrowed.
Dict* loaded_modules();

// Imports a module by its full name and returns it (of "a.b": b). Raises.
Ref import_module(Thread& thread, std::string_view full_name);
// As import_module, and one of its attributes.
Ref import_attribute(Thread& thread, std::string_view module, std::string_view attribute);
// The native function behind `import` statements: importlib and __import__ use it. Raises.
Ref import_by_statement(Thread& thread, Str* name, Value globals, Value fromlist, int level);
// "a.b" for name ".b" of package "a": resolves leading dots. False: ImportError.
bool resolve_relative(Thread& thread, std::string_view name, std::string_view package, int level,
                      std::string& out);
// Runs the source of an already imported module again (importlib.reload).
Ref reload_module(Thread& thread, Value module);
// Where a module would come from, without importing it: origin text; false when there is none.
bool find_module_origin(Thread& thread, std::string_view full_name, std::string& origin);

} // namespace aspy
