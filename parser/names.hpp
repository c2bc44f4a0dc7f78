#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "parser/arena.hpp"

namespace aspy {

/// The set of a tree's names: open addressing over string views, so that the same name is always the same
/// pointer.
struct Names {
  std::vector<std::string_view> slots; // a power of two; empty ones have a null pointer
  std::size_t count = 0;

  /// `copy_into` null: `name` itself lives as long as the tree.
  std::string_view intern(std::string_view name, Arena* copy_into);

private:
  void grow();
  static std::size_t hash_of(std::string_view name);
};

} // namespace aspy
