#include "runtime/loop/poller.hpp"

#include "vm/interpreter/thread/lock.hpp"

#include <algorithm>
#include <cmath>
#include <poll.h>
#include <uv.h>

namespace aspy {

struct Poller::State {
  uv_loop_t loop;
  uv_timer_t timer; // bounds a poll
  uv_async_t waker; // ends one from elsewhere
};

Poller::~Poller() {
  if (!state_) return;
  uv_walk(
      &state_->loop,
      [](uv_handle_t* handle, void*) {
        // Sockets are closed by their objects, which never outlive the loop.
        if (!uv_is_closing(handle)) uv_close(handle, nullptr);
      },
      nullptr);
  uv_run(&state_->loop, UV_RUN_DEFAULT);
  uv_loop_close(&state_->loop);
  delete state_;
}

uv_loop_s* Poller::uv() {
  if (!state_) {
    state_ = new State;
    uv_loop_init(&state_->loop);
    uv_timer_init(&state_->loop, &state_->timer);
    uv_unref(reinterpret_cast<uv_handle_t*>(&state_->timer));
    // Stays referenced: uv_run does nothing, not even register descriptors, for a loop without live handles.
    uv_async_init(&state_->loop, &state_->waker, [](uv_async_t*) {});
  }
  return &state_->loop;
}

void Poller::poll(Thread& thread, double seconds, const ReadyQueue& ready) {
  uv_loop_t* loop = uv();
  // Also registers new watchers with the kernel, which libuv does only here.
  uv_run(loop, UV_RUN_NOWAIT);
  if (seconds == 0 || !ready.empty()) return;
  // Callbacks that libuv still owes us (closing handles, finished work) must not wait.
  if (uv_backend_timeout(loop) == 0 && uv_loop_alive(loop)) {
    uv_run(loop, UV_RUN_NOWAIT);
    return;
  }
  // Block on the loop's file descriptor ourselves, so that the lock can be released meanwhile. Never early:
  // whole milliseconds, rounded up.
  int wait = seconds < 0 ? -1 : static_cast<int>(std::min(std::ceil(seconds * 1000), 86'400'000.0));
  pollfd descriptor{uv_backend_fd(loop), POLLIN, 0};
  {
    Unlocked unlocked(thread);
    ::poll(&descriptor, 1, wait);
  }
  uv_run(loop, UV_RUN_NOWAIT);
}

void Poller::run_closing() {
  if (state_) uv_run(&state_->loop, UV_RUN_NOWAIT);
}

void Poller::wake() {
  if (state_) uv_async_send(&state_->waker);
}

} // namespace aspy
