#include "runtime/shell/disassemble.hpp"

#include "runtime/session.hpp"
#include "runtime/shell/source_file.hpp"
#include "vm/bytecode/analysis/disassembler.hpp"
#include "vm/compiler/compiler.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace aspy::shell {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

// The number that a listing's line begins with: the source line, where it changes. 0: none.
size_t source_line_number(std::string_view line) {
  size_t first = line.find_first_not_of(' ');
  if (first == line.npos || first > 5 || line[first] < '0' || line[first] > '9') return 0;
  return std::strtoul(line.data() + first, nullptr, 10);
}

} // namespace

int disassemble_script(const std::string& file) {
  SourceFile source = read_source_file(file);
  if (!source.problem.empty()) {
    std::fprintf(stderr, "aspy: %s\n", source.problem.c_str());
    return source.exit_code;
  }
  SessionOptions options;
  options.argv = {file};
  options.search_folder = source.folder;
  Session session(options);
  {
    Own<Code> code = compile(session.thread(), source.text, source.path, {});
    if (!code) return session.finish(session.report_pending());
    std::string listing = disassemble(session.thread(), code.get());
    std::vector<std::string_view> source_lines = lines_of(source.text);
    for (std::string_view line : lines_of(listing)) {
      size_t number = source_line_number(line);
      if (number && number <= source_lines.size())
        std::printf("%6s| %.*s\n", "", int(source_lines[number - 1].size()), source_lines[number - 1].data());
      std::printf("%.*s\n", int(line.size()), line.data());
    }
  }
  return session.finish(0);
}

} // namespace aspy::shell
