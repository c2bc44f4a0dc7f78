// The command line, taken apart: what to do, and with which words. Nothing here runs or prints anything.
#pragma once

#include "runtime/session.hpp"
#include "runtime/shell/golden/golden.hpp"

#include <span>
#include <string>

namespace aspy::shell {

enum class Action {
  RunFile,     // aspy FILE [ARGS]
  RunCode,     // aspy -c CODE [ARGS]
  RunInput,    // aspy - [ARGS], or no words and stdin is no terminal
  Repl,        // no words at a terminal
  Disassemble, // aspy dis FILE
  Golden,      // aspy golden DIR
  ShowText,    // --help, --version, or a mistake: print `text` and exit with `exit_code`
};

struct CommandLine {
  Action action = Action::Repl;
  std::string target;         // the file, the code, or the script to disassemble
  std::span<char*> arguments; // sys.argv[1:]: all that follows FILE, CODE or "-", untouched
  SessionOptions session;     // what the options say; its argv, executable and folder are left for the caller
  bool named_input = false;   // RunInput was asked for with "-"
  bool interactive = false;   // -i: prompts even if stdin is no terminal; after FILE or CODE, a REPL
  bool quiet = false;         // -q: no banner
  GoldenOptions golden;       // for Action::Golden (its `aspy` is left for the caller)
  std::string text;           // for Action::ShowText
  int exit_code = 0;
};

// As CPython reads its own: options end at the first word that is none, and all that follows it belongs to
// the script. `stdin_is_terminal` decides what no words at all mean. Also reads the environment variables
// that stand for options, unless an option forbids it.
CommandLine parse_command_line(std::span<char*> words, bool stdin_is_terminal);

} // namespace aspy::shell
