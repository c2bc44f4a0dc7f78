// The instruction table, spelled out once from the .def files.
#include "vm/bytecode/opcodes.hpp"

namespace aspy {

namespace {

constexpr OpInfo table[] = {
#define ASPY_OP(name, format, cache, meaning) {#name, Format::format, cache, meaning},
#include "vm/bytecode/opcodes.def"
#undef ASPY_OP
};
constexpr int generic_count = static_cast<int>(sizeof table / sizeof table[0]);

constexpr const char* special_names[] = {
    "",
#define ASPY_SPECIAL(name, generic) #name,
#include "vm/bytecode/specialized.def"
#undef ASPY_SPECIAL
};

static_assert(op_count <= 256, "an opcode is one byte");

} // namespace

const OpInfo& op_info(Op op) { return table[static_cast<int>(generic_op(op))]; }

const char* op_name(Op op) {
  int index = static_cast<int>(op);
  return index < generic_count ? table[index].name : special_names[index - generic_count + 1];
}

} // namespace aspy
