// asyncio.Queue's fields, and how the three kinds of queues keep their items.
#pragma once

#include "runtime/asyncio/native/sync/sync.hpp"

namespace aspy {

struct QueueObject;

// `_queue` is a deque, a heap in a list, or a list used as a stack.
struct QueueItems {
  Ref (*make)();
  Ref (*take)(Thread& thread, Value items);             // _get
  bool (*add)(Thread& thread, Value items, Value item); // _put
};
// For instances of the three native types themselves; null for those of a subclass.
const QueueItems* native_items(const Type* type);

struct QueueObject : LoopBound {
  // Null for a class of the language: what it may override (_get, _put, empty, get_nowait ...) is called by
  // name.
  const QueueItems* native = nullptr;
  Value max_size;           // any number, nearly always an int; <= 0: no limit; owned
  Value items;              // `_queue`; owned
  Deque* getters = nullptr; // who waits for an item; owned
  Deque* putters = nullptr; // who waits for a free place; owned
  Value finished;           // the Event that join() waits for, made when somebody does; owned
  int64_t unfinished = 0;   // items that task_done() was not called for
  bool is_shut_down = false;
};
inline QueueObject* as_queue(Value value) { return cast<QueueObject>(value); }

// `_queue`, borrowed; AttributeError when a subclass's _init() has not made it.
Value queue_items(Thread& thread, QueueObject* queue);

// Queue._init, _get and _put.
Ref fifo_init(Thread& thread, const Value* args);
Ref fifo_get(Thread& thread, const Value* args);
Ref fifo_put(Thread& thread, const Value* args);

void init_queue_kinds(); // PriorityQueue and LifoQueue

} // namespace aspy
