// The module _asyncio: the native half of asyncio, for the half that is written in the language.
#include "runtime/asyncio/native/core/deadlock.hpp"
#include "runtime/asyncio/native/core/future.hpp"
#include "runtime/asyncio/native/core/handle.hpp"
#include "runtime/asyncio/native/core/task.hpp"
#include "runtime/asyncio/native/coroutines.hpp"
#include "runtime/asyncio/native/io/input_watch.hpp"
#include "runtime/asyncio/native/io/tcp.hpp"
#include "runtime/asyncio/native/sync/sync.hpp"
#include "runtime/asyncio/native/task_group.hpp"
#include "runtime/asyncio/native/timeout.hpp"
#include "runtime/importing/registry.hpp"
#include "runtime/report/output.hpp"
#include "runtime/report/traceback/traceback_format.hpp"
#include "vm/interpreter/frame/frame.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/module.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <netdb.h>

namespace aspy {

namespace {

// --- functions -----------------------------------------------------------------------------------

Ref get_running_loop(Thread& thread, const Value*) {
  EventLoop* loop = running_loop(thread);
  return loop ? share(Value(loop)) : Ref();
}
Ref peek_running_loop(Thread& thread, const Value*) {
  return share(thread.running_loop ? thread.running_loop : None);
}
Ref set_running_loop(Thread& thread, const Value* args) {
  assign(thread.running_loop, args[0].is_none() ? Ref() : share(args[0]));
  return share(None);
}

Ref current_task(Thread& thread, const Value* args) {
  Value loop = args[0];
  if (!loop || loop.is_none()) {
    EventLoop* running = running_loop(thread);
    if (!running) return Ref();
    loop = Value(running);
  }
  if (thread.current_task && Value(cast<Task>(thread.current_task)->loop) == loop)
    return share(thread.current_task);
  return share(None);
}

Ref create_task(Thread& thread, const Value* args) {
  EventLoop* loop = running_loop(thread);
  if (!loop) return Ref();
  return spawn(thread, loop, args[0], args[1]);
}

Ref is_future_like(Thread& thread, const Value* args) {
  if (is_future(args[0])) return share(True);
  Ref blocking = find_attr(thread, Value(type_of(args[0])), intern("_asyncio_future_blocking"));
  if (!blocking) {
    if (thread.has_error()) return Ref();
    return share(False);
  }
  Ref own = find_attr(thread, args[0], intern("_asyncio_future_blocking"));
  if (thread.has_error()) return Ref();
  return share(Value::from_bool(own && !own.get().is_none()));
}

Ref is_coroutine(Thread&, const Value* args) { return share(Value::from_bool(is_coroutine_like(args[0]))); }

Ref all_tasks(Thread&, const Value* args) {
  Own<List> list = new_list();
  if (!is_instance(args[0], event_loop_type)) return list; // tasks belong to our loops only
  for (const Own<Task>& task : tasks_of(as_loop(args[0]))) list_append(list.get(), task.value());
  return list;
}

// What the loop writes about an error that nobody handles: like the default logger, to stderr.
Ref log_error(Thread& thread, const Value* args) {
  std::string text(cast<Str>(args[0])->view());
  text += "\n";
  if (args[1] && is_exception(args[1])) text += format_exception(thread, args[1]);
  write_report(thread, text);
  return share(None);
}

Ref address_family(Thread& thread, const Value* args) {
  Str* host = to_str_arg(thread, "_address_family", "host", args[0]);
  sockaddr_storage address;
  if (!host) return Ref();
  bool numeric = parse_address(std::string(host->view()).c_str(), 0, &address);
  return share(Value::from_int(numeric ? address.ss_family : 0));
}
Ref lookup_error_text(Thread& thread, const Value* args) {
  int32_t error = 0;
  return to_int32(thread, args[0], error) ? Ref(make_str(gai_strerror(error))) : Ref();
}

constexpr NativeDef functions[] = {
    {"get_running_loop", "", get_running_loop, "The running event loop; RuntimeError if there is none."},
    {"_get_running_loop", "", peek_running_loop, "The running event loop or None."},
    {"_set_running_loop", "loop, /", set_running_loop},
    {"current_task", "loop=None", current_task, "The task that runs now, or None."},
    {"create_task", "def coro, **kwargs", create_task, "Run a coroutine as a task of the running loop."},
    {"isfuture", "def obj", is_future_like, "Is it a Future, or like one?"},
    {"iscoroutine", "def obj", is_coroutine, "Is it a coroutine object?"},
    {"_lookup_name", "host, port, family, type, proto, flags, callback, /", lookup_name},
    {"_address_family", "host, /", address_family, "AF_INET or AF_INET6 for a numeric address, else 0."},
    {"_lookup_error_text", "error, /", lookup_error_text},
    {"_run_until_input", "loop, descriptor, /", run_until_input},
    {"_gather", "function, arguments, return_exceptions, /", gather},
    {"_all_tasks", "loop, /", all_tasks},
    {"_log_error", "text, exception=None, /", log_error},
    {nullptr}};

bool init(Thread& thread, Module* module) {
  static bool ready = false;
  if (!std::exchange(ready, true)) {
    init_asyncio_exceptions();
    init_deadlock_error();
    init_future_type();
    init_task_type();
    init_handle_types();
    init_event_loop_type();
    init_tcp_handle_type();
    init_name_lookup_type();
    init_gather();
    init_deque_types();
    init_event_type(thread);
    init_lock_type(thread);
    init_semaphore_types(thread);
    init_queue_types(thread);
    init_timeout_type(thread);
    init_task_group_type(thread);
  }
  module_set(module, "Future", Value(&future_type));
  module_set(module, "Task", Value(&task_type));
  module_set(module, "Handle", Value(&handle_type));
  module_set(module, "TimerHandle", Value(&timer_handle_type));
  module_set(module, "BaseLoop", Value(&event_loop_type));
  module_set(module, "TcpHandle", Value(&tcp_handle_type));
  module_set(module, "CancelledError", Value(&CancelledError_type));
  module_set(module, "InvalidStateError", Value(&InvalidStateError_type));
  module_set(module, "DeadlockError", Value(&DeadlockError_type));
  for (Type* type : {&event_type, &lock_type, &semaphore_type, &bounded_semaphore_type, &queue_type,
                     &priority_queue_type, &lifo_queue_type, &QueueEmpty_type, &QueueFull_type,
                     &QueueShutDown_type, &timeout_type, &task_group_type})
    module_set(module, type->name->view(), Value(type));
  Ref wait_for = wait_for_function(thread);
  module_set(module, "wait_for", wait_for);
  Ref sleep = sleep_function(thread);
  module_set(module, "sleep", sleep);
  module_set(module, "_GatheringFuture", Value(&gathering_future_type));
  return true;
}

} // namespace

const ModuleSpec asyncio_native_module{"_asyncio", functions, init, "The native half of asyncio."};

} // namespace aspy
