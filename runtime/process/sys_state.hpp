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
  std::vector<std::string> implementation_options; // -X: "dev", "name=value"
  bool interactive = false;
  bool unbuffered = false;
  bool dev_mode = false;
  bool ignore_environment = false;
  bool finalizing = false; // sys.is_finalizing()
};
extern SysState sys_state;

} // namespace aspy
