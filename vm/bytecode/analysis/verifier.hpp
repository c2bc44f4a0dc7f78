// Checks that bytecode keeps the rules of vm/bytecode/opcodes.def. Tests run it over everything they compile.
#pragma once

#include "vm/bytecode/code.hpp"

#include <string>

namespace aspy {

// Empty when all is well, else what is wrong and where: operands out of range, jumps into the middle of
// instructions, temporaries read when they are dead or left behind. Nested code objects are checked too.
std::string verify(const Code* code);

} // namespace aspy
