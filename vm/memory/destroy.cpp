// The end of an object: its finaliser, its weak references, its memory.
#include "vm/memory/heap.hpp"
#include "vm/object/object.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/type/type.hpp"
#include "vm/object/weakref.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace aspy {

namespace {

// A chain of objects that own each other (a linked list, nested tuples) would recurse once a link.
// Beyond this depth the dead are queued and buried by the outermost call.
constexpr int max_depth = 200;
// Plain data, so that a look at it costs no more than one at any other variable of the thread.
struct Burials {
  int depth;
  std::vector<Object*>* queue; // owned; null while nobody waits
};
thread_local Burials burials;

// Runs __del__ and the like, once in the object's life. False when it brought the object back to life.
bool finalize(Object* object) {
  object->refcount = 1; // the finaliser may take and drop references
  object->set_flag(Object::finalized);
  Thread& thread = Thread::current();
  // What dies while the finaliser runs is buried then and there: it is no link of the chain outside, and
  // a finaliser that makes objects like its own must meet the recursion limit instead of going on forever.
  Burials outer = std::exchange(burials, Burials{});
  {
    ErrorShelter shelter(thread);
    object->type->slots.finalize(thread, object);
  }
  burials = outer;
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

// Whatever was too deep before is shallow now.
void bury_queued() {
  while (burials.queue) {
    auto queue = std::unique_ptr<std::vector<Object*>>(std::exchange(burials.queue, nullptr));
    for (; !queue->empty(); queue->pop_back()) {
      ++burials.depth;
      bury(queue->back());
      --burials.depth;
    }
  }
}

} // namespace

void destroy(Object* object) {
  // The commonest of all, and the simplest: strings and numbers own no object, and nobody watches them go.
  Type* type = object->type;
  if (type == &str_type || type == &int_type) return type->slots.dealloc(object);
  if (burials.depth >= max_depth) [[unlikely]] {
    // A finaliser may still see it through its weak references, so those wait with it.
    if (object->is_tracked()) gc_untrack(object);
    if (!burials.queue) burials.queue = new std::vector<Object*>();
    burials.queue->push_back(object);
    return;
  }
  ++burials.depth;
  if (!type->slots.finalize && !object->has_flag(Object::has_weakrefs)) [[likely]] {
    if (object->is_tracked()) gc_untrack(object);
    type->slots.dealloc(object);
  } else {
    bury(object);
  }
  if (--burials.depth == 0 && burials.queue) [[unlikely]]
    bury_queued();
}

} // namespace aspy
