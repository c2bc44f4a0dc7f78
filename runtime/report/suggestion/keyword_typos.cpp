// "invalid syntax. Did you mean 'while'?": tries keywords in place of the names of a line until it reads
// well.
#include "parser/parser.hpp"
#include "runtime/report/suggestion/suggestions.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace aspy {
namespace {

const std::vector<std::string>& keywords() {
  static const std::vector<std::string> all = {
      "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
      "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
      "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
      "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};
  return all;
}

// How many characters two words share in matching blocks: the longest common part, then left and right of it.
size_t shared_characters(std::string_view a, std::string_view b) {
  size_t best = 0, at_a = 0, at_b = 0;
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b.size(); ++j) {
      size_t size = 0;
      while (i + size < a.size() && j + size < b.size() && a[i + size] == b[j + size]) ++size;
      if (size > best) {
        best = size;
        at_a = i;
        at_b = j;
      }
    }
  if (best == 0) return 0;
  return best + shared_characters(a.substr(0, at_a), b.substr(0, at_b)) +
         shared_characters(a.substr(at_a + best), b.substr(at_b + best));
}

// Up to three keywords like `word`: the closest by edits, then those that share half of their characters.
std::vector<std::string> candidates(const std::string& word) {
  std::vector<std::string> found;
  if (std::string closest = closest_name(word, keywords()); !closest.empty()) found.push_back(closest);
  std::vector<std::pair<double, std::string>> alike;
  for (const std::string& keyword : keywords()) {
    double ratio = 2.0 * static_cast<double>(shared_characters(keyword, word)) /
                   static_cast<double>(keyword.size() + word.size());
    if (ratio >= 0.5) alike.emplace_back(ratio, keyword);
  }
  std::sort(alike.rbegin(), alike.rend());
  for (size_t i = 0; i < alike.size() && i < 3; ++i) found.push_back(alike[i].second);
  if (found.size() > 3) found.resize(3);
  return found;
}

// Complete, or the beginning of something that could be.
bool reads_well(const std::string& line) {
  ParseResult alone = parse_text(line + "\n", Mode::Interactive);
  if (!alone.issue || alone.issue->incomplete) return true;
  // Clauses cannot stand without the statement they belong to.
  std::string_view front;
  if (line.starts_with("el")) front = "if 1:\n  pass\n";
  else if (line.starts_with("except") || line.starts_with("finally")) front = "try:\n  pass\n";
  else return false;
  ParseResult together = parse_text(std::string(front) + line + "\n  pass\n", Mode::Exec);
  return !together.issue;
}

struct Word {
  size_t start, end; // bytes
};

// The names in a line, strings and comments left out.
std::vector<Word> words_of(std::string_view line) {
  std::vector<Word> words;
  for (size_t i = 0; i < line.size();) {
    auto c = static_cast<unsigned char>(line[i]);
    if (c == '#') break;
    if (c == '\'' || c == '"') {
      size_t end = line.find(line[i], i + 1);
      if (end == line.npos) break;
      i = end + 1;
    } else if (std::isalpha(c) || c == '_' || c >= 128) {
      size_t start = i;
      while (i < line.size() && (std::isalnum(static_cast<unsigned char>(line[i])) || line[i] == '_' ||
                                 static_cast<unsigned char>(line[i]) >= 128))
        ++i;
      words.push_back({start, i});
    } else if (std::isdigit(c)) {
      while (i < line.size() && std::isalnum(static_cast<unsigned char>(line[i]))) ++i;
    } else {
      ++i;
    }
  }
  return words;
}

} // namespace

bool find_keyword_typo(std::string_view line, KeywordTypo& out) {
  if (line.size() > 1024) return false;
  size_t indent = line.find_first_not_of(" \t\f");
  if (indent == line.npos) return false;
  std::string_view code = line.substr(indent);
  auto characters = [&](size_t bytes) {
    std::string_view front = line.substr(0, indent + bytes);
    return static_cast<size_t>(
        std::count_if(front.begin(), front.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  };
  int left = 10; // names to look at
  for (Word word : words_of(code)) {
    std::string name(code.substr(word.start, word.end - word.start));
    if (std::binary_search(keywords().begin(), keywords().end(), name)) continue;
    if (--left < 0) return false;
    for (const std::string& keyword : candidates(name)) {
      std::string changed(code);
      changed.replace(word.start, word.end - word.start, keyword);
      if (!reads_well(changed)) continue;
      out = {keyword, characters(word.start), characters(word.end)};
      return true;
    }
  }
  return false;
}

} // namespace aspy
