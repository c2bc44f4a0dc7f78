// Blocks for objects that come and go by the million (coroutines, tasks, futures): exact to eight bytes,
// taken from and given back to one list a size. Memory in the pool stays in the pool. The interpreter lock
// guards it.
#pragma once

#include <cstddef>

namespace aspy {

inline constexpr size_t pool_limit = 512; // bytes; larger blocks are the heap's

namespace pool {
struct FreeBlock {
  FreeBlock* next;
};
inline FreeBlock* lists[pool_limit / 8 + 1];
void* refill(size_t bytes); // a block from a fresh slab, the rest of which goes on the list
// heap_alloc and heap_free (heap.hpp, which builds on this header): for large blocks, and for all under
// sanitizers.
void* heap_block(size_t bytes);
void free_heap_block(void* block);
} // namespace pool

// Raw memory; never null (heap_alloc tells what happens when there is none).
inline void* pool_alloc(size_t bytes) {
#if ASPY_MIMALLOC
  if (bytes <= pool_limit) [[likely]] {
    pool::FreeBlock*& list = pool::lists[(bytes + 7) / 8];
    pool::FreeBlock* block = list;
    if (!block) [[unlikely]]
      return pool::refill(bytes);
    list = block->next;
    return block;
  }
#endif
  return pool::heap_block(bytes);
}

// `bytes` as it was asked for.
inline void pool_free(void* memory, size_t bytes) {
#if ASPY_MIMALLOC
  if (bytes <= pool_limit) [[likely]] {
    auto* block = static_cast<pool::FreeBlock*>(memory);
    pool::FreeBlock*& list = pool::lists[(bytes + 7) / 8];
    block->next = list;
    list = block;
    return;
  }
#endif
  pool::free_heap_block(memory);
}

} // namespace aspy
