// The type str: construction, operators, iteration, and the table of its methods.
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/init.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/search.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/encoding/codecs.hpp"
#include "vm/object/text/format/format.hpp"
#include "vm/object/text/str_internal.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace aspy {

Type str_type;

namespace {

struct StrIterator : Object {
  Str* text = nullptr; // owned; null when exhausted
  uint32_t at = 0;     // byte offset
  uint32_t index = 0;  // code point
};
Type str_iterator_type, str_ascii_iterator_type;

// --- operators ---------------------------------------------------------------------------------------

bool str_hash_slot(Thread&, Value self, int64_t& out) {
  out = static_cast<int64_t>(str_hash(cast<Str>(self)));
  return true;
}

// UTF-8 sorts by bytes as it does by code points.
Ref str_compare(Thread&, Value a, Value b, CompareOp op) {
  if (!is_str(a) || !is_str(b)) return share(NotImplemented);
  Str *left = cast<Str>(a), *right = cast<Str>(b);
  if (op == CompareOp::Eq) return Ref::steal(Value::from_bool(str_equals(left, right)));
  if (op == CompareOp::Ne) return Ref::steal(Value::from_bool(!str_equals(left, right)));
  int order = left == right ? 0 : left->view().compare(right->view());
  return Ref::steal(Value::from_bool(holds(op, order)));
}

int64_t str_length(Thread&, Value self) { return cast<Str>(self)->length; }
Ref str_str(Thread&, Value self) { return plain_str(cast<Str>(self)); }

Ref str_concat_slot(Thread& thread, Value a, Value b) {
  if (!is_str(b)) {
    return raise_type_error(thread,
                            fmt::format("can only concatenate str (not \"{}\") to str", type_name(b)));
  }
  return str_concat(thread, cast<Str>(a), cast<Str>(b));
}

Ref str_repeat(Thread& thread, Value self, Value count_value) {
  int64_t count;
  if (is_int_like(count_value)) {
    if (!int_as_int64(count_value, count)) {
      return raise(thread, OverflowError_type, "cannot fit 'int' into an index-sized integer");
    }
  } else if (!to_index(thread, count_value, count)) {
    return {};
  }
  Str* text = cast<Str>(self);
  if (count <= 0 || text->size == 0) return make_str({});
  if (count == 1) return plain_str(text);
  if (static_cast<uint64_t>(count) > max_str_size / text->size) return raise(thread, MemoryError_type, "");
  size_t size = text->size * static_cast<size_t>(count);
  if (!may_make_str(thread, size)) return {};
  Own<Str> out = new_str_buffer(size);
  if (text->size == 1) {
    std::memset(out->data(), text->data()[0], size);
  } else {
    // Doubling what is there already keeps the copies long.
    std::memcpy(out->data(), text->data(), text->size);
    for (size_t done = text->size; done < size;) {
      size_t step = std::min(done, size - done);
      std::memcpy(out->data() + done, out->data(), step);
      done += step;
    }
  }
  out->is_ascii = text->is_ascii;
  out->length = text->length * static_cast<uint32_t>(count);
  return out;
}

int str_contains(Thread& thread, Value self, Value item) {
  if (!is_str(item)) {
    raise_type_error(thread,
                     fmt::format("'in <string>' requires string as left operand, not {}", type_name(item)));
    return -1;
  }
  return find_bytes(cast<Str>(self)->view(), cast<Str>(item)->view()) != not_found;
}

Ref take_slice(Thread& thread, Str* text, Slice* slice) {
  int64_t start, stop, step, count;
  if (!slice_indices(thread, slice, text->length, start, stop, step, count)) return {};
  if (count <= 0) return make_str({});
  if (step == 1) return str_slice(text, static_cast<uint32_t>(start), static_cast<uint32_t>(start + count));
  if (text->is_ascii && count > 1) {
    Own<Str> part = new_str_buffer(static_cast<size_t>(count));
    const char* from = text->data() + start;
    char* to = part->data();
    for (int64_t i = 0; i < count; ++i, from += step) to[i] = *from;
    part->is_ascii = true;
    part->length = part->size;
    return part;
  }
  std::string out;
  if (step == -1 && count == text->length) {
    // Back to front, each code point's bytes as they are.
    const char* begin = text->data();
    for (const char* end = begin + text->size; end > begin;) {
      const char* first = end - 1;
      while (first > begin && is_continuation(*first)) --first;
      out.append(first, end);
      end = first;
    }
    return make_str(out);
  }
  for (int64_t i = 0, at = start; i < count; ++i, at += step)
    append_codepoint(out, str_at(text, static_cast<uint32_t>(at)));
  return make_str(out);
}

Ref str_get_item(Thread& thread, Value self, Value key) {
  Str* text = cast<Str>(self);
  int64_t index;
  if (key.is_int()) {
    index = key.as_int();
  } else if (is_exact(key, slice_type)) {
    return take_slice(thread, text, cast<Slice>(key));
  } else if (is_int_like(key)) {
    if (!int_as_int64(key, index))
      return raise(thread, IndexError_type, "cannot fit 'int' into an index-sized integer");
  } else if (!type_of(key)->slots.index) {
    return raise_type_error(thread, fmt::format("string indices must be integers, not '{}'", type_name(key)));
  } else if (!to_index(thread, key, index)) {
    return {};
  }
  if (index < 0) index += text->length;
  if (index < 0 || index >= text->length) return raise(thread, IndexError_type, "string index out of range");
  return str_from_codepoint(str_at(text, static_cast<uint32_t>(index)));
}

Ref str_mod_slot(Thread& thread, Value a, Value b) {
  if (!is_str(a)) return share(NotImplemented);
  return str_modulo(thread, a, b);
}

// --- iteration ---------------------------------------------------------------------------------------

Ref str_iter(Thread&, Value self) {
  StrIterator* iterator =
      allocate<StrIterator>(cast<Str>(self)->is_ascii ? str_ascii_iterator_type : str_iterator_type);
  incref(self);
  iterator->text = cast<Str>(self);
  return Ref::steal(iterator);
}

Ref iterator_next(Thread&, Value self) {
  StrIterator* iterator = cast<StrIterator>(self);
  Str* text = iterator->text;
  if (!text) return {};
  if (iterator->at >= text->size) {
    clear_field(iterator->text);
    return {};
  }
  const char* at = text->data() + iterator->at;
  uint32_t c = next_codepoint(at);
  iterator->at = static_cast<uint32_t>(at - text->data());
  ++iterator->index;
  return str_from_codepoint(c);
}

Ref iterator_self(Thread&, Value self) { return share(self); }

Ref iterator_length_hint(Thread&, const Value* args) {
  StrIterator* iterator = cast<StrIterator>(args[0]);
  return Ref::steal(Value::from_int(iterator->text ? iterator->text->length - iterator->index : 0));
}

Ref iterator_reduce(Thread& thread, const Value* args) {
  StrIterator* iterator = cast<StrIterator>(args[0]);
  if (!iterator->text) return reduce_iterator(thread, make_str("").value());
  return reduce_iterator(thread, iterator->text, iterator->index);
}

Ref iterator_set_state(Thread& thread, const Value* args) {
  int64_t index;
  if (!to_iterator_index(thread, args[1], index)) return {};
  StrIterator* iterator = cast<StrIterator>(args[0]);
  if (Str* text = iterator->text) {
    iterator->index = static_cast<uint32_t>(std::clamp<int64_t>(index, 0, text->length));
    iterator->at = str_byte_offset(text, iterator->index);
  }
  return share(None);
}

void iterator_dealloc(Object* object) {
  clear_field(static_cast<StrIterator*>(object)->text);
  free_object(object);
}

const NativeDef str_iterator_methods[] = {
    {"__length_hint__", "self, /", iterator_length_hint},
    {"__reduce__", "self, /", iterator_reduce, "Return state information for pickling."},
    {"__setstate__", "self, state, /", iterator_set_state, "Set state information for unpickling."},
    {}};

// --- construction --------------------------------------------------------------------------------------

// An instance of a script subclass of str with this text.
Ref make_subclass_instance(Type* type, Str* text) {
  Object* object = allocate_instance(type, text->size + 1);
  Str* instance = static_cast<Str*>(object);
  instance->hash = 0;
  instance->size = text->size;
  instance->length = text->length;
  instance->is_ascii = text->is_ascii;
  instance->is_interned = false;
  instance->index = nullptr;
  std::memcpy(instance->data(), text->data(), text->size + 1);
  return Ref::steal(instance);
}

bool optional_name(Thread& thread, Value value, const char* what, std::string_view& out) {
  if (value.is_empty()) return true;
  if (!is_str(value)) {
    return raise_type_error(
        thread, fmt::format("str() argument '{}' must be str, not {}", what, argument_type(value)));
  }
  out = cast<Str>(value)->view();
  return true;
}

// The text that str(object, encoding, errors) gives.
Ref text_of(Thread& thread, Value object, Value encoding, Value errors) {
  if (object.is_empty()) return make_str({});
  if (encoding.is_empty() && errors.is_empty()) return str(thread, object);
  std::string_view encoding_text = "utf-8", errors_text = "strict";
  if (!optional_name(thread, encoding, "encoding", encoding_text)) return {};
  if (!optional_name(thread, errors, "errors", errors_text)) return {};
  if (is_str(object)) return raise_type_error(thread, "decoding str is not supported");
  std::string_view bytes;
  if (!as_bytes_like(object, bytes)) {
    return raise_type_error(
        thread, fmt::format("decoding to str: need a bytes-like object, {} found", type_name(object)));
  }
  return decode_text(thread, bytes, encoding_text, errors_text, object);
}

// --- dunder methods that are no slots ----------------------------------------------------------------------

Ref str_getnewargs(Thread&, const Value* args) {
  return make_tuple({make_str(cast<Str>(args[0])->view()).value()});
}

Ref str_sizeof(Thread&, const Value* args) {
  return Ref::steal(Value::from_int(static_cast<int64_t>(sizeof(Str)) + cast<Str>(args[0])->size + 1));
}

const NativeDef str_methods[] = {
    {"encode", "self, /, encoding='utf-8', errors='strict'", str_method_encode,
     "Encode the string using the codec registered for encoding."},
    {"replace", "self, old, new, /, count=-1", str_method_replace,
     "Return a copy with all occurrences of substring old replaced by new."},
    {"split", "self, /, sep=None, maxsplit=-1", str_method_split,
     "Return a list of the substrings in the string, using sep as the separator string."},
    {"rsplit", "self, /, sep=None, maxsplit=-1", str_method_rsplit,
     "Return a list of the substrings in the string, splitting from its end."},
    {"join", "self, iterable, /", str_method_join, "Concatenate any number of strings."},
    {"capitalize", "self, /", str_method_capitalize, "Return a capitalized version of the string."},
    {"casefold", "self, /", str_method_casefold,
     "Return a version of the string suitable for caseless comparisons."},
    {"title", "self, /", str_method_title, "Return a version of the string where each word is titlecased."},
    {"center", "self, width, fillchar=' ', /", str_method_center,
     "Return a centered string of length width."},
    {"count", "self, sub, start=None, end=None, / |", str_method_count,
     "Return the number of non-overlapping occurrences of substring sub in string S[start:end]."},
    {"expandtabs", "self, /, tabsize=8", str_method_expandtabs,
     "Return a copy where all tab characters are expanded using spaces."},
    {"find", "self, sub, start=None, end=None, / |", str_method_find,
     "Return the lowest index in S where substring sub is found, or -1."},
    {"partition", "self, sep, /", str_method_partition,
     "Partition the string into three parts using the given separator."},
    {"index", "self, sub, start=None, end=None, / |", str_method_index,
     "Return the lowest index in S where substring sub is found; ValueError when it is not."},
    {"ljust", "self, width, fillchar=' ', /", str_method_ljust,
     "Return a left-justified string of length width."},
    {"lower", "self, /", str_method_lower, "Return a copy of the string converted to lowercase."},
    {"lstrip", "self, chars=None, /", str_method_lstrip,
     "Return a copy of the string with leading whitespace removed."},
    {"rfind", "self, sub, start=None, end=None, / |", str_method_rfind,
     "Return the highest index in S where substring sub is found, or -1."},
    {"rindex", "self, sub, start=None, end=None, / |", str_method_rindex,
     "Return the highest index in S where substring sub is found; ValueError when it is not."},
    {"rjust", "self, width, fillchar=' ', /", str_method_rjust,
     "Return a right-justified string of length width."},
    {"rstrip", "self, chars=None, /", str_method_rstrip,
     "Return a copy of the string with trailing whitespace removed."},
    {"rpartition", "self, sep, /", str_method_rpartition,
     "Partition the string into three parts at the last occurrence of the separator."},
    {"splitlines", "self, /, keepends=False", str_method_splitlines,
     "Return a list of the lines in the string."},
    {"strip", "self, chars=None, /", str_method_strip,
     "Return a copy of the string with leading and trailing whitespace removed."},
    {"swapcase", "self, /", str_method_swapcase,
     "Convert uppercase characters to lowercase and the reverse."},
    {"translate", "self, table, /", str_method_translate,
     "Replace each character using the given translation table."},
    {"upper", "self, /", str_method_upper, "Return a copy of the string converted to uppercase."},
    {"startswith", "self, prefix, start=None, end=None, / |", str_method_startswith,
     "Return True if the string starts with the specified prefix, False otherwise."},
    {"endswith", "self, suffix, start=None, end=None, / |", str_method_endswith,
     "Return True if the string ends with the specified suffix, False otherwise."},
    {"removeprefix", "self, prefix, /", str_method_removeprefix,
     "Return a str with the given prefix removed if present."},
    {"removesuffix", "self, suffix, /", str_method_removesuffix,
     "Return a str with the given suffix removed if present."},
    {"isascii", "self, /", str_method_isascii, "Return True if all characters are ASCII."},
    {"islower", "self, /", str_method_islower, "Return True if the string is a lowercase string."},
    {"isupper", "self, /", str_method_isupper, "Return True if the string is an uppercase string."},
    {"istitle", "self, /", str_method_istitle, "Return True if the string is a title-cased string."},
    {"isspace", "self, /", str_method_isspace, "Return True if the string is a whitespace string."},
    {"isdecimal", "self, /", str_method_isdecimal, "Return True if the string is a decimal string."},
    {"isdigit", "self, /", str_method_isdigit, "Return True if the string is a digit string."},
    {"isnumeric", "self, /", str_method_isnumeric, "Return True if the string is a numeric string."},
    {"isalpha", "self, /", str_method_isalpha, "Return True if the string is an alphabetic string."},
    {"isalnum", "self, /", str_method_isalnum, "Return True if the string is an alpha-numeric string."},
    {"isidentifier", "self, /", str_method_isidentifier, "Return True if the string is a valid identifier."},
    {"isprintable", "self, /", str_method_isprintable, "Return True if all characters are printable."},
    {"zfill", "self, width, /", str_method_zfill, "Pad a numeric string with zeros on the left."},
    {"format", "self, /, *args, **kwargs", nullptr,
     "Return a formatted version of the string, using substitutions from args and kwargs.",
     NativeKind::Function, str_method_format},
    {"format_map", "self, mapping, /", str_method_format_map,
     "Return a formatted version of the string, using substitutions from mapping."},
    {"__format__", "self, format_spec, /", str_method_format_spec,
     "Return a formatted version of the string."},
    {"maketrans", "x, y=None, z=None, / |", str_method_maketrans,
     "Return a translation table usable for str.translate().", NativeKind::StaticMethod},
    {"__getnewargs__", "self, /", str_getnewargs},
    {"__sizeof__", "self, /", str_sizeof, "Return the size of the string in memory, in bytes."},
    {},
};

const TypeSpec str_spec = {"str",
                           nullptr,
                           sizeof(Str),
                           TypeIsStr,
                           0,
                           str_methods,
                           nullptr,
                           "str(object='') -> str\nstr(bytes_or_buffer[, encoding[, errors]]) -> str\n\n"
                           "Create a new string object from the given object. If encoding or\n"
                           "errors is specified, then the object must expose a data buffer\n"
                           "that will be decoded using the given encoding and error handler."};
const TypeSpec str_ascii_iterator_spec = {"str_ascii_iterator", nullptr, sizeof(StrIterator),
                                          TypeNoConstruct,      0,       str_iterator_methods};
const TypeSpec str_iterator_spec = {"str_iterator",  nullptr, sizeof(StrIterator),
                                    TypeNoConstruct, 0,       str_iterator_methods};

} // namespace

Ref str_construct(Thread& thread, Type* type, CallArgs args) {
  // str(x) alone is the common call.
  if (args.count == 1 && !args.kwnames && type == &str_type) return str(thread, args[0]);
  BoundArgs bound;
  if (!args.kwnames && !check_count(thread, "str", args, 0, 3)) return {};
  if (!bind_args(thread, "str", "object='', encoding='utf-8', errors='strict'", args, bound)) return {};
  Ref text = text_of(thread, bound[0], bound[1], bound[2]);
  if (!text || type == &str_type) return text;
  return make_subclass_instance(type, cast<Str>(text));
}

void init_str_type() {
  Slots& slots = str_type.slots;
  slots.dealloc = str_dealloc;
  slots.construct = str_construct;
  slots.repr = str_repr_slot;
  slots.str = str_str;
  slots.hash = str_hash_slot;
  slots.compare = str_compare;
  slots.iter = str_iter;
  slots.length = str_length;
  slots.get_item = str_get_item;
  slots.contains = str_contains;
  slots.concat = str_concat_slot;
  slots.repeat = str_repeat;
  slots.binary[static_cast<int>(BinaryOp::Mod)] = str_mod_slot;
  make_ready(str_type, str_spec);

  for (Type* type : {&str_iterator_type, &str_ascii_iterator_type}) {
    type->slots.dealloc = iterator_dealloc;
    type->slots.iter = iterator_self;
    type->slots.next = iterator_next;
  }
  make_ready(str_iterator_type, str_iterator_spec);
  make_ready(str_ascii_iterator_type, str_ascii_iterator_spec);
}

} // namespace aspy
