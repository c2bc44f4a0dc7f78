// What the files of the exception types share; nobody else needs it.
#pragma once

#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <type_traits>

namespace aspy {

// BaseException.__new__ and __init__: keep the positional arguments. `init` refuses keywords.
Ref exception_construct(Thread& thread, Type* type, CallArgs call);
bool exception_init(Thread& thread, Value self, CallArgs call);
Ref exception_str(Thread& thread, Value self);

inline ExceptionObject* as_exception(Value value) { return cast<ExceptionObject>(value); }
inline std::span<const Value> exception_args(Value value) {
  Tuple* args = as_exception(value)->args;
  return args ? args->view() : std::span<const Value>();
}

// The fields that an exception struct adds to ExceptionObject are Values in a row behind it, so that one
// implementation of the lifetime slots serves all.
void exception_release(Object* object, size_t extra_fields);
void exception_visit(Object* object, Visitor& visitor, size_t extra_fields);
void exception_clear(Object* object, size_t extra_fields);

template <class T>
inline constexpr size_t extra_fields = (sizeof(T) - sizeof(ExceptionObject)) / sizeof(Value);

template <class T> void fill_lifetime_slots(Type& type) {
  static_assert(std::is_base_of_v<ExceptionObject, T>);
  type.slots.dealloc = [](Object* object) { exception_release(object, extra_fields<T>); };
  type.slots.traverse = [](Object* object, Visitor& visitor) {
    exception_visit(object, visitor, extra_fields<T>);
  };
  type.slots.clear = [](Object* object) { exception_clear(object, extra_fields<T>); };
}

// Attribute getter and setter for a field; deleting it makes it None again.
template <class T, Value T::*field> Ref get_field(Thread&, Value self) {
  Value value = cast<T>(self)->*field;
  return share(value ? value : None);
}
template <class T, Value T::*field> bool set_field(Thread&, Value self, Value value_or_empty) {
  assign(cast<T>(self)->*field, share(value_or_empty));
  return true;
}

// What each type adds; filled in by the file that implements it, before it is made ready.
struct ExceptionTraits {
  uint32_t size = 0; // 0: as the base
  const NativeDef* methods = nullptr;
  const GetSetDef* getset = nullptr;
};
ExceptionTraits
prepare_field_exceptions(Type& type); // exception_types.cpp: slots and tables; empty traits for plain types
ExceptionTraits prepare_groups(Type& type); // exception_group.cpp
void init_traceback_type();

} // namespace aspy
