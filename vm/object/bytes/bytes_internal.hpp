// What the files of bytes and bytearray share. Methods take either type as self and return the same type.
#pragma once

#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/thread.hpp"

#include <string>
#include <string_view>

namespace aspy {

inline bool is_bytearray(Value value) {
  return value.is_object() &&
         (value.as_object()->type == &bytearray_type || is_subtype(value.as_object()->type, &bytearray_type));
}
// The bytes of self, which is a bytes or a bytearray.
inline std::string_view self_view(Value self) {
  return is_bytes(self) ? cast<Bytes>(self)->view() : cast<ByteArray>(self)->view();
}
// A new bytes or bytearray, as self is.
Ref make_like(Value self, std::string_view data);
// Self unchanged: shared when it is exactly bytes, else a copy.
Ref unchanged(Value self);

// TypeError "a bytes-like object is required, not 'T'".
bool need_bytes(Thread& thread, Value value, std::string_view& out);
// An int in 0..255; ValueError "byte must be in range(0, 256)" (`what`: "byte" or "bytes").
bool to_byte(Thread& thread, Value value, unsigned char& out, const char* what = "byte");
// The index that `key` is; IndexError, TypeError "KIND indices must be integers or slices, not T".
bool byte_index(Thread& thread, Value key, const char* kind, int64_t& out);
// bytes(x), bytearray(x): the bytes that constructor arguments stand for.
bool bytes_from_args(Thread& thread, const char* type, CallArgs args, std::string& out);
// The bytes of any source: buffer, iterable of ints, object with __bytes__ is not looked at.
bool bytes_from_iterable(Thread& thread, Value source, const char* what, std::string& out);
// `escape_single`: a ' is escaped between any quotes, as bytearray has it.
void append_bytes_repr(std::string& out, std::string_view data, bool escape_single = false);

// Slots that both types fill the same way (bytes.cpp).
void fill_bytes_slots(Slots& slots);
Ref bytes_modulo(Thread& thread, Value format, Value args); // percent_format.cpp

// The methods both types have; extra ones of bytearray follow in its own table. Ends without a null name:
// `shared_bytes_methods_count` of them.
extern const NativeDef shared_bytes_methods[];
extern const size_t shared_bytes_methods_count;

// bytes_search.cpp
NativeBody bytes_method_find, bytes_method_rfind, bytes_method_index, bytes_method_rindex, bytes_method_count,
    bytes_method_startswith, bytes_method_endswith, bytes_method_replace, bytes_method_removeprefix,
    bytes_method_removesuffix, bytes_method_partition, bytes_method_rpartition, bytes_method_split,
    bytes_method_rsplit, bytes_method_splitlines, bytes_method_join, bytes_method_strip, bytes_method_lstrip,
    bytes_method_rstrip;
// bytes_methods.cpp
NativeBody bytes_method_fromhex;

} // namespace aspy
