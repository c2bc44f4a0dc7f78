// What an instruction does with its operands: the disassembler and the verifier read this table.
#pragma once

#include "vm/bytecode/opcodes.hpp"

namespace aspy {

// What a temporary is to an instruction.
enum class Role : uint8_t {
  None,
  Write,  // gets a value
  Read,   // read, and dead afterwards
  Keep,   // read, and alive afterwards
  Change, // read, and another value afterwards (alive before and after)
  Drop,   // released; may be dead already
};

// What the words x, n and w stand for besides registers.
enum class Extra : uint8_t { None, Constant, Name, Number, Jump, JumpInt, Far, Free, FreeAndName, FreeInN };

struct Operands {
  Role a = Role::None, b = Role::None, c = Role::None;
  Extra extra = Extra::None;
  // A row of registers instead of one: `row` begins at b (or at a when `row_at_a`); its length comes from n.
  Role row = Role::None;
  bool row_at_a = false;
};
Operands operands_of(Op op);

// Length of the row of registers of an instruction that has one. `word` and the operand word `w`.
int row_length(Op op, Word word, Word w);
// The target of a jump at `at`; -1 when it is not one.
int jump_target(const Word* words, uint32_t at);
bool ends_block(Op op); // nothing follows it: Return, Raise, Jump ...

} // namespace aspy
