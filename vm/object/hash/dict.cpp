// The core of dict: the index table, growth, lookup. Methods are in dict_methods.cpp, views and iterators in
// dict_views.cpp.
//
// Up to five entries are searched in order by hash, without an index table. A larger dict has one: open
// addressing, each cell the number of an entry, `free_cell` or `dead_cell`, at most two thirds full.
#include "vm/object/hash/dict.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict_order.hpp"
#include "vm/object/hash/key_hash.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace aspy {

bool hash_key_slow(Thread& thread, Value key, uint64_t& out, const char* what) {
  int64_t number;
  if (!hash(thread, key, number)) return raise_unhashable_key(thread, key, what);
  out = uint64_t(number);
  return true;
}

bool raise_unhashable_key(Thread& thread, Value key, const char* what) {
  // Only a plain TypeError is explained; what a script's __hash__ raised otherwise passes.
  if (!is_exact(thread.error, TypeError_type)) return false;
  Ref cause = take_error(thread);
  Ref text = str(thread, cause);
  if (!text) return false;
  return raise_type_error(
      thread, fmt::format("cannot use '{}' as {} ({})", type_name(key), what, cast<Str>(text)->view()));
}

namespace {

constexpr uint32_t small_capacity = 5; // without an index table
constexpr int64_t missing = -1, raised = -2;

// A width-independent view of one index cell.
template <class Cell> struct Cells {
  static constexpr Cell free_cell = Cell(-1), dead_cell = Cell(-2);
  Cell* cells;
  uint32_t mask;
  explicit Cells(const Dict* dict) : cells(static_cast<Cell*>(dict->indices)), mask(dict->index_size - 1) {}
};

// Calls `body` with the cells at their real width.
template <class Body> auto with_cells(const Dict* dict, Body&& body) {
  if (dict->index_size <= 128) return body(Cells<uint8_t>(dict));
  if (dict->index_size <= 32768) return body(Cells<uint16_t>(dict));
  return body(Cells<uint32_t>(dict));
}
size_t cell_width(uint32_t index_size) { return index_size <= 128 ? 1 : index_size <= 32768 ? 2 : 4; }

// The sequence of cells a hash visits: every cell in the end, the high bits of the hash mixed in.
struct Probe {
  uint64_t cell, rest;
  uint32_t mask;
  Probe(uint64_t hash, uint32_t m) : cell(hash & m), rest(hash), mask(m) {}
  void advance() {
    rest >>= 5;
    cell = (cell * 5 + rest + 1) & mask;
  }
};

// Finds the entry for which `matches(entry)` holds. `matches` returns 1, 0, or -1 to stop the search (raised,
// or the dict changed). The result is an entry number or `missing` or `raised`.
template <class Matches> int64_t search(const Dict* dict, uint64_t hash, Matches&& matches) {
  if (!dict->indices) {
    for (uint32_t i = 0; i < dict->end; ++i) {
      const DictEntry& entry = dict->entries[i];
      if (entry.hash != hash || entry.key.is_empty()) continue;
      int same = matches(entry);
      if (same) return same < 0 ? raised : int64_t(i);
    }
    return missing;
  }
  return with_cells(dict, [&](auto table) -> int64_t {
    for (Probe probe(hash, table.mask);; probe.advance()) {
      auto cell = table.cells[probe.cell];
      if (cell == table.free_cell) return missing;
      if (cell == table.dead_cell) continue;
      const DictEntry& entry = dict->entries[cell];
      if (entry.hash != hash) continue;
      int same = matches(entry);
      if (same) return same < 0 ? raised : int64_t(cell);
    }
  });
}

// Lookup of any key: may call __eq__, which may even change the dict; then the search begins anew.
int64_t find_any(Thread& thread, Dict* dict, Value key, uint64_t hash) {
  for (;;) {
    bool changed = false;
    int64_t found = search(dict, hash, [&](const DictEntry& entry) -> int {
      if (entry.key == key) return 1;
      if (is_exact(key, str_type) && is_exact(entry.key, str_type))
        return same_text(cast<Str>(key), cast<Str>(entry.key));
      if (both_int(key, entry.key)) return 0;
      const DictEntry* entries = dict->entries;
      Ref other = share(entry.key);
      int same = equals(thread, other, key);
      if (same < 0) return -1;
      if (dict->entries != entries || !(entry.key == other.get())) {
        changed = true;
        return -1;
      }
      return same;
    });
    if (!changed) return found;
  }
}

constexpr int64_t foreign = -3; // a key that is no str has the hash

// Lookup of an exact str among strs: runs no script.
int64_t find_text(const Dict* dict, Str* key, uint64_t hash) {
  bool met_foreign = false;
  int64_t found = search(dict, hash, [&](const DictEntry& entry) -> int {
    if (entry.key == Value(key)) return 1;
    if (is_exact(entry.key, str_type)) [[likely]]
      return same_text(key, cast<Str>(entry.key));
    met_foreign = true;
    return -1;
  });
  return met_foreign ? foreign : found;
}

// Lookup of any key with its hash.
int64_t find(Thread& thread, Dict* dict, Value key, uint64_t hash) {
  if (is_exact(key, str_type)) {
    int64_t found = find_text(dict, cast<Str>(key), hash);
    if (found != foreign) return found;
  }
  return find_any(thread, dict, key, hash);
}

// Lookup of an exact str. Never raises: an error in the __eq__ of some other kind of key is dropped.
int64_t find_str(Dict* dict, Str* key) {
  uint64_t hash = key->hash ? key->hash : str_hash(key);
  int64_t found = find_text(dict, key, hash);
  if (found != foreign) return found;
  Thread& thread = Thread::current();
  ErrorShelter shelter(thread);
  found = find_any(thread, dict, key, hash);
  return found == raised ? missing : found;
}

// The cell of the index table that refers to entry number `target`.
template <class Table> uint64_t cell_of(const Dict* dict, Table table, uint32_t target) {
  Probe probe(dict->entries[target].hash, table.mask);
  while (table.cells[probe.cell] != target) probe.advance();
  return probe.cell;
}

// --- growth ---

void insert_index(Dict* dict, uint64_t hash, uint32_t number) {
  with_cells(dict, [&](auto table) {
    Probe probe(hash, table.mask);
    // Dead cells are not reused: they are gone with the next rebuild.
    while (table.cells[probe.cell] != table.free_cell) probe.advance();
    table.cells[probe.cell] = static_cast<std::remove_reference_t<decltype(*table.cells)>>(number);
  });
}

void rebuild_index(Dict* dict, uint32_t index_size) {
  size_t bytes = index_size * cell_width(index_size);
  if (index_size != dict->index_size) dict->indices = heap_realloc(dict->indices, bytes);
  dict->index_size = index_size;
  std::memset(dict->indices, 0xFF, bytes);
  for (uint32_t i = 0; i < dict->end; ++i) insert_index(dict, dict->entries[i].hash, i);
}

// Squeezes the holes out of the entries.
void compact(Dict* dict) {
  if (dict->used == dict->end) return;
  uint32_t to = 0;
  for (uint32_t from = 0; from < dict->end; ++from)
    if (!dict->entries[from].key.is_empty()) dict->entries[to++] = dict->entries[from];
  dict->end = to;
  dict->begin = 0;
}

// Two thirds of a power of two: how full an index table gets.
uint32_t capacity_of(uint32_t index_size) { return index_size * 2 / 3; }

// Gives the dict room for `capacity` entries or a few more, squeezing its holes out.
void resize(Dict* dict, uint32_t capacity) {
  compact(dict);
  dict->layout = 0;
  dict->ghost = 0;
  uint32_t index_size = 8;
  while (capacity_of(index_size) < capacity) index_size *= 2;
  capacity = capacity_of(index_size);
  if (capacity > small_capacity) {
    rebuild_index(dict, index_size);
  } else if (dict->indices) {
    heap_free(std::exchange(dict->indices, nullptr));
    dict->index_size = 0;
  }
  dict->entries = static_cast<DictEntry*>(heap_realloc(dict->entries, capacity * sizeof(DictEntry)));
  dict->capacity = capacity;
}

// For one more entry. The sizes decide when holes are squeezed out, and so what a loop that deletes and adds
// keys gets to see: 5, 10, 21, 42 ... by three times the number of live entries.
void make_room(Dict* dict) { resize(dict, capacity_of(std::bit_ceil(std::max(dict->used * 3, 8u)))); }

// The key that was last comes back: to the same entry, with the layout as it was.
bool revive_entry(Dict* dict, Value key, uint64_t hash, Value value) {
  dict->ghost = 0;
  uint32_t number = dict->end;
  DictEntry& entry = dict->entries[number];
  if (!(entry.key == key)) return false;
  entry = {hash, share(key).release(), share(value).release()};
  ++dict->end;
  ++dict->used;
  if (!dict->indices) return true;
  ++dict->capacity; // which its removal had taken away
  with_cells(dict, [&](auto table) {
    Probe probe(hash, table.mask);
    // A dead cell will do: its own is on the way, so no free one is used up.
    while (table.cells[probe.cell] < table.dead_cell) probe.advance();
    table.cells[probe.cell] = static_cast<std::remove_reference_t<decltype(*table.cells)>>(number);
  });
  return true;
}

// Adds an entry whose key is known to be missing.
void append_entry(Dict* dict, Value key, uint64_t hash, Value value) {
  if (dict->ghost && revive_entry(dict, key, hash, value)) return;
  if (dict->end == dict->capacity) make_room(dict);
  uint32_t number = dict->end++;
  dict->entries[number] = {hash, share(key).release(), share(value).release()};
  ++dict->used;
  dict->layout = 0;
  if (dict->indices) insert_index(dict, hash, number);
}

// Removes entry `number`, giving its value away. The key dies here, after the dict is whole again.
Ref remove_entry(Dict* dict, uint32_t number) {
  if (dict->indices)
    with_cells(dict, [&](auto table) { table.cells[cell_of(dict, table, number)] = table.dead_cell; });
  DictEntry& entry = dict->entries[number];
  Ref key = Ref::steal(std::exchange(entry.key, Value()));
  Ref value = Ref::steal(std::exchange(entry.value, Value()));
  --dict->used;
  bool may_return = dict->layout && !dict->ghost && is_exact(key, str_type) && cast<Str>(key)->is_interned;
  if (number == dict->begin)
    while (dict->begin < dict->end && dict->entries[dict->begin].key.is_empty()) ++dict->begin;
  // Holes at the end are taken back at once, so that popitem need not look for the last item. Their room is
  // not given out again before the next rebuild, though: each addition uses up a cell of the index, and a
  // search only ends where one is free.
  while (dict->end > 0 && dict->entries[dict->end - 1].key.is_empty()) {
    --dict->end;
    if (dict->indices) --dict->capacity;
  }
  if (dict->begin > dict->end) dict->begin = dict->end;
  // An interned key lives for ever: it can be left behind without being owned.
  dict->ghost = may_return && dict->end == number;
  if (dict->ghost) entry.key = key;
  else dict->layout = 0;
  return value;
}

void store(Dict* dict, int64_t found, Value key, uint64_t hash, Value value) {
  if (found == missing) append_entry(dict, key, hash, value);
  else assign(dict->entries[found].value, share(value));
}

} // namespace

// --- the interface ---

Own<Dict> new_dict(size_t expected) {
  auto* dict = allocate<Dict>(dict_type);
  if (expected) resize(dict, uint32_t(expected));
  return Own<Dict>::steal(dict);
}

void dict_reserve(Dict* dict, size_t expected) {
  if (dict->used == 0 && expected > dict->capacity) resize(dict, uint32_t(expected));
}

Value dict_get(Dict* dict, Str* key) {
  int64_t found = find_str(dict, key);
  return found < 0 ? Value() : dict->entries[found].value;
}

Value dict_get(Thread& thread, Dict* dict, Value key) {
  uint64_t hash = 0;
  if (!hash_key(thread, key, hash, as_dict_key)) return Value();
  int64_t found = find(thread, dict, key, hash);
  return found < 0 ? Value() : dict->entries[found].value;
}

Value dict_get(Dict* dict, std::string_view key) {
  Own<Str> text = make_str(key);
  return dict_get(dict, text.get());
}

void dict_set(Dict* dict, Str* key, Value value) {
  int64_t found = find_str(dict, key);
  store(dict, found, key, str_hash(key), value);
}

bool dict_set(Thread& thread, Dict* dict, Value key, Value value) {
  uint64_t hash = 0;
  if (!hash_key(thread, key, hash, as_dict_key)) return false;
  int64_t found = find(thread, dict, key, hash);
  if (found == raised) return false;
  store(dict, found, key, hash, value);
  return true;
}

bool dict_increment(Thread& thread, Dict* dict, Value key) {
  uint64_t hash = 0;
  if (!hash_key(thread, key, hash, as_dict_key)) return false;
  int64_t found = find(thread, dict, key, hash);
  if (found == raised) return false;
  if (found == missing) {
    append_entry(dict, key, hash, Value::from_int(1));
    return true;
  }
  Value& count = dict->entries[found].value;
  if (count.is_int() && count.as_int() < Value::int_max) {
    count = Value::from_int(count.as_int() + 1);
    return true;
  }
  // An addition that may run a script: the entry is looked for again.
  Ref held = share(count);
  Ref sum = binary_op(thread, BinaryOp::Add, held, Value::from_int(1));
  return sum && dict_set(thread, dict, key, sum);
}

bool dict_remove(Dict* dict, Str* key) {
  int64_t found = find_str(dict, key);
  if (found < 0) return false;
  remove_entry(dict, uint32_t(found)).reset();
  return true;
}

int dict_remove(Thread& thread, Dict* dict, Value key) {
  uint64_t hash = 0;
  if (!hash_key(thread, key, hash, as_dict_key)) return -1;
  int64_t found = find(thread, dict, key, hash);
  if (found < 0) return found == missing ? 0 : -1;
  remove_entry(dict, uint32_t(found)).reset();
  return 1;
}

Ref dict_pop(Dict* dict, Str* key) {
  int64_t found = find_str(dict, key);
  return found < 0 ? Ref() : remove_entry(dict, uint32_t(found));
}

Ref dict_pop(Thread& thread, Dict* dict, Value key) {
  if (dict->used == 0) return {}; // nothing to compare with: the key need not even be hashable
  uint64_t hash = 0;
  if (!hash_key(thread, key, hash, as_dict_key)) return {};
  int64_t found = find(thread, dict, key, hash);
  return found < 0 ? Ref() : remove_entry(dict, uint32_t(found));
}

int32_t dict_find(Dict* dict, Str* key) { return int32_t(find_str(dict, key)); }

uint32_t dict_layout(Dict* dict) {
  static uint32_t last = 0;
  if (dict->layout == 0 && last != UINT32_MAX) dict->layout = ++last;
  return dict->layout;
}

bool dict_next(const Dict* dict, uint32_t& position, Value& key, Value& value) {
  if (position < dict->begin) position = dict->begin;
  while (position < dict->end) {
    const DictEntry& entry = dict->entries[position++];
    if (entry.key.is_empty()) continue;
    key = entry.key;
    value = entry.value;
    return true;
  }
  return false;
}

Own<Dict> dict_copy(Dict* dict) {
  Own<Dict> copy = new_dict();
  dict_fill_from(copy.get(), dict);
  return copy;
}

void dict_fill_from(Dict* dict, const Dict* source) {
  if (source->used == 0) return;
  // No holes, and just as much room as the original's entries need.
  resize(dict, source->used);
  DictEntry* out = dict->entries;
  for (uint32_t i = source->begin; i < source->end; ++i) {
    const DictEntry& entry = source->entries[i];
    if (entry.key.is_empty()) continue;
    incref(entry.key);
    incref(entry.value);
    *out++ = entry;
  }
  dict->end = dict->used = source->used;
  if (!dict->indices) return;
  // The index is the same, unless entries have been removed or were added in front.
  bool untouched = source->used == source->end && source->capacity == capacity_of(source->index_size);
  if (untouched && dict->index_size == source->index_size) {
    std::memcpy(dict->indices, source->indices, dict->index_size * cell_width(dict->index_size));
    return;
  }
  for (uint32_t i = 0; i < dict->end; ++i) insert_index(dict, dict->entries[i].hash, i);
}

void dict_clear(Dict* dict) {
  // Empty before the first value dies: a finaliser may look at it, or store into it.
  DictEntry* entries = std::exchange(dict->entries, nullptr);
  uint32_t end = std::exchange(dict->end, 0);
  heap_free(std::exchange(dict->indices, nullptr));
  dict->used = dict->capacity = dict->index_size = 0;
  dict->layout = 0;
  dict->ghost = 0;
  dict->begin = 0;
  for (uint32_t i = 0; i < end; ++i) {
    if (entries[i].key.is_empty()) continue;
    decref(entries[i].key);
    decref(entries[i].value);
  }
  heap_free(entries);
}

// --- order (dict_order.hpp) ---

int dict_move_to_end(Thread& thread, Dict* dict, Value key, bool last) {
  uint64_t hash = 0;
  if (!hash_key(thread, key, hash, as_dict_key)) return -1;
  int64_t found = find(thread, dict, key, hash);
  if (found < 0) return found == missing ? 0 : -1;
  if (uint32_t(found) == (last ? dict->end - 1 : dict->begin)) return 1;
  Ref held = share(dict->entries[found].key);
  Ref value = remove_entry(dict, uint32_t(found));
  if (last) {
    append_entry(dict, held, hash, value);
    return 1;
  }
  if (dict->begin == 0) {
    // Holes in front, half as many as there are items: they are used up one by one.
    uint32_t gap = dict->used / 2 + 4;
    resize(dict, dict->used + 2 * gap + 1);
    std::memmove(dict->entries + gap, dict->entries, dict->end * sizeof(DictEntry));
    std::fill_n(dict->entries, gap, DictEntry{});
    dict->begin = gap;
    dict->end += gap;
    if (dict->indices) {
      std::memset(dict->indices, 0xFF, dict->index_size * cell_width(dict->index_size));
      for (uint32_t i = gap; i < dict->end; ++i) insert_index(dict, dict->entries[i].hash, i);
    }
  } else if (dict->indices) {
    // The addition uses up a cell of the index, and so the room of an entry.
    if (dict->end == dict->capacity) {
      resize(dict, dict->used + 1);
      append_entry(dict, held, hash, value);
      return dict_move_to_end(thread, dict, held, false);
    }
    --dict->capacity;
  }
  uint32_t number = --dict->begin;
  dict->entries[number] = {hash, held.release(), value.release()};
  ++dict->used;
  dict->layout = 0;
  dict->ghost = 0;
  if (dict->indices) insert_index(dict, hash, number);
  return 1;
}

bool raise_key_error(Thread& thread, Value key) { return raise_with_args(thread, KeyError_type, {key}); }

} // namespace aspy
