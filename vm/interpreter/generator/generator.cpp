// Generators and coroutines: making, driving, and their methods.
#include "vm/object/generator.hpp"

#include "vm/bytecode/image.hpp"
#include "vm/interpreter/frame/frame_object.hpp"
#include "vm/interpreter/frame_stack.hpp"
#include "vm/interpreter/generator/generator_methods.hpp"
#include "vm/interpreter/generator/native_await.hpp"
#include "vm/memory/block_pool.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/warnings.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {

// --- driving ---

void push_root(Thread& thread, Generator* root) {
  root->previous_root = thread.root;
  thread.root = root;
  Value own = std::exchange(root->handled, thread.handled);
  if (!own) incref(root->handled);
  thread.handled = own ? own : root->handled;
}

void pop_root(Thread& thread, bool finished) {
  Generator* root = thread.root;
  thread.root = std::exchange(root->previous_root, nullptr);
  Value handled = std::exchange(thread.handled, std::exchange(root->handled, Value()));
  bool keeps = !finished || (root->frame.flags & FrameLink);
  if (keeps && handled != thread.handled) root->handled = handled;
  else decref(handled);
}

RunOutcome drive(Thread& thread, Generator* generator, Entry entry, Ref sent, Ref& out, uint8_t flags) {
  if (!check_native_stack(thread)) return RunOutcome::Raised;
  // The generator may lose its last other reference while it runs.
  Own<Generator> alive = Own<Generator>::share(generator);
  Frame* bottom = &generator->frame;
  Frame* start = generator->is_suspended() ? &generator->leaf->frame : bottom;
  if (bottom->depth = thread.frame ? thread.frame->depth + 1 : 1; bottom->depth > thread.recursion_limit) {
    raise(thread, RecursionError_type, "maximum recursion depth exceeded");
    return RunOutcome::Raised;
  }
  if (entry == Entry::Throw) [[unlikely]] {
    Value error = std::exchange(thread.error, Value()); // push_root must not meet it
    bool handles = !generator->handled.is_empty();
    push_root(thread, generator);
    if (handles && is_exception(error)) chain_context(thread, cast<ExceptionObject>(error));
    thread.error = error;
  } else {
    push_root(thread, generator);
  }
  generator->frame.state = GeneratorState::Active;
  generator->frame.suspended = false;
  bottom->flags = FrameEntry | FrameRoot | flags;
  bottom->caller = thread.frame;
  start->stack_end = stack_end(thread);
  return run(thread, start, entry, std::move(sent), out);
}

const char* generator_kind(const Generator* generator) {
  if (generator->type == &coroutine_type) return "coroutine";
  return generator->type == &async_generator_type ? "async generator" : "generator";
}

void convert_stop_iteration(Thread& thread, Generator* generator) {
  bool stop = error_matches(thread, StopIteration_type);
  bool stop_async =
      generator->type == &async_generator_type && error_matches(thread, StopAsyncIteration_type);
  if (!stop && !stop_async) return;
  Ref cause = take_error(thread);
  raise(
      thread, RuntimeError_type,
      fmt::format("{} raised {}", generator_kind(generator), stop ? "StopIteration" : "StopAsyncIteration"));
  if (!is_exception(thread.error)) return;
  auto* raised = cast<ExceptionObject>(thread.error);
  raised->suppress_context = true;
  assign(raised->context, share(cause));
  assign(raised->cause, std::move(cause));
}

bool may_drive(Thread& thread, Generator* generator) {
  if (generator->state() == GeneratorState::Active && !generator->is_suspended())
    return raise_value_error(thread, fmt::format("{} already executing", generator_kind(generator)));
  return true;
}

namespace {

SendOutcome outcome_of(RunOutcome result) {
  return result == RunOutcome::Stepped ? SendOutcome::Yielded : static_cast<SendOutcome>(result);
}

} // namespace

namespace {
// The first step of a generator, or one that can't be taken: `may` is set when it may be driven.
SendOutcome begin_or_refuse(Thread& thread, Generator* generator, Value sent, Ref& out, bool& may) {
  may = false;
  if (!may_drive(thread, generator)) return SendOutcome::Raised;
  if (generator->state() == GeneratorState::Finished) {
    if (generator->type == &coroutine_type) {
      raise(thread, RuntimeError_type, "cannot reuse already awaited coroutine");
      return SendOutcome::Raised;
    }
    out = share(None);
    return SendOutcome::Returned;
  }
  if (sent && !sent.is_none()) {
    raise_type_error(
        thread, fmt::format("can't send non-None value to a just-started {}", generator_kind(generator)));
    return SendOutcome::Raised;
  }
  may = true;
  return SendOutcome::Yielded;
}
} // namespace

SendOutcome resume(Thread& thread, Value object, Value sent, Ref& out) {
  if (!is_exact(object, coroutine_type) && !is_exact(object, generator_type)) [[unlikely]]
    return type_of(object)->slots.send(thread, object, sent, out);
  Generator* generator = as_generator(object);
  Entry entry = Entry::Resume;
  if (!generator->is_suspended()) [[unlikely]] {
    bool may;
    SendOutcome outcome = begin_or_refuse(thread, generator, sent, out, may);
    if (!may) return outcome;
    entry = Entry::Start;
  }
  return outcome_of(drive(thread, generator, entry, share(sent ? sent : None), out));
}

void raise_before_start(Thread& thread, Generator* generator) {
  if (generator->state() == GeneratorState::Finished) return;
  add_traceback(thread, generator->frame.code, ~uint32_t(0), generator->frame.globals, &generator->frame);
  keep_locals(thread, &generator->frame); // what it was called with
  finish_generator(thread, generator);
}

SendOutcome resume_with_error(Thread& thread, Value object, Ref& out) {
  if (!is_exact(object, generator_type) && !is_exact(object, coroutine_type)) return SendOutcome::Raised;
  Generator* generator = as_generator(object);
  if (generator->state() == GeneratorState::Active && !generator->is_suspended()) {
    clear_error(thread);
    may_drive(thread, generator);
    return SendOutcome::Raised;
  }
  if (generator->state() == GeneratorState::Finished) {
    if (generator->type == &coroutine_type) {
      clear_error(thread);
      raise(thread, RuntimeError_type, "cannot reuse already awaited coroutine");
    }
    return SendOutcome::Raised;
  }
  if (generator->state() == GeneratorState::Created) {
    raise_before_start(thread, generator);
    return SendOutcome::Raised;
  }
  return outcome_of(throw_inside(thread, generator, out));
}

// --- lifetime ---

void track_suspended(Frame* innermost) {
  for (Frame* frame = innermost; frame && frame->in_generator; frame = frame->caller) {
    Generator* generator = frame->generator();
    if (generator->is_tracked()) return;
    gc_track(generator);
    if (frame->flags & FrameRoot) return;
  }
}

namespace {

// What every generator of `code` begins with. Its registers are the caller's to fill, and `code` is not
// counted.
inline Generator* begin_generator(Code* code, Type& type) {
  auto* generator = new (pool_alloc(generator_bytes(code))) Generator();
  generator->refcount = 1;
  generator->gc_word = 0;
  generator->type = &type;
  Frame& frame = generator->frame;
  frame.code = code;
  frame.regs = generator->registers() + code->local_count;
  frame.in_generator = frame.calls_above = true;
  return generator;
}

// Gives up all that the registers hold, the last one first.
void release_registers(Generator* generator) {
  Value* slots = generator->registers();
  for (uint32_t i = generator_registers(generator->frame.code); i-- > 0;) clear_field(slots[i]);
}

} // namespace

Ref make_generator(Thread& thread, Own<Function> function, Value* base, bool awaited) {
  Code* code = function->code;
  // Now, and not when it is first resumed: by then another generator of this code may have moved the words.
  if (code->unread_body) read_body(code);
  Type& type = (code->flags & CodeCoroutine)        ? coroutine_type
               : (code->flags & CodeAsyncGenerator) ? async_generator_type
                                                    : generator_type;
  Generator* generator = begin_generator(code, type);
  if (!awaited) gc_track(generator);
  uint32_t registers = generator_registers(code), locals = code->local_count;
  Value* slots = generator->registers();
  for (uint32_t i = 0; i < locals; ++i) {
    slots[i] = base[i];
    base[i] = Value();
  }
  for (uint32_t i = locals; i < registers; ++i) slots[i] = Value();
  for (uint32_t i = locals; i < code->bound_count(); ++i)
    slots[i + code->temp_count] = std::exchange(base[i], Value());
  incref(static_cast<Object*>(code)); // the function may get another one
  Frame& frame = generator->frame;
  frame.globals = function->globals;
  frame.function = function.release();
  frame.ip = code->words.data();
  if (thread.origin_depth && &type == &coroutine_type) [[unlikely]]
    record_origin(thread, generator);
  return Ref::steal(Value(generator));
}

Generator* new_awaited_coroutine(Code* code) {
  Generator* generator = begin_generator(code, coroutine_type);
  code->spare_bytes =
      static_cast<uint32_t>(generator_bytes(code)); // for whoever frees it when it is the spare one
  Value* slots = generator->registers();
  for (uint32_t i = 0; i < generator_registers(code); ++i) slots[i] = Value();
  return generator;
}

void finish_generator(Thread& thread, Generator* generator) {
  if (generator->state() == GeneratorState::Finished) return;
  generator->frame.state = GeneratorState::Finished;
  generator->set_flag(Object::finalized);
  generator->frame.suspended = false;
  Frame& frame = generator->frame;
  Own<Generator> alive = Own<Generator>::share(generator);
  if (frame.has_object) detach_frame_object(thread, &frame);
  release_registers(generator);
  pop_frame(thread, &frame);
}

void generator_finalize(Thread& thread, Object* object) {
  auto* generator = static_cast<Generator*>(object);
  if (generator->state() == GeneratorState::Finished) return;
  ErrorShelter shelter(thread);
  if (generator->type == &async_generator_type && generator->finalizer() && !generator->frame.closed) {
    Ref hook = share(generator->finalizer());
    if (!call(thread, hook, {Value(generator)}))
      write_unraisable(thread, Value(generator), "Exception ignored while finalizing generator");
    return;
  }
  if (generator->type == &coroutine_type && generator->state() == GeneratorState::Created) {
    warn_never_awaited(thread, generator);
    finish_generator(thread, generator);
    return;
  }
  if (generator->state() == GeneratorState::Active && !generator->is_suspended())
    return; // part of a chain that goes too
  Ref result;
  if (!close_generator(thread, generator, result))
    write_unraisable(thread, Value(generator), "Exception ignored while closing generator");
}

namespace {

void generator_dealloc(Object* object) {
  auto* generator = static_cast<Generator*>(object);
  gc_untrack(object);
  if (generator->state() != GeneratorState::Finished) {
    // Its frame was never entered, or it is a link of a chain whose other end is gone.
    generator->frame.state = GeneratorState::Finished;
    ++object->refcount; // releasing may look at it
    Frame& frame = generator->frame;
    if (frame.has_object) detach_frame_object(Thread::current(), &frame);
    release_registers(generator);
    --object->refcount;
  } else if (generator->type == &async_generator_type) {
    clear_field(generator->finalizer()); // behind the registers that the end of the frame has released
  }
  clear_field(generator->handled);
  if (generator->frame.has_names) forget_names(generator);
  Function* function = generator->frame.function;
  Code* code = generator->frame.code;
  pool_free(generator, generator_bytes(code));
  decref(static_cast<Object*>(code));
  if (function) decref(static_cast<Object*>(function));
}

void generator_traverse(Object* object, Visitor& visit) {
  auto* generator = static_cast<Generator*>(object);
  visit(generator->handled);
  Frame& frame = generator->frame;
  visit(static_cast<Object*>(frame.function));
  if (generator->state() == GeneratorState::Finished) {
    if (generator->type == &async_generator_type) visit(generator->finalizer());
    return;
  }
  if (frame.has_object) visit(peek_frame_object(&frame));
  Code* code = frame.code;
  uint32_t registers = generator_registers(code);
  Value* slots = generator->registers();
  for (uint32_t i = 0; i < registers; ++i) visit(slots[i]);
  if (Value* slot = native_await_slot(generator)) traverse_native_await(*slot, visit);
}

void generator_clear(Object* object) {
  auto* generator = static_cast<Generator*>(object);
  if (generator->state() == GeneratorState::Finished) return;
  if (generator->state() == GeneratorState::Active && !generator->is_suspended() &&
      generator->frame.caller == nullptr)
    return;
  generator->frame.state = GeneratorState::Finished;
  generator->frame.suspended = false;
  release_registers(generator);
}

} // namespace

void fill_generator_lifetime(Slots& slots) {
  slots.dealloc = generator_dealloc;
  slots.traverse = generator_traverse;
  slots.clear = generator_clear;
  slots.finalize = generator_finalize;
}

} // namespace aspy
