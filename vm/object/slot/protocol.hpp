// What can be done with any value: the operations behind the language's syntax. Each dispatches on the types'
// slots, and raises what CPython raises.
#pragma once

#include "vm/object/type/type.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace aspy {

struct Str;

// --- attributes (vm/object/attribute/attributes.cpp) ---------------------------------------------
Ref get_attr(Thread& thread, Value object, Str* name);
Ref get_attr(Thread& thread, Value object, std::string_view name);
// As get_attr, but a missing attribute gives an empty Ref with no exception pending.
Ref find_attr(Thread& thread, Value object, Str* name);
bool set_attr(Thread& thread, Value object, Str* name, Value value_or_empty);
// As generic_get_attr, but a missing attribute gives an empty Ref with no exception pending.
Ref find_generic_attr(Thread& thread, Value object, Str* name);
// object.__getattribute__ and object.__setattr__: descriptors, the instance's attributes, the type's.
Ref generic_get_attr(Thread& thread, Value object, Str* name);
bool generic_set_attr(Thread& thread, Value object, Str* name, Value value_or_empty);
// Tells a pending AttributeError that says neither name nor object whose attribute was asked for.
void tell_attribute(Thread& thread, Value object, Str* name);
// AttributeError with the fields that suggestions are made from.
struct Raised raise_attribute_error(Thread& thread, Value object, Str* name, std::string_view message);
// A method found on the *type* of `object` and bound to it (how dunder methods are found). Empty without an
// exception when the type has none.
Ref lookup_special(Thread& thread, Value object, Str* name);
// Binds what was found on a type: descr.__get__(object, type), or the value itself when it is no descriptor.
Ref bind_descriptor(Thread& thread, Value found, Value object_or_empty, Type* type);
// Calls a method found on the type of `self` with type_lookup, without making a bound method where that can
// be avoided.
Ref call_found(Thread& thread, Value found, Value self, std::initializer_list<Value> rest = {});

// --- calls (vm/interpreter/call.cpp) -----------------------------------------------------------------------
Ref call(Thread& thread, Value callable, CallArgs args);
Ref call(Thread& thread, Value callable, std::initializer_list<Value> args);
inline Ref call(Thread& thread, Value callable) { return call(thread, callable, CallArgs{}); }
Ref call_method(Thread& thread, Value object, Str* name, std::initializer_list<Value> args = {});
Ref call_method(Thread& thread, Value object, std::string_view name, std::initializer_list<Value> args = {});
bool is_callable(Value value);

// --- text, identity, order -----------------------------------------------------------------------
Ref repr(Thread& thread, Value value); // always a str
Ref str(Thread& thread, Value value);  // always a str
Ref ascii_repr(Thread& thread, Value value);
Ref format(Thread& thread, Value value, Str* spec); // format(value, spec)
bool hash(Thread& thread, Value value, int64_t& out);
Ref compare(Thread& thread, Value a, Value b, CompareOp op);
// Whether `op` holds for two values in this order: below zero (the left one is smaller), zero, or above.
constexpr bool holds(CompareOp op, int64_t order) {
  switch (op) {
  case CompareOp::Lt: return order < 0;
  case CompareOp::Le: return order <= 0;
  case CompareOp::Eq: return order == 0;
  case CompareOp::Ne: return order != 0;
  case CompareOp::Gt: return order > 0;
  default: return order >= 0;
  }
}
int equals(Thread& thread, Value a, Value b); // 1, 0, -1 raised; identical values are equal
int compare_bool(Thread& thread, Value a, Value b,
                 CompareOp op);          // 1, 0, -1 raised; identity implies ==, as in containers
int truthy(Thread& thread, Value value); // 1, 0, -1 raised

// --- containers and iteration --------------------------------------------------------------------
int64_t length(Thread& thread, Value value); // -1 raised
int64_t length_hint(Thread& thread, Value value, int64_t fallback);
Ref get_item(Thread& thread, Value object, Value key);
bool set_item(Thread& thread, Value object, Value key, Value value_or_empty);
int contains(Thread& thread, Value container, Value item); // -1 raised
Ref iter(Thread& thread, Value iterable);
// The next item; empty without a pending exception at the end (StopIteration is swallowed).
Ref next(Thread& thread, Value iterator);
bool for_each_item(Thread& thread, Value iterable, bool (*body)(void*, Value), void* context);
// Calls `body(Value item) -> bool` for each item of an iterable (lists and tuples directly); stops and
// returns false when the body does or an exception is pending.
template <class Body> bool for_each(Thread& thread, Value iterable, Body&& body) {
  using Function = std::remove_reference_t<Body>;
  return for_each_item(
      thread, iterable,
      [](void* function, Value item) -> bool { return (*static_cast<Function*>(function))(item); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

// --- operators -----------------------------------------------------------------------------------
Ref binary_op(Thread& thread, BinaryOp op, Value a, Value b);
Ref inplace_op(Thread& thread, BinaryOp op, Value a, Value b);
Ref power(Thread& thread, Value a, Value b, Value modulus_or_none);
Ref negative(Thread& thread, Value value);
Ref positive(Thread& thread, Value value);
Ref invert(Thread& thread, Value value);
Ref absolute(Thread& thread, Value value);
Ref to_index_object(Thread& thread, Value value); // operator.index: an int
const char* operator_symbol(BinaryOp op);         // "+"

// --- classes -------------------------------------------------------------------------------------
int isinstance(Thread& thread, Value object, Value class_or_tuple); // with __instancecheck__; -1 raised
int issubclass(Thread& thread, Value cls, Value class_or_tuple);    // with __subclasscheck__; -1 raised

// --- errors (vm/object/error/errors.cpp) ---

// Set the pending exception to a new instance and return false / an empty Ref (`return raise(...)` fits any
// function that raises by an empty Ref). The message becomes the exception's only argument.
struct Raised {
  operator Ref() const { return Ref(); }
  operator bool() const { return false; }
  template <class T> operator T*() const { return nullptr; }
  template <class T> operator Own<T>() const { return Own<T>(); }
};
Raised raise(Thread& thread, Type& type, std::string_view message);
Raised raise_value(Thread& thread, Value exception); // an instance or a class
Raised raise_with_args(Thread& thread, Type& type, std::initializer_list<Value> args); // KeyError(key)
Raised raise_type_error(Thread& thread, std::string_view message);
Raised raise_value_error(Thread& thread, std::string_view message);
Raised raise_os_error(Thread& thread, int errno_value, Value filename_or_empty = {}); // picks the subclass
bool error_matches(Thread& thread, const Type& type); // the pending exception is an instance
// __name__ of the value's type, for messages; valid while the type lives.
std::string_view type_name(Value value);
// "module.Qualname" as messages print types ("collections.OrderedDict", "int").
std::string full_type_name(const Type* type);
// From now on messages call the class by its name with the module, as they do native types.
void name_with_module(Type* type);
// Prints a pending exception that has nowhere to go, and clears it: "Exception ignored in: WHERE", or
// "MESSAGE WHERE:".
void write_unraisable(Thread& thread, Value where, std::string_view message = {});
// Who prints it, set by the runtime: takes the pending exception. Null: the exception is dropped.
extern void (*unraisable_hook)(Thread& thread, Value where, std::string_view message);

} // namespace aspy
