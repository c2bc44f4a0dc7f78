// Objects that stand for something outside the program (a socket, a name lookup), seen through the loop's
// poller.
//
// While one is *active* - libuv may still call back for it - its loop owns it and counts it as outside work.
// Its libuv callbacks never run script code: they put a job on the loop's ready queue.
#pragma once

#include "runtime/asyncio/native/core/event_loop.hpp"

namespace aspy {

struct OutsideObject : Object {
  EventLoop* loop = nullptr; // owned
  Value context;             // in which callbacks run: that of its making; owned, or empty
  OutsideObject *previous = nullptr, *next = nullptr; // in the loop's list of active ones
  int activities = 0;                                 // reasons to be active
  void (*abandon)(OutsideObject*) = nullptr; // the loop closes: let go of libuv, and of all activities
};

void begin_activity(OutsideObject* object);
void end_activity(OutsideObject* object);       // may free the object
void end_all_activities(OutsideObject* object); // likewise

// Queues callback(argument) on the object's loop. A closed loop ignores it.
void post(OutsideObject* object, Value callback, Ref argument);

// The clean-up and traversal that all of them share.
void outside_release(OutsideObject* object);
void outside_traverse(OutsideObject* object, Visitor& visit);

// loop.close(): abandons every active object.
void abandon_outside_objects(EventLoop* loop);

// The positive errno of a libuv error.
inline int64_t errno_of(int status) { return status < 0 ? -status : 0; }

} // namespace aspy
