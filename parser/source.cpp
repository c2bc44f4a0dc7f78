#include "parser/source.hpp"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "lexer/characters.hpp"
#include "lexer/lexer.hpp"
#include "parser/names.hpp"

namespace aspy {

namespace {

std::string with_unix_line_ends(std::string_view text) {
  std::string result;
  if (text.find('\r') == std::string_view::npos) return result = text;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      result += text[i];
      continue;
    }
    result += '\n';
    if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
  }
  return result;
}

SyntaxIssue plain_issue(std::string message, std::uint32_t line = 0) {
  SyntaxIssue issue;
  issue.message = std::move(message);
  issue.line = line;
  issue.text_known = false;
  return issue;
}

/// The offset of the first byte that is not part of valid UTF-8, or npos.
std::size_t invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    utf8proc_int32_t c = 0;
    auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + i,
                                   static_cast<utf8proc_ssize_t>(text.size() - i), &c);
    if (length <= 0) return i;
    i += static_cast<std::size_t>(length);
  }
  return std::string_view::npos;
}

/// The line that contains byte `at`, as text whatever bytes it has: those that are no UTF-8 show as U+FFFD.
std::string readable_line(std::string_view text, std::size_t at) {
  auto before = text.substr(0, at).rfind('\n');
  auto line = text.substr(before == text.npos ? 0 : before + 1);
  line = line.substr(0, std::min(line.find('\n'), line.size()));
  std::string readable;
  for (std::size_t bad; (bad = invalid_utf8(line)) != line.npos; line.remove_prefix(bad + 1)) {
    readable += line.substr(0, bad);
    readable += "\xEF\xBF\xBD";
  }
  return readable.append(line);
}

/// An issue of the bytes themselves, at byte `at`.
SyntaxIssue issue_at_byte(std::string message, std::string_view text, std::size_t at) {
  auto before = text.substr(0, at);
  SyntaxIssue issue;
  issue.message = std::move(message);
  issue.line = issue.end_line =
      static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  auto start = before.rfind('\n');
  if (start != before.npos) before.remove_prefix(start + 1);
  issue.col = issue.end_col = static_cast<std::uint32_t>(count_characters(before)) + 1;
  issue.text = readable_line(text, at);
  return issue;
}

/// The encoding a `coding:` comment names, if the line is such a comment; lower case, "_" as "-".
std::string coding_cookie(std::string_view line) {
  auto hash = line.find_first_not_of(" \t\f");
  if (hash == std::string_view::npos || line[hash] != '#') return {};
  auto at = line.find("coding", hash);
  if (at == std::string_view::npos) return {};
  at += 6;
  if (at >= line.size() || (line[at] != ':' && line[at] != '=')) return {};
  ++at;
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
  std::string name;
  for (; at < line.size(); ++at) {
    char c = line[at];
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                c == '_' || c == '.';
    if (!word) break;
    name += c == '_' ? '-' : (c >= 'A' && c <= 'Z') ? char(c + 32) : c;
  }
  return name;
}

} // namespace

std::optional<SyntaxIssue> normalise_text(std::string_view utf8, std::string& text) {
  if (utf8.find('\0') != std::string_view::npos)
    return plain_issue("source code string cannot contain null bytes");
  text = with_unix_line_ends(utf8);
  return std::nullopt;
}

std::optional<SyntaxIssue> decode_source(std::string_view bytes, std::string& text) {
  bool mark = bytes.starts_with("\xEF\xBB\xBF");
  if (mark) bytes.remove_prefix(3);
  text = with_unix_line_ends(bytes);
  if (auto null = text.find('\0'); null != text.npos) {
    // Shown is the line up to there, and no column.
    text.resize(null);
    auto issue = issue_at_byte("source code cannot contain null bytes", text, null);
    issue.col = issue.end_col = 0;
    return issue;
  }

  // The cookie stands on the first or second line; on the second only if the first is blank or a comment.
  std::string cookie;
  std::string_view rest = text;
  std::uint32_t line = 1;
  for (; line <= 2 && cookie.empty(); ++line) {
    auto end = std::min(rest.find('\n'), rest.size());
    auto first = rest.substr(0, end);
    cookie = coding_cookie(first);
    auto word = first.find_first_not_of(" \t\f");
    if (cookie.empty() && word != std::string_view::npos && first[word] != '#') break;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  bool utf8 = cookie.empty() || cookie == "utf-8" || cookie == "utf8" || cookie.starts_with("utf-8-");
  bool latin1 = cookie == "latin-1" || cookie == "iso-8859-1" || cookie == "iso8859-1" ||
                cookie == "latin1" || cookie == "iso-latin-1" || cookie == "l1";
  if (mark && !utf8) return plain_issue(fmt::format("encoding problem: {} with BOM", cookie));
  if (latin1) {
    std::string wide;
    wide.reserve(text.size());
    for (unsigned char c : text) {
      if (c < 0x80) {
        wide += char(c);
      } else {
        wide += char(0xC0 | c >> 6);
        wide += char(0x80 | (c & 0x3F));
      }
    }
    text = std::move(wide);
    return std::nullopt;
  }
  if (!utf8 && cookie != "ascii" && cookie != "us-ascii") return plain_issue("unknown encoding: " + cookie);

  auto bad = invalid_utf8(text);
  if (!utf8) {
    auto high = std::find_if(text.begin(), text.end(), [](unsigned char c) { return c >= 0x80; });
    if (high != text.end()) bad = std::min(bad, static_cast<std::size_t>(high - text.begin()));
  }
  if (bad == std::string_view::npos) return std::nullopt;
  auto before = std::string_view(text).substr(0, bad);
  auto bad_line = static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  unsigned value = static_cast<unsigned char>(text[bad]);
  if (!cookie.empty()) {
    return plain_issue(
        utf8 ? fmt::format("(unicode error) 'utf-8' codec can't decode byte 0x{:02x} in position {}: "
                           "invalid start byte",
                           value, bad - (before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1))
             : fmt::format("(unicode error) 'ascii' codec can't decode byte 0x{:02x} in position {}: "
                           "ordinal not in range(128)",
                           value, bad));
  }
  return issue_at_byte(
      fmt::format("Non-UTF-8 code starting with '\\x{:02x}' on line {}, but no encoding declared; "
                  "see https://peps.python.org/pep-0263/ for details",
                  value, bad_line),
      text, bad);
}

// --- Names ---------------------------------------------------------------------------------------

std::string_view Names::intern(std::string_view name, Arena* copy_into) {
  if (count * 2 >= slots.size()) grow();
  auto hash = hash_of(name);
  for (std::size_t i = hash & (slots.size() - 1);; i = (i + 1) & (slots.size() - 1)) {
    auto& slot = slots[i];
    if (slot.data() == nullptr) {
      ++count;
      return slot = copy_into != nullptr ? copy_into->copy(name) : name;
    }
    if (slot == name) return slot;
  }
}

void Names::grow() {
  std::vector<std::string_view> old(slots.empty() ? 64 : slots.size() * 2);
  old.swap(slots);
  for (auto name : old) {
    if (name.data() == nullptr) continue;
    auto i = hash_of(name) & (slots.size() - 1);
    while (slots[i].data() != nullptr) i = (i + 1) & (slots.size() - 1);
    slots[i] = name;
  }
}

std::size_t Names::hash_of(std::string_view name) {
  std::size_t hash = 0xCBF29CE484222325u ^ name.size();
  for (unsigned char c : name) hash = (hash ^ c) * 0x100000001B3u;
  return hash ^ (hash >> 29);
}

// --- SourceTree ----------------------------------------------------------------------------------

SourceTree::SourceTree(std::string_view text) : source(text), names_(std::make_unique<Names>()) {
  index_lines();
}
SourceTree::~SourceTree() = default;

void SourceTree::index_lines() {
  line_starts_.clear();
  line_starts_.push_back(0);
  const char* base = source.data();
  const char* end = base + source.size();
  for (const char* at = base; at < end;) {
    at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    if (at == nullptr) break;
    ++at;
    if (at < end) line_starts_.push_back(static_cast<std::uint32_t>(at - base));
  }
}

std::string_view SourceTree::line_text(std::uint32_t line) const {
  if (line == 0 || line > line_starts_.size()) return {};
  std::size_t start = line_starts_[line - 1];
  std::size_t end = line < line_starts_.size() ? line_starts_[line] : source.size();
  if (end > start && source[end - 1] == '\n') --end;
  return std::string_view(source).substr(start, end - start);
}

std::uint32_t SourceTree::character_offset(std::uint32_t line, std::uint32_t byte_col) const {
  auto text = line_text(line);
  auto inside = count_characters(text.substr(0, byte_col));
  // Past the end of the line (its line end, say) bytes and characters are the same.
  return byte_col > text.size() ? inside + byte_col - static_cast<std::uint32_t>(text.size()) : inside;
}

std::string_view SourceTree::text_of(const ast::Position& pos) const {
  if (pos.line == 0 || pos.end_line == 0 || pos.end_line > line_starts_.size()) return {};
  std::size_t start = line_starts_[pos.line - 1] + pos.col;
  std::size_t end = std::min<std::size_t>(line_starts_[pos.end_line - 1] + pos.end_col, source.size());
  return start < end ? std::string_view(source).substr(start, end - start) : std::string_view();
}

SyntaxIssue SourceTree::issue_at(const ast::Position& pos, std::string message, IssueKind kind) const {
  SyntaxIssue issue;
  issue.kind = kind;
  issue.message = std::move(message);
  issue.line = pos.line;
  issue.col = character_offset(pos.line, pos.col) + 1;
  issue.end_line = pos.end_line;
  issue.end_col = static_cast<std::int32_t>(character_offset(pos.end_line, pos.end_col)) + 1;
  issue.text = line_text(pos.line);
  return issue;
}

ast::Identifier SourceTree::intern(std::string_view name) { return names_->intern(name, &arena); }

ast::Identifier SourceTree::identifier(std::string_view in_source) {
  bool ascii = std::none_of(in_source.begin(), in_source.end(), [](unsigned char c) { return c >= 0x80; });
  if (ascii) return names_->intern(in_source, nullptr);
  utf8proc_uint8_t* normal = nullptr;
  auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
  auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(in_source.data()),
                             static_cast<utf8proc_ssize_t>(in_source.size()), &normal, options);
  if (length < 0 || normal == nullptr) return intern(in_source);
  auto name = intern({reinterpret_cast<const char*>(normal), static_cast<std::size_t>(length)});
  std::free(normal);
  return name;
}

} // namespace aspy
