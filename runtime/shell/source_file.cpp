#include "runtime/shell/source_file.hpp"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aspy::shell {
namespace {

// The name under the current folder, put together as it is: "./x" stays visible in tracebacks.
std::string absolute(const std::string& name) {
  char here[PATH_MAX];
  if (name.starts_with('/') || !getcwd(here, sizeof here)) return name;
  return name.empty() ? std::string(here) : fmt::format("{}/{}", here, name);
}

std::string real_folder(const std::string& path) {
  char real[PATH_MAX];
  std::string folder = realpath(path.c_str(), real) ? real : path;
  size_t slash = folder.rfind('/');
  return slash == folder.npos ? "" : folder.substr(0, slash ? slash : 1);
}

// Reads to the end; false with errno set.
bool read_all(int file, std::string& text) {
  struct stat info;
  size_t used = 0, step = 64 * 1024;
  if (fstat(file, &info) == 0 && info.st_size > 0) step = static_cast<size_t>(info.st_size) + 1;
  for (;;) {
    text.resize(used + step);
    ssize_t count = read(file, text.data() + used, step);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      text.resize(used);
      return count == 0;
    }
    used += static_cast<size_t>(count);
  }
}

} // namespace

SourceFile read_source_file(const std::string& name) {
  SourceFile source;
  source.path = absolute(name);
  int file = open(source.path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (file >= 0 && fstat(file, &info) == 0 && S_ISDIR(info.st_mode)) {
    source.problem = fmt::format("can't find '__main__' module in '{}'", source.path);
    source.exit_code = 1;
  } else if (file < 0 || !read_all(file, source.text)) {
    source.problem =
        fmt::format("can't open file '{}': [Errno {}] {}", source.path, errno, std::strerror(errno));
    source.exit_code = 2;
  } else {
    source.folder = real_folder(source.path);
  }
  if (file >= 0) close(file);
  return source;
}

std::string read_standard_input() {
  std::string text;
  read_all(STDIN_FILENO, text);
  return text;
}

} // namespace aspy::shell
