// Methods of str that take text apart and put it together: split, splitlines, strip, join.
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/search.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/encoding/unicode.hpp"
#include "vm/object/text/str_internal.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace aspy {
namespace {

// The code point that ends before `at`; moves `at` to its beginning.
uint32_t previous_codepoint(const char* begin, const char*& at) {
  do {
    --at;
  } while (at > begin && is_continuation(*at));
  const char* start = at;
  return next_codepoint(start);
}

// The first place at or after `at` that is (not) whitespace.
template <bool space> const char* find_space(const Str* text, const char* at, const char* end) {
  if (text->is_ascii) {
    while (at < end && has_class(*at, AsciiSpace) != space) ++at;
    return at;
  }
  while (at < end) {
    const char* start = at;
    if (unicode::is_space(next_codepoint(at)) == space) return start;
  }
  return end;
}

void push(List* list, const Str* whole, const char* from, const char* to) {
  list_append(list, Ref(make_part(whole, {from, static_cast<size_t>(to - from)})));
}

void split_space(List* out, Str* text, size_t limit) {
  const char* end = text->data() + text->size;
  const char* at = find_space<false>(text, text->data(), end);
  while (at < end) {
    if (limit-- == 0) {
      return push(out, text, at, end); // the rest is one piece, as it is
    }
    const char* stop = find_space<true>(text, at, end);
    push(out, text, at, stop);
    at = find_space<false>(text, stop, end);
  }
}

void rsplit_space(List* out, Str* text, size_t limit) {
  const char* begin = text->data();
  const char* end = begin + text->size;
  auto back_over = [&](const char* from, bool space) {
    while (from > begin) {
      const char* before = from;
      if (unicode::is_space(previous_codepoint(begin, before)) != space) break;
      from = before;
    }
    return from;
  };
  end = back_over(end, true);
  while (end > begin) {
    if (limit-- == 0) {
      push(out, text, begin, end);
      break;
    }
    const char* start = back_over(end, false);
    push(out, text, start, end);
    end = back_over(start, true);
  }
  std::reverse(out->items, out->items + out->size);
}

void split_at(List* out, const Str* whole, std::string_view separator, size_t limit) {
  std::string_view text = whole->view();
  for (; limit > 0; --limit) {
    size_t at = find_bytes(text, separator);
    if (at == not_found) break;
    list_append(out, Ref(make_part(whole, text.substr(0, at))));
    text.remove_prefix(at + separator.size());
  }
  list_append(out, Ref(make_part(whole, text)));
}

void rsplit_at(List* out, const Str* whole, std::string_view separator, size_t limit) {
  std::string_view text = whole->view();
  for (; limit > 0; --limit) {
    size_t at = rfind_bytes(text, separator);
    if (at == not_found) break;
    list_append(out, Ref(make_part(whole, text.substr(at + separator.size()))));
    text = text.substr(0, at);
  }
  list_append(out, Ref(make_part(whole, text)));
  std::reverse(out->items, out->items + out->size);
}

// Room that a list of pieces begins with.
constexpr size_t likely_pieces = 6;

Ref split_method(Thread& thread, const Value* args, bool from_right) {
  Str* self = cast<Str>(args[0]);
  int64_t max = -1;
  if (args[2] && !to_index(thread, args[2], max)) return {};
  size_t limit = max < 0 ? SIZE_MAX : static_cast<size_t>(max);
  Own<List> out = new_list(likely_pieces);
  if (args[1].is_empty() || args[1].is_none()) {
    (from_right ? rsplit_space : split_space)(out.get(), self, limit);
    return out;
  }
  if (!is_str(args[1])) {
    return raise_type_error(thread, fmt::format("must be str or None, not {}", type_name(args[1])));
  }
  std::string_view separator = cast<Str>(args[1])->view();
  if (separator.empty()) return raise_value_error(thread, "empty separator");
  (from_right ? rsplit_at : split_at)(out.get(), self, separator, limit);
  return out;
}

bool is_line_end(uint32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

// The part of an ASCII text that is left when the bytes for which `strips` holds are off its ends.
template <class Strips> Ref strip_ascii(Str* self, bool left, bool right, Strips strips) {
  std::string_view part = self->view();
  while (left && !part.empty() && strips(part.front())) part.remove_prefix(1);
  while (right && !part.empty() && strips(part.back())) part.remove_suffix(1);
  if (part.size() == self->size) return plain_str(self);
  return make_ascii_str(part);
}

// strip and its kin: `chars` decides by membership, whitespace when it is None.
Ref strip_method(Thread& thread, const Value* args, const char* method, bool left, bool right) {
  Str* self = cast<Str>(args[0]);
  bool space = args[1].is_empty() || args[1].is_none();
  if (!space && !is_str(args[1]))
    return raise_type_error(thread, fmt::format("{} arg must be None or str", method));
  if (self->is_ascii) {
    if (space) return strip_ascii(self, left, right, [](char c) { return has_class(c, AsciiSpace); });
    std::string_view chars = cast<Str>(args[1])->view();
    return strip_ascii(self, left, right, [=](char c) { return chars.find(c) != chars.npos; });
  }
  std::u32string set;
  if (!space) {
    const char* at = cast<Str>(args[1])->data();
    const char* end = at + cast<Str>(args[1])->size;
    while (at < end) set.push_back(next_codepoint(at));
  }
  auto strips = [&](uint32_t c) {
    return space ? unicode::is_space(c) : set.find(c) != std::u32string::npos;
  };
  const char* begin = self->data();
  const char* end = begin + self->size;
  while (left && begin < end) {
    const char* after = begin;
    if (!strips(next_codepoint(after))) break;
    begin = after;
  }
  while (right && end > begin) {
    const char* before = end;
    if (!strips(previous_codepoint(begin, before))) break;
    end = before;
  }
  if (static_cast<size_t>(end - begin) == self->size) return plain_str(self);
  return make_str({begin, static_cast<size_t>(end - begin)});
}

} // namespace

Ref str_method_split(Thread& thread, const Value* args) { return split_method(thread, args, false); }
Ref str_method_rsplit(Thread& thread, const Value* args) { return split_method(thread, args, true); }
Ref str_method_strip(Thread& thread, const Value* args) {
  return strip_method(thread, args, "strip", true, true);
}
Ref str_method_lstrip(Thread& thread, const Value* args) {
  return strip_method(thread, args, "lstrip", true, false);
}
Ref str_method_rstrip(Thread& thread, const Value* args) {
  return strip_method(thread, args, "rstrip", false, true);
}

Ref str_method_splitlines(Thread& thread, const Value* args) {
  int keep = args[1] ? truthy(thread, args[1]) : 0;
  if (keep < 0) return {};
  Str* self = cast<Str>(args[0]);
  Own<List> out = new_list();
  const char* at = self->data();
  const char* end = at + self->size;
  while (self->is_ascii && at < end) {
    const char* start = at;
    while (at < end && !has_class(*at, AsciiLineEnd)) ++at;
    const char* stop = at;
    if (at < end && *at++ == '\r' && at < end && *at == '\n') ++at;
    push(out.get(), self, start, keep ? at : stop);
  }
  while (at < end) {
    const char* start = at;
    const char* stop = end; // of the line without its end
    while (at < end) {
      const char* here = at;
      uint32_t c = next_codepoint(at);
      if (!is_line_end(c)) continue;
      if (c == '\r' && at < end && *at == '\n') ++at;
      stop = here;
      break;
    }
    push(out.get(), self, start, keep ? at : stop);
  }
  return out;
}

Own<Str> str_join(Thread& thread, Str* separator, Value iterable) {
  // A list or tuple is read in place; anything else is collected first, so that sizes are known before
  // copying.
  Own<List> collected;
  std::span<const Value> items;
  if (is_list(iterable)) {
    items = cast<List>(iterable)->view();
  } else if (is_tuple(iterable)) {
    items = cast<Tuple>(iterable)->view();
  } else {
    if (!type_of(iterable)->slots.iter && !type_of(iterable)->slots.get_item) {
      return raise_type_error(thread, "can only join an iterable");
    }
    collected = list_from_iterable(thread, iterable);
    if (!collected) return {};
    items = collected->view();
  }
  if (items.empty()) return make_str({});
  size_t size = size_t{separator->size} * (items.size() - 1);
  size_t length = size_t{separator->length} * (items.size() - 1);
  bool ascii = separator->is_ascii;
  for (size_t i = 0; i < items.size(); ++i) {
    if (!is_str(items[i])) {
      return raise_type_error(
          thread, fmt::format("sequence item {}: expected str instance, {} found", i, type_name(items[i])));
    }
    Str* piece = cast<Str>(items[i]);
    size += piece->size;
    length += piece->length;
    ascii = ascii && piece->is_ascii;
  }
  if (items.size() == 1 && is_exact(items[0], str_type)) return Own<Str>::share(cast<Str>(items[0]));
  if (size <= 1) {
    for (Value item : items) {
      if (cast<Str>(item)->size) return make_str(cast<Str>(item)->view());
    }
    return make_str(items.size() > 1 ? separator->view().substr(0, size) : std::string_view());
  }
  if (!may_make_str(thread, size)) return {};
  Own<Str> result = new_str_buffer(size);
  char* at = result->data();
  for (size_t i = 0; i < items.size(); ++i) {
    if (i && separator->size) {
      std::memcpy(at, separator->data(), separator->size);
      at += separator->size;
    }
    Str* piece = cast<Str>(items[i]);
    std::memcpy(at, piece->data(), piece->size);
    at += piece->size;
  }
  result->is_ascii = ascii && separator->is_ascii;
  result->length = static_cast<uint32_t>(length);
  return result;
}

Ref str_method_join(Thread& thread, const Value* args) {
  return str_join(thread, cast<Str>(args[0]), args[1]);
}

} // namespace aspy
