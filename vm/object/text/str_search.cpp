// Methods of str that look for text: find, count, startswith, replace, partition ...
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/search.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str_internal.hpp"

#include <fmt/format.h>

namespace aspy {
namespace {

// The part of a text that start and stop select. `exists` is false when start lies behind the end: then not
// even the empty string is found there.
struct Window {
  std::string_view text;
  uint32_t offset = 0; // bytes before it
  bool exists = true;
};

bool make_window(Thread& thread, Str* self, Value start_arg, Value stop_arg, Window& out) {
  if (start_arg.is_empty()) { // then there is no stop either
    out = {self->view(), 0, true};
    return true;
  }
  int64_t start = 0, stop = INT64_MAX;
  if (!slice_bound(thread, start_arg, start) || !slice_bound(thread, stop_arg, stop)) return false;
  clamp_slice(start, stop, self->length);
  if (start > stop) {
    out = {{}, 0, false};
    return true;
  }
  uint32_t from = str_byte_offset(self, static_cast<uint32_t>(start));
  uint32_t to = str_byte_offset(self, static_cast<uint32_t>(stop));
  out = {self->view().substr(from, to - from), from, true};
  return true;
}

Str* need_str(Thread& thread, const char* method, int position, Value value) {
  if (is_str(value)) return cast<Str>(value);
  return raise_type_error(
      thread, fmt::format("{}() argument {} must be str, not {}", method, position, argument_type(value)));
}

// Common body of find and its kin: the index, -1 when missing, -2 when an exception is pending.
int64_t search(Thread& thread, const Value* args, const char* method, bool backwards) {
  Str* self = cast<Str>(args[0]);
  Str* part = need_str(thread, method, 1, args[1]);
  Window window;
  if (!part || !make_window(thread, self, args[2], args[3], window)) return -2;
  if (!window.exists) return -1;
  size_t at = backwards ? rfind_bytes(window.text, part->view()) : find_bytes(window.text, part->view());
  if (at == not_found) return -1;
  return str_index_of_byte(self, static_cast<uint32_t>(window.offset + at));
}

Ref find_result(Thread& thread, int64_t index, bool must_exist) {
  if (index == -2) return {};
  if (index == -1 && must_exist) return raise_value_error(thread, "substring not found");
  return Ref::steal(Value::from_int(index));
}

// startswith and endswith: 1, 0, -1 raised.
int has_affix(Thread& thread, const Value* args, bool at_end) {
  const char* method = at_end ? "endswith" : "startswith";
  Str* self = cast<Str>(args[0]);
  Window window;
  if (!make_window(thread, self, args[2], args[3], window)) return -1;
  auto test = [&](Str* affix) {
    return window.exists &&
           (at_end ? window.text.ends_with(affix->view()) : window.text.starts_with(affix->view()));
  };
  if (is_str(args[1])) return test(cast<Str>(args[1]));
  if (!is_tuple(args[1])) {
    raise_type_error(thread, fmt::format("{} first arg must be str or a tuple of str, not {}", method,
                                         type_name(args[1])));
    return -1;
  }
  for (Value item : cast<Tuple>(args[1])->view()) {
    if (!is_str(item)) {
      raise_type_error(thread,
                       fmt::format("tuple for {} must only contain str, not {}", method, type_name(item)));
      return -1;
    }
    if (test(cast<Str>(item))) return 1;
  }
  return 0;
}

// replace() of an empty part: `with` goes between all characters.
std::string interleave(std::string_view text, std::string_view with, size_t limit) {
  std::string out;
  size_t at = 0;
  for (; limit > 0; --limit) {
    out.append(with);
    if (at == text.size()) return out;
    size_t size = codepoint_size(text[at]);
    out.append(text.substr(at, size));
    at += size;
  }
  return out.append(text.substr(at));
}

Ref make_parts(Str* self, size_t at, Str* separator) {
  std::string_view text = self->view();
  Own<Str> head = make_part(self, text.substr(0, at));
  Own<Str> tail = make_part(self, text.substr(at + separator->size));
  Own<Str> middle = plain_str(separator);
  return make_tuple({head.value(), middle.value(), tail.value()});
}

// The separator of partition, or null: raised.
Str* need_separator(Thread& thread, Value value) {
  if (!is_str(value)) return raise_type_error(thread, fmt::format("must be str, not {}", type_name(value)));
  if (cast<Str>(value)->size == 0) return raise_value_error(thread, "empty separator");
  return cast<Str>(value);
}

} // namespace

std::string_view argument_type(Value value) { return value.is_none() ? "None" : type_name(value); }

Own<Str> plain_str(Str* text) {
  return text->type == &str_type ? Own<Str>::share(text) : make_str(text->view());
}

Ref str_method_find(Thread& thread, const Value* args) {
  return find_result(thread, search(thread, args, "find", false), false);
}
Ref str_method_rfind(Thread& thread, const Value* args) {
  return find_result(thread, search(thread, args, "rfind", true), false);
}
Ref str_method_index(Thread& thread, const Value* args) {
  return find_result(thread, search(thread, args, "index", false), true);
}
Ref str_method_rindex(Thread& thread, const Value* args) {
  return find_result(thread, search(thread, args, "rindex", true), true);
}

Ref str_method_count(Thread& thread, const Value* args) {
  Str* part = need_str(thread, "count", 1, args[1]);
  Window window;
  if (!part || !make_window(thread, cast<Str>(args[0]), args[2], args[3], window)) return {};
  if (!window.exists) return Ref::steal(Value::from_int(0));
  size_t count = part->size ? count_bytes(window.text, part->view()) : count_codepoints(window.text) + 1;
  return Ref::steal(Value::from_int(static_cast<int64_t>(count)));
}

Ref str_method_startswith(Thread& thread, const Value* args) {
  int found = has_affix(thread, args, false);
  return found < 0 ? Ref() : Ref::steal(Value::from_bool(found));
}
Ref str_method_endswith(Thread& thread, const Value* args) {
  int found = has_affix(thread, args, true);
  return found < 0 ? Ref() : Ref::steal(Value::from_bool(found));
}

Ref str_method_replace(Thread& thread, const Value* args) {
  Str* self = cast<Str>(args[0]);
  Str* part = need_str(thread, "replace", 1, args[1]);
  Str* with = part ? need_str(thread, "replace", 2, args[2]) : nullptr;
  if (!with) return {};
  int64_t count = -1;
  if (args[3] && !to_index(thread, args[3], count)) return {};
  size_t limit = count < 0 ? SIZE_MAX : static_cast<size_t>(count);
  if (limit == 0) return plain_str(self);
  if (part->size == 0) {
    // (characters + 1) insertions decide the size of the result.
    if (!may_make_str(thread, self->size + size_t{with->size} * (self->length + size_t{1}))) return {};
    return make_str(interleave(self->view(), with->view(), limit));
  }
  size_t hits = count_bytes(self->view(), part->view(), limit);
  if (hits == 0) return plain_str(self);
  size_t size = self->size - hits * part->size + hits * size_t{with->size};
  if (!may_make_str(thread, size)) return {};
  if (size <= 1) { // one of the shared ones
    char byte = 0;
    replace_bytes(self->view(), part->view(), with->view(), hits, &byte);
    return make_str({&byte, size});
  }
  Own<Str> out = new_str_buffer(size);
  replace_bytes(self->view(), part->view(), with->view(), hits, out->data());
  finish_str(out.get());
  return out;
}

Ref str_method_removeprefix(Thread& thread, const Value* args) {
  Str* self = cast<Str>(args[0]);
  if (!is_str(args[1])) {
    return raise_type_error(
        thread, fmt::format("removeprefix() argument must be str, not {}", argument_type(args[1])));
  }
  std::string_view prefix = cast<Str>(args[1])->view();
  if (!self->view().starts_with(prefix)) return plain_str(self);
  return make_part(self, self->view().substr(prefix.size()));
}

Ref str_method_removesuffix(Thread& thread, const Value* args) {
  Str* self = cast<Str>(args[0]);
  if (!is_str(args[1])) {
    return raise_type_error(
        thread, fmt::format("removesuffix() argument must be str, not {}", argument_type(args[1])));
  }
  std::string_view suffix = cast<Str>(args[1])->view();
  if (!self->view().ends_with(suffix)) return plain_str(self);
  return make_part(self, self->view().substr(0, self->size - suffix.size()));
}

Ref str_method_partition(Thread& thread, const Value* args) {
  Str* self = cast<Str>(args[0]);
  Str* separator = need_separator(thread, args[1]);
  if (!separator) return {};
  size_t at = find_bytes(self->view(), separator->view());
  if (at != not_found) return make_parts(self, at, separator);
  return make_tuple({plain_str(self).value(), names::empty, names::empty});
}

Ref str_method_rpartition(Thread& thread, const Value* args) {
  Str* self = cast<Str>(args[0]);
  Str* separator = need_separator(thread, args[1]);
  if (!separator) return {};
  size_t at = rfind_bytes(self->view(), separator->view());
  if (at != not_found) return make_parts(self, at, separator);
  return make_tuple({names::empty, names::empty, plain_str(self).value()});
}

} // namespace aspy
