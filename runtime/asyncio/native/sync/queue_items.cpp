// How the three kinds of queues keep their items.
#include "runtime/asyncio/native/sync/queue.hpp"

#include "runtime/modules/collections/heapq.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

namespace aspy {

Type priority_queue_type, lifo_queue_type;

namespace {

// A subclass may keep its items in anything that has the right methods.
bool call_with(Thread& thread, Value items, const char* method, Value item) {
  Ref done = call_method(thread, items, method, {item});
  return static_cast<bool>(done);
}
bool is_plain_deque(Value items) { return is_exact(items, deque_type) && cast<Deque>(items)->most < 0; }
bool is_plain_list(Value items) { return is_exact(items, list_type); }
bool check_heap(Thread& thread, Value items) {
  return is_list(items) || raise_type_error(thread, "a PriorityQueue keeps its items in a list");
}

Ref make_ring() { return make_deque(); }
Ref take_first(Thread& thread, Value items) {
  if (is_plain_deque(items) && cast<Deque>(items)->size) [[likely]]
    return deque_pop_first(cast<Deque>(items));
  return call_method(thread, items, "popleft");
}
bool add_last(Thread& thread, Value items, Value item) {
  if (!is_plain_deque(items)) return call_with(thread, items, "append", item);
  deque_append(cast<Deque>(items), item);
  return true;
}

Ref make_empty_list() { return new_list(); }
Ref take_smallest(Thread& thread, Value items) {
  return check_heap(thread, items) ? heap_pop(thread, cast<List>(items)) : Ref();
}
bool add_to_heap(Thread& thread, Value items, Value item) {
  return check_heap(thread, items) && heap_push(thread, cast<List>(items), item);
}

Ref take_newest(Thread& thread, Value items) {
  if (is_plain_list(items) && cast<List>(items)->size) [[likely]]
    return list_pop(cast<List>(items), cast<List>(items)->size - 1);
  return call_method(thread, items, "pop");
}
bool add_newest(Thread& thread, Value items, Value item) {
  if (!is_plain_list(items)) return call_with(thread, items, "append", item);
  list_append(cast<List>(items), item);
  return true;
}

constexpr QueueItems fifo_items{make_ring, take_first, add_last};
constexpr QueueItems priority_items{make_empty_list, take_smallest, add_to_heap};
constexpr QueueItems lifo_items{make_empty_list, take_newest, add_newest};

template <const QueueItems& kind> Ref method_init(Thread&, const Value* args) {
  assign(as_queue(args[0])->items, kind.make());
  return share(None);
}
template <const QueueItems& kind> Ref method_get(Thread& thread, const Value* args) {
  Value items = queue_items(thread, as_queue(args[0]));
  return items ? kind.take(thread, items) : Ref();
}
template <const QueueItems& kind> Ref method_put(Thread& thread, const Value* args) {
  Value items = queue_items(thread, as_queue(args[0]));
  return items && kind.add(thread, items, args[1]) ? share(None) : Ref();
}

constexpr const char* init_params = "def self, maxsize";
constexpr const char* get_params = "def self";
constexpr const char* put_params = "def self, item";
constexpr NativeDef priority_methods[] = {{"_init", init_params, method_init<priority_items>},
                                          {"_get", get_params, method_get<priority_items>},
                                          {"_put", put_params, method_put<priority_items>},
                                          {nullptr}};
constexpr NativeDef lifo_methods[] = {{"_init", init_params, method_init<lifo_items>},
                                      {"_get", get_params, method_get<lifo_items>},
                                      {"_put", put_params, method_put<lifo_items>},
                                      {nullptr}};

const TypeSpec priority_spec{.name = "asyncio.queues.PriorityQueue",
                             .base = &queue_type,
                             .flags = TypePlainName | TypeOpen | TypeTracked | TypeWeakRefs,
                             .methods = priority_methods,
                             .doc = "The smallest item first."};
const TypeSpec lifo_spec{.name = "asyncio.queues.LifoQueue",
                         .base = &queue_type,
                         .flags = TypePlainName | TypeOpen | TypeTracked | TypeWeakRefs,
                         .methods = lifo_methods,
                         .doc = "The newest item first."};

} // namespace

const QueueItems* native_items(const Type* type) {
  if (type == &queue_type) return &fifo_items;
  if (type == &priority_queue_type) return &priority_items;
  return type == &lifo_queue_type ? &lifo_items : nullptr;
}

Ref fifo_init(Thread& thread, const Value* args) { return method_init<fifo_items>(thread, args); }
Ref fifo_get(Thread& thread, const Value* args) { return method_get<fifo_items>(thread, args); }
Ref fifo_put(Thread& thread, const Value* args) { return method_put<fifo_items>(thread, args); }

void init_queue_kinds() {
  make_ready(priority_queue_type, priority_spec);
  make_ready(lifo_queue_type, lifo_spec);
}

} // namespace aspy
