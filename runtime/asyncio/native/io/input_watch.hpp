// The prompt's loop: runs until a key is typed.
#pragma once

#include "vm/object/thread.hpp"

namespace aspy {

// _run_until_input(loop, descriptor): runs the loop until the descriptor can be read, asleep while there is
// nothing to do. False: not run, since the descriptor is none that one waits for (a file, say).
Ref run_until_input(Thread& thread, const Value* args);

} // namespace aspy
