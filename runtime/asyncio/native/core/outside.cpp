#include "runtime/asyncio/native/core/outside.hpp"

#include "runtime/modules/support/contextvars.hpp"

namespace aspy {

void begin_activity(OutsideObject* object) {
  if (object->activities++) return;
  LoopState* state = object->loop->state;
  object->previous = nullptr;
  object->next = state->active;
  if (state->active) state->active->previous = object;
  state->active = object;
  state->poller.add_outside_work();
  incref(object); // the list's
}

void end_activity(OutsideObject* object) {
  if (--object->activities) return;
  LoopState* state = object->loop->state;
  if (object->previous) object->previous->next = object->next;
  else state->active = object->next;
  if (object->next) object->next->previous = object->previous;
  object->previous = object->next = nullptr;
  state->poller.remove_outside_work();
  decref(object);
}

void end_all_activities(OutsideObject* object) {
  if (object->activities == 0) return;
  object->activities = 1;
  end_activity(object);
}

void post(OutsideObject* object, Value callback, Ref argument) {
  if (!callback || object->loop->closed) return;
  call_soon(object->loop, {JobKind::RunCallback, share(callback).release(), argument.release(),
                           share(object->context).release()});
}

void outside_release(OutsideObject* object) {
  clear_field(object->context);
  clear_field(object->loop);
}

void outside_traverse(OutsideObject* object, Visitor& visit) {
  visit(object->context);
  visit(static_cast<Object*>(object->loop));
}

void abandon_outside_objects(EventLoop* loop) {
  while (OutsideObject* object = loop->state->active) {
    incref(object);
    object->abandon(object);
    end_all_activities(object);
    decref(object);
  }
}

} // namespace aspy
