// Threads of execution: their stacks, and what interrupts them.
#include "vm/object/thread.hpp"
#include "vm/interpreter/frame/frame.hpp"
#include "vm/interpreter/thread/breaker.hpp"
#include "vm/interpreter/thread/lock.hpp"
#include "vm/memory/collector.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/slot/protocol.hpp"

#include <algorithm>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace aspy {

namespace {

thread_local Thread* current_thread = nullptr;
std::atomic<uint64_t> next_ident{1};

// Address space reserved for one thread; pages are taken only when touched.
constexpr size_t stack_values = size_t{1} << 24; // 128 MiB
constexpr size_t stack_frames = size_t{1} << 20; // deeper recursion limits than this make no sense
constexpr size_t native_reserve =
    StackAllowance::bytes + (size_t{256} << 10); // of the C++ stack, for natives that do not ask

void* reserve(size_t bytes) {
  void* memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

// Where the calling OS thread's stack ends; null: unknown.
const char* lowest_stack_address() {
  if (getpid() == gettid()) {
    // pthread_getattr_np would read /proc/self/maps for the main thread, at every start. Its stack begins
    // with the name of the program, and may grow to the limit.
    auto* top = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
    rlimit limit;
    if (!top || getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur > reinterpret_cast<uintptr_t>(top))
      return nullptr;
    return top - limit.rlim_cur;
  }
  pthread_attr_t attributes;
  void* lowest = nullptr;
  size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
    pthread_attr_getstack(&attributes, &lowest, &size);
    pthread_attr_destroy(&attributes);
  }
  return static_cast<const char*>(lowest);
}

} // namespace

Thread& Thread::current() { return *current_thread; }

Thread* new_thread() {
  auto* thread = new Thread();
  thread->stack_base = static_cast<Value*>(reserve(stack_values * sizeof(Value)));
  thread->frame_base = static_cast<StackFrame*>(reserve(stack_frames * sizeof(StackFrame)));
  if (!thread->stack_base || !thread->frame_base) {
    delete_thread(thread);
    return nullptr;
  }
  thread->stack_limit = thread->stack_base + stack_values - 1024;
  thread->frame_top = thread->frame_base;
  thread->frame_limit = thread->frame_base + stack_frames;
  thread->ident = next_ident++;
  return thread;
}

void bind_thread(Thread* thread) {
  current_thread = thread;
  if (!thread) return;
  // An unlimited stack is reported as huge; trust no more than 64 MiB of it below where we are.
  const char* here = static_cast<const char*>(__builtin_frame_address(0));
  const char* floor = std::max(here - (size_t{64} << 20), lowest_stack_address());
  thread->native_limit = floor + native_reserve;
}

void delete_thread(Thread* thread) {
  if (!thread) return;
  clear_field(thread->error);
  clear_field(thread->handled);
  clear_field(thread->context);
  clear_field(thread->asyncgen_firstiter);
  clear_field(thread->asyncgen_finalizer);
  clear_field(thread->running_loop);
  if (thread->stack_base) munmap(thread->stack_base, stack_values * sizeof(Value));
  if (thread->frame_base) munmap(thread->frame_base, stack_frames * sizeof(StackFrame));
  if (current_thread == thread) current_thread = nullptr;
  delete thread;
}

void end_thread(Thread* thread) {
  Thread shell; // stands in as the holder while the state goes
  delete_thread(thread);
  release_lock(shell);
}

bool check_native_stack(Thread& thread) {
  if (static_cast<const char*>(__builtin_frame_address(0)) > thread.native_limit) return true;
  return raise(thread, RecursionError_type, "maximum recursion depth exceeded");
}

bool (*pending_signals_hook)(Thread& thread) = nullptr;

bool handle_breaker(Thread& thread) {
  uint32_t reasons = thread.breaker.exchange(0);
  if (reasons & BreakLock) {
    release_lock(thread);
    acquire_lock(thread);
  }
  if (reasons & BreakCollect) collect_if_due(thread);
  if ((reasons & BreakSignal) && pending_signals_hook && !pending_signals_hook(thread)) return false;
  return true;
}

} // namespace aspy
