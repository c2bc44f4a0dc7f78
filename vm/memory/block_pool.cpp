#include "vm/memory/block_pool.hpp"

#include "vm/memory/heap.hpp"

namespace aspy::pool {

namespace {
constexpr size_t slab_bytes = 16 << 10;
}

void* refill(size_t bytes) {
  size_t size = (bytes + 7) / 8 * 8;
  auto* slab = static_cast<char*>(heap_alloc(slab_bytes));
  size_t count = slab_bytes / size;
  // In order of address, so that objects made one after the other lie beside each other.
  for (size_t i = 1; i < count; ++i)
    reinterpret_cast<FreeBlock*>(slab + i * size)->next =
        i + 1 < count ? reinterpret_cast<FreeBlock*>(slab + (i + 1) * size) : nullptr;
  lists[size / 8] = count > 1 ? reinterpret_cast<FreeBlock*>(slab + size) : nullptr;
  return slab;
}

void* heap_block(size_t bytes) { return heap_alloc(bytes); }
void free_heap_block(void* block) { heap_free(block); }

} // namespace aspy::pool
