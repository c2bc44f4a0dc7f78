#include "runtime/asyncio/native/core/deadlock.hpp"

#include "runtime/asyncio/native/core/event_loop.hpp"
#include "runtime/asyncio/native/core/task.hpp"
#include "runtime/asyncio/native/diagnosis/short_repr.hpp"
#include "vm/interpreter/generator/generator_methods.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {

Type DeadlockError_type;

namespace {

// Where a task is suspended: the innermost frame of its awaits that is the script's own, and what that frame
// awaits in the library, as "Lock.acquire()".
struct Place {
  std::string text, call;
};

Place place_of(Thread& thread, Task* task) {
  Place place;
  if (!is_exact(task->coroutine, coroutine_type)) return place;
  for (Generator* link = as_generator(task->coroutine); link;) {
    Code* code = link->frame.code;
    if (code->flags & CodeLibrary) {
      if (place.call.empty()) place.call = fmt::format("{}()", generator_qualname(link)->view());
    } else if (link->state() == GeneratorState::Active) {
      place.call.clear();
      place.text =
          fmt::format(" at {}:{} in {}", code->filename->view(), position_at(code, link->frame.offset()).line,
                      generator_qualname(link)->view());
    }
    Ref awaited = generator_awaits(thread, link);
    bool goes_on = is_exact(awaited, coroutine_type) || is_exact(awaited, generator_type) ||
                   is_exact(awaited, async_generator_type);
    link = goes_on ? as_generator(awaited) : nullptr;
  }
  return place;
}

std::string name_of(Thread& thread, Task* task) {
  Ref name = task_name(thread, task);
  return is_str(name) ? std::string(cast<Str>(name)->view()) : shown(thread, name);
}

std::string describe(Thread& thread, Task* task) {
  std::string text = fmt::format("task {}", name_of(thread, task));
  Place place = place_of(thread, task);
  if (!place.call.empty()) {
    text += fmt::format(" waits in {}", place.call);
  } else if (task->waiter && is_task(task->waiter)) {
    text += fmt::format(" waits for task {}", name_of(thread, cast<Task>(task->waiter)));
  } else if (task->waiter) {
    text += fmt::format(" waits for {}", shown(thread, task->waiter));
  } else {
    text += " waits";
  }
  return text + place.text;
}

} // namespace

bool raise_deadlock(Thread& thread, EventLoop* loop) {
  std::string message =
      "deadlock: nothing is ready, no timer is set and nothing outside can wake the event loop";
  for (const Own<Task>& task : tasks_of(loop)) message += "\n  " + describe(thread, task.get());
  return raise(thread, DeadlockError_type, message);
}

namespace {
const TypeSpec spec{
    .name = "asyncio.exceptions.DeadlockError",
    .base = &RuntimeError_type,
    .flags = TypePlainName,
    .doc = "No task can ever go on: nothing is ready, no timer is set, nothing outside can wake the loop."};
}

void init_deadlock_error() { make_ready(DeadlockError_type, spec); }

} // namespace aspy
