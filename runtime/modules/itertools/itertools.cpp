// The itertools module: count, cycle and repeat; the other iterators are in itertools_*.cpp.
#include "runtime/modules/itertools/itertools_support.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/text/str.hpp"

#include <cstring>

namespace aspy {

void add_itertools_type(Module* module, Type& type, const TypeSpec& spec) {
  if (!(type.flags & TypeReady)) make_ready(type, spec);
  const char* dot = std::strrchr(spec.name, '.');
  module_set(module, dot + 1, &type);
}

namespace {

// --- count ---

struct Count : Object {
  Value current, step;
};
Type count_type;

bool is_number(Value value) {
  const Slots& slots = type_of(value)->slots;
  return slots.index || slots.to_float || slots.to_int || is_instance(value, complex_type);
}

Ref count_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "count", "start=0, step=1", args, bound)) return {};
  Value start = bound[0] ? bound[0] : Value::from_int(0), step = bound[1] ? bound[1] : Value::from_int(1);
  if (!is_number(start) || !is_number(step)) return raise_type_error(thread, "a number is required");
  Own<Count> count = new_instance<Count>(type);
  count->current = keep(start);
  count->step = keep(step);
  return count;
}
Ref count_next(Thread& thread, Value self) {
  auto* count = cast<Count>(self);
  Ref following = both_int(count->current, count->step)
                      ? make_int(count->current.as_int() + count->step.as_int())
                      : binary_op(thread, BinaryOp::Add, count->current, count->step);
  if (!following) return {};
  return Ref::steal(std::exchange(count->current, following.release()));
}
Ref count_repr(Thread& thread, Value self) {
  auto* count = cast<Count>(self);
  StrBuilder text;
  text.append("count(");
  if (!text.append_repr(thread, count->current)) return {};
  if (!(count->step == Value::from_int(1))) {
    text.append(", ");
    if (!text.append_repr(thread, count->step)) return {};
  }
  text.append(')');
  return text.finish();
}
constexpr TypeSpec count_spec = {
    .name = "itertools.count",
    .instance_size = sizeof(Count),
    .flags = TypeTracked,
    .doc = "Return a count object whose .__next__() method returns consecutive values."};

// --- cycle ---

struct Cycle : Object {
  Value iterator; // empty after the first round
  Value saved;    // list of what came
  size_t place = 0;
};
Type cycle_type;

Ref cycle_construct(Thread& thread, Type* type, CallArgs args) {
  if (!refuse_keywords(thread, "cycle", args) || !check_count(thread, "cycle", args, 1, 1)) return {};
  Ref iterator = iter(thread, args[0]);
  if (!iterator) return {};
  Own<Cycle> cycle = new_instance<Cycle>(type);
  cycle->iterator = iterator.release();
  cycle->saved = Value(new_list().release());
  return cycle;
}
Ref cycle_next(Thread& thread, Value self) {
  auto* cycle = cast<Cycle>(self);
  if (cycle->iterator) {
    Ref item = next(thread, cycle->iterator);
    if (item) {
      list_append(cast<List>(cycle->saved), item.get());
      return item;
    }
    if (thread.has_error()) return {};
    clear_field(cycle->iterator);
  }
  auto* saved = cycle->saved ? cast<List>(cycle->saved) : nullptr;
  if (!saved || saved->size == 0) return {};
  if (cycle->place >= saved->size) cycle->place = 0;
  return share((*saved)[cycle->place++]);
}
constexpr TypeSpec cycle_spec = {
    .name = "itertools.cycle",
    .instance_size = sizeof(Cycle),
    .flags = TypeTracked,
    .doc = "Return elements from the iterable until it is exhausted. Then repeat the sequence indefinitely."};

// --- repeat ---

struct Repeat : Object {
  Value item;
  int64_t remaining = 0; // negative: without end
};
Type repeat_type;

Ref repeat_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "repeat", "object, times=<unrepresentable>", args, bound)) return {};
  int64_t times = -1;
  if (bound[1]) {
    if (!to_size(thread, bound[1], times)) return {};
    times = std::max<int64_t>(times, 0);
  }
  Own<Repeat> repeat = new_instance<Repeat>(type);
  repeat->item = keep(bound[0]);
  repeat->remaining = times;
  return repeat;
}
Ref repeat_next(Thread&, Value self) {
  auto* repeat = cast<Repeat>(self);
  if (repeat->remaining == 0) return {};
  if (repeat->remaining > 0) --repeat->remaining;
  return share(repeat->item);
}
Ref repeat_repr(Thread& thread, Value self) {
  auto* repeat = cast<Repeat>(self);
  StrBuilder text;
  text.append("repeat(");
  if (!text.append_repr(thread, repeat->item)) return {};
  if (repeat->remaining >= 0) {
    text.append(", ");
    text.append(std::to_string(repeat->remaining));
  }
  text.append(')');
  return text.finish();
}
Ref repeat_length_hint(Thread& thread, const Value* args) {
  auto* repeat = cast<Repeat>(args[0]);
  if (repeat->remaining < 0) return raise_type_error(thread, "len() of unsized object");
  return make_int(repeat->remaining);
}
constexpr NativeDef repeat_methods[] = {{"__length_hint__", "self, /", repeat_length_hint}, {nullptr}};
constexpr TypeSpec repeat_spec = {
    .name = "itertools.repeat",
    .instance_size = sizeof(Repeat),
    .flags = TypeTracked,
    .methods = repeat_methods,
    .doc = "repeat(object [,times]) -> create an iterator which returns the object\n"
           "for the specified number of times.  If not specified, returns the object\nendlessly."};

bool init_itertools(Thread&, Module* module) {
  OwnedFields<Count, &Count::current, &Count::step>::fill_iterator(count_type.slots, count_next);
  count_type.slots.construct = count_construct;
  count_type.slots.repr = count_repr;
  OwnedFields<Cycle, &Cycle::iterator, &Cycle::saved>::fill_iterator(cycle_type.slots, cycle_next);
  cycle_type.slots.construct = cycle_construct;
  OwnedFields<Repeat, &Repeat::item>::fill_iterator(repeat_type.slots, repeat_next);
  repeat_type.slots.construct = repeat_construct;
  repeat_type.slots.repr = repeat_repr;
  add_itertools_type(module, count_type, count_spec);
  add_itertools_type(module, cycle_type, cycle_spec);
  add_itertools_type(module, repeat_type, repeat_spec);
  init_itertools_chains(module);
  init_itertools_slices(module);
  init_itertools_combinations(module);
  return true;
}

} // namespace

Ref make_tees(Thread& thread, const Value* args); // itertools_slices.cpp

namespace {
constexpr NativeDef functions[] = {
    {"tee", "iterable, n=2, /", make_tees, "Returns a tuple of n independent iterators."}, {nullptr}};
}

extern const ModuleSpec itertools_module;
const ModuleSpec itertools_module = {"itertools", functions, init_itertools,
                                     "Functional tools for creating and using iterators."};

} // namespace aspy
