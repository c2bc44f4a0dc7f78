// The table of tracked objects stands in order of birth: finalisers of one collection run in that order.
//
//   | 0: unused | frozen ... | old objects ... | young objects ... |
//                            ^ frozen_end      ^ old_end
//
// An object knows its index (Object::gc_word). One that dies leaves a hole; holes are squeezed out when
// they outnumber the living and another object is born. What survives a collection becomes old by moving
// `old_end`.
#include "vm/memory/collector.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/weakref.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

namespace aspy {

void (*collector_listener)(Thread& thread, bool start, int generation, size_t collected) = nullptr;

namespace {

// Address space for as many objects as an index can tell; pages are taken when touched, and nothing ever
// moves.
class Table {
public:
  Table() {
    void* memory = mmap(nullptr, sizeof(Object*) << 28, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      std::fputs("aspy: out of memory (the table of objects)\n", stderr);
      std::abort();
    }
    objects_ = static_cast<Object**>(memory);
    objects_[size_++] = nullptr;
  }
  size_t size() const { return size_; }
  Object*& operator[](size_t index) { return objects_[index]; }
  void push_back(Object* object) {
    if (size_ % stretch == 0 && size_ >= large) [[unlikely]]
      populate(objects_ + size_, stretch * sizeof(Object*));
    objects_[size_++] = object;
  }
  void pop_back() { --size_; }
  void resize(size_t size) { size_ = size; }
  Object** begin() { return objects_; }
  Object** end() { return objects_ + size_; }

private:
  static constexpr size_t large = 1 << 17; // from here on, pages come a stretch of places at a time
  static constexpr size_t stretch = 1 << 13;
  Object** objects_;
  size_t size_ = 0;
};

Table table;
size_t frozen_end = 1;
size_t old_end = 1;
size_t holes = 0;

uint32_t threshold = 2000;
size_t patience = 0;       // more births than the threshold before the next collection
uint32_t young_births = 0; // births less deaths since the last collection
bool enabled = true;
bool stress = false;
bool collecting = false;
bool requested = false;
size_t old_at_last_full = 0; // objects that survived the last full collection
CollectorStats stats[3];

uint32_t index_of(const Object* object) { return object->gc_word & Object::index_mask; }
void set_index(Object* object, size_t index) {
  object->gc_word = (object->gc_word & ~Object::index_mask) | uint32_t(index);
}

void squeeze() {
  size_t to = 1;
  size_t new_old_end = old_end, new_frozen_end = frozen_end;
  for (size_t from = 1; from < table.size(); ++from) {
    if (from == frozen_end) new_frozen_end = to;
    if (from == old_end) new_old_end = to;
    Object* object = table[from];
    if (!object) continue;
    table[to] = object;
    set_index(object, to++);
  }
  if (frozen_end >= table.size()) new_frozen_end = to;
  if (old_end >= table.size()) new_old_end = to;
  table.resize(to);
  old_end = new_old_end;
  frozen_end = new_frozen_end;
  holes = 0;
}

void request() {
  if (!enabled || collecting || requested) return;
  requested = true;
  Thread::current().breaker.fetch_or(BreakCollect, std::memory_order_relaxed);
}

// --- finding garbage -----------------------------------------------------------------------------

// For the objects of the part of the table under examination: references from outside it, once internal ones
// are subtracted; then whether it is reached.
constexpr uint32_t reached = UINT32_MAX;

struct Subtract final : Visitor {
  Subtract(size_t begin, std::span<uint32_t> refs) {
    mode_ = Mode::Subtract;
    begin_ = static_cast<uint32_t>(begin);
    known_ = refs;
  }
  void visit(Object*) override {}
};

// Goes through the part in order, as memory likes it. What lies ahead is only marked; what was passed by as
// unreachable is taken up again.
struct Reach final : Visitor {
  size_t at = 0;                // index in the table
  std::vector<uint32_t> behind; // indices in the table
  Reach(size_t begin, std::span<uint32_t> refs) {
    mode_ = Mode::Unknown;
    begin_ = static_cast<uint32_t>(begin);
    known_ = refs;
  }
  void visit(Object* object) override {
    uint32_t index = index_of(object);
    known_[index - begin_] = 1;
    if (index < at) behind.push_back(index);
  }
};

void traverse(Object* object, Visitor& visitor) {
  if (object->type->slots.traverse) object->type->slots.traverse(object, visitor);
}

// A tuple of values that own nothing can never close a cycle; most tuples are such.
bool is_atomic(Object* object) {
  if (object->type != &tuple_type) return false;
  for (Value item : static_cast<Tuple*>(object)->view())
    if (item.is_object() && item.as_object()->type->slots.traverse) return false;
  return true;
}

// The objects of the table from `begin` to `end` that nothing outside keeps alive, in order.
std::vector<Object*> find_unreachable(size_t begin, size_t end) {
  std::vector<uint32_t> refs(end - begin);
  Subtract subtract(begin, refs);
  for (size_t i = begin; i < end; ++i) {
    Object* object = table[i];
    if (!object) continue;
    if (is_atomic(object)) {
      set_index(object, 0);
      table[i] = nullptr;
      ++holes;
      continue;
    }
    refs[i - begin] += object->refcount; // it may have been subtracted from already
    traverse(object, subtract);
  }
  Reach reach(begin, refs);
  for (size_t i = begin; i < end; ++i) {
    if (!table[i] || !refs[i - begin]) continue;
    reach.at = i;
    refs[i - begin] = reached;
    traverse(table[i], reach);
    while (!reach.behind.empty()) {
      uint32_t index = reach.behind.back();
      reach.behind.pop_back();
      refs[index - begin] = reached;
      traverse(table[index], reach);
    }
  }
  std::vector<Object*> unreachable;
  for (size_t i = begin; i < end; ++i)
    if (table[i] && refs[i - begin] != reached) unreachable.push_back(table[i]);
  return unreachable;
}

// --- after the finalisers ------------------------------------------------------------------------

// Finalisers may have made garbage reachable again. Works on the set itself (each member held once by us),
// whose places in the table may have changed meanwhile: `member` maps a table index to a place in the set.
struct Recheck final : Visitor {
  std::vector<uint32_t> member;
  std::vector<uint32_t> refs;
  std::vector<bool> reached;
  std::vector<size_t> work;
  bool subtracting = true;
  static constexpr uint32_t none = UINT32_MAX;

  void visit(Object* object) override {
    uint32_t index = index_of(object);
    if (index == 0 || index >= member.size() || member[index] == none) return;
    uint32_t place = member[index];
    if (subtracting) {
      --refs[place];
    } else if (!reached[place]) {
      reached[place] = true;
      work.push_back(place);
    }
  }
};

// Which of `garbage` are alive again.
std::vector<bool> find_resurrected(const std::vector<Object*>& garbage) {
  Recheck recheck;
  recheck.member.assign(table.size(), Recheck::none);
  recheck.refs.resize(garbage.size());
  recheck.reached.resize(garbage.size());
  for (size_t i = 0; i < garbage.size(); ++i) {
    recheck.member[index_of(garbage[i])] = uint32_t(i);
    recheck.refs[i] = garbage[i]->refcount - 1; // without our own
  }
  recheck.member[0] = Recheck::none;
  for (Object* object : garbage) traverse(object, recheck);
  recheck.subtracting = false;
  for (size_t i = 0; i < garbage.size(); ++i) {
    if (recheck.refs[i] == 0 || recheck.reached[i]) continue;
    recheck.reached[i] = true;
    recheck.work.push_back(i);
    while (!recheck.work.empty()) {
      size_t place = recheck.work.back();
      recheck.work.pop_back();
      traverse(garbage[place], recheck);
    }
  }
  return recheck.reached;
}

// A weak reference that dies along with its target is not called back. The callbacks, to be let go in the
// end.
std::vector<Ref> silence_dying_weakrefs(const std::vector<Object*>& garbage) {
  auto dies = [&](const Object* object) { // garbage is in the order of the table
    auto place = std::lower_bound(garbage.begin(), garbage.end(), index_of(object),
                                  [](const Object* a, uint32_t index) { return index_of(a) < index; });
    return place != garbage.end() && *place == object;
  };
  std::vector<Ref> callbacks;
  for (Object* object : garbage) {
    auto is = [&](const Type& type) { return is_instance(Value(object), type); };
    if (!is(weakref_type) && !is(weakproxy_type) && !is(callable_proxy_type)) continue;
    auto* weakref = static_cast<WeakRef*>(object);
    if (weakref->callback && weakref->target && dies(weakref->target))
      callbacks.push_back(Ref::steal(std::exchange(weakref->callback, Value())));
  }
  return callbacks;
}

// Finalises and frees `garbage`. The order is that of PEP 442: all weak references first, then all
// finalisers, and only then is anything broken.
size_t dispose(Thread& thread, std::vector<Object*>& garbage) {
  ErrorShelter shelter(thread);
  for (Object* object : garbage) incref(object);
  std::vector<Ref> unheard = silence_dying_weakrefs(garbage);
  for (Object* object : garbage)
    if (object->has_flag(Object::has_weakrefs)) clear_weakrefs(object);
  bool finalized_any = false;
  for (Object* object : garbage) {
    auto finalize = object->type->slots.finalize;
    if (!finalize || object->has_flag(Object::finalized)) continue;
    object->set_flag(Object::finalized);
    finalize(thread, object);
    finalized_any = true;
  }
  std::vector<bool> alive(garbage.size());
  if (finalized_any) alive = find_resurrected(garbage);
  size_t freed = 0;
  for (size_t i = 0; i < garbage.size(); ++i) {
    Object* object = garbage[i];
    if (!alive[i]) {
      ++freed;
      // Finalisers may have made new weak references.
      if (object->has_flag(Object::has_weakrefs)) clear_weakrefs(object);
      if (object->type->slots.clear) object->type->slots.clear(object);
    }
    decref(object);
  }
  return freed;
}

} // namespace

void gc_track(Object* object) {
  if (object->is_tracked()) return;
  // Before a birth, not after a death: what all dies at once is not moved about meanwhile. Never while a
  // collection looks at the table: it works with indices.
  if (holes > 1024 && holes > table.size() / 2 && !collecting) [[unlikely]]
    squeeze();
  set_index(object, table.size());
  table.push_back(object);
  if (++young_births > threshold + patience || stress) [[unlikely]]
    if (threshold) request();
}

void gc_untrack(Object* object) {
  uint32_t index = index_of(object);
  if (!index) return;
  set_index(object, 0);
  if (young_births) --young_births;
  if (index + 1 == table.size()) {
    table.pop_back();
    if (old_end > table.size()) old_end = table.size();
    if (frozen_end > table.size()) frozen_end = table.size();
    return;
  }
  table[index] = nullptr;
  ++holes;
}

bool is_collecting() { return collecting; }

size_t collect(Thread& thread, int generation) {
  if (collecting) return 0;
  collecting = true;
  requested = false;
  if (collector_listener) collector_listener(thread, true, generation, 0);
  if (holes > table.size() / 4) squeeze();
  size_t end = table.size();
  size_t begin = generation == 0 ? std::min(old_end, end) : frozen_end;
  size_t examined = end - begin;
  std::vector<Object*> garbage = find_unreachable(begin, end);
  // The survivors are old now, and so is the garbage until it is freed.
  old_end = end;
  young_births = 0;
  size_t freed = garbage.empty() ? 0 : dispose(thread, garbage);
  size_t living = old_end - std::min(old_end, holes);
  if (generation > 0) old_at_last_full = living;
  // A program that builds something up has next to no garbage among the young: the next look is a full one,
  // when there is four times as much. So a program that makes a million tasks sees each of them about once.
  size_t growth = freed * 64 < examined ? 3 : freed * 8 < examined ? 1 : 0;
  patience = growth * living;
  collecting = false;
  CollectorStats& counted = stats[std::clamp(generation, 0, 2)];
  ++counted.collections;
  counted.collected += freed;
  if (collector_listener) collector_listener(thread, false, generation, freed);
  return freed;
}

void collect_if_due(Thread& thread) {
  thread.breaker.fetch_and(~uint32_t{BreakCollect}, std::memory_order_relaxed);
  bool due = requested;
  requested = false;
  if (!due || !enabled || collecting) return;
  // A full collection looks at everything, so it must be rare: when there is twice as much.
  size_t now = table.size() - std::min(table.size(), holes);
  bool full = stress || now > 2 * old_at_last_full + 10 * size_t{threshold};
  collect(thread, full ? 2 : 0);
}

void collector_freeze() {
  squeeze();
  frozen_end = old_end = table.size();
  young_births = 0;
}
void collector_unfreeze() { frozen_end = 1; }
size_t collector_frozen_count() {
  return static_cast<size_t>(std::count_if(table.begin() + 1,
                                           table.begin() + static_cast<std::ptrdiff_t>(frozen_end),
                                           [](Object* object) { return object != nullptr; }));
}

bool collector_has_finalizers() {
  return std::any_of(table.begin() + static_cast<std::ptrdiff_t>(frozen_end), table.end(),
                     [](Object* object) {
                       if (!object) return false;
                       return object->has_flag(Object::has_weakrefs) ||
                              (object->type->slots.finalize && !object->has_flag(Object::finalized));
                     });
}

void collector_enable(bool on) { enabled = on; }
bool collector_enabled() { return enabled; }
void collector_set_threshold(uint32_t young) { threshold = young; }
uint32_t collector_threshold() { return threshold; }
uint32_t collector_young_count() { return young_births; }
CollectorStats& collector_stats(int generation) { return stats[std::clamp(generation, 0, 2)]; }
void collector_set_stress(bool on) { stress = on; }

std::vector<Object*> collector_objects() {
  std::vector<Object*> objects;
  for (Object* object : table)
    if (object) objects.push_back(object);
  return objects;
}

} // namespace aspy
