// The object model from C++: classes, layouts, shapes, lookup caches, binding of natives.
#include "tests/unit/vm_fixture.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/type/class.hpp"
#include "vm/object/weakref.hpp"

#include <doctest/doctest.h>
#include <initializer_list>

using namespace aspy;
using aspy::test::show;
using aspy::test::thread;

namespace {

struct Entry {
  const char* name;
  Value value;
};

// type(name, bases, {...})
Ref new_class(const char* name, std::initializer_list<Value> bases,
              std::initializer_list<Entry> entries = {}) {
  Thread& t = thread();
  Own<Dict> ns = new_dict();
  dict_set(ns.get(), intern("__module__"), Value(intern("demo")));
  for (const Entry& entry : entries) dict_set(ns.get(), intern(entry.name), entry.value);
  Own<Tuple> row = make_tuple(bases);
  return call(t, Value(&type_type), {Value(intern(name)), row.value(), ns.value()});
}

Ref attribute(Value object, const char* name) { return get_attr(thread(), object, intern(name)); }
std::string store(Value object, const char* name, Value value) {
  return show(set_attr(thread(), object, intern(name), value));
}

} // namespace

TEST_CASE("a class has bases, an order and a name") {
  Thread& t = thread();
  Ref a = new_class("A", {});
  Ref b = new_class("B", {a});
  Ref c = new_class("C", {a});
  Ref d = new_class("D", {b, c});
  CHECK(show(a) == "<class 'demo.A'>");
  CHECK(show(attribute(d, "__mro__")) ==
        "(<class 'demo.D'>, <class 'demo.B'>, <class 'demo.C'>, <class 'demo.A'>, <class 'object'>)");
  CHECK(isinstance(t, call(t, d), a) == 1);
  CHECK(show(new_class("E", {a, b})) ==
        "TypeError: Cannot create a consistent method resolution order (MRO) for bases A, B");
  CHECK(show(new_class("E", {a, a})) == "TypeError: duplicate base class A");
  CHECK(show(new_class("E", {Value(&bool_type)})) == "TypeError: type 'bool' is not an acceptable base type");
  CHECK(show(new_class("E", {Value(&int_type), Value(&str_type)})) ==
        "TypeError: multiple bases have instance lay-out conflict");
}

TEST_CASE("attributes follow shapes and outgrow the room inside the instance") {
  Thread& t = thread();
  Ref cls = new_class("C", {});
  Ref one = call(t, cls), two = call(t, cls);
  for (int i = 0; i < 40; ++i) {
    std::string name = "a" + std::to_string(i);
    CHECK(set_attr(t, one, intern(name), Value::from_int(i)));
    CHECK(set_attr(t, two, intern(name), Value::from_int(-i)));
    CHECK(attrs_of(one.get().as_object())->shape == attrs_of(two.get().as_object())->shape);
  }
  CHECK(show(attribute(one, "a0")) == "0");
  CHECK(show(attribute(two, "a39")) == "-39");
  CHECK(show(attribute(one, "a40")) == "AttributeError: 'C' object has no attribute 'a40'");
  // Deleting in the middle makes a dictionary of it; the others keep their order.
  CHECK(store(one, "a3", Value()) == "ok");
  CHECK(show(attribute(one, "a4")) == "4");
  CHECK(length(t, attribute(one, "__dict__")) == 39);
  CHECK(store(one, "a3", Value()) == "AttributeError: 'C' object has no attribute 'a3'");
}

TEST_CASE("members of __slots__, in front of variable-size objects too") {
  Thread& t = thread();
  Own<Tuple> names = make_tuple({Value(intern("x")), Value(intern("y"))});
  Ref point = new_class("Point", {}, {{"__slots__", names.value()}});
  Ref p = call(t, point);
  CHECK(show(attribute(p, "x")) == "AttributeError: 'Point' object has no attribute 'x'");
  CHECK(store(p, "x", Value::from_int(1)) == "ok");
  CHECK(show(attribute(p, "x")) == "1");
  CHECK(store(p, "z", None) ==
        "AttributeError: 'Point' object has no attribute 'z' and no __dict__ for setting new attributes");
  CHECK(show(attribute(point, "x")) == "<member 'x' of 'Point' objects>");

  Ref row = new_class("Row", {Value(&tuple_type)});
  Own<List> items = make_list(std::initializer_list<Value>{Value::from_int(5), None});
  Ref r = call(t, row, {items.value()});
  CHECK(store(r, "note", Value::from_int(7)) == "ok");
  CHECK(show(attribute(r, "note")) == "7");
  CHECK(show(r) == "(5, None)");
  Ref text = new_class("Text", {Value(&str_type)}, {{"__slots__", Value(intern("w"))}});
  Ref s = call(t, text, {Value(intern("hey"))});
  CHECK(store(s, "w", True) == "ok");
  CHECK(show(s) == "'hey'");
  CHECK(show(new_class("N", {Value(&int_type)}, {{"__slots__", names.value()}})) ==
        "TypeError: nonempty __slots__ not supported for subtype of 'int'");
}

TEST_CASE("a change of a class is seen through every cache") {
  Thread& t = thread();
  Ref base = new_class("Base", {}, {{"x", Value::from_int(1)}});
  Ref derived = new_class("Derived", {base});
  Ref object = call(t, derived);
  uint32_t before = cast<Type>(derived)->version;
  CHECK(show(attribute(object, "x")) == "1");
  CHECK(store(base, "x", Value::from_int(2)) == "ok");
  CHECK(cast<Type>(derived)->version != before);
  CHECK(show(attribute(object, "x")) == "2");
  CHECK(store(derived, "x", Value::from_int(3)) == "ok");
  CHECK(show(attribute(object, "x")) == "3");
  CHECK(store(derived, "x", Value()) == "ok");
  CHECK(show(attribute(object, "x")) == "2");
  CHECK(store(Value(&int_type), "x", None) == "TypeError: cannot set 'x' attribute of immutable type 'int'");
}

TEST_CASE("native methods bind their arguments with the usual messages") {
  Thread& t = thread();
  Own<List> list = make_list(std::initializer_list<Value>{Value::from_int(3)});
  Value l = list.value();
  Value one = Value::from_int(1);
  CHECK(show(call_method(t, l, "append")) == "TypeError: list.append() takes exactly one argument (0 given)");
  CHECK(show(call_method(t, l, "clear", {one})) == "TypeError: list.clear() takes no arguments (1 given)");
  CHECK(show(call_method(t, l, "pop", {one, one})) == "TypeError: pop expected at most 1 argument, got 2");
  CHECK(show(call_method(t, l, "insert", {one})) == "TypeError: insert expected 2 arguments, got 1");
  CHECK(show(call_method(t, l, "index")) == "TypeError: index expected at least 1 argument, got 0");
  CHECK(show(call_method(t, l, "sort", {one})) == "TypeError: sort() takes no positional arguments");
  CHECK(show(call(t, attribute(Value(&list_type), "append"))) ==
        "TypeError: unbound method list.append() needs an argument");
  CHECK(show(call(t, attribute(Value(&list_type), "append"), {one, one})) ==
        "TypeError: descriptor 'append' for 'list' objects doesn't apply to a 'int' object");
  CHECK(show(call(t, attribute(Value(&list_type), "__len__"), {one})) ==
        "TypeError: descriptor '__len__' requires a 'list' object but received a 'int'");
  CHECK(show(call_method(t, l, "__len__")) == "1");
  CHECK(show(attribute(Value(&list_type), "__len__")) == "<slot wrapper '__len__' of 'list' objects>");
  CHECK(show(attribute(Value(&list_type), "append")) == "<method 'append' of 'list' objects>");
}

TEST_CASE("operators ask both sides and say what they were given") {
  Thread& t = thread();
  Value one = Value::from_int(1), text = Value(intern("a"));
  CHECK(show(binary_op(t, BinaryOp::Add, one, text)) ==
        "TypeError: unsupported operand type(s) for +: 'int' and 'str'");
  CHECK(show(inplace_op(t, BinaryOp::Pow, one, text)) ==
        "TypeError: unsupported operand type(s) for **=: 'int' and 'str'");
  CHECK(show(compare(t, one, text, CompareOp::Lt)) ==
        "TypeError: '<' not supported between instances of 'int' and 'str'");
  CHECK(show(negative(t, text)) == "TypeError: bad operand type for unary -: 'str'");
  CHECK(show(get_item(t, one, one)) == "TypeError: 'int' object is not subscriptable");
  CHECK(show(get_item(t, Value(&int_type), one)) == "TypeError: type 'int' is not subscriptable");
  CHECK(show(get_item(t, Value(&list_type), Value(&int_type))) == "list[int]");
  CHECK(show(binary_op(t, BinaryOp::Or, Value(&int_type), Value(&str_type))) == "int | str");
  CHECK(length(t, one) == -1);
  CHECK(show(Ref()) == "TypeError: object of type 'int' has no len()");
  CHECK(contains(t, one, one) == -1);
  CHECK(show(Ref()) == "TypeError: argument of type 'int' is not a container or iterable");
}

TEST_CASE("weak references die with their object") {
  Thread& t = thread();
  Ref cls = new_class("C", {});
  Ref object = call(t, cls);
  Ref weak = make_weakref(t, object, Value());
  CHECK(weakref_target(weak).get() == object.get());
  CHECK(make_weakref(t, object, Value()).get() == weak.get()); // shared
  object.reset();
  CHECK(!weakref_target(weak));
  CHECK(show(make_weakref(t, Value::from_int(1), Value())) ==
        "TypeError: cannot create weak reference to 'int' object");
}

TEST_CASE("a chain of a million objects is released without recursion") {
  Own<List> outer = new_list();
  for (int i = 0; i < 1'000'000; ++i) {
    Own<List> next = new_list(1);
    list_append(next.get(), Ref(std::move(outer)));
    outer = std::move(next);
  }
  outer = nullptr;
  CHECK(true);
}
