#include "runtime/importing/registry.hpp"

#include <algorithm>
#include <string>

namespace aspy {

static const ModuleSpec* const native_modules[] = {
#define ASPY_MODULE(id) &id##_module,
#include "runtime/importing/registry.def"
#undef ASPY_MODULE
};

const ModuleSpec* find_native_module(std::string_view name) {
  for (const ModuleSpec* spec : native_modules)
    if (name == spec->name) return spec;
  return nullptr;
}

const FrozenModule* find_frozen_module(std::string_view name) {
  const FrozenModule* end = frozen_modules + frozen_module_count;
  const FrozenModule* found =
      std::lower_bound(frozen_modules, end, name, [](const FrozenModule& module, std::string_view wanted) {
        return module.name < wanted;
      });
  return found != end && found->name == name ? found : nullptr;
}

std::vector<std::string_view> library_module_names() {
  std::vector<std::string_view> names;
  for (const ModuleSpec* spec : native_modules) names.push_back(spec->name);
  for (size_t i = 0; i < frozen_module_count; ++i)
    names.push_back(frozen_modules[i].name.substr(0, frozen_modules[i].name.find('.')));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

} // namespace aspy
