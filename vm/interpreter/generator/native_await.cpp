#include "vm/interpreter/generator/native_await.hpp"

#include "vm/interpreter/generator/generator_methods.hpp"
#include "vm/interpreter/generator/native_coroutine.hpp"
#include "vm/interpreter/interpreter.hpp"
#include "vm/memory/block_pool.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/slot/protocol.hpp"

#include <algorithm>
#include <vector>

namespace aspy {

namespace {

size_t native_await_bytes(const Code* code) {
  return sizeof(NativeAwait) + code->local_count * sizeof(Value);
}

void native_await_dealloc(Object* object) {
  auto* waiting = static_cast<NativeAwait*>(object);
  Code* code = waiting->function->code;
  for (uint32_t i = 0; i < code->local_count; ++i) decref(waiting->locals()[i]);
  decref(waiting->awaited);
  Function* function = waiting->function;
  pool_free(waiting, native_await_bytes(code));
  decref(static_cast<Object*>(function));
}

// The code of a native function can't be replaced, so the function leads to it at any time.
const NativeCoroutineDef* def_of(const Function* function) {
  return native_def(function->code->words.data());
}

void release_locals(Value* locals, const Code* code) {
  for (Value* slot = locals + code->local_count; slot-- != locals;)
    if (slot->is_object()) decref(std::exchange(*slot, Value())); // numbers may stay where they are
}

// --- a bare yield
Type native_turn_type;
SendOutcome native_turn_send(Thread&, Value, Value sent, Ref& out) {
  out = share(None);
  return sent ? SendOutcome::Returned : SendOutcome::Yielded;
}

// Goes on from a step of the body that ended with `step` and `produced`, until the body is over (Returned,
// Raised) or waits for `awaited`: a future that has taken notice (Yielded), or something else that is still
// to be asked (Entered).
AwaitOutcome advance(Thread& thread, NativeStep body, Value* locals, NativeOutcome step, Ref produced,
                     Ref& awaited, Ref& out) {
  for (;;) {
    switch (step) {
    case NativeOutcome::Return: out = std::move(produced); return AwaitOutcome::Returned;
    case NativeOutcome::Raise: return AwaitOutcome::Raised;
    case NativeOutcome::Turn: out = share(None); return AwaitOutcome::Yielded;
    case NativeOutcome::Wait: break;
    }
    Type* type = type_of(produced);
    awaited = std::move(produced);
    if (!(type->flags & TypePlainAwait)) return AwaitOutcome::Entered;
    Ref received;
    if (type->slots.send(thread, awaited, Value(), received) == SendOutcome::Yielded) {
      out = std::move(received);
      return AwaitOutcome::Yielded;
    }
    step = body(thread, locals, std::move(received), produced);
  }
}

// The coroutine that a body with these locals is, at its Await for `awaited`. Takes over the locals. As with
// any that is awaited at once, the collector is told when it suspends.
Generator* make_waiting_coroutine(Thread& thread, Frame* awaiter, Own<Function> function, Value* locals,
                                  Ref awaited) {
  Code* code = function->code;
  Generator* coroutine = as_generator(make_generator(thread, std::move(function), locals, true).release());
  Frame& frame = coroutine->frame;
  frame.regs[0] = awaited.release();
  frame.ip = code->words.data() + native_await_word;
  frame.state = GeneratorState::Active;
  frame.caller = awaiter;
  frame.depth = awaiter->depth + 1;
  frame.stack_end = awaiter->stack_end;
  return coroutine;
}

} // namespace

Type native_await_type;
Object native_turn{immortal_refcount, 0, &native_turn_type};

AwaitOutcome begin_native_await(Thread& thread, Frame* frame, Own<Function> function, Value* base,
                                Value& slot, Ref& out) {
  Code* code = function->code;
  Ref awaited;
  // Calls that the body makes begin above its locals, and so do those of what is released with them.
  struct Restore {
    Frame* frame;
    Value* stack_end;
    ~Restore() { frame->stack_end = stack_end; }
  } restore{frame, frame->stack_end};
  frame->stack_end = std::max(frame->stack_end, base + code->local_count);
  NativeStep body = def_of(function.get())->step;
  Ref produced;
  NativeOutcome step = body(thread, base, Ref(), produced);
  if (step == NativeOutcome::Return) [[likely]] {
    out = std::move(produced);
    release_locals(base, code);
    return AwaitOutcome::Returned;
  }
  AwaitOutcome outcome = advance(thread, body, base, step, std::move(produced), awaited, out);
  switch (outcome) {
  case AwaitOutcome::Returned: release_locals(base, code); break;
  case AwaitOutcome::Raised: {
    ErrorShelter shelter(thread);
    release_locals(base, code);
    break;
  }
  case AwaitOutcome::Yielded: {
    if (!awaited) { // a turn
      release_locals(base, code);
      slot = Value(function.release());
      break;
    }
    auto* waiting = new (pool_alloc(native_await_bytes(code))) NativeAwait;
    waiting->refcount = 1;
    waiting->gc_word = 0;
    waiting->type = &native_await_type;
    waiting->function = function.release();
    waiting->awaited = awaited.release();
    for (uint32_t i = 0; i < code->local_count; ++i) waiting->locals()[i] = std::exchange(base[i], Value());
    slot = Value(waiting);
    break;
  }
  case AwaitOutcome::Entered:
    frame->stack_end = restore.stack_end; // the coroutine's too
    slot = Value(make_waiting_coroutine(thread, frame, std::move(function), base, std::move(awaited)));
    break;
  }
  return outcome;
}

AwaitOutcome continue_native_await(Thread& thread, Frame* frame, Value& slot, Value sent, Ref& out) {
  auto* waiting = static_cast<NativeAwait*>(slot.as_object());
  Ref received;
  Ref awaited = Ref::steal(std::exchange(waiting->awaited, Value()));
  if (!thread.has_error()) {
    if (type_of(awaited)->slots.send(thread, awaited, sent, received) == SendOutcome::Yielded) {
      waiting->awaited = awaited.release();
      out = std::move(received);
      return AwaitOutcome::Yielded;
    }
    awaited = Ref(); // before the body goes on
  }
  Value* locals = waiting->locals();
  NativeStep body = def_of(waiting->function)->step;
  Ref produced;
  NativeOutcome step = body(thread, locals, std::move(received), produced);
  AwaitOutcome outcome = advance(thread, body, locals, step, std::move(produced), awaited, out);
  switch (outcome) {
  case AwaitOutcome::Yielded: waiting->awaited = awaited.release(); return outcome;
  case AwaitOutcome::Returned: clear_field(slot); return outcome;
  case AwaitOutcome::Raised: {
    ErrorShelter shelter(thread);
    clear_field(slot);
    return outcome;
  }
  case AwaitOutcome::Entered: break;
  }
  Own<Function> function = Own<Function>::share(waiting->function);
  Value coroutine(make_waiting_coroutine(thread, frame, std::move(function), locals, std::move(awaited)));
  decref(std::exchange(slot, coroutine));
  return outcome;
}

Value* native_await_slot(Generator* generator) {
  if (generator->state() != GeneratorState::Active) return nullptr;
  Word word = *generator->frame.ip;
  if (op_of(word) != Op::Await) return nullptr;
  Value* slot = generator->frame.regs + b_of(word);
  return is_native_await(*slot) || is_native_turn(*slot) ? slot : nullptr;
}

void materialize_native_await(Thread& thread, Generator* generator, Value& slot) {
  Generator* coroutine;
  if (is_native_turn(slot)) {
    Own<Function> function = Own<Function>::share(cast<Function>(slot));
    std::vector<Value> locals(function->code->local_count);
    coroutine = make_waiting_coroutine(thread, &generator->frame, std::move(function), locals.data(),
                                       share(Value(&native_turn)));
  } else {
    auto* waiting = static_cast<NativeAwait*>(slot.as_object());
    if (!waiting->awaited) return;
    coroutine =
        make_waiting_coroutine(thread, &generator->frame, Own<Function>::share(waiting->function),
                               waiting->locals(), Ref::steal(std::exchange(waiting->awaited, Value())));
  }
  decref(std::exchange(slot, Value(coroutine)));
  gc_track(coroutine);
  // It is the innermost of its chain from now on.
  Generator* root = generator;
  while (root->frame.caller && root->frame.caller->in_generator) root = root->frame.caller->generator();
  if (root->is_suspended() && root->leaf == generator) root->leaf = coroutine;
}

void traverse_native_await(Value slot, Visitor& visit) {
  if (!is_native_await(slot)) return;
  auto* waiting = static_cast<NativeAwait*>(slot.as_object());
  visit(waiting->function);
  visit(waiting->awaited);
  for (uint32_t i = 0; i < waiting->function->code->local_count; ++i) visit(waiting->locals()[i]);
}

void init_native_await_type() {
  native_await_type.slots.dealloc = native_await_dealloc;
  static constexpr TypeSpec spec{.name = "native_await", .flags = TypeFinal | TypeNoConstruct};
  make_ready(native_await_type, spec);
  native_turn_type.slots.send = native_turn_send;
  native_turn_type.slots.await_iter = [](Thread&, Value self) { return share(self); };
  static constexpr TypeSpec turn_spec{.name = "native_turn",
                                      .instance_size = sizeof(Object),
                                      .flags = TypeFinal | TypeNoConstruct | TypePlainAwait};
  make_ready(native_turn_type, turn_spec);
}

} // namespace aspy
