#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aspy {

/// Memory for one syntax tree: allocation moves a pointer, and everything is freed together when the arena
/// dies. Only trivially destructible things live here, since no destructor is ever run.
class Arena {
public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Uninitialised storage, `align` a power of two.
  void* allocate(std::size_t size, std::size_t align) {
    auto at = (reinterpret_cast<std::uintptr_t>(cursor_) + (align - 1)) & ~std::uintptr_t(align - 1);
    if (cursor_ == nullptr || at + size > reinterpret_cast<std::uintptr_t>(limit_))
      return allocate_slow(size, align);
    cursor_ = reinterpret_cast<std::byte*>(at) + size;
    return reinterpret_cast<void*>(at);
  }

  template <class T, class... Args> T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena runs no destructors");
    return ::new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  /// A copy of `count` elements that lives as long as the arena.
  template <class T> std::span<T const> copy(const T* first, std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (count == 0) return {};
    auto* to = static_cast<T*>(allocate(sizeof(T) * count, alignof(T)));
    std::memcpy(static_cast<void*>(to), first, sizeof(T) * count);
    return {to, count};
  }

  std::string_view copy(std::string_view text) {
    auto chars = copy(text.data(), text.size());
    return {chars.data(), chars.size()};
  }

  /// Bytes taken from the system so far.
  std::size_t footprint() const { return footprint_; }

private:
  void* allocate_slow(std::size_t size, std::size_t align) {
    // Blocks grow so that a big program needs few of them and a one-line program only a page.
    std::size_t block = next_block_;
    if (next_block_ < (std::size_t(1) << 20)) next_block_ *= 2;
    if (block < size + align) block = size + align;
    blocks_.push_back(std::unique_ptr<std::byte[]>(new std::byte[block]));
    footprint_ += block;
    cursor_ = blocks_.back().get();
    limit_ = cursor_ + block;
    return allocate(size, align);
  }

  std::byte* cursor_ = nullptr;
  std::byte* limit_ = nullptr;
  std::size_t next_block_ = 4096;
  std::size_t footprint_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

} // namespace aspy
