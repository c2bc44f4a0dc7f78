// Between set.cpp (the table) and set_methods.cpp (what scripts see).
#pragma once

#include "vm/object/hash/set.hpp"

namespace aspy {

// The same with the hash at hand: 1 added, 0 was there, -1 raised.
int set_add_hashed(Thread& thread, Set* set, Value key, int64_t hash);
int set_contains_hashed(Thread& thread, Set* set, Value key, int64_t hash);
int set_discard_hashed(Thread& thread, Set* set, Value key, int64_t hash);
// Iterates with hashes: the entry, or null at the end.
inline const SetEntry* set_next_entry(const Set* set, uint32_t& position) {
  while (position <= set->mask) {
    const SetEntry& entry = set->table[position++];
    if (!entry.key.is_empty() && !(entry.key == set_dummy)) return &entry;
  }
  return nullptr;
}

// Adds all of another set. Makes room once for both.
bool set_merge(Thread& thread, Set* set, const Set* other);
// Rebuilds the table for more than `minimum` keys, dropping deleted ones.
void set_resize(Set* set, uint32_t minimum);
// Exchanges the contents of two sets.
void set_swap(Set* a, Set* b);

} // namespace aspy
