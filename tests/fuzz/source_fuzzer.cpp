// libFuzzer's door: any bytes are a source text, and reading one must end in a tree or in an issue, never in
// a crash, a sanitizer's report or a hang.
#include "parser/parser.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // The first byte picks the start symbol, so that one corpus serves all three.
  auto mode = static_cast<aspy::Mode>(data[0] % 3);
  std::string_view source(reinterpret_cast<const char*>(data) + 1, size - 1);
  aspy::parse(source, mode);
  aspy::parse_text(source, mode);
  return 0;
}
