// Methods of bytes and bytearray: case, layout, hex, decoding; and the table of all they share.
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes_internal.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/search.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/encoding/codecs.hpp"
#include "vm/object/text/str_internal.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>

namespace aspy {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alpha(char c) { return is_lower(c) || is_upper(c); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
char to_lower(char c) { return is_upper(c) ? static_cast<char>(c + 32) : c; }
char to_upper(char c) { return is_lower(c) ? static_cast<char>(c - 32) : c; }

template <class Map> Ref map_bytes(Value self, Map map) {
  std::string out(self_view(self));
  for (char& c : out) c = map(c);
  return make_like(self, out);
}

Ref lower(Thread&, const Value* args) { return map_bytes(args[0], to_lower); }
Ref upper(Thread&, const Value* args) { return map_bytes(args[0], to_upper); }
Ref swapcase(Thread&, const Value* args) {
  return map_bytes(args[0], [](char c) { return is_lower(c) ? to_upper(c) : to_lower(c); });
}
Ref capitalize(Thread&, const Value* args) {
  bool first = true;
  return map_bytes(args[0], [&](char c) { return std::exchange(first, false) ? to_upper(c) : to_lower(c); });
}
Ref title(Thread&, const Value* args) {
  bool in_word = false;
  return map_bytes(args[0], [&](char c) {
    char mapped = in_word ? to_lower(c) : to_upper(c);
    in_word = is_alpha(c);
    return mapped;
  });
}

template <bool (*test)(char)> Ref all_bytes(Thread&, const Value* args) {
  std::string_view data = self_view(args[0]);
  return Ref::steal(Value::from_bool(!data.empty() && std::all_of(data.begin(), data.end(), test)));
}

Ref isascii(Thread&, const Value* args) {
  std::string_view data = self_view(args[0]);
  return Ref::steal(Value::from_bool(
      std::all_of(data.begin(), data.end(), [](char c) { return static_cast<signed char>(c) >= 0; })));
}

template <bool (*wanted)(char), bool (*refused)(char)> Ref only_case(Thread&, const Value* args) {
  std::string_view data = self_view(args[0]);
  bool found =
      std::any_of(data.begin(), data.end(), wanted) && std::none_of(data.begin(), data.end(), refused);
  return Ref::steal(Value::from_bool(found));
}

Ref istitle(Thread&, const Value* args) {
  bool in_word = false, found = false;
  for (char c : self_view(args[0])) {
    if (is_alpha(c) && is_upper(c) == in_word) return Ref::steal(False);
    found = found || is_alpha(c);
    in_word = is_alpha(c);
  }
  return Ref::steal(Value::from_bool(found));
}

// --- layout -----------------------------------------------------------------------------------------------

enum class Side { Left, Right, Both };

Ref justify(Thread& thread, const Value* args, const char* method, Side side) {
  int64_t width;
  if (!to_c_size(thread, args[1], width)) return {};
  char fill = ' ';
  if (args[2]) {
    std::string_view text;
    if (!as_bytes_like(args[2], text) || text.size() != 1) {
      std::string got = as_bytes_like(args[2], text)
                            ? fmt::format("a {} object of length {}", type_name(args[2]), text.size())
                            : std::string(type_name(args[2]));
      return raise_type_error(
          thread,
          as_bytes_like(args[2], text)
              ? fmt::format("{}(): argument 2 must be a byte string of length 1, not {}", method, got)
              : fmt::format("{}() argument 2 must be a byte string of length 1, not {}", method, got));
    }
    fill = text[0];
  }
  std::string_view data = self_view(args[0]);
  int64_t missing = width - static_cast<int64_t>(data.size());
  if (missing <= 0) return unchanged(args[0]);
  if (static_cast<uint64_t>(missing) > size_t{1} << 46) return raise(thread, MemoryError_type, "");
  if (!may_allocate(thread, static_cast<size_t>(missing))) return {};
  int64_t left = side == Side::Left ? 0 : side == Side::Right ? missing : missing / 2 + (missing & width & 1);
  std::string out(static_cast<size_t>(left), fill);
  out.append(data).append(static_cast<size_t>(missing - left), fill);
  return make_like(args[0], out);
}

Ref center(Thread& thread, const Value* args) { return justify(thread, args, "center", Side::Both); }
Ref ljust(Thread& thread, const Value* args) { return justify(thread, args, "ljust", Side::Left); }
Ref rjust(Thread& thread, const Value* args) { return justify(thread, args, "rjust", Side::Right); }

Ref zfill(Thread& thread, const Value* args) {
  int64_t width;
  if (!to_c_size(thread, args[1], width)) return {};
  std::string_view data = self_view(args[0]);
  int64_t missing = width - static_cast<int64_t>(data.size());
  if (missing <= 0) return unchanged(args[0]);
  if (static_cast<uint64_t>(missing) > size_t{1} << 46) return raise(thread, MemoryError_type, "");
  if (!may_allocate(thread, static_cast<size_t>(missing))) return {};
  std::string out;
  if (!data.empty() && (data[0] == '+' || data[0] == '-')) {
    out += data[0];
    data.remove_prefix(1);
  }
  return make_like(args[0], out.append(static_cast<size_t>(missing), '0').append(data));
}

Ref expandtabs(Thread& thread, const Value* args) {
  int64_t tab;
  if (!tab_size(thread, args[1], tab)) return {};
  std::string out;
  int64_t column = 0;
  size_t wanted = self_view(args[0]).size();
  for (char c : self_view(args[0])) wanted += c == '\t' ? static_cast<size_t>(std::max<int64_t>(tab, 0)) : 0;
  if (!may_allocate(thread, wanted)) return {};
  for (char c : self_view(args[0])) {
    if (c != '\t') {
      out += c;
      column = c == '\n' || c == '\r' ? 0 : column + 1;
    } else if (tab > 0) {
      int64_t spaces = tab - column % tab;
      out.append(static_cast<size_t>(spaces), ' ');
      column += spaces;
    }
  }
  return make_like(args[0], out);
}

Ref translate(Thread& thread, const Value* args) {
  std::string_view table, remove;
  if (!args[1].is_none()) {
    if (!need_bytes(thread, args[1], table)) return {};
    if (table.size() != 256)
      return raise_value_error(thread, "translation table must be 256 characters long");
  }
  if (args[2] && !need_bytes(thread, args[2], remove)) return {};
  std::string out;
  for (char c : self_view(args[0])) {
    if (remove.find(c) != not_found) continue;
    out += table.empty() ? c : table[static_cast<unsigned char>(c)];
  }
  return make_like(args[0], out);
}

Ref maketrans(Thread& thread, const Value* args) {
  std::string_view from, to;
  if (!need_bytes(thread, args[0], from) || !need_bytes(thread, args[1], to)) return {};
  if (from.size() != to.size()) return raise_value_error(thread, "maketrans arguments must have same length");
  std::string table;
  for (int i = 0; i < 256; ++i) table += static_cast<char>(i);
  for (size_t i = 0; i < from.size(); ++i) table[static_cast<unsigned char>(from[i])] = to[i];
  return make_bytes(table);
}

// --- hex and text --------------------------------------------------------------------------------

Ref hex(Thread& thread, const Value* args) {
  char separator = 0;
  int64_t group = 1;
  if (args[1]) {
    std::string_view text;
    if (is_str(args[1])) {
      text = cast<Str>(args[1])->view();
      if (cast<Str>(args[1])->length != 1) return raise_value_error(thread, "sep must be length 1.");
      if (!cast<Str>(args[1])->is_ascii) return raise_value_error(thread, "sep must be ASCII.");
    } else if (as_bytes_like(args[1], text)) {
      if (text.size() != 1) return raise_value_error(thread, "sep must be length 1.");
      if (static_cast<signed char>(text[0]) < 0) return raise_value_error(thread, "sep must be ASCII.");
    } else {
      return raise_type_error(thread, "sep must be str or bytes.");
    }
    separator = text[0];
  }
  if (args[2] && !to_index(thread, args[2], group)) return {};
  std::string_view data = self_view(args[0]);
  size_t size = data.size();
  uint64_t step = group < 0 ? 0 - static_cast<uint64_t>(group) : static_cast<uint64_t>(group);
  std::string out;
  out.reserve(2 * size);
  static const char digits[] = "0123456789abcdef";
  if (!separator) {
    out.resize(2 * size);
    char* to = out.data();
    for (char c : data) {
      *to++ = digits[static_cast<unsigned char>(c) >> 4];
      *to++ = digits[c & 0xF];
    }
    return make_str(out);
  }
  for (size_t i = 0; i < size; ++i) {
    // Groups count from the right, or from the left when negative.
    if (i && separator && step && (group > 0 ? (size - i) % step == 0 : i % step == 0)) out += separator;
    auto byte = static_cast<unsigned char>(data[i]);
    out += digits[byte >> 4];
    out += digits[byte & 0xF];
  }
  return make_str(out);
}

// The value of each hexadecimal digit; -1 for every other byte.
constexpr auto hex_values = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 10; ++i) values[static_cast<size_t>('0' + i)] = static_cast<int8_t>(i);
  for (int i = 0; i < 6; ++i)
    values[static_cast<size_t>('a' + i)] = values[static_cast<size_t>('A' + i)] = static_cast<int8_t>(10 + i);
  return values;
}();
int hex_value(char c) { return hex_values[static_cast<unsigned char>(c)]; }

Ref decode(Thread& thread, const Value* args) {
  std::string_view encoding = "utf-8", errors = "strict";
  for (int i = 1; i <= 2; ++i) {
    if (args[i].is_empty()) continue;
    if (!is_str(args[i])) {
      return raise_type_error(thread, fmt::format("decode() argument '{}' must be str, not {}",
                                                  i == 1 ? "encoding" : "errors", argument_type(args[i])));
    }
    (i == 1 ? encoding : errors) = cast<Str>(args[i])->view();
  }
  return decode_text(thread, self_view(args[0]), encoding, errors, args[0]);
}

Ref sizeof_method(Thread&, const Value* args) {
  return Ref::steal(Value::from_int(static_cast<int64_t>(sizeof(Bytes) + self_view(args[0]).size() + 1)));
}

} // namespace

Ref bytes_method_fromhex(Thread& thread, const Value* args) {
  std::string_view text;
  if (is_str(args[1])) {
    text = cast<Str>(args[1])->view();
  } else if (!as_bytes_like(args[1], text)) {
    return raise_type_error(
        thread, fmt::format("fromhex() argument must be str or bytes-like, not {}", type_name(args[1])));
  }
  std::string out;
  out.reserve(text.size() / 2);
  for (size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    int high = hex_value(text[at]);
    int low = high >= 0 && at + 1 < text.size() ? hex_value(text[at + 1]) : -1;
    if (high >= 0 && at + 1 == text.size()) {
      return raise_value_error(thread, "fromhex() arg must contain an even number of hexadecimal digits");
    }
    if (low < 0) {
      return raise_value_error(thread,
                               fmt::format("non-hexadecimal number found in fromhex() arg at position {}",
                                           high < 0 ? at : at + 1));
    }
    out += static_cast<char>(high << 4 | low);
    at += 2;
  }
  if (args[0] == Value(&bytes_type)) return make_bytes(out);
  if (args[0] == Value(&bytearray_type)) return make_bytearray(out);
  Own<Bytes> data = make_bytes(out);
  return call(thread, args[0], {data.value()});
}

const NativeDef shared_bytes_methods[] = {
    {"capitalize", "self, /", capitalize, "Return a copy with only its first character capitalized."},
    {"center", "self, width, fillchar=b' ', /", center, "Return a centered copy of length width."},
    {"count", "self, sub, start=None, end=None, / |", bytes_method_count,
     "Return the number of non-overlapping occurrences of subsection 'sub'."},
    {"decode", "self, /, encoding='utf-8', errors='strict'", decode,
     "Decode the bytes using the codec for encoding."},
    {"endswith", "self, suffix, start=None, end=None, / |", bytes_method_endswith,
     "Return True if the bytes end with the specified suffix."},
    {"expandtabs", "self, /, tabsize=8", expandtabs, "Return a copy where tabs are expanded using spaces."},
    {"find", "self, sub, start=None, end=None, / |", bytes_method_find,
     "Return the lowest index of sub, or -1."},
    {"fromhex", "cls, string, /", bytes_method_fromhex, "Create bytes from a string of hexadecimal numbers.",
     NativeKind::ClassMethod},
    {"hex", "self, sep=None, bytes_per_sep=1 |", hex,
     "Create a string of hexadecimal numbers from the bytes."},
    {"index", "self, sub, start=None, end=None, / |", bytes_method_index, "Return the lowest index of sub."},
    {"isalnum", "self, /", all_bytes<is_alnum>, "Return True if all characters are alphanumeric."},
    {"isalpha", "self, /", all_bytes<is_alpha>, "Return True if all characters are alphabetic."},
    {"isascii", "self, /", isascii, "Return True if all characters are ASCII."},
    {"isdigit", "self, /", all_bytes<is_digit>, "Return True if all characters are digits."},
    {"islower", "self, /", only_case<is_lower, is_upper>,
     "Return True if all cased characters are lowercase."},
    {"isspace", "self, /", all_bytes<is_space>, "Return True if all characters are whitespace."},
    {"istitle", "self, /", istitle, "Return True if the bytes are title-cased."},
    {"isupper", "self, /", only_case<is_upper, is_lower>,
     "Return True if all cased characters are uppercase."},
    {"join", "self, iterable_of_bytes, /", bytes_method_join, "Concatenate any number of bytes objects."},
    {"ljust", "self, width, fillchar=b' ', /", ljust, "Return a left-justified copy of length width."},
    {"lower", "self, /", lower, "Return a copy with all ASCII characters converted to lowercase."},
    {"lstrip", "self, bytes=None, /", bytes_method_lstrip, "Strip leading bytes contained in the argument."},
    {"maketrans", "frm, to, /", maketrans, "Return a translation table usable for the translate method.",
     NativeKind::StaticMethod},
    {"partition", "self, sep, /", bytes_method_partition,
     "Partition into three parts using the given separator."},
    {"removeprefix", "self, prefix, /", bytes_method_removeprefix,
     "Return a copy with the given prefix removed."},
    {"removesuffix", "self, suffix, /", bytes_method_removesuffix,
     "Return a copy with the given suffix removed."},
    {"replace", "self, old, new, count=-1, /", bytes_method_replace,
     "Return a copy with occurrences of old replaced."},
    {"rfind", "self, sub, start=None, end=None, / |", bytes_method_rfind,
     "Return the highest index of sub, or -1."},
    {"rindex", "self, sub, start=None, end=None, / |", bytes_method_rindex,
     "Return the highest index of sub."},
    {"rjust", "self, width, fillchar=b' ', /", rjust, "Return a right-justified copy of length width."},
    {"rpartition", "self, sep, /", bytes_method_rpartition,
     "Partition into three parts at the last separator."},
    {"rsplit", "self, /, sep=None, maxsplit=-1", bytes_method_rsplit,
     "Return a list of the sections, split from the end."},
    {"rstrip", "self, bytes=None, /", bytes_method_rstrip, "Strip trailing bytes contained in the argument."},
    {"split", "self, /, sep=None, maxsplit=-1", bytes_method_split,
     "Return a list of the sections in the bytes."},
    {"splitlines", "self, /, keepends=False", bytes_method_splitlines,
     "Return a list of the lines in the bytes."},
    {"startswith", "self, prefix, start=None, end=None, / |", bytes_method_startswith,
     "Return True if the bytes start with the specified prefix."},
    {"strip", "self, bytes=None, /", bytes_method_strip,
     "Strip leading and trailing bytes contained in the argument."},
    {"swapcase", "self, /", swapcase,
     "Return a copy with uppercase ASCII converted to lowercase and vice versa."},
    {"title", "self, /", title, "Return a titlecased version."},
    {"translate", "self, table, /, delete=b''", translate,
     "Return a copy with each byte mapped by the table."},
    {"upper", "self, /", upper, "Return a copy with all ASCII characters converted to uppercase."},
    {"zfill", "self, width, /", zfill, "Pad a numeric string with zeros on the left."},
    {"__sizeof__", "self, /", sizeof_method},
};
const size_t shared_bytes_methods_count = std::size(shared_bytes_methods);

} // namespace aspy
