#include "scripts/bench/runner/measure.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <sstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

// The file's text, read from its start; programs print a line or two.
std::string text_of(FILE* file) {
  std::string text;
  char buffer[4096];
  std::rewind(file);
  while (size_t count = std::fread(buffer, 1, sizeof buffer, file)) text.append(buffer, count);
  return text;
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// In the child: it still shares our memory (see vfork below), so nothing is allocated or changed here.
[[noreturn]] void become(char* const* words, int out, int err, unsigned most_cpu_seconds) {
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(out, 1);
  dup2(err, 2);
  rlimit limit{most_cpu_seconds, most_cpu_seconds};
  setrlimit(RLIMIT_CPU, &limit);
  execv(words[0], words);
  _exit(127);
}

} // namespace

Measurement measure(const std::vector<std::string>& command, unsigned most_cpu_seconds) {
  // Output goes to files, not pipes: nothing here has to run while the child does.
  FILE *out = std::tmpfile(), *err = std::tmpfile();
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  auto start = std::chrono::steady_clock::now();
  // vfork: a forked child's peak memory would begin with what this process has
  pid_t child = vfork();
  if (child == 0) become(words.data(), fileno(out), fileno(err), most_cpu_seconds);
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);

  auto seconds = [](const timeval& time) { return double(time.tv_sec) + double(time.tv_usec) / 1e6; };
  Measurement result;
  result.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  result.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.peak_bytes = double(usage.ru_maxrss) * 1024;
  result.output = text_of(out);
  if (WIFSIGNALED(status)) result.error = fmt::format("ended by signal {}", WTERMSIG(status));
  else if (WEXITSTATUS(status) != 0)
    result.error = fmt::format("exit {}: {}", WEXITSTATUS(status), last_line(text_of(err)));
  std::fclose(out);
  std::fclose(err);
  return result;
}

std::string find_program(const std::string& name) {
  if (name.find('/') != name.npos) return access(name.c_str(), X_OK) == 0 ? name : "";
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string file = folder + "/" + name;
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return "";
}

} // namespace bench
