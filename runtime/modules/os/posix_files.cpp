// Of the module posix: directories, names of files, and what the system knows of a file.
#include "runtime/modules/os/posix_support.hpp"
#include "runtime/process/fs_path.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/struct_sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <cmath>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aspy::os {

Type stat_result_type;

namespace {

// The times are whole seconds among the items, and floats as attributes.
const char* const stat_fields[] = {"st_mode",     "st_ino",     "st_dev",    "st_nlink",    "st_uid",
                                   "st_gid",      "st_size",    "st_atime",  "st_mtime",    "st_ctime",
                                   "st_atime",    "st_mtime",   "st_ctime",  "st_atime_ns", "st_mtime_ns",
                                   "st_ctime_ns", "st_blksize", "st_blocks", "st_rdev"};

} // namespace

void init_stat_result() {
  init_struct_sequence(stat_result_type, {.name = "os.stat_result", .fields = stat_fields, .visible = 10});
}

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

static Ref stat_tuple(const struct stat& info) {
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

static Ref stat_of(Thread& thread, Value target, const char* function, bool follow) {
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

} // namespace aspy::os
