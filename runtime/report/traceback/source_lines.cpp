#include "runtime/report/traceback/source_lines.hpp"

#include "vm/bytecode/code.hpp"
#include "vm/object/object.hpp"

#include <cstdio>
#include <memory>
#include <sys/stat.h>
#include <unordered_map>
#include <vector>

namespace aspy {
namespace {

using Lines = std::vector<std::string>;

Lines split_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

// Files as they were when last looked at; read again when they have changed.
struct CachedFile {
  Lines lines;
  int64_t changed = 0, size = -1;
};
std::unordered_map<std::string, CachedFile>& files() {
  static auto* all = new std::unordered_map<std::string, CachedFile>();
  return *all;
}
// By code object: each is kept alive, so that no address is used twice.
std::unordered_map<const Code*, std::shared_ptr<Lines>>& remembered() {
  static auto* all = new std::unordered_map<const Code*, std::shared_ptr<Lines>>();
  return *all;
}

const Lines* file_lines(std::string_view filename) {
  std::string name(filename);
  struct stat info;
  if (::stat(name.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return nullptr;
  CachedFile& cached = files()[name];
  int64_t changed = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  if (cached.size == info.st_size && cached.changed == changed) return &cached.lines;
  std::FILE* file = std::fopen(name.c_str(), "rb");
  if (!file) return nullptr;
  std::string text;
  char block[65536];
  while (size_t count = std::fread(block, 1, sizeof block, file)) text.append(block, count);
  std::fclose(file);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  cached = {split_lines(text), changed, info.st_size};
  return &cached.lines;
}

void remember(Code* code, const std::shared_ptr<Lines>& lines) {
  if (!remembered().emplace(code, lines).second) return;
  incref(code);
  for (Value constant : code->constants)
    if (is_exact(constant, code_type)) remember(cast<Code>(constant), lines);
}

} // namespace

void remember_source(Code* code, std::string_view text) {
  remember(code, std::make_shared<Lines>(split_lines(text)));
}

void forget_sources() {
  auto all = std::move(remembered());
  remembered().clear();
  for (auto& [code, lines] : all) decref(const_cast<Code*>(code));
  files().clear();
}

bool source_line(const Code* code, std::string_view filename, uint32_t line, std::string& out) {
  const Lines* lines = nullptr;
  if (auto found = remembered().find(code); code && found != remembered().end()) lines = found->second.get();
  else if (!filename.starts_with('<') || !filename.ends_with('>')) lines = file_lines(filename);
  if (!lines || line == 0 || line > lines->size()) return false;
  out = (*lines)[line - 1];
  return true;
}

} // namespace aspy
