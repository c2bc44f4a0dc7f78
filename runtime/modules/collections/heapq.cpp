// The heapq module: lists as binary heaps. Scripts print such lists, so items take the very places that the
// classic method gives them: a hole sinks to a leaf along the smaller children, then the item rises from
// there.
#include "runtime/modules/support/accelerated.hpp"
#include "runtime/modules/support/owned_fields.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <array>

namespace aspy {
namespace {

// Belongs `a` above `b`? For max-heaps the order is reversed. -1: raised.
template <bool max> int above(Thread& thread, Value a, Value b) {
  if (both_int(a, b)) return max ? b.as_int() < a.as_int() : a.as_int() < b.as_int();
  Ref first = share(a), second = share(b); // a comparison may change the heap
  return max ? compare_bool(thread, second, first, CompareOp::Lt)
             : compare_bool(thread, first, second, CompareOp::Lt);
}

bool same_size(Thread& thread, List* heap, size_t size) {
  if (heap->size == size) return true;
  return raise(thread, RuntimeError_type, "list changed size during iteration");
}

// The item at `place` rises, but not above `top`.
template <bool max> bool rise(Thread& thread, List* heap, size_t top, size_t place) {
  size_t size = heap->size;
  while (place > top) {
    size_t parent = (place - 1) / 2;
    int order = above<max>(thread, heap->items[place], heap->items[parent]);
    if (order < 0 || !same_size(thread, heap, size)) return false;
    if (!order) break;
    std::swap(heap->items[place], heap->items[parent]);
    place = parent;
  }
  return true;
}

// The item at `place` sinks to a leaf, then rises to where it belongs.
template <bool max> bool sink(Thread& thread, List* heap, size_t place) {
  size_t size = heap->size, start = place;
  while (place < size / 2) {
    size_t child = 2 * place + 1;
    if (child + 1 < size) {
      int order = above<max>(thread, heap->items[child], heap->items[child + 1]);
      if (order < 0 || !same_size(thread, heap, size)) return false;
      if (!order) ++child;
    }
    std::swap(heap->items[place], heap->items[child]);
    place = child;
  }
  return rise<max>(thread, heap, start, place);
}

List* heap_of(Thread& thread, const char* function, bool first_of_several, Value value) {
  if (is_list(value)) return cast<List>(value);
  raise_type_error(thread, fmt::format("{}() argument {}must be list, not {}", function,
                                       first_of_several ? "1 " : "", argument_type(value)));
  return nullptr;
}

template <bool max> Ref heappush(Thread& thread, const Value* args) {
  List* heap = heap_of(thread, max ? "heappush_max" : "heappush", true, args[0]);
  if (!heap) return {};
  list_append(heap, args[1]);
  return rise<max>(thread, heap, 0, heap->size - 1) ? share(None) : Ref();
}

template <bool max> Ref heappop(Thread& thread, const Value* args) {
  List* heap = heap_of(thread, max ? "heappop_max" : "heappop", false, args[0]);
  if (!heap) return {};
  if (heap->size == 0) return raise(thread, IndexError_type, "index out of range");
  Ref last = list_pop(heap, heap->size - 1);
  if (heap->size == 0) return last;
  Ref top = Ref::steal(std::exchange(heap->items[0], last.release()));
  return sink<max>(thread, heap, 0) ? top : Ref();
}

} // namespace

bool heap_push(Thread& thread, List* heap, Value item) {
  list_append(heap, item);
  return rise<false>(thread, heap, 0, heap->size - 1);
}
Ref heap_pop(Thread& thread, List* heap) {
  Value argument(heap);
  return heappop<false>(thread, &argument);
}

namespace {

// Puts `item` at the top, giving what was there.
template <bool max> Ref replace_top(Thread& thread, List* heap, Value item) {
  Ref top = Ref::steal(std::exchange(heap->items[0], share(item).release()));
  return sink<max>(thread, heap, 0) ? top : Ref();
}
template <bool max> Ref heapreplace(Thread& thread, const Value* args) {
  List* heap = heap_of(thread, max ? "heapreplace_max" : "heapreplace", true, args[0]);
  if (!heap) return {};
  if (heap->size == 0) return raise(thread, IndexError_type, "index out of range");
  return replace_top<max>(thread, heap, args[1]);
}
template <bool max> Ref heappushpop(Thread& thread, const Value* args) {
  List* heap = heap_of(thread, max ? "heappushpop_max" : "heappushpop", true, args[0]);
  if (!heap) return {};
  if (heap->size == 0) return share(args[1]);
  int order = above<max>(thread, heap->items[0], args[1]);
  if (order < 0) return {};
  if (!order) return share(args[1]);
  if (heap->size == 0) return raise(thread, IndexError_type, "index out of range");
  return replace_top<max>(thread, heap, args[1]);
}

template <bool max> Ref heapify(Thread& thread, const Value* args) {
  List* heap = heap_of(thread, max ? "heapify_max" : "heapify", false, args[0]);
  if (!heap) return {};
  for (size_t i = heap->size / 2; i-- > 0;)
    if (!sink<max>(thread, heap, i)) return {};
  return share(None);
}

// n >= len(items), for its error.
Ref binary_compare_error(Thread& thread, Value count, Value items) {
  int64_t size = length(thread, items);
  if (size < 0) return {};
  Ref result = compare(thread, count, Value::from_int(size), CompareOp::Ge);
  if (!result) return {};
  return to_index_object(thread, count);
}

// The n first of the sorted items.
template <bool largest> Ref select(Thread& thread, const Value* args) {
  int64_t count;
  // A count that is no number is found out by comparing it with the size.
  if (!has_index(args[0])) return binary_compare_error(thread, args[0], args[1]);
  if (!to_size(thread, args[0], count)) return {};
  Own<List> items = list_from_iterable(thread, args[1]);
  if (!items || !list_sort(thread, items.get(), args[2] ? args[2] : None, largest)) return {};
  size_t kept = std::min(size_t(std::max<int64_t>(count, 0)), items->size);
  return make_list(items->view().subspan(0, kept));
}

// --- merge ---

// What merge() gives: a heap of entries [key, order, item, iterator], one for each source that has items
// left. The order tells sources with equal keys apart.
struct Merge : Object {
  Value iterables; // what merge() was called with, until the first item is asked for: nothing is read before
  Value heap;      // list
  Value key;       // key function or empty
  bool reverse = false;
  bool given = false; // the item on top has been given: its source must go on first
};
using MergeFields = OwnedFields<Merge, &Merge::iterables, &Merge::heap, &Merge::key>;
Type merge_type;

// Fetches the next item of an entry's iterator. 1, 0 at its end, -1 raised.
int advance(Thread& thread, Merge* merge, List* entry) {
  Ref item = next(thread, (*entry)[3]);
  if (!item) return thread.has_error() ? -1 : 0;
  Ref key = merge->key ? call(thread, merge->key, {item}) : share(item.get());
  if (!key) return -1;
  assign(entry->items[2], std::move(item));
  assign(entry->items[0], std::move(key));
  return 1;
}

// Moves the source on top to its next item, and to where that belongs. False: raised.
bool turn_top(Thread& thread, Merge* merge, List* heap) {
  Ref top = share((*heap)[0]);
  int found = advance(thread, merge, cast<List>(top));
  if (found < 0) return false;
  if (found == 0) {
    Ref last = list_pop(heap, heap->size - 1);
    if (heap->size == 0) return true;
    assign(heap->items[0], std::move(last));
  }
  if (heap->size == 1) return true; // a single source needs no comparisons
  return merge->reverse ? sink<true>(thread, heap, 0) : sink<false>(thread, heap, 0);
}

bool begin_merge(Thread& thread, Merge* merge) {
  Ref iterables = Ref::steal(std::exchange(merge->iterables, Value()));
  Own<List> heap = new_list();
  int64_t order = 0;
  for (Value iterable : cast<Tuple>(iterables)->view()) {
    Ref source = iter(thread, iterable);
    if (!source) return false;
    Own<List> entry = make_list(std::array<Value, 4>{None, Value::from_int(order), None, source.get()});
    order += merge->reverse ? -1 : 1;
    int found = advance(thread, merge, entry.get());
    if (found < 0) return false;
    if (found) list_append(heap.get(), entry.value());
  }
  for (size_t i = heap->size / 2; i-- > 0;)
    if (!(merge->reverse ? sink<true>(thread, heap.get(), i) : sink<false>(thread, heap.get(), i)))
      return false;
  assign(merge->heap, std::move(heap));
  return true;
}

Ref merge_next(Thread& thread, Value self) {
  auto* merge = cast<Merge>(self);
  if (merge->iterables && !begin_merge(thread, merge)) return {};
  auto* heap = cast<List>(merge->heap);
  if (merge->given) {
    merge->given = false;
    if (heap->size && !turn_top(thread, merge, heap)) return {};
  }
  if (heap->size == 0) return {};
  merge->given = true;
  return share((*cast<List>((*heap)[0]))[2]);
}

constexpr TypeSpec merge_spec = {.name = "heapq.merge",
                                 .instance_size = sizeof(Merge),
                                 .flags = TypeTracked | TypeFinal | TypeNoConstruct};

Ref heapq_merge(Thread& thread, const Value* args) {
  int reverse = args[2] ? truthy(thread, args[2]) : 0;
  if (reverse < 0) return {};
  Own<Merge> merge = new_instance<Merge>(&merge_type);
  if (args[1] && !args[1].is_none()) merge->key = share(args[1]).release();
  merge->reverse = reverse != 0;
  merge->iterables = share(args[0] ? args[0] : Value(empty_tuple())).release();
  merge->heap = Ref(new_list()).release();
  return merge;
}

constexpr NativeDef functions[] = {
    {"heappush", "heap, item, /", heappush<false>, "Push item onto heap, maintaining the heap invariant."},
    {"heappop", "heap, /", heappop<false>,
     "Pop the smallest item off the heap, maintaining the heap invariant."},
    {"heapify", "heap, /", heapify<false>, "Transform list into a heap, in-place, in O(len(heap)) time."},
    {"heapreplace", "heap, item, /", heapreplace<false>,
     "Pop and return the current smallest value, and add the new item."},
    {"heappushpop", "heap, item, /", heappushpop<false>,
     "Push item on the heap, then pop and return the smallest item from the heap."},
    {"heappush_max", "heap, item, /", heappush<true>,
     "Push item onto max heap, maintaining the heap invariant."},
    {"heappop_max", "heap, /", heappop<true>, "Maxheap variant of heappop."},
    {"heapify_max", "heap, /", heapify<true>, "Maxheap variant of heapify."},
    {"heapreplace_max", "heap, item, /", heapreplace<true>, "Maxheap variant of heapreplace."},
    {"heappushpop_max", "heap, item, /", heappushpop<true>, "Maxheap variant of heappushpop."},
    {"nlargest", "def n, iterable, key=None", select<true>, "Find the n largest elements in a dataset."},
    {"nsmallest", "def n, iterable, key=None", select<false>, "Find the n smallest elements in a dataset."},
    {"merge", "def *iterables, key=None, reverse=False", heapq_merge,
     "Merge multiple sorted inputs into a single sorted output."},
    {nullptr}};

bool init_heapq(Thread&, Module* module) {
  set_native_module(module, "_heapq");
  for (const char* name : {"merge", "nlargest", "nsmallest"}) // these are heapq's own
    assign(cast<NativeFunction>(dict_get(module->dict, name))->module, share(Value(intern("heapq"))));
  Own<List> all = new_list();
  for (const NativeDef* def = functions; def->name; ++def) list_append(all.get(), Value(intern(def->name)));
  module_set(module, "__all__", all.value());
  if (merge_type.flags & TypeReady) return true;
  MergeFields::fill_iterator(merge_type.slots, merge_next);
  make_ready(merge_type, merge_spec);
  return true;
}

} // namespace

extern const ModuleSpec heapq_module;
const ModuleSpec heapq_module = {"heapq", functions, init_heapq,
                                 "Heap queue algorithm (a.k.a. priority queue)."};

} // namespace aspy
