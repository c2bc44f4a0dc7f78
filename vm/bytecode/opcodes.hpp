// The instruction set as an enum, and how words are put together and taken apart. All of it comes from
// opcodes.def.
#pragma once

#include <cstddef>
#include <cstdint>

namespace aspy {

using Word = uint32_t; // one word of a code object

enum class Op : uint8_t {
#define ASPY_OP(name, format, cache, meaning) name,
#include "vm/bytecode/opcodes.def"
#undef ASPY_OP
#define ASPY_SPECIAL(name, generic) name,
#include "vm/bytecode/specialized.def"
#undef ASPY_SPECIAL
  Count_
};
inline constexpr int op_count = static_cast<int>(Op::Count_);

enum class Format : uint8_t { N, A, AB, ABC, ABn, ABI, AX, AXW, AI, AW, ABW, ABnW, J, AJ };

struct OpInfo {
  const char* name;
  Format format;
  uint8_t cache_words; // words behind the instruction, the operand word included
  const char* meaning;
};
const OpInfo& op_info(Op op); // specialised forms have the format and size of their generic form
const char* op_name(Op op);   // the specialised form's own name

// The generic form of every instruction: itself, unless it is a specialised one.
inline constexpr Op generic_forms[] = {
#define ASPY_OP(name, format, cache, meaning) Op::name,
#include "vm/bytecode/opcodes.def"
#undef ASPY_OP
#define ASPY_SPECIAL(name, generic) Op::generic,
#include "vm/bytecode/specialized.def"
#undef ASPY_SPECIAL
};
constexpr Op generic_op(Op op) { return generic_forms[static_cast<int>(op)]; }

constexpr Word encode(Op op, int a = 0, int b = 0, int c = 0) {
  return static_cast<Word>(op) | static_cast<Word>(static_cast<uint8_t>(a)) << 8 |
         static_cast<Word>(static_cast<uint8_t>(b)) << 16 | static_cast<Word>(static_cast<uint8_t>(c)) << 24;
}
constexpr Word encode_x(Op op, int a, uint32_t x) {
  return static_cast<Word>(op) | static_cast<Word>(static_cast<uint8_t>(a)) << 8 | (x & 0xFFFF) << 16;
}
constexpr Word encode_jump(Op op, int32_t distance) {
  return static_cast<Word>(op) | static_cast<Word>(distance) << 8;
}
constexpr Op op_of(Word word) { return static_cast<Op>(word & 0xFF); }
constexpr int a_of(Word word) { return static_cast<int8_t>(word >> 8); }
constexpr int b_of(Word word) { return static_cast<int8_t>(word >> 16); }
constexpr int c_of(Word word) { return static_cast<int8_t>(word >> 24); } // register, or signed byte i of ABI
constexpr unsigned n_of(Word word) { return word >> 24; }                 // c as a count
constexpr unsigned x_of(Word word) { return word >> 16; }                 // unsigned 16
constexpr int i_of(Word word) { return static_cast<int16_t>(word >> 16); }    // signed 16 (AI, AJ)
constexpr int32_t j_of(Word word) { return static_cast<int32_t>(word) >> 8; } // signed 24

// The instruction at `pc`. Its operands are read each from its own bytes: that is one load, where a shift of
// the word and a sign extension would be two operations.
struct At {
  const Word* pc;
  operator Word() const { return *pc; }
};
inline ptrdiff_t byte_at(At at, int place) { return reinterpret_cast<const int8_t*>(at.pc)[place]; }
inline ptrdiff_t a_of(At at) { return byte_at(at, 1); }
inline ptrdiff_t b_of(At at) { return byte_at(at, 2); }
inline ptrdiff_t c_of(At at) { return byte_at(at, 3); }
inline ptrdiff_t i_of(At at) { return reinterpret_cast<const int16_t*>(at.pc)[1]; }
inline unsigned x_of(At at) { return reinterpret_cast<const uint16_t*>(at.pc)[1]; }

// What the Intrinsic instruction does; tuples carry several operands.
enum class Intrinsic : uint8_t {
  TypeVar,            // name
  TypeVarBound,       // (name, function giving the bound)
  TypeVarConstraints, // (name, function giving the tuple of constraints)
  TypeVarTuple,       // name
  ParamSpec,          // name
  TypeParamDefault,   // (type parameter, function giving the default) -> the parameter
  TypeAlias,          // (name, type parameters or None, function giving the value)
  GenericBase,        // tuple of type parameters -> Generic[...]: the implicit base of a generic class
  Template,           // (tuple of str, tuple of interpolations) (PEP 750)
  Interpolation,      // (value, source text, conversion or None, format spec)
};

} // namespace aspy
