// The module posix: what the system offers, one call a function. `os` (os.aspy) is built on it.
#include "runtime/process/fs_path.hpp"
#include "vm/interpreter/breaker.hpp"
#include "vm/interpreter/lock.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/struct_sequence.hpp"
#include "vm/object/sequence/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <dirent.h>
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
namespace {

// --- arguments ---------------------------------------------------------------------------------------

bool is_path(Value value) {
  return is_str(value) || is_bytes(value) || type_lookup(type_of(value), names::dunder_fspath);
}

// A path argument. TypeError "NAME: path should be string, bytes or os.PathLike, not T".
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

bool path_arg(Thread& thread, const char* function, Value value, std::string& out,
              const char* argument = "path") {
  if (is_path(value)) return encode_path(thread, function, value, out);
  return raise_type_error(thread, fmt::format("{}: {} should be string, bytes or os.PathLike, not {}",
                                              function, argument, type_name(value)));
}

// A path or a descriptor (then `fd` is 0 or more).
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

bool int_arg(Thread& thread, Value value, int& out, int when_missing = 0) {
  out = when_missing;
  return value.is_empty() || to_int32(thread, value, out);
}

// Runs a system call that may block with the lock free; again after signals. -1: raised (or errno, see
// `raised`).
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

Ref fail(Thread& thread, Value path = {}) {
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

Ref none_or_fail(Thread& thread, int status, Value path = {}) {
  return status < 0 ? fail(thread, path) : share(None);
}

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

Type uname_result_type, times_result_type, terminal_size_type, stat_result_type;
const char* const uname_fields[] = {"sysname", "nodename", "release", "version", "machine"};
const char* const times_fields[] = {"user", "system", "children_user", "children_system", "elapsed"};
const char* const terminal_fields[] = {"columns", "lines"};
// The times are whole seconds among the items, and floats as attributes.
const char* const stat_fields[] = {"st_mode",     "st_ino",     "st_dev",    "st_nlink",    "st_uid",
                                   "st_gid",      "st_size",    "st_atime",  "st_mtime",    "st_ctime",
                                   "st_atime",    "st_mtime",   "st_ctime",  "st_atime_ns", "st_mtime_ns",
                                   "st_ctime_ns", "st_blksize", "st_blocks", "st_rdev"};

void init_result_types() {
  init_struct_sequence(uname_result_type, {.name = "posix.uname_result", .fields = uname_fields});
  init_struct_sequence(times_result_type, {.name = "posix.times_result", .fields = times_fields});
  init_struct_sequence(terminal_size_type, {.name = "os.terminal_size", .fields = terminal_fields});
  init_struct_sequence(stat_result_type, {.name = "os.stat_result", .fields = stat_fields, .visible = 10});
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

// --- directories and names ------------------------------------------------------------------------------

Ref posix_getcwd(Thread& thread, const Value*) {
  char* name = ::getcwd(nullptr, 0);
  if (!name) return fail(thread);
  Ref out = fs_decode(name);
  std::free(name);
  return out;
}

Ref posix_chdir(Thread& thread, const Value* args) {
  std::string path;
  int fd;
  if (!path_or_fd(thread, "chdir", args[0], path, fd)) return {};
  return none_or_fail(thread, fd >= 0 ? ::fchdir(fd) : ::chdir(path.c_str()), args[0]);
}

// All entries of a directory as (name, kind) pairs; kind is 'd', 'f', 'l' or '?'.
Ref posix_scan(Thread& thread, const Value* args) {
  std::string path = ".";
  int fd = -1;
  const char* function = "scandir";
  if (args[1]) function = cast<Str>(args[1])->data();
  if (!args[0].is_none()) {
    if (!is_path(args[0]) && !is_int_like(args[0])) {
      return raise_type_error(
          thread, fmt::format("{}: path should be string, bytes, os.PathLike, integer or None, not {}",
                              function, type_name(args[0])));
    }
    if (!path_or_fd(thread, function, args[0], path, fd)) return {};
  }
  DIR* directory;
  {
    Unlocked unlocked(thread);
    if (fd >= 0) fd = ::dup(fd);
    directory = fd >= 0 ? ::fdopendir(fd) : ::opendir(path.c_str());
  }
  if (!directory) return fail(thread, args[0].is_none() ? Value() : args[0]);
  Own<List> out = new_list();
  while (dirent* entry = ::readdir(directory)) {
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    const char* kind = entry->d_type == DT_DIR   ? "d"
                       : entry->d_type == DT_REG ? "f"
                       : entry->d_type == DT_LNK ? "l"
                                                 : "?";
    Ref text = fs_decode_like(args[0], name);
    Own<Str> kind_text = make_str(kind);
    list_append(out.get(), make_tuple({text.get(), kind_text.value(),
                                       make_int(static_cast<int64_t>(entry->d_ino)).get()}));
  }
  ::closedir(directory);
  return out;
}

template <int (*call)(const char*)> Ref on_path(Thread& thread, const char* function, Value path) {
  std::string name;
  if (!path_arg(thread, function, path, name)) return {};
  return none_or_fail(thread, call(name.c_str()), path);
}
Ref posix_unlink(Thread& thread, const Value* args) { return on_path<::unlink>(thread, "remove", args[0]); }
Ref posix_rmdir(Thread& thread, const Value* args) { return on_path<::rmdir>(thread, "rmdir", args[0]); }

Ref posix_mkdir(Thread& thread, const Value* args) {
  std::string name;
  int mode;
  if (!path_arg(thread, "mkdir", args[0], name) || !int_arg(thread, args[1], mode, 0777)) return {};
  return none_or_fail(thread, ::mkdir(name.c_str(), static_cast<mode_t>(mode)), args[0]);
}

template <int (*call)(const char*, const char*)>
Ref on_paths(Thread& thread, const char* function, const Value* args) {
  std::string from, to;
  if (!path_arg(thread, function, args[0], from, "src") || !path_arg(thread, function, args[1], to, "dst"))
    return {};
  return call(from.c_str(), to.c_str()) < 0 ? fail_two(thread, args[0], args[1]) : share(None);
}
Ref posix_rename(Thread& thread, const Value* args) { return on_paths<::rename>(thread, "rename", args); }
Ref posix_replace(Thread& thread, const Value* args) { return on_paths<::rename>(thread, "replace", args); }
Ref posix_link(Thread& thread, const Value* args) { return on_paths<::link>(thread, "link", args); }
Ref posix_symlink(Thread& thread, const Value* args) { return on_paths<::symlink>(thread, "symlink", args); }

Ref posix_readlink(Thread& thread, const Value* args) {
  std::string path;
  if (!path_arg(thread, "readlink", args[0], path)) return {};
  char target[4096];
  ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  if (size < 0) return fail(thread, args[0]);
  return fs_decode_like(args[0], {target, static_cast<size_t>(size)});
}

Ref posix_access(Thread& thread, const Value* args) {
  std::string path;
  int mode;
  if (!path_arg(thread, "access", args[0], path) || !to_int32(thread, args[1], mode)) return {};
  return share(Value::from_bool(::access(path.c_str(), mode) == 0));
}

Ref posix_chmod(Thread& thread, const Value* args) {
  std::string path;
  int fd, mode;
  if (!path_or_fd(thread, "chmod", args[0], path, fd) || !to_int32(thread, args[1], mode)) return {};
  return none_or_fail(thread,
                      fd >= 0 ? ::fchmod(fd, static_cast<mode_t>(mode))
                              : ::chmod(path.c_str(), static_cast<mode_t>(mode)),
                      args[0]);
}

Ref posix_umask(Thread& thread, const Value* args) {
  int mode;
  return to_int32(thread, args[0], mode) ? make_int(::umask(static_cast<mode_t>(mode))) : Ref();
}

Ref posix_utime(Thread& thread, const Value* args) {
  std::string path;
  int fd;
  if (!path_or_fd(thread, "utime", args[0], path, fd)) return {};
  timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  if (args[1] && !args[1].is_none()) {
    if (!is_tuple(args[1]) || cast<Tuple>(args[1])->size != 2) {
      return raise_type_error(thread, "utime: 'times' must be either a tuple of two ints or None");
    }
    for (size_t i = 0; i < 2; ++i) {
      double seconds;
      if (!to_double(thread, (*cast<Tuple>(args[1]))[i], seconds)) return {};
      times[i].tv_sec = static_cast<time_t>(std::floor(seconds));
      times[i].tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
    }
  }
  int status = fd >= 0 ? ::futimens(fd, times) : ::utimensat(AT_FDCWD, path.c_str(), times, 0);
  return none_or_fail(thread, status, args[0]);
}

Ref stat_tuple(const struct stat& info) {
  auto number = [](auto value) { return make_int(static_cast<int64_t>(value)); };
  auto seconds = [](const timespec& time) {
    return Ref::steal(
        Value::from_double(static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec)));
  };
  auto nanoseconds = [](const timespec& time) {
    return make_int(int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec);
  };
  Ref items[] = {number(info.st_mode),        number(info.st_ino),         number(info.st_dev),
                 number(info.st_nlink),       number(info.st_uid),         number(info.st_gid),
                 number(info.st_size),        number(info.st_atim.tv_sec), number(info.st_mtim.tv_sec),
                 number(info.st_ctim.tv_sec), seconds(info.st_atim),       seconds(info.st_mtim),
                 seconds(info.st_ctim),       nanoseconds(info.st_atim),   nanoseconds(info.st_mtim),
                 nanoseconds(info.st_ctim),   number(info.st_blksize),     number(info.st_blocks),
                 number(info.st_rdev)};
  Value borrowed[std::size(items)];
  for (size_t i = 0; i < std::size(items); ++i) borrowed[i] = items[i];
  return make_struct_sequence(stat_result_type, borrowed);
}

Ref stat_of(Thread& thread, Value target, const char* function, bool follow) {
  std::string path;
  int fd;
  if (!path_or_fd(thread, function, target, path, fd)) return {};
  struct stat info;
  int status = blocking(thread, [&] {
    if (fd >= 0) return ::fstat(fd, &info);
    return follow ? ::stat(path.c_str(), &info) : ::lstat(path.c_str(), &info);
  });
  return status < 0 ? fail(thread, target) : stat_tuple(info);
}

Ref posix_stat(Thread& thread, const Value* args) {
  int follow = args[2] ? truthy(thread, args[2]) : 1;
  return follow < 0 ? Ref() : stat_of(thread, args[0], "stat", follow);
}
Ref posix_lstat(Thread& thread, const Value* args) { return stat_of(thread, args[0], "lstat", false); }
Ref posix_fstat(Thread& thread, const Value* args) {
  int fd;
  struct stat info;
  if (!to_int32(thread, args[0], fd)) return {};
  int status = blocking(thread, [&] { return ::fstat(fd, &info); });
  return status < 0 ? fail(thread) : stat_tuple(info);
}

// --- descriptors ----------------------------------------------------------------------------------------

Ref posix_open(Thread& thread, const Value* args) {
  std::string path;
  int flags, mode;
  if (!path_arg(thread, "open", args[0], path) || !to_int32(thread, args[1], flags) ||
      !int_arg(thread, args[2], mode, 0777)) {
    return {};
  }
  int fd = blocking(thread, [&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); });
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
  return ::dup2(from, to) < 0 ? fail(thread) : make_int(to);
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
    {"get_terminal_size", "fd=1, /", posix_terminal_size,
     "Return the size of the terminal window as (columns, lines)."},
    {"getcwd", "", posix_getcwd, "Return a unicode string representing the current working directory."},
    {"chdir", "path", posix_chdir, "Change the current working directory to the specified path."},
    {"_scan", "path, function='scandir', /", posix_scan},
    {"unlink", "path", posix_unlink, "Remove a file."},
    {"remove", "path", posix_unlink, "Remove a file."},
    {"rmdir", "path", posix_rmdir, "Remove a directory."},
    {"mkdir", "path, mode=511", posix_mkdir, "Create a directory."},
    {"rename", "src, dst", posix_rename, "Rename a file or directory."},
    {"replace", "src, dst", posix_replace, "Rename a file or directory, overwriting the destination."},
    {"link", "src, dst", posix_link, "Create a hard link to a file."},
    {"symlink", "src, dst", posix_symlink, "Create a symbolic link pointing to src named dst."},
    {"readlink", "path", posix_readlink,
     "Return a string representing the path to which the symbolic link points."},
    {"access", "path, mode", posix_access, "Use the real uid/gid to test for access to a path."},
    {"chmod", "path, mode", posix_chmod, "Change the access permissions of a file."},
    {"umask", "mask, /", posix_umask, "Set the current numeric umask and return the previous umask."},
    {"utime", "path, times=None", posix_utime, "Set the access and modified time of path."},
    {"stat", "path, *, dir_fd=None, follow_symlinks=True", posix_stat,
     "Perform a stat system call on the given path."},
    {"lstat", "path, *, dir_fd=None", posix_lstat,
     "Perform a stat system call on the given path, without following symbolic links."},
    {"fstat", "fd", posix_fstat, "Perform a stat system call on the given file descriptor."},
    {"open", "path, flags, mode=511", posix_open,
     "Open a file for low level IO. Returns a file descriptor (integer)."},
    {"close", "fd", posix_close, "Close a file descriptor."},
    {"read", "fd, length, /", posix_read, "Read from a file descriptor. Returns a bytes object."},
    {"pread", "fd, length, offset, /", posix_pread,
     "Read a number of bytes from a file descriptor starting at a particular offset."},
    {"pwrite", "fd, buffer, offset, /", posix_pwrite,
     "Write bytes to a file descriptor starting at a particular offset."},
    {"write", "fd, data, /", posix_write, "Write a bytes object to a file descriptor."},
    {"lseek", "fd, position, whence, /", posix_lseek, "Set the position of a file descriptor."},
    {"isatty", "fd, /", posix_isatty, "Return True if the fd is connected to a terminal."},
    {"pipe", "", posix_pipe, "Create a pipe. Returns (read_fd, write_fd)."},
    {"dup", "fd, /", posix_dup, "Return a duplicate of a file descriptor."},
    {"dup2", "fd, fd2", posix_dup2, "Duplicate file descriptor."},
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

extern const ModuleSpec posix_module = {"posix", functions, init_module, "Access to the operating system."};

} // namespace aspy
