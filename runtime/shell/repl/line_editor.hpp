// Reads lines for the prompt: with editing and a history file at a terminal, plainly elsewhere.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace aspy::shell {

enum class LineOutcome {
  Line,        // a line was read
  End,         // no more input: Ctrl-D on an empty line, or the end of a file
  Interrupted, // Ctrl-C: what was typed is dropped
};

class LineEditor {
public:
  // `while_waiting` is called over and over while nobody types, and says for how many milliseconds at most to
  // wait for a key before the next call (-1: as long as it takes). `interrupted` tells, and forgets, whether
  // a SIGINT came.
  LineEditor(std::function<int()> while_waiting, std::function<bool()> interrupted);
  ~LineEditor();

  // Reads one line into `line`, without its newline. Elsewhere than at a terminal the prompt goes to stderr.
  LineOutcome read(const std::string& prompt, std::string& line);

  // Adds to the history what was entered as one piece (several lines, perhaps).
  void remember(const std::string& entry);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace aspy::shell
