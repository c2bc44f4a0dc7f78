// Packed source positions: for each change of position the distance in words, then the line relative to the
// previous entry, then column, height in lines and end column. All are variable-length numbers of seven bits
// a byte; a typical entry takes five bytes.
#include "vm/bytecode/code.hpp"

namespace aspy {

namespace {

void put(std::vector<uint8_t>& out, uint32_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<uint8_t>(number | 0x80));
    number >>= 7;
  }
  out.push_back(static_cast<uint8_t>(number));
}

uint32_t take(const uint8_t*& at) {
  uint32_t number = 0;
  for (int shift = 0;; shift += 7) {
    uint8_t byte = *at++;
    number |= static_cast<uint32_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return number;
  }
}

// Signed differences, folded so that small ones of either sign stay small.
uint32_t fold(int32_t number) {
  return static_cast<uint32_t>(number) << 1 ^ static_cast<uint32_t>(number >> 31);
}
int32_t unfold(uint32_t number) {
  return static_cast<int32_t>(number >> 1) ^ -static_cast<int32_t>(number & 1);
}

} // namespace

std::vector<uint8_t> pack_positions(std::span<const InstructionPosition> ascending) {
  std::vector<uint8_t> out;
  out.reserve(ascending.size() * 6);
  uint32_t last_at = 0, last_line = 0;
  for (const InstructionPosition& entry : ascending) {
    const Position& position = entry.position;
    put(out, entry.at - last_at);
    put(out, fold(static_cast<int32_t>(position.line - last_line)));
    put(out, position.column);
    put(out, fold(static_cast<int32_t>(position.end_line - position.line)));
    put(out, position.end_column);
    last_at = entry.at;
    last_line = position.line;
  }
  return out;
}

Position position_at(const Code* code, uint32_t at) {
  // An exception thrown into what had not begun yet: it comes from the definition's first line, no place in
  // it.
  if (at == ~uint32_t(0)) return {code->first_line, 0, 0, 0};
  // Only tracebacks ask, so a walk from the start is fine.
  const uint8_t* next = code->positions.bytes().data();
  const uint8_t* end = next + code->positions.bytes().size();
  Position found, current;
  uint32_t start = 0;
  while (next < end) {
    start += take(next);
    if (start > at) break;
    current.line += static_cast<uint32_t>(unfold(take(next)));
    current.column = take(next);
    current.end_line = current.line + static_cast<uint32_t>(unfold(take(next)));
    current.end_column = take(next);
    found = current;
  }
  return found;
}

} // namespace aspy
