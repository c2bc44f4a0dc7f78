// The answer in place of a hang: what is said when no task can ever go on.
#pragma once

#include "vm/object/type/type.hpp"

#include <string>

namespace aspy {

struct EventLoop;

// asyncio.DeadlockError, a RuntimeError: nothing is ready, no timer is set, and nothing outside can wake the
// loop. Its message lists the tasks that wait, on what, and at which line.
extern Type DeadlockError_type;
void init_deadlock_error();

// Raises it. Always false.
bool raise_deadlock(Thread& thread, EventLoop* loop);

} // namespace aspy
