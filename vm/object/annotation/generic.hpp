// Types as expressions: `list[int]` (types.GenericAlias), `int | str` (types.UnionType), and iter(callable,
// sentinel).
#pragma once

#include "vm/object/type/type.hpp"

namespace aspy {

struct Tuple;
class StrBuilder;

// `origin[args]`.
struct GenericAlias : Object {
  Value origin;                // owned
  Tuple* args = nullptr;       // owned
  Tuple* parameters = nullptr; // type variables among the arguments; computed on need, owned
  bool starred = false;        // *tuple[int]: unpacks
};
// `a | b`: the members, flattened, without duplicates.
struct Union : Object {
  Tuple* args = nullptr; // owned
};

// `args` is a tuple of arguments or one argument.
Ref make_generic_alias(Thread& thread, Value origin, Value args);
inline Tuple* union_args(Value value) { return static_cast<Union*>(value.as_object())->args; }

// Appends a type as the reprs of aliases and unions write it: "int", "collections.deque", "None". False:
// raised.
bool append_type_repr(Thread& thread, StrBuilder& text, Value value);
void init_union_type();

Ref make_callable_iterator(Value callable, Value sentinel);

} // namespace aspy
