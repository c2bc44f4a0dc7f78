// Generators, coroutines and async generators as other parts of the VM see them: one allocation each, with
// frame and registers behind the header (vm/interpreter/frame/frame.hpp).
#pragma once

#include "vm/object/object.hpp"

namespace aspy {

enum class SendOutcome : uint8_t; // vm/object/type/type.hpp

extern Type generator_type, coroutine_type, async_generator_type, coroutine_wrapper_type;
extern Type async_generator_asend_type, async_generator_athrow_type, anext_awaitable_type;

// One step of a generator, coroutine, or any native object with a `send` slot: resumes it with `sent` (None
// or empty at the start). Whoever calls this drives the chain of awaits: the step runs until the innermost
// frame yields to it, and costs the same at any depth of awaits.
SendOutcome resume(Thread& thread, Value generator, Value sent, Ref& out);
// As resume, raising the thread's pending exception at the innermost suspended await.
SendOutcome resume_with_error(Thread& thread, Value generator, Ref& out);
// anext(iterator, fallback): waits for `awaitable`, giving `fallback` in place of StopAsyncIteration.
Ref make_anext_awaitable(Value awaitable, Value fallback);

} // namespace aspy
