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

namespace {

// A path of a call that may start at a directory's descriptor.
struct Place {
  std::string path;
  int fd = -1; // instead of a path
  int dir = AT_FDCWD;
  const char* name() const { return path.c_str(); }
};
bool place_arg(Thread& thread, const char* function, Value path, Value dir, Place& out,
               const char* argument = "path") {
  return path_arg(thread, function, path, out.path, argument) && dir_arg(thread, dir, out.dir);
}
// As place_arg, or an open file: that starts nowhere.
bool place_or_fd(Thread& thread, const char* function, Value path, Value dir, Place& out) {
  if (!path_or_fd(thread, function, path, out.path, out.fd) || !dir_arg(thread, dir, out.dir)) return false;
  if (out.fd < 0 || out.dir == AT_FDCWD) return true;
  return raise_value_error(thread, fmt::format("{}: can't specify dir_fd without matching path", function));
}
// A flag that is true when missing: -1 raised. An open file is never a link that is not followed.
int follow_arg(Thread& thread, const char* function, Value value, const Place& place) {
  int follow = value ? truthy(thread, value) : 1;
  if (follow != 0 || place.fd < 0) return follow;
  raise_value_error(thread, fmt::format("{}: cannot use fd and follow_symlinks together", function));
  return -1;
}

Ref remove_at(Thread& thread, const char* function, const Value* args, int flags) {
  Place place;
  if (!place_arg(thread, function, args[0], args[1], place)) return {};
  return none_or_fail(thread, ::unlinkat(place.dir, place.name(), flags), args[0]);
}

// (src, dst, src_dir_fd, dst_dir_fd)
bool two_places(Thread& thread, const char* function, const Value* args, Place& from, Place& to) {
  return place_arg(thread, function, args[0], args[2], from, "src") &&
         place_arg(thread, function, args[1], args[3], to, "dst");
}
Ref rename_at(Thread& thread, const char* function, const Value* args) {
  Place from, to;
  if (!two_places(thread, function, args, from, to)) return {};
  return ::renameat(from.dir, from.name(), to.dir, to.name()) < 0 ? fail_two(thread, args[0], args[1])
                                                                  : share(None);
}

} // namespace

Ref posix_unlink(Thread& thread, const Value* args) { return remove_at(thread, "remove", args, 0); }
Ref posix_rmdir(Thread& thread, const Value* args) { return remove_at(thread, "rmdir", args, AT_REMOVEDIR); }

Ref posix_mkdir(Thread& thread, const Value* args) {
  Place place;
  int mode;
  if (!place_arg(thread, "mkdir", args[0], args[2], place) || !int_arg(thread, args[1], mode, 0777))
    return {};
  return none_or_fail(thread, ::mkdirat(place.dir, place.name(), static_cast<mode_t>(mode)), args[0]);
}

Ref posix_rename(Thread& thread, const Value* args) { return rename_at(thread, "rename", args); }
Ref posix_replace(Thread& thread, const Value* args) { return rename_at(thread, "replace", args); }

Ref posix_link(Thread& thread, const Value* args) {
  Place from, to;
  if (!two_places(thread, "link", args, from, to)) return {};
  int follow = args[4] ? follow_arg(thread, "link", args[4], from) : 0;
  if (follow < 0) return {};
  int status = ::linkat(from.dir, from.name(), to.dir, to.name(), follow ? AT_SYMLINK_FOLLOW : 0);
  return status < 0 ? fail_two(thread, args[0], args[1]) : share(None);
}

Ref posix_symlink(Thread& thread, const Value* args) {
  Place from, to;
  if (!place_arg(thread, "symlink", args[0], Value(), from, "src") ||
      !place_arg(thread, "symlink", args[1], args[3], to, "dst"))
    return {};
  return ::symlinkat(from.name(), to.dir, to.name()) < 0 ? fail_two(thread, args[0], args[1]) : share(None);
}

Ref posix_readlink(Thread& thread, const Value* args) {
  Place place;
  if (!place_arg(thread, "readlink", args[0], args[1], place)) return {};
  char target[4096];
  ssize_t size = ::readlinkat(place.dir, place.name(), target, sizeof target);
  if (size < 0) return fail(thread, args[0]);
  return fs_decode_like(args[0], {target, static_cast<size_t>(size)});
}

Ref posix_access(Thread& thread, const Value* args) {
  Place place;
  int mode;
  if (!place_arg(thread, "access", args[0], args[2], place) || !to_int32(thread, args[1], mode)) return {};
  int effective = args[3] ? truthy(thread, args[3]) : 0,
      follow = follow_arg(thread, "access", args[4], place);
  if (effective < 0 || follow < 0) return {};
  int flags = (effective ? AT_EACCESS : 0) | (follow ? 0 : AT_SYMLINK_NOFOLLOW);
  return share(Value::from_bool(::faccessat(place.dir, place.name(), mode, flags) == 0));
}

Ref posix_chmod(Thread& thread, const Value* args) {
  Place place;
  int mode;
  if (!path_or_fd(thread, "chmod", args[0], place.path, place.fd) || !to_int32(thread, args[1], mode) ||
      !dir_arg(thread, args[2], place.dir))
    return {};
  int follow = args[3] ? truthy(thread, args[3]) : 1;
  if (follow < 0) return {};
  auto bits = static_cast<mode_t>(mode);
  int status = place.fd >= 0 ? ::fchmod(place.fd, bits)
                             : ::fchmodat(place.dir, place.name(), bits, follow ? 0 : AT_SYMLINK_NOFOLLOW);
  return none_or_fail(thread, status, args[0]);
}

Ref posix_chown(Thread& thread, const Value* args) {
  Place place;
  int user, group;
  if (!path_or_fd(thread, "chown", args[0], place.path, place.fd) || !to_int32(thread, args[1], user) ||
      !to_int32(thread, args[2], group) || !dir_arg(thread, args[3], place.dir))
    return {};
  if (place.fd >= 0 && place.dir != AT_FDCWD)
    return raise_value_error(thread, "chown: can't specify both dir_fd and fd");
  int follow = follow_arg(thread, "chown", args[4], place);
  if (follow < 0) return {};
  auto uid = static_cast<uid_t>(user);
  auto gid = static_cast<gid_t>(group);
  int status = place.fd >= 0
                   ? ::fchown(place.fd, uid, gid)
                   : ::fchownat(place.dir, place.name(), uid, gid, follow ? 0 : AT_SYMLINK_NOFOLLOW);
  return none_or_fail(thread, status, args[0]);
}

Ref posix_umask(Thread& thread, const Value* args) {
  int mode;
  return to_int32(thread, args[0], mode) ? make_int(::umask(static_cast<mode_t>(mode))) : Ref();
}

namespace {

// One of the two times of utime(): seconds as a number, or whole nanoseconds.
bool time_arg(Thread& thread, Value value, bool in_ns, timespec& out) {
  if (in_ns) {
    Ref second = Ref::steal(Value::from_int(1'000'000'000));
    Ref whole = binary_op(thread, BinaryOp::FloorDiv, value, second);
    Ref rest = whole ? binary_op(thread, BinaryOp::Mod, value, second) : Ref();
    int64_t seconds, part;
    if (!rest || !to_int64(thread, whole, seconds) || !to_int64(thread, rest, part)) return false;
    out = {static_cast<time_t>(seconds), static_cast<long>(part)};
    return true;
  }
  double seconds;
  if (!to_double(thread, value, seconds)) return false;
  out.tv_sec = static_cast<time_t>(std::floor(seconds));
  out.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
  return true;
}

} // namespace

Ref posix_utime(Thread& thread, const Value* args) {
  Place place;
  bool given = args[1] && !args[1].is_none(), in_ns = static_cast<bool>(args[2]);
  if (given && in_ns)
    return raise_value_error(thread, "utime: you may specify either 'times' or 'ns' but not both");
  timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
  if (given || in_ns) {
    Value pair = in_ns ? args[2] : args[1];
    if (!is_tuple(pair) || cast<Tuple>(pair)->size != 2) {
      return raise_type_error(thread, in_ns ? "utime: 'ns' must be a tuple of two ints"
                                            : "utime: 'times' must be either a tuple of two ints or None");
    }
    for (size_t i = 0; i < 2; ++i)
      if (!time_arg(thread, (*cast<Tuple>(pair))[i], in_ns, times[i])) return {};
  }
  if (!place_or_fd(thread, "utime", args[0], args[3], place)) return {};
  int follow = follow_arg(thread, "utime", args[4], place);
  if (follow < 0) return {};
  int status = place.fd >= 0 ? ::futimens(place.fd, times)
                             : ::utimensat(place.dir, place.name(), times, follow ? 0 : AT_SYMLINK_NOFOLLOW);
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

static Ref stat_of(Thread& thread, const Place& place, bool follow, Value target) {
  struct stat info;
  int status = blocking(thread, [&] {
    if (place.fd >= 0) return ::fstat(place.fd, &info);
    return ::fstatat(place.dir, place.name(), &info, follow ? 0 : AT_SYMLINK_NOFOLLOW);
  });
  return status < 0 ? fail(thread, target) : stat_tuple(info);
}

Ref posix_stat(Thread& thread, const Value* args) {
  Place place;
  if (!place_or_fd(thread, "stat", args[0], args[1], place)) return {};
  int follow = follow_arg(thread, "stat", args[2], place);
  return follow < 0 ? Ref() : stat_of(thread, place, follow, args[0]);
}
Ref posix_lstat(Thread& thread, const Value* args) {
  Place place;
  if (!place_arg(thread, "lstat", args[0], args[1], place)) return {};
  return stat_of(thread, place, false, args[0]);
}
Ref posix_fstat(Thread& thread, const Value* args) {
  int fd;
  struct stat info;
  if (!to_int32(thread, args[0], fd)) return {};
  int status = blocking(thread, [&] { return ::fstat(fd, &info); });
  return status < 0 ? fail(thread) : stat_tuple(info);
}

} // namespace aspy::os
