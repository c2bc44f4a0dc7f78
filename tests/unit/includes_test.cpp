// The order of the house: a floor includes only floors below it, and the folders of headers form no circle,
// so that each can be read without those that stand on it. (Sources may use their neighbours: types know each
// other.)
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> floors{"lexer", "parser", "vm", "runtime"}; // the lowest first

struct Include {
  std::string from, to; // paths from the root
};

std::vector<Include> read_includes() {
  std::vector<Include> includes;
  const fs::path root = ASPY_SOURCE_DIR;
  for (const std::string& floor : floors)
    for (const auto& entry : fs::recursive_directory_iterator(root / floor)) {
      std::string extension = entry.path().extension().string();
      if (extension != ".hpp" && extension != ".cpp" && extension != ".def") continue;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        constexpr std::string_view start = "#include \"";
        if (!line.starts_with(start)) continue;
        std::string to = line.substr(start.size(), line.rfind('"') - start.size());
        if (fs::exists(root / to)) includes.push_back({entry.path().lexically_relative(root).string(), to});
      }
    }
  return includes;
}

std::string folder_of(const std::string& path) { return fs::path(path).parent_path().string(); }

size_t floor_of(const std::string& path) {
  auto at = std::find(floors.begin(), floors.end(), path.substr(0, path.find('/')));
  return static_cast<size_t>(at - floors.begin());
}

// A way from `start` back to it, or empty.
std::string circle(const std::map<std::string, std::set<std::string>>& arrows, const std::string& start) {
  std::map<std::string, std::string> reached_from;
  std::vector<std::string> open{start};
  while (!open.empty()) {
    std::string here = open.back();
    open.pop_back();
    auto found = arrows.find(here);
    if (found == arrows.end()) continue;
    for (const std::string& next : found->second) {
      if (next == start) {
        std::string way = start;
        for (; here != start; here = reached_from[here]) way = here + " -> " + way;
        return start + " -> " + way;
      }
      if (reached_from.emplace(next, here).second) open.push_back(next);
    }
  }
  return {};
}

} // namespace

TEST_CASE("includes: a floor uses only those below it") {
  std::vector<Include> includes = read_includes();
  CHECK(includes.size() > 1000);
  for (const Include& include : includes) {
    INFO(include.from << " includes " << include.to);
    CHECK(floor_of(include.to) <= floor_of(include.from));
  }
}

TEST_CASE("includes: the folders of headers form no circle") {
  std::map<std::string, std::set<std::string>> arrows;
  for (const Include& include : read_includes()) {
    std::string from = folder_of(include.from), to = folder_of(include.to);
    if (include.from.ends_with(".hpp") && from != to) arrows[from].insert(to);
  }
  for (const auto& [folder, targets] : arrows) CHECK(circle(arrows, folder) == "");
}
