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

#define ASPY_BYTES_METHOD(name) Ref bytes_method_##name(Thread& thread, const Value* args);
// bytes_search.cpp
ASPY_BYTES_METHOD(find)
ASPY_BYTES_METHOD(rfind) ASPY_BYTES_METHOD(index) ASPY_BYTES_METHOD(rindex) ASPY_BYTES_METHOD(count)
    ASPY_BYTES_METHOD(startswith) ASPY_BYTES_METHOD(endswith) ASPY_BYTES_METHOD(replace)
        ASPY_BYTES_METHOD(removeprefix) ASPY_BYTES_METHOD(removesuffix) ASPY_BYTES_METHOD(partition)
            ASPY_BYTES_METHOD(rpartition) ASPY_BYTES_METHOD(split) ASPY_BYTES_METHOD(rsplit)
                ASPY_BYTES_METHOD(splitlines) ASPY_BYTES_METHOD(join) ASPY_BYTES_METHOD(strip)
                    ASPY_BYTES_METHOD(lstrip) ASPY_BYTES_METHOD(rstrip)
    // bytes_methods.cpp
    ASPY_BYTES_METHOD(fromhex)
#undef ASPY_BYTES_METHOD

} // namespace aspy
