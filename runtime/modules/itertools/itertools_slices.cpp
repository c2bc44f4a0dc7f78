// itertools: iterators that cut, group or line up the items of others.
#include "runtime/modules/itertools/itertools_support.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

namespace aspy {
namespace {

// --- islice ---

struct Islice : Object {
  Value iterator;             // empty when exhausted
  int64_t wanted = 0;         // place of the next item to give
  int64_t stop = 0, step = 0; // stop negative: none
  int64_t seen = 0;           // items taken so far
};
Type islice_type;

// None gives `fallback`; anything but a count from `low` up is refused (false without an exception).
bool read_count(Thread& thread, Value value, int64_t low, int64_t fallback, int64_t& out) {
  out = fallback;
  if (!value || value.is_none()) return true;
  Ref number = has_index(value) ? to_index_object(thread, value) : Ref();
  clear_error(thread);
  return number && int_as_int64(number, out) && out >= low;
}

Ref islice_construct(Thread& thread, Type* type, CallArgs args) {
  if (!refuse_keywords(thread, "islice", args) || !check_count(thread, "islice", args, 2, 4)) return {};
  Value start_value = args.count > 2 ? args[1] : Value(), stop_value = args.count > 2 ? args[2] : args[1];
  int64_t start, stop, step;
  if (!read_count(thread, stop_value, 0, -1, stop))
    return raise_value_error(
        thread, args.count > 2
                    ? "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize."
                    : "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
  if (!read_count(thread, start_value, 0, 0, start))
    return raise_value_error(thread,
                             "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
  if (!read_count(thread, args.count > 3 ? args[3] : Value(), 1, 1, step))
    return raise_value_error(thread, "Step for islice() must be a positive integer or None.");
  Ref iterator = iter(thread, args[0]);
  if (!iterator) return {};
  Own<Islice> self = new_instance<Islice>(type);
  self->iterator = iterator.release();
  self->wanted = start;
  self->stop = stop;
  self->step = step;
  return self;
}
Ref islice_next(Thread& thread, Value object) {
  auto* self = cast<Islice>(object);
  if (!self->iterator) return {};
  Ref iterator = share(self->iterator);
  // Skip to the wanted item, or to the stop when that comes first.
  int64_t target = self->wanted;
  while (self->seen < target && (self->stop < 0 || self->seen < self->stop)) {
    Ref skipped = next(thread, iterator);
    if (!skipped) {
      clear_field(self->iterator);
      return {};
    }
    ++self->seen;
  }
  Ref item;
  if (self->stop < 0 || self->seen < self->stop) item = next(thread, iterator);
  if (!item) {
    clear_field(self->iterator);
    return {};
  }
  ++self->seen;
  if (__builtin_add_overflow(self->wanted, self->step, &self->wanted)) self->wanted = INT64_MAX;
  if (self->stop >= 0 && self->wanted > self->stop) self->wanted = self->stop;
  return item;
}
constexpr TypeSpec islice_spec = {
    .name = "itertools.islice",
    .instance_size = sizeof(Islice),
    .flags = TypeTracked,
    .doc = "islice(iterable, stop) --> islice object\nislice(iterable, start, stop[, step]) --> islice "
           "object\n\n"
           "Return an iterator whose next() method returns selected values from an iterable."};

// --- batched ---

struct Batched : Object {
  Value iterator;
  int64_t size = 0;
  bool strict = false;
};
Type batched_type;

Ref batched_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  int64_t size;
  if (!bind_args(thread, "batched", "iterable, n, *, strict=False", args, bound)) return {};
  if (!to_size(thread, bound[1], size)) return {};
  int strict = bound[2] ? truthy(thread, bound[2]) : 0;
  if (strict < 0) return {};
  if (size < 1) return raise_value_error(thread, "n must be at least one");
  Ref iterator = iter(thread, bound[0]);
  if (!iterator) return {};
  Own<Batched> self = new_instance<Batched>(type);
  self->iterator = iterator.release();
  self->size = size;
  self->strict = strict != 0;
  return self;
}
Ref batched_next(Thread& thread, Value object) {
  auto* self = cast<Batched>(object);
  if (!self->iterator) return {};
  Own<List> batch = new_list();
  while (int64_t(batch->size) < self->size) {
    Ref item = next(thread, self->iterator);
    if (!item) {
      clear_field(self->iterator);
      if (thread.has_error()) return {};
      break;
    }
    list_append(batch.get(), std::move(item));
  }
  if (batch->size == 0) return {};
  if (self->strict && int64_t(batch->size) < self->size)
    return raise_value_error(thread, "batched(): incomplete batch");
  return make_tuple(batch->view());
}
constexpr TypeSpec batched_spec = {
    .name = "itertools.batched",
    .instance_size = sizeof(Batched),
    .flags = TypeTracked,
    .doc = "Batch data into tuples of length n. The last batch may be shorter than n."};

// --- pairwise ---

struct Pairwise : Object {
  Value iterator, previous;
};
Type pairwise_type;

Ref pairwise_construct(Thread& thread, Type* type, CallArgs args) {
  if (!refuse_keywords(thread, "pairwise", args) || !check_count(thread, "pairwise", args, 1, 1)) return {};
  Ref iterator = iter(thread, args[0]);
  if (!iterator) return {};
  Own<Pairwise> self = new_instance<Pairwise>(type);
  self->iterator = iterator.release();
  return self;
}
Ref pairwise_next(Thread& thread, Value object) {
  auto* self = cast<Pairwise>(object);
  if (!self->iterator) return {};
  if (!self->previous) {
    Ref first = next(thread, self->iterator);
    if (!first) {
      clear_field(self->iterator);
      return {};
    }
    assign(self->previous, std::move(first));
  }
  Ref iterator = share(self->iterator), previous = share(self->previous);
  Ref item = next(thread, iterator);
  if (!item) {
    clear_field(self->iterator);
    clear_field(self->previous);
    return {};
  }
  assign(self->previous, item);
  return make_tuple({previous, item});
}
constexpr TypeSpec pairwise_spec = {
    .name = "itertools.pairwise",
    .instance_size = sizeof(Pairwise),
    .flags = TypeTracked,
    .doc = "Return an iterator of overlapping pairs taken from the input iterator.\n\n"
           "    s -> (s0,s1), (s1,s2), (s2, s3), ..."};

// --- groupby ---

struct GroupBy : Object {
  Value iterator, function; // function empty: items are their own keys
  Value target;             // key of the group being given
  Value key, item;          // what was read last, not yet given
  Object* group = nullptr;  // the group whose turn it is; borrowed, only compared
};
// One group: reads from its parent for as long as the key stays.
struct Grouper : Object {
  Value parent, target;
};
Type groupby_type, grouper_type;

Ref groupby_construct(Thread& thread, Type* type, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "groupby", "iterable, key=None", args, bound)) return {};
  Ref iterator = iter(thread, bound[0]);
  if (!iterator) return {};
  Own<GroupBy> self = new_instance<GroupBy>(type);
  self->iterator = iterator.release();
  self->function = keep(given(bound[1]));
  return self;
}
// Reads the next item and its key; false at the end or on an error.
bool groupby_read(Thread& thread, GroupBy* self) {
  Ref item = next(thread, self->iterator);
  if (!item) return false;
  Ref key = self->function ? call(thread, self->function, {item}) : share(item.get());
  if (!key) return false;
  assign(self->item, std::move(item));
  assign(self->key, std::move(key));
  return true;
}
Ref groupby_next(Thread& thread, Value object) {
  auto* self = cast<GroupBy>(object);
  self->group = nullptr;
  // Skip what is left of the present group.
  for (;;) {
    if (self->key) {
      if (!self->target) break;
      Ref target = share(self->target), key = share(self->key);
      int same = equals(thread, target, key);
      if (same < 0) return {};
      if (!same) break;
    }
    if (!groupby_read(thread, self)) return {};
  }
  assign(self->target, share(self->key));
  Own<Grouper> group = new_instance<Grouper>(&grouper_type);
  group->parent = keep(object);
  group->target = keep(self->target);
  self->group = group.get();
  return make_tuple({self->key, group.value()});
}
Ref grouper_next(Thread& thread, Value object) {
  auto* group = cast<Grouper>(object);
  auto* parent = cast<GroupBy>(group->parent);
  if (parent->group != group) return {};
  if (!parent->item && !groupby_read(thread, parent)) return {};
  Ref target = share(group->target), key = share(parent->key);
  int same = equals(thread, target, key);
  if (same <= 0) return {};
  clear_field(parent->key);
  return Ref::steal(std::exchange(parent->item, Value()));
}
void grouper_dealloc(Object* object) {
  auto* group = static_cast<Grouper*>(object);
  if (group->parent && cast<GroupBy>(group->parent)->group == group)
    cast<GroupBy>(group->parent)->group = nullptr;
  OwnedFields<Grouper, &Grouper::parent, &Grouper::target>::dealloc(object);
}
constexpr TypeSpec groupby_spec = {
    .name = "itertools.groupby",
    .instance_size = sizeof(GroupBy),
    .flags = TypeTracked,
    .doc = "make an iterator that returns consecutive keys and groups from the iterable"};
constexpr TypeSpec grouper_spec = {.name = "itertools._grouper",
                                   .instance_size = sizeof(Grouper),
                                   .flags = TypeTracked | TypeFinal | TypeNoConstruct};

// --- tee ---

// What tees share: a chain of items read so far. The last link has no item yet and reads it from the source.
struct TeeLink : Object {
  Value source, item, next;
};
struct Tee : Object {
  Value link;
};
Type tee_link_type, tee_type;

Ref tee_next(Thread& thread, Value object) {
  auto* tee = cast<Tee>(object);
  Ref held = share(tee->link);
  auto* link = cast<TeeLink>(held);
  if (!link->item) {
    Ref item = next(thread, link->source);
    if (!item) return {};
    Own<TeeLink> following = new_instance<TeeLink>(&tee_link_type);
    following->source = keep(link->source);
    assign(link->next, Ref(std::move(following)));
    assign(link->item, std::move(item));
  }
  assign(tee->link, share(link->next));
  return share(link->item);
}
Ref new_tee(Value link) {
  Own<Tee> tee = new_instance<Tee>(&tee_type);
  tee->link = keep(link);
  return tee;
}
Ref tee_copy(Thread&, const Value* args) { return new_tee(cast<Tee>(args[0])->link); }

// A tee over an iterable; over a tee, a copy of it.
Ref tee_over(Thread& thread, Value iterable) {
  Ref iterator = iter(thread, iterable);
  if (!iterator) return {};
  if (is_exact(iterator, tee_type)) return new_tee(cast<Tee>(iterator)->link);
  Own<TeeLink> link = new_instance<TeeLink>(&tee_link_type);
  link->source = iterator.release();
  return new_tee(link.value());
}
Ref tee_construct(Thread& thread, Type*, CallArgs args) {
  if (!refuse_keywords(thread, "_tee", args) || !check_count(thread, "_tee", args, 1, 1)) return {};
  return tee_over(thread, args[0]);
}
constexpr NativeDef tee_methods[] = {{"__copy__", "self, /", tee_copy, "Returns an independent iterator."},
                                     {nullptr}};
constexpr TypeSpec tee_spec = {.name = "itertools._tee",
                               .instance_size = sizeof(Tee),
                               .flags = TypeTracked | TypeFinal | TypeWeakRefs,
                               .methods = tee_methods,
                               .doc = "Iterator wrapped to make it copyable."};
constexpr TypeSpec tee_link_spec = {.name = "itertools._tee_dataobject",
                                    .instance_size = sizeof(TeeLink),
                                    .flags = TypeTracked | TypeFinal | TypeNoConstruct};

// --- zip_longest ---

struct ZipLongest : Object {
  Value iterators; // list; None where exhausted
  Value fill;
  size_t active = 0;
};
Type zip_longest_type;

Ref zip_longest_construct(Thread& thread, Type* type, CallArgs args) {
  Value fill = None;
  if (args.kwnames) {
    for (size_t i = 0; i < args.kwnames->size; ++i) {
      if (cast<Str>((*args.kwnames)[i])->view() != "fillvalue")
        return raise_type_error(thread, "zip_longest() got an unexpected keyword argument");
      fill = args[uint32_t(args.count + i)];
    }
  }
  Own<List> iterators = new_list(args.count);
  for (uint32_t i = 0; i < args.count; ++i) {
    Ref iterator = iter(thread, args[i]);
    if (!iterator) return {};
    list_append(iterators.get(), std::move(iterator));
  }
  Own<ZipLongest> self = new_instance<ZipLongest>(type);
  self->active = iterators->size;
  self->iterators = iterators.release();
  self->fill = keep(fill);
  return self;
}
Ref zip_longest_next(Thread& thread, Value object) {
  auto* self = cast<ZipLongest>(object);
  if (self->active == 0) return {};
  auto* iterators = cast<List>(self->iterators);
  Own<Tuple> row = new_tuple(iterators->size);
  for (size_t i = 0; i < iterators->size; ++i) {
    Ref item;
    if (!(*iterators)[i].is_none()) {
      Ref iterator = share((*iterators)[i]);
      item = next(thread, iterator);
      if (!item) {
        if (thread.has_error()) {
          self->active = 0;
          return {};
        }
        if (--self->active == 0) return {};
        assign(iterators->items[i], share(None));
      }
    }
    row->items()[i] = item ? item.release() : keep(self->fill);
  }
  return row;
}
constexpr TypeSpec zip_longest_spec = {
    .name = "itertools.zip_longest",
    .instance_size = sizeof(ZipLongest),
    .flags = TypeTracked,
    .doc = "Return a zip_longest object whose .__next__() method returns a tuple where\n"
           "the i-th element comes from the i-th iterable argument."};

} // namespace

Ref make_tees(Thread& thread, const Value* args) {
  int64_t count = 2;
  if (args[1] && !to_size(thread, args[1], count)) return {};
  if (count < 0) return raise_value_error(thread, "n must be >= 0");
  Own<Tuple> tees = new_tuple(size_t(count));
  if (count == 0) return tees;
  Ref first = tee_over(thread, args[0]);
  if (!first) return {};
  for (int64_t i = 1; i < count; ++i) tees->items()[i] = new_tee(cast<Tee>(first)->link).release();
  tees->items()[0] = first.release();
  return tees;
}

void init_itertools_slices(Module* module) {
  OwnedFields<Islice, &Islice::iterator>::fill_iterator(islice_type.slots, islice_next);
  islice_type.slots.construct = islice_construct;
  add_itertools_type(module, islice_type, islice_spec);
  OwnedFields<Batched, &Batched::iterator>::fill_iterator(batched_type.slots, batched_next);
  batched_type.slots.construct = batched_construct;
  add_itertools_type(module, batched_type, batched_spec);
  OwnedFields<Pairwise, &Pairwise::iterator, &Pairwise::previous>::fill_iterator(pairwise_type.slots,
                                                                                 pairwise_next);
  pairwise_type.slots.construct = pairwise_construct;
  add_itertools_type(module, pairwise_type, pairwise_spec);
  OwnedFields<GroupBy, &GroupBy::iterator, &GroupBy::function, &GroupBy::target, &GroupBy::key,
              &GroupBy::item>::fill_iterator(groupby_type.slots, groupby_next);
  groupby_type.slots.construct = groupby_construct;
  add_itertools_type(module, groupby_type, groupby_spec);
  OwnedFields<Grouper, &Grouper::parent, &Grouper::target>::fill_iterator(grouper_type.slots, grouper_next);
  grouper_type.slots.dealloc = grouper_dealloc;
  add_itertools_type(module, grouper_type, grouper_spec);
  OwnedFields<TeeLink, &TeeLink::source, &TeeLink::item, &TeeLink::next>::fill(tee_link_type.slots);
  add_itertools_type(module, tee_link_type, tee_link_spec);
  OwnedFields<Tee, &Tee::link>::fill_iterator(tee_type.slots, tee_next);
  tee_type.slots.construct = tee_construct;
  add_itertools_type(module, tee_type, tee_spec);
  OwnedFields<ZipLongest, &ZipLongest::iterators, &ZipLongest::fill>::fill_iterator(zip_longest_type.slots,
                                                                                    zip_longest_next);
  zip_longest_type.slots.construct = zip_longest_construct;
  add_itertools_type(module, zip_longest_type, zip_longest_spec);
}

} // namespace aspy
