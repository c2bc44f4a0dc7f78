#include <fmt/format.h>

#include <cstring>

#include "lexer/lexer_state.hpp"

namespace aspy {

/// Rejects pairs of prefix letters that exclude each other; the cursor is at the prefix.
bool Lexer::check_prefix(std::string_view prefix) {
  if (prefix.size() < 2) return true;
  auto has = [&](char lower) {
    return prefix.find(lower) != std::string_view::npos ||
           prefix.find(char(lower - 32)) != std::string_view::npos;
  };
  static constexpr const char* exclusive[] = {"ub", "ur", "uf", "ut", "bf", "bt", "ft"};
  for (const char* pair : exclusive) {
    if (!has(pair[0]) || !has(pair[1])) continue;
    LexIssue issue{LexIssueKind::Syntax,
                   fmt::format("'{}' and '{}' prefixes are incompatible", pair[0], pair[1]), line_,
                   characters(line_start_, cursor_) + 1, 0};
    issue.end_offset = static_cast<std::int32_t>(issue.offset + prefix.size());
    fail_at(std::move(issue));
    return false;
  }
  return true;
}

/// A whole string literal, or the opening of an f-string or t-string.
void Lexer::lex_string(const char* prefix_end) {
  std::string_view prefix(cursor_, static_cast<std::size_t>(prefix_end - cursor_));
  if (!check_prefix(prefix)) return;
  if (prefix.size() == 2 && (prefix[0] | 32) == (prefix[1] | 32)) {
    // A doubled letter is no prefix: the word stands for itself and the string follows.
    emit(Token::Name, cursor_, prefix_end);
    cursor_ = prefix_end;
    return;
  }
  const char quote = *prefix_end;
  const bool triple = end_ - prefix_end >= 3 && prefix_end[1] == quote && prefix_end[2] == quote;
  if (prefix.find_first_of("fFtT") != std::string_view::npos)
    return begin_fstring(prefix, prefix_end, triple);

  const char* const start = cursor_;
  const std::uint32_t start_line = line_, start_line_start = line_start_;
  const char* at = prefix_end + (triple ? 3 : 1);
  for (;; ++at) {
    if (at >= end_) break;
    const char c = *at;
    if (c == quote) {
      if (!triple) {
        ++at;
        emit_across(Token::String, start, at, start_line, start_line_start);
        cursor_ = at;
        return;
      }
      if (end_ - at >= 3 && at[1] == quote && at[2] == quote) {
        at += 3;
        emit_across(Token::String, start, at, start_line, start_line_start);
        cursor_ = at;
        return;
      }
    } else if (c == '\\' && at + 1 < end_) {
      ++at;
      if (*at == '\n') next_line(at + 1);
    } else if (c == '\n') {
      if (!triple) break;
      next_line(at + 1);
    }
  }

  // The same quote inside an f-string's field most likely was meant to end the f-string.
  std::uint32_t detected = line_;
  const bool ends_before = at >= end_ && line_ > start_line && line_start_ == offset(end_);
  if (ends_before) --detected;
  if (Field* field = open_field(); field != nullptr) {
    const FString& outer = fstrings_.back();
    if (outer.quote == quote && outer.triple == triple) {
      line_ = start_line, line_start_ = start_line_start;
      return fail(fmt::format("{}: expecting '}}'", string_name()), start + 1);
    }
  }
  LexIssue issue{LexIssueKind::Syntax,
                 fmt::format("unterminated {}string literal (detected at line {})",
                             triple ? "triple-quoted " : "", detected),
                 start_line, 0, 0};
  issue.offset = characters(start_line_start, start) + 1;
  issue.end_offset = static_cast<std::int32_t>(issue.offset);
  issue.incomplete = triple || ends_before; // after a backslash the next line goes on with the string
  cursor_ = start;
  line_ = start_line, line_start_ = start_line_start;
  fail_at(std::move(issue));
}

} // namespace aspy
