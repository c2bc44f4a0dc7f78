// Blocks come from mimalloc (from malloc under sanitizers, so that they see every block). Counting
// against the limit asks the allocator for the real block size, and happens only when a limit is set.
#include "vm/memory/heap.hpp"

#include "vm/object/error/exception.hpp"
#include "vm/object/slot/protocol.hpp"

#include <cstdint>
#include <cstdio>
#include <sys/mman.h>
#if ASPY_MIMALLOC
#include <mimalloc.h>
#else
#include <malloc.h>
#endif

namespace aspy {
namespace {

size_t limit = 0;
size_t used = 0;

#if ASPY_MIMALLOC
void* raw_alloc(size_t bytes) { return mi_malloc(bytes); }
void* raw_realloc(void* block, size_t bytes) { return mi_realloc(block, bytes); }
void raw_free(void* block) { mi_free(block); }
size_t raw_size(void* block) { return mi_usable_size(block); }
#else
void* raw_alloc(size_t bytes) { return std::malloc(bytes ? bytes : 1); }
void* raw_realloc(void* block, size_t bytes) { return std::realloc(block, bytes ? bytes : 1); }
void raw_free(void* block) { std::free(block); }
size_t raw_size(void* block) { return malloc_usable_size(block); }
#endif

// Small requests have no way to fail: their callers hold half-made objects.
[[noreturn]] void out_of_memory(size_t bytes) {
  std::fprintf(stderr, "aspy: out of memory (a block of %zu bytes)\n", bytes);
  std::abort();
}

// Above this size a request is tried out before it is granted: the kernel may refuse it.
constexpr size_t probe_size = size_t{1} << 28;

} // namespace

void* heap_alloc(size_t bytes) {
  void* block = raw_alloc(bytes);
  if (!block) [[unlikely]]
    out_of_memory(bytes);
  if (limit) [[unlikely]]
    used += raw_size(block);
  return block;
}

void* heap_realloc(void* block, size_t bytes) {
  size_t before = limit && block ? raw_size(block) : 0;
  void* moved = raw_realloc(block, bytes);
  if (!moved) [[unlikely]]
    out_of_memory(bytes);
  if (limit) [[unlikely]]
    used += raw_size(moved) - before;
  return moved;
}

void heap_free(void* block) {
  if (limit && block) [[unlikely]]
    used -= raw_size(block);
  raw_free(block);
}

size_t heap_usable_size(void* block) { return block ? raw_size(block) : 0; }

void populate([[maybe_unused]] void* memory, [[maybe_unused]] size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  constexpr uintptr_t page = 4096;
  auto begin = (reinterpret_cast<uintptr_t>(memory) + page - 1) / page * page;
  auto end = (reinterpret_cast<uintptr_t>(memory) + bytes) / page * page;
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_WRITE);
#endif
}

bool may_allocate(Thread& thread, size_t bytes) {
  bool granted = bytes <= size_t(PTRDIFF_MAX) && (!limit || used + bytes <= limit);
  if (granted && bytes >= probe_size) {
    void* probe = raw_alloc(bytes);
    granted = probe != nullptr;
    raw_free(probe);
  }
  if (!granted) raise_with_args(thread, MemoryError_type, {});
  return granted;
}

void heap_set_limit(size_t bytes) { limit = bytes; }
size_t heap_limit() { return limit; }
size_t heap_used() { return used; }

void free_object(Object* object) {
  if (object->is_tracked()) gc_untrack(object);
  Type* type = object->type;
  heap_free(reinterpret_cast<char*>(object) - type->prefix_size);
  // Last: the type may have lived only for this instance.
  if (type->flags & TypeHeap) decref(type);
}

} // namespace aspy
