#include "runtime/shell/golden/golden_case.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace aspy::shell {
namespace fs = std::filesystem;
namespace {

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

bool is_script(const fs::path& path) { return path.extension() == ".aspy" || path.extension() == ".py"; }

// A mask that is no regular expression is found out before anything is run.
void add_mask(GoldenCase& golden, std::string_view mask) {
  golden.masks.emplace_back(mask);
  try {
    std::regex{golden.masks.back()};
  } catch (const std::regex_error& error) {
    throw std::runtime_error(golden.name + ": mask " + golden.masks.back() + ": " + error.what());
  }
}

// Reads the "# golden:" comments; they stand in the block of comments at the top.
void read_directives(GoldenCase& golden) {
  constexpr std::string_view mark = "# golden: ", mask = "mask ";
  std::ifstream file(golden.script);
  for (std::string line; std::getline(file, line) && line.starts_with('#');) {
    if (!line.starts_with(mark)) continue;
    std::string_view directive = std::string_view(line).substr(mark.size());
    if (directive == "real-time") golden.real_time = true;
    else if (directive.starts_with(mask)) add_mask(golden, directive.substr(mask.size()));
    else throw std::runtime_error(golden.name + ": unknown directive: " + line);
  }
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = 0; (at = text.find(what, at)) != text.npos; at += with.size())
    text.replace(at, what.size(), with);
}

// "at 0x7f31c0a2b4d0" and "id=0x..." -> "at 0x...": only where a repr shows an address, so that a script
// may print hexadecimal numbers and have them compared.
void hide_addresses(std::string& text) {
  for (std::string_view before : {"at 0x", "id=0x"}) {
    for (size_t at = 0; (at = text.find(before, at)) != text.npos;) {
      at += before.size();
      size_t end = at;
      while (end < text.size() && std::isxdigit(static_cast<unsigned char>(text[end]))) ++end;
      if (end > at) text.replace(at, end - at, "...");
    }
  }
}

std::string comparable_text(const GoldenCase& golden, std::string text) {
  replace_all(text, golden.script.parent_path().string() + "/", "");
  replace_all(text, "<DIR>/", "");
  hide_addresses(text);
  for (const std::string& mask : golden.masks) text = std::regex_replace(text, std::regex(mask), "#");
  return text;
}

} // namespace

fs::path GoldenCase::beside(std::string_view extension) const {
  return fs::path(script).replace_extension(extension);
}

ChildCommand GoldenCase::command(const std::string& aspy, uint64_t time_limit) const {
  ChildCommand command;
  command.arguments = {aspy};
  command.arguments.push_back("-E"); // the same for everyone
  if (!real_time) command.arguments.push_back("--virtual-time");
  command.arguments.push_back(script.filename());
  std::ifstream file(beside(".args"));
  for (std::string line; std::getline(file, line);) command.arguments.push_back(line);
  command.directory = script.parent_path();
  fs::path input = beside(".in");
  command.input = fs::exists(input) ? input.string() : "/dev/null";
  command.time_limit = time_limit;
  return command;
}

std::vector<GoldenCase> find_goldens(const fs::path& where, std::string_view keyword) {
  std::vector<GoldenCase> found;
  auto add = [&](const fs::path& script, std::string name) {
    if (name.find(keyword) == name.npos) return;
    GoldenCase golden{fs::canonical(script), std::move(name), false, {}};
    read_directives(golden);
    found.push_back(std::move(golden));
  };
  if (fs::is_directory(where)) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(where)) {
      if (!is_script(entry.path()) || !fs::exists(fs::path(entry.path()).replace_extension(".out"))) continue;
      add(entry.path(), fs::relative(entry.path(), where).string());
    }
  } else if (fs::is_regular_file(where)) {
    add(where, where.filename().string());
  } else {
    throw std::runtime_error("no such file or folder: " + where.string());
  }
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.name < b.name; });
  return found;
}

GoldenResult expected_result(const GoldenCase& golden) {
  GoldenResult expected;
  expected.out = comparable_text(golden, read_text(golden.beside(".out")));
  expected.err = comparable_text(golden, read_text(golden.beside(".err")));
  std::istringstream(read_text(golden.beside(".exit"))) >> expected.exit_code;
  return expected;
}

GoldenResult comparable(const GoldenCase& golden, const ChildResult& result) {
  return {comparable_text(golden, result.out), comparable_text(golden, result.err), result.exit_code};
}

std::vector<fs::path> write_expectation(const GoldenCase& golden, const GoldenResult& result) {
  std::vector<fs::path> changed;
  // What a missing file stands for is not written: a script that succeeds silently has an .out only.
  auto write = [&](std::string_view extension, const std::string& text, bool needed) {
    fs::path path = golden.beside(extension);
    if (!needed) {
      if (fs::remove(path)) changed.push_back(path);
    } else if (!fs::exists(path) || read_text(path) != text) {
      std::ofstream(path, std::ios::binary) << text;
      changed.push_back(path);
    }
  };
  write(".out", result.out, true);
  write(".err", result.err, !result.err.empty());
  write(".exit", std::to_string(result.exit_code) + "\n", result.exit_code != 0);
  return changed;
}

} // namespace aspy::shell
