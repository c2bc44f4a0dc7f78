// Handle and TimerHandle: a callback that was given to the loop.
#include "runtime/asyncio/native/core/handle.hpp"

#include "runtime/asyncio/native/core/task.hpp"
#include "runtime/asyncio/native/diagnosis/short_repr.hpp"
#include "runtime/asyncio/native/diagnosis/source_traceback.hpp"
#include "runtime/modules/support/contextvars.hpp"
#include "vm/bytecode/code.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {

Type handle_type, timer_handle_type, thread_safe_handle_type;
SelfCallback self_in_timer{}, self_in_future{};

Own<Handle> make_handle(Type& type, EventLoop* loop, Value callback, Value args, Ref context) {
  auto* handle = allocate<Handle>(type);
  handle->loop = Own<EventLoop>::share(loop).release();
  handle->callback = share(callback).release();
  handle->args = share(args).release();
  handle->context = context.release();
  if (loop->debug) [[unlikely]]
    handle->traced = record_source(Thread::current(), handle);
  return Own<Handle>::steal(handle);
}

// --- running -------------------------------------------------------------------------------------

namespace {

// The pending exception left a callback. Exits go on; everything else is the exception handler's.
bool callback_failed(Thread& thread, EventLoop* loop, const std::string& message, Handle* handle) {
  if (error_matches(thread, SystemExit_type) || error_matches(thread, KeyboardInterrupt_type)) return false;
  Ref error = take_error(thread);
  Own<Dict> context = new_dict(4);
  Own<Str> text = make_str(message);
  dict_set(context.get(), intern("message"), text.value());
  dict_set(context.get(), intern("exception"), error);
  dict_set(context.get(), intern("handle"), Value(handle));
  if (handle->traced) dict_set(context.get(), intern("source_traceback"), source_of(handle));
  // The handler runs while the exception is handled: what it raises has it as context.
  Value handled = std::exchange(thread.handled, share(error).release());
  bool stays = report_exception(thread, loop, context.value());
  decref(std::exchange(thread.handled, handled));
  return stays;
}

std::string callback_text(Thread& thread, Value callback, Value args, bool debug) {
  std::string text = "Exception in callback ";
  if (!format_callback(thread, callback, args, debug, text)) clear_error(thread);
  return text;
}

} // namespace

bool run_handle(Thread& thread, Handle* handle) {
  if (handle->cancelled) return true;
  Tuple* args = cast<Tuple>(handle->args);
  Ref callback = share(handle->callback), alive = share(handle->args);
  Ref result;
  if (stands_for_itself(self_in_timer, callback)) {
    if (self_in_timer.run(thread, callback, Value())) return true;
  } else {
    ContextScope scope(thread, handle->context);
    result = call(thread, callback, CallArgs{args->items(), static_cast<uint32_t>(args->size), nullptr});
  }
  if (result) return true;
  Ref error = take_error(thread);
  std::string message = callback_text(thread, callback, alive, handle->loop->debug);
  thread.error = error.release();
  return callback_failed(thread, handle->loop, message, handle);
}

bool run_callback(Thread& thread, EventLoop* loop, Job& job) {
  Ref result;
  if (stands_for_itself(self_in_future, job.target)) {
    if (self_in_future.run(thread, job.target, job.argument)) return true;
  } else {
    ContextScope scope(thread, job.context);
    result = call(thread, job.target, {job.argument});
  }
  if (result) return true;
  Ref error = take_error(thread);
  Own<Tuple> args = make_tuple({job.argument});
  Own<Handle> handle = make_handle(handle_type, loop, job.target, args.value(), Ref());
  std::string message = callback_text(thread, job.target, args.value(), loop->debug);
  thread.error = error.release();
  return callback_failed(thread, loop, message, handle.get());
}

void cancel_handle(Handle* handle) {
  if (handle->cancelled) return;
  handle->cancelled = true;
  if (handle->scheduled) ++handle->loop->state->cancelled_timers;
  if (handle->loop->debug) return; // what it was stays visible
  clear_field(handle->callback);
  clear_field(handle->args);
}

// --- text ----------------------------------------------------------------------------------------

namespace {

// The script function behind a callable, for " at file:line"; null for natives.
Function* function_behind(Thread& thread, Value callable) {
  for (int i = 0; i < 16; ++i) {
    if (is_exact(callable, function_type)) return cast<Function>(callable);
    if (is_exact(callable, bound_method_type)) return nullptr; // shown by its name alone
    Ref inner = find_attr(thread, callable, names::dunder_wrapped);
    if (!inner) inner = find_attr(thread, callable, intern("func")); // functools.partial
    clear_error(thread);
    if (!inner) return nullptr;
    callable = inner;
  }
  return nullptr;
}

} // namespace

namespace {

// "()", or in debug mode the arguments.
bool append_arguments(Thread& thread, Value args, Value kwargs, bool debug, std::string& text) {
  text += "(";
  const char* comma = "";
  if (debug && args)
    for (Value argument : cast<Tuple>(args)->view()) {
      text += std::exchange(comma, ", ");
      if (!append_short_repr(thread, argument, text)) return false;
    }
  uint32_t position = 0;
  Value key, value;
  while (debug && kwargs && dict_next(cast<Dict>(kwargs), position, key, value)) {
    text += fmt::format("{}{}=", std::exchange(comma, ", "), cast<Str>(key)->view());
    if (!append_short_repr(thread, value, text)) return false;
  }
  text += ")";
  return true;
}

bool append_call(Thread& thread, Value callback, Value args, Value kwargs, bool debug, std::string& text) {
  // Of functools.partial objects the function inside is shown, called with its own arguments first.
  Ref inner = find_attr(thread, callback, intern("func"));
  Ref bound = inner ? find_attr(thread, callback, names::args) : Ref();
  Ref keywords = bound ? find_attr(thread, callback, intern("keywords")) : Ref();
  clear_error(thread);
  if (inner && bound && is_tuple(bound)) {
    bool has_keywords = keywords && is_exact(keywords, dict_type);
    return append_call(thread, inner, bound, has_keywords ? keywords.get() : Value(), debug, text) &&
           append_arguments(thread, args, kwargs, debug, text);
  }
  Ref name = find_attr(thread, callback, names::dunder_qualname);
  if (!name) {
    clear_error(thread);
    name = repr(thread, callback);
    if (!name) return false;
  }
  if (is_str(name)) text += cast<Str>(name)->view();
  return append_arguments(thread, args, kwargs, debug, text);
}

} // namespace

bool format_callback(Thread& thread, Value callback, Value args, bool debug, std::string& text) {
  for (const SelfCallback* place : {&self_in_timer, &self_in_future})
    if (stands_for_itself(*place, callback)) {
      text += place->text;
      return true;
    }
  if (!append_call(thread, callback, args, Value(), debug, text)) return false;
  if (Function* function = function_behind(thread, callback))
    text += fmt::format(" at {}:{}", function->code->filename->view(), function->code->first_line);
  return true;
}

namespace {

Handle* as_handle(Value value) { return cast<Handle>(value); }

Ref handle_repr(Thread& thread, Value self) {
  Handle* handle = as_handle(self);
  std::string text = fmt::format("<{}", type_of(self)->name->view());
  if (handle->cancelled) text += " cancelled";
  if (is_instance(self, timer_handle_type)) {
    Ref when = repr(thread, Value::from_double(handle->when));
    text += fmt::format(" when={}", cast<Str>(when)->view());
  }
  if (handle->callback && !handle->callback.is_none()) {
    text += " ";
    if (!format_callback(thread, handle->callback, handle->args, handle->loop->debug, text)) return Ref();
  }
  if (handle->traced) append_source(thread, handle, text);
  return make_str(text + ">");
}

Ref method_cancel(Thread&, const Value* args) {
  cancel_handle(as_handle(args[0]));
  return share(None);
}
Ref method_cancelled(Thread&, const Value* args) {
  return share(Value::from_bool(as_handle(args[0])->cancelled));
}
Ref method_get_context(Thread& thread, const Value* args) {
  Handle* handle = as_handle(args[0]);
  if (!handle->context) handle->context = copy_context(thread).release();
  return share(handle->context);
}
Ref method_run(Thread& thread, const Value* args) {
  if (!run_handle(thread, as_handle(args[0]))) return Ref();
  return share(None);
}
constexpr NativeDef handle_methods[] = {{"cancel", "def self", method_cancel, "Do not run the callback."},
                                        {"cancelled", "def self", method_cancelled},
                                        {"get_context", "def self", method_get_context},
                                        {"_run", "self, /", method_run},
                                        {nullptr}};
Ref get_callback(Thread&, Value self) {
  return share(as_handle(self)->callback ? as_handle(self)->callback : None);
}
Ref get_args(Thread&, Value self) { return share(as_handle(self)->args ? as_handle(self)->args : None); }
Ref get_cancelled(Thread&, Value self) { return share(Value::from_bool(as_handle(self)->cancelled)); }
Ref get_source_traceback(Thread&, Value self) {
  Value stack = as_handle(self)->traced ? source_of(self.as_object()) : Value();
  return share(stack ? stack : None);
}
constexpr GetSetDef handle_attributes[] = {{"_callback", get_callback},
                                           {"_args", get_args},
                                           {"_cancelled", get_cancelled},
                                           {"_source_traceback", get_source_traceback},
                                           {nullptr, nullptr}};

Ref method_when(Thread&, const Value* args) { return share(Value::from_double(as_handle(args[0])->when)); }
constexpr NativeDef timer_methods[] = {
    {"when", "def self", method_when, "When the callback is due, on the loop's clock."}, {nullptr}};
Ref timer_compare(Thread&, Value a, Value b, CompareOp op) {
  if (!is_instance(a, timer_handle_type) || !is_instance(b, timer_handle_type)) return share(NotImplemented);
  double x = as_handle(a)->when, y = as_handle(b)->when;
  bool result = false;
  switch (op) {
  case CompareOp::Lt: result = x < y; break;
  case CompareOp::Le: result = x <= y; break;
  case CompareOp::Gt: result = x > y; break;
  case CompareOp::Ge: result = x >= y; break;
  case CompareOp::Eq: result = a == b; break;
  case CompareOp::Ne: result = !(a == b); break;
  }
  return share(Value::from_bool(result));
}

void handle_dealloc(Object* object) {
  gc_untrack(object);
  auto* handle = static_cast<Handle*>(object);
  if (handle->traced) forget_source(handle);
  clear_field(handle->callback);
  clear_field(handle->args);
  clear_field(handle->context);
  clear_field(handle->loop);
  free_object(object);
}
void handle_traverse(Object* object, Visitor& visit) {
  auto* handle = static_cast<Handle*>(object);
  visit(static_cast<Object*>(handle->loop));
  visit(handle->callback);
  visit(handle->args);
  visit(handle->context);
}

const TypeSpec handle_spec{.name = "asyncio.events.Handle",
                           .instance_size = sizeof(Handle),
                           .flags = TypePlainName | TypeWeakRefs | TypeTracked | TypeNoConstruct,
                           .methods = handle_methods,
                           .getset = handle_attributes};
const TypeSpec timer_spec{.name = "asyncio.events.TimerHandle",
                          .base = &handle_type,
                          .instance_size = sizeof(Handle),
                          .flags = TypePlainName | TypeWeakRefs | TypeTracked | TypeNoConstruct,
                          .methods = timer_methods};

const TypeSpec thread_safe_spec{.name = "asyncio.events._ThreadSafeHandle",
                                .base = &handle_type,
                                .instance_size = sizeof(Handle),
                                .flags = TypePlainName | TypeWeakRefs | TypeTracked | TypeNoConstruct};

} // namespace

void init_handle_types() {
  Slots& slots = handle_type.slots;
  slots.dealloc = handle_dealloc;
  slots.traverse = handle_traverse;
  slots.repr = handle_repr;
  make_ready(handle_type, handle_spec);
  timer_handle_type.slots.compare = timer_compare;
  timer_handle_type.slots.hash = [](Thread&, Value self, int64_t& out) {
    out = static_cast<int64_t>(self.bits >> 4);
    return true;
  };
  make_ready(timer_handle_type, timer_spec);
  make_ready(thread_safe_handle_type, thread_safe_spec);
}

} // namespace aspy
