// The cycle collector: finds tracked objects that only each other keep alive, as CPython's `gc` does:
// finalises them, clears weak references, then breaks the cycles through the types' `clear` slots.
//
// It subtracts internal references from a copy of the counts; what is left at zero and not reachable
// from outside is garbage. Running frames are outside by construction: their references are counted
// but not traversed.
#pragma once

#include "vm/object/object.hpp"

#include <cstdint>
#include <vector>

namespace aspy {

// Of one generation, since the start (gc.get_stats).
struct CollectorStats {
  uint64_t collections = 0;   // how often it was looked at
  uint64_t collected = 0;     // objects freed
  uint64_t uncollectable = 0; // always 0: whatever is found can be taken apart
};

// Collects the young (generation 0) or all (any other) tracked objects, but for the frozen ones. Returns how
// many unreachable objects it found. Runs script code (finalizers, weak reference callbacks).
size_t collect(Thread& thread, int generation);
// While one is under way, its garbage is held by one reference more.
bool is_collecting();

// Called by the interpreter when BreakCollect is set: collects young objects, and the old ones when they
// have doubled since the last time.
void collect_if_due(Thread& thread);

// gc.enable() and gc.disable(): whether collections come by themselves.
void collector_enable(bool on);
bool collector_enabled();
// Births, less deaths, that call for a collection of the young; 0 turns automatic collection off.
void collector_set_threshold(uint32_t young);
uint32_t collector_threshold();
uint32_t collector_young_count();
CollectorStats& collector_stats(int generation);
// Whatever is tracked now is left out of collections from here on, until it is unfrozen: no cycle through it
// is found, and no time is spent on it.
void collector_freeze();
void collector_unfreeze();
size_t collector_frozen_count();
// Whether any object that is not frozen would be noticed when it goes: by a finaliser, or by a weak
// reference.
bool collector_has_finalizers();
// Told of the start and the end of each collection (gc.callbacks); null: nobody listens.
extern void (*collector_listener)(Thread& thread, bool start, int generation, size_t collected);
// Collect at every allocation: a hostile mode for tests.
void collector_set_stress(bool on);

// Every tracked object, borrowed (gc.get_objects, gc.get_referrers).
std::vector<Object*> collector_objects();

} // namespace aspy
