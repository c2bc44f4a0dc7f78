#include "runtime/modules/os/posix_support.hpp"

#include "runtime/process/fs_path.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>

namespace aspy::os {

namespace {

// A path without a null character in it.
bool encode_path(Thread& thread, const char* function, Value value, std::string& out) {
  if (fs_encode(thread, value, out)) return true;
  Ref error = share(thread.error);
  if (is_instance(error, ValueError_type)) {
    Ref text = str(thread, error);
    if (text && cast<Str>(text)->view() == "embedded null byte") {
      clear_error(thread);
      return raise_value_error(thread, fmt::format("{}: embedded null character in path", function));
    }
  }
  return false;
}

} // namespace

bool is_path(Value value) {
  return is_str(value) || is_bytes(value) || type_lookup(type_of(value), names::dunder_fspath);
}

bool path_arg(Thread& thread, const char* function, Value value, std::string& out, const char* argument) {
  if (is_path(value)) return encode_path(thread, function, value, out);
  return raise_type_error(thread, fmt::format("{}: {} should be string, bytes or os.PathLike, not {}",
                                              function, argument, type_name(value)));
}

bool path_or_fd(Thread& thread, const char* function, Value value, std::string& out, int& fd) {
  fd = -1;
  if (is_path(value)) return encode_path(thread, function, value, out);
  if (is_int_like(value)) return to_int32(thread, value, fd);
  return raise_type_error(thread,
                          fmt::format("{}: path should be string, bytes, os.PathLike or integer, not {}",
                                      function, type_name(value)));
}

bool fd_arg(Thread& thread, Value value, int& out) {
  if (is_int_like(value)) return to_int32(thread, value, out);
  Ref method = find_attr(thread, value, intern("fileno"));
  if (!method) {
    if (thread.has_error()) return false;
    return raise_type_error(thread, "argument must be an int, or have a fileno() method.");
  }
  Ref number = call(thread, method);
  return number && to_int32(thread, number, out);
}

bool dir_arg(Thread& thread, Value value, int& out) {
  out = AT_FDCWD;
  if (value.is_empty() || value.is_none()) return true;
  if (is_int_like(value) || type_of(value)->slots.index) return to_int32(thread, value, out);
  return raise_type_error(thread,
                          fmt::format("argument should be integer or None, not {}", type_name(value)));
}

bool int_arg(Thread& thread, Value value, int& out, int when_missing) {
  out = when_missing;
  return value.is_empty() || to_int32(thread, value, out);
}

Ref fail(Thread& thread, Value path) {
  if (thread.has_error()) return {};
  int error = errno;
  if (!path || is_int_like(path)) return raise_os_error(thread, error, path);
  Ref plain = fs_path(thread, path); // what is told is the path as text
  return plain ? raise_os_error(thread, error, plain) : Ref();
}

Ref fail_two(Thread& thread, Value path, Value path2) {
  int error = errno;
  Own<Str> text = make_str(std::strerror(error));
  Ref plain = fs_path(thread, path), plain2 = plain ? fs_path(thread, path2) : Ref();
  if (!plain2) return {};
  return raise_with_args(thread, OSError_type,
                         {Value::from_int(error), text.value(), plain.get(), None, plain2.get()});
}

Ref none_or_fail(Thread& thread, int status, Value path) {
  return status < 0 ? fail(thread, path) : share(None);
}

} // namespace aspy::os
