// types.SimpleNamespace: an object that is only its attributes.
#pragma once

#include "vm/object/type.hpp"

namespace aspy {

extern Type simple_namespace_type;
void init_namespace_type(); // safe to call again
// A namespace with the entries of `attributes` (str keys).
Ref make_namespace(Thread& thread, Dict* attributes);

} // namespace aspy
