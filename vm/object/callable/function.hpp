// Functions written in the language, and what binds them: methods, cells, properties.
#pragma once

#include "vm/object/attribute/shape.hpp"
#include "vm/object/type/type.hpp"

namespace aspy {

struct Code;
struct Str;
struct Dict;
struct Tuple;

// A variable shared between a function and the functions inside it.
struct Cell : Object {
  Value contents; // owned; empty: unbound
};

struct Function : Object {
  Code* code = nullptr;       // owned
  Dict* globals = nullptr;    // owned
  Dict* builtins = nullptr;   // borrowed from the interpreter
  Tuple* defaults = nullptr;  // owned, or null
  Dict* kwdefaults = nullptr; // owned, or null
  Tuple* closure = nullptr;   // of cells, owned, or null
  Str* name = nullptr;        // owned
  Str* qualname = nullptr;    // owned
  Value doc, module;          // owned
  Value annotate;             // function computing the annotations (PEP 649), or empty; owned
  Value annotations;          // dict once computed, or empty; owned
  Value type_params;          // tuple or empty; owned
  Attrs attrs;                // __dict__
};

struct BoundMethod : Object {
  Value function; // any callable; owned
  Value self;     // owned
};

struct Property : Object {
  Value getter, setter, deleter, doc, name; // owned
  bool doc_from_getter = false;
};
struct StaticMethod : Object {
  Value callable; // owned
  Attrs attrs;
};
struct ClassMethod : Object {
  Value callable; // owned
  Attrs attrs;
};

extern Type cell_type, function_type, bound_method_type, property_type, staticmethod_type, classmethod_type,
    super_type;

// Each takes new references to what it is given.
Own<Cell> make_cell(Value contents_or_empty);
// With the code's names and documentation; defaults, closure and annotations are the caller's to set.
Own<Function> make_function(Thread& thread, Code* code, Dict* globals);
Ref make_bound_method(Value function, Value self);

} // namespace aspy
