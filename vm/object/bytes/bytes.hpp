// bytes (immutable, data inline) and bytearray (growable).
#pragma once

#include "vm/object/type/type.hpp"

#include <string_view>

namespace aspy {

struct Bytes : Object {
  uint64_t hash = 0; // 0: not computed
  size_t size = 0;
  char* data() { return reinterpret_cast<char*>(this + 1); }
  std::string_view view() const { return {reinterpret_cast<const char*>(this + 1), size}; }
};
struct ByteArray : Object {
  size_t size = 0, capacity = 0; // capacity counts from `bytes` on
  char* bytes = nullptr;         // in an owned block, which begins `front` bytes before
  size_t front = 0;
  std::string_view view() const { return {bytes, size}; }
};
extern Type bytes_type, bytearray_type;

// Each copies the data.
Own<Bytes> make_bytes(std::string_view data);
Own<ByteArray> make_bytearray(std::string_view data);
inline bool is_bytes(Value value) {
  return value.is_object() && (value.as_object()->type->flags & TypeIsBytes) != 0;
}
// The bytes of a bytes-like object (bytes, bytearray); false without an exception for anything else.
bool as_bytes_like(Value value, std::string_view& out);

} // namespace aspy
