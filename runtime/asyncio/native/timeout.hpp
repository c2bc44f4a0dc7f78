// asyncio.Timeout: cancels the task of the block that it guards at a deadline, and turns that cancellation,
// when it leaves the block, into TimeoutError. It is the callback of its own timer (SelfCallback in
// core/handle.hpp).
#pragma once

#include "runtime/asyncio/native/core/handle.hpp"
#include "vm/object/attribute/shape.hpp"

namespace aspy {

enum class TimeoutState : uint8_t { Created, Active, Expiring, Expired, Finished };

struct TimeoutObject : Object {
  Attrs attrs;             // __dict__
  Value when;              // the deadline on the loop's clock, or None; owned
  Value task;              // whose block it is; owned
  Handle* timer = nullptr; // owned
  int64_t cancelling = 0;  // how often the task had been asked to cancel when it entered
  TimeoutState state = TimeoutState::Created;
};
extern Type timeout_type;

Own<TimeoutObject> make_timeout(Value when);
// False: raised (it was entered before, or there is no task).
bool enter_timeout(Thread& thread, TimeoutObject* timeout);
// The block ended, with an exception or an empty value. False: TimeoutError is pending in place of a
// cancellation.
bool exit_timeout(Thread& thread, TimeoutObject* timeout, Value exception);

void init_timeout_type(Thread& thread);
Ref wait_for_function(Thread& thread); // asyncio.wait_for

} // namespace aspy
