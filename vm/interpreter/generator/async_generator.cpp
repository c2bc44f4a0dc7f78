// Async generators (PEP 525): their steps as awaitables, and the hooks that let an event loop finish them.
#include "vm/interpreter/frame/frame_object.hpp"
#include "vm/interpreter/generator/generator_methods.hpp"
#include "vm/interpreter/operation/operations.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/warnings.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {

Type async_generator_type, async_generator_asend_type, async_generator_athrow_type, anext_awaitable_type;

bool run_firstiter_hook(Thread& thread, Generator* generator) {
  if (generator->frame.hooks_done) return true;
  generator->frame.hooks_done = true;
  if (thread.asyncgen_finalizer && !thread.asyncgen_finalizer.is_none())
    generator->finalizer() = share(thread.asyncgen_finalizer).release();
  if (thread.asyncgen_firstiter && !thread.asyncgen_firstiter.is_none()) {
    Ref hook = share(thread.asyncgen_firstiter);
    if (!call(thread, hook, {Value(generator)})) return false;
  }
  return true;
}

Ref make_step(Generator* generator, StepKind kind, Value sent) {
  auto* step =
      allocate<AsyncStep>(kind == StepKind::Send ? async_generator_asend_type : async_generator_athrow_type);
  step->generator = Own<Generator>::share(generator).release();
  step->sent = share(sent).release();
  step->kind = kind;
  return Ref::steal(Value(step));
}

namespace {

const char* step_name(StepKind kind) {
  switch (kind) {
  case StepKind::Send: return "asend";
  case StepKind::Throw: return "athrow";
  default: return "aclose";
  }
}

// As it is called in complaints about a generator that already runs.
const char* running_name(StepKind kind) { return kind == StepKind::Send ? "anext" : step_name(kind); }

bool raise_reused(Thread& thread, AsyncStep* step) {
  return raise(thread, RuntimeError_type,
               step->kind == StepKind::Send ? "cannot reuse already awaited __anext__()/asend()"
                                            : "cannot reuse already awaited aclose()/athrow()");
}

} // namespace

bool begin_step(Thread& thread, AsyncStep* step) {
  Generator* generator = step->generator;
  if (step->finished || step->started) return raise_reused(thread, step);
  if (generator->frame.running_async) {
    step->finished = true;
    return raise(thread, RuntimeError_type,
                 fmt::format("{}(): asynchronous generator is already running", running_name(step->kind)));
  }
  step->started = true;
  bool finished = generator->state() == GeneratorState::Finished;
  if (generator->frame.closed && !finished && step->kind != StepKind::Send) {
    // It ignored GeneratorExit. It may go on, but it is not closed once more.
    step->finished = true;
    return raise_value(thread, Value(&StopAsyncIteration_type));
  }
  if (step->kind == StepKind::Close) {
    if (finished || generator->state() == GeneratorState::Created) {
      // Nothing to unwind: raised and swallowed by end_step.
      if (!finished) finish_generator(thread, generator);
      generator->frame.closed = true;
    }
    generator->frame.closed = true;
    raise_value(thread, Value(&GeneratorExit_type));
    generator->frame.running_async = true;
    return true;
  }
  if (step->kind == StepKind::Throw && finished) {
    // There is nothing to throw into: it ends as closing does.
    step->kind = StepKind::Close;
    raise_value(thread, Value(&GeneratorExit_type));
    generator->frame.running_async = true;
    return true;
  }
  if (finished) {
    step->finished = true;
    return raise_value(thread, Value(&StopAsyncIteration_type));
  }
  if (step->kind == StepKind::Throw) {
    Ref exception = share(step->sent);
    set_error(thread, std::move(exception));
    generator->frame.running_async = true;
    return true;
  }
  if (generator->state() == GeneratorState::Created && step->sent && !step->sent.is_none()) {
    step->finished = true;
    return raise_type_error(thread, "can't send non-None value to a just-started async generator");
  }
  generator->frame.running_async = true;
  return true;
}

bool end_step(Thread& thread, StepKind kind, RunOutcome result, Ref& value) {
  switch (result) {
  case RunOutcome::Stepped:
    if (kind != StepKind::Close) return true;
    return raise(thread, RuntimeError_type, "async generator ignored GeneratorExit");
  case RunOutcome::Returned:
    if (kind == StepKind::Close) {
      value = share(None);
      return true;
    }
    return raise_value(thread, Value(&StopAsyncIteration_type));
  default:
    if (kind == StepKind::Close &&
        (error_matches(thread, GeneratorExit_type) || error_matches(thread, StopAsyncIteration_type))) {
      clear_error(thread);
      value = share(None);
      return true;
    }
    return false;
  }
}

namespace {

AsyncStep* as_step(Value value) { return cast<AsyncStep>(value); }

// One step of the awaitable, driven by hand: from C++, not from an `await`.
SendOutcome step_send(Thread& thread, Value self, Value sent, Ref& out) {
  AsyncStep* step = as_step(self);
  Generator* generator = step->generator;
  if (step->finished) {
    raise_reused(thread, step);
    return SendOutcome::Raised;
  }
  RunOutcome result;
  if (!step->started) {
    if (!begin_step(thread, step)) return SendOutcome::Raised;
    if (step->kind == StepKind::Send) {
      Value first = step->sent && !step->sent.is_none() ? step->sent : None;
      bool starts = generator->state() == GeneratorState::Created;
      result = drive(thread, generator, starts ? Entry::Start : Entry::Resume, share(first), out);
    } else if (generator->state() == GeneratorState::Created ||
               generator->state() == GeneratorState::Finished) {
      raise_before_start(thread, generator);
      result = RunOutcome::Raised;
    } else {
      result = drive(thread, generator, Entry::Throw, Ref(), out);
    }
  } else {
    result = drive(thread, generator, Entry::Resume, share(sent ? sent : None), out);
  }
  if (result == RunOutcome::Yielded) return SendOutcome::Yielded;
  step->finished = true;
  generator->frame.running_async = false;
  return end_step(thread, step->kind, result, out) ? SendOutcome::Returned : SendOutcome::Raised;
}

SendOutcome step_throw(Thread& thread, AsyncStep* step, Ref& out) {
  Generator* generator = step->generator;
  if (step->finished) {
    clear_error(thread);
    raise_reused(thread, step);
    return SendOutcome::Raised;
  }
  if (!step->started) { // thrown in before it began: the generator gets it where it stands
    if (generator->frame.running_async) {
      step->finished = true;
      clear_error(thread);
      raise(thread, RuntimeError_type,
            fmt::format("{}(): asynchronous generator is already running", running_name(step->kind)));
      return SendOutcome::Raised;
    }
    step->started = true;
    if (generator->state() != GeneratorState::Active) {
      step->finished = true;
      raise_before_start(thread, generator);
      return end_step(thread, step->kind, RunOutcome::Raised, out) ? SendOutcome::Returned
                                                                   : SendOutcome::Raised;
    }
    generator->frame.running_async = true;
  }
  if (!generator->is_suspended()) return SendOutcome::Raised;
  RunOutcome result = throw_inside(thread, generator, out);
  if (result == RunOutcome::Yielded) return SendOutcome::Yielded;
  step->finished = true;
  generator->frame.running_async = false;
  return end_step(thread, step->kind, result, out) ? SendOutcome::Returned : SendOutcome::Raised;
}

Ref step_method_send(Thread& thread, const Value* args) {
  Ref out;
  SendOutcome outcome = step_send(thread, args[0], args[1], out);
  return step_result(thread, outcome, std::move(out));
}
Ref step_method_throw(Thread& thread, const Value* args) {
  if (!raise_thrown(thread, args + 1, "throw")) return Ref();
  Ref out;
  SendOutcome outcome = step_throw(thread, as_step(args[0]), out);
  return step_result(thread, outcome, std::move(out));
}
Ref step_method_close(Thread& thread, const Value* args) {
  AsyncStep* step = as_step(args[0]);
  if (step->finished) return share(None);
  raise_value(thread, Value(&GeneratorExit_type));
  Ref out;
  SendOutcome outcome = step_throw(thread, step, out);
  if (outcome == SendOutcome::Raised) {
    if (!error_matches(thread, GeneratorExit_type) && !error_matches(thread, StopIteration_type) &&
        !error_matches(thread, StopAsyncIteration_type))
      return Ref();
    clear_error(thread);
    return share(None);
  }
  if (outcome == SendOutcome::Yielded)
    return raise(thread, RuntimeError_type, "coroutine ignored GeneratorExit");
  return share(None);
}
Ref step_next(Thread& thread, Value self) {
  Ref out;
  SendOutcome outcome = step_send(thread, self, None, out);
  return step_result(thread, outcome, std::move(out));
}
constexpr NativeDef step_methods[] = {
    {"send", "self, object, /", step_method_send},
    {"throw", "self, type, value=None, traceback=None, /", step_method_throw},
    {"close", "self, /", step_method_close},
    {nullptr}};

void step_finalize(Thread& thread, Object* object) {
  auto* step = static_cast<AsyncStep*>(object);
  if (step->started || step->finished) return;
  ErrorShelter shelter(thread);
  std::string message = fmt::format("coroutine method '{}' of '{}' was never awaited", step_name(step->kind),
                                    generator_qualname(step->generator)->view());
  if (warning_hooks.warn && !warning_hooks.warn(thread, RuntimeWarning_type, message, 1, Value(object)))
    write_unraisable(thread, Value(object));
}

void step_dealloc(Object* object) {
  gc_untrack(object);
  auto* step = static_cast<AsyncStep*>(object);
  clear_field(step->generator);
  clear_field(step->sent);
  free_object(object);
}
void step_traverse(Object* object, Visitor& visit) {
  auto* step = static_cast<AsyncStep*>(object);
  visit(step->generator);
  visit(step->sent);
}
Ref same(Thread&, Value self) { return share(self); }

TypeSpec step_spec(const char* name) {
  return {.name = name,
          .instance_size = sizeof(AsyncStep),
          .flags = TypeFinal | TypeNoConstruct | TypeTracked,
          .methods = step_methods};
}

void fill_step_type(Type& type, const TypeSpec& spec) {
  type.slots.dealloc = step_dealloc;
  type.slots.finalize = step_finalize;
  type.slots.traverse = step_traverse;
  type.slots.iter = same;
  type.slots.await_iter = same;
  type.slots.next = step_next;
  type.slots.send = step_send;
  make_ready(type, spec);
}

// --- the generator's own methods ---
Ref async_generator_anext(Thread& thread, Value self) {
  Generator* generator = as_generator(self);
  if (!run_firstiter_hook(thread, generator)) return Ref();
  return make_step(generator, StepKind::Send, None);
}
Ref method_asend(Thread& thread, const Value* args) {
  Generator* generator = as_generator(args[0]);
  if (!run_firstiter_hook(thread, generator)) return Ref();
  return make_step(generator, StepKind::Send, args[1]);
}
Ref method_athrow(Thread& thread, const Value* args) {
  Generator* generator = as_generator(args[0]);
  if (!run_firstiter_hook(thread, generator)) return Ref();
  if (!raise_thrown(thread, args + 1, "athrow")) return Ref();
  Ref exception = take_error(thread);
  return make_step(generator, StepKind::Throw, exception);
}
Ref method_aclose(Thread& thread, const Value* args) {
  Generator* generator = as_generator(args[0]);
  if (!run_firstiter_hook(thread, generator)) return Ref();
  return make_step(generator, StepKind::Close, None);
}
Ref class_getitem(Thread&, const Value* args) { return share(args[0]); }
constexpr NativeDef methods[] = {
    {"asend", "self, object, /", method_asend, "Awaitable that sends a value into the generator."},
    {"athrow", "self, type, value=<unrepresentable>, traceback=<unrepresentable>, /", method_athrow,
     "Awaitable that raises inside the generator."},
    {"aclose", "self, /", method_aclose, "Awaitable that closes the generator."},
    {"__class_getitem__", "cls, item, /", class_getitem, nullptr, NativeKind::ClassMethod},
    {nullptr}};

Ref get_name(Thread&, Value self) { return share(Value(generator_name(as_generator(self)))); }
Ref get_qualname(Thread&, Value self) { return share(Value(generator_qualname(as_generator(self)))); }
Ref get_code(Thread&, Value self) { return share(Value(as_generator(self)->frame.code)); }
Ref get_running(Thread&, Value self) {
  return share(Value::from_bool(as_generator(self)->frame.running_async));
}
Ref get_awaits(Thread& thread, Value self) { return shown_awaited(thread, as_generator(self)); }
Ref get_frame(Thread& thread, Value self) {
  if (as_generator(self)->state() == GeneratorState::Finished) return share(None);
  return frame_object(thread, &as_generator(self)->frame);
}
Ref get_suspended(Thread& thread, Value self) {
  Generator* generator = as_generator(self);
  return share(Value::from_bool(generator->state() == GeneratorState::Active &&
                                !generator_is_running(thread, generator)));
}
constexpr GetSetDef attributes[] = {{"__name__", get_name},          {"__qualname__", get_qualname},
                                    {"ag_code", get_code},           {"ag_frame", get_frame},
                                    {"ag_running", get_running},     {"ag_await", get_awaits},
                                    {"ag_suspended", get_suspended}, {nullptr, nullptr}};

// --- anext(iterator, default) ---
struct AnextAwaitable : Object {
  Value awaitable, fallback; // owned
  Value iterator;            // what __await__ gave once it began; owned
};
SendOutcome anext_finish(Thread& thread, Value self, SendOutcome outcome, Ref& out) {
  if (outcome == SendOutcome::Raised && error_matches(thread, StopAsyncIteration_type)) {
    clear_error(thread);
    out = share(cast<AnextAwaitable>(self)->fallback);
    return SendOutcome::Returned;
  }
  return outcome;
}
SendOutcome anext_send(Thread& thread, Value self, Value sent, Ref& out) {
  auto* waiting = cast<AnextAwaitable>(self);
  if (!waiting->iterator) {
    Value awaitable = waiting->awaitable;
    if (type_of(awaitable)->slots.send || is_exact(awaitable, coroutine_type)) {
      waiting->iterator = share(awaitable).release();
    } else {
      Ref iterator = await_iter(thread, awaitable, false);
      if (!iterator) return SendOutcome::Raised;
      waiting->iterator = iterator.release();
    }
    sent = Value();
  }
  Value iterator = waiting->iterator;
  SendOutcome outcome = is_exact(iterator, coroutine_type) || is_exact(iterator, generator_type)
                            ? resume(thread, iterator, sent, out)
                            : send_into(thread, iterator, sent, out);
  return anext_finish(thread, self, outcome, out);
}
Ref anext_next(Thread& thread, Value self) {
  Ref out;
  SendOutcome outcome = anext_send(thread, self, None, out);
  return step_result(thread, outcome, std::move(out));
}
Ref anext_method_send(Thread& thread, const Value* args) {
  Ref out;
  SendOutcome outcome = anext_send(thread, args[0], args[1], out);
  return step_result(thread, outcome, std::move(out));
}
Ref anext_method_throw(Thread& thread, const Value* args) {
  if (!raise_thrown(thread, args + 1)) return Ref();
  Ref out;
  Value iterator = cast<AnextAwaitable>(args[0])->iterator;
  SendOutcome outcome = SendOutcome::Raised;
  if (iterator && (is_exact(iterator, coroutine_type) || is_exact(iterator, generator_type)))
    outcome = resume_with_error(thread, iterator, out);
  else if (iterator && is_exact(iterator, async_generator_asend_type))
    outcome = step_throw(thread, as_step(iterator), out);
  else if (iterator) outcome = throw_into(thread, iterator, out);
  outcome = anext_finish(thread, args[0], outcome, out);
  return step_result(thread, outcome, std::move(out));
}
Ref anext_method_close(Thread& thread, const Value* args) {
  Value iterator = cast<AnextAwaitable>(args[0])->iterator;
  if (!iterator) return share(None);
  return call_method(thread, iterator, names::close);
}
constexpr NativeDef anext_methods[] = {
    {"send", "self, object, /", anext_method_send},
    {"throw", "self, type, value=None, traceback=None, /", anext_method_throw},
    {"close", "self, /", anext_method_close},
    {nullptr}};

} // namespace

Ref make_anext_awaitable(Value awaitable, Value fallback) {
  auto* waiting = allocate<AnextAwaitable>(anext_awaitable_type);
  waiting->awaitable = share(awaitable).release();
  waiting->fallback = share(fallback).release();
  return Ref::steal(Value(waiting));
}

void init_async_generator_types() {
  fill_generator_lifetime(async_generator_type.slots);
  async_generator_type.slots.repr = generator_repr;
  async_generator_type.slots.aiter = same;
  async_generator_type.slots.anext = async_generator_anext;
  static const TypeSpec spec_async_generator_type{.name = "async_generator",
                                                  .instance_size = sizeof(Generator),
                                                  .flags = TypeFinal | TypeNoConstruct | TypeTracked |
                                                           TypeWeakRefs,
                                                  .methods = methods,
                                                  .getset = attributes};
  make_ready(async_generator_type, spec_async_generator_type);
  static const TypeSpec asend_spec = step_spec("async_generator_asend");
  fill_step_type(async_generator_asend_type, asend_spec);
  static const TypeSpec athrow_spec = step_spec("async_generator_athrow");
  fill_step_type(async_generator_athrow_type, athrow_spec);

  Slots& slots = anext_awaitable_type.slots;
  slots.dealloc = [](Object* object) {
    gc_untrack(object);
    auto* waiting = static_cast<AnextAwaitable*>(object);
    clear_field(waiting->awaitable);
    clear_field(waiting->fallback);
    clear_field(waiting->iterator);
    free_object(object);
  };
  slots.traverse = [](Object* object, Visitor& visit) {
    auto* waiting = static_cast<AnextAwaitable*>(object);
    visit(waiting->awaitable);
    visit(waiting->fallback);
    visit(waiting->iterator);
  };
  slots.iter = same;
  slots.await_iter = same;
  slots.next = anext_next;
  slots.send = anext_send;
  static const TypeSpec spec_anext_awaitable_type{.name = "anext_awaitable",
                                                  .instance_size = sizeof(AnextAwaitable),
                                                  .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                                                  .methods = anext_methods};
  make_ready(anext_awaitable_type, spec_anext_awaitable_type);
}

} // namespace aspy
