// itertools: every way to choose items. Each iterator keeps a row of indices into its pool and turns it like
// an odometer: the rightmost one that can move does, those to its right start over.
#include "runtime/modules/itertools/itertools_support.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {
namespace {

// product, permutations, combinations and combinations_with_replacement alike.
struct Choice : Object {
  Value pools;      // product: tuple of tuples; the others: the pool, a tuple
  Value indices;    // list of small ints
  Value cycles;     // permutations: how many choices are left at each place; list
  int64_t size = 0; // items in a choice
  bool started = false, done = false;
};
using ChoiceFields = OwnedFields<Choice, &Choice::pools, &Choice::indices, &Choice::cycles>;
Type product_type, permutations_type, combinations_type, combinations_with_replacement_type;

int64_t index_at(Value list, int64_t i) { return (*cast<List>(list))[size_t(i)].as_int(); }
void set_index(Value list, int64_t i, int64_t index) {
  cast<List>(list)->items[i] = Value::from_int(index); // ints own nothing
}
Tuple* pool_of(Choice* self) { return cast<Tuple>(self->pools); }

// The chosen items of a single pool.
Ref chosen(Choice* self) {
  Own<Tuple> result = new_tuple(size_t(self->size));
  for (int64_t i = 0; i < self->size; ++i)
    result->items()[i] = keep((*pool_of(self))[size_t(index_at(self->indices, i))]);
  return result;
}

Ref row_of_indices(int64_t count, int64_t first, int64_t step) {
  Own<List> row = new_list(size_t(count));
  for (int64_t i = 0; i < count; ++i) list_append(row.get(), Value::from_int(first + i * step));
  return row;
}

// --- product ---

Ref product_construct(Thread& thread, Type* type, CallArgs args) {
  int64_t repeat = 1;
  if (args.kwnames) {
    for (Value key : args.kwnames->view()) {
      if (cast<Str>(key)->view() != "repeat")
        return raise_type_error(
            thread, fmt::format("product() got an unexpected keyword argument '{}'", cast<Str>(key)->view()));
    }
    if (!to_size(thread, args[args.count], repeat)) return {};
    if (repeat < 0) return raise_value_error(thread, "repeat argument cannot be negative");
  }
  Own<Tuple> pools = new_tuple(size_t(args.count) * size_t(repeat));
  for (uint32_t i = 0; i < args.count && repeat > 0; ++i) {
    Own<Tuple> pool = tuple_from_iterable(thread, args[i]);
    if (!pool) return {};
    for (int64_t n = 0; n < repeat; ++n) pools->items()[n * args.count + i] = keep(pool.value());
  }
  Own<Choice> self = new_instance<Choice>(type);
  self->size = int64_t(pools->size);
  for (Value pool : pools->view()) self->done |= cast<Tuple>(pool)->size == 0;
  self->pools = Value(pools.release());
  self->indices = row_of_indices(self->size, 0, 0).release();
  return self;
}
Ref product_next(Thread&, Value object) {
  auto* self = cast<Choice>(object);
  if (self->done) return {};
  auto* pools = cast<Tuple>(self->pools);
  auto pool = [&](int64_t i) { return cast<Tuple>((*pools)[size_t(i)]); };
  if (self->started) {
    int64_t i = self->size - 1;
    for (; i >= 0; --i) {
      int64_t index = index_at(self->indices, i) + 1;
      bool fits = index < int64_t(pool(i)->size);
      set_index(self->indices, i, fits ? index : 0);
      if (fits) break;
    }
    if (i < 0) {
      self->done = true;
      return {};
    }
  }
  self->started = true;
  Own<Tuple> result = new_tuple(size_t(self->size));
  for (int64_t i = 0; i < self->size; ++i)
    result->items()[i] = keep((*pool(i))[size_t(index_at(self->indices, i))]);
  return result;
}

// --- the others: a pool and a size ---

bool read_size(Thread& thread, Value value, int64_t& out) {
  if (!to_size(thread, value, out)) return false;
  if (out < 0) return raise_value_error(thread, "r must be non-negative");
  return true;
}

Ref permutations_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "permutations", "iterable, r=None", args, bound)) return {};
  Own<Tuple> pool = tuple_from_iterable(thread, bound[0]);
  if (!pool) return {};
  auto count = int64_t(pool->size), size = count;
  if (bound[1] && !bound[1].is_none()) {
    if (!is_int_like(bound[1])) return raise_type_error(thread, "Expected int as r");
    if (!read_size(thread, bound[1], size)) return {};
  }
  Own<Choice> self = new_instance<Choice>(type);
  self->pools = Value(pool.release());
  self->size = size;
  self->done = size > count;
  self->indices = row_of_indices(count, 0, 1).release();
  self->cycles = row_of_indices(self->done ? 0 : size, count, -1).release();
  return self;
}
Ref permutations_next(Thread&, Value object) {
  auto* self = cast<Choice>(object);
  if (self->done) return {};
  if (!self->started) {
    self->started = true;
    return chosen(self);
  }
  auto count = int64_t(pool_of(self)->size);
  for (int64_t i = self->size - 1; i >= 0; --i) {
    int64_t left = index_at(self->cycles, i) - 1;
    Value* row = cast<List>(self->indices)->items;
    if (left > 0) {
      // Exchange with the next choice for this place.
      set_index(self->cycles, i, left);
      std::swap(row[i], row[count - left]);
      return chosen(self);
    }
    // All choices for this place are used up: put them back in order.
    Value first = row[i];
    std::copy(row + i + 1, row + count, row + i);
    row[count - 1] = first;
    set_index(self->cycles, i, count - i);
  }
  self->done = true;
  return {};
}

template <bool replacement> Ref combinations_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, replacement ? "combinations_with_replacement" : "combinations", "iterable, r", args,
                 bound))
    return {};
  Own<Tuple> pool = tuple_from_iterable(thread, bound[0]);
  if (!pool) return {};
  int64_t size;
  if (!read_size(thread, bound[1], size)) return {};
  Own<Choice> self = new_instance<Choice>(type);
  self->done = replacement ? pool->size == 0 && size > 0 : size > int64_t(pool->size);
  self->pools = Value(pool.release());
  self->size = size;
  self->indices = row_of_indices(self->done ? 0 : size, 0, replacement ? 0 : 1).release();
  return self;
}
template <bool replacement> Ref combinations_next(Thread&, Value object) {
  auto* self = cast<Choice>(object);
  if (self->done) return {};
  if (!self->started) {
    self->started = true;
    return chosen(self);
  }
  auto count = int64_t(pool_of(self)->size);
  // Without replacement each place leaves room for those to its right.
  int64_t i = self->size - 1;
  while (i >= 0 && index_at(self->indices, i) == (replacement ? count - 1 : count - self->size + i)) --i;
  if (i < 0) {
    self->done = true;
    return {};
  }
  int64_t index = index_at(self->indices, i) + 1;
  for (int64_t j = i; j < self->size; ++j) set_index(self->indices, j, replacement ? index : index + j - i);
  return chosen(self);
}

constexpr TypeSpec choice_spec(const char* name, const char* doc) {
  return {.name = name, .instance_size = sizeof(Choice), .flags = TypeTracked, .doc = doc};
}
constexpr TypeSpec
    product_spec = choice_spec("itertools.product",
                               "Cartesian product of input iterables.  Equivalent to nested for-loops."),
    permutations_spec = choice_spec("itertools.permutations",
                                    "Return successive r-length permutations of elements in the iterable."),
    combinations_spec = choice_spec("itertools.combinations",
                                    "Return successive r-length combinations of elements in the iterable."),
    with_replacement_spec =
        choice_spec("itertools.combinations_with_replacement",
                    "Return successive r-length combinations of elements in the iterable allowing individual "
                    "elements to have successive repeats.");

void add_choice(Module* module, Type& type, const TypeSpec& spec, Ref (*construct)(Thread&, Type*, CallArgs),
                Ref (*step)(Thread&, Value)) {
  ChoiceFields::fill_iterator(type.slots, step);
  type.slots.construct = construct;
  add_itertools_type(module, type, spec);
}

} // namespace

void init_itertools_combinations(Module* module) {
  add_choice(module, product_type, product_spec, product_construct, product_next);
  add_choice(module, permutations_type, permutations_spec, permutations_construct, permutations_next);
  add_choice(module, combinations_type, combinations_spec, combinations_construct<false>,
             combinations_next<false>);
  add_choice(module, combinations_with_replacement_type, with_replacement_spec, combinations_construct<true>,
             combinations_next<true>);
}

} // namespace aspy
