// Generators, coroutines and async generators: one object each, with frame and registers behind it.
#pragma once

#include "vm/object/type.hpp"

namespace aspy {

struct Frame;
struct Generator; // also coroutines and async generators: told apart by type

extern Type generator_type, coroutine_type, async_generator_type, coroutine_wrapper_type;
extern Type async_generator_asend_type, async_generator_athrow_type, anext_awaitable_type;

// One step of a generator-like script object or any native one with a `send` slot: resumes it with `sent` (empty or None at the
// start). The driver of a chain of awaits is whoever calls this; the step runs until the innermost frame
// yields to it. Costs the same at any depth of awaits.
SendOutcome resume(Thread& thread, Value generator, Value sent, Ref& out);
// As resume, raising the thread's pending exception at the innermost suspended await.
SendOutcome resume_with_error(Thread& thread, Value generator, Ref& out);

} // namespace aspy
