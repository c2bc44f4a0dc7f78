// Code images: what is read back is what was written, bodies included.
#include <doctest/doctest.h>

#include "tests/unit/vm_fixture.hpp"
#include "vm/bytecode/analysis/disassembler.hpp"
#include "vm/bytecode/image.hpp"
#include "vm/compiler/compiler.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <fmt/format.h>

using namespace aspy;

namespace {

constexpr std::string_view program = R"("""A module."""
import asyncio
NUMBERS = (0, -1, 10**30, -2**70, 1.5, -0.0, 3j, True, None, ...)
TEXTS = ("name", "not a name", "grüße", b"bytes\x00", "")

def outer(a, /, b=2, *rest, c, d="x", **more):
    """Has a body of its own."""
    def inner():
        nonlocal b
        b += a
        return b in {1, 2, 3} and rest[1:-1]
    try:
        return inner()
    except (ValueError, TypeError) as error:
        raise KeyError from error

class Shape:
    sides = 4
    async def walk(self):
        async with self as one:
            yield await one
)";

// Names, numbers, listing and positions of a code object and of all that is nested in it.
std::string describe(Code* code) {
  if (code->unread_body) read_body(code);
  Thread& thread = test::thread();
  std::string text = fmt::format("{} {} {:x} {} {} {}\n", code->qualname->view(), code->first_line,
                                 code->flags, code->arg_count, code->kwonly_count, code->temp_count);
  for (Tuple* names : {code->local_names, code->cell_names, code->free_names})
    text += test::show(share(Value(names))) + "\n";
  text += listing(thread, code);
  for (uint32_t at = 0; at < code->words.size(); ++at) {
    Position position = position_at(code, at);
    text +=
        fmt::format("{}:{}-{}:{} ", position.line, position.column, position.end_line, position.end_column);
  }
  for (const Handler& handler : code->handlers)
    text += fmt::format("[{} {} {} {}]", handler.start, handler.end, handler.handler, handler.depth);
  for (Value constant : code->constants)
    text +=
        is_exact(constant, code_type) ? describe(cast<Code>(constant)) : test::show(share(constant)) + "\n";
  return text;
}

} // namespace

TEST_SUITE_BEGIN("image");

TEST_CASE("what is read back is what was written") {
  CompileOptions options;
  options.library = true;
  Own<Code> code = compile(test::thread(), program, "<frozen test>", options);
  REQUIRE(code);
  std::string image = write_image(code.get());
  Own<Code> back = read_image(image);
  CHECK(describe(back.get()) == describe(code.get()));
  CHECK(write_image(back.get()) == image);
}

TEST_CASE("the body of a function waits until it is asked for") {
  Own<Code> code = compile(test::thread(), "def f(x):\n  return x + 1\n", "<frozen test>", {});
  std::string image = write_image(code.get());
  Own<Code> back = read_image(image);
  CHECK(!back->unread_body);
  for (Value constant : back->constants) {
    if (!is_exact(constant, code_type)) continue;
    Code* function = cast<Code>(constant);
    CHECK(function->unread_body);
    CHECK(function->arg_count == 1);
    CHECK(op_of(function->words[0]) == Op::LoadBody);
    read_body(function);
    CHECK(listing(test::thread(), function) == "AddInt r0, x, 1\nReturn r0\n");
  }
}

TEST_SUITE_END();
