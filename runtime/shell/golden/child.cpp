#include "runtime/shell/golden/child.hpp"

#include <csignal>
#include <deque>
#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

namespace aspy::shell {
namespace {

// One child with its handles. The four handles close independently; the last one to close finishes it.
struct Child {
  ChildCommand command;
  std::function<void(const ChildResult&)> done;
  std::function<void()> finished; // tells the pool that a place is free; destroys this
  ChildResult result;
  uv_process_t process{};
  uv_pipe_t out{}, err{};
  uv_timer_t limit{};
  int open_handles = 0;
  uint64_t started = 0;

  void start(uv_loop_t* loop);
  void close(uv_handle_t* handle);
};

Child* child_of(void* handle) { return static_cast<Child*>(static_cast<uv_handle_t*>(handle)->data); }

void when_closed(uv_handle_t* handle) {
  Child* child = child_of(handle);
  if (--child->open_handles > 0) return;
  child->done(child->result);
  auto finished = std::move(child->finished); // which deletes the child, and itself with it
  finished();
}

// libuv hands over what it read before it asks again, so one buffer serves all children.
void when_asked_for_room(uv_handle_t*, size_t, uv_buf_t* room) {
  static char buffer[64 * 1024];
  *room = uv_buf_init(buffer, sizeof buffer);
}

void when_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* data) {
  Child* child = child_of(stream);
  if (count < 0) return child->close(reinterpret_cast<uv_handle_t*>(stream)); // the end, or a lost pipe
  bool is_out = stream == reinterpret_cast<uv_stream_t*>(&child->out);
  (is_out ? child->result.out : child->result.err).append(data->base, static_cast<size_t>(count));
}

void when_exited(uv_process_t* process, int64_t status, int signal) {
  Child* child = child_of(process);
  child->result.exit_code = signal ? 128 + signal : static_cast<int>(status);
  child->result.signal = signal;
  child->result.seconds = static_cast<double>(uv_hrtime() - child->started) / 1e9;
  child->close(reinterpret_cast<uv_handle_t*>(&child->limit));
  child->close(reinterpret_cast<uv_handle_t*>(process));
}

// What the child itself started may hold the pipes open for ever: they are not read to their end.
void when_time_is_up(uv_timer_t* timer) {
  Child* child = child_of(timer);
  child->result.timed_out = true;
  uv_process_kill(&child->process, SIGKILL);
  child->close(reinterpret_cast<uv_handle_t*>(&child->out));
  child->close(reinterpret_cast<uv_handle_t*>(&child->err));
}

void Child::close(uv_handle_t* handle) {
  if (!uv_is_closing(handle)) uv_close(handle, when_closed);
}

void Child::start(uv_loop_t* loop) {
  process.data = out.data = err.data = limit.data = this;
  uv_pipe_init(loop, &out, 0);
  uv_pipe_init(loop, &err, 0);
  uv_timer_init(loop, &limit);
  open_handles = 4;

  std::vector<char*> words;
  for (std::string& word : command.arguments) words.push_back(word.data());
  words.push_back(nullptr);
  int input = open(command.input.c_str(), O_RDONLY | O_CLOEXEC);
  uv_stdio_container_t streams[3] = {};
  streams[0].flags = input < 0 ? UV_IGNORE : UV_INHERIT_FD;
  streams[0].data.fd = input;
  streams[1].flags = streams[2].flags = uv_stdio_flags(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
  streams[1].data.stream = reinterpret_cast<uv_stream_t*>(&out);
  streams[2].data.stream = reinterpret_cast<uv_stream_t*>(&err);
  uv_process_options_t options{};
  options.exit_cb = when_exited;
  options.file = words[0];
  options.args = words.data();
  options.cwd = command.directory.c_str();
  options.stdio = streams;
  options.stdio_count = 3;
  started = uv_hrtime();
  int error = uv_spawn(loop, &process, &options);
  if (input >= 0) ::close(input);

  if (error) {
    result.failure = uv_strerror(error);
    for (void* handle : {(void*)&process, (void*)&out, (void*)&err, (void*)&limit})
      close(static_cast<uv_handle_t*>(handle));
    return;
  }
  uv_timer_start(&limit, when_time_is_up, command.time_limit, 0);
  uv_read_start(reinterpret_cast<uv_stream_t*>(&out), when_asked_for_room, when_read);
  uv_read_start(reinterpret_cast<uv_stream_t*>(&err), when_asked_for_room, when_read);
}

} // namespace

struct ChildPool::State {
  uv_loop_t loop;
  unsigned free_places;
  std::deque<std::unique_ptr<Child>> waiting;

  void fill() {
    while (free_places && !waiting.empty()) {
      --free_places;
      Child* child = waiting.front().release();
      waiting.pop_front();
      child->finished = [this, child] {
        delete child;
        ++free_places;
        fill();
      };
      child->start(&loop);
    }
  }
};

ChildPool::ChildPool(unsigned most_at_once) : state_(std::make_unique<State>()) {
  uv_loop_init(&state_->loop);
  state_->free_places = most_at_once ? most_at_once : 1;
}

ChildPool::~ChildPool() { uv_loop_close(&state_->loop); }

void ChildPool::add(ChildCommand command, std::function<void(const ChildResult&)> done) {
  auto child = std::make_unique<Child>();
  child->command = std::move(command);
  child->done = std::move(done);
  state_->waiting.push_back(std::move(child));
}

void ChildPool::run() {
  state_->fill();
  uv_run(&state_->loop, UV_RUN_DEFAULT);
}

} // namespace aspy::shell
