// Code: a compiled function, class body or module.
#pragma once

#include "vm/bytecode/opcodes.hpp"
#include "vm/object/type/type.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

namespace aspy {

struct Str;
struct Tuple;

enum CodeFlag : uint32_t {
  CodeOptimized = 1, // up to here CPython's co_flags, as scripts see them
  CodeNewLocals = 2,
  CodeVarArgs = 4,
  CodeVarKeywords = 8,
  CodeNested = 16,
  CodeGenerator = 32,
  CodeCoroutine = 128,
  CodeIterableCoroutine = 256, // types.coroutine
  CodeAsyncGenerator = 512,
  CodeHasDocstring = 0x4000000,
  CodeUsesNamespace = 0x10000000, // class body or exec: names live in the frame's namespace
  CodeLibrary = 0x20000000,       // of the embedded library: its frames are left out of tracebacks
  CodeNative = 0x40000000,        // its body is C++ (vm/interpreter/generator/native_coroutine.hpp)
};

// Where an instruction comes from. Lines count from 1, columns are UTF-8 bytes from 0; line 0: no position.
struct Position {
  uint32_t line = 0, column = 0, end_line = 0, end_column = 0;
};

// A protected range [start, end) of words. An exception raised inside clears the temporaries from `depth` up,
// puts the exception in R[depth], and continues at `handler`. Inner ranges come first in the table.
struct Handler {
  uint32_t start, end, handler;
  uint16_t depth;
};

// The packed positions of a code object: its own, or a part of an image, which lives for ever.
class PackedPositions {
public:
  PackedPositions& operator=(std::vector<uint8_t> packed) {
    own_ = std::move(packed);
    bytes_ = own_;
    return *this;
  }
  void refer_to(std::span<const uint8_t> bytes) { bytes_ = bytes; }
  std::span<const uint8_t> bytes() const { return bytes_; }

private:
  std::span<const uint8_t> bytes_;
  std::vector<uint8_t> own_;
};

struct ImageTexts;

struct Code : Object {
  Str* name = nullptr;     // co_name, owned
  Str* qualname = nullptr; // co_qualname, owned
  Str* filename = nullptr; // owned
  uint32_t first_line = 0;
  uint32_t flags = 0;

  // Parameters are the first locals, in the order: positional-only, positional, keyword-only, *args,
  // **kwargs.
  uint32_t arg_count = 0; // positional, the positional-only included
  uint32_t posonly_count = 0;
  uint32_t kwonly_count = 0;
  uint32_t local_count = 0; // near locals, parameters included
  uint32_t far_count = 0;   // far locals, then room for spilled temporaries
  uint32_t temp_count = 0;  // highest number of temporaries alive at once
  // A call with exactly this many positional arguments needs no binding; no_exact_args when there is none
  // such.
  uint32_t exact_args = no_exact_args;
  static constexpr uint32_t no_exact_args = UINT32_MAX;
  // The same, if besides a call only runs a frame: no generator or coroutine, no far locals.
  uint32_t plain_args = no_exact_args;

  std::vector<Word> words;       // rewritten in place when instructions specialise
  std::vector<Value> constants;  // owned; names are interned str among them
  std::vector<Handler> handlers; // innermost first
  Tuple* local_names = nullptr;  // near locals in register order, then far ones; owned
  Tuple* cell_names = nullptr;   // co_cellvars, owned
  Tuple* free_names = nullptr;   // co_freevars, owned
  PackedPositions positions;
  Value doc; // docstring, or empty; owned
  // Of a coroutine function: the last coroutine that ended where it was awaited, ready for the next await
  // (vm/interpreter/frame_stack.hpp); owned memory of `spare_bytes`, or null. It refers to nothing.
  void* spare = nullptr;
  uint32_t spare_bytes = 0;

  // Code from an image (vm/bytecode/image.hpp) begins without words, constants, handlers and positions: its
  // only word is a LoadBody, which reads them when the code is first run.
  const char* unread_body = nullptr;
  std::shared_ptr<ImageTexts> texts; // what the body refers to; null once it is read

  uint32_t parameter_count() const {
    return arg_count + kwonly_count + ((flags & CodeVarArgs) ? 1 : 0) + ((flags & CodeVarKeywords) ? 1 : 0);
  }
  // The row that binding the arguments of a call fills: the near locals, and behind them the far parameters.
  uint32_t bound_count() const { return std::max(local_count, parameter_count()); }
};
extern Type code_type;

Own<Code> new_code(); // without anything in it

// The position of the instruction that contains word `at`.
Position position_at(const Code* code, uint32_t at);
struct InstructionPosition {
  uint32_t at; // its first word
  Position position;
};
// In the order of the words; how they are packed stands in positions.cpp.
std::vector<uint8_t> pack_positions(std::span<const InstructionPosition> ascending);

} // namespace aspy
