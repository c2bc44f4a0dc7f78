// Trees, in the compact form of parser/dump.hpp.
#include <doctest/doctest.h>

#include <string>

#include "parser/dump.hpp"
#include "parser/parser.hpp"

using namespace aspy;

namespace {

std::string tree(std::string_view source, Mode mode = Mode::Exec, bool positions = false) {
  auto result = parse_text(source, mode);
  if (!result) return result.issue->message;
  auto text = dump(result.tree->root, positions);
  if (mode == Mode::Eval) return text.substr(12, text.size() - 13); // what is inside (Expression ...)
  return text.substr(9, text.size() - 11);                          // inside (Module [...])
}
std::string expr(std::string_view source) { return tree(source, Mode::Eval); }

} // namespace

TEST_CASE("parser: precedence") {
  CHECK(expr("a + b * c") == "(BinOp (Name a) + (BinOp (Name b) * (Name c)))");
  CHECK(expr("a - b - c") == "(BinOp (BinOp (Name a) - (Name b)) - (Name c))");
  CHECK(expr("-x ** -y") == "(UnaryOp - (BinOp (Name x) ** (UnaryOp - (Name y))))");
  CHECK(expr("a ** b ** c") == "(BinOp (Name a) ** (BinOp (Name b) ** (Name c)))");
  CHECK(expr("not a in b") == "(UnaryOp not (Compare (Name a) [in] [(Name b)]))");
  CHECK(expr("a < b is not c") == "(Compare (Name a) [< is not] [(Name b) (Name c)])");
  CHECK(expr("a or b and c") == "(BoolOp or [(Name a) (BoolOp and [(Name b) (Name c)])])");
  CHECK(expr("a if b else c if d else e") == "(IfExp (Name b) (Name a) (IfExp (Name d) (Name c) (Name e)))");
  CHECK(expr("await x ** 2") == "(BinOp (Await (Name x)) ** (Constant 2))");
  CHECK(expr("a | b ^ c & d << e") ==
        "(BinOp (Name a) | (BinOp (Name b) ^ (BinOp (Name c) & (BinOp (Name d) << (Name e)))))");
}

TEST_CASE("parser: calls, subscripts and displays") {
  CHECK(expr("f(a, *b, c=1, **d)") ==
        "(Call (Name f) [(Name a) (Starred (Name b))] [(keyword c (Constant 1)) (keyword - (Name d))])");
  CHECK(expr("x[1:2, ::3]") ==
        "(Subscript (Name x) (Tuple [(Slice (Constant 1) (Constant 2) -) (Slice - - (Constant 3))]))");
  CHECK(expr("{1: 2, **x}") == "(Dict [(Constant 1) -] [(Constant 2) (Name x)])");
  CHECK(expr("[i async for i in x if y]") ==
        "(ListComp (Name i) [(comprehension (Name i Store) (Name x) [(Name y)] 1)])");
  CHECK(expr("f(x for x in y)") ==
        "(Call (Name f) [(GeneratorExp (Name x) [(comprehension (Name x Store) (Name y) [] 0)])] [])");
  CHECK(expr("(a,)") == "(Tuple [(Name a)])");
  CHECK(expr("(y := 1)") == "(NamedExpr (Name y Store) (Constant 1))");
}

TEST_CASE("parser: literals") {
  CHECK(expr("0xFF_ff") == "(Constant 65535)");
  CHECK(expr("1_0.5e1") == "(Constant 105f)");
  CHECK(expr("2j") == "(Constant 2j)");
  CHECK(expr("'a' \"b\"") == "(Constant \"ab\")");
  CHECK(expr("'\\x41\\u00e9\\N{BULLET}\\101'") == "(Constant \"A\xC3\xA9\xE2\x80\xA2"
                                                  "A\")");
  CHECK(expr("'\\ud800'") == "(Constant \"\xED\xA0\x80\")");
  CHECK(expr("b'\\xff'") == "(Constant b\"\xFF\")");
  CHECK(expr("f'a{x!r:>{w}}{{}}{y=}'") == "(JoinedStr [(Constant \"a\") (FormattedValue (Name x) r "
                                          "(JoinedStr [(Constant \">\") (FormattedValue (Name w) - -)])) "
                                          "(Constant \"{}y=\") (FormattedValue (Name y) r -)])");
  CHECK(expr("t'{ a + 1 }'") ==
        "(TemplateStr [(Interpolation (BinOp (Name a) + (Constant 1)) \" a + 1\" - -)])");
}

TEST_CASE("parser: statements") {
  CHECK(tree("a = b, *c = d") ==
        "(Assign [(Name a Store) (Tuple [(Name b Store) (Starred (Name c Store) Store)] Store)] (Name d))");
  CHECK(tree("x: int = 1") == "(AnnAssign (Name x Store) (Name int) (Constant 1) 1)");
  CHECK(tree("a.b //= 2") == "(AugAssign (Attribute (Name a) b Store) // (Constant 2))");
  CHECK(tree("if a: b\nelif c: d\nelse: e") ==
        "(If (Name a) [(Expr (Name b))] [(If (Name c) [(Expr (Name d))] [(Expr (Name e))])])");
  CHECK(tree("def f(a, /, b=1, *c, d, e=2, **g) -> h: pass") ==
        "(FunctionDef f (arguments [(arg a -)] [(arg b -)] (arg c -) [(arg d -) (arg e -)] [- (Constant 2)] "
        "(arg g -) "
        "[(Constant 1)]) [(Pass)] [] (Name h) [])");
  CHECK(tree("try: a\nexcept B, C: d\nfinally: e") ==
        "(Try [(Expr (Name a))] [(ExceptHandler (Tuple [(Name B) (Name C)]) - [(Expr (Name d))])] [] [(Expr "
        "(Name e))])");
  CHECK(tree("from ..a import b as c") == "(ImportFrom a [(alias b c)] 2)");
  CHECK(tree("async with a as b, c: pass") ==
        "(AsyncWith [(withitem (Name a) (Name b Store)) (withitem (Name c) -)] [(Pass)])");
  CHECK(tree("type X[T: int] = T") == "(TypeAlias (Name X Store) [(TypeVar T (Name int) -)] (Name T))");
  CHECK(tree("match x:\n  case [1, *_] | {'a': b, **r}: pass\n  case P(q, k=0) as z if w: pass") ==
        "(Match (Name x) [(match_case (MatchOr [(MatchSequence [(MatchValue (Constant 1)) (MatchStar -)]) "
        "(MatchMapping [(Constant \"a\")] [(MatchAs - b)] r)]) - [(Pass)]) "
        "(match_case (MatchAs (MatchClass (Name P) [(MatchAs - q)] [k] [(MatchValue (Constant 0))]) z) (Name "
        "w) [(Pass)])])");
  CHECK(tree("match = match(x)\nprint(match)") == "(Assign [(Name match Store)] (Call (Name match) [(Name "
                                                  "x)] [])) (Expr (Call (Name print) [(Name match)] []))");
}

TEST_CASE("parser: positions are in bytes and span what they should") {
  CHECK(tree("(é) + b", Mode::Exec, true) ==
        "(Expr@1:0-1:8 (BinOp@1:0-1:8 (Name@1:1-1:3 é) + (Name@1:7-1:8 b)))");
  CHECK(tree("if a:\n  b\n\n", Mode::Exec, true) ==
        "(If@1:0-2:3 (Name@1:3-1:4 a) [(Expr@2:2-2:3 (Name@2:2-2:3 b))] [])");
}

TEST_CASE("parser: a name is interned and normalised") {
  auto result = parse_text("\xEF\xAC\x81x = 1\nfix = fix\n", Mode::Exec); // a ligature
  auto body = result.tree->module()->body;
  auto* first = ast::as<ast::Name>(ast::as<ast::Assign>(body[0])->targets[0]);
  auto* second = ast::as<ast::Assign>(body[1]);
  CHECK(first->id == "fix");
  CHECK(first->id.data() == ast::as<ast::Name>(second->value)->id.data());
}
