#include "vm/memory/block_pool.hpp"

#include "vm/memory/heap.hpp"

namespace aspy::pool {

namespace {
// The first slab of a size is a page: most sizes never need more, and each page touched costs every start of
// the program.
constexpr size_t page_bytes = 4 << 10;
constexpr size_t slab_bytes = 16 << 10;
// A size of which there is this much is going to need more: the pages of its slabs come in one call.
constexpr size_t large_bytes = 1 << 20;
constexpr size_t large_slab_bytes = 64 << 10;
size_t taken[pool_limit / 8 + 1]; // bytes in slabs, by size
} // namespace

void* refill(size_t bytes) {
  size_t size = (bytes + 7) / 8 * 8;
  size_t& before = taken[size / 8];
  size_t slab_size = before >= large_bytes ? large_slab_bytes : before ? slab_bytes : page_bytes;
  before += slab_size;
  auto* slab = static_cast<char*>(heap_alloc(slab_size));
  if (slab_size == large_slab_bytes) populate(slab, slab_size);
  size_t count = slab_size / size;
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
