#include <fmt/format.h>

#include "lexer/lexer_state.hpp"

namespace aspy {

// An f-string is several tokens: its opening quotes, stretches of text, for each field "{", the expression's
// own tokens and "}", and its closing quotes. While the cursor is in text (or in the text part of a field's
// format spec) lex_fstring_text() runs; inside a field the ordinary lexer does, and fstrings may open again.

void Lexer::begin_fstring(std::string_view prefix, const char* quote, bool triple) {
  if (fstrings_.size() >= max_fstrings) return fail("too many nested f-strings or t-strings", quote + 1);
  FString string{};
  string.quote = *quote;
  string.triple = triple;
  string.raw = prefix.find_first_of("rR") != std::string_view::npos;
  string.is_template = prefix.find_first_of("tT") != std::string_view::npos;
  string.start = offset(cursor_);
  string.line = line_;
  string.line_start = line_start_;
  string.fields = fields_.size();
  const char* after = quote + (triple ? 3 : 1);
  emit(string.is_template ? Token::TStringStart : Token::FStringStart, cursor_, after);
  cursor_ = after;
  fstrings_.push_back(string);
}

void Lexer::fail_unterminated(const FString& string, std::uint32_t at_line) {
  LexIssue issue{LexIssueKind::Syntax,
                 fmt::format("unterminated {}{} literal (detected at line {})",
                             string.triple ? "triple-quoted " : "", string_name(), at_line),
                 string.line, characters(string.line_start, begin_ + string.start) + 1, 0};
  issue.end_offset = static_cast<std::int32_t>(issue.offset);
  // Where the source ended after a backslash, the next line would go on with the string.
  issue.incomplete = string.triple || (line_ > at_line && line_start_ == offset(end_));
  fail_at(std::move(issue));
}

/// Text up to the next field, the end of the field, or the end of the string.
void Lexer::lex_fstring_text() {
  const FString string = fstrings_.back();
  const bool in_spec = fields_.size() > string.fields;
  const Token text_kind = string.is_template ? Token::TStringMiddle : Token::FStringMiddle;
  const char* const start = cursor_;
  const std::uint32_t start_line = line_, start_line_start = line_start_;
  const char* at = start;
  auto flush = [&] {
    if (at != start) emit_across(text_kind, start, at, start_line, start_line_start);
    cursor_ = at;
  };

  for (; at < end_; ++at) {
    const char c = *at;
    if (c == string.quote &&
        (!string.triple || (end_ - at >= 3 && at[1] == string.quote && at[2] == string.quote))) {
      flush();
      // Inside a format spec the fields' braces stay open: the parser says what it expected there.
      fields_.resize(string.fields);
      cursor_ = at + (string.triple ? 3 : 1);
      emit(string.is_template ? Token::TStringEnd : Token::FStringEnd, at, cursor_);
      fstrings_.pop_back();
      return;
    }
    if (c == '{') {
      if (!in_spec && at + 1 < end_ && at[1] == '{') {
        ++at; // "{{" stays in the text and is made one brace when the text is decoded
        continue;
      }
      flush();
      return begin_field();
    }
    if (c == '}') {
      if (in_spec) {
        flush();
        fields_.back().in_spec = false;
        return close_bracket(Token::RightBrace, '{');
      }
      if (at + 1 < end_ && at[1] == '}') {
        ++at;
        continue;
      }
      flush();
      return fail(fmt::format("{}: single '}}' is not allowed", string_name()), at + 1);
    }
    if (c == '\\' && at + 1 < end_) {
      // A backslash does not protect braces, except those of \N{...}.
      if (at[1] == '{' || at[1] == '}') continue;
      if (!string.raw && at[1] == 'N' && at + 2 < end_ && at[2] == '{') {
        const char* name = at + 3;
        while (name < end_ && *name != '}' && *name != string.quote && *name != '\n') ++name;
        if (name < end_ && *name == '}') {
          at = name;
          continue;
        }
      }
      ++at;
      if (*at == '\n') next_line(at + 1);
    } else if (c == '\n') {
      if (!string.triple) {
        if (in_spec) {
          return fail(fmt::format("{}: newlines are not allowed in format specifiers for single quoted {}s",
                                  string_name(), string_name()),
                      at + 1);
        }
        return fail_unterminated(string, line_);
      }
      next_line(at + 1);
    }
  }
  if (!string.triple && in_spec && imply_newline_) { // as at the line end that is implied
    return fail(fmt::format("{0}: newlines are not allowed in format specifiers for single quoted {0}s",
                            string_name()),
                end_, 1);
  }
  std::uint32_t detected = line_;
  if (line_ > string.line && line_start_ == offset(end_)) --detected;
  fail_unterminated(string, detected);
}

void Lexer::begin_field() {
  if (fields_.size() - fstrings_.back().fields >= max_fields)
    return fail(fmt::format("{}: expressions nested too deeply", string_name()), cursor_);
  if (brackets_.size() >= max_brackets) return fail("too many nested parentheses", cursor_ + 1);
  open_bracket(Token::LeftBrace, '{');
  fields_.push_back({brackets_.size(), false});
}

} // namespace aspy
