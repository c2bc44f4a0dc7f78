// asyncio.gather: several awaitables at once, one future for all their results.
#include "runtime/asyncio/native/coroutines.hpp"

#include "runtime/asyncio/native/core/event_loop.hpp"
#include "runtime/asyncio/native/core/task.hpp"
#include "runtime/asyncio/native/diagnosis/source_traceback.hpp"
#include "runtime/modules/support/contextvars.hpp"
#include "vm/interpreter/operation/import.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <vector>

namespace aspy {

Type gathering_future_type;

namespace {

// What gather() returns: cancelling it cancels the children.
struct GatheringFuture : Future {
  Tuple* children = nullptr; // one future for each argument, owned
  uint32_t missing = 0;      // children that are not done; one given twice counts once
  bool return_exceptions = false;
  bool cancel_requested = false;
};

// What the children call when they are done.
struct GatherCallback : Object {
  GatheringFuture* outer = nullptr; // owned
  Value function;                   // gather itself, which is where the callback is said to be; owned
};
Type gather_callback_type;

GatheringFuture* as_gathering(Value value) { return cast<GatheringFuture>(value); }

// --- children: futures, or objects like them, of which only the public methods are used ----------

int is_cancelled(Thread& thread, Value child) { // 1, 0; -1 raised
  if (is_future(child)) return as_future(child)->state == FutureState::Cancelled;
  Ref answer = call_method(thread, child, "cancelled");
  return answer ? truthy(thread, answer) : -1;
}
Ref cancelled_error(Thread& thread, Value child) {
  if (is_future(child)) return make_cancelled_error(thread, as_future(child));
  return call_method(thread, child, "_make_cancelled_error");
}
// Its exception, or None. Whoever asks has retrieved it.
Ref exception_of(Thread& thread, Value child) {
  if (!is_future(child)) return call_method(thread, child, "exception");
  Future* future = as_future(child);
  future->log_traceback = false;
  return share(future->failed ? future->result : None);
}
Ref result_of(Thread& thread, Value child) {
  return is_future(child) ? future_result(thread, as_future(child))
                          : call_method(thread, child, names::result);
}

// --- when a child is done ------------------------------------------------------------------------

// What stands for a child in the list of results.
Ref outcome_of(Thread& thread, Value child) {
  int cancelled = is_cancelled(thread, child);
  if (cancelled < 0) return Ref();
  if (cancelled) {
    Ref message = is_future(child) ? share(as_future(child)->cancel_message()) : Ref();
    Own<Str> none = make_str("");
    return call(thread, Value(&CancelledError_type),
                {message && !message.get().is_none() ? message.get() : none.value()});
  }
  Ref error = exception_of(thread, child);
  if (!error || !error.get().is_none()) return error;
  return result_of(thread, child);
}

// All children are done. A cancelled gather takes its exception from the child that was given last.
bool finish(Thread& thread, GatheringFuture* outer) {
  Own<List> results = new_list(outer->children->size);
  for (Value child : outer->children->view()) {
    Ref outcome = outcome_of(thread, child);
    if (!outcome) return false;
    list_append(results.get(), outcome);
  }
  if (!outer->cancel_requested) return set_result(thread, outer, results.value());
  Ref error = cancelled_error(thread, (*outer->children)[outer->children->size - 1]);
  return error && set_exception(thread, outer, error);
}

bool child_done(Thread& thread, GatheringFuture* outer, Value child) {
  --outer->missing;
  bool over = is_done(outer) || !outer->loop; // without a loop: gather() itself failed
  if (over || !outer->return_exceptions) {
    int cancelled = is_cancelled(thread, child);
    if (cancelled < 0) return false;
    if (over && cancelled) return true;
    Ref error = cancelled ? cancelled_error(thread, child) : exception_of(thread, child);
    if (!error) return false;
    if (over) return true;
    if (!error.get().is_none()) return set_exception(thread, outer, error); // the first one ends the whole
  }
  return outer->missing > 0 || finish(thread, outer);
}

Ref callback_call(Thread& thread, Value self, CallArgs args) {
  if (!refuse_keywords(thread, "_done_callback", args) || !check_count(thread, "_done_callback", args, 1, 1))
    return Ref();
  Own<GatheringFuture> outer = Own<GatheringFuture>::share(cast<GatherCallback>(self)->outer);
  if (!child_done(thread, outer.get(), args[0])) return Ref();
  return share(None);
}

// --- gather --------------------------------------------------------------------------------------

Ref library_function(Thread& thread, const char* module, const char* name) {
  Own<Tuple> wanted = make_tuple({Value(intern(name))});
  Ref found = import_name(thread, intern(module), None, wanted.value(), 0);
  return found ? get_attr(thread, found, name) : Ref();
}

// A future for an argument; coroutines become tasks.
Ref ensure(Thread& thread, Value argument, EventLoop* loop) {
  if (is_exact(argument, coroutine_type) && loop) return spawn(thread, loop, argument);
  if (is_future(argument) && (!loop || as_future(argument)->loop == loop)) return share(argument);
  Ref function = library_function(thread, "asyncio.tasks", "ensure_future");
  if (!function) return function;
  Own<Tuple> kwnames = make_tuple({Value(intern("loop"))});
  Value values[] = {argument, loop ? Value(loop) : None};
  return call(thread, function, CallArgs{values, 1, kwnames.get()});
}

EventLoop* loop_of(Thread& thread, Value future) {
  if (is_future(future)) return as_future(future)->loop;
  Ref loop = call_method(thread, future, "get_loop");
  if (loop && is_instance(loop, event_loop_type)) return as_loop(loop); // the future holds it
  if (loop) raise_type_error(thread, "get_loop() must return an event loop");
  return nullptr;
}

// Objects that are equal only to themselves, each there once: nothing has to be looked up.
bool are_different(const Tuple* arguments) {
  std::vector<uint64_t> seen;
  seen.reserve(arguments->size);
  for (Value argument : arguments->view()) {
    if (!is_exact(argument, coroutine_type) && !is_exact(argument, task_type) &&
        !is_exact(argument, future_type))
      return false;
    seen.push_back(argument.bits);
  }
  std::sort(seen.begin(), seen.end());
  return std::adjacent_find(seen.begin(), seen.end()) == seen.end();
}

bool listen(Thread& thread, Value child, Value callback) {
  if (is_future(child)) {
    add_callback(as_future(child), callback, copy_context_lazily(thread));
    return true;
  }
  return static_cast<bool>(call_method(thread, child, "add_done_callback", {callback}));
}

int is_done_already(Thread& thread, Value child) {
  if (is_future(child)) return is_done(as_future(child));
  Ref answer = call_method(thread, child, "done");
  return answer ? truthy(thread, answer) : -1;
}

Ref gather_nothing(Thread& thread) {
  Ref function = library_function(thread, "asyncio.events", "get_event_loop");
  Ref loop = function ? call(thread, function) : Ref();
  Ref outer = loop ? call_method(thread, loop, "create_future") : Ref();
  if (!outer) return outer;
  Own<List> empty = new_list();
  if (!call_method(thread, outer, "set_result", {empty.value()})) return Ref();
  return outer;
}

} // namespace

Ref gather(Thread& thread, const Value* args) {
  Value function = args[0];
  Tuple* arguments = cast<Tuple>(args[1]);
  int return_exceptions = truthy(thread, args[2]);
  if (return_exceptions < 0) return Ref();
  if (arguments->size == 0) return gather_nothing(thread);

  Own<GatheringFuture> outer = Own<GatheringFuture>::steal(allocate<GatheringFuture>(gathering_future_type));
  outer->return_exceptions = return_exceptions == 1;
  outer->children = new_tuple(arguments->size).release();
  auto callback = Own<GatherCallback>::steal(allocate<GatherCallback>(gather_callback_type));
  callback->outer = Own<GatheringFuture>(outer).release();
  callback->function = share(function).release();

  Own<Dict> futures = are_different(arguments) ? Own<Dict>() : new_dict();
  std::vector<Ref> done_already;
  EventLoop* loop = thread.running_loop ? as_loop(thread.running_loop) : nullptr;
  for (size_t i = 0; i < arguments->size; ++i) {
    Value argument = (*arguments)[i];
    if (futures) {
      Value known = dict_get(thread, futures.get(), argument);
      if (thread.has_error()) return Ref();
      if (known) {
        outer->children->items()[i] = share(known).release();
        continue;
      }
    }
    Ref child = ensure(thread, argument, loop);
    if (!child || (!loop && !(loop = loop_of(thread, child)))) return Ref();
    outer->children->items()[i] = share(child).release();
    if (child.get() != argument && is_task(child)) as_future(child)->log_destroy_pending = false;
    ++outer->missing;
    if (futures && !dict_set(thread, futures.get(), argument, child)) return Ref();
    int done = is_done_already(thread, child);
    if (done < 0) return Ref();
    if (done) done_already.push_back(std::move(child));
    else if (!listen(thread, child, callback.value())) return Ref();
  }
  outer->loop = Own<EventLoop>::share(loop).release();
  if (loop->debug) [[unlikely]]
    outer->traced = record_source(thread, outer.get());
  for (const Ref& child : done_already)
    if (!child_done(thread, outer.get(), child)) return Ref();
  return outer;
}

namespace {

// --- types ---------------------------------------------------------------------------------------

Ref method_cancel(Thread& thread, const Value* args) {
  auto outer = Own<GatheringFuture>::share(as_gathering(args[0]));
  if (is_done(outer.get())) return share(False);
  bool any = false;
  for (Value child : outer->children->view()) {
    int cancelled = cancel_awaited(thread, child, args[1] ? args[1] : None);
    if (cancelled < 0) return Ref();
    any |= cancelled == 1;
  }
  // It is cancelled only when the children have been: its own state must not tell before.
  if (any) outer->cancel_requested = true;
  return share(Value::from_bool(any));
}
constexpr NativeDef methods[] = {
    {"cancel", "self, /, msg=None", method_cancel, "Cancel all children that are not done."}, {nullptr}};
Ref get_children(Thread&, Value self) {
  Tuple* children = as_gathering(self)->children;
  Own<List> list = new_list();
  for (size_t i = 0; children && i < children->size; ++i)
    if ((*children)[i]) list_append(list.get(), (*children)[i]);
  return list;
}
Ref get_cancel_requested(Thread&, Value self) {
  return share(Value::from_bool(as_gathering(self)->cancel_requested));
}
constexpr GetSetDef attributes[] = {
    {"_children", get_children}, {"_cancel_requested", get_cancel_requested}, {nullptr, nullptr}};

void gathering_dealloc(Object* object) {
  gc_untrack(object);
  clear_field(static_cast<GatheringFuture*>(object)->children);
  future_release(static_cast<Future*>(object));
  free_object(object);
}
void gathering_traverse(Object* object, Visitor& visit) {
  future_traverse(object, visit);
  visit(static_cast<Object*>(static_cast<GatheringFuture*>(object)->children));
}
void gathering_clear(Object* object) {
  clear_field(static_cast<GatheringFuture*>(object)->children);
  future_clear(object);
}

Ref get_qualname(Thread&, Value) { return make_str("gather.<locals>._done_callback"); }
Ref get_name(Thread&, Value) { return make_str("_done_callback"); }
Ref get_wrapped(Thread&, Value self) { return share(cast<GatherCallback>(self)->function); }
Ref get_outer(Thread&, Value self) {
  auto* outer = cast<GatherCallback>(self)->outer;
  return share(outer ? Value(outer) : None);
}
constexpr GetSetDef callback_attributes[] = {{"__qualname__", get_qualname},
                                             {"__name__", get_name},
                                             {"__wrapped__", get_wrapped},
                                             {"__self__", get_outer},
                                             {nullptr, nullptr}};
void callback_clear(Object* object) { clear_field(static_cast<GatherCallback*>(object)->outer); }
void callback_dealloc(Object* object) {
  gc_untrack(object);
  callback_clear(object);
  clear_field(static_cast<GatherCallback*>(object)->function);
  free_object(object);
}
void callback_traverse(Object* object, Visitor& visit) {
  visit(static_cast<Object*>(static_cast<GatherCallback*>(object)->outer));
  visit(static_cast<GatherCallback*>(object)->function);
}

const TypeSpec gathering_spec{.name = "asyncio.tasks._GatheringFuture",
                              .base = &future_type,
                              .instance_size = sizeof(GatheringFuture),
                              .flags =
                                  TypePlainName | TypeFinal | TypeNoConstruct | TypeTracked | TypeWeakRefs,
                              .methods = methods,
                              .getset = attributes,
                              .doc = "The future that gather() returns."};
const TypeSpec callback_spec{.name = "_asyncio.GatherCallback",
                             .instance_size = sizeof(GatherCallback),
                             .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                             .getset = callback_attributes};

} // namespace

void init_gather() {
  Slots& slots = gathering_future_type.slots;
  slots.dealloc = gathering_dealloc;
  slots.traverse = gathering_traverse;
  slots.clear = gathering_clear;
  make_ready(gathering_future_type, gathering_spec);

  Slots& callback = gather_callback_type.slots;
  callback.dealloc = callback_dealloc;
  callback.traverse = callback_traverse;
  callback.clear = callback_clear;
  callback.call = callback_call;
  make_ready(gather_callback_type, callback_spec);
}

} // namespace aspy
