#include "vm/object/sequence/search.hpp"

#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <cstring>

namespace aspy {

size_t find_bytes(std::string_view text, std::string_view part) {
  if (part.empty()) return 0;
  if (part.size() > text.size()) return not_found;
  if (part.size() == 1) return text.find(part[0]);
  const void* hit = memmem(text.data(), text.size(), part.data(), part.size());
  return hit ? static_cast<size_t>(static_cast<const char*>(hit) - text.data()) : not_found;
}

size_t count_bytes(std::string_view text, std::string_view part, size_t limit) {
  size_t count = 0;
  while (count < limit) {
    size_t at = find_bytes(text, part);
    if (at == not_found) break;
    ++count;
    text.remove_prefix(at + part.size());
  }
  return count;
}

std::string replace_bytes(std::string_view text, std::string_view part, std::string_view with, size_t limit) {
  std::string out;
  for (; limit > 0; --limit) {
    size_t at = find_bytes(text, part);
    if (at == not_found) break;
    out.append(text.substr(0, at)).append(with);
    text.remove_prefix(at + part.size());
  }
  return out.append(text);
}

bool slice_bound(Thread& thread, Value bound, int64_t& out) {
  if (bound.is_empty() || bound.is_none()) return true;
  if (bound.is_int()) {
    out = bound.as_int();
    return true;
  }
  if (!is_int_like(bound) && !type_of(bound)->slots.index) {
    return raise_type_error(thread, "slice indices must be integers or None or have an __index__ method");
  }
  return to_index(thread, bound, out);
}

void clamp_slice(int64_t& start, int64_t& stop, int64_t length) {
  if (stop > length) stop = length;
  if (stop < 0) stop = stop + length < 0 ? 0 : stop + length;
  if (start < 0) start = start + length < 0 ? 0 : start + length;
}

} // namespace aspy
