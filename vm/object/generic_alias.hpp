// types.GenericAlias: what list[int] gives.
#pragma once

#include "vm/object/type.hpp"

namespace aspy {

struct Tuple;

struct GenericAlias : Object {
  Value origin;            // the class; owned
  Tuple* args = nullptr;   // owned
  Value parameters;        // type parameters among the arguments: a tuple, made on demand; owned
  bool starred = false;    // *tuple[int]: unpacked in a subscript
};
extern Type generic_alias_type;

// `args` is one argument or a tuple of them.
Ref make_generic_alias(Thread& thread, Value origin, Value args);
// The body of every native __class_getitem__ ("cls, item, /", a class method).
Ref class_getitem(Thread& thread, const Value* args);

} // namespace aspy
