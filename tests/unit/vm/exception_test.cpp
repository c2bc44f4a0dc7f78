// Pending exceptions: raising, chaining, tracebacks, groups.
#include "tests/unit/vm_fixture.hpp"
#include "vm/compiler/compiler.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <doctest/doctest.h>

using namespace aspy;

namespace {

// The pending exception, taken out of the thread.
Own<ExceptionObject> pending() {
  Ref error = take_error(test::thread());
  REQUIRE(is_exception(error));
  return Own<ExceptionObject>::steal(cast<ExceptionObject>(error.release()));
}

Own<ExceptionObject> made(Type& type, std::string_view message) {
  raise(test::thread(), type, message);
  return pending();
}

} // namespace

TEST_SUITE_BEGIN("exception");

TEST_CASE("raising leaves an instance pending, and matching goes by class") {
  Thread& t = test::thread();
  CHECK_FALSE(raise(t, KeyError_type, "gone"));
  CHECK(t.has_error());
  CHECK(error_matches(t, KeyError_type));
  CHECK(error_matches(t, LookupError_type));
  CHECK_FALSE(error_matches(t, IndexError_type));
  CHECK(test::show(Ref()) == "KeyError: 'gone'");
  CHECK_FALSE(t.has_error());
}

TEST_CASE("what is raised while another is handled remembers it") {
  Thread& t = test::thread();
  Own<ExceptionObject> first = made(ValueError_type, "first");
  t.handled = share(first.value()).release();
  Own<ExceptionObject> second = made(TypeError_type, "second");
  CHECK(second->context == first.value());
  CHECK_FALSE(second->suppress_context);
  // Raising the handled one again must not chain it to itself.
  set_error(t, share(first.value()));
  Own<ExceptionObject> again = pending();
  CHECK(again.value() == first.value());
  CHECK(!again->context);
  clear_field(t.handled);
}

TEST_CASE("a chain that would close into a ring is cut") {
  Thread& t = test::thread();
  Own<ExceptionObject> inner = made(ValueError_type, "inner");
  t.handled = share(inner.value()).release();
  Own<ExceptionObject> outer = made(TypeError_type, "outer");
  CHECK(outer->context == inner.value());
  clear_field(t.handled);
  t.handled = share(outer.value()).release();
  set_error(t, share(inner.value()));
  Own<ExceptionObject> raised = pending();
  CHECK(raised->context == outer.value());
  CHECK(!outer->context);
  clear_field(t.handled);
}

TEST_CASE("StopIteration carries a value without a call") {
  Thread& t = test::thread();
  CHECK_FALSE(raise_stop_iteration(t, Value::from_int(7)));
  Ref value = take_stop_value(t);
  CHECK(value.get() == Value::from_int(7));
  CHECK_FALSE(t.has_error());
  raise(t, ValueError_type, "another");
  CHECK(!take_stop_value(t));
  CHECK(test::show(Ref()) == "ValueError: another");
}

TEST_CASE("traceback entries are put in front") {
  Thread& t = test::thread();
  Own<Code> inner = compile(t, "1\n", "inner", {}), outer = compile(t, "2\n", "outer", {});
  Own<Dict> globals = new_dict();
  raise(t, ValueError_type, "deep");
  add_traceback(t, inner.get(), 0, globals.get());
  add_traceback(t, outer.get(), 0, globals.get());
  Own<ExceptionObject> error = pending();
  REQUIRE(is_exact(error->traceback, traceback_type));
  auto* head = cast<Traceback>(error->traceback);
  CHECK(head->code == outer.get());
  REQUIRE(head->next);
  CHECK(head->next->code == inner.get());
  CHECK(head->next->next == nullptr);
}

TEST_CASE("a group is split by class into what matches and the rest") {
  Thread& t = test::thread();
  Own<ExceptionObject> a = made(ValueError_type, "a"), b = made(TypeError_type, "b");
  Own<Tuple> members = make_tuple({a.value(), b.value()});
  Own<Str> message = make_str("two");
  Ref group = call(t, Value(&ExceptionGroup_type), {message.value(), members.value()});
  REQUIRE(group);
  Ref match, rest;
  CHECK(split_group(t, group, Value(&ValueError_type), match, rest));
  CHECK(test::show(match) == "ExceptionGroup('two', [ValueError('a')])");
  CHECK(test::show(rest) == "ExceptionGroup('two', [TypeError('b')])");
  CHECK(split_group(t, group, Value(&KeyError_type), match, rest));
  CHECK(match.get() == None);
  CHECK(test::show(rest) == "ExceptionGroup('two', [ValueError('a'), TypeError('b')])");
}

TEST_SUITE_END();
