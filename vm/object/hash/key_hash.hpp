// Hashing the keys of dicts and sets: fast for str and small ints, with the containers' own words for a key
// that is not hashable.
#pragma once

#include "vm/object/number/int.hpp"
#include "vm/object/text/str.hpp"

namespace aspy {

// Replaces a pending TypeError of hash(key) by "cannot use 'T' as WHAT (unhashable type: 'T')". Always false.
bool raise_unhashable_key(Thread& thread, Value key, const char* what);

inline constexpr const char* as_dict_key = "a dict key";
inline constexpr const char* as_set_element = "a set element";

// The hash of any key. False: raised, TypeError with the container's words among others.
bool hash_key_slow(Thread& thread, Value key, uint64_t& out, const char* what);

// The same, at once for what is most often a key.
inline bool hash_key(Thread& thread, Value key, uint64_t& out, const char* what) {
  if (is_exact(key, str_type)) {
    auto* text = cast<Str>(key);
    out = text->hash ? text->hash : str_hash(text);
    return true;
  }
  if (key.is_int()) {
    out = key.as_int() == -1 ? uint64_t(-2) : uint64_t(key.as_int());
    return true;
  }
  return hash_key_slow(thread, key, out, what);
}

// Equality of two str keys with the same hash.
inline bool same_text(const Str* a, const Str* b) {
  return a == b || (!(a->is_interned && b->is_interned) && a->view() == b->view());
}

} // namespace aspy
