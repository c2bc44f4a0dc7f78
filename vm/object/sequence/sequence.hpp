// What sequences have in common: reading subscripts, and guarding recursive reprs.
#pragma once

#include "vm/object/type/type.hpp"

namespace aspy {

// True when the value can be a subscript: an int, or something with __index__.
inline bool has_index(Value value) { return value.is_int() || type_of(value)->slots.index != nullptr; }

// A subscript (has_index). IndexError when it does not fit 64 bits.
bool to_subscript(Thread& thread, Value key, int64_t& out);
// A count or size. OverflowError when it does not fit 64 bits, TypeError when it is no integer.
bool to_size(Thread& thread, Value value, int64_t& out);
// The same for an argument of a method, which CPython reads as a C integer: only the message differs.
bool to_c_size(Thread& thread, Value value, int64_t& out);
// A `start` or `stop` argument, clamped to 64 bits; negative ones count from `length` and end at 0.
// TypeError "slice indices must be integers or have an __index__ method".
bool to_bound(Thread& thread, Value value, int64_t length, int64_t& out);
// "T indices must be integers or slices, not U".
bool raise_bad_subscript(Thread& thread, const char* type, Value key);

// The hash slot of types that are not hashable: TypeError "unhashable type: 'T'".
bool hash_not_implemented(Thread& thread, Value value, int64_t& out);

// The body of every native __class_getitem__ ("cls, item, /", a class method), and a dict's read-only view
// (vm/object/attribute/descriptor.hpp).
Ref class_getitem(Thread& thread, const Value* args);
Ref make_mapping_proxy(Value mapping);

// An iterator's length hint as an int, for __length_hint__.
Ref length_hint_int(int64_t remaining);

// What an iterator's __reduce__ gives: iter(source) and, unless negative, the index at which to go on.
Ref reduce_iterator(Thread& thread, Value source, int64_t index = -1);
// The same of an iterator that goes backwards: reversed(source).
Ref reduce_reversed(Thread& thread, Value source, int64_t index = -1);
// The index that __setstate__ is given.
bool to_iterator_index(Thread& thread, Value state, int64_t& out);

// Notes that the repr of `object` is under way, to end the recursion of a container that holds itself.
class ReprGuard {
public:
  explicit ReprGuard(Object* object);
  ReprGuard(const ReprGuard&) = delete;
  ReprGuard& operator=(const ReprGuard&) = delete;
  ~ReprGuard();
  bool recursive() const { return recursive_; }

private:
  bool recursive_;
};

} // namespace aspy
