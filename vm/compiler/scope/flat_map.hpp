// FlatMap: a small hash table from non-zero 64-bit keys (addresses, value bits) to plain values. The
// compiler's tables are all of this kind: names are interned, so an address stands for a text.
#pragma once

#include <cstdint>
#include <vector>

namespace aspy::compiler {

template <class V> class FlatMap {
public:
  // The value of `key`, or null.
  V* find(uint64_t key) {
    if (slots_.empty()) return nullptr;
    for (size_t at = place(key);; at = (at + 1) & mask()) {
      if (slots_[at].key == key) return &slots_[at].value;
      if (slots_[at].key == 0) return nullptr;
    }
  }

  // The value of `key`, made with V() when it is new (`fresh` tells).
  V& obtain(uint64_t key, bool& fresh) {
    if ((count_ + 1) * 4 > slots_.size() * 3) grow();
    for (size_t at = place(key);; at = (at + 1) & mask()) {
      if (slots_[at].key == key) {
        fresh = false;
        return slots_[at].value;
      }
      if (slots_[at].key == 0) {
        slots_[at].key = key;
        slots_[at].value = V();
        ++count_;
        fresh = true;
        return slots_[at].value;
      }
    }
  }

  // Empties the table, keeping small storage for the next use.
  void clear() {
    if (count_ == 0) return;
    if (slots_.size() > 256) slots_.clear();
    for (Slot& slot : slots_) slot.key = 0;
    count_ = 0;
  }

private:
  struct Slot {
    uint64_t key = 0;
    V value{};
  };
  size_t mask() const { return slots_.size() - 1; }
  size_t place(uint64_t key) const {
    uint64_t mixed = key * 0x9E37'79B9'7F4A'7C15;
    return static_cast<size_t>(mixed ^ mixed >> 32) & mask();
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    count_ = 0;
    bool fresh;
    for (const Slot& slot : old)
      if (slot.key != 0) obtain(slot.key, fresh) = slot.value;
  }

  std::vector<Slot> slots_;
  size_t count_ = 0;
};

} // namespace aspy::compiler
