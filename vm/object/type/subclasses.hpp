// What types know of each other beyond their bases: versions and the weak list of direct subclasses.
#pragma once

#include "vm/object/type/type.hpp"

#include <vector>

namespace aspy {

// Direct subclasses, oldest first; each takes itself out when it dies.
struct Subclasses {
  std::vector<Type*> types;
};
// Of making a class, of changing its __bases__, and of its end.
void add_subclass(Type* base, Type* type);
void remove_subclass(Type* base, Type* type);

template <class Body> void for_each_subclass(Type* type, Body&& body) {
  if (!type->subclasses) return;
  for (Type* sub : type->subclasses->types) body(sub);
}

// Gives the type a version that no type ever had.
void type_assign_version(Type* type);
// The same for the type and everything below it: an attribute changed.
void type_modified(Type* type);

// The C3 linearisation of `type` with its `bases`, as a tuple; TypeError "Cannot create a consistent ...".
Own<Tuple> linearise(Thread& thread, Type* type, Tuple* bases);

} // namespace aspy
