#pragma once

#include <cstdint>
#include <string_view>

namespace aspy {

/// What a token is: one byte, because the parser's grammar reads the array of these as its input text.
/// Zero never occurs, so that a kind is never mistaken for the end of a C string.
enum class Token : std::uint8_t {
  EndMarker = 1,
  Name,
  Number,
  String,
  FStringStart,
  FStringMiddle,
  FStringEnd, // the quotes and text of f-strings ...
  TStringStart,
  TStringMiddle,
  TStringEnd, // ... and of t-strings
  Newline,
  Indent,
  Dedent,
  Error,   // the lexer gave up here: see Tokens::issue
  Unknown, // a character that starts no token ($, ?, `): a plain "invalid syntax" to the parser

  // Brackets and operators
  LeftParen,
  RightParen,
  LeftBracket,
  RightBracket,
  LeftBrace,
  RightBrace,
  Colon,
  Comma,
  Semicolon,
  Dot,
  Ellipsis,
  At,
  Exclamation,
  Arrow,
  ColonEqual,
  Equal,
  Plus,
  Minus,
  Star,
  DoubleStar,
  Slash,
  DoubleSlash,
  Percent,
  Bar,
  Amper,
  Caret,
  Tilde,
  LeftShift,
  RightShift,
  Less,
  Greater,
  EqualEqual,
  NotEqual,
  LessEqual,
  GreaterEqual,
  PlusEqual,
  MinusEqual,
  StarEqual,
  DoubleStarEqual,
  SlashEqual,
  DoubleSlashEqual,
  PercentEqual,
  AtEqual,
  BarEqual,
  AmperEqual,
  CaretEqual,
  LeftShiftEqual,
  RightShiftEqual,

  // Keywords
  False,
  None,
  True,
  And,
  As,
  Assert,
  Async,
  Await,
  Break,
  Class,
  Continue,
  Def,
  Del,
  Elif,
  Else,
  Except,
  Finally,
  For,
  From,
  Global,
  If,
  Import,
  In,
  Is,
  Lambda,
  Nonlocal,
  Not,
  Or,
  Pass,
  Raise,
  Return,
  Try,
  While,
  With,
  Yield,

  // Soft keywords: names, except where the grammar asks for the word itself
  SoftMatch,
  SoftCase,
  SoftType,
  Underscore,
};

constexpr std::uint8_t byte_of(Token token) { return static_cast<std::uint8_t>(token); }

constexpr bool is_keyword(Token token) { return token >= Token::False && token <= Token::Yield; }
constexpr bool is_name(Token token) { return token == Token::Name || token >= Token::SoftMatch; }
constexpr bool is_opening(Token token) {
  return token == Token::LeftParen || token == Token::LeftBracket || token == Token::LeftBrace;
}
constexpr bool is_closing(Token token) {
  return token == Token::RightParen || token == Token::RightBracket || token == Token::RightBrace;
}

/// The keyword or soft keyword spelled `word`, or Token::Name.
Token keyword(std::string_view word);

/// How a kind is spelled ("while", "**=") or, where its text varies, what it is called ("NAME").
std::string_view token_name(Token token);

} // namespace aspy
