// What the sys module needs to know of the process; filled in by the session before the module is made.
#pragma once

#include <string>
#include <vector>

namespace aspy {

struct SysState {
  std::vector<std::string> argv;
  std::vector<std::string> path;
  std::string executable;
  std::vector<std::string> warning_options;
  bool interactive = false;
  bool finalizing = false; // sys.is_finalizing()
};
extern SysState sys_state;

} // namespace aspy
