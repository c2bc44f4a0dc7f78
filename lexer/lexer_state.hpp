#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lexer/lexer.hpp"

namespace aspy {

/// The lexer at work: a cursor over the source, and four small stacks (indentation, brackets, f-strings, and
/// the replacement fields open in them). lexer.cpp has lines and tokens, number.cpp and string.cpp the two
/// literals, fstring.cpp what is inside f-strings. A step that fails records the issue, emits Error, and sets
/// `stopped`.
class Lexer {
public:
  Lexer(std::string_view source, bool imply_dedent, bool imply_newline, Tokens& tokens);
  void run();

private:
  struct Bracket {
    char open;
    std::uint32_t start, line, line_start;
  };
  struct Indent {
    std::uint32_t column;      // tabs to multiples of eight
    std::uint32_t alternative; // tabs count one: both must agree, or the meaning hangs on the tab width
  };
  /// One f-string or t-string that is open.
  struct FString {
    char quote;
    bool triple, raw, is_template;
    std::uint32_t start, line, line_start; // of the opening token
    std::size_t fields;                    // open fields when it began
  };
  /// One replacement field `{...}` of an f-string.
  struct Field {
    std::size_t brackets; // depth just inside its "{"
    bool in_spec;         // past the ":": text again
  };

  // lexer.cpp
  bool begin_line();
  void read_indentation(std::uint32_t column, std::uint32_t alternative);
  void next_token();
  void lex_word();
  void lex_operator();
  void open_bracket(Token kind, char open);
  void close_bracket(Token kind, char close);
  void continue_line();
  void fail_at_end(const char* next);
  void finish();
  // number.cpp
  void lex_number();
  void fail_number(const char* from, const char* what);
  bool check_number_end(const char* end, const char* what);
  // string.cpp
  void lex_string(const char* prefix_end);
  bool check_prefix(std::string_view prefix);
  // fstring.cpp
  void begin_fstring(std::string_view prefix, const char* quote, bool triple);
  void lex_fstring_text();
  void begin_field();
  void end_fstring_of_text(const char* text);
  void fail_unterminated(const FString& string, std::uint32_t at_line);
  bool in_text() const {
    if (fstrings_.empty()) return false;
    return fields_.size() == fstrings_.back().fields || fields_.back().in_spec;
  }
  /// The innermost open field, when the cursor is in its expression part.
  Field* open_field() {
    return fstrings_.empty() || fields_.size() == fstrings_.back().fields ? nullptr : &fields_.back();
  }

  void emit(Token kind, const char* start, const char* end) {
    auto from = offset(start), to = offset(end);
    tokens_.kinds.push_back(byte_of(kind));
    tokens_.extents.push_back({from, to, line_, from - line_start_, line_, to - line_start_});
  }
  /// For tokens over several lines: the cursor's line is that of the end.
  void emit_across(Token kind, const char* start, const char* end, std::uint32_t line,
                   std::uint32_t line_start) {
    auto from = offset(start), to = offset(end);
    tokens_.kinds.push_back(byte_of(kind));
    tokens_.extents.push_back({from, to, line, from - line_start, line_, to - line_start_});
  }
  std::uint32_t offset(const char* at) const { return static_cast<std::uint32_t>(at - begin_); }
  void next_line(const char* start) {
    ++line_;
    line_start_ = offset(start);
  }

  /// Stops with an issue at the characters before `at` in the current line, as most lexical errors are
  /// placed.
  void fail(std::string message, const char* at, std::uint32_t further = 0);
  void fail_at(LexIssue issue);
  void fail_late(LexIssue issue);
  void warn(std::string message, const char* at);
  std::uint32_t characters(std::uint32_t line_start, const char* to) const;
  /// The length of the current line in characters, counting its line end even where the file lacks it.
  std::uint32_t line_length_with_end() const;
  const char* string_name() const { return fstrings_.back().is_template ? "t-string" : "f-string"; }

  const char* const begin_;
  const char* const end_;
  const char* cursor_;
  std::uint32_t line_ = 1;
  std::uint32_t line_start_ = 0;
  bool imply_dedent_;
  bool imply_newline_;
  bool stopped_ = false;
  bool at_line_start_ = true;
  const char* comment_ = nullptr; // the comment at the end of the current line: its line end begins there
  Tokens& tokens_;
  std::vector<Bracket> brackets_;
  std::vector<Indent> indents_;
  std::vector<FString> fstrings_;
  std::vector<Field> fields_;
};

} // namespace aspy
