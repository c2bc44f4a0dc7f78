// bytearray: the bytes that can be changed.
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes_internal.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/search.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <vector>

namespace aspy {

Type bytearray_type;

namespace {

// Bytes deleted in front become room in front: a buffer that is consumed from there moves what is left
// seldom.
void take_back_front(ByteArray* array) {
  if (array->front == 0) return;
  char* block = array->bytes - array->front;
  std::memmove(block, array->bytes, array->size);
  array->capacity += array->front;
  array->bytes = block;
  array->front = 0;
}

void drop_front(ByteArray* array, size_t count) {
  array->bytes += count;
  array->front += count;
  array->capacity -= count;
  array->size -= count;
  // More room in front than there are bytes left: they move there.
  if (array->front > array->size) take_back_front(array);
}

// Makes room for `size` bytes, growing by an eighth so that appending stays cheap.
void reserve(ByteArray* array, size_t size) {
  if (size <= array->capacity) return;
  take_back_front(array);
  if (size <= array->capacity) return;
  size_t capacity = size + (size >> 3) + 8;
  array->bytes = static_cast<char*>(heap_realloc(array->bytes, capacity));
  array->capacity = capacity;
}

// Replaces `count` bytes at `at` by `data`, which may not lie inside the array.
void splice(ByteArray* array, size_t at, size_t count, std::string_view data) {
  size_t tail = array->size - at - count;
  size_t size = at + data.size() + tail;
  if (at == 0 && data.empty()) {
    drop_front(array, count);
    return;
  }
  reserve(array, size);
  if (tail && data.size() != count)
    std::memmove(array->bytes + at + data.size(), array->bytes + at + count, tail);
  if (!data.empty()) std::memcpy(array->bytes + at, data.data(), data.size());
  array->size = size;
}

ByteArray* self_of(const Value* args) { return cast<ByteArray>(args[0]); }

// --- assignment ----------------------------------------------------------------------------------------

bool assign_slice(Thread& thread, ByteArray* array, Slice* slice, Value value) {
  std::string data;
  bool no_step = slice->step.is_int() && slice->step.as_int() == 0; // which is told first
  if (value && !no_step) {
    std::string_view view;
    if (as_bytes_like(value, view)) {
      data.assign(view);
    } else if (is_str(value) || is_int_like(value) ||
               (!type_of(value)->slots.iter && !type_of(value)->slots.get_item)) {
      return raise_type_error(thread,
                              "can assign only bytes, buffers, or iterables of ints in range(0, 256)");
    } else if (!bytes_from_iterable(thread, value, "byte", data)) {
      return false;
    }
  }
  int64_t start, stop, step, count;
  if (!slice_indices(thread, slice, static_cast<int64_t>(array->size), start, stop, step, count))
    return false;
  if (step == 1) {
    splice(array, static_cast<size_t>(start), static_cast<size_t>(count), data);
    return true;
  }
  if (data.empty()) { // nothing in place of them takes them away
    // Keep what the slice does not select.
    std::string kept;
    if (step < 0) {
      start += step * (count - 1);
      step = -step;
    }
    for (int64_t i = 0; i < static_cast<int64_t>(array->size); ++i) {
      bool selected = count > 0 && i >= start && i <= start + step * (count - 1) && (i - start) % step == 0;
      if (!selected) kept += array->bytes[i];
    }
    splice(array, 0, array->size, kept);
    return true;
  }
  if (static_cast<int64_t>(data.size()) != count) {
    return raise_value_error(
        thread,
        fmt::format("attempt to assign bytes of size {} to extended slice of size {}", data.size(), count));
  }
  for (int64_t i = 0, at = start; i < count; ++i, at += step) array->bytes[at] = data[static_cast<size_t>(i)];
  return true;
}

bool bytearray_set_item(Thread& thread, Value self, Value key, Value value) {
  ByteArray* array = cast<ByteArray>(self);
  if (is_exact(key, slice_type)) return assign_slice(thread, array, cast<Slice>(key), value);
  int64_t index;
  if (!byte_index(thread, key, "bytearray", index)) return false;
  unsigned char byte = 0;
  if (value && !to_byte(thread, value, byte)) return false;
  if (index < 0) index += static_cast<int64_t>(array->size);
  if (index < 0 || index >= static_cast<int64_t>(array->size)) {
    return raise(thread, IndexError_type, "bytearray index out of range");
  }
  if (value) {
    array->bytes[index] = static_cast<char>(byte);
  } else {
    splice(array, static_cast<size_t>(index), 1, {});
  }
  return true;
}

Ref bytearray_inplace_concat(Thread& thread, Value self, Value other) {
  std::string_view data;
  if (!as_bytes_like(other, data)) {
    return raise_type_error(thread, fmt::format("can't concat {} to {}", type_name(other), type_name(self)));
  }
  // Adding one to itself would read what it moves.
  if (other == self && !data.empty())
    return raise(thread, BufferError_type, "Existing exports of data: object cannot be re-sized");
  if (!may_allocate(thread, data.size())) return {};
  auto* array = cast<ByteArray>(self);
  splice(array, array->size, 0, data);
  return share(self);
}

Ref bytearray_inplace_repeat(Thread& thread, Value self, Value count_value) {
  Ref result = bytearray_type.slots.repeat(thread, self, count_value);
  if (!result) return {};
  ByteArray* array = cast<ByteArray>(self);
  splice(array, 0, array->size, cast<ByteArray>(result)->view());
  return share(self);
}

// --- methods -----------------------------------------------------------------------------------------------

Ref method_append(Thread& thread, const Value* args) {
  unsigned char byte;
  if (!to_byte(thread, args[1], byte)) return {};
  ByteArray* array = self_of(args);
  reserve(array, array->size + 1);
  array->bytes[array->size++] = static_cast<char>(byte);
  return Ref::steal(None);
}

Ref method_clear(Thread&, const Value* args) {
  self_of(args)->size = 0;
  return Ref::steal(None);
}

Ref method_copy(Thread&, const Value* args) { return make_bytearray(self_of(args)->view()); }

Ref method_extend(Thread& thread, const Value* args) {
  std::string data;
  std::string_view view;
  if (as_bytes_like(args[1], view)) {
    if (!(args[0] == args[1])) {
      splice(self_of(args), self_of(args)->size, 0, view);
      return Ref::steal(None);
    }
    data.assign(view);
  } else if (is_str(args[1])) {
    return raise_type_error(thread, "expected iterable of integers; got: 'str'");
  } else if (!type_of(args[1])->slots.iter && !type_of(args[1])->slots.get_item) {
    return raise_type_error(thread, fmt::format("can't extend bytearray with {}", type_name(args[1])));
  } else if (!bytes_from_iterable(thread, args[1], "byte", data)) {
    return {};
  }
  splice(self_of(args), self_of(args)->size, 0, data);
  return Ref::steal(None);
}

Ref method_insert(Thread& thread, const Value* args) {
  int64_t index;
  unsigned char byte;
  if (!to_index(thread, args[1], index) || !to_byte(thread, args[2], byte)) return {};
  int64_t size = static_cast<int64_t>(self_of(args)->size);
  if (index < 0) index = std::max<int64_t>(0, index + size);
  char c = static_cast<char>(byte);
  splice(self_of(args), static_cast<size_t>(std::min(index, size)), 0, {&c, 1});
  return Ref::steal(None);
}

Ref method_pop(Thread& thread, const Value* args) {
  int64_t index = -1;
  if (args[1] && !to_index(thread, args[1], index)) return {};
  ByteArray* array = self_of(args);
  if (array->size == 0) return raise(thread, IndexError_type, "pop from empty bytearray");
  if (index < 0) index += static_cast<int64_t>(array->size);
  if (index < 0 || index >= static_cast<int64_t>(array->size))
    return raise(thread, IndexError_type, "pop index out of range");
  auto byte = static_cast<unsigned char>(array->bytes[index]);
  splice(array, static_cast<size_t>(index), 1, {});
  return Ref::steal(Value::from_int(byte));
}

Ref method_remove(Thread& thread, const Value* args) {
  unsigned char byte;
  if (!to_byte(thread, args[1], byte)) return {};
  size_t at = self_of(args)->view().find(static_cast<char>(byte));
  if (at == not_found) return raise_value_error(thread, "value not found in bytearray");
  splice(self_of(args), at, 1, {});
  return Ref::steal(None);
}

Ref method_reverse(Thread&, const Value* args) {
  std::reverse(self_of(args)->bytes, self_of(args)->bytes + self_of(args)->size);
  return Ref::steal(None);
}

Ref method_resize(Thread& thread, const Value* args) {
  int64_t size;
  if (!to_index(thread, args[1], size)) return {};
  if (size < 0) {
    return raise_value_error(thread, fmt::format("bytearray.resize(): new size must be >= 0, got {}", size));
  }
  if (static_cast<uint64_t>(size) > size_t{1} << 46) return raise(thread, MemoryError_type, "");
  if (!may_allocate(thread, static_cast<size_t>(size))) return {};
  ByteArray* array = self_of(args);
  size_t old = array->size;
  reserve(array, static_cast<size_t>(size));
  array->size = static_cast<size_t>(size);
  if (array->size > old) std::memset(array->bytes + old, 0, array->size - old);
  return Ref::steal(None);
}

const NativeDef own_methods[] = {
    {"append", "self, item, /", method_append, "Append a single item to the end of the bytearray."},
    {"clear", "self, /", method_clear, "Remove all items from the bytearray."},
    {"copy", "self, /", method_copy, "Return a copy of B."},
    {"extend", "self, iterable_of_ints, /", method_extend,
     "Append all the items from the iterator or sequence."},
    {"insert", "self, index, item, /", method_insert,
     "Insert a single item into the bytearray before the given index."},
    {"pop", "self, index=-1, /", method_pop, "Remove and return a single item from B."},
    {"remove", "self, value, /", method_remove, "Remove the first occurrence of a value in the bytearray."},
    {"reverse", "self, /", method_reverse, "Reverse the order of the values in B in place."},
    {"resize", "self, size, /", method_resize, "Resize the internal buffer of bytearray to len."},
};

// --- construction --------------------------------------------------------------------------------------

Ref bytearray_construct(Thread&, Type* type, CallArgs) {
  if (type == &bytearray_type) return make_bytearray({});
  return Ref::steal(allocate_instance(type)); // all zero: an empty array
}

bool bytearray_init(Thread& thread, Value self, CallArgs args) {
  std::string data;
  if (!bytes_from_args(thread, "bytearray", args, data)) return false;
  ByteArray* array = cast<ByteArray>(self);
  splice(array, 0, array->size, data);
  return true;
}

void bytearray_dealloc(Object* object) {
  auto* array = static_cast<ByteArray*>(object);
  if (array->bytes) heap_free(array->bytes - array->front);
  free_object(object);
}

const char bytearray_doc[] =
    "bytearray(iterable_of_ints) -> bytearray\n"
    "bytearray(string, encoding[, errors]) -> bytearray\n"
    "bytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer\n"
    "bytearray(int) -> bytes array of size given by the parameter initialized with null bytes\n"
    "bytearray() -> empty bytes array";

} // namespace

Own<ByteArray> make_bytearray(std::string_view data) {
  ByteArray* array = allocate<ByteArray>(bytearray_type);
  if (!data.empty()) splice(array, 0, 0, data);
  return Own<ByteArray>::steal(array);
}

void init_bytearray_type() {
  Slots& slots = bytearray_type.slots;
  fill_bytes_slots(slots);
  slots.dealloc = bytearray_dealloc;
  slots.construct = bytearray_construct;
  slots.init = bytearray_init;
  slots.hash = hash_not_implemented;
  slots.set_item = bytearray_set_item;
  slots.inplace_concat = bytearray_inplace_concat;
  slots.inplace_repeat = bytearray_inplace_repeat;
  static std::vector<NativeDef> methods(shared_bytes_methods,
                                        shared_bytes_methods + shared_bytes_methods_count);
  methods.insert(methods.end(), std::begin(own_methods), std::end(own_methods));
  methods.push_back({});
  static const TypeSpec spec = {"bytearray", nullptr,        sizeof(ByteArray), 0,
                                0,           methods.data(), nullptr,           bytearray_doc};
  make_ready(bytearray_type, spec);
}

} // namespace aspy
