// Methods of str that pad and substitute: center, ljust, zfill, expandtabs, translate, maketrans.
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str_internal.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace aspy {
namespace {

Ref pad(Thread& thread, Str* self, int64_t left, int64_t right, std::string_view fill) {
  if (left <= 0 && right <= 0) return plain_str(self);
  size_t size = static_cast<size_t>(left + right) * fill.size() + self->size;
  if (static_cast<uint64_t>(left) + static_cast<uint64_t>(right) > max_str_size ||
      !may_make_str(thread, size)) {
    return thread.has_error() ? Ref() : Ref(raise(thread, MemoryError_type, ""));
  }
  if (self->is_ascii && fill.size() == 1 && size > 1) {
    Own<Str> padded = new_str_buffer(size);
    char* at = std::fill_n(padded->data(), left, fill[0]);
    at = std::copy_n(self->data(), self->size, at);
    std::fill_n(at, right, fill[0]);
    padded->is_ascii = true;
    padded->length = padded->size;
    return padded;
  }
  std::string out;
  out.reserve(size);
  for (int64_t i = 0; i < left; ++i) out.append(fill);
  out.append(self->view());
  for (int64_t i = 0; i < right; ++i) out.append(fill);
  return make_str(out);
}

// Width and fill character of center and its kin.
bool layout_args(Thread& thread, const Value* args, int64_t& missing, std::string_view& fill) {
  int64_t width;
  if (!to_c_size(thread, args[1], width)) return false;
  fill = " ";
  if (args[2]) {
    if (!is_str(args[2])) {
      return raise_type_error(
          thread, fmt::format("The fill character must be a unicode character, not {}", type_name(args[2])));
    }
    if (cast<Str>(args[2])->length != 1) {
      return raise_type_error(thread, "The fill character must be exactly one character long");
    }
    fill = cast<Str>(args[2])->view();
  }
  missing = width - cast<Str>(args[0])->length;
  if (missing < 0) missing = 0;
  return true;
}

// What translate puts in place of a character: 1 appended, 0 unchanged, -1 raised.
int translate_one(Thread& thread, std::string& out, Value table, uint32_t c) {
  bool plain = is_exact(table, dict_type); // in which a missing key need not be raised
  Ref found = plain ? share(dict_get(thread, cast<Dict>(table), Value::from_int(c)))
                    : get_item(thread, table, Value::from_int(c));
  if (!found) {
    if (plain && !thread.has_error()) return 0;
    if (!error_matches(thread, LookupError_type)) return -1;
    clear_error(thread);
    return 0;
  }
  if (found.get().is_none()) return 1;
  if (is_str(found)) {
    out.append(cast<Str>(found)->view());
    return 1;
  }
  if (is_int_like(found)) {
    int64_t code;
    if (!int_as_int64(found, code) || code < 0 || code > 0x10FFFF) {
      raise_value_error(thread, "character mapping must be in range(0x110000)");
      return -1;
    }
    append_codepoint(out, static_cast<uint32_t>(code));
    return 1;
  }
  raise_type_error(thread, "character mapping must return integer, None or str");
  return -1;
}

} // namespace

Ref str_method_center(Thread& thread, const Value* args) {
  int64_t missing;
  std::string_view fill;
  if (!layout_args(thread, args, missing, fill)) return {};
  // The odd place goes left when the width is odd, else right.
  int64_t left = missing / 2 + (missing & (missing + cast<Str>(args[0])->length) & 1);
  return pad(thread, cast<Str>(args[0]), left, missing - left, fill);
}

Ref str_method_ljust(Thread& thread, const Value* args) {
  int64_t missing;
  std::string_view fill;
  if (!layout_args(thread, args, missing, fill)) return {};
  return pad(thread, cast<Str>(args[0]), 0, missing, fill);
}

Ref str_method_rjust(Thread& thread, const Value* args) {
  int64_t missing;
  std::string_view fill;
  if (!layout_args(thread, args, missing, fill)) return {};
  return pad(thread, cast<Str>(args[0]), missing, 0, fill);
}

Ref str_method_zfill(Thread& thread, const Value* args) {
  Str* self = cast<Str>(args[0]);
  int64_t width;
  if (!to_c_size(thread, args[1], width)) return {};
  int64_t missing = width - self->length;
  if (missing <= 0) return plain_str(self);
  if (static_cast<uint64_t>(missing) > max_str_size) return raise(thread, MemoryError_type, "");
  if (!may_make_str(thread, static_cast<size_t>(missing) + self->size)) return {};
  std::string_view text = self->view();
  std::string out;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    out += text[0];
    text.remove_prefix(1);
  }
  out.append(static_cast<size_t>(missing), '0').append(text);
  return make_str(out);
}

bool tab_size(Thread& thread, Value argument, int64_t& out) {
  out = 8;
  if (argument) {
    Ref number = to_index_object(thread, argument);
    if (!number) return false;
    if (!int_as_int64(number, out)) out = INT64_MAX;
  }
  if (out == int32_t(out)) return true;
  return raise(thread, OverflowError_type, "Python int too large to convert to C int");
}

Ref str_method_expandtabs(Thread& thread, const Value* args) {
  int64_t tab;
  if (!tab_size(thread, args[1], tab)) return {};
  std::string_view text = cast<Str>(args[0])->view();
  std::string out;
  int64_t column = 0;
  for (char c : text) {
    if (c == '\t') {
      if (tab <= 0) continue;
      int64_t spaces = tab - column % tab;
      if (!may_make_str(thread, out.size() + static_cast<size_t>(spaces))) return {};
      out.append(static_cast<size_t>(spaces), ' ');
      column += spaces;
      continue;
    }
    out += c;
    if (c == '\n' || c == '\r') {
      column = 0;
    } else if (!is_continuation(c)) {
      ++column;
    }
  }
  return make_str(out);
}

Ref str_method_translate(Thread& thread, const Value* args) {
  Str* self = cast<Str>(args[0]);
  std::string out;
  const char* at = self->data();
  const char* end = at + self->size;
  // A plain dict answers the same each time: each ASCII character is looked up once, as long as it becomes
  // another one.
  std::array<int16_t, 128> known;
  known.fill(-1);
  bool plain = is_exact(args[1], dict_type);
  while (at < end) {
    if (plain && static_cast<unsigned char>(*at) < 0x80) {
      auto c = static_cast<unsigned char>(*at++);
      if (known[c] >= 0) {
        out.push_back(static_cast<char>(known[c]));
        continue;
      }
      size_t before = out.size();
      int done = translate_one(thread, out, args[1], c);
      if (done < 0) return {};
      if (done == 0) out.push_back(static_cast<char>(c));
      if (out.size() == before + 1) known[c] = static_cast<unsigned char>(out.back());
      continue;
    }
    const char* start = at;
    int done = translate_one(thread, out, args[1], next_codepoint(at));
    if (done < 0) return {};
    if (done == 0) out.append(start, at);
  }
  return make_str(out);
}

Ref str_method_maketrans(Thread& thread, const Value* args) {
  Own<Dict> table = new_dict();
  Value from = args[0], to = args[1], remove = args[2];
  if (to) {
    if (!is_str(to)) {
      return raise_type_error(thread,
                              fmt::format("maketrans() argument 2 must be str, not {}", argument_type(to)));
    }
    if (remove && !is_str(remove)) {
      return raise_type_error(
          thread, fmt::format("maketrans() argument 3 must be str, not {}", argument_type(remove)));
    }
    if (!is_str(from))
      return raise_type_error(thread,
                              "first maketrans argument must be a string if there is a second argument");
    Str *source = cast<Str>(from), *target = cast<Str>(to);
    if (source->length != target->length) {
      return raise_value_error(thread, "the first two maketrans arguments must have equal length");
    }
    const char *at = source->data(), *with = target->data();
    for (uint32_t i = 0; i < source->length; ++i) {
      Value key = Value::from_int(next_codepoint(at));
      if (!dict_set(thread, table.get(), key, Value::from_int(next_codepoint(with)))) return {};
    }
    if (!remove) return table;
    at = cast<Str>(remove)->data();
    const char* end = at + cast<Str>(remove)->size;
    while (at < end) {
      if (!dict_set(thread, table.get(), Value::from_int(next_codepoint(at)), None)) return {};
    }
    return table;
  }
  if (!is_exact(from, dict_type) && !is_dict(from)) {
    return raise_type_error(thread, "if you give only one argument to maketrans it must be a dict");
  }
  uint32_t position = 0;
  Value key, value;
  while (dict_next(cast<Dict>(from), position, key, value)) {
    Ref code = share(key);
    if (is_str(key)) {
      if (cast<Str>(key)->length != 1) {
        return raise_value_error(thread, "string keys in translate table must be of length 1");
      }
      code = Ref::steal(Value::from_int(str_at(cast<Str>(key), 0)));
    } else if (!is_int_like(key)) {
      return raise_type_error(thread, "keys in translate table must be strings or integers");
    }
    if (!dict_set(thread, table.get(), code, value)) return {};
  }
  return table;
}

} // namespace aspy
