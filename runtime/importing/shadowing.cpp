#include "runtime/importing/shadowing.hpp"

#include "runtime/importing/registry.hpp"
#include "runtime/process/sys_state.hpp"

#include <algorithm>
#include <climits>
#include <string>
#include <unistd.h>

namespace aspy {

Shadowing shadowing_of(std::string_view module_name, std::string_view file) {
  auto cut = [&] {
    size_t slash = file.rfind('/');
    std::string_view last = slash == file.npos ? file : file.substr(slash + 1);
    file = slash == file.npos ? std::string_view() : file.substr(0, slash);
    return last;
  };
  if (file.empty() || sys_state.path.empty()) return Shadowing::Nothing;
  if (cut().starts_with("__init__.")) cut(); // a package stands for its folder
  std::string searched = sys_state.path.front();
  if (searched.empty()) {
    char folder[PATH_MAX];
    if (!getcwd(folder, sizeof folder)) return Shadowing::Nothing;
    searched = folder;
  }
  if (file != searched) return Shadowing::Nothing;
  std::vector<std::string_view> names = library_module_names();
  return std::binary_search(names.begin(), names.end(), module_name) ? Shadowing::Library
                                                                     : Shadowing::Something;
}

} // namespace aspy
