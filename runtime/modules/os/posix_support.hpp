// Between the files of the module posix: arguments, failures, and calls that may block.
#pragma once

#include "vm/interpreter/thread/breaker.hpp"
#include "vm/interpreter/thread/lock.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/thread.hpp"

#include <cerrno>
#include <string>

namespace aspy::os {

bool is_path(Value value); // a str, bytes, or an object with __fspath__

// --- arguments; false: raised ---

// TypeError "FUNCTION: ARGUMENT should be string, bytes or os.PathLike, not T".
bool path_arg(Thread& thread, const char* function, Value value, std::string& out,
              const char* argument = "path");
// A path or a descriptor (then `fd` is 0 or more).
bool path_or_fd(Thread& thread, const char* function, Value value, std::string& out, int& fd);
// A descriptor, or an object with a fileno().
bool fd_arg(Thread& thread, Value value, int& out);
// The descriptor of the directory that a relative path starts at; None or missing: the current one.
bool dir_arg(Thread& thread, Value value, int& out);
bool int_arg(Thread& thread, Value value, int& out, int when_missing = 0);

// --- failures ---

// Raises the OSError of errno, with the path as text, unless something is pending already. Always empty.
Ref fail(Thread& thread, Value path = {});
Ref fail_two(Thread& thread, Value path, Value path2);
// None, or fail(path) for a negative status.
Ref none_or_fail(Thread& thread, int status, Value path = {});

// Runs a system call that may block with the interpreter lock free, and again after signals. Negative: errno
// says why, unless a signal's handler has raised.
template <class Body> auto blocking(Thread& thread, Body body) {
  for (;;) {
    decltype(body()) result;
    int error;
    {
      Unlocked unlocked(thread);
      result = body();
      error = errno;
    }
    errno = error;
    if (result >= 0 || error != EINTR || !handle_breaker(thread)) return result;
  }
}

// --- functions of the module's table ---

// posix_files.cpp
NativeBody posix_getcwd, posix_chdir, posix_scan, posix_unlink, posix_rmdir, posix_mkdir, posix_rename,
    posix_replace, posix_link, posix_symlink, posix_readlink, posix_access, posix_chmod, posix_umask,
    posix_chown, posix_utime, posix_stat, posix_lstat, posix_fstat;
// posix_descriptors.cpp
NativeBody posix_open, posix_close, posix_read, posix_pread, posix_pwrite, posix_write, posix_lseek,
    posix_isatty, posix_pipe, posix_readv, posix_writev, posix_dup, posix_dup2, posix_fsync, posix_truncate,
    posix_set_blocking, posix_get_blocking;

extern Type stat_result_type;
void init_stat_result();

} // namespace aspy::os
