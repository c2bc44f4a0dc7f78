// The end of an object: its finaliser, its weak references, its memory.
#include "vm/memory/heap.hpp"
#include "vm/object/object.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/type/type.hpp"

#include <vector>

namespace aspy {

void clear_weakrefs(Object* object); // vm/object/weakref.hpp

namespace {

// A chain of objects that own each other (a linked list, nested tuples) would recurse once a link.
// Beyond this depth the dead are queued and buried by the outermost call.
constexpr int max_depth = 200;
thread_local int depth = 0;
thread_local std::vector<Object*> queue;

// Runs __del__ and the like, once in the object's life. False when it brought the object back to life.
bool finalize(Object* object) {
  object->refcount = 1; // the finaliser may take and drop references
  object->set_flag(Object::finalized);
  Thread& thread = Thread::current();
  {
    ErrorShelter shelter(thread);
    object->type->slots.finalize(thread, object);
  }
  return --object->refcount == 0;
}

void bury(Object* object) {
  Type* type = object->type;
  if (type->slots.finalize && !object->has_flag(Object::finalized) && !finalize(object)) return;
  // From here on a collection must not see it: it is dead, and soon in pieces.
  if (object->is_tracked()) gc_untrack(object);
  if (object->has_flag(Object::has_weakrefs)) {
    // Callbacks run with the object still whole, though nothing can reach it any more.
    ErrorShelter shelter(Thread::current());
    clear_weakrefs(object);
  }
  type->slots.dealloc(object);
}

} // namespace

void destroy(Object* object) {
  if (depth >= max_depth) {
    // A finaliser may still see it through its weak references, so those wait with it.
    if (object->is_tracked()) gc_untrack(object);
    queue.push_back(object);
    return;
  }
  ++depth;
  bury(object);
  if (--depth == 0) {
    // Whatever was too deep then is shallow now.
    while (!queue.empty()) {
      Object* next = queue.back();
      queue.pop_back();
      ++depth;
      bury(next);
      --depth;
    }
  }
}

} // namespace aspy
