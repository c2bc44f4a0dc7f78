// The iterators that are built-in types: enumerate, filter, map, reversed, zip.
#include "runtime/builtins/builtins.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/suggestions.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <vector>

namespace aspy {

Type enumerate_type, filter_type, map_type, reversed_type, zip_type;

namespace {

// All of them: up to two owned values and a flag.
struct IteratorObject : Object {
  Value first, second; // owned
  int64_t number = 0;
  bool flag = false;
};

IteratorObject* as_iterator(Value value) { return cast<IteratorObject>(value); }

void iterator_clear(Object* object) {
  clear_field(static_cast<IteratorObject*>(object)->first);
  clear_field(static_cast<IteratorObject*>(object)->second);
}
void iterator_dealloc(Object* object) {
  gc_untrack(object);
  iterator_clear(object);
  free_object(object);
}
void iterator_traverse(Object* object, Visitor& visitor) {
  visitor(static_cast<IteratorObject*>(object)->first);
  visitor(static_cast<IteratorObject*>(object)->second);
}
Ref iterator_self(Thread&, Value self) { return share(self); }

IteratorObject* new_iterator(Type* type, Ref first, Ref second) {
  auto* made = static_cast<IteratorObject*>(allocate_instance(type));
  made->first = first.release();
  made->second = second.release();
  return made;
}

// --- enumerate -----------------------------------------------------------------------------------

Ref enumerate_construct(Thread& thread, Type* type, CallArgs call) {
  BoundArgs args;
  if (call.count == 0 && !call.kwnames)
    return raise_type_error(thread, "enumerate() missing required argument 'iterable'");
  for (size_t i = 0; call.kwnames && i < call.kwnames->size && call.count < 2; ++i)
    if (auto name = cast<Str>((*call.kwnames)[i])->view(); name != "iterable" && name != "start")
      return raise_type_error(thread,
                              fmt::format("'{}' is an invalid keyword argument for enumerate()", name));
  if (!bind_args(thread, "enumerate", "iterable, start=0", call, args)) return {};
  Ref start = args[1] ? to_index_object(thread, args[1]) : share(Value::from_int(0));
  if (!start) return {};
  Ref iterator = iter(thread, args[0]);
  if (!iterator) return {};
  bool small = start.get().is_int();
  auto* made = new_iterator(type, std::move(iterator), small ? Ref() : share(start));
  if (small) made->number = start.get().as_int();
  return Ref::steal(made);
}

Ref enumerate_next(Thread& thread, Value self) {
  auto* it = as_iterator(self);
  Ref item = next(thread, it->first);
  if (!item) return {};
  Ref number;
  if (it->second) {
    // Beyond small numbers: count with the int type itself.
    number = share(it->second);
    Ref after = binary_op(thread, BinaryOp::Add, it->second, Value::from_int(1));
    if (!after) return {};
    assign(it->second, std::move(after));
  } else {
    number = make_int(it->number++);
  }
  Value pair[] = {number.release(), item.release()};
  return tuple_of_owned(pair);
}

// --- map -----------------------------------------------------------------------------------------

// The iterators of the arguments from `from` on, as a tuple; null: raised.
Own<Tuple> iterators_of(Thread& thread, CallArgs call, uint32_t from) {
  std::vector<Ref> made;
  for (uint32_t i = from; i < call.count; ++i) {
    Ref one = iter(thread, call.args[i]);
    if (!one) return {};
    made.push_back(std::move(one));
  }
  Own<Tuple> all = new_tuple(made.size());
  for (size_t i = 0; i < made.size(); ++i) all->items()[i] = made[i].release();
  return all;
}

// The only keyword that map and zip know.
bool take_strict(Thread& thread, const char* name, CallArgs call, bool& strict) {
  for (size_t i = 0; call.kwnames && i < call.kwnames->size; ++i) {
    std::string_view keyword = cast<Str>((*call.kwnames)[i])->view();
    if (keyword != "strict")
      return raise_type_error(thread, fmt::format("{}() got an unexpected keyword argument '{}'{}", name,
                                                  keyword, did_you_mean(keyword, {"strict"})));
    int on = truthy(thread, call.args[call.count + i]);
    if (on < 0) return false;
    strict = on;
  }
  return true;
}

// `strict`: after iterator `at` ended, complains when another one goes on. Always leaves the iteration ended.
Ref check_lengths(Thread& thread, Tuple* iterators, size_t at, const char* name) {
  if (thread.has_error()) return {};
  auto arguments = [](size_t count) {
    return count == 1 ? std::string("argument 1") : fmt::format("arguments 1-{}", count);
  };
  if (at > 0)
    return raise_value_error(thread,
                             fmt::format("{}() argument {} is shorter than {}", name, at + 1, arguments(at)));
  for (size_t i = 1; i < iterators->size; ++i) {
    Ref more = next(thread, (*iterators)[i]);
    if (more)
      return raise_value_error(thread,
                               fmt::format("{}() argument {} is longer than {}", name, i + 1, arguments(i)));
    if (thread.has_error()) return {};
  }
  return {};
}

Ref map_construct(Thread& thread, Type* type, CallArgs call) {
  bool strict = false;
  if (type == &map_type && !take_strict(thread, "map", call, strict)) return {};
  if (call.count < 2) return raise_type_error(thread, "map() must have at least two arguments.");
  Own<Tuple> iterators = iterators_of(thread, call, 1);
  if (!iterators) return {};
  auto* made = new_iterator(type, std::move(iterators), share(call.args[0]));
  made->flag = strict;
  return Ref::steal(made);
}

Ref map_next(Thread& thread, Value self) {
  auto* it = as_iterator(self);
  auto* iterators = cast<Tuple>(it->first);
  Value items[8];
  std::vector<Value> more;
  size_t count = iterators->size;
  Value* row = items;
  if (count > 8) {
    more.resize(count);
    row = more.data();
  }
  size_t got = 0;
  while (got < count) {
    Ref item = next(thread, (*iterators)[got]);
    if (!item) break;
    row[got++] = item.release();
  }
  Ref result;
  if (got == count) result = call(thread, it->second, CallArgs{row, static_cast<uint32_t>(count), nullptr});
  else if (it->flag) result = check_lengths(thread, iterators, got, "map");
  for (size_t i = 0; i < got; ++i) decref(row[i]);
  return result;
}

// --- filter --------------------------------------------------------------------------------------

Ref filter_construct(Thread& thread, Type* type, CallArgs call) {
  if (type == &filter_type && !refuse_keywords(thread, "filter", call)) return {};
  if (!check_count(thread, "filter", call, 2, 2)) return {};
  Ref iterator = iter(thread, call.args[1]);
  if (!iterator) return {};
  return Ref::steal(new_iterator(type, std::move(iterator), share(call.args[0])));
}

Ref filter_next(Thread& thread, Value self) {
  auto* it = as_iterator(self);
  bool by_truth = it->second.is_none() || it->second == Value(&bool_type);
  while (true) {
    Ref item = next(thread, it->first);
    if (!item) return {};
    Ref verdict = by_truth ? item : call(thread, it->second, {item});
    if (!verdict) return {};
    int keep = truthy(thread, verdict);
    if (keep < 0) return {};
    if (keep) return item;
  }
}

// --- zip -----------------------------------------------------------------------------------------

Ref zip_construct(Thread& thread, Type* type, CallArgs call) {
  bool strict = false;
  if (type == &zip_type && !take_strict(thread, "zip", call, strict)) return {};
  std::vector<Ref> made;
  for (uint32_t i = 0; i < call.count; ++i) {
    Ref one = iter(thread, call.args[i]);
    if (!one) return {};
    made.push_back(std::move(one));
  }
  Own<Tuple> iterators = new_tuple(made.size());
  for (size_t i = 0; i < made.size(); ++i) iterators->items()[i] = made[i].release();
  auto* zip = new_iterator(type, std::move(iterators), Ref());
  zip->flag = strict;
  return Ref::steal(zip);
}

Ref zip_next(Thread& thread, Value self) {
  auto* it = as_iterator(self);
  auto* iterators = cast<Tuple>(it->first);
  if (iterators->size == 0) return {};
  size_t count = iterators->size;
  Value few[4];
  std::vector<Value> many(count > std::size(few) ? count : 0);
  Value* row = many.empty() ? few : many.data();
  for (size_t i = 0; i < count; ++i) {
    Ref item = next(thread, (*iterators)[i]);
    if (!item) {
      Ref ended = it->flag ? check_lengths(thread, iterators, i, "zip") : Ref();
      for (size_t j = 0; j < i; ++j) decref(row[j]);
      return ended;
    }
    row[i] = item.release();
  }
  return tuple_of_owned({row, count});
}

// --- reversed ------------------------------------------------------------------------------------

// Counts down over anything with __len__ and __getitem__; `number` is the next index.
Ref reversed_construct(Thread& thread, Type* type, CallArgs call) {
  if (type == &reversed_type && !refuse_keywords(thread, "reversed", call)) return {};
  if (!check_count(thread, "reversed", call, 1, 1)) return {};
  Value sequence = call.args[0];
  Value own = type_lookup(type_of(sequence), names::dunder_reversed);
  if (own && !own.is_none()) return call_found(thread, own, sequence);
  const Slots& slots = type_of(sequence)->slots;
  if (own || !slots.get_item || (!slots.length && !type_of(sequence)->is_heap()) ||
      has_type_flag(sequence, TypeIsDict))
    return raise_type_error(thread, fmt::format("'{}' object is not reversible", type_name(sequence)));
  int64_t size = length(thread, sequence);
  if (size < 0) return {};
  auto* made = new_iterator(type, share(sequence), Ref());
  made->number = size - 1;
  return Ref::steal(made);
}

Ref reversed_next(Thread& thread, Value self) {
  auto* it = as_iterator(self);
  if (!it->first || it->number < 0) return {};
  Ref item = get_item(thread, it->first, Value::from_int(it->number));
  if (item) {
    --it->number;
    return item;
  }
  if (error_matches(thread, IndexError_type) || error_matches(thread, StopIteration_type))
    clear_error(thread);
  clear_field(it->first);
  return {};
}

Ref reversed_hint(Thread&, const Value* args) {
  auto* it = as_iterator(args[0]);
  return make_int(it->first ? it->number + 1 : 0);
}

// --- copies --------------------------------------------------------------------------------------

// What makes the iterator again: its class, with what it holds.
Ref enumerate_reduce(Thread&, const Value* args) {
  auto* it = as_iterator(args[0]);
  Ref number = it->second ? share(it->second) : make_int(it->number);
  return make_tuple({Value(it->type), make_tuple({it->first, number}).value()});
}
Ref filter_reduce(Thread&, const Value* args) {
  auto* it = as_iterator(args[0]);
  return make_tuple({Value(it->type), make_tuple({it->second, it->first}).value()});
}
// zip and map tell apart, by a third part, that they are strict.
Ref with_strictness(IteratorObject* it, Value arguments) {
  if (it->flag) return make_tuple({Value(it->type), arguments, True});
  return make_tuple({Value(it->type), arguments});
}
Ref zip_reduce(Thread&, const Value* args) {
  auto* it = as_iterator(args[0]);
  return with_strictness(it, it->first);
}
Ref map_reduce(Thread&, const Value* args) {
  auto* it = as_iterator(args[0]);
  std::vector<Value> row{it->second};
  for (Value one : cast<Tuple>(it->first)->view()) row.push_back(one);
  return with_strictness(it, aspy::make_tuple(row).value());
}
Ref set_strictness(Thread& thread, const Value* args) {
  int strict = truthy(thread, args[1]);
  if (strict < 0) return {};
  as_iterator(args[0])->flag = strict;
  return share(None);
}
Ref reversed_reduce(Thread&, const Value* args) {
  auto* it = as_iterator(args[0]);
  if (!it->first || it->number < 0)
    return make_tuple({Value(it->type), make_tuple({make_tuple({}).value()}).value()});
  return make_tuple({Value(it->type), make_tuple({it->first}).value(), make_int(it->number)});
}
Ref reversed_set_state(Thread& thread, const Value* args) {
  int64_t index;
  if (!to_iterator_index(thread, args[1], index)) return {};
  auto* it = as_iterator(args[0]);
  if (!it->first) return share(None);
  int64_t size = length(thread, it->first);
  if (size < 0) return {};
  it->number = std::clamp<int64_t>(index, -1, size - 1);
  return share(None);
}

const NativeDef enumerate_methods[] = {
    {"__reduce__", "self, /", enumerate_reduce, "Return state information for pickling."},
    {"__class_getitem__", "cls, item, /", class_getitem, nullptr, NativeKind::ClassMethod},
    {nullptr}};
const NativeDef filter_methods[] = {
    {"__reduce__", "self, /", filter_reduce, "Return state information for pickling."}, {nullptr}};
const NativeDef map_methods[] = {
    {"__reduce__", "self, /", map_reduce, "Return state information for pickling."},
    {"__setstate__", "self, state, /", set_strictness, "Set state information for unpickling."},
    {nullptr}};
const NativeDef zip_methods[] = {
    {"__reduce__", "self, /", zip_reduce, "Return state information for pickling."},
    {"__setstate__", "self, state, /", set_strictness, "Set state information for unpickling."},
    {nullptr}};
const NativeDef reversed_methods[] = {
    {"__length_hint__", "self, /", reversed_hint},
    {"__reduce__", "self, /", reversed_reduce, "Return state information for pickling."},
    {"__setstate__", "self, state, /", reversed_set_state, "Set state information for unpickling."},
    {nullptr}};

void ready(Type& type, TypeSpec& spec, const char* name, Ref (*construct)(Thread&, Type*, CallArgs),
           Ref (*next_item)(Thread&, Value), const char* doc) {
  type.slots.dealloc = iterator_dealloc;
  type.slots.traverse = iterator_traverse;
  type.slots.clear = iterator_clear;
  type.slots.iter = iterator_self;
  type.slots.next = next_item;
  if (construct) type.slots.construct = construct;
  spec.name = name;
  spec.instance_size = sizeof(IteratorObject);
  spec.flags = TypeTracked | (construct ? 0u : uint32_t{TypeNoConstruct | TypeFinal});
  spec.doc = doc;
  make_ready(type, spec);
}

} // namespace

void init_iterator_builtins() {
  if (enumerate_type.flags & TypeReady) return;
  static TypeSpec specs[6];
  specs[0].methods = enumerate_methods;
  specs[1].methods = map_methods;
  specs[2].methods = filter_methods;
  specs[3].methods = zip_methods;
  specs[5].methods = reversed_methods;
  ready(reversed_type, specs[5], "reversed", reversed_construct, reversed_next,
        "reversed(sequence): its items, last first.");
  ready(enumerate_type, specs[0], "enumerate", enumerate_construct, enumerate_next,
        "enumerate(iterable, start=0): pairs of a count and an item.");
  ready(map_type, specs[1], "map", map_construct, map_next,
        "map(function, iterable, /, *iterables, strict=False)");
  ready(filter_type, specs[2], "filter", filter_construct, filter_next, "filter(function or None, iterable)");
  ready(zip_type, specs[3], "zip", zip_construct, zip_next, "zip(*iterables, strict=False): rows of items.");
}

} // namespace aspy
