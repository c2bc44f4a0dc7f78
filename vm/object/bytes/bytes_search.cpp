// Methods of bytes and bytearray that look for bytes, and that take them apart.
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes_internal.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/search.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str_internal.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// What find() looks for: bytes, or one byte as an int (kept in `byte`).
bool need_part(Thread& thread, Value value, unsigned char& byte, std::string_view& out) {
  if (as_bytes_like(value, out)) return true;
  if (!is_int_like(value) && !type_of(value)->slots.index) {
    return raise_type_error(
        thread, fmt::format("argument should be integer or bytes-like object, not '{}'", type_name(value)));
  }
  if (!to_byte(thread, value, byte)) return false;
  out = {reinterpret_cast<const char*>(&byte), 1};
  return true;
}

// The window data[start:stop]; false: raised. `exists` false: start lies behind the end.
bool make_window(Thread& thread, std::string_view data, Value start_arg, Value stop_arg,
                 std::string_view& out, int64_t& start, bool& exists) {
  int64_t stop = INT64_MAX;
  start = 0;
  if (!slice_bound(thread, start_arg, start) || !slice_bound(thread, stop_arg, stop)) return false;
  clamp_slice(start, stop, static_cast<int64_t>(data.size()));
  exists = start <= stop;
  out = exists ? data.substr(static_cast<size_t>(start), static_cast<size_t>(stop - start))
               : std::string_view();
  return true;
}

Ref search(Thread& thread, const Value* args, bool backwards, bool must_exist) {
  unsigned char byte;
  std::string_view part, window;
  int64_t start;
  bool exists;
  if (!make_window(thread, self_view(args[0]), args[2], args[3], window, start, exists)) return {};
  if (!need_part(thread, args[1], byte, part)) return {};
  size_t at = !exists ? not_found : backwards ? rfind_bytes(window, part) : find_bytes(window, part);
  if (at == not_found) {
    if (must_exist) return raise_value_error(thread, "subsection not found");
    return Ref::steal(Value::from_int(-1));
  }
  return Ref::steal(Value::from_int(start + static_cast<int64_t>(at)));
}

Ref has_affix(Thread& thread, const Value* args, bool at_end) {
  const char* method = at_end ? "endswith" : "startswith";
  std::string_view window;
  int64_t start;
  bool exists;
  if (!make_window(thread, self_view(args[0]), args[2], args[3], window, start, exists)) return {};
  auto test = [&](std::string_view affix) {
    return exists && (at_end ? window.ends_with(affix) : window.starts_with(affix));
  };
  std::string_view affix;
  if (is_tuple(args[1])) {
    for (Value item : cast<Tuple>(args[1])->view()) {
      if (!need_bytes(thread, item, affix)) return {};
      if (test(affix)) return Ref::steal(True);
    }
    return Ref::steal(False);
  }
  if (!as_bytes_like(args[1], affix)) {
    return raise_type_error(thread, fmt::format("{} first arg must be bytes or a tuple of bytes, not {}",
                                                method, type_name(args[1])));
  }
  return Ref::steal(Value::from_bool(test(affix)));
}

Ref make_parts(Value self, std::string_view first, std::string_view second, std::string_view third) {
  Ref a = make_like(self, first), b = make_like(self, second), c = make_like(self, third);
  return make_tuple({a.get(), b.get(), c.get()});
}

Ref split_method(Thread& thread, const Value* args, bool from_right) {
  Value self = args[0];
  std::string_view data = self_view(self);
  int64_t max = -1;
  if (args[2] && !to_index(thread, args[2], max)) return {};
  size_t limit = max < 0 ? SIZE_MAX : static_cast<size_t>(max);
  Own<List> out = new_list();
  auto push = [&](std::string_view piece) { list_append(out.get(), make_like(self, piece)); };
  if (args[1].is_empty() || args[1].is_none()) {
    auto trim = [&](std::string_view text) {
      if (from_right) {
        while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
      } else {
        while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
      }
      return text;
    };
    for (data = trim(data); !data.empty(); data = trim(data)) {
      size_t size = 0;
      if (limit-- == 0) {
        push(data);
        break;
      }
      while (size < data.size() && !is_space(data[from_right ? data.size() - 1 - size : size])) ++size;
      push(from_right ? data.substr(data.size() - size) : data.substr(0, size));
      data = from_right ? data.substr(0, data.size() - size) : data.substr(size);
    }
  } else {
    std::string_view separator;
    if (!need_bytes(thread, args[1], separator)) return {};
    if (separator.empty()) return raise_value_error(thread, "empty separator");
    for (; limit > 0; --limit) {
      size_t at = from_right ? rfind_bytes(data, separator) : find_bytes(data, separator);
      if (at == not_found) break;
      push(from_right ? data.substr(at + separator.size()) : data.substr(0, at));
      data = from_right ? data.substr(0, at) : data.substr(at + separator.size());
    }
    push(data);
  }
  if (from_right) std::reverse(out->items, out->items + out->size);
  return out;
}

Ref strip_method(Thread& thread, const Value* args, bool left, bool right) {
  std::string_view data = self_view(args[0]), chars;
  bool space = args[1].is_empty() || args[1].is_none();
  if (!space && !need_bytes(thread, args[1], chars)) return {};
  auto strips = [&](char c) { return space ? is_space(c) : chars.find(c) != not_found; };
  size_t before = data.size();
  while (left && !data.empty() && strips(data.front())) data.remove_prefix(1);
  while (right && !data.empty() && strips(data.back())) data.remove_suffix(1);
  return data.size() == before ? unchanged(args[0]) : make_like(args[0], data);
}

} // namespace

Ref bytes_method_find(Thread& thread, const Value* args) { return search(thread, args, false, false); }
Ref bytes_method_rfind(Thread& thread, const Value* args) { return search(thread, args, true, false); }
Ref bytes_method_index(Thread& thread, const Value* args) { return search(thread, args, false, true); }
Ref bytes_method_rindex(Thread& thread, const Value* args) { return search(thread, args, true, true); }

Ref bytes_method_count(Thread& thread, const Value* args) {
  unsigned char byte;
  std::string_view part, window;
  int64_t start;
  bool exists;
  if (!need_part(thread, args[1], byte, part)) return {};
  if (!make_window(thread, self_view(args[0]), args[2], args[3], window, start, exists)) return {};
  if (!exists) return Ref::steal(Value::from_int(0));
  size_t count = part.empty() ? window.size() + 1 : count_bytes(window, part);
  return Ref::steal(Value::from_int(static_cast<int64_t>(count)));
}

Ref bytes_method_startswith(Thread& thread, const Value* args) { return has_affix(thread, args, false); }
Ref bytes_method_endswith(Thread& thread, const Value* args) { return has_affix(thread, args, true); }

Ref bytes_method_replace(Thread& thread, const Value* args) {
  std::string_view part, with, data = self_view(args[0]);
  int64_t count = -1;
  if (!need_bytes(thread, args[1], part) || !need_bytes(thread, args[2], with)) return {};
  if (args[3] && !to_index(thread, args[3], count)) return {};
  size_t limit = count < 0 ? SIZE_MAX : static_cast<size_t>(count);
  if (!part.empty()) {
    size_t hits = count_bytes(data, part, limit);
    if (hits == 0) return unchanged(args[0]);
    size_t size = data.size() - hits * part.size() + hits * with.size();
    if (!may_make_str(thread, size)) return {};
    std::string out(size, '\0');
    replace_bytes(data, part, with, hits, out.data());
    return make_like(args[0], out);
  }
  // An empty part matches between all bytes.
  std::string out;
  size_t at = 0;
  for (; limit > 0; --limit) {
    out.append(with);
    if (at == data.size()) return make_like(args[0], out);
    out += data[at++];
  }
  return make_like(args[0], out.append(data.substr(at)));
}

Ref bytes_method_removeprefix(Thread& thread, const Value* args) {
  std::string_view part, data = self_view(args[0]);
  if (!need_bytes(thread, args[1], part)) return {};
  return data.starts_with(part) && !part.empty() ? make_like(args[0], data.substr(part.size()))
                                                 : unchanged(args[0]);
}

Ref bytes_method_removesuffix(Thread& thread, const Value* args) {
  std::string_view part, data = self_view(args[0]);
  if (!need_bytes(thread, args[1], part)) return {};
  if (part.empty() || !data.ends_with(part)) return unchanged(args[0]);
  return make_like(args[0], data.substr(0, data.size() - part.size()));
}

Ref bytes_method_partition(Thread& thread, const Value* args) {
  std::string_view part, data = self_view(args[0]);
  if (!need_bytes(thread, args[1], part)) return {};
  if (part.empty()) return raise_value_error(thread, "empty separator");
  size_t at = find_bytes(data, part);
  if (at == not_found) return make_parts(args[0], data, {}, {});
  return make_parts(args[0], data.substr(0, at), part, data.substr(at + part.size()));
}

Ref bytes_method_rpartition(Thread& thread, const Value* args) {
  std::string_view part, data = self_view(args[0]);
  if (!need_bytes(thread, args[1], part)) return {};
  if (part.empty()) return raise_value_error(thread, "empty separator");
  size_t at = rfind_bytes(data, part);
  if (at == not_found) return make_parts(args[0], {}, {}, data);
  return make_parts(args[0], data.substr(0, at), part, data.substr(at + part.size()));
}

Ref bytes_method_split(Thread& thread, const Value* args) { return split_method(thread, args, false); }
Ref bytes_method_rsplit(Thread& thread, const Value* args) { return split_method(thread, args, true); }

Ref bytes_method_splitlines(Thread& thread, const Value* args) {
  int keep = args[1] ? truthy(thread, args[1]) : 0;
  if (keep < 0) return {};
  std::string_view data = self_view(args[0]);
  Own<List> out = new_list();
  for (size_t at = 0; at < data.size();) {
    size_t stop = data.find_first_of("\r\n", at);
    if (stop == not_found) stop = data.size();
    size_t after = stop + (stop < data.size());
    if (stop + 1 < data.size() && data[stop] == '\r' && data[stop + 1] == '\n') ++after;
    list_append(out.get(), make_like(args[0], data.substr(at, (keep ? after : stop) - at)));
    at = after;
  }
  return out;
}

Ref bytes_method_join(Thread& thread, const Value* args) {
  if (!type_of(args[1])->slots.iter && !type_of(args[1])->slots.get_item) {
    return raise_type_error(thread, "can only join an iterable");
  }
  Own<List> items = list_from_iterable(thread, args[1]);
  if (!items) return {};
  std::string out;
  size_t wanted = 0;
  for (Value item : items->view())
    if (std::string_view piece; as_bytes_like(item, piece))
      wanted += piece.size() + self_view(args[0]).size();
  if (!may_allocate(thread, wanted)) return {};
  out.reserve(wanted);
  for (size_t i = 0; i < items->size; ++i) {
    std::string_view piece;
    if (!as_bytes_like(items->items[i], piece)) {
      return raise_type_error(thread, fmt::format("sequence item {}: expected a bytes-like object, {} found",
                                                  i, type_name(items->items[i])));
    }
    if (i) out.append(self_view(args[0]));
    out.append(piece);
  }
  return make_like(args[0], out);
}

Ref bytes_method_strip(Thread& thread, const Value* args) { return strip_method(thread, args, true, true); }
Ref bytes_method_lstrip(Thread& thread, const Value* args) { return strip_method(thread, args, true, false); }
Ref bytes_method_rstrip(Thread& thread, const Value* args) { return strip_method(thread, args, false, true); }

} // namespace aspy
