// The builtins module: its functions, by the file that holds them.
#pragma once

#include "vm/object/callable/native.hpp"

#include <string>

namespace aspy {

struct Module;

// Tables that end with a null name.
extern const NativeDef output_builtins[];     // print, input, open
extern const NativeDef number_builtins[];     // abs, bin, chr, divmod, max, round, sum ...
extern const NativeDef object_builtins[];     // getattr, isinstance, len, repr, dir, vars ...
extern const NativeDef iteration_builtins[];  // all, any, iter, next, sorted, aiter, anext
extern const NativeDef evaluation_builtins[]; // eval, exec, globals, locals, __import__, __build_class__

extern const NativeDef class_builtins[]; // __build_class__

// enumerate, filter, map, reversed, zip.
void init_iterator_builtins();
extern Type enumerate_type, filter_type, map_type, reversed_type, zip_type;

// exit, quit, copyright, credits, license, help: objects that say how they are to be used.
bool add_site_builtins(Thread& thread, Module* module);

} // namespace aspy
