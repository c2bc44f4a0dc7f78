// Syntax errors: message and place. The table was taken from the reference implementation, not written by
// hand.
#include <doctest/doctest.h>

#include <string>

#include "parser/parser.hpp"

using namespace aspy;

namespace {

struct Case {
  const char* source;
  IssueKind kind;
  const char* message;
  std::uint32_t line, col, end_line;
  std::int32_t end_col;
};

const Case cases[] = {
#include "parser_error_cases.inc"
};

} // namespace

TEST_CASE("parser: each mistake is explained, in its place") {
  for (const Case& expected : cases) {
    CAPTURE(expected.source);
    auto result = parse_text(expected.source, Mode::Exec);
    REQUIRE(result.issue.has_value());
    const SyntaxIssue& issue = *result.issue;
    CHECK(issue.message == expected.message);
    CHECK(issue.kind == expected.kind);
    CHECK(issue.line == expected.line);
    CHECK(issue.col == expected.col);
    CHECK(issue.end_line == expected.end_line);
    CHECK(issue.end_col == expected.end_col);
  }
}

TEST_CASE("parser: a prompt is told when more lines could help") {
  auto incomplete = [](const char* source) {
    auto result = parse_text(source, Mode::Interactive);
    return result.issue.has_value() && result.issue->incomplete;
  };
  for (const char* source :
       {"if x:", "f(1,", "x = '''a", "def f():\n  pass", "@d", "class A:", "x = \\", "try:\n  x"}) {
    CAPTURE(source);
    CHECK(incomplete(source));
  }
  for (const char* source : {"x = 1", "x =", "f(1", "1 +", "if x:\n  y\n", "x y", ")"}) {
    CAPTURE(source);
    CHECK(incomplete(source) == (std::string_view(source) == "f(1"));
  }
}

TEST_CASE("parser: bytes of a source file") {
  CHECK(parse("\xEF\xBB\xBFx = 1\r\ny = 2\r\n", Mode::Exec).tree->module()->body.size() == 2);
  CHECK(parse("# coding: latin-1\nx = '\xE9'\n", Mode::Exec));
  auto bad = parse("x = '\xFF'\n", Mode::Exec);
  REQUIRE(bad.issue.has_value());
  CHECK(bad.issue->message == "Non-UTF-8 code starting with '\\xff' on line 1, but no encoding declared; "
                              "see https://peps.python.org/pep-0263/ for details");
  CHECK(parse(std::string_view("x\0y", 3), Mode::Exec).issue->message ==
        "source code cannot contain null bytes");
}

TEST_CASE("parser: warnings while reading") {
  auto result = parse_text("x = '\\d'\ny = 1if x else 2\n", Mode::Exec);
  REQUIRE(result.tree->warnings.size() == 2);
  CHECK(result.tree->warnings[0].line == 1);
  CHECK(result.tree->warnings[0].message ==
        "\"\\d\" is an invalid escape sequence. Such sequences will not work in the future. "
        "Did you mean \"\\\\d\"? A raw string is also an option.");
  CHECK(result.tree->warnings[1].message == "invalid decimal literal");
}
