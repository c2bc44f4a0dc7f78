// Waiting: what `await`, `yield from` and `async for` do with objects that are not script generators.
#include "vm/interpreter/operation/operations.hpp"

#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {

Ref async_iter(Thread& thread, Value iterable) {
  auto* slot = type_of(iterable)->slots.aiter;
  if (!slot)
    return raise_type_error(
        thread,
        fmt::format("'async for' requires an object with __aiter__ method, got {}", type_name(iterable)));
  Ref iterator = slot(thread, iterable);
  if (iterator && !type_of(iterator)->slots.anext)
    return raise_type_error(
        thread,
        fmt::format("'async for' received an object from __aiter__ that does not implement __anext__: {}",
                    type_name(iterator)));
  return iterator;
}

Ref async_next(Thread& thread, Value iterator) {
  auto* slot = type_of(iterator)->slots.anext;
  if (!slot)
    return raise_type_error(
        thread,
        fmt::format("'async for' requires an iterator with __anext__ method, got {}", type_name(iterator)));
  return slot(thread, iterator);
}

Ref await_iter(Thread& thread, Value awaitable, bool from_anext) {
  // A generator made by types.coroutine is its own iterator.
  if (is_exact(awaitable, generator_type) &&
      (as_generator(awaitable)->frame.code->flags & CodeIterableCoroutine))
    return share(awaitable);
  auto* slot = type_of(awaitable)->slots.await_iter;
  if (!slot) {
    if (from_anext)
      return raise_type_error(thread, fmt::format("'async for' received an invalid object from __anext__: {}",
                                                  type_name(awaitable)));
    return raise_type_error(thread, fmt::format("'{}' object can't be awaited", type_name(awaitable)));
  }
  Ref iterator = slot(thread, awaitable);
  if (!iterator) return iterator;
  if (is_exact(iterator, coroutine_type)) return raise_type_error(thread, "__await__() returned a coroutine");
  if (!type_of(iterator)->slots.next && !type_of(iterator)->slots.send)
    return raise_type_error(
        thread, fmt::format("__await__() returned non-iterator of type '{}'", type_name(iterator)));
  return iterator;
}

Ref delegate_iter(Thread& thread, Value iterable, const Code* code) {
  if (is_exact(iterable, generator_type)) return share(iterable);
  if (is_exact(iterable, coroutine_type)) {
    if (!(code->flags & (CodeCoroutine | CodeIterableCoroutine)))
      return raise_type_error(thread, "cannot 'yield from' a coroutine object in a non-coroutine generator");
    return share(iterable);
  }
  return iter(thread, iterable);
}

SendOutcome send_into(Thread& thread, Value awaitable, Value sent, Ref& out) {
  Type* type = type_of(awaitable);
  if (type->slots.send) return type->slots.send(thread, awaitable, sent, out);
  if (!sent || sent.is_none()) {
    if (!type->slots.next) {
      raise_type_error(thread, fmt::format("'{}' object is not an iterator", type_name(awaitable)));
      return SendOutcome::Raised;
    }
    out = type->slots.next(thread, awaitable);
  } else {
    out = call_method(thread, awaitable, names::send, {sent});
  }
  if (out) return SendOutcome::Yielded;
  if (!thread.has_error()) {
    out = share(None);
    return SendOutcome::Returned;
  }
  if (!error_matches(thread, StopIteration_type)) return SendOutcome::Raised;
  out = take_stop_value(thread);
  return out ? SendOutcome::Returned : SendOutcome::Raised;
}

SendOutcome throw_into(Thread& thread, Value awaitable, Ref& out) {
  Type* type = type_of(awaitable);
  if (type == &async_generator_asend_type || type == &async_generator_athrow_type) return SendOutcome::Raised;
  bool closing = error_matches(thread, GeneratorExit_type);
  Ref error = take_error(thread);
  Ref method = find_attr(thread, awaitable, closing ? names::close : names::throw_);
  if (!method) {
    if (!thread.has_error()) thread.error = error.release();
    return SendOutcome::Raised;
  }
  if (closing) {
    if (!call(thread, method)) return SendOutcome::Raised;
    thread.error = error.release();
    return SendOutcome::Raised;
  }
  const Thrown* thrown = thread.thrown;
  if (thrown && thrown->exception == error.get()) {
    uint32_t count = 1;
    while (count < 3 && thrown->arguments[count]) ++count;
    out = call(thread, method, CallArgs{thrown->arguments, count, nullptr});
  } else {
    out = call(thread, method, {error});
  }
  if (out) return SendOutcome::Yielded;
  if (!error_matches(thread, StopIteration_type)) return SendOutcome::Raised;
  if (thread.error == error.get()) return SendOutcome::Raised; // the very exception came back
  out = take_stop_value(thread);
  return out ? SendOutcome::Returned : SendOutcome::Raised;
}

bool begin_direct_step(Thread& thread, Generator* generator) {
  if (!generator->frame.hooks_done && !run_firstiter_hook(thread, generator)) return false;
  if (generator->state() == GeneratorState::Finished)
    return raise_value(thread, Value(&StopAsyncIteration_type));
  if (generator->frame.running_async)
    return raise(thread, RuntimeError_type, "anext(): asynchronous generator is already running");
  generator->frame.running_async = true;
  return true;
}

StepKind async_step_kind(Value* R, Word word) {
  Value awaited = R[generic_op(op_of(word)) == Op::AsyncForIter ? b_of(word) + 1 : b_of(word)];
  if (is_exact(awaited, async_generator_asend_type) || is_exact(awaited, async_generator_athrow_type))
    return cast<AsyncStep>(awaited)->kind;
  return StepKind::Send;
}

} // namespace aspy
