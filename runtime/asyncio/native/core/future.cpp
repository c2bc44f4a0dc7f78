#include "runtime/asyncio/native/core/future.hpp"

#include "runtime/asyncio/native/core/event_loop.hpp"
#include "runtime/asyncio/native/core/handle.hpp"
#include "runtime/asyncio/native/core/task.hpp"
#include "runtime/asyncio/native/diagnosis/short_repr.hpp"
#include "runtime/asyncio/native/diagnosis/source_traceback.hpp"
#include "runtime/modules/support/contextvars.hpp"
#include "vm/interpreter/operation/import.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {

Type future_type, future_iterator_type, CancelledError_type, InvalidStateError_type;

// --- the C++ interface ---------------------------------------------------------------------------

Own<Future> make_future(EventLoop* loop) {
  Future* future = allocate_future<Future>(future_type);
  future->loop = Own<EventLoop>::share(loop).release();
  if (loop->debug) [[unlikely]]
    future->traced = record_source(Thread::current(), future);
  return Own<Future>::steal(future);
}

void add_callback(Future* future, Value callback, Ref context) {
  if (is_done(future)) {
    if (!context && is_task(callback)) return wake_soon(Own<Task>::share(cast<Task>(callback)), future);
    call_soon(future->loop, {JobKind::RunCallback, share(callback).release(), share(Value(future)).release(),
                             context.release()});
    return;
  }
  FutureCallback entry{share(callback).release(), context.release()};
  if (!future->first.callback) {
    future->first = entry;
    return;
  }
  future->need_extras().callbacks.push_back(entry);
}

int remove_callback(Thread& thread, Future* future, Value callback) {
  Own<Future> alive = Own<Future>::share(future);
  std::vector<FutureCallback> kept, dropped;
  auto sort_out = [&](FutureCallback entry) {
    int same = equals(thread, entry.callback, callback);
    if (same < 0) return false;
    (same ? dropped : kept).push_back(entry);
    return true;
  };
  std::vector<FutureCallback> all;
  if (future->first.callback) all.push_back(future->first);
  if (future->extras)
    all.insert(all.end(), future->extras->callbacks.begin(), future->extras->callbacks.end());
  for (const FutureCallback& entry : all)
    if (!sort_out(entry)) return -1;
  if (dropped.empty()) return 0;
  future->first = FutureCallback{};
  if (!kept.empty()) {
    future->first = kept.front();
    kept.erase(kept.begin());
  }
  if (future->extras) future->extras->callbacks = std::move(kept);
  for (FutureCallback& entry : dropped) {
    decref(entry.callback);
    decref(entry.context);
  }
  return static_cast<int>(dropped.size());
}

void schedule_callbacks(Thread&, Future* future) {
  auto schedule = [&](FutureCallback entry) {
    if (!entry.context && is_task(entry.callback))
      return wake_soon(Own<Task>::steal(cast<Task>(entry.callback)), future);
    call_soon(future->loop,
              {JobKind::RunCallback, entry.callback, share(Value(future)).release(), entry.context});
  };
  FutureCallback first = std::exchange(future->first, FutureCallback{});
  if (first.callback) schedule(first);
  if (!future->extras) return;
  for (const FutureCallback& entry : std::exchange(future->extras->callbacks, {})) schedule(entry);
}

static bool has_callbacks(const Future* future) { return !future->first.callback.is_empty(); }

bool set_result(Thread& thread, Future* future, Value result) {
  if (is_done(future)) return raise(thread, InvalidStateError_type, "invalid state");
  future->result = share(result).release();
  future->state = FutureState::Finished;
  if (!future->type->is_heap()) future->set_flag(Object::finalized);
  if (has_callbacks(future) && !check_thread(thread, future->loop)) return false;
  schedule_callbacks(thread, future);
  return true;
}

bool set_exception(Thread& thread, Future* future, Value value) {
  if (is_done(future)) return raise(thread, InvalidStateError_type, "invalid state");
  Ref exception = share(value);
  if (is_exception_class(value)) {
    exception = call(thread, value);
    if (!exception) return false;
  }
  if (!is_exception(exception)) return raise_type_error(thread, "invalid exception object");
  if (is_instance(exception, StopIteration_type)) {
    Ref message =
        make_str("StopIteration interacts badly with generators and cannot be raised into a Future");
    Ref replacement = call(thread, Value(&RuntimeError_type), {message});
    if (!replacement) return false;
    auto* error = cast<ExceptionObject>(replacement);
    error->cause = share(exception).release();
    error->suppress_context = true;
    error->context = exception.release();
    exception = std::move(replacement);
  }
  if (Value traceback = cast<ExceptionObject>(exception)->traceback; traceback && !traceback.is_none())
    assign(future->need_extras().traceback, share(traceback));
  future->result = exception.release();
  future->failed = true;
  future->log_traceback = true;
  // There is something to say at its end. A task whose end has come already, and which lives on, says
  // nothing.
  if (future->type == &future_type) future->gc_word &= ~Object::finalized;
  future->state = FutureState::Finished;
  if (has_callbacks(future) && !check_thread(thread, future->loop)) return false;
  schedule_callbacks(thread, future);
  return true;
}

bool cancel_future(Thread& thread, Future* future, Value message) {
  future->log_traceback = false;
  if (is_done(future)) return false;
  future->state = FutureState::Cancelled;
  if (!future->type->is_heap()) future->set_flag(Object::finalized);
  if (future->extras || !message.is_none()) assign(future->need_extras().cancel_message, share(message));
  schedule_callbacks(thread, future);
  return true;
}

Ref make_cancelled_error(Thread& thread, Future* future) {
  if (future->extras && future->extras->cancelled_error)
    return Ref::steal(std::exchange(future->extras->cancelled_error, Value()));
  Value message = future->cancel_message();
  if (!message || message.is_none()) return call(thread, Value(&CancelledError_type));
  return call(thread, Value(&CancelledError_type), {message});
}

namespace {

bool raise_cancelled(Thread& thread, Future* future) {
  Ref error = make_cancelled_error(thread, future);
  if (error) set_error(thread, std::move(error));
  return false;
}

} // namespace

Ref future_result(Thread& thread, Future* future) {
  switch (future->state) {
  case FutureState::Pending: return raise(thread, InvalidStateError_type, "Result is not set.");
  case FutureState::Cancelled: raise_cancelled(thread, future); return Ref();
  case FutureState::Finished: break;
  }
  future->log_traceback = false;
  if (!future->failed) return share(future->result);
  // It is raised with the traceback that it had, the first time, and each time without what others have
  // added.
  Ref traceback = future->extras ? Ref::steal(std::exchange(future->extras->traceback, Value())) : Ref();
  assign(cast<ExceptionObject>(future->result)->traceback, std::move(traceback));
  set_error(thread, share(future->result));
  return Ref();
}

// --- lifetime ------------------------------------------------------------------------------------

void future_release(Future* future) {
  if (future->traced) {
    future->traced = false;
    forget_source(future);
  }
  FutureCallback first = std::exchange(future->first, FutureCallback{});
  decref(first.callback);
  decref(first.context);
  if (auto* extras = std::exchange(future->extras, nullptr)) {
    for (FutureCallback& entry : extras->callbacks) {
      decref(entry.callback);
      decref(entry.context);
    }
    decref(extras->cancel_message);
    decref(extras->cancelled_error);
    decref(extras->name);
    decref(extras->traceback);
    if (extras->attributes) decref(static_cast<Object*>(extras->attributes));
    delete extras;
  }
  clear_field(future->result);
  clear_field(future->loop);
}

void future_traverse(Object* object, Visitor& visit) {
  auto* future = static_cast<Future*>(object);
  visit(future->loop);
  visit(future->result);
  visit(future->first.callback);
  visit(future->first.context);
  if (!future->extras) return;
  for (FutureCallback& entry : future->extras->callbacks) {
    visit(entry.callback);
    visit(entry.context);
  }
  visit(future->extras->cancelled_error);
  visit(future->extras->traceback);
  visit(static_cast<Object*>(future->extras->attributes));
}

void future_clear(Object* object) { future_release(static_cast<Future*>(object)); }

namespace {

// Attributes that scripts give to futures are rare: they lie beside them.
Dict* future_attributes(Object* object, bool make) {
  auto* future = static_cast<Future*>(object);
  if (!make && !future->extras) return nullptr;
  Dict*& attributes = future->need_extras().attributes;
  if (!attributes && make) attributes = new_dict().release();
  return attributes;
}

void future_dealloc(Object* object) {
  gc_untrack(object);
  future_release(static_cast<Future*>(object));
  if (object->type == &future_type) pool_free(object, sizeof(Future));
  else free_object(object);
}

// The exception was never asked for: tell the loop's handler.
void future_finalize(Thread& thread, Object* object) {
  auto* future = static_cast<Future*>(object);
  if (!future->log_traceback || !future->loop) return;
  future->log_traceback = false;
  ErrorShelter shelter(thread);
  Own<Dict> context = new_dict(4);
  Own<Str> message = make_str(fmt::format("{} exception was never retrieved", object->type->name->view()));
  dict_set(context.get(), intern("message"), message.value());
  dict_set(context.get(), intern("exception"), future->result);
  dict_set(context.get(), intern("future"), Value(object));
  if (future->traced) dict_set(context.get(), intern("source_traceback"), source_of(future));
  if (!report_exception(thread, future->loop, context.value())) write_unraisable(thread, Value(object));
}

// --- construction --------------------------------------------------------------------------------

Ref future_construct(Thread&, Type* type, CallArgs) {
  if (type == &future_type) return Ref::steal(Value(allocate_future<Future>(future_type)));
  return Ref::steal(Value(allocate_instance(type)));
}

bool future_init(Thread& thread, Value self, CallArgs call) {
  BoundArgs args;
  if (!bind_args(thread, "Future", "*, loop=None", call, args)) return false;
  return init_future(thread, as_future(self), args[0]);
}

} // namespace

// asyncio.get_event_loop() outside of a running one.
static Ref current_loop(Thread& thread) {
  Own<Tuple> wanted = make_tuple({Value(intern("get_event_loop"))});
  Ref module = import_name(thread, intern("asyncio.events"), None, wanted.value(), 0);
  if (!module) return module;
  return call_method(thread, module, "get_event_loop");
}

bool init_future(Thread& thread, Future* future, Value loop) {
  Ref own;
  if (!loop || loop.is_none()) {
    own = thread.running_loop ? share(thread.running_loop) : current_loop(thread);
    if (!own) return false;
  } else if (is_instance(loop, event_loop_type)) {
    own = share(loop);
  } else {
    return raise_type_error(thread,
                            fmt::format("loop argument must be an event loop, not '{}'", type_name(loop)));
  }
  future_release(future);
  future->loop = cast<EventLoop>(own.release());
  future->state = FutureState::Pending;
  future->failed = future->log_traceback = future->blocking = false;
  if (future->loop->debug) [[unlikely]]
    future->traced = record_source(thread, future);
  return true;
}

namespace {

// --- methods -------------------------------------------------------------------------------------

bool check_init(Thread& thread, Future* future) {
  if (future->loop) return true;
  return raise(thread, RuntimeError_type, "Future object is not initialized.");
}

Ref method_result(Thread& thread, const Value* args) { return future_result(thread, as_future(args[0])); }

Ref method_exception(Thread& thread, const Value* args) {
  Future* future = as_future(args[0]);
  switch (future->state) {
  case FutureState::Pending: return raise(thread, InvalidStateError_type, "Exception is not set.");
  case FutureState::Cancelled: raise_cancelled(thread, future); return Ref();
  case FutureState::Finished: break;
  }
  future->log_traceback = false;
  return share(future->failed ? future->result : None);
}

Ref method_set_result(Thread& thread, const Value* args) {
  if (!check_init(thread, as_future(args[0])) || !set_result(thread, as_future(args[0]), args[1]))
    return Ref();
  return share(None);
}
Ref method_set_exception(Thread& thread, const Value* args) {
  if (!check_init(thread, as_future(args[0])) || !set_exception(thread, as_future(args[0]), args[1]))
    return Ref();
  return share(None);
}
Ref method_cancel(Thread& thread, const Value* args) {
  if (!check_init(thread, as_future(args[0]))) return Ref();
  return share(Value::from_bool(cancel_future(thread, as_future(args[0]), args[1] ? args[1] : None)));
}
Ref method_cancelled(Thread&, const Value* args) {
  return share(Value::from_bool(as_future(args[0])->state == FutureState::Cancelled));
}
Ref method_done(Thread&, const Value* args) { return share(Value::from_bool(is_done(as_future(args[0])))); }

Ref method_add_done_callback(Thread& thread, const Value* args) {
  if (!check_init(thread, as_future(args[0]))) return Ref();
  Ref context = args[2] && !args[2].is_none() ? share(args[2]) : copy_context_lazily(thread);
  // A plain callable never stands for a task's wake-up, even if it is a task.
  if (!context && is_task(args[1])) context = copy_context(thread);
  add_callback(as_future(args[0]), args[1], std::move(context));
  return share(None);
}
Ref method_remove_done_callback(Thread& thread, const Value* args) {
  int removed = remove_callback(thread, as_future(args[0]), args[1]);
  if (removed < 0) return Ref();
  return share(Value::from_int(removed));
}
Ref method_get_loop(Thread& thread, const Value* args) {
  if (!check_init(thread, as_future(args[0]))) return Ref();
  return share(Value(as_future(args[0])->loop));
}
Ref method_make_cancelled_error(Thread& thread, const Value* args) {
  return make_cancelled_error(thread, as_future(args[0]));
}
Ref method_del(Thread& thread, const Value* args) {
  future_finalize(thread, args[0].as_object());
  return share(None);
}

constexpr NativeDef methods[] = {
    {"result", "self, /", method_result,
     "The result; raises the exception that was set, CancelledError or InvalidStateError."},
    {"exception", "self, /", method_exception, "The exception that was set, or None."},
    {"set_result", "self, result, /, * | self, result, /", method_set_result,
     "Mark the future done and set its result."},
    {"set_exception", "self, exception, /, * | self, exception, /", method_set_exception,
     "Mark the future done and set an exception."},
    {"cancel", "self, /, msg=None", method_cancel, "Cancel the future; False if it is already done."},
    {"cancelled", "self, /", method_cancelled, "True if the future was cancelled."},
    {"done", "self, /", method_done, "True if the future is done."},
    {"add_done_callback", "self, fn, /, *, context=None |", method_add_done_callback,
     "Call fn(future) when it is done."},
    {"remove_done_callback", "self, fn, /, * | self, fn, /", method_remove_done_callback,
     "Remove a callback; returns how many were removed."},
    {"get_loop", "self, /", method_get_loop, "The event loop of the future."},
    {"_make_cancelled_error", "self, /", method_make_cancelled_error},
    {"__del__", "self, /", method_del},
    {"__class_getitem__", "cls, item, /", class_getitem, "See PEP 585", NativeKind::ClassMethod},
    {nullptr}};

// --- attributes ----------------------------------------------------------------------------------

Ref get_state(Thread&, Value self) {
  switch (as_future(self)->state) {
  case FutureState::Pending: return share(Value(intern("PENDING")));
  case FutureState::Cancelled: return share(Value(intern("CANCELLED")));
  default: return share(Value(intern("FINISHED")));
  }
}
Ref get_result(Thread&, Value self) {
  Future* future = as_future(self);
  return share(future->result && !future->failed ? future->result : None);
}
Ref get_exception(Thread&, Value self) {
  Future* future = as_future(self);
  return share(future->failed ? future->result : None);
}
Ref get_loop(Thread&, Value self) {
  return share(as_future(self)->loop ? Value(as_future(self)->loop) : None);
}
Ref get_callbacks(Thread& thread, Value self) {
  Future* future = as_future(self);
  if (!future->first.callback) return share(None);
  Own<List> list = new_list();
  auto add = [&](const FutureCallback& entry) {
    Ref callback = stands_for_itself(self_in_future, entry.callback)
                       ? get_attr(thread, entry.callback, self_in_future.method)
                       : share(entry.callback);
    Own<Tuple> pair = make_tuple({callback, entry.context ? entry.context : None});
    list_append(list.get(), pair.value());
  };
  if (future->first.callback) add(future->first);
  if (future->extras)
    for (const FutureCallback& entry : future->extras->callbacks) add(entry);
  return list;
}
Ref get_blocking(Thread&, Value self) { return share(Value::from_bool(as_future(self)->blocking)); }
bool set_blocking(Thread& thread, Value self, Value value) {
  int truth = value ? truthy(thread, value) : 0;
  if (truth < 0) return false;
  as_future(self)->blocking = truth == 1;
  return true;
}
Ref get_log(Thread&, Value self) { return share(Value::from_bool(as_future(self)->log_traceback)); }
bool set_log(Thread& thread, Value self, Value value) {
  int truth = value ? truthy(thread, value) : 0;
  if (truth < 0) return false;
  if (truth) return raise_value_error(thread, "_log_traceback can only be set to False");
  as_future(self)->log_traceback = false;
  return true;
}
Ref get_message(Thread&, Value self) {
  Value message = as_future(self)->cancel_message();
  return share(message ? message : None);
}
bool set_message(Thread&, Value self, Value value) {
  assign(as_future(self)->need_extras().cancel_message, share(value));
  return true;
}
Ref get_source_traceback(Thread&, Value self) {
  Value stack = as_future(self)->traced ? source_of(self.as_object()) : Value();
  return share(stack ? stack : None);
}
// Who waits for it, as far as that is known: the call graph knows more than one future does.
Ref get_awaited_by(Thread& thread, Value self) {
  Own<Tuple> wanted = make_tuple({Value(intern("_awaited_by"))});
  Ref module = import_name(thread, intern("asyncio.graph"), None, wanted.value(), 0);
  return module ? call_method(thread, module, "_awaited_by", {self}) : Ref();
}
constexpr GetSetDef attributes[] = {{"_state", get_state},
                                    {"_result", get_result},
                                    {"_exception", get_exception},
                                    {"_loop", get_loop},
                                    {"_callbacks", get_callbacks},
                                    {"_asyncio_future_blocking", get_blocking, set_blocking},
                                    {"_log_traceback", get_log, set_log},
                                    {"_cancel_message", get_message, set_message},
                                    {"_source_traceback", get_source_traceback},
                                    {"_asyncio_awaited_by", get_awaited_by},
                                    {nullptr, nullptr}};

// --- text ----------------------------------------------------------------------------------------

bool append_callbacks(Thread& thread, Future* future, std::string& text) {
  std::vector<Value> callbacks;
  if (future->first.callback) callbacks.push_back(future->first.callback);
  if (future->extras)
    for (const FutureCallback& entry : future->extras->callbacks) callbacks.push_back(entry.callback);
  if (callbacks.empty()) return true;
  auto one = [&](size_t i) {
    if (is_task(callbacks[i])) {
      text += "Task.task_wakeup()";
      return true;
    }
    return format_callback(thread, callbacks[i], Value(), false, text);
  };
  text += " cb=[";
  if (!one(0)) return false;
  if (callbacks.size() == 2) {
    text += ", ";
    if (!one(1)) return false;
  } else if (callbacks.size() > 2) {
    text += fmt::format(", <{} more>, ", callbacks.size() - 2);
    if (!one(callbacks.size() - 1)) return false;
  }
  text += "]";
  return true;
}

} // namespace

bool future_repr_info(Thread& thread, Future* future, std::string& text) {
  // `text` holds the state already; the result and the callbacks follow.
  if (future->state == FutureState::Finished) {
    text += future->failed ? " exception=" : " result=";
    if (future->failed) {
      Ref shown = repr(thread, future->result);
      if (!shown) return false;
      text += cast<Str>(shown)->view();
    } else if (!append_short_repr(thread, future->result, text)) {
      return false;
    }
  }
  if (!append_callbacks(thread, future, text)) return false;
  if (future->traced) append_source(thread, future, text);
  return true;
}

namespace {

const char* state_text(const Future* future) {
  switch (future->state) {
  case FutureState::Pending: return "pending";
  case FutureState::Cancelled: return "cancelled";
  default: return "finished";
  }
}

Ref future_repr(Thread& thread, Value self) {
  std::string text = fmt::format("<{} {}", type_of(self)->name->view(), state_text(as_future(self)));
  if (!future_repr_info(thread, as_future(self), text)) return Ref();
  text += ">";
  return make_str(text);
}

// --- awaiting ------------------------------------------------------------------------------------

// Step of `await future`: yields the future itself until it is done.
SendOutcome future_send(Thread& thread, Value self, Value sent, Ref& out) {
  Future* future = as_future(self);
  if (is_done(future)) {
    out = future_result(thread, future);
    return out ? SendOutcome::Returned : SendOutcome::Raised;
  }
  if (sent) {
    raise(thread, RuntimeError_type, "await wasn't used with future");
    return SendOutcome::Raised;
  }
  future->blocking = true;
  out = share(self);
  return SendOutcome::Yielded;
}

// The iterator of __await__ and __iter__, for those who drive it by hand.
struct FutureIterator : Object {
  Value future; // owned; empty at the end
  bool started = false;
};

SendOutcome iterator_send(Thread& thread, Value self, Value, Ref& out) {
  auto* iterator = cast<FutureIterator>(self);
  if (!iterator->future) {
    out = share(None);
    return SendOutcome::Returned;
  }
  SendOutcome outcome = future_send(thread, iterator->future, iterator->started ? None : Value(), out);
  iterator->started = true;
  if (outcome != SendOutcome::Yielded) clear_field(iterator->future);
  return outcome;
}
Ref iterator_next(Thread& thread, Value self) {
  Ref out;
  switch (iterator_send(thread, self, None, out)) {
  case SendOutcome::Yielded: return out;
  case SendOutcome::Returned: raise_stop_iteration(thread, out); return Ref();
  default: return Ref();
  }
}
Ref iterator_method_send(Thread& thread, const Value* args) { return iterator_next(thread, args[0]); }
Ref iterator_method_throw(Thread& thread, const Value* args) {
  clear_field(cast<FutureIterator>(args[0])->future);
  raise_value(thread, args[2] && !args[2].is_none() ? args[2] : args[1]);
  return Ref();
}
Ref iterator_method_close(Thread&, const Value* args) {
  clear_field(cast<FutureIterator>(args[0])->future);
  return share(None);
}
constexpr NativeDef iterator_methods[] = {
    {"send", "self, value, /", iterator_method_send},
    {"throw", "self, type, value=None, traceback=None, /", iterator_method_throw},
    {"close", "self, /", iterator_method_close},
    {nullptr}};

Ref future_await(Thread& thread, Value self) {
  if (!check_init(thread, as_future(self))) return Ref();
  auto* iterator = allocate<FutureIterator>(future_iterator_type);
  iterator->future = share(self).release();
  return Ref::steal(Value(iterator));
}

const TypeSpec future_spec{.name = "_asyncio.Future",
                           .instance_size = sizeof(Future),
                           .flags = TypeTracked | TypeWeakRefs | TypeSideAttrs | TypePlainAwait,
                           .methods = methods,
                           .getset = attributes,
                           .doc = "A result that may not be there yet; await it to get it."};
const TypeSpec iterator_spec{.name = "_asyncio.FutureIter",
                             .instance_size = sizeof(FutureIterator),
                             .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                             .methods = iterator_methods};
const TypeSpec cancelled_spec{.name = "asyncio.exceptions.CancelledError",
                              .base = &BaseException_type,
                              .flags = TypePlainName,
                              .doc = "The Future or Task was cancelled."};
const TypeSpec invalid_spec{.name = "asyncio.exceptions.InvalidStateError",
                            .base = &Exception_type,
                            .flags = TypePlainName,
                            .doc = "The operation is not allowed in this state."};

} // namespace

void init_asyncio_exceptions() {
  make_ready(CancelledError_type, cancelled_spec);
  make_ready(InvalidStateError_type, invalid_spec);
}

void init_future_type() {
  side_attributes = future_attributes;
  Slots& slots = future_type.slots;
  slots.dealloc = future_dealloc;
  slots.traverse = future_traverse;
  slots.clear = future_clear;
  slots.finalize = future_finalize;
  slots.construct = future_construct;
  slots.init = future_init;
  slots.repr = future_repr;
  slots.send = future_send;
  slots.await_iter = future_await;
  slots.iter = future_await;
  make_ready(future_type, future_spec);

  Slots& iterator = future_iterator_type.slots;
  iterator.dealloc = [](Object* object) {
    gc_untrack(object);
    clear_field(static_cast<FutureIterator*>(object)->future);
    free_object(object);
  };
  iterator.traverse = [](Object* object, Visitor& visit) {
    visit(static_cast<FutureIterator*>(object)->future);
  };
  iterator.iter = [](Thread&, Value self) { return share(self); };
  iterator.next = iterator_next;
  iterator.send = iterator_send;
  make_ready(future_iterator_type, iterator_spec);
}

} // namespace aspy
