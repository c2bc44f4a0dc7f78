// A tool of the build: turns the Unicode Character Database, as the system's package unicode-data has it,
// into the table that unicode_names.cpp searches. Usage: aspy_name_table OUTPUT UnicodeData.txt
// NameAliases.txt
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream rest(line);
  for (std::string field; std::getline(rest, field, ';');) fields.push_back(field);
  return fields;
}

std::string without_zeros(const std::string& code) {
  return code.substr(std::min(code.find_first_not_of('0'), code.size() - 1));
}

// Names that follow from the code, which unicode_names.cpp makes up itself.
bool is_derived(const std::string& name) {
  for (const char* prefix : {"<", "CJK COMPATIBILITY IDEOGRAPH-", "BRAILLE PATTERN "})
    if (name.starts_with(prefix)) return true;
  return false;
}

void write_literal(std::ostream& out, const char* name, std::istream& in) {
  out << "constexpr char " << name << "[] = R\"(";
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    auto fields = fields_of(line);
    if (fields.size() >= 2 && !is_derived(fields[1]))
      out << without_zeros(fields[0]) << ' ' << fields[1] << '\n';
  }
  out << ")\";\n";
}

} // namespace

int main(int count, char** args) {
  if (count != 4) return 2;
  std::ofstream out(args[1]);
  std::ifstream names(args[2]), aliases(args[3]);
  if (!out || !names || !aliases) {
    std::cerr << "aspy_name_table: cannot open one of its files\n";
    return 1;
  }
  write_literal(out, "name_text", names);
  write_literal(out, "alias_text", aliases);
  return out.flush() ? 0 : 1;
}
