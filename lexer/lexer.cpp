#include "lexer/lexer.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "lexer/characters.hpp"
#include "lexer/lexer_state.hpp"
#include "lexer/lexical.hpp"

namespace aspy {

namespace pegtl = tao::pegtl;

namespace {

using Input = pegtl::memory_input<pegtl::tracking_mode::lazy, pegtl::eol::lf, const char*>;

/// Matches one lexical rule at `at` and returns its end, or nullptr.
template <class Rule> const char* match(const char* at, const char* end) {
  Input in(at, end, "");
  return pegtl::parse<Rule>(in) ? in.current() : nullptr;
}

enum class Class : std::uint8_t { Other, Word, Digit, Quote, Dot, Space, Newline, Comment, Backslash };

constexpr auto classes = [] {
  std::array<Class, 256> table{};
  for (int c = 0; c < 256; ++c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80) table[c] = Class::Word;
    if (c >= '0' && c <= '9') table[c] = Class::Digit;
  }
  table['\''] = table['"'] = Class::Quote;
  table[' '] = table['\t'] = table['\f'] = Class::Space;
  table['\n'] = Class::Newline;
  table['.'] = Class::Dot;
  table['#'] = Class::Comment;
  table['\\'] = Class::Backslash;
  return table;
}();

Class class_of(char c) { return classes[static_cast<unsigned char>(c)]; }

} // namespace

Lexer::Lexer(std::string_view source, bool imply_dedent, bool imply_newline, Tokens& tokens)
    : begin_(source.data()), end_(source.data() + source.size()), cursor_(begin_),
      imply_dedent_(imply_dedent), imply_newline_(imply_newline), tokens_(tokens) {
  indents_.push_back({0, 0});
  // About one token in five bytes of ordinary code; growing by doubling does the rest.
  tokens.kinds.reserve(source.size() / 5 + 16);
  tokens.extents.reserve(source.size() / 5 + 16);
}

void Lexer::run() {
  while (!stopped_) {
    if (in_text()) {
      lex_fstring_text();
    } else if (at_line_start_) {
      if (!begin_line()) break;
    } else {
      next_token();
    }
  }
  if (!stopped_) finish();
}

/// Handles blank and comment lines and the indentation of the others. False at the end of the source.
bool Lexer::begin_line() {
  for (;;) {
    std::uint32_t column = 0, alternative = 0, continued = 0;
    const char* at = cursor_;
    for (;; ++at) {
      if (at == end_) break;
      if (*at == ' ') {
        ++column, ++alternative;
      } else if (*at == '\t') {
        column = (column / 8 + 1) * 8;
        ++alternative;
      } else if (*at == '\f') {
        column = alternative = 0;
      } else if (*at == '\\' && at + 1 < end_ && at[1] == '\n') {
        // A continued blank beginning: its own column counts, or the next line's if it has none.
        if (continued == 0) continued = column;
        at += 1;
        next_line(at + 1);
        if (at + 1 == end_ && imply_newline_) {
          cursor_ = end_;
          fail_at_end(at);
          return false;
        }
      } else {
        break;
      }
    }
    if (at < end_ && *at == '#') at = match<lexical::comment>(at, end_);
    if (at == end_) {
      cursor_ = at;
      return false;
    }
    if (*at == '\n') {
      cursor_ = at + 1;
      next_line(cursor_);
      continue;
    }
    cursor_ = at;
    at_line_start_ = false;
    if (continued != 0) column = alternative = continued;
    read_indentation(column, alternative);
    return true;
  }
}

void Lexer::read_indentation(std::uint32_t column, std::uint32_t alternative) {
  auto tab_error = [&] {
    fail_late({LexIssueKind::Tab, "inconsistent use of tabs and spaces in indentation", line_, 1, 0});
  };
  const Indent top = indents_.back();
  if (column == top.column) {
    if (alternative != top.alternative) tab_error();
    return;
  }
  if (column > top.column) {
    if (indents_.size() >= max_indents) {
      return fail_late({LexIssueKind::Indentation, "too many levels of indentation", line_, 1, 0});
    }
    if (alternative <= top.alternative) return tab_error();
    indents_.push_back({column, alternative});
    return emit(Token::Indent, begin_ + line_start_, cursor_);
  }
  while (indents_.back().column > column) {
    indents_.pop_back();
    emit(Token::Dedent, cursor_, cursor_);
  }
  if (indents_.back().column != column) {
    // The Dedents just written must not be seen before the error.
    while (tokens_.size() > 0 && tokens_.kind(tokens_.size() - 1) == Token::Dedent) {
      tokens_.kinds.pop_back();
      tokens_.extents.pop_back();
    }
    return fail_late({LexIssueKind::Indentation, "unindent does not match any outer indentation level", line_,
                      line_length_with_end(), -1});
  }
  if (indents_.back().alternative != alternative) tab_error();
}

void Lexer::next_token() {
  while (cursor_ != end_ && class_of(*cursor_) == Class::Space) ++cursor_;
  if (cursor_ == end_) {
    at_line_start_ = true; // lets begin_line() see the end
    if (imply_newline_ && brackets_.empty() && tokens_.size() > 0) {
      // The last line lacks its line end: it is implied.
      auto last = tokens_.kind(tokens_.size() - 1);
      if (last != Token::Newline && last != Token::Dedent) {
        emit(Token::Newline, comment_ != nullptr ? comment_ : cursor_, cursor_);
        tokens_.extents.back().end_col += 1;
      }
    }
    return;
  }
  switch (class_of(*cursor_)) {
  case Class::Word: return lex_word();
  case Class::Digit: return lex_number();
  case Class::Quote: return lex_string(cursor_);
  case Class::Dot:
    if (cursor_ + 1 < end_ && class_of(cursor_[1]) == Class::Digit) return lex_number();
    return lex_operator();
  case Class::Comment:
    comment_ = cursor_;
    cursor_ = match<lexical::comment>(cursor_, end_);
    return;
  case Class::Newline:
    if (brackets_.empty()) {
      emit(Token::Newline, comment_ != nullptr ? comment_ : cursor_, cursor_ + 1);
      at_line_start_ = true;
    }
    comment_ = nullptr;
    ++cursor_;
    return next_line(cursor_);
  case Class::Backslash: return continue_line();
  default: return lex_operator();
  }
}

void Lexer::continue_line() {
  const char* next = cursor_ + 1;
  if (next < end_ && *next == '\n') {
    cursor_ = next + 1;
    next_line(cursor_);
    if (cursor_ != end_) return;
  }
  if (next >= end_ || cursor_ == end_) {
    if (!brackets_.empty() && fstrings_.empty()) { // which is what is told
      if (cursor_ != end_) cursor_ = end_;
      return;
    }
  }
  if ((next >= end_ || cursor_ == end_) && imply_newline_) return fail_at_end(next);
  fail_late({LexIssueKind::Syntax, "unexpected character after line continuation character", line_,
             characters(line_start_, next) + (next < end_ ? 1 : 0), 0});
}

/// The source ends after a backslash; `next` is what follows it.
void Lexer::fail_at_end(const char* next) {
  LexIssue issue{LexIssueKind::Syntax, "unexpected EOF while parsing", line_, 0, -1};
  if (cursor_ == end_) {
    // Reported at the line with the backslash, not at the empty one after it.
    issue.line = line_ - 1;
    issue.at_end = true;
    const char* start = next - 1;
    while (start > begin_ && start[-1] != '\n') --start;
    issue.offset = count_characters({start, static_cast<std::size_t>(next - start)}) + 1;
  } else {
    issue.offset = line_length_with_end();
  }
  issue.incomplete = true;
  fail_late(std::move(issue));
}

void Lexer::lex_word() {
  const char* end = match<lexical::word>(cursor_, end_);
  if (end < end_ && end - cursor_ <= 3 && (*end == '"' || *end == '\'') &&
      match<lexical::string_start>(cursor_, end_) != nullptr) {
    return lex_string(end);
  }
  std::string_view text(cursor_, static_cast<std::size_t>(end - cursor_));
  auto bad = invalid_identifier_character(text);
  if (bad != std::string_view::npos) {
    std::size_t length = 0;
    char32_t c = decode_character(text, bad, length);
    const char* after = cursor_ + bad + length;
    if (!is_printable(c))
      return fail(fmt::format("invalid non-printable character U+{:04X}", std::uint32_t(c)), after);
    return fail(fmt::format("invalid character '{}' (U+{:04X})", text.substr(bad, length), std::uint32_t(c)),
                after);
  }
  emit(keyword(text), cursor_, end);
  cursor_ = end;
}

void Lexer::lex_operator() {
  const char c = *cursor_;
  const char c1 = cursor_ + 1 < end_ ? cursor_[1] : 0;
  const char c2 = cursor_ + 2 < end_ ? cursor_[2] : 0;
  auto take = [this](Token kind, int length) {
    emit(kind, cursor_, cursor_ + length);
    cursor_ += length;
  };
  // `x`, `x=`, and for the doubled ones `xx`, `xx=`
  auto plain = [&](Token one, Token assign) { c1 == '=' ? take(assign, 2) : take(one, 1); };
  auto doubled = [&](Token one, Token assign, Token two, Token two_assign) {
    if (c1 != c) return plain(one, assign);
    c2 == '=' ? take(two_assign, 3) : take(two, 2);
  };

  if (Field* field = open_field(); field != nullptr && brackets_.size() == field->brackets && c == ':') {
    // At a field's own level a colon ends the expression, even in `:=`.
    take(Token::Colon, 1);
    field->in_spec = true;
    return;
  }
  switch (c) {
  case '(': return open_bracket(Token::LeftParen, c);
  case '[': return open_bracket(Token::LeftBracket, c);
  case '{': return open_bracket(Token::LeftBrace, c);
  case ')': return close_bracket(Token::RightParen, '(');
  case ']': return close_bracket(Token::RightBracket, '[');
  case '}': return close_bracket(Token::RightBrace, '{');
  case ',': return take(Token::Comma, 1);
  case ';': return take(Token::Semicolon, 1);
  case '~': return take(Token::Tilde, 1);
  case '.': return c1 == '.' && c2 == '.' ? take(Token::Ellipsis, 3) : take(Token::Dot, 1);
  case ':': return plain(Token::Colon, Token::ColonEqual);
  case '=': return plain(Token::Equal, Token::EqualEqual);
  case '!': return plain(Token::Exclamation, Token::NotEqual);
  case '+': return plain(Token::Plus, Token::PlusEqual);
  case '-': return c1 == '>' ? take(Token::Arrow, 2) : plain(Token::Minus, Token::MinusEqual);
  case '@': return plain(Token::At, Token::AtEqual);
  case '%': return plain(Token::Percent, Token::PercentEqual);
  case '|': return plain(Token::Bar, Token::BarEqual);
  case '&': return plain(Token::Amper, Token::AmperEqual);
  case '^': return plain(Token::Caret, Token::CaretEqual);
  case '*': return doubled(Token::Star, Token::StarEqual, Token::DoubleStar, Token::DoubleStarEqual);
  case '/': return doubled(Token::Slash, Token::SlashEqual, Token::DoubleSlash, Token::DoubleSlashEqual);
  case '<':
    if (c1 == '>') return take(Token::NotEqual, 2); // the parser tells it from "!=" by its text
    return doubled(Token::Less, Token::LessEqual, Token::LeftShift, Token::LeftShiftEqual);
  case '>': return doubled(Token::Greater, Token::GreaterEqual, Token::RightShift, Token::RightShiftEqual);
  default:
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return fail(fmt::format("invalid non-printable character U+{:04X}", static_cast<unsigned>(c)),
                  cursor_ + 1);
    }
    return take(Token::Unknown, 1);
  }
}

void Lexer::open_bracket(Token kind, char open) {
  if (brackets_.size() >= max_brackets) return fail("too many nested parentheses", cursor_ + 1);
  brackets_.push_back({open, offset(cursor_), line_, line_start_});
  emit(kind, cursor_, cursor_ + 1);
  ++cursor_;
}

void Lexer::close_bracket(Token kind, char open) {
  const char close = *cursor_;
  Field* field = open_field();
  if (field != nullptr && brackets_.size() == field->brackets && close != '}') {
    return fail(fmt::format("{}: unmatched '{}'", string_name(), close), cursor_ + 1);
  }
  if (brackets_.empty()) return fail(fmt::format("unmatched '{}'", close), cursor_ + 1);
  const Bracket bracket = brackets_.back();
  if (bracket.open != open) {
    auto message =
        fmt::format("closing parenthesis '{}' does not match opening parenthesis '{}'", close, bracket.open);
    if (bracket.line != line_) message += fmt::format(" on line {}", bracket.line);
    return fail(std::move(message), cursor_ + 1);
  }
  if (field != nullptr && brackets_.size() == field->brackets) fields_.pop_back();
  brackets_.pop_back();
  emit(kind, cursor_, cursor_ + 1);
  ++cursor_;
}

/// The end of the source: brackets must be closed, and open blocks are.
void Lexer::finish() {
  if (!brackets_.empty()) {
    const Bracket& bracket = brackets_.back();
    LexIssue issue{LexIssueKind::Syntax, fmt::format("'{}' was never closed", bracket.open), bracket.line,
                   characters(bracket.line_start, begin_ + bracket.start) + 1, 0};
    issue.unclosed = issue.incomplete = true;
    const bool on_empty_line = line_start_ == offset(end_);
    issue.passed = fstrings_.empty() && line_ - (on_empty_line ? 1 : 0) > bracket.line;
    return fail_at(std::move(issue));
  }
  if (!imply_dedent_ && indents_.size() > 1 && end_ > begin_ && end_[-1] != '\n') {
    LexIssue issue{LexIssueKind::Syntax, "incomplete input", line_, line_length_with_end(), -1};
    issue.incomplete = true;
    return fail_at(std::move(issue));
  }
  // The position of what stands at the end is that of the last line's end.
  if (line_start_ == offset(end_) && line_ > 1) {
    const char* start = end_ - 1;
    while (start > begin_ && start[-1] != '\n') --start;
    --line_;
    line_start_ = offset(start);
  }
  for (; indents_.size() > 1; indents_.pop_back()) emit(Token::Dedent, end_, end_);
  emit(Token::EndMarker, end_, end_);
}

std::uint32_t Lexer::characters(std::uint32_t line_start, const char* to) const {
  return count_characters({begin_ + line_start, static_cast<std::size_t>(to - (begin_ + line_start))});
}

std::uint32_t Lexer::line_length_with_end() const {
  const char* start = begin_ + line_start_;
  auto* newline = static_cast<const char*>(std::memchr(start, '\n', static_cast<std::size_t>(end_ - start)));
  return characters(line_start_, newline != nullptr ? newline : end_) + 1;
}

void Lexer::fail(std::string message, const char* at, std::uint32_t further) {
  auto offset = characters(line_start_, at) + further;
  fail_at({LexIssueKind::Syntax, std::move(message), line_, offset, static_cast<std::int32_t>(offset)});
}

void Lexer::fail_late(LexIssue issue) {
  issue.late = true;
  fail_at(std::move(issue));
}

void Lexer::fail_at(LexIssue issue) {
  tokens_.issue = std::move(issue);
  tokens_.issue->in_fstring = !fstrings_.empty();
  stopped_ = true;
  emit(Token::Error, cursor_, cursor_);
}

void Lexer::warn(std::string message, const char* at) {
  tokens_.warnings.push_back({std::move(message), line_, offset(at) - line_start_});
}

Tokens lex(std::string_view source, bool imply_dedent, bool imply_newline) {
  Tokens tokens;
  Lexer(source, imply_dedent, imply_newline, tokens).run();
  return tokens;
}

} // namespace aspy
