// The heap: raw memory for objects, counted against the memory limit. mimalloc underneath, except
// under sanitizers.
#pragma once

#include "vm/memory/block_pool.hpp"
#include "vm/object/object.hpp"
#include "vm/object/type/type.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

namespace aspy {

// Raw blocks. Never return null: when memory is exhausted for good the process stops with a message; ask
// may_allocate() before a request whose size a script chose.
void* heap_alloc(size_t bytes);
void* heap_realloc(void* block, size_t bytes);
void heap_free(void* block);
size_t heap_usable_size(void* block);

// Tells the kernel that all of `memory` is about to be written: it provides the whole pages in it in one
// call, where each would be a page fault. For stretches of 64 KB or so, whose lines are still in the cache
// when they are used. A kernel that does not know the request (Linux before 5.14) changes nothing.
void populate(void* memory, size_t bytes);

// True when `bytes` more may be allocated; otherwise raises MemoryError.
[[nodiscard]] bool may_allocate(Thread& thread, size_t bytes);

// The memory limit in bytes of objects alive at once; 0: none. Set it before the first object is made, so
// that every block is counted.
void heap_set_limit(size_t bytes);
size_t heap_limit();
// Bytes counted at present; 0 without a limit.
size_t heap_used();

// Makes `object` known to the collector / unknown to it. Untracking an untracked object does nothing.
void gc_track(Object* object);
void gc_untrack(Object* object);

// A new T with one reference, its fields default-initialised, `extra` raw bytes behind it. Tracked when the
// type has TypeTracked. The caller owns it.
template <class T> T* allocate(Type& type, size_t extra = 0) {
  void* memory = heap_alloc(sizeof(T) + extra);
  T* object = new (memory) T();
  object->refcount = 1;
  object->gc_word = 0;
  object->type = &type;
  if (type.flags & TypeHeap) incref(&type);
  if (type.flags & TypeTracked) gc_track(object);
  return object;
}

// The same from the block pool, for a type that is neither made by scripts nor has subclasses: free_pooled()
// is the last step of its dealloc slot.
template <class T> T* allocate_pooled(Type& type) {
  T* object = new (pool_alloc(sizeof(T))) T();
  object->refcount = 1;
  object->gc_word = 0;
  object->type = &type;
  if (type.flags & TypeTracked) gc_track(object);
  return object;
}
template <class T> void free_pooled(T* object) {
  if (object->is_tracked()) gc_untrack(object);
  pool_free(object, sizeof(T));
}

// The last step of every other dealloc slot: untracks, releases a heap type, frees the memory. C++ fields
// with destructors must have been destroyed by the slot.
void free_object(Object* object);

} // namespace aspy
