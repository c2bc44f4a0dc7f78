// The script that a command line names, read; or what to say about it.
#pragma once

#include <string>

namespace aspy::shell {

struct SourceFile {
  std::string path;   // absolute, as __file__ and tracebacks show it
  std::string folder; // where its imports are looked for first: that of the real file behind links
  std::string text;
  std::string
      problem;       // "can't open file '/...': [Errno 2] No such file or directory", or "" when it was read
  int exit_code = 0; // that goes with the problem
};

// `name` as the command line has it.
SourceFile read_source_file(const std::string& name);

// All that standard input holds.
std::string read_standard_input();

} // namespace aspy::shell
