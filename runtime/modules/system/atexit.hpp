// atexit: functions that run when the session ends.
#pragma once

#include "vm/object/object.hpp"

namespace aspy {

// Runs the registered functions, the last one first; what they raise is printed. Afterwards none are
// registered.
void run_exit_functions(Thread& thread);

} // namespace aspy
