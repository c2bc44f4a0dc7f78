// range, slice, and the iterators that hot loops know.
#pragma once

#include "vm/object/type/type.hpp"

namespace aspy {

struct Range : Object {
  Value start, stop, step, length; // ints, owned
};
// Iterates while all numbers fit 48 bits; longer ranges use another type.
struct RangeIterator : Object {
  int64_t current = 0, step = 1;
  uint64_t remaining = 0;
};
struct Slice : Object {
  Value start, stop, step; // owned, None when absent
};
extern Type range_type, range_iterator_type, slice_type;

Ref make_slice(Value start, Value stop, Value step);
// Resolves a slice against a length (clamping), raising as slice.indices does.
bool slice_indices(Thread& thread, Slice* slice, int64_t length, int64_t& start, int64_t& stop, int64_t& step,
                   int64_t& count);

} // namespace aspy
