#include "runtime/process/fs_path.hpp"

#include "vm/object/bytes/bytes.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/encoding/codecs.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

Ref fs_path(Thread& thread, Value path) {
  if (is_str(path) || is_bytes(path)) return share(path);
  Ref method = lookup_special(thread, path, names::dunder_fspath);
  if (!method || method.get().is_none()) {
    if (thread.has_error()) return {};
    return raise_type_error(
        thread, fmt::format("expected str, bytes or os.PathLike object, not {}", type_name(path)));
  }
  Ref result = call(thread, method);
  if (!result || is_str(result) || is_bytes(result)) return result;
  return raise_type_error(thread, fmt::format("expected {}.__fspath__() to return str or bytes, not {}",
                                              type_name(path), type_name(result)));
}

bool fs_encode(Thread& thread, Value path, std::string& out) {
  Ref plain = fs_path(thread, path);
  if (!plain) return false;
  out.clear();
  if (is_bytes(plain)) {
    out.assign(cast<Bytes>(plain)->view());
  } else if (!encode_to(thread, cast<Str>(plain), Encoding::Utf8, "surrogateescape", out)) {
    return false;
  }
  if (out.find('\0') != std::string::npos) return raise_value_error(thread, "embedded null byte");
  return true;
}

Ref fs_decode(std::string_view name) {
  return decode_text(Thread::current(), name, "utf-8", "surrogateescape");
}

Ref fs_decode_like(Value like, std::string_view name) {
  if (is_bytes(like)) return make_bytes(name);
  return fs_decode(name);
}

} // namespace aspy
