// The module _process: what `os` offers about processes, owners, terminals and flags of descriptors, besides
// the files that are in posix.cpp.
#include "runtime/modules/os/posix_support.hpp"
#include "runtime/process/fs_path.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <type_traits>
#include <unistd.h>
#include <utility>

namespace aspy {
namespace {

using os::fail;

// A system call of whole numbers as a function of scripts: its result, or nothing where it only succeeds.
template <auto call, bool gives_number, class... Numbers> struct SystemCall;
template <auto call, bool gives_number, class Result, class... Numbers>
struct SystemCall<call, gives_number, Result(Numbers...)> {
  static Ref run(Thread& thread, const Value* args) {
    return run(thread, args, std::index_sequence_for<Numbers...>());
  }
  template <size_t... at> static Ref run(Thread& thread, const Value* args, std::index_sequence<at...>) {
    [[maybe_unused]] int32_t numbers[sizeof...(Numbers) + 1] = {}; // one more: a call may take none
    if (!(to_int32(thread, args[at], numbers[at]) && ... && true)) return {};
    Result result = call(static_cast<Numbers>(numbers[at])...);
    if (result < 0) return fail(thread);
    return gives_number ? make_int(static_cast<int64_t>(result)) : share(None);
  }
};
template <auto call>
constexpr NativeFn number = SystemCall<call, true, std::remove_pointer_t<decltype(call)>>::run;
template <auto call>
constexpr NativeFn action = SystemCall<call, false, std::remove_pointer_t<decltype(call)>>::run;

// The C library declares these as not throwing, which is a part of a function's type.
pid_t get_process_group(pid_t pid) { return ::getpgid(pid); }
pid_t get_own_group() { return ::getpgrp(); }
int set_process_group(pid_t pid, pid_t group) { return ::setpgid(pid, group); }
int set_own_group() { return ::setpgid(0, 0); }
pid_t get_session(pid_t pid) { return ::getsid(pid); }
pid_t new_session() { return ::setsid(); }
int kill_group(pid_t group, int signal) { return ::killpg(group, signal); }
int change_folder(int fd) { return ::fchdir(fd); }
int change_mode(int fd, unsigned mode) { return ::fchmod(fd, mode); }
int change_owner(int fd, int user, int group) {
  return ::fchown(fd, static_cast<uid_t>(user), static_cast<gid_t>(group));
}
int set_user(int user) { return ::setuid(static_cast<uid_t>(user)); }
int set_group(int group) { return ::setgid(static_cast<gid_t>(group)); }
int sync_data(int fd) { return ::fdatasync(fd); }
int sync_all() { return ::sync(), 0; }
int terminal_group(int fd) { return ::tcgetpgrp(fd); }
int make_inheritable(int fd, int yes) {
  int flags = ::fcntl(fd, F_GETFD);
  return flags < 0 ? -1 : ::fcntl(fd, F_SETFD, yes ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC);
}

Ref get_inheritable(Thread& thread, const Value* args) {
  int32_t fd;
  if (!to_int32(thread, args[0], fd)) return {};
  int flags = ::fcntl(fd, F_GETFD);
  return flags < 0 ? fail(thread) : share(Value::from_bool((flags & FD_CLOEXEC) == 0));
}

Ref get_priority(Thread& thread, const Value* args) {
  int32_t which, who;
  if (!to_int32(thread, args[0], which) || !to_int32(thread, args[1], who)) return {};
  errno = 0; // -1 is an answer too
  int priority = ::getpriority(static_cast<__priority_which>(which), static_cast<id_t>(who));
  return errno ? fail(thread) : make_int(priority);
}

template <auto owner_call> Ref change_path_owner(Thread& thread, const Value* args) {
  std::string path;
  int32_t user, group;
  if (!fs_encode(thread, args[0], path) || !to_int32(thread, args[1], user) ||
      !to_int32(thread, args[2], group))
    return {};
  int status = owner_call(path.c_str(), static_cast<uid_t>(user), static_cast<gid_t>(group));
  return status < 0 ? fail(thread, args[0]) : share(None);
}

Ref login_name(Thread& thread, const Value*) {
  char name[256];
  if (int error = ::getlogin_r(name, sizeof name)) return raise_os_error(thread, error);
  return fs_decode(name);
}

Ref terminal_name(Thread& thread, const Value* args) {
  int32_t fd;
  char name[256];
  if (!to_int32(thread, args[0], fd)) return {};
  if (int error = ::ttyname_r(fd, name, sizeof name)) return raise_os_error(thread, error);
  return fs_decode(name);
}

Ref controlling_terminal(Thread&, const Value*) {
  char name[L_ctermid];
  return fs_decode(::ctermid(name));
}

// --- device numbers ---

template <auto part> Ref device_part(Thread& thread, const Value* args) {
  int64_t device;
  return to_int64(thread, args[0], device) ? make_int(part(static_cast<dev_t>(device))) : Ref();
}
unsigned major_of(dev_t device) { return gnu_dev_major(device); }
unsigned minor_of(dev_t device) { return gnu_dev_minor(device); }
Ref make_device(Thread& thread, const Value* args) {
  int32_t major, minor;
  if (!to_int32(thread, args[0], major) || !to_int32(thread, args[1], minor)) return {};
  return make_int_unsigned(gnu_dev_makedev(static_cast<unsigned>(major), static_cast<unsigned>(minor)));
}

// --- what waiting for a child tells ---

template <auto test> Ref status_test(Thread& thread, const Value* args) {
  int32_t status;
  return to_int32(thread, args[0], status) ? share(Value::from_bool(test(status))) : Ref();
}
bool core_dumped(int status) { return WCOREDUMP(status); }
bool was_continued(int status) { return WIFCONTINUED(status); }
bool was_stopped(int status) { return WIFSTOPPED(status); }
int stop_signal(int status) { return WSTOPSIG(status); }

const NativeDef functions[] = {
    {"getpgid", "pid", number<get_process_group>, "Return the process group of a process."},
    {"getpgrp", "", number<get_own_group>, "Return the current process group id."},
    {"setpgid", "pid, pgrp, /", action<set_process_group>, "Put a process into a process group."},
    {"setpgrp", "", action<set_own_group>, "Make the current process the leader of its process group."},
    {"getsid", "pid, /", number<get_session>, "Return the session of a process."},
    {"setsid", "", action<new_session>, "Begin a new session."},
    {"killpg", "pgid, signal, /", action<kill_group>, "Kill a process group with a signal."},
    {"setuid", "uid, /", action<set_user>, "Set the current process's user id."},
    {"setgid", "gid, /", action<set_group>, "Set the current process's group id."},
    {"getpriority", "which, who", get_priority, "Return program scheduling priority."},
    {"fchdir", "fd", action<change_folder>, "Change to the directory of a file descriptor."},
    {"fchmod", "fd, mode", action<change_mode>, "Change the access permissions of an open file."},
    {"fchown", "fd, uid, gid", action<change_owner>, "Change the owner and group of an open file."},
    {"lchown", "path, uid, gid", change_path_owner<::lchown>,
     "Change the owner and group of a path, not following a symbolic link."},
    {"fdatasync", "fd", action<sync_data>, "Force write of a descriptor's data to disk."},
    {"sync", "", action<sync_all>, "Force write of everything to disk."},
    {"get_inheritable", "fd, /", get_inheritable, "Whether child processes inherit a descriptor."},
    {"set_inheritable", "fd, inheritable, /", action<make_inheritable>,
     "Set whether child processes inherit a descriptor."},
    {"getlogin", "", login_name, "Return the name of the user at the controlling terminal."},
    {"ttyname", "fd, /", terminal_name, "Return the name of the terminal of a descriptor."},
    {"ctermid", "", controlling_terminal, "Return the name of the controlling terminal."},
    {"tcgetpgrp", "fd, /", number<terminal_group>, "Return the process group of a terminal."},
    {"major", "device, /", device_part<major_of>, "Extracts a device major number from a raw device number."},
    {"minor", "device, /", device_part<minor_of>, "Extracts a device minor number from a raw device number."},
    {"makedev", "major, minor, /", make_device, "Composes a raw device number from its parts."},
    {"WCOREDUMP", "status, /", status_test<core_dumped>, "Whether a child dumped core."},
    {"WIFCONTINUED", "status", status_test<was_continued>, "Whether a child was continued."},
    {"WIFSTOPPED", "status", status_test<was_stopped>, "Whether a child was stopped."},
    {"WSTOPSIG", "status", number<stop_signal>, "The signal that stopped a child."},
    {},
};

bool init_module(Thread&, Module* module) {
  struct Constant {
    const char* name;
    int64_t value;
  };
  static const Constant constants[] = {
      {"EX_USAGE", EX_USAGE},         {"EX_DATAERR", EX_DATAERR}, {"EX_NOINPUT", EX_NOINPUT},
      {"EX_NOUSER", EX_NOUSER},       {"EX_NOHOST", EX_NOHOST},   {"EX_UNAVAILABLE", EX_UNAVAILABLE},
      {"EX_SOFTWARE", EX_SOFTWARE},   {"EX_OSERR", EX_OSERR},     {"EX_OSFILE", EX_OSFILE},
      {"EX_CANTCREAT", EX_CANTCREAT}, {"EX_IOERR", EX_IOERR},     {"EX_TEMPFAIL", EX_TEMPFAIL},
      {"EX_PROTOCOL", EX_PROTOCOL},   {"EX_NOPERM", EX_NOPERM},   {"EX_CONFIG", EX_CONFIG},
      {"O_ACCMODE", O_ACCMODE},       {"O_ASYNC", O_ASYNC},       {"O_DIRECT", O_DIRECT},
      {"O_DSYNC", O_DSYNC},           {"O_NDELAY", O_NDELAY},     {"O_NOATIME", O_NOATIME},
      {"O_NOCTTY", O_NOCTTY},         {"O_PATH", O_PATH},         {"O_RSYNC", O_RSYNC},
      {"O_TMPFILE", O_TMPFILE},       {"WUNTRACED", WUNTRACED},   {"WCONTINUED", WCONTINUED},
      {"WEXITED", WEXITED},           {"WSTOPPED", WSTOPPED},     {"WNOWAIT", WNOWAIT},
      {"PRIO_PROCESS", PRIO_PROCESS}, {"PRIO_PGRP", PRIO_PGRP},   {"PRIO_USER", PRIO_USER},
      {"ST_RDONLY", ST_RDONLY},       {"ST_NOSUID", ST_NOSUID},
  };
  for (const Constant& constant : constants) module_set(module, constant.name, make_int(constant.value));
  return true;
}

} // namespace

extern const ModuleSpec process_calls_module = {"_process", functions, init_module,
                                                "Access to processes, owners and terminals."};

} // namespace aspy
