// The module posix: what the system offers, one call a function. `os` (os.aspy) is built on it. Here are the
// process and the machine, and the table; files and descriptors have files of their own.
#include "runtime/modules/os/posix_support.hpp"
#include "runtime/process/fs_path.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/struct_sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace aspy {
namespace os {
namespace {

// --- the process ----------------------------------------------------------------------------------------

template <auto call> Ref number_of(Thread&, const Value*) { return make_int(static_cast<int64_t>(call())); }

Ref posix_cpu_count(Thread&, const Value*) {
  long count = ::sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? make_int(count) : share(None);
}

Ref posix_process_cpu_count(Thread&, const Value*) {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) < 0) return share(None);
  return make_int(CPU_COUNT(&set));
}

Ref posix_environ(Thread& thread, const Value*) {
  Own<Dict> out = new_dict();
  for (char** entry = ::environ; entry && *entry; ++entry) {
    std::string_view text = *entry;
    size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    Ref key = fs_decode(text.substr(0, equals)), value = fs_decode(text.substr(equals + 1));
    if (!key || !value || !dict_set(thread, out.get(), key, value)) return {};
  }
  return out;
}

Ref posix_putenv(Thread& thread, const Value* args) {
  std::string name, value;
  if (!path_arg(thread, "putenv", args[0], name) || !path_arg(thread, "putenv", args[1], value)) return {};
  if (name.empty() || name.find('=') != std::string::npos)
    return raise_value_error(thread, "illegal environment variable name");
  return none_or_fail(thread, ::setenv(name.c_str(), value.c_str(), 1));
}

Ref posix_unsetenv(Thread& thread, const Value* args) {
  std::string name;
  if (!path_arg(thread, "unsetenv", args[0], name)) return {};
  return none_or_fail(thread, ::unsetenv(name.c_str()));
}

Ref posix_kill(Thread& thread, const Value* args) {
  int pid, number;
  if (!to_int32(thread, args[0], pid) || !to_int32(thread, args[1], number)) return {};
  if (::kill(pid, number) < 0) return fail(thread);
  // A signal to ourselves is handled before the call returns.
  if (thread.breaker.load() & BreakSignal && !handle_breaker(thread)) return {};
  return share(None);
}

Ref posix_exit(Thread& thread, const Value* args) {
  int status;
  if (!to_int32(thread, args[0], status)) return {};
  ::_exit(status);
}

Ref posix_abort(Thread&, const Value*) { ::abort(); }

Ref posix_strerror(Thread& thread, const Value* args) {
  int code;
  return to_int32(thread, args[0], code) ? Ref(make_str(std::strerror(code))) : Ref();
}

Ref posix_urandom(Thread& thread, const Value* args) {
  int64_t size;
  if (!to_index(thread, args[0], size)) return {};
  if (size < 0) return raise_value_error(thread, "negative argument not allowed");
  if (!may_allocate(thread, static_cast<size_t>(size))) return {};
  std::string data(static_cast<size_t>(size), '\0');
  for (size_t done = 0; done < data.size();) {
    ssize_t got = ::getrandom(data.data() + done, data.size() - done, 0);
    if (got < 0 && errno != EINTR) return fail(thread);
    if (got > 0) done += static_cast<size_t>(got);
  }
  return make_bytes(data);
}

// --- results with names ----------------------------------------------------------------------------------

Type uname_result_type, times_result_type, terminal_size_type;
const char* const uname_fields[] = {"sysname", "nodename", "release", "version", "machine"};
const char* const times_fields[] = {"user", "system", "children_user", "children_system", "elapsed"};
const char* const terminal_fields[] = {"columns", "lines"};
void init_result_types() {
  init_struct_sequence(uname_result_type, {.name = "posix.uname_result", .fields = uname_fields});
  init_struct_sequence(times_result_type, {.name = "posix.times_result", .fields = times_fields});
  init_struct_sequence(terminal_size_type, {.name = "os.terminal_size", .fields = terminal_fields});
}

// (total, used, free) bytes of the disk behind a path
Ref posix_disk_space(Thread& thread, const Value* args) {
  std::string path;
  int fd;
  struct statvfs info;
  if (!path_or_fd(thread, "statvfs", args[0], path, fd)) return {};
  if ((fd >= 0 ? ::fstatvfs(fd, &info) : ::statvfs(path.c_str(), &info)) < 0) return fail(thread, args[0]);
  auto bytes = [&](uint64_t blocks) { return make_int_unsigned(blocks * info.f_frsize); };
  Ref all[] = {bytes(info.f_blocks), bytes(info.f_blocks - info.f_bfree), bytes(info.f_bavail)};
  return make_tuple({all[0], all[1], all[2]});
}

Ref posix_getloadavg(Thread& thread, const Value*) {
  double loads[3];
  if (::getloadavg(loads, 3) != 3) return raise(thread, OSError_type, "Load averages are unobtainable");
  return make_tuple(
      {Value::from_double(loads[0]), Value::from_double(loads[1]), Value::from_double(loads[2])});
}
Ref posix_sched_getaffinity(Thread& thread, const Value* args) {
  int pid;
  cpu_set_t cpus;
  if (!to_int32(thread, args[0], pid)) return {};
  if (::sched_getaffinity(pid, sizeof cpus, &cpus) < 0) return fail(thread);
  Own<Set> found = new_set();
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &cpus) && !set_add(thread, found.get(), Value::from_int(cpu))) return {};
  }
  return found;
}
Ref posix_sched_yield(Thread& thread, const Value*) {
  Unlocked unlocked(thread);
  ::sched_yield();
  return share(None);
}
Ref posix_nice(Thread& thread, const Value* args) {
  int increment;
  if (!to_int32(thread, args[0], increment)) return {};
  errno = 0;
  int value = ::nice(increment);
  return value == -1 && errno ? fail(thread) : make_int(value);
}

Ref posix_uname(Thread& thread, const Value*) {
  utsname info;
  if (::uname(&info) < 0) return fail(thread);
  const char* const parts[] = {info.sysname, info.nodename, info.release, info.version, info.machine};
  Own<Tuple> out = new_tuple(5);
  for (size_t i = 0; i < 5; ++i) out->items()[i] = fs_decode(parts[i]).release();
  return make_struct_sequence(uname_result_type, out->view());
}

Ref posix_times(Thread& thread, const Value*) {
  tms used;
  clock_t now = ::times(&used);
  if (now == static_cast<clock_t>(-1)) return fail(thread);
  double tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  auto seconds = [&](clock_t ticks) { return Value::from_double(static_cast<double>(ticks) * tick); };
  return make_struct_sequence(times_result_type,
                              {seconds(used.tms_utime), seconds(used.tms_stime), seconds(used.tms_cutime),
                               seconds(used.tms_cstime), seconds(now)});
}

Ref posix_system(Thread& thread, const Value* args) {
  std::string command;
  if (!path_arg(thread, "system", args[0], command)) return {};
  int status = blocking(thread, [&] { return ::system(command.c_str()); });
  return make_int(status);
}

Ref posix_waitpid(Thread& thread, const Value* args) {
  int pid, options, status = 0;
  if (!to_int32(thread, args[0], pid) || !to_int32(thread, args[1], options)) return {};
  int found = blocking(thread, [&] { return ::waitpid(pid, &status, options); });
  if (found < 0) return fail(thread);
  return make_tuple({Value::from_int(found), Value::from_int(status)});
}

Ref posix_terminal_size(Thread& thread, const Value* args) {
  int fd;
  if (!int_arg(thread, args[0], fd, 1)) return {};
  winsize size;
  if (::ioctl(fd, TIOCGWINSZ, &size) < 0) return fail(thread);
  return make_struct_sequence(terminal_size_type,
                              {Value::from_int(size.ws_col), Value::from_int(size.ws_row)});
}

// --- paths, and the table ---------------------------------------------------------------------------------

Ref posix_fspath(Thread& thread, const Value* args) { return fs_path(thread, args[0]); }

Ref posix_fsencode(Thread& thread, const Value* args) {
  Ref path = fs_path(thread, args[0]);
  if (!path || is_bytes(path)) return path;
  std::string out;
  return fs_encode(thread, path, out) ? Ref(make_bytes(out)) : Ref();
}

Ref posix_fsdecode(Thread& thread, const Value* args) {
  Ref path = fs_path(thread, args[0]);
  if (!path || is_str(path)) return path;
  return fs_decode(cast<Bytes>(path)->view());
}

const NativeDef functions[] = {
    {"getpid", "", number_of<::getpid>, "Return the current process id."},
    {"getppid", "", number_of<::getppid>, "Return the parent's process id."},
    {"getuid", "", number_of<::getuid>, "Return the current process's user id."},
    {"geteuid", "", number_of<::geteuid>, "Return the current process's effective user id."},
    {"getgid", "", number_of<::getgid>, "Return the current process's group id."},
    {"getegid", "", number_of<::getegid>, "Return the current process's effective group id."},
    {"cpu_count", "", posix_cpu_count, "Return the number of logical CPUs in the system."},
    {"process_cpu_count", "", posix_process_cpu_count, "Return the number of CPUs usable by this process."},
    {"_environ", "", posix_environ, "The environment as a dict."},
    {"putenv", "name, value, /", posix_putenv, "Change or add an environment variable."},
    {"unsetenv", "name, /", posix_unsetenv, "Delete an environment variable."},
    {"kill", "pid, signal, /", posix_kill, "Kill a process with a signal."},
    {"_exit", "status", posix_exit,
     "Exit to the system with specified status, without normal exit processing."},
    {"abort", "", posix_abort, "Abort the interpreter immediately."},
    {"strerror", "code, /", posix_strerror, "Translate an error code to a message string."},
    {"urandom", "size, /", posix_urandom,
     "Return a bytes object containing random bytes suitable for cryptographic use."},
    {"_disk_space", "path, /", posix_disk_space},
    {"getloadavg", "", posix_getloadavg, "Return average recent system load information."},
    {"sched_getaffinity", "pid, /", posix_sched_getaffinity, "Return the set of CPUs a process may run on."},
    {"sched_yield", "", posix_sched_yield, "Voluntarily relinquish the CPU."},
    {"nice", "increment, /", posix_nice,
     "Add increment to the priority of process and return the new priority."},
    {"uname", "", posix_uname, "Return an object identifying the current operating system."},
    {"times", "", posix_times, "Return a collection containing process timing information."},
    {"system", "command", posix_system, "Execute the command in a subshell."},
    {"waitpid", "pid, options, /", posix_waitpid, "Wait for completion of a given child process."},
    {"get_terminal_size", "fd=1, / |", posix_terminal_size,
     "Return the size of the terminal window as (columns, lines)."},
    {"getcwd", "", posix_getcwd, "Return a unicode string representing the current working directory."},
    {"chdir", "path", posix_chdir, "Change the current working directory to the specified path."},
    {"_scan", "path, function='scandir', /", posix_scan},
    {"unlink", "path, *, dir_fd=None", posix_unlink, "Remove a file."},
    {"remove", "path, *, dir_fd=None", posix_unlink, "Remove a file."},
    {"rmdir", "path, *, dir_fd=None", posix_rmdir, "Remove a directory."},
    {"mkdir", "path, mode=511, *, dir_fd=None", posix_mkdir, "Create a directory."},
    {"rename", "src, dst, *, src_dir_fd=None, dst_dir_fd=None", posix_rename, "Rename a file or directory."},
    {"replace", "src, dst, *, src_dir_fd=None, dst_dir_fd=None", posix_replace,
     "Rename a file or directory, overwriting the destination."},
    {"link", "src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True", posix_link,
     "Create a hard link to a file."},
    {"symlink", "src, dst, target_is_directory=False, *, dir_fd=None", posix_symlink,
     "Create a symbolic link pointing to src named dst."},
    {"readlink", "path, *, dir_fd=None", posix_readlink,
     "Return a string representing the path to which the symbolic link points."},
    {"access", "path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True", posix_access,
     "Use the real uid/gid to test for access to a path."},
    {"chmod", "path, mode, *, dir_fd=None, follow_symlinks=True |", posix_chmod,
     "Change the access permissions of a file."},
    {"umask", "mask, /", posix_umask, "Set the current numeric umask and return the previous umask."},
    {"chown", "path, uid, gid, *, dir_fd=None, follow_symlinks=True", posix_chown,
     "Change the owner and group of a path."},
    {"utime", "path, times=None, *, ns=None, dir_fd=None, follow_symlinks=True |", posix_utime,
     "Set the access and modified time of path."},
    {"stat", "path, *, dir_fd=None, follow_symlinks=True", posix_stat,
     "Perform a stat system call on the given path."},
    {"lstat", "path, *, dir_fd=None", posix_lstat,
     "Perform a stat system call on the given path, without following symbolic links."},
    {"fstat", "fd", posix_fstat, "Perform a stat system call on the given file descriptor."},
    {"open", "path, flags, mode=511, *, dir_fd=None", posix_open,
     "Open a file for low level IO. Returns a file descriptor (integer)."},
    {"close", "fd", posix_close, "Close a file descriptor."},
    {"read", "fd, length, /", posix_read, "Read from a file descriptor. Returns a bytes object."},
    {"pread", "fd, length, offset, /", posix_pread,
     "Read a number of bytes from a file descriptor starting at a particular offset."},
    {"pwrite", "fd, buffer, offset, /", posix_pwrite,
     "Write bytes to a file descriptor starting at a particular offset."},
    {"write", "fd, data, /", posix_write, "Write a bytes object to a file descriptor."},
    {"lseek", "fd, position, whence, /", posix_lseek, "Set the position of a file descriptor."},
    {"readv", "fd, buffers, /", posix_readv, "Read from a file descriptor into several bytearrays."},
    {"writev", "fd, buffers, /", posix_writev, "Write the contents of several buffers to a file descriptor."},
    {"isatty", "fd, /", posix_isatty, "Return True if the fd is connected to a terminal."},
    {"pipe", "", posix_pipe, "Create a pipe. Returns (read_fd, write_fd)."},
    {"dup", "fd, /", posix_dup, "Return a duplicate of a file descriptor."},
    {"dup2", "fd, fd2, inheritable=True", posix_dup2, "Duplicate file descriptor."},
    {"fsync", "fd", posix_fsync, "Force write of fd to disk."},
    {"truncate", "path, length", posix_truncate, "Truncate a file to a specific length."},
    {"ftruncate", "fd, length, /", posix_truncate, "Truncate a file to a specific length."},
    {"set_blocking", "fd, blocking, /", posix_set_blocking, "Set the blocking mode of the file descriptor."},
    {"get_blocking", "fd, /", posix_get_blocking, "Get the blocking mode of the file descriptor."},
    {"fspath", "path", posix_fspath, "Return the file system path representation of the object."},
    {"fsencode", "filename", posix_fsencode, "Encode filename to the filesystem encoding."},
    {"fsdecode", "filename", posix_fsdecode, "Decode filename from the filesystem encoding."},
    {},
};

bool init_module(Thread&, Module* module) {
  init_result_types();
  init_stat_result();
  module_set(module, "uname_result", &uname_result_type);
  module_set(module, "times_result", &times_result_type);
  module_set(module, "terminal_size", &terminal_size_type);
  module_set(module, "stat_result", &stat_result_type);
  struct Constant {
    const char* name;
    int64_t value;
  };
  static const Constant constants[] = {
      {"O_RDONLY", O_RDONLY},
      {"O_WRONLY", O_WRONLY},
      {"O_RDWR", O_RDWR},
      {"O_APPEND", O_APPEND},
      {"O_CREAT", O_CREAT},
      {"O_EXCL", O_EXCL},
      {"O_TRUNC", O_TRUNC},
      {"O_NONBLOCK", O_NONBLOCK},
      {"O_SYNC", O_SYNC},
      {"O_CLOEXEC", O_CLOEXEC},
      {"O_DIRECTORY", O_DIRECTORY},
      {"O_NOFOLLOW", O_NOFOLLOW},
      {"F_OK", F_OK},
      {"R_OK", R_OK},
      {"W_OK", W_OK},
      {"X_OK", X_OK},
      {"EX_OK", 0},
      {"WNOHANG", WNOHANG},
      {"SEEK_SET", SEEK_SET},
      {"SEEK_CUR", SEEK_CUR},
      {"SEEK_END", SEEK_END},
  };
  for (const Constant& constant : constants) module_set(module, constant.name, make_int(constant.value));
  return true;
}

} // namespace
} // namespace os

extern const ModuleSpec posix_module = {"posix", os::functions, os::init_module,
                                        "Access to the operating system."};

} // namespace aspy
