#include <fmt/format.h>

#include <string_view>

#include "lexer/characters.hpp"
#include "lexer/lexer_state.hpp"
#include "lexer/lexical.hpp"

namespace aspy {

namespace pegtl = tao::pegtl;

namespace {

template <class Rule> const char* match(const char* at, const char* end) {
  pegtl::memory_input<pegtl::tracking_mode::lazy, pegtl::eol::lf, const char*> in(at, end, "");
  return pegtl::parse<Rule>(in) ? in.current() : nullptr;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_part(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

} // namespace

void Lexer::fail_number(const char* from, const char* what) {
  fail(fmt::format("invalid {} literal", what), from);
}

/// A number may touch a keyword that can follow it (`1if x else y`): that is only warned about. Any other
/// letter is an error.
bool Lexer::check_number_end(const char* end, const char* what) {
  if (end == end_ || !is_word_part(*end)) return true;
  if (*end == '_') {
    // An underscore with no digit after it belongs to the number, as far as the report goes.
    fail_number(is_digit(end[-1]) ? end + 1 : end, what);
    return false;
  }
  std::string_view rest(end, static_cast<std::size_t>(end_ - end));
  for (std::string_view word : {"and", "else", "for", "if", "in", "is", "not", "or"}) {
    if (rest.starts_with(word)) {
      warn(fmt::format("invalid {} literal", what), cursor_);
      return true;
    }
  }
  if (static_cast<unsigned char>(*end) >= 0x80) {
    // What is not a letter at all is reported as the bad character that it is.
    std::size_t length = 0;
    decode_character(rest, 0, length);
    if (invalid_identifier_character(rest.substr(0, length)) == 0) return true;
  }
  fail_number(end, what);
  return false;
}

void Lexer::lex_number() {
  const char* const start = cursor_;
  const char* end = nullptr;
  const char next = start + 1 < end_ ? start[1] : 0;
  const char* what = "decimal";

  if (*start == '0' &&
      (next == 'x' || next == 'X' || next == 'o' || next == 'O' || next == 'b' || next == 'B')) {
    const bool hex = next == 'x' || next == 'X', oct = next == 'o' || next == 'O';
    what = hex ? "hexadecimal" : oct ? "octal" : "binary";
    end = hex   ? match<lexical::hexadecimal>(start, end_)
          : oct ? match<lexical::octal>(start, end_)
                : match<lexical::binary>(start, end_);
    const char* stop = end != nullptr ? end : start + 2;
    if (stop < end_ && *stop == '_') ++stop;
    if (!hex && stop < end_ && is_digit(*stop)) {
      return fail(fmt::format("invalid digit '{}' in {} literal", *stop, what), stop + 1);
    }
    if (end == nullptr || stop != end) return fail_number(stop, what);
    if (!check_number_end(end, what)) return;
    emit(Token::Number, start, end);
    cursor_ = end;
    return;
  }

  end = match<lexical::imaginary>(start, end_);
  if (end != nullptr) {
    what = "imaginary";
  } else {
    end = match<lexical::decimal>(start, end_);
    // `1e+` is meant as a number; `1e` may yet be `1else`.
    if (end < end_ && (*end == 'e' || *end == 'E') && end + 1 < end_ && (end[1] == '+' || end[1] == '-') &&
        std::string_view(start, static_cast<std::size_t>(end - start)).find_first_of("eE") ==
            std::string_view::npos) {
      return fail_number(end + 2, what);
    }
    bool integer = true;
    for (const char* at = start; at != end; ++at) integer = integer && (is_digit(*at) || *at == '_');
    const bool unfinished = end != end_ && *end == '_'; // told below
    if (integer && *start == '0' && !unfinished) {
      const char* at = start;
      while (at != end && (*at == '0' || *at == '_')) ++at;
      if (at != end) {
        LexIssue issue{LexIssueKind::Syntax,
                       "leading zeros in decimal integer literals are not permitted; "
                       "use an 0o prefix for octal integers",
                       line_, offset(start) - line_start_ + 1, 0}; // in bytes, unlike others
        issue.end_offset = static_cast<std::int32_t>(offset(at + 1) - line_start_);
        return fail_at(std::move(issue));
      }
    }
  }
  if (!check_number_end(end, what)) return;
  emit(Token::Number, start, end);
  cursor_ = end;
}

} // namespace aspy
