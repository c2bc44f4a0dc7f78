#include "runtime/modules/importing/registry.hpp"

#include <algorithm>
#include <string>

namespace aspy {

static const ModuleSpec* const native_modules[] = {
#define ASPY_MODULE(id) &id##_module,
#include "runtime/modules/importing/registry.def"
#undef ASPY_MODULE
};

const ModuleSpec* find_native_module(std::string_view name) {
  for (const ModuleSpec* spec : native_modules)
    if (name == spec->name) return spec;
  return nullptr;
}

// Embedded paths begin at runtime/: library modules lie in modules/, asyncio in a folder of its own.
static std::string_view module_path(const FrozenSource& source) {
  std::string_view path = source.name;
  if (path.starts_with("modules/")) path.remove_prefix(8);
  return path;
}

FrozenModule find_frozen_module(std::string_view name) {
  std::string path(name);
  std::replace(path.begin(), path.end(), '.', '/');
  std::string package = path + "/__init__";
  for (const FrozenSource* source = frozen_sources; source->name; ++source) {
    std::string_view at = module_path(*source);
    if (at == path) return {source, false};
    if (at == package) return {source, true};
  }
  return {};
}

std::vector<std::string_view> library_module_names() {
  std::vector<std::string_view> names;
  for (const ModuleSpec* spec : native_modules) names.push_back(spec->name);
  for (const FrozenSource* source = frozen_sources; source->name; ++source) {
    std::string_view path = module_path(*source);
    names.push_back(path.substr(0, path.find('/')));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

} // namespace aspy
