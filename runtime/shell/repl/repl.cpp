#include "runtime/shell/repl/repl.hpp"

#include "runtime/session.hpp"
#include "runtime/shell/repl/line_editor.hpp"
#include "runtime/process/signals.hpp"

#include <cstdio>
#include <string>

namespace aspy::shell {
namespace {

constexpr const char* banner_text = "aspy " ASPY_VERSION " (Python 3.14 syntax)\n"
                                    "Use \"await\" directly instead of \"asyncio.run()\". "
                                    "Type \"exit\" or Ctrl-D to leave.\n"
                                    ">>> import asyncio\n";

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\f") == line.npos; }

} // namespace

int run_repl(Session& session, bool banner) {
  Thread& thread = session.thread();
  // While nobody types, tasks of earlier entries go on.
  LineEditor editor([&] { return session.run_tasks() ? 0 : -1; }, [&] { return take_interrupt(thread); });
  int exit_code = 0;
  if (banner) {
    std::fputs(banner_text, stderr);
    session.run_entry("import asyncio\n", "<stdin>", exit_code);
  }

  std::string entry, line; // what was typed so far, and the line just read
  for (;;) {
    LineOutcome outcome = editor.read(session.prompt(entry.empty()), line);
    if (outcome == LineOutcome::Interrupted) {
      std::fputs("KeyboardInterrupt\n", stderr);
      entry.clear();
      continue;
    }
    if (outcome == LineOutcome::End && entry.empty()) break;
    if (outcome == LineOutcome::Line) {
      if (entry.empty() && is_blank(line)) continue;
      // As everyone tries it: the bare words leave.
      if (entry.empty() && (line == "exit" || line == "quit")) break;
      entry += line + "\n";
    }

    // A block goes on until an empty line ends it; an unfinished bracket or string goes on by itself.
    // The end of the input ends it, too.
    std::string source = outcome == LineOutcome::End ? entry + "\n" : entry;
    Session::Entry result = session.run_entry(source, "<stdin>", exit_code);
    if (result == Session::Entry::Exit) return exit_code;
    if (result == Session::Entry::Incomplete && outcome == LineOutcome::Line) continue;
    while (!entry.empty() && entry.back() == '\n') entry.pop_back();
    editor.remember(entry);
    entry.clear();
    if (outcome == LineOutcome::End) break;
  }
  return 0;
}

} // namespace aspy::shell
