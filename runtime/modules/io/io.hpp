// The io module as other parts of the runtime see it: the standard streams.
#pragma once

#include "vm/object/object.hpp"

namespace aspy {

// Readies the file types. Safe to call again.
void init_io();
// Makes sys.stdin, sys.stdout and sys.stderr (and their dunder twins) in `sys`'s namespace, and plugs the
// text files into print(). stdout is flushed at each newline at a terminal, else when its buffer is full;
// stderr at each newline. False: raised.
bool install_standard_streams(Thread& thread, struct Dict* sys_namespace);
// Flushes sys.stdout and sys.stderr at the end of the process. False when stdout could not be written: the
// error has been reported ("Exception ignored while flushing sys.stdout:") and the process should exit with
// 120.
bool flush_standard_streams(Thread& thread);

} // namespace aspy
