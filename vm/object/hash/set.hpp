// set and frozenset: open addressing; iterates in table order exactly as CPython's sets do for small ints
// (same probe sequence and growth), because scripts print them.
#pragma once

#include "vm/object/type/type.hpp"

namespace aspy {

struct SetEntry {
  int64_t hash;
  Value key; // owned; empty: free. A deleted slot has the marker `set_dummy`.
};
// No script value looks like this one, and it counts nothing.
inline constexpr Value set_dummy{Value::special_tag | 8};
struct Set : Object {
  uint32_t used = 0;         // live keys
  uint32_t fill = 0;         // live and deleted
  uint32_t mask = 7;         // table size - 1
  uint32_t finger = 0;       // where pop() looks next
  SetEntry* table = nullptr; // points at `small` until it grows
  int64_t hash = 0;          // frozenset only; cached when `has_hash`
  bool has_hash = false;
  SetEntry small[8] = {};
};
extern Type set_type, frozenset_type;
inline bool is_set(Value value) {
  return value.is_object() && (value.as_object()->type->flags & TypeIsSet) != 0;
}

Own<Set> new_set(bool frozen = false); // empty
// Keys are hashed and compared by whatever script code they have: what can raise says so.
Own<Set> set_from_iterable(Thread& thread, Value iterable, bool frozen = false); // null: raised
bool set_add(Thread& thread, Set* set, Value key);                               // false: raised
int set_contains(Thread& thread, Set* set, Value key);                           // -1 raised
int set_discard(Thread& thread, Set* set, Value key); // 1 removed, 0 missing, -1 raised
// Iterates: `position` starts at 0; false at the end. Borrowed key.
bool set_next(const Set* set, uint32_t& position, Value& key);
bool set_update(Thread& thread, Set* set, Value iterable); // adds each item; false: raised
void set_clear(Set* set); // it is empty before the first key goes: finalisers may look at it

struct SetIterator : Object {
  Set* set = nullptr; // owned, null when exhausted
  uint32_t position = 0;
  uint32_t used = 0; // size of the set at the start: a change is an error
  uint32_t remaining = 0;
};
extern Type set_iterator_type;

} // namespace aspy
