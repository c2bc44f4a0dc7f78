// One golden: a script with the files beside it that say what running it must show.
//
//   NAME.aspy or NAME.py   the script
//   NAME.out               what it prints (its presence makes the script a golden)
//   NAME.err               what it writes to stderr; without the file: nothing
//   NAME.exit              its exit code; without the file: 0
//   NAME.in                its standard input; without the file: empty
//   NAME.args              its arguments, one a line
//
// Comments among the script's first lines steer the run:
//
//   # golden: real-time    on the real clock, not the virtual one
//   # golden: mask REGEX   whatever matches is compared as "#" (times, ports, process ids)
//
// It runs in its own folder under its bare file name. That folder's path and the addresses in reprs
// ("at 0x7f..."), which differ from run to run, are left out of the comparison.
#pragma once

#include "runtime/shell/golden/child.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace aspy::shell {

struct GoldenCase {
  std::filesystem::path script; // absolute
  std::string name;             // as reports show it: the path below the folder that was searched
  bool real_time = false;
  std::vector<std::string> masks;

  std::filesystem::path beside(std::string_view extension) const; // NAME + extension
  ChildCommand command(const std::string& aspy, uint64_t time_limit) const;
};

// What a run showed, or was expected to show, in comparable form.
struct GoldenResult {
  std::string out, err;
  int exit_code = 0;
  bool operator==(const GoldenResult&) const = default;
};

// The goldens below `where` (a folder, or one script, which then needs no NAME.out yet) whose name contains
// `keyword`, by name. Throws std::runtime_error when there is no such file or folder.
std::vector<GoldenCase> find_goldens(const std::filesystem::path& where, std::string_view keyword);

// What the files beside the script say, and what a run has shown, with the masks and the folder's path
// applied.
GoldenResult expected_result(const GoldenCase& golden);
GoldenResult comparable(const GoldenCase& golden, const ChildResult& result);

// Makes `result` the expectation; returns the files that were written, changed or removed.
std::vector<std::filesystem::path> write_expectation(const GoldenCase& golden, const GoldenResult& result);

} // namespace aspy::shell
