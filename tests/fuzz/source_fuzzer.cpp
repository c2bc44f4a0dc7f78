// libFuzzer's door: any bytes are a source text. Compiling one must end in bytecode that keeps its own rules
// or in an exception, never in a crash, a sanitizer's report or a hang.
#include "runtime/session.hpp"
#include "vm/bytecode/analysis/verifier.hpp"
#include "vm/compiler/compiler.hpp"
#include "vm/object/object.hpp"
#include "vm/object/thread.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utf8proc.h>

using namespace aspy;

namespace {

// The text of a str is always well-formed: only that may be compiled as decoded.
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

void compile_and_verify(Thread& thread, std::string_view source, const CompileOptions& options) {
  Own<Code> code = compile(thread, source, "<fuzz>", options);
  clear_error(thread);
  if (!code) return;
  std::string problem = verify(code.get());
  if (problem.empty()) return;
  std::fprintf(stderr, "the bytecode is wrong: %s\n", problem.c_str());
  std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Session session(SessionOptions{});
  if (size == 0) return 0;
  // The first byte picks the start symbol, so that one corpus serves all three.
  CompileOptions options;
  options.mode = static_cast<Mode>(data[0] % 3);
  options.top_level_await = data[0] & 4;
  std::string_view source(reinterpret_cast<const char*>(data) + 1, size - 1);
  compile_and_verify(session.thread(), source, options);
  options.decoded = true;
  if (is_utf8(source)) compile_and_verify(session.thread(), source, options);
  return 0;
}
