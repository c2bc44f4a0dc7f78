// collections.deque and collections.defaultdict.
#pragma once

#include "vm/object/hash/dict.hpp"

namespace aspy {

//   items: | free ... | first ... last | free ... |, a ring: item i lies at (head + i) & (capacity - 1)
struct Deque : Object {
  Value* items = nullptr; // owned ring of owned values
  size_t capacity = 0;    // power of two, or 0
  size_t head = 0, size = 0;
  int64_t most = -1;    // maxlen, -1: none
  uint64_t changes = 0; // grows with every change: iterators notice

  Value& at(size_t index) { return items[(head + index) & (capacity - 1)]; }
};
extern Type deque_type, deque_iterator_type, deque_reverse_iterator_type;
void init_deque_types();

Own<Deque> make_deque();                     // empty, without a maxlen
void deque_append(Deque* deque, Value item); // takes a new reference
Ref deque_pop_first(Deque* deque);           // it must have one
// Takes out the first item that is this very object; false when there is none.
bool deque_discard(Deque* deque, Value item);

// The room behind dict's own fields holds what makes missing values.
struct DefaultDict : Dict {
  Value factory; // callable or None; owned
};
extern Type defaultdict_type;
void init_defaultdict_type();

} // namespace aspy
