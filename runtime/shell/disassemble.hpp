// `aspy dis`: a script's bytecode beside its source.
#pragma once

#include <string>

namespace aspy::shell {

// Prints the listing of the script and of every function in it, each group of instructions below the source
// line that it comes from. Returns the exit code.
int disassemble_script(const std::string& file);

} // namespace aspy::shell
