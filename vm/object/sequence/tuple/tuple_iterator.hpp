// What iter(tuple) gives, known to loops of the interpreter.
#pragma once

#include "vm/object/sequence/tuple/tuple.hpp"

namespace aspy {

struct TupleIterator : Object {
  Tuple* tuple = nullptr; // owned, null when exhausted
  size_t index = 0;
};
extern Type tuple_iterator_type;

} // namespace aspy
