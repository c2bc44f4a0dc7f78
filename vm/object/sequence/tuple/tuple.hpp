// tuple: immutable row of values, items inline behind the header.
#pragma once

#include "vm/object/type/type.hpp"

#include <span>

namespace aspy {

struct Tuple : Object {
  size_t size = 0;
  Value* items() { return reinterpret_cast<Value*>(this + 1); }
  const Value* items() const { return reinterpret_cast<const Value*>(this + 1); }
  Value operator[](size_t index) const { return items()[index]; }
  std::span<const Value> view() const { return {items(), size}; }
};
extern Type tuple_type;
inline bool is_tuple(Value value) {
  return value.is_object() && (value.as_object()->type->flags & TypeIsTuple) != 0;
}

// With `size` empty items, which the caller fills with owned values before the tuple is seen by a script.
Own<Tuple> new_tuple(size_t size);
Own<Tuple> make_tuple(std::span<const Value> items); // takes new references
// A tuple of items that the caller owns and gives up.
Own<Tuple> tuple_of_owned(std::span<const Value> items);
// In two steps, for whoever fills a tuple in place: a tuple of `size` items, to be filled in with owned
// values before anything else happens, and the end of that. A tuple never changes, so the collector hears
// only of those with containers in them.
Own<Tuple> allocate_tuple(size_t size);
void track_tuple(Tuple* tuple);
Own<Tuple> make_tuple(std::initializer_list<Value> items);
Own<Tuple> tuple_from_iterable(Thread& thread, Value iterable); // raises
Tuple* empty_tuple();                                           // borrowed, immortal

} // namespace aspy
