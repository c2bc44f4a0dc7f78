// range. Its fields are any ints; what fits 64 bits is computed natively, the rest with big ints.
#include "vm/object/sequence/range.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aspy {

Type range_type, range_iterator_type;

namespace {

Type long_range_iterator_type;

// Iterates ranges that leave 48 bits somewhere.
struct LongRangeIterator : Object {
  Value next, step, remaining; // ints, owned
};

// Ints only, so these cannot fail short of memory.
Ref add(Thread& t, Value a, Value b) { return int_binary(t, BinaryOp::Add, a, b); }
Ref sub(Thread& t, Value a, Value b) { return int_binary(t, BinaryOp::Sub, a, b); }
Ref mul(Thread& t, Value a, Value b) { return int_binary(t, BinaryOp::Mul, a, b); }

// How many numbers there are from start to stop.
Ref count_steps(Thread& thread, Value start, Value stop, Value step) {
  if (start.is_int() && stop.is_int() && step.is_int()) {
    int64_t s = step.as_int(),
            distance = s > 0 ? stop.as_int() - start.as_int() : start.as_int() - stop.as_int();
    if (distance <= 0) return make_int(0);
    int64_t stride = s > 0 ? s : -s;
    return make_int((distance - 1) / stride + 1);
  }
  bool up = int_sign(step) > 0;
  Ref distance = up ? sub(thread, stop, start) : sub(thread, start, stop);
  if (!distance) return {};
  if (int_sign(distance) <= 0) return make_int(0);
  Ref stride = up ? share(step) : sub(thread, Value::from_int(0), step);
  Ref last = sub(thread, distance, Value::from_int(1));
  Ref whole = last && stride ? int_binary(thread, BinaryOp::FloorDiv, last, stride) : Ref();
  return whole ? add(thread, whole, Value::from_int(1)) : Ref();
}

Ref new_range(Thread& thread, Ref start, Ref stop, Ref step) {
  if (!start || !stop || !step) return {};
  Ref length = count_steps(thread, start, stop, step);
  if (!length) return {};
  auto* range = allocate_pooled<Range>(range_type);
  range->start = start.release();
  range->stop = stop.release();
  range->step = step.release();
  range->length = length.release();
  return Ref::steal(range);
}

Ref range_construct(Thread& thread, Type*, CallArgs args) {
  if (!refuse_keywords(thread, "range", args) || !check_count(thread, "range", args, 1, 3)) return {};
  Ref first = to_index_object(thread, args[0]);
  if (!first) return {};
  if (args.count == 1) return new_range(thread, make_int(0), std::move(first), make_int(1));
  Ref stop = to_index_object(thread, args[1]);
  if (!stop) return {};
  Ref step = args.count == 3 ? to_index_object(thread, args[2]) : make_int(1);
  if (!step) return {};
  if (int_sign(step) == 0) return raise_value_error(thread, "range() arg 3 must not be zero");
  return new_range(thread, std::move(first), std::move(stop), std::move(step));
}

void range_dealloc(Object* object) {
  auto* range = static_cast<Range*>(object);
  clear_field(range->start);
  clear_field(range->stop);
  clear_field(range->step);
  clear_field(range->length);
  free_pooled(range);
}

// --- items ---

// start + index * step.
Ref item_at(Thread& thread, Range* range, Value index) {
  int64_t product, sum;
  if (index.is_int() && range->start.is_int() && range->step.is_int() &&
      !__builtin_mul_overflow(index.as_int(), range->step.as_int(), &product) &&
      !__builtin_add_overflow(range->start.as_int(), product, &sum))
    return make_int(sum);
  Ref offset = mul(thread, index, range->step);
  return offset ? add(thread, range->start, offset) : Ref();
}

int64_t range_length(Thread& thread, Value self) {
  int64_t length;
  if (int_as_int64(cast<Range>(self)->length, length)) return length;
  raise(thread, OverflowError_type, "Python int too large to convert to C ssize_t");
  return -1;
}

// A bound of a slice of a range, as a place in it: clamped into [low, high].
Ref slice_bound(Thread& thread, Value bound, Value fallback, Value length, Value low, Value high) {
  if (bound.is_none()) return share(fallback);
  if (!has_index(bound))
    return raise_type_error(thread, "slice indices must be integers or None or have an __index__ method");
  Ref number = to_index_object(thread, bound);
  if (number && int_sign(number) < 0) number = add(thread, number, length);
  if (!number) return {};
  if (int_compare(number, low) < 0) return share(low);
  if (int_compare(number, high) > 0) return share(high);
  return number;
}

Ref range_slice(Thread& thread, Range* range, Slice* slice) {
  Value zero = Value::from_int(0), one = Value::from_int(1);
  Ref step = slice->step.is_none() ? share(one) : Ref();
  if (!step) {
    if (!has_index(slice->step))
      return raise_type_error(thread, "slice indices must be integers or None or have an __index__ method");
    step = to_index_object(thread, slice->step);
    if (!step) return {};
  }
  int direction = int_sign(step);
  if (direction == 0) return raise_value_error(thread, "slice step cannot be zero");
  // Backwards, the places run from -1 ("before the first") to length - 1.
  Value length = range->length;
  Ref last = sub(thread, length, one);
  if (!last) return {};
  Value low = direction > 0 ? zero : Value::from_int(-1);
  Value high = direction > 0 ? length : last.get();
  Ref start = slice_bound(thread, slice->start, direction > 0 ? low : high, length, low, high);
  if (!start) return {};
  Ref stop = slice_bound(thread, slice->stop, direction > 0 ? high : low, length, low, high);
  if (!stop) return {};
  Ref first = item_at(thread, range, start);
  Ref end = item_at(thread, range, stop);
  Ref stride = mul(thread, step, range->step);
  return new_range(thread, std::move(first), std::move(end), std::move(stride));
}

Ref range_get_item(Thread& thread, Value self, Value key) {
  auto* range = cast<Range>(self);
  if (is_exact(key, slice_type)) return range_slice(thread, range, cast<Slice>(key));
  if (!has_index(key)) {
    raise_bad_subscript(thread, "range", key);
    return {};
  }
  Ref index = to_index_object(thread, key);
  if (index && int_sign(index) < 0) index = add(thread, index, range->length);
  if (!index) return {};
  if (int_sign(index) < 0 || int_compare(index, range->length) >= 0)
    return raise(thread, IndexError_type, "range object index out of range");
  return item_at(thread, range, index);
}

// Is the int `number` in the range? On success `place` is its index. -1: raised.
int locate(Thread& thread, Range* range, Value number, Ref& place) {
  bool up = int_sign(range->step) > 0;
  int from_start = int_compare(number, range->start), to_stop = int_compare(number, range->stop);
  if (up ? from_start < 0 || to_stop >= 0 : from_start > 0 || to_stop <= 0) return 0;
  Ref offset = sub(thread, number, range->start);
  Ref rest = offset ? int_binary(thread, BinaryOp::Mod, offset, range->step) : Ref();
  if (!rest) return -1;
  if (int_sign(rest) != 0) return 0;
  place = int_binary(thread, BinaryOp::FloorDiv, offset, range->step);
  return place ? 1 : -1;
}

bool is_plain_int(Value value) { return value.is_int() || value.is_bool() || is_exact(value, int_type); }

// Numbers that are not ints (1.0, subclasses with their own __eq__) are compared one by one. The index, -1
// none, -2 raised; `matches` counts all of them when not null.
int64_t scan(Thread& thread, Value self, Value item, int64_t* matches) {
  Ref iterator = iter(thread, self);
  if (!iterator) return -2;
  for (int64_t i = 0; Ref number = next(thread, iterator); ++i) {
    int same = equals(thread, number, item);
    if (same < 0) return -2;
    if (!same) continue;
    if (!matches) return i;
    ++*matches;
  }
  return thread.has_error() ? -2 : -1;
}

int range_contains(Thread& thread, Value self, Value item) {
  if (!is_plain_int(item)) {
    int64_t found = scan(thread, self, item, nullptr);
    return found == -2 ? -1 : found >= 0;
  }
  Ref place;
  return locate(thread, cast<Range>(self), item, place);
}

Ref range_count(Thread& thread, const Value* args) {
  if (is_plain_int(args[1])) {
    Ref place;
    int inside = locate(thread, cast<Range>(args[0]), args[1], place);
    return inside < 0 ? Ref() : make_int(inside);
  }
  int64_t matches = 0;
  if (scan(thread, args[0], args[1], &matches) == -2) return {};
  return make_int(matches);
}

Ref range_index(Thread& thread, const Value* args) {
  if (is_plain_int(args[1])) {
    Ref place;
    int inside = locate(thread, cast<Range>(args[0]), args[1], place);
    if (inside) return place;
    return raise_value_error(thread, "range.index(x): x not in range");
  }
  int64_t index = scan(thread, args[0], args[1], nullptr);
  if (index == -2) return {};
  if (index < 0) return raise_value_error(thread, "sequence.index(x): x not in sequence");
  return make_int(index);
}

// --- text, identity ---

Ref range_repr(Thread& thread, Value self) {
  auto* range = cast<Range>(self);
  StrBuilder text;
  text.append("range(");
  if (!text.append_repr(thread, range->start)) return {};
  text.append(", ");
  if (!text.append_repr(thread, range->stop)) return {};
  if (!(range->step == Value::from_int(1))) {
    text.append(", ");
    if (!text.append_repr(thread, range->step)) return {};
  }
  text.append(')');
  return text.finish();
}

// Ranges are equal when they give the same numbers: the length, then the first, then the step tell.
struct Essence {
  Value length, start, step;
  explicit Essence(Range* range) : length(range->length), start(None), step(None) {
    if (int_sign(length) == 0) return;
    start = range->start;
    if (!(length == Value::from_int(1))) step = range->step;
  }
};
bool same_int(Value a, Value b) {
  if (a.is_none() || b.is_none()) return a == b;
  return int_compare(a, b) == 0;
}

Ref range_compare(Thread&, Value a, Value b, CompareOp op) {
  if (!is_exact(a, range_type) || !is_exact(b, range_type)) return share(NotImplemented);
  if (op != CompareOp::Eq && op != CompareOp::Ne) return share(NotImplemented);
  Essence x(cast<Range>(a)), y(cast<Range>(b));
  bool same = same_int(x.length, y.length) && same_int(x.start, y.start) && same_int(x.step, y.step);
  return share(Value::from_bool(same == (op == CompareOp::Eq)));
}

bool range_hash(Thread& thread, Value self, int64_t& out) {
  Essence essence(cast<Range>(self));
  Own<Tuple> parts = make_tuple({essence.length, essence.start, essence.step});
  return hash(thread, parts.value(), out);
}

int range_truthy(Thread&, Value self) { return int_sign(cast<Range>(self)->length) != 0; }

// --- iteration ---

Ref iterate(Thread& thread, Value start, Value step, Value length) {
  // The iterator steps once past the last number: that must fit as well.
  if (start.is_int() && step.is_int() && length.is_int()) {
    int64_t span, end;
    if (!__builtin_mul_overflow(step.as_int(), length.as_int(), &span) &&
        !__builtin_add_overflow(start.as_int(), span, &end) && Value::fits_int(end)) {
      auto* iterator = allocate_pooled<RangeIterator>(range_iterator_type);
      iterator->current = start.as_int();
      iterator->step = step.as_int();
      iterator->remaining = uint64_t(length.as_int());
      return Ref::steal(iterator);
    }
  }
  (void)thread;
  auto* iterator = allocate<LongRangeIterator>(long_range_iterator_type);
  iterator->next = share(start).release();
  iterator->step = share(step).release();
  iterator->remaining = share(length).release();
  return Ref::steal(iterator);
}

Ref range_iter(Thread& thread, Value self) {
  auto* range = cast<Range>(self);
  return iterate(thread, range->start, range->step, range->length);
}

Ref range_reversed(Thread& thread, const Value* args) {
  auto* range = cast<Range>(args[0]);
  Ref last_place = sub(thread, range->length, Value::from_int(1));
  Ref last = last_place ? item_at(thread, range, last_place) : Ref();
  Ref step = last ? sub(thread, Value::from_int(0), range->step) : Ref();
  return step ? iterate(thread, last, step, range->length) : Ref();
}

Ref iterator_next(Thread&, Value self) {
  auto* iterator = cast<RangeIterator>(self);
  if (iterator->remaining == 0) return {};
  --iterator->remaining;
  int64_t number = iterator->current;
  iterator->current += iterator->step;
  return Ref::steal(Value::from_int(number));
}

Ref long_iterator_next(Thread& thread, Value self) {
  auto* iterator = cast<LongRangeIterator>(self);
  if (int_sign(iterator->remaining) <= 0) return {};
  Ref following = add(thread, iterator->next, iterator->step);
  Ref rest = following ? sub(thread, iterator->remaining, Value::from_int(1)) : Ref();
  if (!rest) return {};
  assign(iterator->remaining, std::move(rest));
  return Ref::steal(std::exchange(iterator->next, following.release()));
}

void iterator_dealloc(Object* object) { free_pooled(static_cast<RangeIterator*>(object)); }

void long_iterator_dealloc(Object* object) {
  auto* iterator = static_cast<LongRangeIterator*>(object);
  clear_field(iterator->next);
  clear_field(iterator->step);
  clear_field(iterator->remaining);
  free_object(iterator);
}

Ref iterator_length_hint(Thread&, const Value* args) {
  return make_int_unsigned(cast<RangeIterator>(args[0])->remaining);
}
Ref long_iterator_length_hint(Thread&, const Value* args) {
  return share(cast<LongRangeIterator>(args[0])->remaining);
}

// What is left, as a range; with it goes None, since ranges need no further state.
Ref reduce_rest(Thread& thread, Value next, Value step, Value remaining) {
  Ref span = mul(thread, step, remaining);
  Ref stop = span ? add(thread, next, span) : Ref();
  if (!stop) return {};
  Ref rest = call(thread, Value(&range_type), {next, stop, step});
  Ref reduced = rest ? reduce_iterator(thread, rest, 0) : Ref();
  if (reduced) assign(cast<Tuple>(reduced)->items()[2], share(None));
  return reduced;
}
Ref iterator_reduce(Thread& thread, const Value* args) {
  auto* iterator = cast<RangeIterator>(args[0]);
  return reduce_rest(thread, make_int(iterator->current), make_int(iterator->step),
                     make_int_unsigned(iterator->remaining));
}
Ref long_iterator_reduce(Thread& thread, const Value* args) {
  auto* iterator = cast<LongRangeIterator>(args[0]);
  return reduce_rest(thread, iterator->next, iterator->step, iterator->remaining);
}
// So many numbers further on.
Ref iterator_set_state(Thread& thread, const Value* args) {
  int64_t index;
  if (!to_index(thread, args[1], index)) return {};
  auto* iterator = cast<RangeIterator>(args[0]);
  index = std::clamp<int64_t>(index, 0, static_cast<int64_t>(iterator->remaining));
  iterator->current += iterator->step * index;
  iterator->remaining -= static_cast<uint64_t>(index);
  return share(None);
}
Ref long_iterator_set_state(Thread& thread, const Value* args) {
  auto* iterator = cast<LongRangeIterator>(args[0]);
  Value state = args[1];
  if (!is_int_like(state))
    return raise_type_error(thread, fmt::format("state must be an int, not {}", type_name(state)));
  if (int_sign(state) <= 0) return share(None);
  Ref count = share(int_compare(state, iterator->remaining) > 0 ? iterator->remaining : state);
  Ref span = mul(thread, iterator->step, count);
  Ref following = span ? add(thread, iterator->next, span) : Ref();
  Ref rest = following ? sub(thread, iterator->remaining, count) : Ref();
  if (!rest) return {};
  assign(iterator->next, std::move(following));
  assign(iterator->remaining, std::move(rest));
  return share(None);
}

// --- declarations ---

template <Value Range::*field> Ref range_field(Thread&, Value self) {
  return share(cast<Range>(self)->*field);
}

// Fields shown read-only have a complaint of their own.
bool refuse_store(Thread& thread, Value, Value) {
  return raise(thread, AttributeError_type, "readonly attribute");
}

constexpr GetSetDef range_getset[] = {{"start", range_field<&Range::start>, refuse_store},
                                      {"stop", range_field<&Range::stop>, refuse_store},
                                      {"step", range_field<&Range::step>, refuse_store},
                                      {nullptr}};
constexpr NativeDef range_methods[] = {
    {"count", "self, object, /", range_count,
     "rangeobject.count(value) -> integer -- return number of occurrences of value"},
    {"index", "self, object, /", range_index,
     "rangeobject.index(value) -> integer -- return index of value.\n"
     "Raise ValueError if the value is not present."},
    {"__reversed__", "self, /", range_reversed, "Return a reverse iterator."},
    {nullptr}};
constexpr NativeDef iterator_methods[] = {
    {"__length_hint__", "self, /", iterator_length_hint},
    {"__reduce__", "self, /", iterator_reduce, "Return state information for pickling."},
    {"__setstate__", "self, state, /", iterator_set_state, "Set state information for unpickling."},
    {nullptr}};
constexpr NativeDef long_iterator_methods[] = {
    {"__length_hint__", "self, /", long_iterator_length_hint},
    {"__reduce__", "self, /", long_iterator_reduce, "Return state information for pickling."},
    {"__setstate__", "self, state, /", long_iterator_set_state, "Set state information for unpickling."},
    {nullptr}};

constexpr TypeSpec range_spec = {
    .name = "range",
    .instance_size = sizeof(Range),
    .flags = TypeFinal | TypeIsSequence,
    .methods = range_methods,
    .getset = range_getset,
    .doc = "range(stop) -> range object\nrange(start, stop[, step]) -> range object\n\n"
           "Return an object that produces a sequence of integers from start (inclusive)\n"
           "to stop (exclusive) by step.  range(i, j) produces i, i+1, i+2, ..., j-1.\n"
           "start defaults to 0, and stop is omitted!  range(4) produces 0, 1, 2, 3.\n"
           "These are exactly the valid indices for a list of 4 elements.\n"
           "When step is given, it specifies the increment (or decrement)."};
constexpr TypeSpec iterator_spec = {.name = "range_iterator",
                                    .instance_size = sizeof(RangeIterator),
                                    .flags = TypeFinal | TypeNoConstruct,
                                    .methods = iterator_methods};
constexpr TypeSpec long_iterator_spec = {.name = "longrange_iterator",
                                         .instance_size = sizeof(LongRangeIterator),
                                         .flags = TypeFinal | TypeNoConstruct,
                                         .methods = long_iterator_methods};

} // namespace

void init_range_type() {
  Slots& slots = range_type.slots;
  slots.dealloc = range_dealloc;
  slots.construct = range_construct;
  slots.repr = range_repr;
  slots.hash = range_hash;
  slots.compare = range_compare;
  slots.truthy = range_truthy;
  slots.iter = range_iter;
  slots.length = range_length;
  slots.get_item = range_get_item;
  slots.contains = range_contains;
  make_ready(range_type, range_spec);

  auto self_iter = [](Thread&, Value self) { return share(self); };
  range_iterator_type.slots.dealloc = free_object;
  range_iterator_type.slots.iter = self_iter;
  range_iterator_type.slots.next = iterator_next;
  make_ready(range_iterator_type, iterator_spec);
  range_iterator_type.slots.dealloc = iterator_dealloc;
  long_range_iterator_type.slots.dealloc = long_iterator_dealloc;
  long_range_iterator_type.slots.iter = self_iter;
  long_range_iterator_type.slots.next = long_iterator_next;
  make_ready(long_range_iterator_type, long_iterator_spec);
}

} // namespace aspy
