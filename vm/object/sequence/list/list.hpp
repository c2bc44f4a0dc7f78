// list: growable array of values.
#pragma once

#include "vm/object/type/type.hpp"

#include <span>

namespace aspy {

struct List : Object {
  size_t size = 0, capacity = 0;
  Value* items = nullptr; // owned array of owned values
  Value operator[](size_t index) const { return items[index]; }
  std::span<const Value> view() const { return {items, size}; }
};
struct ListIterator : Object {
  List* list = nullptr; // owned, null when exhausted
  size_t index = 0;
};
extern Type list_type, list_iterator_type, list_reverse_iterator_type;
inline bool is_list(Value value) {
  return value.is_object() && (value.as_object()->type->flags & TypeIsList) != 0;
}

Own<List> new_list(size_t capacity = 0);                      // empty, with room for so many items
Own<List> make_list(std::span<const Value> items);            // takes new references
Own<List> list_from_iterable(Thread& thread, Value iterable); // raises
void list_append(List* list, Value item);                     // takes a new reference
void list_append(List* list, Ref&& item);                     // takes over the reference
bool list_extend(Thread& thread, List* list, Value iterable); // false: raised
void list_insert(List* list, size_t index, Value item);       // before items[index]; index <= size
Ref list_pop(List* list, size_t index);                       // the item, by move
bool list_sort(Thread& thread, List* list, Value key_or_none,
               bool reverse); // stable; raises ValueError if modified
void list_clear(List* list);  // the list is empty before the first item goes: finalisers may look at it
void list_free_items(Value* items,
                     size_t capacity); // an array taken out of a list; its values are the caller's

} // namespace aspy
