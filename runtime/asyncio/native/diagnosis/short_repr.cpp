#include "runtime/asyncio/native/diagnosis/short_repr.hpp"

#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

namespace aspy {

namespace {

constexpr int max_level = 6;
constexpr size_t max_items = 6, max_pairs = 4, max_text = 30, max_digits = 40;

// The middle of a text that is too long becomes "...".
void append_cut(const Str* shown, size_t limit, std::string& text) {
  if (shown->length <= limit) {
    text += shown->view();
    return;
  }
  auto* whole = const_cast<Str*>(shown);
  size_t head = (limit - 3) / 2, tail = limit - 3 - head;
  text += shown->view().substr(0, str_byte_offset(whole, static_cast<uint32_t>(head)));
  text += "...";
  text += shown->view().substr(str_byte_offset(whole, static_cast<uint32_t>(shown->length - tail)));
}

bool append(Thread& thread, Value value, int level, std::string& text);

bool append_row(Thread& thread, std::span<const Value> items, const char* open, const char* close, int level,
                std::string& text, bool trailing_comma = false) {
  text += open;
  if (level <= 0 && !items.empty()) {
    text += "...";
  } else {
    for (size_t i = 0; i < items.size() && i < max_items; ++i) {
      if (i) text += ", ";
      if (!append(thread, items[i], level - 1, text)) return false;
    }
    if (items.size() > max_items) text += ", ...";
  }
  if (trailing_comma && items.size() == 1) text += ",";
  text += close;
  return true;
}

bool append_dict(Thread& thread, Dict* dict, int level, std::string& text) {
  if (dict->used == 0) {
    text += "{}";
    return true;
  }
  if (level <= 0) {
    text += "{...}";
    return true;
  }
  text += "{";
  uint32_t position = 0;
  Value key, value;
  for (size_t i = 0; i < max_pairs && dict_next(dict, position, key, value); ++i) {
    if (i) text += ", ";
    if (!append(thread, key, level - 1, text)) return false;
    text += ": ";
    if (!append(thread, value, level - 1, text)) return false;
  }
  text += dict->used > max_pairs ? ", ...}" : "}";
  return true;
}

bool append(Thread& thread, Value value, int level, std::string& text) {
  if (is_exact(value, list_type)) return append_row(thread, cast<List>(value)->view(), "[", "]", level, text);
  if (is_exact(value, tuple_type))
    return append_row(thread, cast<Tuple>(value)->view(), "(", ")", level, text, true);
  if (is_exact(value, dict_type)) return append_dict(thread, cast<Dict>(value), level, text);
  if (is_exact(value, str_type)) {
    // Only as much as can be shown is quoted.
    Str* whole = cast<Str>(value);
    Own<Str> head = whole->length > max_text ? str_slice(whole, 0, max_text) : Own<Str>::share(whole);
    Ref shown = repr(thread, head.value());
    if (!shown) return false;
    if (cast<Str>(shown)->length > max_text || whole->length > max_text) {
      Own<Str> tail = whole->length > max_text ? str_slice(whole, whole->length - max_text, whole->length)
                                               : Own<Str>::share(whole);
      Ref last = repr(thread, tail.value());
      if (!last) return false;
      size_t before = (max_text - 3) / 2, after = max_text - 3 - before;
      Str* a = cast<Str>(shown);
      Str* b = cast<Str>(last);
      text += a->view().substr(0, str_byte_offset(a, static_cast<uint32_t>(before)));
      text += "...";
      text += b->view().substr(str_byte_offset(b, static_cast<uint32_t>(b->length - after)));
      return true;
    }
    text += cast<Str>(shown)->view();
    return true;
  }
  Ref shown = repr(thread, value);
  if (!shown) return false;
  append_cut(cast<Str>(shown), is_int_like(value) ? max_digits : max_text, text);
  return true;
}

} // namespace

std::string shown(Thread& thread, Value value) {
  Ref text = repr(thread, value);
  if (text) return std::string(cast<Str>(text)->view());
  clear_error(thread);
  return "?";
}

bool append_short_repr(Thread& thread, Value value, std::string& text) {
  return append(thread, value, max_level, text);
}

} // namespace aspy
