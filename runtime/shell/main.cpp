// The aspy program: reads its command line and does what it says.
#include "runtime/session.hpp"
#include "runtime/shell/cli.hpp"
#include "runtime/shell/disassemble.hpp"
#include "runtime/shell/golden/golden.hpp"
#include "runtime/shell/repl/repl.hpp"
#include "runtime/shell/source_file.hpp"
#include "runtime/process/signals.hpp"

#include <climits>
#include <cstdio>
#include <unistd.h>

using namespace aspy;
using namespace aspy::shell;

namespace {

std::string this_program() {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : "aspy";
}

// Ends the process. What the interpreter still holds is left to the kernel, which is quicker; in a build with
// sanitizers it returns, and the session frees it, so that a leak is found.
int leave(int exit_code) {
  std::fflush(nullptr);
#ifndef __SANITIZE_ADDRESS__
  _exit(exit_code);
#endif
  return exit_code;
}

// Runs a program, or the prompt, or one after the other, in a session of its own.
int run(const CommandLine& line) {
  SessionOptions options = line.session;
  SourceFile source;
  std::string first_argument;
  options.executable = this_program();
  options.interactive = line.interactive || line.action == Action::Repl;
  switch (line.action) {
  case Action::RunFile:
    source = read_source_file(line.target);
    if (!source.problem.empty()) {
      std::fprintf(stderr, "aspy: %s\n", source.problem.c_str());
      return source.exit_code;
    }
    options.search_folder = source.folder;
    first_argument = line.target;
    break;
  case Action::RunCode:
    source.text = line.target;
    first_argument = "-c";
    break;
  case Action::RunInput:
    source.text = read_standard_input();
    if (line.named_input) first_argument = "-";
    break;
  default: break;
  }
  options.argv.push_back(first_argument);
  options.argv.insert(options.argv.end(), line.arguments.begin(), line.arguments.end());

  Session session(options);
  RunResult end;
  switch (line.action) {
  case Action::RunFile: end = session.run_program(source.text, source.path, source.path); break;
  case Action::RunCode: end = session.run_program(source.text, "<string>", ""); break;
  case Action::RunInput: end = session.run_program(source.text, "<stdin>", "<stdin>"); break;
  default: break;
  }
  int exit_code = end.exit_code;
  if (options.interactive) {
    exit_code = run_repl(session, line.action == Action::Repl && !line.quiet);
    end.interrupted = false;
  }
  exit_code = session.finish(exit_code);
  if (end.interrupted) die_of_interrupt();
  return leave(exit_code);
}

} // namespace

int main(int argc, char** argv) {
  CommandLine line = parse_command_line({argv + 1, argv + argc}, isatty(STDIN_FILENO));
  switch (line.action) {
  case Action::ShowText:
    std::fputs(line.text.c_str(), line.exit_code ? stderr : stdout);
    return line.exit_code;
  case Action::Golden: line.golden.aspy = this_program(); return run_goldens(line.golden);
  case Action::Disassemble: return leave(disassemble_script(line.target));
  default: return run(line);
  }
}
