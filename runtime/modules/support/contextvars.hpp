// Context variables (PEP 567). A context shares its map with its copies until one of them changes it, and a
// thread or task in which no variable was ever set has none at all: that makes the copy at each create_task
// free.
#pragma once

#include "vm/object/module.hpp"
#include "vm/object/thread.hpp"

namespace aspy {

// A copy of the thread's current context; empty when that has no variables (it stands for an empty one).
Ref copy_context_lazily(Thread& thread);
// As copy_context_lazily, but always a Context object: contextvars.copy_context().
Ref copy_context(Thread& thread);
// The thread's current context itself, made if it has none yet.
Ref enter_own_context(Thread& thread);
// True for Context objects.
bool is_context(Value value);
// Enters `context` (empty: a context of its own that is still empty) for the time of a scope. An empty one
// that became a Context on the way is put into `context` when the scope ends.
class ContextScope {
public:
  ContextScope(Thread& thread, Value& context)
      : thread_(thread), context_(context), outer_(std::exchange(thread.context, share(context).release())) {}
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;
  ~ContextScope() {
    Value left = std::exchange(thread_.context, outer_);
    if (context_) decref(left);
    else context_ = left;
  }

private:
  Thread& thread_;
  Value& context_;
  Value outer_; // owned while the scope lasts
};

extern const ModuleSpec contextvars_module;

} // namespace aspy
