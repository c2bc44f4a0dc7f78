// dict: insertion-ordered, compact. A table of small indices (8, 16 or 32 bits) points into an array of
// entries in insertion order; a deleted entry leaves a hole with an empty key until the next resize.
//
// `layout` names the current arrangement of keys: a number that changes whenever a key is added or removed
// or entries move. With an unchanged layout, entry number i still belongs to the same key: that is what
// the caches of global names rely on. There is one exception: the key that was added last may be removed (and
// added again) with the layout as it was, and its entry then has an empty value. A loop whose `except ... as
// name` at module level deletes the name each time around does not spoil the caches of all others.
#pragma once

#include "vm/object/type/type.hpp"

#include <string_view>

namespace aspy {

struct Str;

struct DictEntry {
  uint64_t hash;
  Value key;   // owned; empty: deleted
  Value value; // owned
};

struct Dict : Object {
  DictEntry* entries = nullptr;
  void* indices = nullptr; // null while the dict is small enough to be searched in order
  uint32_t used = 0;       // live entries
  uint32_t end = 0;        // entries including holes
  uint32_t capacity = 0;   // entries allocated
  uint32_t index_size = 0; // power of two
  uint32_t layout = 0;     // unique among all dicts; 0: not assigned yet
  uint32_t ghost : 1 = 0;  // entries[end] still has the key (not owned) that was last and may come back
  uint32_t begin : 31 = 0; // no entry before this one is live: taking from the front looks at no hole twice
};
extern Type dict_type, dict_keys_type, dict_values_type, dict_items_type;
inline bool is_dict(Value value) {
  return value.is_object() && (value.as_object()->type->flags & TypeIsDict) != 0;
}

// An empty dict, with room for `expected` entries.
Own<Dict> new_dict(size_t expected = 0);
// Gives an empty dict room for `expected` entries.
void dict_reserve(Dict* dict, size_t expected);
// Lookups return a borrowed value, empty when missing. Keys that are exactly str never raise; others may
// (hash, eq).
Value dict_get(Dict* dict, Str* key);
Value dict_get(Thread& thread, Dict* dict, Value key); // empty: missing, or raised
Value dict_get(Dict* dict, std::string_view key);
void dict_set(Dict* dict, Str* key, Value value);
bool dict_set(Thread& thread, Dict* dict, Value key, Value value); // false: raised
bool dict_remove(Dict* dict, Str* key);                            // false: missing
int dict_remove(Thread& thread, Dict* dict, Value key);            // 1, 0 missing, -1 raised
// dict[key] += 1, from 0 when missing: what counting does. False: raised.
bool dict_increment(Thread& thread, Dict* dict, Value key);
// Takes the value out (owned); empty when missing.
Ref dict_pop(Dict* dict, Str* key);
Ref dict_pop(Thread& thread, Dict* dict, Value key); // empty: missing, or raised
// dict[key] for a plain dict, with __missing__ for subclasses. KeyError.
Ref dict_subscript(Thread& thread, Dict* dict, Value key);
// Raises KeyError(key). Always false.
bool raise_key_error(Thread& thread, Value key);
// Index of the entry of `key`, -1 when missing: for caches.
int32_t dict_find(Dict* dict, Str* key);
// The current layout number (assigning one if needed; 0 when numbers have run out: do not cache).
uint32_t dict_layout(Dict* dict);
// True when `key` is missing only for the time being, with the layout unchanged: that it is missing may not
// be cached.
inline bool dict_may_revive(const Dict* dict, Value key) {
  return dict->ghost && dict->entries[dict->end].key == key;
}
// Iterates: `position` starts at 0; false at the end. Borrowed key and value.
bool dict_next(const Dict* dict, uint32_t& position, Value& key, Value& value);
bool dict_update(Thread& thread, Dict* dict, Value mapping_or_pairs); // as dict.update(x)
// {**mapping} for anything but a dict: an AttributeError, of a missing keys() say, is the caller's to
// explain.
bool dict_update_from_mapping(Thread& thread, Dict* dict, Value mapping);
// As dict_update for `**mapping` in a call: TypeError on a duplicate or a key that is not a str.
bool dict_merge_kwargs(Thread& thread, Dict* dict, Value mapping, Value callable);
Own<Dict> dict_copy(Dict* dict);
void dict_clear(Dict* dict);

// The keys(), values() and items() views.
struct DictView : Object {
  Dict* dict = nullptr; // owned
};
// What iterating a dict or a view of one gives. The type tells which part: keys, values or items.
struct DictIterator : Object {
  Dict* dict = nullptr;  // owned, null when exhausted
  uint32_t position = 0; // of the next entry; one past it for reversed ones
  uint32_t used = 0;     // size of the dict when the iterator was made: a change is an error
  uint32_t remaining = 0;
};
extern Type dict_key_iterator_type, dict_value_iterator_type, dict_item_iterator_type;

} // namespace aspy
