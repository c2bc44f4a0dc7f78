// Runs child processes for the golden runner: several at a time, each with its output captured and a time
// limit.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace aspy::shell {

struct ChildCommand {
  std::vector<std::string> arguments; // arguments[0] is the program
  std::string directory;              // where it runs
  std::string input;                  // path of the file it reads as standard input
  uint64_t time_limit = 60'000;       // milliseconds; then it is killed
};

struct ChildResult {
  std::string out, err;
  int exit_code = 0; // as a shell reports it: 128 + N for a child that signal N ended
  int signal = 0;    // the signal that ended it, or 0
  bool timed_out = false;
  std::string failure; // why it could not be started at all, or ""
  double seconds = 0;
};

// A libuv loop of its own (the runner is no part of any script's loop) and the children on it.
class ChildPool {
public:
  explicit ChildPool(unsigned most_at_once);
  ~ChildPool();

  // Queues a command. `done` is called, from run(), when the child has ended and its output is complete.
  void add(ChildCommand command, std::function<void(const ChildResult&)> done);
  // Runs everything that was added; returns when all have ended.
  void run();

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace aspy::shell
