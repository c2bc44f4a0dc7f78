// Runs one child process to its end and says what it cost.
#pragma once

#include <string>
#include <vector>

namespace bench {

struct Measurement {
  double cpu_seconds = 0; // user + system time of the child
  double wall_seconds = 0;
  double peak_bytes = 0; // the most memory it had resident
  std::string output;    // its stdout: the checksum
  std::string error;     // why it counts for nothing ("" when it exited with 0): its last words on stderr
};

// Standard input is empty. More than `most_cpu_seconds` and the kernel ends it.
Measurement measure(const std::vector<std::string>& command, unsigned most_cpu_seconds = 120);

// The path of a program that is installed, or "".
std::string find_program(const std::string& name);

} // namespace bench
