// The Intrinsic instruction: type parameters, type aliases, templates. Their types live in the library; this
// is the way to them.
#pragma once

#include "vm/bytecode/opcodes.hpp"
#include "vm/object/object.hpp"

namespace aspy {

// Applies intrinsic `kind` to `operand` (a tuple where it takes several). Raises.
Ref run_intrinsic(Thread& thread, Intrinsic kind, Value operand);

} // namespace aspy
