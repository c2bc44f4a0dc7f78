// The compiler: what it makes of small programs, and that all it makes keeps the rules of the instruction
// set.
#include <doctest/doctest.h>

#include "tests/unit/vm_fixture.hpp"
#include "vm/bytecode/analysis/disassembler.hpp"
#include "vm/bytecode/analysis/verifier.hpp"
#include "vm/compiler/compiler.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <string>

using namespace aspy;

namespace {

Own<Code> compiled(std::string_view source, CompileOptions options = {}) {
  Own<Code> code = compile(test::thread(), source, "test", options);
  if (!code) {
    Ref error = take_error(test::thread());
    Ref text = str(test::thread(), error);
    FAIL("does not compile: " << std::string(cast<Str>(text)->view()));
  }
  CHECK(verify(code.get()) == "");
  return code;
}

void check_compiles(std::string_view source) { Own<Code> code = compiled(source); }

// The listing of the first function of a program.
std::string function_listing(std::string_view source) {
  Own<Code> code = compiled(source);
  for (Value constant : code->constants)
    if (is_exact(constant, code_type)) return listing(test::thread(), cast<Code>(constant));
  return "no function";
}

std::string error_of(std::string_view source) {
  Own<Code> code = compile(test::thread(), source, "test", {});
  if (code) return "compiles";
  Ref error = take_error(test::thread());
  Ref text = str(test::thread(), error);
  return std::string(cast<Str>(text)->view());
}

} // namespace

TEST_SUITE_BEGIN("compiler");

TEST_CASE("operators read locals in place and write to the target") {
  CHECK(function_listing("def f(a, b):\n  x = a + b\n  return x * 2\n") == "Add x, a, b\n"
                                                                           "LoadInt r0, 2\n"
                                                                           "Mul r0, x, r0\n"
                                                                           "Return r0\n");
  CHECK(function_listing("def f(x):\n  x += 1\n  return x - 1\n") == "InplaceAddInt x, x, 1\n"
                                                                     "SubInt r0, x, 1\n"
                                                                     "Return r0\n");
}

TEST_CASE("conditions are jumps") {
  CHECK(function_listing("def f(a):\n  if a is not None and a < 3: return a\n") ==
        "JumpIfNone a, -> 5\n"
        "JumpLtInt a, 3, -> 5 unless\n"
        "Return a\n"
        "ReturnNone\n");
  CHECK(function_listing("def f(a):\n  while True: a()\n") ==
        "Move r0, a\nCall r0, r0\nClear r0\nJumpBack -> 0\n");
  CHECK(function_listing("def f(a, b, c):\n  return a < b < c\n").find("Copy") != std::string::npos);
}

TEST_CASE("loops keep their iterator in a temporary") {
  CHECK(function_listing("def f(s):\n  for x in s:\n    if x: break\n") == "GetIter r0, s\n"
                                                                           "ForIter x, r0, -> 8\n"
                                                                           "JumpIfFalse x, -> 7\n"
                                                                           "Clear r0\n"
                                                                           "Jump -> 8\n"
                                                                           "JumpBack -> 1\n"
                                                                           "ReturnNone\n");
}

TEST_CASE("unpacking and subscripts") {
  CHECK(function_listing("def f(s):\n  for i, (x, y) in s: s[0] = x[-1]\n") == "GetIter r0, s\n"
                                                                               "ForIter r1, r0, -> 13\n"
                                                                               "UnpackSequence r2..r3, r1\n"
                                                                               "Move i, r2\n"
                                                                               "UnpackSequence x..y, r3\n"
                                                                               "LoadItemInt r1, x, -1\n"
                                                                               "LoadInt r2, 0\n"
                                                                               "StoreItem s, r2, r1\n"
                                                                               "JumpBack -> 1\n"
                                                                               "ReturnNone\n");
  CHECK(function_listing("def f(a):\n  b, c = a\n  return b if b else c\n") ==
        "UnpackSequence b..c, a\nJumpIfFalse b, -> 3\nReturn b\nReturn c\n");
}

TEST_CASE("method calls") {
  CHECK(function_listing("def f(a):\n  a.b(1)\n") ==
        "Move r1, a\nLoadInt r2, 1\nCallMethod r0, r0..r2, b\nClear r0\nReturnNone\n");
  // Arguments with effects of their own come after the method has been found.
  CHECK(function_listing("def f(a, g):\n  a.b(g())\n") == "Move r1, a\n"
                                                          "LoadMethod r0, b\n"
                                                          "Move r2, g\n"
                                                          "Call r2, r2\n"
                                                          "CallLoaded r0, r0..r2\n"
                                                          "Clear r0\n"
                                                          "ReturnNone\n");
}

TEST_CASE("constants are folded") {
  CHECK(function_listing("def f():\n  return (1, -2, 3 * 4)\n") == "LoadConst r0, (1, -2, 12)\nReturn r0\n");
  CHECK(function_listing("def f():\n  return 2 ** 10 - 1.5\n") == "LoadConst r0, 1022.5\nReturn r0\n");
  CHECK(function_listing("def f():\n  if 0: return g\n") == "ReturnNone\n");
  CHECK(function_listing("def f():\n  return 1 / 0\n") ==
        "LoadInt r0, 1\nLoadInt r1, 0\nTrueDiv r0, r0, r1\nReturn r0\n");
}

TEST_CASE("locals are checked only where they may be unbound") {
  CHECK(function_listing("def f(a):\n  if a: b = 1\n  return b\n").find("CheckBound b") != std::string::npos);
  CHECK(function_listing("def f(a):\n  if a: b = 1\n  else: b = 2\n  return b\n").find("CheckBound") ==
        std::string::npos);
  CHECK(function_listing("def f(a):\n  del a\n  return a\n").find("CheckBound a") != std::string::npos);
}

TEST_CASE("comprehensions run in place with variables of their own") {
  CHECK(function_listing("def f(s):\n  return [x for x in s]\n") == "GetIter r1, s\n"
                                                                    "BuildList r0, -\n"
                                                                    "ForIter x, r1, -> 7\n"
                                                                    "ListAppend r0, x\n"
                                                                    "JumpBack -> 2\n"
                                                                    "Clear x\n"
                                                                    "Return r0\n");
}

TEST_CASE("every construct keeps the rules of the instruction set") {
  check_compiles(R"(
import a.b as c, d.e
from . import x as y
from m import *
@deco
class K[T](Base, *more, key=1, **rest):
  "doc"
  attr: int = 1
  if attr:
    other: str
  def method(self, a, /, b=1, *c, d, e=2, **f) -> None:
    self.seen = super().method(a)[1:2, ::3]
    nonlocal_ = 1
    def inner():
      nonlocal nonlocal_
      nonlocal_ += a
      return lambda: __class__
    return inner
def generic[T: int, *Ts, **P](x: T, *args: *Ts) -> T: return x
type Alias[T] = list[T]
def flow(n):
  for i in range(n):
    try:
      with open(n) as f, g:
        if i: continue
        if n: return f(i)
        break
    except (ValueError, TypeError) as e:
      del e
      raise
    except OSError:
      return n
    else:
      pass
    finally:
      try:
        n()
      finally:
        del n
  else:
    return
  while n:
    try: break
    finally: n -= 1
  try: n()
  except* KeyError as k: print(k)
  except* (A, B): pass
  finally: yield n
  (a, *b), [c, d] = x.y, z[0] = (yield)
  x.y += 1; z[n()] += 2
  a, b = b, a
  assert a < b <= c, f"{a!r:>{b}} {c}"
  del x.y, z[1], (a, b)
  return {**n, 1: 2, 'k': {3, *n}} if not (a and b or c) else [*n, (q := 1), q]
async def coroutine(n):
  async with n as (a, b), c:
    async for i in n:
      await i
      if i: return 1
  return [await x async for x in n if (await x)], {k: v for k in n for v in k}, (x async for x in n)
async def agen():
  yield 1
  try: yield
  finally: await n
def match_all(v):
  match v:
    case 1 | -2 | "s" | None: return 1
    case [a, *_, (b, c) as d] if a: return b
    case {"k": [x, y], **rest}: return rest
    case Point(x=0, y=[_, *z]) | Other([*z]) if z: pass
    case (1, p) | [p, 2]: return p
    case _: return 2
def closures():
  fs = [lambda: i for i in range(3)]
  return [[j + k for j in range(k)] for k in fs], (lambda *a, k=fs, **kw: (a, k, kw))
f(*a, *b, k=1, **c, **d)
x = t"a{b!r:{c}}d"
)");
}

TEST_CASE("deep and long programs") {
  std::string chain = "x = 1";
  for (int i = 0; i < 5000; ++i) chain += "+y";
  check_compiles(chain + "\n");
  std::string calls = "x = y";
  for (int i = 0; i < 3000; ++i) calls += ".a()[0]";
  check_compiles(calls + "\n");
  std::string branches = "if x == 0: pass\n";
  for (int i = 0; i < 3000; ++i) branches += "elif x == " + std::to_string(i) + ": y = 1\n";
  check_compiles(branches);
  std::string nots = "x = ";
  for (int i = 0; i < 1000; ++i) nots += "not ";
  check_compiles(nots + "y\n");
  // More locals than have registers, and a display larger than the temporaries.
  std::string many = "def f(a):\n";
  for (int i = 0; i < 300; ++i) many += "  v" + std::to_string(i) + " = a\n";
  many += "  def g(): return v0, v200, v299\n  return [";
  for (int i = 0; i < 300; ++i) many += "v" + std::to_string(i) + ", ";
  check_compiles(many + "]\n");
  // A body longer than a conditional jump reaches.
  std::string far = "def f(a):\n  if a:\n";
  for (int i = 0; i < 9000; ++i) far += "    a = b(a)\n";
  check_compiles(far + "  return a\n");
}

TEST_CASE("expressions and patterns that need many temporaries") {
  auto nest = [](std::string_view open, std::string_view inside, std::string_view close, int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    text += inside;
    for (int i = 0; i < depth; ++i) text += close;
    return text;
  };
  auto row = [](std::string_view before, std::string_view after, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      if (i > 0) text += ", ";
      text += std::string(before) + std::to_string(i) + std::string(after);
    }
    return text;
  };
  check_compiles(nest("f(1, 2, x.g(y, ", "z", "))", 90) + "\n");
  check_compiles(nest("[x, {y: (", "z", ",)}]", 60) + "\n");
  check_compiles(nest("[", "x", " for x in y]", 90) + "\n");
  check_compiles("def f():\n  for x in y:\n    try:\n      with z as w: return " +
                 nest("[x, *y, ", "[y for y in x if (z := y)]", "]", 80) + "\n    except E: pass\n");
  check_compiles("def f():\n  return " + nest("g(x, x, x, ", "(yield x)", ")", 80) + "\n");
  check_compiles("async def f():\n  return " + nest("await g(x, x, ", "[a async for a in x]", ")", 80) +
                 "\n");
  check_compiles("[1 " + nest("for x in y ", "", "", 300) + "]\n");
  check_compiles(row("a", "", 300) + " = x\n");
  check_compiles(row("a", "", 100) + ", *b, " + row("c", "", 100) + " = x\n");
  check_compiles("def f(" + row("a", "=x", 300) + ", *, " + row("k", "=x", 300) +
                 "):\n  def g(): return a0, a299, k299\n");
  check_compiles(nest("@f\n", "class C: pass\n", "", 300));
  check_compiles("match x:\n case [" + row("a", "", 300) + "]: pass\n case {" + row("'k", "': x", 1) +
                 "}: pass\n");
  check_compiles("match x:\n case " + nest("[", "x", "]", 90) + ": pass\n case [" + row("[*a", "]", 60) +
                 "]: pass\n");
  check_compiles("match x:\n case C([" + row("a", "", 100) + ", 0] | [0, " + row("a", "", 100) + "], " +
                 row("k", "=1", 100) + ") as b: pass\n");
}

TEST_CASE("positions survive packing") {
  std::vector<InstructionPosition> entries = {
      {0, {1, 0, 1, 10}}, {3, {2, 4, 4, 1}}, {4, {1, 300, 1, 20000}}, {900, {100000, 0, 100000, 5}}};
  Own<Code> code = new_code();
  code->positions = pack_positions(entries);
  CHECK(position_at(code.get(), 0).end_column == 10);
  CHECK(position_at(code.get(), 2).line == 1);
  CHECK(position_at(code.get(), 3).end_line == 4);
  CHECK(position_at(code.get(), 899).column == 300);
  CHECK(position_at(code.get(), 5000).line == 100000);
}

TEST_CASE("errors of the compiler") {
  CHECK(error_of("return 1") == "'return' outside function (test, line 1)");
  CHECK(error_of("break") == "'break' outside loop (test, line 1)");
  CHECK(error_of("def f():\n  x = 1\n  global x\n") ==
        "name 'x' is assigned to before global declaration (test, line 3)");
  CHECK(error_of("def f():\n  nonlocal y\n") == "no binding for nonlocal 'y' found (test, line 2)");
  CHECK(error_of("def f():\n  await x\n") == "'await' outside async function (test, line 2)");
  CHECK(error_of("[i := 1 for i in x]") ==
        "assignment expression cannot rebind comprehension iteration variable 'i' (test, line 1)");
  CHECK(error_of("f(a=1, a=2)") == "keyword argument repeated: a (test, line 1)");
}

TEST_SUITE_END();
