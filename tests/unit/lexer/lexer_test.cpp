#include <doctest/doctest.h>

#include <string>

#include "lexer/lexer.hpp"

using namespace aspy;

namespace {

/// The kinds of a source's tokens by name, separated by spaces, the EndMarker left out.
std::string kinds(std::string_view source) {
  Tokens tokens = lex(source);
  std::string result;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens.kind(i) == Token::EndMarker) break;
    if (!result.empty()) result += ' ';
    result += token_name(tokens.kind(i));
  }
  return result;
}

} // namespace

TEST_CASE("lexer: words, numbers and operators") {
  struct Case {
    const char* source;
    const char* kinds;
  };
  const Case cases[] = {
      {"", ""},
      {"# only a comment\n\n", ""},
      {"x", "NAME NEWLINE"},
      {"if match case type _ while", "if match case type _ while NEWLINE"},
      {"1 0x_f 0b1 0o7 1_0.5e-3 .5 1j", "NUMBER NUMBER NUMBER NUMBER NUMBER NUMBER NUMBER NEWLINE"},
      {"a**=b//c->d:=e...f", "NAME **= NAME // NAME -> NAME := NAME ... NAME NEWLINE"},
      {"a<<=b>>c!=d@=e", "NAME <<= NAME >> NAME != NAME @= NAME NEWLINE"},
      {"rb'x' Rb\"y\" u'''z'''", "STRING STRING STRING NEWLINE"},
      {"(a,\n b)\nc", "( NAME , NAME ) NEWLINE NAME NEWLINE"},
      {"a \\\n + b", "NAME + NAME NEWLINE"},
      {"a ? b", "NAME OP NAME NEWLINE"},
  };
  for (const Case& expected : cases) {
    CAPTURE(expected.source);
    CHECK(kinds(expected.source) == expected.kinds);
  }
}

TEST_CASE("lexer: indentation") {
  CHECK(kinds("if x:\n  y\nz\n") == "if NAME : NEWLINE INDENT NAME NEWLINE DEDENT NAME NEWLINE");
  CHECK(kinds("if x:\n\n  # c\n  y\n\n  z") == "if NAME : NEWLINE INDENT NAME NEWLINE NAME NEWLINE DEDENT");
  CHECK(lex("if x:\n    y\n  z\n").issue->message == "unindent does not match any outer indentation level");
  CHECK(lex("if x:\n\ty\n        z\n").issue->message ==
        "inconsistent use of tabs and spaces in indentation");
}

TEST_CASE("lexer: f-strings are several tokens") {
  CHECK(kinds("f'a{b}c'") == "FSTRING_START FSTRING_MIDDLE { NAME } FSTRING_MIDDLE FSTRING_END NEWLINE");
  CHECK(kinds("f'{x!r:>{w}}'") ==
        "FSTRING_START { NAME ! NAME : FSTRING_MIDDLE { NAME } } FSTRING_END NEWLINE");
  CHECK(kinds("f'{f'{1}'}'") == "FSTRING_START { FSTRING_START { NUMBER } FSTRING_END } FSTRING_END NEWLINE");
  CHECK(kinds("f'{{}}'") == "FSTRING_START FSTRING_MIDDLE FSTRING_END NEWLINE");
  CHECK(kinds("t'{a}'") == "TSTRING_START { NAME } TSTRING_END NEWLINE");
}

TEST_CASE("lexer: extents are where the text is") {
  Tokens tokens = lex("a = 'é' + \"\"\"x\ny\"\"\"\n");
  REQUIRE(tokens.size() == 7);
  const Extent& text = tokens.extents[4];
  CHECK(text.line == 1);
  CHECK(text.col == 11); // bytes
  CHECK(text.end_line == 2);
  CHECK(text.end_col == 4);
}
