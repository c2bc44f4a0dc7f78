#pragma once

namespace aspy {

// Makes write_unraisable (vm/object/slot/protocol.hpp) call sys.unraisablehook, or print.
void init_unraisable();

} // namespace aspy
