// The native half of `warnings`: where a warning was given, and the way from the VM's own warnings to the
// module, which is written in the language (runtime/modules/diagnostics/warnings.aspy) and only loaded when
// the first warning is given.
#pragma once

#include "vm/object/object.hpp"

namespace aspy {

// Plugs into the VM's warnings.
void init_warnings();
// From now on warnings are dropped: the modules that show them are gone.
void finish_warnings(Thread& thread);

} // namespace aspy
