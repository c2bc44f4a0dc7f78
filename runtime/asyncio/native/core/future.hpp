// Future: a result that is not there yet (asyncio.Future). Awaiting one that is done gives its result at
// once; else the waiting task goes into its first callback slot, which allocates nothing.
#pragma once

#include "vm/memory/block_pool.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/type/type.hpp"

#include <string>
#include <type_traits>
#include <vector>

namespace aspy {

struct Dict;
struct EventLoop;
struct Str;

enum class FutureState : uint8_t { Pending, Cancelled, Finished };

// Something to be told when a future is done. A Task as the callback, without a context, stands for its
// wake-up.
struct FutureCallback {
  Value callback, context; // owned; context empty: an empty one
};

// What few futures need.
struct FutureExtras {
  std::vector<FutureCallback> callbacks; // all but the first
  Value cancel_message;                  // owned; empty: None
  Value cancelled_error;                 // CancelledError to be raised again, with its traceback; owned
  Value name;                            // of a Task that was given one; owned
  Value traceback;                       // of `result` when it failed, until somebody has asked; owned
  Dict* attributes = nullptr;            // __dict__, once somebody has set one; owned
};

struct Future : Object {
  EventLoop* loop = nullptr;      // owned
  Value result;                   // owned: the result, or the exception when `failed`
  FutureCallback first;           // most futures have one callback
  FutureExtras* extras = nullptr; // owned; made on need
  FutureState state = FutureState::Pending;
  bool failed : 1 = false;        // `result` is an exception
  bool log_traceback : 1 = false; // failed, and nobody has asked yet
  bool blocking : 1 = false;      // _asyncio_future_blocking: just yielded to a task
  bool traced : 1 = false;        // debug mode: its source is recorded
  // Of a Task; they are here because there is room.
  bool must_cancel : 1 = false; // raise CancelledError at the next step
  bool log_destroy_pending : 1 = true;
  bool is_stepping : 1 = false;
  bool is_cancelling : 1 = false; // inside cancel(), which goes on to the task it waits for: rings end there

  FutureExtras& need_extras() {
    if (!extras) extras = new FutureExtras();
    return *extras;
  }
  Value cancel_message() const { return extras ? extras->cancel_message : Value(); }
};
extern Type future_type;
inline bool is_future(Value value) { return value.is_object() && is_instance(value, future_type); }
inline Future* as_future(Value value) { return cast<Future>(value); }
inline bool is_done(const Future* future) { return future->state != FutureState::Pending; }

// A Future or Task of exactly that type, with the collector told. A Future has nothing to say at its end
// until it gets an exception, so it passes for one that is finalized.
template <class T> T* allocate_future(Type& type) {
  T* future = new (pool_alloc(sizeof(T))) T();
  future->refcount = 1;
  future->gc_word = std::is_same_v<T, Future> ? Object::finalized : 0;
  future->type = &type;
  gc_track(future);
  return future;
}
Own<Future> make_future(EventLoop* loop);
// Each schedules the callbacks. Raise InvalidStateError when the future is done.
bool set_result(Thread& thread, Future* future, Value result);
bool set_exception(Thread& thread, Future* future, Value exception_or_class);
// cancel() of a plain future: false when it is done already.
bool cancel_future(Thread& thread, Future* future, Value message);
// The result, or its exception raised. InvalidStateError("Result is not set.").
Ref future_result(Thread& thread, Future* future);
// A CancelledError with the future's message.
Ref make_cancelled_error(Thread& thread, Future* future);
void add_callback(Future* future, Value callback, Ref context);
int remove_callback(Thread& thread, Future* future, Value callback); // how many; -1 raised
// Moves all callbacks to the ready queue: each is one hop.
void schedule_callbacks(Thread& thread, Future* future);

// For types that derive from it (Task): field clean-up and the text inside repr's <...>.
void future_release(Future* future);
void future_traverse(Object* object, Visitor& visit);
void future_clear(Object* object);
bool future_repr_info(Thread& thread, Future* future, std::string& text);
bool init_future(Thread& thread, Future* future, Value loop_or_none);

// asyncio's exceptions.
extern Type CancelledError_type, InvalidStateError_type;
void init_asyncio_exceptions();
void init_future_type();

} // namespace aspy
