#include "runtime/asyncio/native/io/input_watch.hpp"

#include "runtime/asyncio/native/core/event_loop.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"

#include <uv.h>

namespace aspy {
namespace {

// Lives until libuv has let go of it, which may be after the loop's next pass.
struct InputWatch {
  uv_poll_t uv;
  EventLoop* loop; // outlives the watch: it is stopped before the call returns
};

void readable(uv_poll_t* handle, int, int) {
  uv_poll_stop(handle); // what is typed is read elsewhere
  static_cast<InputWatch*>(handle->data)->loop->stopping = true;
}

} // namespace

Ref run_until_input(Thread& thread, const Value* args) {
  int64_t descriptor;
  if (!is_instance(args[0], event_loop_type)) return raise_type_error(thread, "a loop is needed");
  if (!to_int64(thread, args[1], descriptor)) return {};
  EventLoop* loop = as_loop(args[0]);
  auto* watch = new InputWatch{{}, loop};
  if (uv_poll_init(loop->state->poller.uv(), &watch->uv, static_cast<int>(descriptor)) < 0) {
    delete watch;
    return share(False);
  }
  watch->uv.data = watch;
  uv_poll_start(&watch->uv, UV_READABLE, readable);
  loop->state->poller.add_outside_work();
  bool fine = run_forever(thread, loop);
  loop->state->poller.remove_outside_work();
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->uv),
           [](uv_handle_t* handle) { delete static_cast<InputWatch*>(handle->data); });
  loop->state->poller.run_closing();
  return fine ? share(True) : Ref();
}

} // namespace aspy
