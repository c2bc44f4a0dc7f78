// A module's __spec__: where it came from, and whether its code is still running.
#pragma once

#include "vm/object/type/type.hpp"

#include <string_view>

namespace aspy {

extern Type module_spec_type; // importlib.machinery.ModuleSpec
void init_module_spec_type();

// `origin`: a str or None; `search_locations`: __path__ of a package, else empty. It starts as
// "initializing".
Ref make_module_spec(Thread& thread, Str* name, Value origin, Value search_locations,
                     std::string_view loader);
void finish_module_spec(Value spec);
bool is_initializing(Value spec); // false for anything that is no spec of ours
bool is_library_spec(Value spec); // of a module in the binary

} // namespace aspy
