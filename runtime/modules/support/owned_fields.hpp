// The lifetime slots of native objects whose references are plain Value fields, generated from the list of
// them.
#pragma once

#include "vm/memory/heap.hpp"
#include "vm/object/type/type.hpp"

namespace aspy {

// Fills dealloc, traverse and clear: OwnedFields<Chain, &Chain::iterables,
// &Chain::current>::fill(type.slots).
template <class T, Value T::*... fields> struct OwnedFields {
  static void clear(Object* object) { (clear_field(static_cast<T*>(object)->*fields), ...); }
  static void dealloc(Object* object) {
    clear(object);
    free_object(object);
  }
  static void traverse(Object* object, Visitor& visitor) { (visitor(static_cast<T*>(object)->*fields), ...); }
  static void fill(Slots& slots) {
    slots.dealloc = dealloc;
    slots.traverse = traverse;
    slots.clear = clear;
  }
  // An iterator: iter(x) is x.
  static void fill_iterator(Slots& slots, Ref (*next)(Thread&, Value)) {
    fill(slots);
    slots.iter = [](Thread&, Value self) { return share(self); };
    slots.next = next;
  }
};

// A new instance for a constructor, its Value fields empty, its numbers 0.
template <class T> Own<T> new_instance(Type* type) {
  return Own<T>::steal(static_cast<T*>(allocate_instance(type)));
}

} // namespace aspy
