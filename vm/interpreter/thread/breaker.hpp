// What interrupts running script code: signals, the collector, other threads.
#pragma once

#include "vm/object/thread.hpp"

namespace aspy {

// Does what the bits of thread.breaker ask for and clears them. False: an exception is pending.
bool handle_breaker(Thread& thread);

// Runs the script handlers of signals that have arrived; set by the runtime. False: raised
// (KeyboardInterrupt).
extern bool (*pending_signals_hook)(Thread& thread);

} // namespace aspy
