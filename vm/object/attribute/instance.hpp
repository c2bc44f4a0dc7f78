// The lifetime slots of script classes.
#pragma once

#include "vm/object/type/type.hpp"

namespace aspy {

// For classes over `object` that declare no __slots__ anywhere: the common case.
void plain_instance_dealloc(Object* object);
void plain_instance_traverse(Object* object, Visitor& visitor);
void plain_instance_clear(Object* object);

// For all others: members of every class in the chain, a __dict__ begun below the native base, then the
// native part.
void instance_dealloc(Object* object);
void instance_traverse(Object* object, Visitor& visitor);
void instance_clear(Object* object);

} // namespace aspy
