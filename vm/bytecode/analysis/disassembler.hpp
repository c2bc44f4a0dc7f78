// A readable listing of bytecode, for `aspy dis` and for tests of the compiler.
#pragma once

#include "vm/bytecode/code.hpp"

#include <string>

namespace aspy {

// One line for each instruction: source line (where it changes), word offset, name, operands. Temporaries are
// r0, r1
// ..., locals go by their names, jump targets are offsets. Code objects among the constants follow when
// `nested`.
std::string disassemble(Thread& thread, const Code* code, bool nested = true);

// Only names and operands, one instruction a line: what tests compare.
std::string listing(Thread& thread, const Code* code);

} // namespace aspy
