// module: a namespace with a name.
#pragma once

#include "vm/object/object.hpp"

#include <string>
#include <string_view>

namespace aspy {

struct Dict;
struct NativeDef;
struct Shape;
struct Str;

struct Module : Object {
  Shape* no_shape = nullptr; // with `dict` these are Attrs in dict mode
  Dict* dict = nullptr;      // the namespace (__name__, __doc__ ... are in it), owned
};
extern Type module_type;

// With __name__, and __doc__, __package__, __loader__ and __spec__ set to None.
Own<Module> new_module(Str* name);

// A built-in module: one constant a module, all listed in runtime/importing/registry.cpp. `init`
// fills the namespace with what is not a function; false: raised.
struct ModuleSpec {
  const char* name;
  const NativeDef* functions; // ends with a null name; may be null
  bool (*init)(Thread& thread, Module* module);
  const char* doc = nullptr;
};

// The namespace of the builtins module, borrowed: where names are looked up last. Set before any script code
// runs.
extern Dict* current_builtins;
// The builtins of code with these globals, borrowed: another dict or module may stand as its `__builtins__`.
Dict* builtins_of(Dict* globals);

// Why a module may lack an attribute, as the import system knows: " (consider renaming ...)", or nothing.
extern std::string (*module_hides_another)(std::string_view module_name, std::string_view file,
                                           bool initializing);

// Stores an attribute in a module being set up.
void module_set(Module* module, std::string_view name, Value value);

} // namespace aspy
