// The native half of `warnings`: where a warning was given, and the way from the VM's own warnings to the
// module, which is written in the language (runtime/modules/warnings.aspy) and only loaded when the first
// warning is given.
#pragma once

#include "vm/object/object.hpp"

#include <string>
#include <vector>

namespace aspy {

// Plugs into the VM's warnings. `options` are those of -W, kept in sys.warnoptions.
bool init_warnings(Thread& thread, const std::vector<std::string>& options);
// From now on warnings are dropped: the modules that show them are gone.
void finish_warnings(Thread& thread);

} // namespace aspy
