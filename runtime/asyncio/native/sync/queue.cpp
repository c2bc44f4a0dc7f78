// asyncio.Queue: put() waits while it is full, get() while it is empty.
//
// A task that waits for an item (or a place) is woken when there is one, but does not own it: by the time it
// runs another may have been faster, and it waits again, at the end of the line.
#include "runtime/asyncio/native/sync/queue.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cstddef>
#include <fmt/format.h>

namespace aspy {

Type queue_type, QueueEmpty_type, QueueFull_type, QueueShutDown_type;

Value queue_items(Thread& thread, QueueObject* queue) {
  if (queue->items) return queue->items;
  raise_attribute_error(thread, Value(queue), intern("_queue"),
                        fmt::format("'{}' object has no attribute '_queue'", queue->type->name->view()));
  return Value();
}

namespace {

// Are its methods and those of its type all as they were made?
bool is_plain(const QueueObject* queue) { return queue->native && !(queue->type->flags & TypePatched); }

Ref shared_deque(Deque*& waiters) {
  if (!waiters) waiters = make_deque().release();
  return share(Value(waiters));
}

// --- state; -1: raised ---------------------------------------------------------------------------

int64_t count_items(Thread& thread, QueueObject* queue) {
  if (is_exact(queue->items, deque_type)) [[likely]]
    return static_cast<int64_t>(cast<Deque>(queue->items)->size);
  Value items = queue_items(thread, queue);
  return items ? length(thread, items) : -1;
}
int has_no_items(Thread& thread, QueueObject* queue) {
  if (is_exact(queue->items, deque_type)) [[likely]]
    return cast<Deque>(queue->items)->size == 0;
  Value items = queue_items(thread, queue);
  int truth = items ? truthy(thread, items) : -1;
  return truth < 0 ? -1 : !truth;
}
// As has_no_items, but a subclass's empty() is asked.
int is_empty(Thread& thread, QueueObject* queue) {
  if (is_plain(queue)) [[likely]]
    return has_no_items(thread, queue);
  Ref answer = call_method(thread, Value(queue), "empty");
  return answer ? truthy(thread, answer) : -1;
}

// Has it as many items as it may have? A subclass's qsize() is asked.
int has_max_items(Thread& thread, QueueObject* queue) {
  Value most = queue->max_size;
  if (most.is_int() && most.as_int() <= 0) return 0;
  if (most.is_int() && is_plain(queue)) [[likely]] {
    int64_t size = count_items(thread, queue);
    return size < 0 ? -1 : size >= most.as_int();
  }
  int unlimited = compare_bool(thread, most, Value::from_int(0), CompareOp::Le);
  if (unlimited) return unlimited < 0 ? -1 : 0;
  Ref size = call_method(thread, Value(queue), "qsize");
  return size ? compare_bool(thread, size, most, CompareOp::Ge) : -1;
}
int is_full(Thread& thread, QueueObject* queue) {
  if (is_plain(queue)) [[likely]]
    return has_max_items(thread, queue);
  Ref answer = call_method(thread, Value(queue), "full");
  return answer ? truthy(thread, answer) : -1;
}

// --- putting and getting -------------------------------------------------------------------------

// Wakes the first who waits; those who don't wait any more leave the line.
void wake_first_waiting(Thread& thread, Deque* waiters) {
  while (waiters && waiters->size)
    if (Ref waiter = deque_pop_first(waiters); wake(thread, waiter, None)) return;
}
// As that, but a subclass's _wakeup_next() is asked. False: raised.
bool wake_next(Thread& thread, QueueObject* queue, Deque*& waiters) {
  if (!is_plain(queue) && override_of(Value(queue), queue_type, "_wakeup_next")) {
    Ref line = shared_deque(waiters);
    return static_cast<bool>(call_method(thread, Value(queue), "_wakeup_next", {line}));
  }
  wake_first_waiting(thread, waiters);
  return true;
}
void wake_all(Thread& thread, Deque* waiters) {
  while (waiters && waiters->size) {
    Ref waiter = deque_pop_first(waiters);
    wake(thread, waiter, None);
  }
}

Ref take_item(Thread& thread, QueueObject* queue) {
  if (is_plain(queue)) [[likely]]
    return queue->native->take(thread, queue->items);
  return call_method(thread, Value(queue), "_get");
}
bool add_item(Thread& thread, QueueObject* queue, Value item) {
  if (is_plain(queue)) [[likely]]
    return queue->native->add(thread, queue->items, item);
  Ref added = call_method(thread, Value(queue), "_put", {item});
  return static_cast<bool>(added);
}

// There is an item.
Ref get_now(Thread& thread, QueueObject* queue) {
  Ref item = take_item(thread, queue);
  return item && wake_next(thread, queue, queue->putters) ? std::move(item) : Ref();
}
Ref get_nowait(Thread& thread, QueueObject* queue) {
  int empty = is_empty(thread, queue);
  if (empty < 0) return Ref();
  if (empty) return raise_value(thread, Value(queue->is_shut_down ? &QueueShutDown_type : &QueueEmpty_type));
  return get_now(thread, queue);
}

// There is a place.
bool put_now(Thread& thread, QueueObject* queue, Value item) {
  if (!add_item(thread, queue, item)) return false;
  ++queue->unfinished;
  if (queue->finished) clear_event(queue->finished);
  return wake_next(thread, queue, queue->getters);
}
bool put_nowait(Thread& thread, QueueObject* queue, Value item) {
  if (queue->is_shut_down) return raise_value(thread, Value(&QueueShutDown_type));
  int full = is_full(thread, queue);
  if (full < 0) return false;
  if (full) return raise_value(thread, Value(&QueueFull_type));
  return put_now(thread, queue, item);
}

void finish_if_done(Thread& thread, QueueObject* queue) {
  if (queue->unfinished == 0 && queue->finished) set_event(thread, queue->finished);
}

// A getter or putter whose wait failed leaves. If it had been woken, the item or place is another's.
NativeOutcome give_up(Thread& thread, QueueObject* queue, Deque*& waiters, Value& state,
                      int (*in_vain)(Thread&, QueueObject*)) {
  Ref error = take_error(thread);
  Own<Future> waiter = leave_line(waiters, state);
  cancel_future(thread, waiter.get(), None);
  int vain = in_vain(thread, queue);
  if (vain < 0) return NativeOutcome::Raise;
  if (!vain && !is_cancelled(waiter.get()) && !wake_next(thread, queue, waiters)) return NativeOutcome::Raise;
  thread.error = error.release();
  return NativeOutcome::Raise;
}

// --- coroutines ----------------------------------------------------------------------------------

enum { Self, Getter = 1, Item = 1, Putter = 2 };

NativeOutcome returned(Ref value, Ref& out) {
  out = std::move(value);
  return out ? NativeOutcome::Return : NativeOutcome::Raise;
}

NativeOutcome get(Thread& thread, Value* locals, Ref received, Ref& out) {
  if (!check_self(thread, locals[Self], queue_type)) return NativeOutcome::Raise;
  QueueObject* queue = as_queue(locals[Self]);
  if (locals[Getter] && !received) return give_up(thread, queue, queue->getters, locals[Getter], is_empty);
  clear_field(locals[Getter]);
  int empty = is_empty(thread, queue);
  if (empty < 0) return NativeOutcome::Raise;
  if (empty && queue->is_shut_down) return returned(raise_value(thread, Value(&QueueShutDown_type)), out);
  if (empty) return wait_in_line(thread, queue, queue->getters, locals[Getter], out);
  if (!is_plain(queue)) return returned(call_method(thread, locals[Self], "get_nowait"), out);
  return returned(get_now(thread, queue), out);
}

NativeOutcome put(Thread& thread, Value* locals, Ref received, Ref& out) {
  if (!check_self(thread, locals[Self], queue_type)) return NativeOutcome::Raise;
  QueueObject* queue = as_queue(locals[Self]);
  if (locals[Putter] && !received) return give_up(thread, queue, queue->putters, locals[Putter], is_full);
  clear_field(locals[Putter]);
  int full = is_full(thread, queue);
  if (full < 0) return NativeOutcome::Raise;
  bool plain = is_plain(queue);
  if (queue->is_shut_down && (full || plain))
    return returned(raise_value(thread, Value(&QueueShutDown_type)), out);
  if (full) return wait_in_line(thread, queue, queue->putters, locals[Putter], out);
  if (!plain) return returned(call_method(thread, locals[Self], "put_nowait", {locals[Item]}), out);
  return returned(put_now(thread, queue, locals[Item]) ? share(None) : Ref(), out);
}

Value finished_event(QueueObject* queue) {
  if (!queue->finished) queue->finished = make_event(queue->unfinished == 0).release();
  return queue->finished;
}
NativeOutcome join(Thread& thread, Value* locals, Ref received, Ref& out) {
  if (!check_self(thread, locals[Self], queue_type)) return NativeOutcome::Raise;
  Value& waiting = locals[1];
  if (waiting && !received) return NativeOutcome::Raise;
  QueueObject* queue = as_queue(locals[Self]);
  if (waiting || queue->unfinished <= 0) return returned(share(None), out);
  waiting = True;
  out = call_method(thread, finished_event(queue), "wait");
  return out ? NativeOutcome::Wait : NativeOutcome::Raise;
}

constexpr NativeCoroutineDef coroutines[] = {
    {"Queue.put", "self, item", put, 1, "Add an item, waiting for a free place."},
    {"Queue.get", "self", get, 1, "Take an item, waiting for one."},
    {"Queue.join", "self", join, 1, "Wait until every item has been dealt with."},
    {nullptr, nullptr}};

// --- methods -------------------------------------------------------------------------------------

Ref truth(int answer) { return answer < 0 ? Ref() : share(Value::from_bool(answer)); }

Ref method_qsize(Thread& thread, const Value* args) {
  int64_t size = count_items(thread, as_queue(args[0]));
  return size < 0 ? Ref() : share(Value::from_int(size));
}
Ref method_empty(Thread& thread, const Value* args) { return truth(has_no_items(thread, as_queue(args[0]))); }
Ref method_full(Thread& thread, const Value* args) { return truth(has_max_items(thread, as_queue(args[0]))); }
Ref method_get_nowait(Thread& thread, const Value* args) { return get_nowait(thread, as_queue(args[0])); }
Ref method_put_nowait(Thread& thread, const Value* args) {
  return put_nowait(thread, as_queue(args[0]), args[1]) ? share(None) : Ref();
}
Ref method_wake_next(Thread& thread, const Value* args) {
  if (!is_exact(args[1], deque_type)) return raise_type_error(thread, "waiters are kept in a deque");
  wake_first_waiting(thread, cast<Deque>(args[1]));
  return share(None);
}

Ref method_task_done(Thread& thread, const Value* args) {
  QueueObject* queue = as_queue(args[0]);
  if (queue->unfinished <= 0) return raise_value_error(thread, "task_done() called too many times");
  --queue->unfinished;
  finish_if_done(thread, queue);
  return share(None);
}

Ref method_shutdown(Thread& thread, const Value* args) {
  QueueObject* queue = as_queue(args[0]);
  int immediate = args[1] ? truthy(thread, args[1]) : 0;
  if (immediate < 0) return Ref();
  queue->is_shut_down = true;
  if (immediate) {
    for (;;) {
      int empty = is_empty(thread, queue);
      if (empty < 0) return Ref();
      if (empty) break;
      if (!take_item(thread, queue)) return Ref();
      if (queue->unfinished > 0) --queue->unfinished;
    }
    finish_if_done(thread, queue);
  }
  wake_all(thread, queue->getters);
  wake_all(thread, queue->putters);
  return share(None);
}

// What repr() and str() show: "maxsize=2 _queue=[1, 2] _getters[1] tasks=2".
bool append_state(Thread& thread, QueueObject* queue, std::string& text) {
  Ref most = repr(thread, queue->max_size);
  if (!most) return false;
  text += fmt::format("maxsize={}", cast<Str>(most)->view());
  int filled = queue->items ? truthy(thread, queue->items) : 0;
  if (filled < 0) return false;
  if (filled) {
    Ref items = list_from_iterable(thread, queue->items);
    Ref shown = items ? repr(thread, items) : Ref();
    if (!shown) return false;
    text += fmt::format(" _queue={}", cast<Str>(shown)->view());
  }
  auto append_waiters = [&](const char* name, const Deque* waiters) {
    if (waiters && waiters->size) text += fmt::format(" {}[{}]", name, waiters->size);
  };
  append_waiters("_getters", queue->getters);
  append_waiters("_putters", queue->putters);
  if (queue->unfinished) text += fmt::format(" tasks={}", queue->unfinished);
  if (queue->is_shut_down) text += " shutdown";
  return true;
}
Ref queue_repr(Thread& thread, Value self) {
  std::string text = fmt::format("<{} at {:#x} ", type_of(self)->name->view(), self.bits);
  return append_state(thread, as_queue(self), text) ? Ref(make_str(text + ">")) : Ref();
}
Ref queue_str(Thread& thread, Value self) {
  std::string text = fmt::format("<{} ", type_of(self)->name->view());
  return append_state(thread, as_queue(self), text) ? Ref(make_str(text + ">")) : Ref();
}
Ref method_format(Thread& thread, const Value* args) {
  std::string text;
  return append_state(thread, as_queue(args[0]), text) ? Ref(make_str(text)) : Ref();
}

constexpr NativeDef methods[] = {
    {"_init", "def self, maxsize", fifo_init},
    {"_get", "def self", fifo_get},
    {"_put", "def self, item", fifo_put},
    {"_wakeup_next", "def self, waiters", method_wake_next},
    {"_format", "def self", method_format},
    {"qsize", "def self", method_qsize, "Number of items."},
    {"empty", "def self", method_empty, "Is there no item?"},
    {"full", "def self", method_full, "Are there maxsize items?"},
    {"put_nowait", "def self, item", method_put_nowait, "Add an item; QueueFull if there is no place."},
    {"get_nowait", "def self", method_get_nowait, "Take an item; QueueEmpty if there is none."},
    {"task_done", "def self", method_task_done, "Say that an item taken earlier has been dealt with."},
    {"shutdown", "def self, immediate=False", method_shutdown,
     "Refuse further items; get() raises QueueShutDown once the queue is empty, or at once if immediate."},
    {"__class_getitem__", "cls, item, /", class_getitem, "See PEP 585", NativeKind::ClassMethod},
    {nullptr}};

// --- attributes ----------------------------------------------------------------------------------

Ref get_max_size(Thread&, Value self) { return share(as_queue(self)->max_size); }
bool set_max_size(Thread&, Value self, Value value) {
  assign(as_queue(self)->max_size, share(value ? value : Value::from_int(0)));
  return true;
}
Ref get_items(Thread& thread, Value self) { return share(queue_items(thread, as_queue(self))); }
bool set_items(Thread&, Value self, Value value) {
  assign(as_queue(self)->items, share(value));
  return true;
}
Ref get_getters(Thread&, Value self) { return shared_deque(as_queue(self)->getters); }
Ref get_putters(Thread&, Value self) { return shared_deque(as_queue(self)->putters); }
Ref get_unfinished(Thread&, Value self) { return share(Value::from_int(as_queue(self)->unfinished)); }
bool set_unfinished(Thread& thread, Value self, Value value) {
  int64_t count = 0;
  if (value && !to_int64(thread, value, count)) return false;
  as_queue(self)->unfinished = count;
  return true;
}
Ref get_finished(Thread&, Value self) { return share(finished_event(as_queue(self))); }
Ref get_shut_down(Thread&, Value self) { return share(Value::from_bool(as_queue(self)->is_shut_down)); }
constexpr GetSetDef attributes[] = {{"__dict__", get_dict},
                                    {"_loop", get_bound_loop},
                                    {"maxsize", get_max_size, nullptr, "Number of items allowed; 0: any."},
                                    {"_maxsize", get_max_size, set_max_size},
                                    {"_queue", get_items, set_items},
                                    {"_getters", get_getters},
                                    {"_putters", get_putters},
                                    {"_unfinished_tasks", get_unfinished, set_unfinished},
                                    {"_finished", get_finished},
                                    {"_is_shutdown", get_shut_down},
                                    {nullptr, nullptr}};

// --- construction and lifetime -------------------------------------------------------------------

Ref construct(Thread&, Type* type, CallArgs) {
  auto* queue = static_cast<QueueObject*>(allocate_instance(type));
  queue->native = native_items(type);
  queue->max_size = Value::from_int(0);
  if (queue->native) queue->items = queue->native->make().release();
  return Ref::steal(Value(queue));
}
bool init(Thread& thread, Value self, CallArgs call) {
  BoundArgs args;
  if (!bind_args(thread, "Queue.__init__", "def maxsize=0", call, args)) return false;
  QueueObject* queue = as_queue(self);
  Value most = args[0] ? args[0] : Value::from_int(0);
  assign(queue->max_size, share(most));
  if (is_plain(queue)) return true;
  Ref made = call_method(thread, self, "_init", {most});
  return static_cast<bool>(made);
}

void clear(Object* object) {
  auto* queue = static_cast<QueueObject*>(object);
  clear_field(queue->items);
  clear_field(queue->getters);
  clear_field(queue->putters);
  clear_field(queue->finished);
  release_loop_bound(queue);
  attrs_clear(object);
}
void dealloc(Object* object) {
  gc_untrack(object);
  auto* queue = static_cast<QueueObject*>(object);
  queue->native = nullptr; // what is released may look
  clear_field(queue->items);
  clear_field(queue->getters);
  clear_field(queue->putters);
  clear_field(queue->finished);
  clear_field(queue->max_size);
  release_loop_bound(queue);
  attrs_destroy(object);
  free_object(object);
}
void traverse(Object* object, Visitor& visit) {
  auto* queue = static_cast<QueueObject*>(object);
  traverse_loop_bound(queue, visit);
  visit(queue->items);
  visit(static_cast<Object*>(queue->getters));
  visit(static_cast<Object*>(queue->putters));
  visit(queue->finished);
}

const TypeSpec spec{.name = "asyncio.queues.Queue",
                    .instance_size = sizeof(QueueObject),
                    .flags = TypePlainName | TypeOpen | TypeTracked | TypeWeakRefs,
                    .attrs_offset = offsetof(QueueObject, attrs),
                    .methods = methods,
                    .getset = attributes,
                    .doc =
                        "First in, first out. put() waits while the queue is full, get() while it is empty."};
const TypeSpec empty_spec{.name = "asyncio.queues.QueueEmpty",
                          .base = &Exception_type,
                          .flags = TypePlainName,
                          .doc = "Raised when get_nowait() is called on an empty Queue."};
const TypeSpec full_spec{.name = "asyncio.queues.QueueFull",
                         .base = &Exception_type,
                         .flags = TypePlainName,
                         .doc = "Raised when put_nowait() is called on a full Queue."};
const TypeSpec shut_down_spec{.name = "asyncio.queues.QueueShutDown",
                              .base = &Exception_type,
                              .flags = TypePlainName,
                              .doc = "Raised when putting on to or getting from a shut-down Queue."};

} // namespace

void init_queue_types(Thread& thread) {
  make_ready(QueueEmpty_type, empty_spec);
  make_ready(QueueFull_type, full_spec);
  make_ready(QueueShutDown_type, shut_down_spec);
  Slots& slots = queue_type.slots;
  slots.construct = construct;
  slots.init = init;
  slots.dealloc = dealloc;
  slots.traverse = traverse;
  slots.clear = clear;
  slots.repr = queue_repr;
  slots.str = queue_str;
  make_ready(queue_type, spec);
  add_native_coroutines(thread, queue_type, coroutines, "asyncio.queues");
  init_queue_kinds();
}

} // namespace aspy
