// Of the module posix: open files by their descriptors.
#include "runtime/modules/os/posix_support.hpp"
#include "runtime/process/fs_path.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes_internal.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace aspy::os {

Ref posix_open(Thread& thread, const Value* args) {
  std::string path;
  int flags, mode, dir;
  if (!path_arg(thread, "open", args[0], path) || !to_int32(thread, args[1], flags) ||
      !int_arg(thread, args[2], mode, 0777) || !dir_arg(thread, args[3], dir)) {
    return {};
  }
  int fd = blocking(thread, [&] { return ::openat(dir, path.c_str(), flags | O_CLOEXEC, mode); });
  return fd < 0 ? fail(thread, args[0]) : make_int(fd);
}

Ref posix_close(Thread& thread, const Value* args) {
  int fd;
  return fd_arg(thread, args[0], fd) ? none_or_fail(thread, ::close(fd)) : Ref();
}

Ref posix_read(Thread& thread, const Value* args) {
  int fd;
  int64_t size;
  if (!fd_arg(thread, args[0], fd) || !to_int64(thread, args[1], size)) return {};
  if (size < 0) {
    errno = EINVAL;
    return fail(thread);
  }
  if (!may_allocate(thread, static_cast<size_t>(size))) return {};
  std::string data(static_cast<size_t>(size), '\0');
  ssize_t got = blocking(thread, [&] { return ::read(fd, data.data(), data.size()); });
  return got < 0 ? fail(thread) : Ref(make_bytes(std::string_view(data).substr(0, static_cast<size_t>(got))));
}

Ref posix_pread(Thread& thread, const Value* args) {
  int fd;
  int64_t size, offset;
  if (!to_int32(thread, args[0], fd) || !to_int64(thread, args[1], size) ||
      !to_int64(thread, args[2], offset))
    return {};
  if (size < 0) {
    errno = EINVAL;
    return fail(thread);
  }
  if (!may_allocate(thread, static_cast<size_t>(size))) return {};
  std::string data(static_cast<size_t>(size), '\0');
  ssize_t got = blocking(thread, [&] { return ::pread(fd, data.data(), data.size(), offset); });
  return got < 0 ? fail(thread) : Ref(make_bytes(std::string_view(data).substr(0, static_cast<size_t>(got))));
}

Ref posix_pwrite(Thread& thread, const Value* args) {
  int fd;
  int64_t offset;
  std::string_view view;
  if (!to_int32(thread, args[0], fd) || !to_int64(thread, args[2], offset)) return {};
  if (!as_bytes_like(args[1], view))
    return raise_type_error(thread,
                            fmt::format("a bytes-like object is required, not '{}'", type_name(args[1])));
  std::string data(view);
  ssize_t written = blocking(thread, [&] { return ::pwrite(fd, data.data(), data.size(), offset); });
  return written < 0 ? fail(thread) : make_int(static_cast<int64_t>(written));
}

Ref posix_write(Thread& thread, const Value* args) {
  int fd;
  std::string_view view;
  if (!fd_arg(thread, args[0], fd)) return {};
  if (!as_bytes_like(args[1], view)) {
    return raise_type_error(thread,
                            fmt::format("a bytes-like object is required, not '{}'", type_name(args[1])));
  }
  std::string data(view);
  ssize_t done = blocking(thread, [&] { return ::write(fd, data.data(), data.size()); });
  return done < 0 ? fail(thread) : make_int(done);
}

// --- several buffers at once ---

namespace {

// The items of a sequence of buffers. Null: raised.
Own<Tuple> buffers_arg(Thread& thread, const char* function, Value buffers) {
  if (!is_list(buffers) && !is_tuple(buffers)) {
    raise_type_error(thread, fmt::format("{}() arg 2 must be a sequence", function));
    return nullptr;
  }
  return tuple_from_iterable(thread, buffers);
}

} // namespace

Ref posix_readv(Thread& thread, const Value* args) {
  int fd;
  Own<Tuple> buffers = buffers_arg(thread, "readv", args[1]);
  if (!buffers || !fd_arg(thread, args[0], fd)) return {};
  size_t room = 0;
  for (Value buffer : buffers->view()) {
    if (!is_bytearray(buffer))
      return raise_type_error(
          thread, fmt::format("a read-write bytes-like object is required, not '{}'", type_name(buffer)));
    room += cast<ByteArray>(buffer)->size;
  }
  std::string data(room, '\0');
  ssize_t got = blocking(thread, [&] { return ::read(fd, data.data(), data.size()); });
  if (got < 0) return fail(thread);
  // Another thread may have changed a size meanwhile: what does not fit is gone.
  std::string_view rest(data.data(), static_cast<size_t>(got));
  for (Value buffer : buffers->view()) {
    size_t count = std::min(rest.size(), cast<ByteArray>(buffer)->size);
    if (count) std::memcpy(cast<ByteArray>(buffer)->bytes, rest.data(), count);
    rest.remove_prefix(count);
  }
  return make_int(got);
}

Ref posix_writev(Thread& thread, const Value* args) {
  int fd;
  Own<Tuple> buffers = buffers_arg(thread, "writev", args[1]);
  if (!buffers || !fd_arg(thread, args[0], fd)) return {};
  std::string data;
  for (Value buffer : buffers->view()) {
    std::string_view view;
    if (!as_bytes_like(buffer, view))
      return raise_type_error(thread,
                              fmt::format("a bytes-like object is required, not '{}'", type_name(buffer)));
    data += view;
  }
  ssize_t done = blocking(thread, [&] { return ::write(fd, data.data(), data.size()); });
  return done < 0 ? fail(thread) : make_int(done);
}

Ref posix_lseek(Thread& thread, const Value* args) {
  int fd, whence;
  int64_t offset;
  if (!fd_arg(thread, args[0], fd) || !to_int64(thread, args[1], offset) ||
      !to_int32(thread, args[2], whence))
    return {};
  off_t position = ::lseek(fd, offset, whence);
  return position < 0 ? fail(thread) : make_int(position);
}

Ref posix_isatty(Thread& thread, const Value* args) {
  int fd;
  return fd_arg(thread, args[0], fd) ? share(Value::from_bool(::isatty(fd) == 1)) : Ref();
}

Ref posix_pipe(Thread& thread, const Value*) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail(thread);
  return make_tuple({Value::from_int(ends[0]), Value::from_int(ends[1])});
}

Ref posix_dup(Thread& thread, const Value* args) {
  int fd;
  if (!fd_arg(thread, args[0], fd)) return {};
  int made = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return made < 0 ? fail(thread) : make_int(made);
}

Ref posix_dup2(Thread& thread, const Value* args) {
  int from, to;
  if (!fd_arg(thread, args[0], from) || !fd_arg(thread, args[1], to)) return {};
  int inheritable = args[2] ? truthy(thread, args[2]) : 1;
  if (inheritable < 0) return {};
  bool same = from == to; // which dup3 refuses
  return (same ? ::dup2(from, to) : ::dup3(from, to, inheritable ? 0 : O_CLOEXEC)) < 0 ? fail(thread)
                                                                                       : make_int(to);
}

Ref posix_fsync(Thread& thread, const Value* args) {
  int fd;
  if (!fd_arg(thread, args[0], fd)) return {};
  return none_or_fail(thread, blocking(thread, [&] { return ::fsync(fd); }));
}

Ref posix_truncate(Thread& thread, const Value* args) {
  std::string path;
  int fd;
  int64_t size;
  if (!path_or_fd(thread, "truncate", args[0], path, fd) || !to_int64(thread, args[1], size)) return {};
  return none_or_fail(thread, fd >= 0 ? ::ftruncate(fd, size) : ::truncate(path.c_str(), size), args[0]);
}

Ref posix_set_blocking(Thread& thread, const Value* args) {
  int fd;
  int blocking_mode = truthy(thread, args[1]);
  if (blocking_mode < 0 || !fd_arg(thread, args[0], fd)) return {};
  int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return fail(thread);
  return none_or_fail(thread, ::fcntl(fd, F_SETFL, blocking_mode ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}

Ref posix_get_blocking(Thread& thread, const Value* args) {
  int fd;
  if (!fd_arg(thread, args[0], fd)) return {};
  int flags = ::fcntl(fd, F_GETFL);
  return flags < 0 ? fail(thread) : share(Value::from_bool((flags & O_NONBLOCK) == 0));
}

} // namespace aspy::os
