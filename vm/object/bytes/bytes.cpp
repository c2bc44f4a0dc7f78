// bytes: making, operators, construction. bytearray uses the operators as well.
#include "vm/object/bytes/bytes.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/bytes/bytes_internal.hpp"
#include "vm/object/hash/siphash.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/search.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/encoding/codecs.hpp"
#include "vm/object/text/str_internal.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <iterator>
#include <vector>

namespace aspy {

Type bytes_type;

namespace {

Bytes* empty_bytes = nullptr;
Bytes* single_bytes[256];

struct BytesIterator : Object {
  Value source; // bytes or bytearray, owned; empty when exhausted
  size_t index = 0;
};
Type bytes_iterator_type, bytearray_iterator_type;

Bytes* fresh_bytes(std::string_view data) {
  Bytes* bytes = allocate<Bytes>(bytes_type, data.size() + 1);
  bytes->size = data.size();
  if (!data.empty()) std::memcpy(bytes->data(), data.data(), data.size());
  bytes->data()[data.size()] = '\0';
  return bytes;
}

Bytes* shared_bytes(Bytes*& entry, std::string_view data) {
  if (!entry) {
    entry = fresh_bytes(data);
    entry->refcount += immortal_refcount;
  }
  return entry;
}

// --- operators -----------------------------------------------------------------------------------------

Ref bytes_repr(Thread&, Value self) {
  std::string out;
  bool array = !is_bytes(self);
  if (array) out = std::string(type_name(self)) + "(";
  append_bytes_repr(out, self_view(self), array);
  if (array) out += ')';
  return make_str(out);
}

bool bytes_hash(Thread&, Value self, int64_t& out) {
  Bytes* bytes = cast<Bytes>(self);
  if (bytes->hash == 0) bytes->hash = hash_bytes(bytes->view());
  out = static_cast<int64_t>(bytes->hash);
  return true;
}

Ref bytes_compare(Thread&, Value a, Value b, CompareOp op) {
  std::string_view left, right;
  if (!as_bytes_like(a, left) || !as_bytes_like(b, right)) return share(NotImplemented);
  return Ref::steal(Value::from_bool(holds(op, left.compare(right))));
}

int64_t bytes_length(Thread&, Value self) { return static_cast<int64_t>(self_view(self).size()); }

int bytes_contains(Thread& thread, Value self, Value item) {
  if (is_int_like(item) || type_of(item)->slots.index) {
    unsigned char byte;
    if (!to_byte(thread, item, byte)) return -1;
    return self_view(self).find(static_cast<char>(byte)) != not_found;
  }
  std::string_view part;
  if (!need_bytes(thread, item, part)) return -1;
  return find_bytes(self_view(self), part) != not_found;
}

Ref bytes_concat(Thread& thread, Value a, Value b) {
  std::string_view right;
  if (!as_bytes_like(b, right)) {
    return raise_type_error(thread, fmt::format("can't concat {} to {}", type_name(b), type_name(a)));
  }
  std::string_view left = self_view(a);
  if (is_exact(a, bytes_type) && right.empty()) return share(a);
  if (is_exact(a, bytes_type) && is_exact(b, bytes_type) && left.empty()) return share(b);
  if (!may_allocate(thread, left.size() + right.size())) return {};
  std::string joined;
  joined.reserve(left.size() + right.size());
  return make_like(a, joined.append(left).append(right));
}

Ref bytes_repeat(Thread& thread, Value self, Value count_value) {
  int64_t count;
  if (is_int_like(count_value) && !int_as_int64(count_value, count)) {
    return raise(thread, OverflowError_type, "cannot fit 'int' into an index-sized integer");
  }
  if (!to_index(thread, count_value, count)) return {};
  std::string_view data = self_view(self);
  if (count <= 0 || data.empty()) return make_like(self, {});
  if (count == 1) return unchanged(self);
  if (static_cast<uint64_t>(count) > (size_t{1} << 46) / data.size())
    return raise(thread, MemoryError_type, "");
  if (!may_allocate(thread, data.size() * static_cast<size_t>(count))) return {};
  std::string out;
  out.reserve(data.size() * static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) out.append(data);
  return make_like(self, out);
}

Ref bytes_get_item(Thread& thread, Value self, Value key) {
  std::string_view data = self_view(self);
  int64_t size = static_cast<int64_t>(data.size());
  if (is_exact(key, slice_type)) {
    int64_t start, stop, step, count;
    if (!slice_indices(thread, cast<Slice>(key), size, start, stop, step, count)) return {};
    data = self_view(self); // an __index__ may have changed a bytearray
    if (count <= 0) return make_like(self, {});
    if (start + (count - 1) * step >= static_cast<int64_t>(data.size())) return make_like(self, {});
    if (step == 1) {
      if (count == size) return unchanged(self);
      return make_like(self, data.substr(static_cast<size_t>(start), static_cast<size_t>(count)));
    }
    std::string out;
    for (int64_t i = 0, at = start; i < count; ++i, at += step) out += data[static_cast<size_t>(at)];
    return make_like(self, out);
  }
  int64_t index;
  if (!byte_index(thread, key, is_bytes(self) ? "byte" : "bytearray", index)) return {};
  if (index < 0) index += size;
  if (index < 0 || index >= size) {
    return raise(thread, IndexError_type,
                 is_bytes(self) ? "index out of range" : "bytearray index out of range");
  }
  return Ref::steal(Value::from_int(static_cast<unsigned char>(data[static_cast<size_t>(index)])));
}

Ref bytes_mod(Thread& thread, Value a, Value b) {
  if (!is_bytes(a) && !is_bytearray(a)) return share(NotImplemented);
  return bytes_modulo(thread, a, b);
}

Ref bytes_bytes(Thread&, const Value* args) {
  return is_exact(args[0], bytes_type) ? share(args[0]) : Ref(make_bytes(self_view(args[0])));
}

Ref bytes_getnewargs(Thread&, const Value* args) {
  return make_tuple({make_bytes(self_view(args[0])).value()});
}

// --- iteration ---------------------------------------------------------------------------------------

Ref bytes_iter(Thread&, Value self) {
  BytesIterator* iterator =
      allocate<BytesIterator>(is_bytes(self) ? bytes_iterator_type : bytearray_iterator_type);
  incref(self);
  iterator->source = self;
  return Ref::steal(iterator);
}

Ref iterator_next(Thread&, Value self) {
  BytesIterator* iterator = cast<BytesIterator>(self);
  if (!iterator->source) return {};
  std::string_view data = self_view(iterator->source);
  if (iterator->index >= data.size()) {
    clear_field(iterator->source);
    return {};
  }
  return Ref::steal(Value::from_int(static_cast<unsigned char>(data[iterator->index++])));
}

Ref iterator_self(Thread&, Value self) { return share(self); }

Ref iterator_length_hint(Thread&, const Value* args) {
  BytesIterator* iterator = cast<BytesIterator>(args[0]);
  size_t size = iterator->source ? self_view(iterator->source).size() : 0;
  return Ref::steal(
      Value::from_int(size > iterator->index ? static_cast<int64_t>(size - iterator->index) : 0));
}

Ref iterator_reduce(Thread& thread, const Value* args) {
  BytesIterator* iterator = cast<BytesIterator>(args[0]);
  if (!iterator->source) return reduce_iterator(thread, make_tuple({}).value());
  return reduce_iterator(thread, iterator->source, static_cast<int64_t>(iterator->index));
}

Ref iterator_set_state(Thread& thread, const Value* args) {
  int64_t index;
  if (!to_iterator_index(thread, args[1], index)) return {};
  BytesIterator* iterator = cast<BytesIterator>(args[0]);
  if (iterator->source) {
    auto size = static_cast<int64_t>(self_view(iterator->source).size());
    // A bytearray may grow again: only bytes are clamped to their end.
    iterator->index = static_cast<size_t>(is_bytes(iterator->source) ? std::clamp<int64_t>(index, 0, size)
                                                                     : std::max<int64_t>(index, 0));
  }
  return share(None);
}

void iterator_dealloc(Object* object) {
  clear_field(static_cast<BytesIterator*>(object)->source);
  free_object(object);
}

const NativeDef iterator_methods[] = {
    {"__length_hint__", "self, /", iterator_length_hint},
    {"__reduce__", "self, /", iterator_reduce, "Return state information for pickling."},
    {"__setstate__", "self, state, /", iterator_set_state, "Set state information for unpickling."},
    {}};
const TypeSpec bytes_iterator_spec = {"bytes_iterator", nullptr, sizeof(BytesIterator),
                                      TypeNoConstruct,  0,       iterator_methods};
const TypeSpec bytearray_iterator_spec = {"bytearray_iterator", nullptr, sizeof(BytesIterator),
                                          TypeNoConstruct,      0,       iterator_methods};

// --- construction --------------------------------------------------------------------------------------

Ref bytes_construct(Thread& thread, Type* type, CallArgs args) {
  if (type == &bytes_type && args.count == 1 && !args.kwnames && is_exact(args[0], bytes_type))
    return share(args[0]);
  std::string data;
  if (!bytes_from_args(thread, "bytes", args, data)) return {};
  if (type == &bytes_type) return make_bytes(data);
  Bytes* instance = static_cast<Bytes*>(allocate_instance(type, data.size() + 1));
  instance->hash = 0;
  instance->size = data.size();
  std::memcpy(instance->data(), data.c_str(), data.size() + 1);
  return Ref::steal(instance);
}

void bytes_dealloc(Object* object) { free_object(object); }

const char bytes_doc[] =
    "bytes(iterable_of_ints) -> bytes\n"
    "bytes(string, encoding[, errors]) -> bytes\n"
    "bytes(bytes_or_buffer) -> immutable copy of bytes_or_buffer\n"
    "bytes(int) -> bytes object of size given by the parameter initialized with null bytes\n"
    "bytes() -> empty bytes object";

} // namespace

bool byte_index(Thread& thread, Value key, const char* kind, int64_t& out) {
  if (is_int_like(key))
    return int_as_int64(key, out) ||
           raise(thread, IndexError_type, "cannot fit 'int' into an index-sized integer");
  if (!type_of(key)->slots.index)
    return raise_type_error(
        thread, fmt::format("{} indices must be integers or slices, not {}", kind, type_name(key)));
  return to_index(thread, key, out);
}

// --- making ----------------------------------------------------------------------------------------------

Own<Bytes> make_bytes(std::string_view data) {
  if (data.empty()) return Own<Bytes>::share(shared_bytes(empty_bytes, data));
  if (data.size() == 1)
    return Own<Bytes>::share(shared_bytes(single_bytes[static_cast<unsigned char>(data[0])], data));
  return Own<Bytes>::steal(fresh_bytes(data));
}

bool as_bytes_like(Value value, std::string_view& out) {
  if (is_bytes(value)) {
    out = cast<Bytes>(value)->view();
    return true;
  }
  if (!is_bytearray(value)) return false;
  out = cast<ByteArray>(value)->view();
  return true;
}

Ref make_like(Value self, std::string_view data) {
  if (is_bytes(self)) return make_bytes(data);
  return make_bytearray(data);
}

Ref unchanged(Value self) {
  return is_exact(self, bytes_type) ? share(self) : make_like(self, self_view(self));
}

void append_bytes_repr(std::string& out, std::string_view data, bool escape_single) {
  bool single = data.find('\'') != not_found;
  char quote_char = single && data.find('"') == not_found ? '"' : '\'';
  out += 'b';
  out += quote_char;
  for (char c : data) {
    auto byte = static_cast<unsigned char>(c);
    if (c == quote_char || c == '\\' || (c == '\'' && escape_single)) {
      out += '\\';
      out += c;
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte >= 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += quote_char;
}

// --- converting arguments ----------------------------------------------------------------------------------

bool need_bytes(Thread& thread, Value value, std::string_view& out) {
  if (as_bytes_like(value, out)) return true;
  return raise_type_error(thread, fmt::format("a bytes-like object is required, not '{}'", type_name(value)));
}

bool to_byte(Thread& thread, Value value, unsigned char& out, const char* what) {
  int64_t number = 0;
  bool fits = true;
  if (is_int_like(value)) {
    fits = int_as_int64(value, number);
  } else if (!to_index(thread, value, number)) {
    return false;
  }
  if (!fits || number < 0 || number > 255)
    return raise_value_error(thread, fmt::format("{} must be in range(0, 256)", what));
  out = static_cast<unsigned char>(number);
  return true;
}

static bool bytes_from_iterator(Thread& thread, Value iterator, const char* what, std::string& out) {
  for (;;) {
    Ref item = next(thread, iterator);
    if (!item) return !thread.has_error();
    unsigned char byte;
    if (!to_byte(thread, item, byte, what)) return false;
    out += static_cast<char>(byte);
  }
}
bool bytes_from_iterable(Thread& thread, Value source, const char* what, std::string& out) {
  Ref iterator = iter(thread, source);
  return iterator && bytes_from_iterator(thread, iterator, what, out);
}

// The bytes of something that is neither a count nor bytes: it may be iterable.
static bool bytes_from_other(Thread& thread, Value source, bool array, std::string& out) {
  Ref iterator = iter(thread, source);
  if (iterator) return bytes_from_iterator(thread, iterator, array ? "byte" : "bytes", out);
  if (!error_matches(thread, TypeError_type)) return false;
  clear_error(thread);
  return raise_type_error(thread, fmt::format("cannot convert '{}' object to {}", type_name(source),
                                              array ? "bytearray" : "bytes"));
}

bool bytes_from_args(Thread& thread, const char* type, CallArgs args, std::string& out) {
  BoundArgs bound;
  if (!bind_args(thread, type, "source=b'', encoding='utf-8', errors='strict'", args, bound)) return false;
  Value source = bound[0], encoding = bound[1], errors = bound[2];
  bool array = std::string_view(type) == "bytearray";
  if (encoding || errors) {
    for (int i = 1; i <= 2; ++i) {
      if (bound[i] && !is_str(bound[i])) {
        return raise_type_error(thread, fmt::format("{}() argument '{}' must be str, not {}", type,
                                                    i == 1 ? "encoding" : "errors", argument_type(bound[i])));
      }
    }
    if (source.is_empty() || !is_str(source)) {
      return raise_type_error(thread, encoding ? "encoding without a string argument"
                                               : "errors without a string argument");
    }
  }
  if (source.is_empty()) return true;
  if (is_str(source)) {
    if (!encoding && !errors) return raise_type_error(thread, "string argument without an encoding");
    Own<Bytes> encoded =
        encode_text(thread, cast<Str>(source), encoding ? cast<Str>(encoding)->view() : "utf-8",
                    errors ? cast<Str>(errors)->view() : "strict");
    if (!encoded) return false;
    out.assign(encoded->view());
    return true;
  }
  if (!array) {
    Ref method = lookup_special(thread, source, names::dunder_bytes);
    if (!method && thread.has_error()) return false;
    if (method) {
      Ref result = call(thread, method);
      if (!result) return false;
      if (!is_bytes(result)) {
        return raise_type_error(thread,
                                fmt::format("__bytes__ returned non-bytes (type {})", type_name(result)));
      }
      out.assign(cast<Bytes>(result)->view());
      return true;
    }
  }
  std::string_view view;
  if (as_bytes_like(source, view)) {
    out.assign(view);
    return true;
  }
  if (is_int_like(source) || type_of(source)->slots.index) {
    int64_t count;
    if (is_int_like(source) && !int_as_int64(source, count)) {
      return raise(thread, OverflowError_type, "cannot fit 'int' into an index-sized integer");
    }
    if (!to_index(thread, source, count)) {
      // What has no use as a count may still be an iterable.
      if (is_int_like(source) || !error_matches(thread, TypeError_type)) return false;
      clear_error(thread);
      return bytes_from_other(thread, source, array, out);
    }
    if (count < 0) return raise_value_error(thread, "negative count");
    if (static_cast<uint64_t>(count) > size_t{1} << 46) return raise(thread, MemoryError_type, "");
    if (!may_allocate(thread, static_cast<size_t>(count))) return false;
    out.assign(static_cast<size_t>(count), '\0');
    return true;
  }
  return bytes_from_other(thread, source, array, out);
}

// --- the types ---------------------------------------------------------------------------------------------

void fill_bytes_slots(Slots& slots) {
  slots.repr = bytes_repr;
  slots.compare = bytes_compare;
  slots.iter = bytes_iter;
  slots.length = bytes_length;
  slots.get_item = bytes_get_item;
  slots.contains = bytes_contains;
  slots.concat = bytes_concat;
  slots.repeat = bytes_repeat;
  slots.binary[static_cast<int>(BinaryOp::Mod)] = bytes_mod;
}

void init_bytes_type() {
  fill_bytes_slots(bytes_type.slots);
  bytes_type.slots.dealloc = bytes_dealloc;
  bytes_type.slots.construct = bytes_construct;
  bytes_type.slots.hash = bytes_hash;
  // The shared methods and the two of its own; the table lives as long as the process.
  static std::vector<NativeDef> methods(shared_bytes_methods,
                                        shared_bytes_methods + shared_bytes_methods_count);
  methods.push_back({"__bytes__", "self, /", bytes_bytes, "Convert this value to exact type bytes."});
  methods.push_back({"__getnewargs__", "self, /", bytes_getnewargs});
  methods.push_back({});
  static const TypeSpec spec = {"bytes", nullptr,        sizeof(Bytes), TypeIsBytes,
                                0,       methods.data(), nullptr,       bytes_doc};
  make_ready(bytes_type, spec);

  for (Type* type : {&bytes_iterator_type, &bytearray_iterator_type}) {
    type->slots.dealloc = iterator_dealloc;
    type->slots.iter = iterator_self;
    type->slots.next = iterator_next;
  }
  make_ready(bytes_iterator_type, bytes_iterator_spec);
  make_ready(bytearray_iterator_type, bytearray_iterator_spec);
}

} // namespace aspy
