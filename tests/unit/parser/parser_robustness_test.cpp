// No source may crash the parser, however deep, long or broken; and the grammar itself makes progress.
#include <doctest/doctest.h>

#include <string>

#include <tao/pegtl/contrib/analyze.hpp>

#include "parser/build/builder.hpp"
#include "parser/diagnosis/diagnosis.hpp"
#include "parser/parser.hpp"

namespace tao::pegtl {

// The parser's own rules, to PEGTL's analysis: they match without taking a token, or run another rule.
template <class Name> struct analyze_traits<Name, aspy::grammar::diagnosing> : analyze_opt_traits<> {};
template <class Name> struct analyze_traits<Name, aspy::grammar::not_diagnosing> : analyze_opt_traits<> {};
template <class Name> struct analyze_traits<Name, aspy::grammar::explaining_dicts> : analyze_opt_traits<> {};
template <class Name> struct analyze_traits<Name, aspy::grammar::undecided> : analyze_opt_traits<> {};
template <class Name, class Rule>
struct analyze_traits<Name, aspy::grammar::quietly<Rule>> : analyze_seq_traits<Rule> {};

} // namespace tao::pegtl

using namespace aspy;

namespace {

std::string times(std::string_view part, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += part;
  return result;
}

/// "" for a program, else the message.
std::string outcome(const std::string& source) {
  auto result = parse_text(source, Mode::Exec);
  return result ? std::string() : result.issue->message;
}

} // namespace

TEST_CASE("parser: the grammar has no rule that loops without taking a token") {
  CHECK(tao::pegtl::analyze<grammar::file>(0) == 0);
  CHECK(tao::pegtl::analyze<grammar::eval>(0) == 0);
}

TEST_CASE("parser: length is no depth") {
  // What another parser would descend into counts all the same.
  constexpr int some = 1900;
  const std::string too_complex = "Parser stack overflowed - Python source too complex to parse";
  const int many = 20000;
  CHECK(outcome("1" + times("+1", many)) == "");
  CHECK(outcome(times("-", some) + "1") == "");
  CHECK(outcome(times("-", many) + "1") == too_complex);
  CHECK(outcome(times("not ", some) + "1") == "");
  CHECK(outcome(times("not ", many) + "1") == too_complex);
  CHECK(outcome("1" + times("**1", some)) == "");
  CHECK(outcome("1" + times("**1", many)) == too_complex);
  CHECK(outcome("x" + times(".a()[0]", many)) == "");
  CHECK(outcome("1" + times(" if 1 else 1", some)) == "");
  CHECK(outcome("1" + times(" if 1 else 1", many)) == too_complex);
  CHECK(outcome("if x: pass\n" + times("elif x: pass\n", some)) == "");
  CHECK(outcome("if x: pass\n" + times("elif x: pass\n", many)) == too_complex);
  CHECK(outcome(times("x = ", many) + "1") == "");
  CHECK(outcome(times("@a\n", many) + "def f(): pass") == "");
}

TEST_CASE("parser: depth is bounded") {
  const std::string too_complex = "Parser stack overflowed - Python source too complex to parse";
  for (const char* pair : {"()", "[]", "{}"}) {
    CAPTURE(pair);
    CHECK(outcome(times(std::string(1, pair[0]), 199) + "1" + times(std::string(1, pair[1]), 199)) == "");
    CHECK(outcome(times(std::string(1, pair[0]), 10000)) == "too many nested parentheses");
  }
  CHECK(outcome(times("lambda:", 200000) + "1") == too_complex);
  std::string blocks, indent;
  for (int i = 0; i < 100; ++i, indent += ' ') blocks += indent + "if 1:\n";
  CHECK(outcome(blocks + indent + "pass") == "too many levels of indentation");
}

TEST_CASE("parser: explaining a deep mistake takes no time") {
  CHECK(outcome(times("(", 180) + "y z" + times(")", 180)) == "invalid syntax. Perhaps you forgot a comma?");
  CHECK(outcome(times("{1:", 180) + "y z" + times("}", 180)) ==
        "invalid syntax. Perhaps you forgot a comma?");
  CHECK(outcome(times("f(x, ", 180) + "y z" + times(")", 180)) ==
        "invalid syntax. Perhaps you forgot a comma?");
  CHECK(outcome(times("[a for a in ", 180) + "y z" + times("]", 180)) == "invalid syntax");
}

TEST_CASE("parser: broken pieces of a program") {
  const std::string program = "@d(1)\nasync def f(a, *b, c=1, **d) -> {1: 2}:\n  with (x as y, z): return [i "
                              "for i in (yield) if f\"{i!r:>{w}}\"]\n"
                              "class A[T](B, k=lambda x, /: 0): x: int = 1; y += 'a' 'b'\n"
                              "try:\n  match x, y:\n    case {'k': P(q=1) | [_, *r]} as z if z: "
                              "pass\nexcept* E as e: raise e from None\n";
  for (std::size_t i = 0; i <= program.size(); ++i) {
    (void)parse_text(program.substr(0, i), Mode::Exec);
    (void)parse_text(program.substr(i), Mode::Interactive);
    std::string holed = program;
    if (i < holed.size()) holed.erase(i, 1 + i % 5);
    (void)parse_text(holed, Mode::Exec);
  }
  // Any bytes at all, too.
  std::string bytes;
  std::uint32_t state = 12345;
  for (int i = 0; i < 20000; ++i) {
    state = state * 1664525 + 1013904223;
    bytes += static_cast<char>(state >> 24);
    if (i % 50 == 49) {
      (void)parse(bytes, Mode::Exec);
      bytes.clear();
    }
  }
}
