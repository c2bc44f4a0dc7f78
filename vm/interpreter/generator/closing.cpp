// close(): GeneratorExit, for a generator and for all that it waits for.
#include "vm/interpreter/generator/generator_methods.hpp"

#include "vm/interpreter/operation/operations.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/slot/protocol.hpp"

#include <fmt/format.h>

namespace aspy {

namespace {

// Where a generator that waits for another one keeps it, or the step of it.
Value& awaited_slot(Frame& frame) {
  Word word = *frame.ip;
  return frame.regs[b_of(word) + (generic_op(op_of(word)) == Op::AsyncForIter ? 1 : 0)];
}

// Raises GeneratorExit, or the exception that is pending, inside. False: an exception is pending, and not one
// that only says that the generator has ended.
bool close_suspended(Thread& thread, Generator* generator, Ref& result, uint8_t flags = 0) {
  if (!thread.error) raise_value(thread, Value(&GeneratorExit_type));
  switch (drive(thread, generator, Entry::Throw, Ref(), result, flags)) {
  case RunOutcome::Raised:
    if (!error_matches(thread, GeneratorExit_type) && !error_matches(thread, StopIteration_type))
      return false;
    clear_error(thread);
    result = share(None);
    return true;
  case RunOutcome::Returned: return true;
  default:
    return raise(thread, RuntimeError_type,
                 fmt::format("{} ignored GeneratorExit", generator_kind(generator)));
  }
}

// The same for an async generator in the middle of the step that `waiting` waits for: the step's close().
bool close_step(Thread& thread, Generator* generator, Frame& waiting) {
  StepKind kind = async_step_kind(waiting.regs, *waiting.ip);
  if (!thread.error) raise_value(thread, Value(&GeneratorExit_type));
  Ref value;
  RunOutcome outcome = drive(thread, generator, Entry::Throw, Ref(), value, FrameLink);
  if (outcome == RunOutcome::Yielded)
    return raise(thread, RuntimeError_type, "coroutine ignored GeneratorExit");
  generator->frame.running_async = false;
  if (Value step = awaited_slot(waiting)) cast<AsyncStep>(step)->finished = true;
  if (end_step(thread, kind, outcome, value)) return true;
  if (!error_matches(thread, GeneratorExit_type) && !error_matches(thread, StopIteration_type) &&
      !error_matches(thread, StopAsyncIteration_type))
    return false;
  clear_error(thread);
  return true;
}

// Closes what a suspended generator waits for: all links of its chain, the innermost first. Afterwards it is
// the innermost one itself; an exception that it is to get in place of a result may be pending.
void close_awaited(Thread& thread, Generator* generator) {
  Generator* link = generator->leaf;
  generator->frame.suspended = false; // meanwhile nobody may resume it
  while (link != generator) {
    Generator* waiting = link->frame.caller->generator();
    // From here on the link is a chain of its own, and what waits for it is the end of the rest.
    link->frame.caller = nullptr;
    link->frame.suspended = true;
    link->leaf = link;
    assign(link->handled, Ref::steal(std::exchange(generator->handled, Value())));
    {
      Own<Generator> alive = Own<Generator>::share(link);
      Ref result;
      if (link->type == &async_generator_type) close_step(thread, link, waiting->frame);
      else close_suspended(thread, link, result, FrameLink);
      link->frame.flags &= ~FrameLink;
      if (!link->is_suspended())
        assign(generator->handled, Ref::steal(std::exchange(link->handled, Value())));
      Ref error = Ref::steal(std::exchange(thread.error, Value()));
      clear_field(awaited_slot(waiting->frame));
      thread.error = error.release();
    }
    link = waiting;
  }
  generator->leaf = generator;
  generator->frame.suspended = true;
}

} // namespace

RunOutcome throw_inside(Thread& thread, Generator* generator, Ref& out) {
  if (generator->leaf != generator && error_matches(thread, GeneratorExit_type)) {
    Ref exit = take_error(thread);
    close_awaited(thread, generator);
    if (!thread.error) thread.error = exit.release();
  }
  return drive(thread, generator, Entry::Throw, Ref(), out);
}

bool close_generator(Thread& thread, Generator* generator, Ref& result) {
  result = share(None);
  if (generator->state() == GeneratorState::Finished) return true;
  if (generator->state() == GeneratorState::Created) {
    finish_generator(thread, generator);
    return true;
  }
  if (!may_drive(thread, generator)) return false;
  if (generator->leaf != generator) close_awaited(thread, generator);
  return close_suspended(thread, generator, result);
}

} // namespace aspy
