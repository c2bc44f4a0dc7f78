// itertools: iterators that pass the items of others on, all or some of them, as they are or combined.
#include "runtime/modules/itertools/itertools_support.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

namespace aspy {
namespace {

// --- accumulate ---

struct Accumulate : Object {
  Value iterator, function, total, initial;
};
Type accumulate_type;

Ref accumulate_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "accumulate", "iterable, func=None, *, initial=None", args, bound)) return {};
  Ref iterator = iter(thread, bound[0]);
  if (!iterator) return {};
  Own<Accumulate> self = new_instance<Accumulate>(type);
  self->iterator = iterator.release();
  self->function = keep(given(bound[1]));
  self->initial = keep(given(bound[2]));
  return self;
}
Ref accumulate_next(Thread& thread, Value object) {
  auto* self = cast<Accumulate>(object);
  if (self->initial) {
    assign(self->total, Ref::steal(std::exchange(self->initial, Value())));
    return share(self->total);
  }
  Ref item = next(thread, self->iterator);
  if (!item) return {};
  if (self->total) {
    item = self->function ? call(thread, self->function, {self->total, item})
                          : binary_op(thread, BinaryOp::Add, self->total, item);
    if (!item) return {};
  }
  assign(self->total, item);
  return item;
}
constexpr TypeSpec accumulate_spec = {
    .name = "itertools.accumulate",
    .instance_size = sizeof(Accumulate),
    .flags = TypeTracked,
    .doc = "Return series of accumulated sums (or other binary function results)."};

// --- chain ---

struct Chain : Object {
  Value sources; // iterator over iterables; empty when exhausted
  Value active;  // iterator over the present one
};
Type chain_type;

Ref new_chain(Type* type, Ref sources) {
  if (!sources) return {};
  Own<Chain> chain = new_instance<Chain>(type);
  chain->sources = sources.release();
  return chain;
}
Ref chain_construct(Thread& thread, Type* type, CallArgs args) {
  if (!refuse_keywords(thread, "chain", args)) return {};
  Own<Tuple> iterables = make_tuple(std::span<const Value>(args.args, args.count));
  return new_chain(type, iter(thread, iterables.value()));
}
Ref chain_from_iterable(Thread& thread, const Value* args) {
  return new_chain(cast<Type>(args[0]), iter(thread, args[1]));
}
Ref chain_next(Thread& thread, Value object) {
  auto* chain = cast<Chain>(object);
  while (chain->sources) {
    if (!chain->active) {
      Ref source = next(thread, chain->sources);
      Ref active = source ? iter(thread, source) : Ref();
      if (!active) {
        // Whether by its end or by an error, the chain is over.
        clear_field(chain->sources);
        return {};
      }
      chain->active = active.release();
    }
    Ref iterator = share(chain->active);
    Ref item = next(thread, iterator);
    if (item || thread.has_error()) return item;
    clear_field(chain->active);
  }
  return {};
}
constexpr NativeDef chain_methods[] = {
    {"from_iterable", "cls, iterable, /", chain_from_iterable,
     "Alternative chain() constructor taking a single iterable argument that evaluates lazily.",
     NativeKind::ClassMethod},
    {"__class_getitem__", "cls, item, /", class_getitem, "See PEP 585", NativeKind::ClassMethod},
    {nullptr}};
constexpr TypeSpec chain_spec = {
    .name = "itertools.chain",
    .instance_size = sizeof(Chain),
    .flags = TypeTracked,
    .methods = chain_methods,
    .doc = "Return a chain object whose .__next__() method returns elements from the\n"
           "first iterable until it is exhausted, then elements from the next\n"
           "iterable, until all of the iterables are exhausted."};

// --- compress ---

struct Compress : Object {
  Value data, selectors;
};
Type compress_type;

Ref compress_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "compress", "data, selectors", args, bound)) return {};
  Ref data = iter(thread, bound[0]);
  Ref selectors = data ? iter(thread, bound[1]) : Ref();
  if (!selectors) return {};
  Own<Compress> self = new_instance<Compress>(type);
  self->data = data.release();
  self->selectors = selectors.release();
  return self;
}
Ref compress_next(Thread& thread, Value object) {
  auto* self = cast<Compress>(object);
  for (;;) {
    Ref item = next(thread, self->data);
    Ref selector = item ? next(thread, self->selectors) : Ref();
    if (!selector) return {};
    int chosen = truthy(thread, selector);
    if (chosen < 0) return {};
    if (chosen) return item;
  }
}
constexpr TypeSpec compress_spec = {.name = "itertools.compress",
                                    .instance_size = sizeof(Compress),
                                    .flags = TypeTracked,
                                    .doc = "Return data elements corresponding to true selector elements."};

// --- takewhile, dropwhile, filterfalse, starmap: a function and an iterator ---

struct Applied : Object {
  Value function, iterator;
  bool done = false; // takewhile: it has stopped; dropwhile: it has begun
};
Type takewhile_type, dropwhile_type, filterfalse_type, starmap_type;

template <Type& exact> Ref applied_construct(Thread& thread, Type* type, CallArgs args) {
  const char* name = &exact == &takewhile_type     ? "takewhile"
                     : &exact == &dropwhile_type   ? "dropwhile"
                     : &exact == &filterfalse_type ? "filterfalse"
                                                   : "starmap";
  if (!refuse_keywords(thread, name, args) || !check_count(thread, name, args, 2, 2)) return {};
  Ref iterator = iter(thread, args[1]);
  if (!iterator) return {};
  Own<Applied> self = new_instance<Applied>(type);
  self->function = keep(args[0]);
  self->iterator = iterator.release();
  return self;
}

// Does the predicate hold for the item? None asks for the item's own truth. -1: raised.
int holds(Thread& thread, Applied* self, Value item) {
  if (self->function.is_none()) return truthy(thread, item);
  Ref result = call(thread, self->function, {item});
  return result ? truthy(thread, result) : -1;
}

Ref takewhile_next(Thread& thread, Value object) {
  auto* self = cast<Applied>(object);
  if (self->done) return {};
  Ref item = next(thread, self->iterator);
  if (!item) return {};
  int truth = holds(thread, self, item);
  if (truth > 0) return item;
  if (truth == 0) self->done = true;
  return {};
}
Ref dropwhile_next(Thread& thread, Value object) {
  auto* self = cast<Applied>(object);
  for (;;) {
    Ref item = next(thread, self->iterator);
    if (!item || self->done) return item;
    int truth = holds(thread, self, item);
    if (truth < 0) return {};
    if (truth) continue;
    self->done = true;
    return item;
  }
}
Ref filterfalse_next(Thread& thread, Value object) {
  auto* self = cast<Applied>(object);
  for (;;) {
    Ref item = next(thread, self->iterator);
    if (!item) return {};
    int truth = holds(thread, self, item);
    if (truth < 0) return {};
    if (!truth) return item;
  }
}
Ref starmap_next(Thread& thread, Value object) {
  auto* self = cast<Applied>(object);
  Ref item = next(thread, self->iterator);
  Own<Tuple> args = item ? tuple_from_iterable(thread, item) : nullptr;
  if (!args) return {};
  return call(thread, self->function, CallArgs{args->items(), uint32_t(args->size), nullptr});
}

constexpr TypeSpec applied_spec(const char* name, const char* doc) {
  return {.name = name, .instance_size = sizeof(Applied), .flags = TypeTracked, .doc = doc};
}
constexpr TypeSpec takewhile_spec = applied_spec(
                       "itertools.takewhile",
                       "Return successive entries from an iterable as long as the predicate evaluates to "
                       "true for each entry."),
                   dropwhile_spec =
                       applied_spec("itertools.dropwhile",
                                    "Drop items from the iterable while predicate(item) is true.\n\n"
                                    "Afterwards, return every element until the iterable is exhausted."),
                   filterfalse_spec =
                       applied_spec("itertools.filterfalse",
                                    "Return those items of iterable for which function(item) is false.\n\n"
                                    "If function is None, return the items that are false."),
                   starmap_spec = applied_spec(
                       "itertools.starmap",
                       "Return an iterator whose values are returned from the function evaluated with an "
                       "argument tuple taken from the given sequence.");

template <Type& type> void add_applied(Module* module, const TypeSpec& spec, Ref (*step)(Thread&, Value)) {
  OwnedFields<Applied, &Applied::function, &Applied::iterator>::fill_iterator(type.slots, step);
  type.slots.construct = applied_construct<type>;
  add_itertools_type(module, type, spec);
}

} // namespace

void init_itertools_chains(Module* module) {
  OwnedFields<Accumulate, &Accumulate::iterator, &Accumulate::function, &Accumulate::total,
              &Accumulate::initial>::fill_iterator(accumulate_type.slots, accumulate_next);
  accumulate_type.slots.construct = accumulate_construct;
  add_itertools_type(module, accumulate_type, accumulate_spec);
  OwnedFields<Chain, &Chain::sources, &Chain::active>::fill_iterator(chain_type.slots, chain_next);
  chain_type.slots.construct = chain_construct;
  add_itertools_type(module, chain_type, chain_spec);
  OwnedFields<Compress, &Compress::data, &Compress::selectors>::fill_iterator(compress_type.slots,
                                                                              compress_next);
  compress_type.slots.construct = compress_construct;
  add_itertools_type(module, compress_type, compress_spec);
  add_applied<takewhile_type>(module, takewhile_spec, takewhile_next);
  add_applied<dropwhile_type>(module, dropwhile_spec, dropwhile_next);
  add_applied<filterfalse_type>(module, filterfalse_spec, filterfalse_next);
  add_applied<starmap_type>(module, starmap_spec, starmap_next);
}

} // namespace aspy
