// Thread: the state of one thread of execution. Explicit in every signature; the thread that runs
// holds the interpreter lock (vm/interpreter/thread/lock.hpp).
#pragma once

#include "vm/object/object.hpp"

#include <atomic>
#include <cstdint>

namespace aspy {

struct Frame;
struct StackFrame;
struct Generator;
struct ExceptionObject;
struct Dict;

// Reasons to leave the fast path, tested at calls and at backward jumps (the "eval breaker").
enum BreakerBit : uint32_t {
  BreakSignal = 1,     // a signal's handler wants to run
  BreakCollect = 2,    // the collector's threshold was passed
  BreakLock = 4,       // another thread waits for the interpreter lock
  BreakAsyncError = 8, // an exception is to be raised in this thread
};

// An exception that was passed to throw(), with the arguments as they were given.
struct Thrown {
  Value exception;        // borrowed
  const Value* arguments; // type or exception, value, traceback; the last two may be empty
};

struct Thread {
  // --- errors -----------------------------------------------------------------------------------
  // The pending exception, owned; empty when there is none. A function that returns an empty Ref,
  // false or -1 "raised" leaves it set (its documentation says so).
  Value error;
  // The exception being handled (sys.exception()), owned; empty when there is none.
  Value handled;

  // --- execution --------------------------------------------------------------------------------
  Frame* frame = nullptr; // innermost running frame, null outside script code
  Generator* root =
      nullptr; // bottom of the chain of awaits that is being driven (vm/interpreter/frame/frame.hpp)
  std::atomic<uint32_t> breaker{0};
  uint32_t recursion_limit = 1000;  // sys.setrecursionlimit: script frames nested at most
  uint32_t origin_depth = 0;        // how many frames coroutines remember as their origin
  Thrown* thrown = nullptr;         // by the throw() that is under way
  Value* stack_base = nullptr;      // the register stack: reserved at once, never moves
  Value* stack_limit = nullptr;     // behind its last slot
  StackFrame* frame_base = nullptr; // the frame stack, likewise
  StackFrame* frame_top = nullptr;  // its next free frame
  StackFrame* frame_limit = nullptr;
  const char* native_limit = nullptr; // lowest address that natives may reach on the C++ stack
  bool has_allowance = false;         // it is lower than usual for the time being (StackAllowance)

  // --- per thread, visible to scripts ---------------------------------------------------------------
  Value context;            // the current contextvars.Context, owned; empty until one is needed
  Value asyncgen_firstiter; // sys.set_asyncgen_hooks, owned
  Value asyncgen_finalizer;
  Value running_loop; // asyncio's running event loop, owned; empty when none runs
  Value current_task; // asyncio's running task, borrowed from the loop's step; empty when none
  uint64_t ident = 0;

  bool has_error() const { return !error.is_empty(); }

  // The thread that holds the interpreter lock. For destructors only: everything else is handed its
  // Thread.
  static Thread& current();
};

// Takes the pending exception out of the thread (empty Ref when there is none).
inline Ref take_error(Thread& thread) { return Ref::steal(std::exchange(thread.error, Value())); }
inline void clear_error(Thread& thread) { clear_field(thread.error); }

// Keeps the pending exception aside for the time of a scope, restoring it at the end: for clean-up
// code that runs while an error is under way. An error pending at the end of the scope is dropped.
class ErrorShelter {
public:
  explicit ErrorShelter(Thread& thread) : thread_(thread), saved_(std::exchange(thread.error, Value())) {}
  ErrorShelter(const ErrorShelter&) = delete;
  ErrorShelter& operator=(const ErrorShelter&) = delete;
  ~ErrorShelter() { decref(std::exchange(thread_.error, saved_)); }

private:
  Thread& thread_;
  Value saved_;
};

// True while the C++ stack has room for natives that call back; otherwise raises RecursionError
// ("maximum recursion depth exceeded"). Called by anything that recurses natively: repr of nested
// containers, comparison, calls from natives into script code.
[[nodiscard]] bool check_native_stack(Thread& thread);

// Lets what reports an error go `bytes` beyond the limit that the error may just have met. Inside another one
// it does nothing.
class StackAllowance {
public:
  static constexpr size_t bytes = size_t{128} << 10;
  explicit StackAllowance(Thread& thread) : thread_(thread), taken_(!thread.has_allowance) {
    if (!taken_) return;
    thread.has_allowance = true;
    thread.native_limit -= bytes;
  }
  StackAllowance(const StackAllowance&) = delete;
  StackAllowance& operator=(const StackAllowance&) = delete;
  ~StackAllowance() {
    if (!taken_) return;
    thread_.has_allowance = false;
    thread_.native_limit += bytes;
  }

private:
  Thread& thread_;
  bool taken_;
};

} // namespace aspy
