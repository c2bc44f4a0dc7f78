// The table of set and frozenset: open addressing in which a probe looks at a few neighbours before it jumps.
// The order of iteration is the order of the table, and scripts print it: so the first cell, the neighbours,
// the jumps, the moments and sizes of growth are all part of the behaviour.
#include "vm/object/hash/set.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/key_hash.hpp"
#include "vm/object/hash/set_methods.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>

namespace aspy {

Type set_type, frozenset_type, set_iterator_type;

namespace {

constexpr uint32_t neighbours = 9; // cells looked at after the first one, when they fit in the table

bool is_live(const SetEntry& entry) { return !entry.key.is_empty() && !(entry.key == set_dummy); }

// The cells a hash visits. `visit(SetEntry&)` returns true to stop.
template <class Visit> void probe(SetEntry* table, uint32_t mask, int64_t hash, Visit&& visit) {
  uint64_t rest = uint64_t(hash);
  uint64_t cell = rest & mask;
  for (;;) {
    uint64_t last = cell + neighbours <= mask ? cell + neighbours : cell;
    for (uint64_t at = cell; at <= last; ++at)
      if (visit(table[at])) return;
    rest >>= 5;
    cell = (cell * 5 + 1 + rest) & mask;
  }
}

// As locate, for a small int or an exact str among keys of its own kind: no script is asked. Null: there is
// one of another kind with the same hash.
template <bool text> SetEntry* locate_plain(Set* set, Value key, int64_t hash, SetEntry** deleted) {
  SetEntry* result = nullptr;
  probe(set->table, set->mask, hash, [&](SetEntry& entry) {
    if (entry.key.is_empty() || entry.key == key) {
      result = &entry;
      return true;
    }
    if (entry.key == set_dummy) {
      if (deleted) *deleted = &entry;
      return false;
    }
    if (entry.hash != hash) return false;
    if (text && is_exact(entry.key, str_type)) {
      if (!same_text(cast<Str>(key), cast<Str>(entry.key))) return false;
      result = &entry;
      return true;
    }
    return text || !entry.key.is_int(); // equal small ints are identical
  });
  return result;
}

// The cell that holds `key`, or the free cell where it belongs; null: raised. `deleted` is the last deleted
// cell seen on the way, where a new key goes if there is one.
SetEntry* locate(Thread& thread, Set* set, Value key, int64_t hash, SetEntry** deleted = nullptr) {
  if (deleted) *deleted = nullptr;
  if (key.is_int()) {
    if (SetEntry* found = locate_plain<false>(set, key, hash, deleted)) return found;
  } else if (is_exact(key, str_type)) {
    if (SetEntry* found = locate_plain<true>(set, key, hash, deleted)) return found;
  }
  for (;;) {
    SetEntry* result = nullptr;
    bool changed = false;
    if (deleted) *deleted = nullptr;
    probe(set->table, set->mask, hash, [&](SetEntry& entry) {
      if (deleted && entry.key == set_dummy) *deleted = &entry;
      if (entry.key.is_empty() || entry.key == key) {
        result = &entry;
        return true;
      }
      if (entry.hash != hash || entry.key == set_dummy) return false;
      if (is_exact(key, str_type) && is_exact(entry.key, str_type)) {
        if (!same_text(cast<Str>(key), cast<Str>(entry.key))) return false;
        result = &entry;
        return true;
      }
      if (both_int(key, entry.key)) return false;
      // __eq__ may change the set: then the search begins anew.
      SetEntry* table = set->table;
      Ref other = share(entry.key);
      int same = equals(thread, other, key);
      if (same < 0) return true;
      if (set->table != table || !(entry.key == other.get())) {
        changed = true;
        return true;
      }
      if (same) result = &entry;
      return same != 0;
    });
    if (!changed) return result;
  }
}

void insert_clean(SetEntry* table, uint32_t mask, const SetEntry& item) {
  probe(table, mask, item.hash, [&](SetEntry& entry) {
    if (!entry.key.is_empty()) return false;
    entry = item;
    return true;
  });
}

bool hash_element(Thread& thread, Value key, int64_t& out) {
  uint64_t hash;
  if (!hash_key(thread, key, hash, as_set_element)) return false;
  out = int64_t(hash);
  return true;
}

uint32_t growth(const Set* set) { return set->used > 50000 ? set->used * 2 : set->used * 4; }

} // namespace

void set_resize(Set* set, uint32_t minimum) {
  uint32_t size = 8;
  while (size <= minimum) size <<= 1;
  SetEntry* old_table = set->table;
  uint32_t old_mask = set->mask;
  SetEntry kept[8];
  bool was_small = old_table == set->small;
  if (was_small) {
    std::copy_n(set->small, 8, kept);
    old_table = kept;
  }
  if (size == 8) {
    set->table = set->small;
    std::fill_n(set->small, 8, SetEntry{});
  } else {
    set->table = static_cast<SetEntry*>(heap_alloc(size * sizeof(SetEntry)));
    std::fill_n(set->table, size, SetEntry{});
  }
  set->mask = size - 1;
  set->fill = set->used;
  for (uint32_t i = 0; i <= old_mask; ++i)
    if (is_live(old_table[i])) insert_clean(set->table, set->mask, old_table[i]);
  if (!was_small) heap_free(old_table);
}

int set_add_hashed(Thread& thread, Set* set, Value key, int64_t hash) {
  Ref held = share(key); // __eq__ may drop the caller's
  SetEntry* deleted;
  SetEntry* entry = locate(thread, set, key, hash, &deleted);
  if (!entry) return -1;
  if (!entry->key.is_empty()) return 0;
  ++set->used;
  if (deleted) {
    *deleted = {hash, held.release()};
    return 1;
  }
  *entry = {hash, held.release()};
  ++set->fill;
  // At most three fifths full.
  if (uint64_t(set->fill) * 5 >= uint64_t(set->mask) * 3) set_resize(set, growth(set));
  return 1;
}

int set_contains_hashed(Thread& thread, Set* set, Value key, int64_t hash) {
  SetEntry* entry = locate(thread, set, key, hash);
  return entry ? !entry->key.is_empty() : -1;
}

int set_discard_hashed(Thread& thread, Set* set, Value key, int64_t hash) {
  SetEntry* entry = locate(thread, set, key, hash);
  if (!entry) return -1;
  if (entry->key.is_empty()) return 0;
  Ref removed = Ref::steal(std::exchange(entry->key, set_dummy));
  entry->hash = -1;
  --set->used;
  return 1;
}

bool set_merge(Thread& thread, Set* set, const Set* other) {
  if (set == other || other->used == 0) return true;
  if ((uint64_t(set->fill) + other->used) * 5 >= uint64_t(set->mask) * 3)
    set_resize(set, (set->used + other->used) * 2);
  if (set->fill == 0) {
    // Nothing to compare with. Tables of one size are copied as they are.
    bool copy = set->mask == other->mask && other->fill == other->used;
    for (uint32_t i = 0; i <= other->mask; ++i) {
      const SetEntry& entry = other->table[i];
      if (!is_live(entry)) continue;
      incref(entry.key);
      if (copy) set->table[i] = entry;
      else insert_clean(set->table, set->mask, entry);
    }
    set->fill = set->used = other->used;
    return true;
  }
  uint32_t position = 0;
  while (const SetEntry* entry = set_next_entry(other, position)) {
    Ref key = share(entry->key);
    if (set_add_hashed(thread, set, key, entry->hash) < 0) return false;
  }
  return true;
}

void set_swap(Set* a, Set* b) {
  bool a_small = a->table == a->small, b_small = b->table == b->small;
  std::swap(a->used, b->used);
  std::swap(a->fill, b->fill);
  std::swap(a->mask, b->mask);
  std::swap(a->table, b->table);
  std::swap(a->small, b->small);
  if (b_small) a->table = a->small;
  if (a_small) b->table = b->small;
  a->has_hash = b->has_hash = false;
}

void set_clear(Set* set) {
  // Empty before the first key dies: a finaliser may look at it.
  SetEntry small[8];
  SetEntry* table = set->table;
  uint32_t mask = set->mask;
  bool was_small = table == set->small;
  if (was_small) {
    std::copy_n(set->small, 8, small);
    table = small;
  }
  std::fill_n(set->small, 8, SetEntry{});
  set->table = set->small;
  set->used = set->fill = 0; // pop() goes on where it was
  set->mask = 7;
  for (uint32_t i = 0; i <= mask; ++i)
    if (is_live(table[i])) decref(table[i].key);
  if (!was_small) heap_free(table);
}

// --- the interface ---

Own<Set> new_set(bool frozen) {
  auto* set = allocate<Set>(frozen ? frozenset_type : set_type);
  set->table = set->small;
  return Own<Set>::steal(set);
}

Own<Set> set_from_iterable(Thread& thread, Value iterable, bool frozen) {
  Own<Set> set = new_set(frozen);
  if (!set_update(thread, set.get(), iterable)) return nullptr;
  return set;
}

bool set_add(Thread& thread, Set* set, Value key) {
  int64_t hash;
  return hash_element(thread, key, hash) && set_add_hashed(thread, set, key, hash) >= 0;
}
int set_contains(Thread& thread, Set* set, Value key) {
  int64_t hash;
  return hash_element(thread, key, hash) ? set_contains_hashed(thread, set, key, hash) : -1;
}
int set_discard(Thread& thread, Set* set, Value key) {
  int64_t hash;
  return hash_element(thread, key, hash) ? set_discard_hashed(thread, set, key, hash) : -1;
}

bool set_next(const Set* set, uint32_t& position, Value& key) {
  const SetEntry* entry = set_next_entry(set, position);
  if (entry) key = entry->key;
  return entry != nullptr;
}

bool set_update(Thread& thread, Set* set, Value iterable) {
  if (is_set(iterable)) return set_merge(thread, set, cast<Set>(iterable));
  if (is_exact(iterable, dict_type)) {
    // A dict knows the hashes of its keys.
    auto* dict = cast<Dict>(iterable);
    if ((uint64_t(set->fill) + dict->used) * 5 >= uint64_t(set->mask) * 3)
      set_resize(set, (set->used + dict->used) * 2);
    for (uint32_t i = 0; i < dict->end; ++i) {
      DictEntry entry = dict->entries[i];
      if (entry.key.is_empty()) continue;
      Ref key = share(entry.key);
      if (set_add_hashed(thread, set, key, int64_t(entry.hash)) < 0) return false;
    }
    return true;
  }
  return for_each(thread, iterable, [&](Value item) { return set_add(thread, set, item); });
}

} // namespace aspy
