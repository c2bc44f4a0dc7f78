// Session: one interpreter from start to end, with a __main__ module to run code in. The shell's side of the
// VM.
#pragma once

#include "vm/object/object.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace aspy {

struct Dict;
struct Thread;

struct SessionOptions {
  std::vector<std::string> argv; // sys.argv
  std::string executable;        // sys.executable
  std::string search_folder;     // sys.path[0]: the script's folder, "" for the current one
  bool virtual_time = false;
  bool interactive = false;
  bool unbuffered = false;                         // -u: stdout is written through
  bool dev_mode = false;                           // -X dev
  bool ignore_environment = false;                 // -E
  std::vector<std::string> warning_options;        // sys.warnoptions
  std::vector<std::string> implementation_options; // -X: sys._xoptions
};

// What running a piece of code came to.
struct RunResult {
  bool exits = false; // the program is to end: SystemExit, or (for a script) any end at all
  int exit_code = 0;
  bool interrupted = false; // by a KeyboardInterrupt that nothing caught
};

class Session {
public:
  // Starts the interpreter; one at a time in a process, from the main thread.
  explicit Session(const SessionOptions& options);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session(); // frees what finish() left

  Thread& thread() { return *thread_; }

  // Runs a whole program as __main__, reporting an uncaught exception on stderr. `filename` is what
  // tracebacks show; `file` becomes __file__ unless it is empty.
  RunResult run_program(std::string_view source, const std::string& filename, const std::string& file);

  // Reports the pending exception as that of a program; returns the exit code that goes with it.
  int report_pending() { return end_of_code({}).exit_code; }

  // --- the prompt ---
  enum class Entry { Done, Incomplete, Exit };
  // Runs what was typed: prints the values of expression statements, reports an exception. Incomplete: more
  // lines are needed (nothing was run). Exit: SystemExit; `exit_code` is set. `filename` names this entry in
  // tracebacks.
  Entry run_entry(std::string_view source, const std::string& filename, int& exit_code);
  // Lets what earlier entries have started go on for a moment. False: there is nothing.
  bool run_tasks();
  // sys.ps1, or sys.ps2 behind the first line of an entry.
  std::string prompt(bool first_line);

  // Ends the program: waits for threads, runs what was registered for the exit, drops the modules, flushes.
  // Returns the exit code, which a failing flush of stdout changes.
  int finish(int exit_code);

private:
  void drop_library(bool& written);
  RunResult end_of_code(Ref result);
  void report_error();

  Thread* thread_ = nullptr;
  Ref main_; // the module __main__
  Dict* globals_ = nullptr;
  Ref console_; // the library's half of the prompt, once there has been an entry
  bool finished_ = false;
};

} // namespace aspy
