// Weak references: weakref.ref, weakref.proxy, and the table that knows who refers to whom.
#pragma once

#include "vm/object/object.hpp"

namespace aspy {

struct WeakRef : Object {
  Object* target = nullptr; // not owned; null once it has died
  Value callback;           // owned; empty: none
  WeakRef* next = nullptr;  // of the same target
  WeakRef* previous = nullptr;
  int64_t hash = 0; // of the target, once asked for
  bool has_hash = false;
};
extern Type weakref_type, weakproxy_type, callable_proxy_type;

// weakref.ref(target, callback) or proxy; TypeError "cannot create weak reference to 'int' object".
Ref make_weakref(Thread& thread, Value target, Value callback_or_empty);
Ref make_weak_proxy(Thread& thread, Value target, Value callback_or_empty);
// The target, owned; empty when it has died.
Ref weakref_target(Value weakref);
// The oldest reference to the object (its __weakref__), or None.
Ref first_weakref(Object* target);
int64_t weakref_count(Object* target);
Ref weakref_list(Object* target);

// Makes all references to a dying object dead, then calls their callbacks. For destroy() and the collector.
void clear_weakrefs(Object* object);

} // namespace aspy
