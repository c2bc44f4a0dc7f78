#include "lexer/token.hpp"

#include <array>
#include <cstring>

namespace aspy {

namespace {

// In the order of the enum, from EndMarker.
constexpr std::string_view names[] = {
    "ENDMARKER",
    "NAME",
    "NUMBER",
    "STRING",
    "FSTRING_START",
    "FSTRING_MIDDLE",
    "FSTRING_END",
    "TSTRING_START",
    "TSTRING_MIDDLE",
    "TSTRING_END",
    "NEWLINE",
    "INDENT",
    "DEDENT",
    "ERRORTOKEN",
    "OP",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ";",
    ".",
    "...",
    "@",
    "!",
    "->",
    ":=",
    "=",
    "+",
    "-",
    "*",
    "**",
    "/",
    "//",
    "%",
    "|",
    "&",
    "^",
    "~",
    "<<",
    ">>",
    "<",
    ">",
    "==",
    "!=",
    "<=",
    ">=",
    "+=",
    "-=",
    "*=",
    "**=",
    "/=",
    "//=",
    "%=",
    "@=",
    "|=",
    "&=",
    "^=",
    "<<=",
    ">>=",
    "False",
    "None",
    "True",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
    "match",
    "case",
    "type",
    "_",
};
static_assert(std::size(names) == static_cast<std::size_t>(Token::Underscore), "one name a token kind");

// Most names in a program are not keywords, so a word is settled by its length and first letter as a rule:
// the candidates of each (length, letter) pair are few.
struct KeywordTable {
  static constexpr std::size_t longest = 8;
  struct Bucket {
    std::uint8_t count = 0;
    Token tokens[4] = {};
  };
  std::array<Bucket, (longest + 1) * 32> buckets{};

  static constexpr std::size_t slot(std::string_view word) {
    return word.size() * 32 + (static_cast<unsigned char>(word[0]) & 31);
  }
  constexpr KeywordTable() {
    for (auto i = static_cast<std::size_t>(Token::False); i <= static_cast<std::size_t>(Token::Underscore);
         ++i) {
      Bucket& bucket = buckets[slot(names[i - 1])];
      bucket.tokens[bucket.count++] = static_cast<Token>(i);
    }
  }
};
constexpr KeywordTable keywords;

} // namespace

Token keyword(std::string_view word) {
  if (word.empty() || word.size() > KeywordTable::longest) return Token::Name;
  const auto& bucket = keywords.buckets[KeywordTable::slot(word)];
  for (int i = 0; i < bucket.count; ++i) {
    if (names[static_cast<std::size_t>(bucket.tokens[i]) - 1] == word) return bucket.tokens[i];
  }
  return Token::Name;
}

std::string_view token_name(Token token) {
  auto index = static_cast<std::size_t>(token);
  return index == 0 || index > std::size(names) ? std::string_view("?") : names[index - 1];
}

} // namespace aspy
