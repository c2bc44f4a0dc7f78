#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <utility>

namespace aspy {

Type slice_type;

namespace {

// The slice that died last: nearly all of them live for one subscript.
Slice* spare = nullptr;

bool may_cycle(Value value) {
  return value.is_object() && value.as_object()->type->slots.traverse != nullptr;
}

} // namespace

Ref make_slice(Value start, Value stop, Value step) {
  Slice* slice = std::exchange(spare, nullptr);
  if (!slice) slice = new (heap_alloc(sizeof(Slice))) Slice();
  slice->refcount = 1;
  slice->gc_word = 0;
  slice->type = &slice_type;
  slice->start = share(start).release();
  slice->stop = share(stop).release();
  slice->step = share(step).release();
  // It never changes: one of numbers needs no collector.
  if (may_cycle(start) || may_cycle(stop) || may_cycle(step)) gc_track(slice);
  return Ref::steal(slice);
}

namespace {

// One part of a slice, clamped to 64 bits.
bool read_part(Thread& thread, Value part, int64_t fallback, int64_t& out) {
  out = fallback;
  if (part.is_none()) return true;
  if (part.is_int()) {
    out = part.as_int();
    return true;
  }
  if (!has_index(part))
    return raise_type_error(thread, "slice indices must be integers or None or have an __index__ method");
  return to_index(thread, part, out);
}

} // namespace

bool slice_indices(Thread& thread, Slice* slice, int64_t length, int64_t& start, int64_t& stop, int64_t& step,
                   int64_t& count) {
  if (!read_part(thread, slice->step, 1, step)) return false;
  if (step == 0) return raise_value_error(thread, "slice step cannot be zero");
  step = std::max(step, -INT64_MAX); // so that -step exists
  bool up = step > 0;
  if (!read_part(thread, slice->start, up ? 0 : INT64_MAX, start)) return false;
  if (!read_part(thread, slice->stop, up ? INT64_MAX : INT64_MIN, stop)) return false;
  // Backwards, the places run from -1 ("before the first") to length - 1.
  int64_t low = up ? 0 : -1, high = up ? length : length - 1;
  auto place = [&](int64_t at, bool given) {
    if (at < 0 && given) at = at < -length ? low : at + length;
    return std::clamp(at, low, high);
  };
  start = place(start, !slice->start.is_none());
  stop = place(stop, !slice->stop.is_none());
  if (up) count = start < stop ? (stop - start - 1) / step + 1 : 0;
  else count = stop < start ? (start - stop - 1) / -step + 1 : 0;
  return true;
}

namespace {

void slice_dealloc(Object* object) {
  auto* slice = static_cast<Slice*>(object);
  clear_field(slice->start);
  clear_field(slice->stop);
  clear_field(slice->step);
  if (spare) return free_object(slice);
  if (slice->is_tracked()) gc_untrack(slice);
  spare = slice;
}
void slice_traverse(Object* object, Visitor& visitor) {
  auto* slice = static_cast<Slice*>(object);
  visitor(slice->start);
  visitor(slice->stop);
  visitor(slice->step);
}

Ref slice_construct(Thread& thread, Type*, CallArgs args) {
  if (!refuse_keywords(thread, "slice", args) || !check_count(thread, "slice", args, 1, 3)) return {};
  if (args.count == 1) return make_slice(None, args[0], None);
  return make_slice(args[0], args[1], args.count == 3 ? args[2] : None);
}

Own<Tuple> parts(Value self) {
  auto* slice = cast<Slice>(self);
  return make_tuple({slice->start, slice->stop, slice->step});
}

Ref slice_repr(Thread& thread, Value self) {
  Ref inner = repr(thread, parts(self).value());
  if (!inner) return {};
  StrBuilder text;
  text.append("slice");
  text.append(cast<Str>(inner));
  return text.finish();
}

Ref slice_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_exact(a, slice_type) || !is_exact(b, slice_type)) return share(NotImplemented);
  Own<Tuple> left = parts(a), right = parts(b);
  return compare(thread, left.value(), right.value(), op);
}

// Like a tuple of the three parts, and yet not the same number.
bool slice_hash(Thread& thread, Value self, int64_t& out) {
  constexpr uint64_t prime1 = 11400714785074694791u, prime2 = 14029467366897019727u,
                     prime5 = 2870177450012600261u;
  auto* slice = cast<Slice>(self);
  uint64_t mixed = prime5;
  for (Value part : {slice->start, slice->stop, slice->step}) {
    int64_t one = 0;
    if (!hash(thread, part, one)) return false;
    mixed += uint64_t(one) * prime2;
    mixed = (mixed << 31) | (mixed >> 33);
    mixed *= prime1;
  }
  out = mixed == ~uint64_t{0} ? 1546275796 : int64_t(mixed);
  return true;
}

Ref slice_indices_method(Thread& thread, const Value* args) {
  auto* slice = cast<Slice>(args[0]);
  int64_t length, start, stop, step, count;
  Ref number = to_index_object(thread, args[1]);
  if (!number) return {};
  if (int_sign(number) < 0) return raise_value_error(thread, "length should not be negative");
  if (!int_as_int64(number, length)) length = INT64_MAX - 1;
  if (!slice_indices(thread, slice, length, start, stop, step, count)) return {};
  Ref a = make_int(start), b = make_int(stop), c = make_int(step);
  return make_tuple({a, b, c});
}

template <Value Slice::*field> Ref slice_field(Thread&, Value self) {
  return share(cast<Slice>(self)->*field);
}

// Fields shown read-only have a complaint of their own.
bool refuse_store(Thread& thread, Value, Value) {
  return raise(thread, AttributeError_type, "readonly attribute");
}

constexpr GetSetDef slice_getset[] = {{"start", slice_field<&Slice::start>, refuse_store},
                                      {"stop", slice_field<&Slice::stop>, refuse_store},
                                      {"step", slice_field<&Slice::step>, refuse_store},
                                      {nullptr}};
constexpr NativeDef slice_methods[] = {
    {"indices", "self, object, /", slice_indices_method,
     "S.indices(len) -> (start, stop, stride)\n\n"
     "Assuming a sequence of length len, calculate the start and stop\n"
     "indices, and the stride length of the extended slice described by\n"
     "S. Out of bounds indices are clipped in a manner consistent with the\n"
     "handling of normal slices."},
    {nullptr}};
constexpr TypeSpec slice_spec = {
    .name = "slice",
    .instance_size = sizeof(Slice),
    .flags = TypeTracked | TypeFinal,
    .methods = slice_methods,
    .getset = slice_getset,
    .doc = "slice(stop)\nslice(start, stop[, step])\n\n"
           "Create a slice object.  This is used for extended slicing (e.g. a[0:10:2])."};

} // namespace

void init_slice_type() {
  Slots& slots = slice_type.slots;
  slots.dealloc = slice_dealloc;
  slots.traverse = slice_traverse;
  slots.construct = slice_construct;
  slots.repr = slice_repr;
  slots.hash = slice_hash;
  slots.compare = slice_compare;
  make_ready(slice_type, slice_spec);
}

} // namespace aspy
