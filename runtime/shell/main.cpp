// The aspy program: reads its command line and does what it says.
#include "runtime/shell/cli.hpp"
#include "runtime/shell/golden.hpp"

#include <cstdio>
#include <filesystem>
#include <unistd.h>

using namespace aspy::shell;

int main(int argc, char** argv) {
  CommandLine line = parse_command_line({argv + 1, argv + argc}, isatty(STDIN_FILENO));
  switch (line.action) {
  case Action::ShowText:
    std::fputs(line.text.c_str(), line.exit_code ? stderr : stdout);
    return line.exit_code;
  case Action::Golden:
    line.golden.aspy = std::filesystem::read_symlink("/proc/self/exe");
    return run_goldens(line.golden);
  default: std::fputs("aspy: this build cannot run scripts yet\n", stderr); return 1;
  }
}
