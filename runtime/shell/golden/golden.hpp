// `aspy golden`: runs scripts and compares what they print with what they are expected to print.
#pragma once

#include <string>
#include <vector>

namespace aspy::shell {

struct GoldenOptions {
  std::string aspy;                // the interpreter that runs the scripts: this very binary
  std::vector<std::string> places; // folders to search, or single scripts
  std::string keyword;             // only goldens whose name contains this
  unsigned jobs = 0;               // children at once; 0: one a core
  double time_limit = 60;          // seconds a script may take
  bool update = false;             // make what the scripts do now the expectation
};

// Reports to stdout and returns the exit code: 0 when all passed (or were updated), 1 when some failed or
// nothing was found.
int run_goldens(const GoldenOptions& options);

} // namespace aspy::shell
