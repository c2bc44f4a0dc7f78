// libFuzzer's door: any bytes are a source text, and reading one must end in a tree or in an issue, never in a
// crash, a sanitizer's report or a hang.
#include "parser/parser.hpp"

#include <cstdint>
#include <string_view>
#include <utf8proc.h>

namespace {

// The text of a str is always well-formed: only that may reach parse_text.
bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    utf8proc_int32_t character;
    auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &character);
    if (length < 0) return false;
    text.remove_prefix(static_cast<size_t>(length));
  }
  return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // The first byte picks the start symbol, so that one corpus serves all three.
  auto mode = static_cast<aspy::Mode>(data[0] % 3);
  std::string_view source(reinterpret_cast<const char*>(data) + 1, size - 1);
  aspy::parse(source, mode);
  if (is_utf8(source)) aspy::parse_text(source, mode);
  return 0;
}
