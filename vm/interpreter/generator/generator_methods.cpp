// The script-visible side of generators and coroutines.
#include "vm/interpreter/generator/generator_methods.hpp"

#include "vm/interpreter/call.hpp"
#include "vm/interpreter/frame/frame_object.hpp"
#include "vm/interpreter/generator/native_await.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/warnings.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/init.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>
#include <unordered_map>

namespace aspy {

Type generator_type, coroutine_type, coroutine_wrapper_type;

// coroutine.__await__(): an iterator over the coroutine's steps.
struct CoroutineWrapper : Object {
  Value coroutine; // owned
};

namespace {

// Names that scripts have given to generators, and where coroutines were made: too rare for a field in each.
struct GivenNames {
  Value name, qualname, origin; // owned, or empty
};
std::unordered_map<const Generator*, GivenNames> given_names;

Str* name_of(const Generator* generator, Value GivenNames::*which, Str* otherwise) {
  if (!generator->frame.has_names) [[likely]]
    return otherwise;
  Value given = given_names[generator].*which;
  return given ? cast<Str>(given) : otherwise;
}

} // namespace

void forget_names(const Generator* generator) {
  GivenNames names = given_names[generator];
  given_names.erase(generator);
  decref(names.name);
  decref(names.qualname);
  decref(names.origin);
}

void record_origin(Thread& thread, Generator* generator) {
  Own<List> frames = new_list();
  Frame* frame = thread.frame;
  for (uint32_t i = 0; frame && i < thread.origin_depth; frame = frame->caller) {
    if (frame->code->flags & CodeLibrary) continue;
    Ref line = share(Value::from_int(position_at(frame->code, frame->offset()).line));
    Own<Tuple> place = make_tuple({Value(frame->code->filename), line.get(), Value(frame->code->name)});
    list_append(frames.get(), place.value());
    ++i;
  }
  generator->frame.has_names = true;
  given_names[generator].origin = Value(make_tuple(frames->view()).release());
}

Str* generator_name(const Generator* generator) {
  const Function* function = generator->frame.function;
  return name_of(generator, &GivenNames::name, function ? function->name : generator->frame.code->name);
}
Str* generator_qualname(const Generator* generator) {
  const Function* function = generator->frame.function;
  return name_of(generator, &GivenNames::qualname,
                 function ? function->qualname : generator->frame.code->qualname);
}

Ref generator_repr(Thread&, Value self) {
  Generator* generator = as_generator(self);
  const char* kind = generator->type == &async_generator_type ? "async_generator" : generator_kind(generator);
  return make_str(fmt::format("<{} object {} at {:#x}>", kind, generator_qualname(generator)->view(),
                              reinterpret_cast<uintptr_t>(generator)));
}

Ref generator_awaits(Thread& thread, Generator* generator) {
  if (generator->state() != GeneratorState::Active) return share(None);
  if (Value* slot = native_await_slot(generator)) {
    materialize_native_await(thread, generator, *slot);
    return share(is_native_await(*slot) ? None : *slot);
  }
  Word word = *generator->frame.ip;
  Op op = generic_op(op_of(word));
  if (op != Op::Await && op != Op::YieldFrom && op != Op::AsyncForIter) return share(None);
  int slot = op == Op::AsyncForIter ? b_of(word) + 1 : b_of(word);
  Value awaited = generator->frame.regs[slot];
  if (!awaited && op == Op::AsyncForIter) awaited = generator->frame.regs[slot - 1];
  return share(awaited ? awaited : None);
}

Ref shown_awaited(Thread& thread, Generator* generator) {
  if (generator_is_running(thread, generator)) return share(None);
  Ref awaited = generator_awaits(thread, generator);
  // What is awaited without an iterator, a future, gets the one that scripts would see.
  Type* type = type_of(awaited);
  bool direct = !is_exact(awaited, coroutine_type) && !type->slots.next;
  return direct && type->slots.await_iter ? type->slots.await_iter(thread, awaited) : std::move(awaited);
}

bool generator_is_running(Thread& thread, Generator* generator) {
  if (generator->state() != GeneratorState::Active || generator->is_suspended()) return false;
  // Running when one of the frames in progress is its own.
  for (Frame* frame = thread.frame; frame; frame = frame->caller)
    if (frame == &generator->frame) return true;
  return false;
}

bool raise_thrown(Thread& thread, const Value* arguments, const char* method) {
  Value type = arguments[0], value = arguments[1], traceback = arguments[2];
  if (value && !warn(thread, DeprecationWarning_type,
                     fmt::format("the (type, exc, tb) signature of {}() is deprecated, use the single-arg "
                                 "signature instead.",
                                 method)))
    return false;
  if (traceback && !traceback.is_none() && !is_exact(traceback, traceback_type))
    return raise_type_error(thread, "throw() third argument must be a traceback object");
  Ref exception;
  if (is_exception_class(type)) {
    if (value && is_exception(value) && is_instance(value, *cast<Type>(type))) exception = share(value);
    else if (!value || value.is_none()) exception = call(thread, type);
    else if (is_exact(value, tuple_type))
      exception =
          call(thread, type,
               CallArgs{cast<Tuple>(value)->items(), static_cast<uint32_t>(cast<Tuple>(value)->size)});
    else exception = call(thread, type, {value});
    if (!exception) return false;
    if (!is_exception(exception))
      return raise_type_error(
          thread, fmt::format("calling {} should have returned an instance of BaseException, not {}",
                              cast<Type>(type)->name->view(), type_name(exception)));
  } else if (is_exception(type)) {
    if (value && !value.is_none())
      return raise_type_error(thread, "instance exception may not have a separate value");
    exception = share(type);
  } else {
    return raise_type_error(
        thread, fmt::format("exceptions must be classes or instances deriving from BaseException, not {}",
                            type_name(type)));
  }
  if (traceback && !traceback.is_none())
    assign(cast<ExceptionObject>(exception)->traceback, share(traceback));
  thread.error = exception.release(); // chained where it is raised, inside
  return true;
}

Ref step_result(Thread& thread, SendOutcome outcome, Ref out) {
  switch (outcome) {
  case SendOutcome::Yielded: return out;
  case SendOutcome::Returned: raise_stop_iteration(thread, out); return Ref();
  case SendOutcome::Raised: break;
  }
  return Ref();
}

namespace {

Ref generator_send(Thread& thread, const Value* args) {
  Ref out;
  SendOutcome outcome = resume(thread, args[0], args[1], out);
  return step_result(thread, outcome, std::move(out));
}

Ref generator_throw(Thread& thread, const Value* args) {
  if (!raise_thrown(thread, args + 1, "throw")) return Ref();
  Ref out;
  // An iterator of another make that the generator delegates to gets the arguments as they are.
  Thrown thrown{thread.error, args + 1}, *outer = std::exchange(thread.thrown, &thrown);
  SendOutcome outcome = resume_with_error(thread, args[0], out);
  thread.thrown = outer;
  return step_result(thread, outcome, std::move(out));
}

Ref generator_close(Thread& thread, const Value* args) {
  Ref result;
  if (!close_generator(thread, as_generator(args[0]), result)) return Ref();
  return result;
}

Ref generator_del(Thread& thread, const Value* args) {
  generator_finalize(thread, args[0].as_object());
  return share(None);
}

Ref generator_next(Thread& thread, Value self) {
  Ref out;
  switch (resume(thread, self, None, out)) {
  case SendOutcome::Yielded: return out;
  case SendOutcome::Returned:
    if (!out.get().is_none()) raise_stop_iteration(thread, out); // next() passes the value on
    return Ref();
  case SendOutcome::Raised: break;
  }
  return Ref();
}

Ref same(Thread&, Value self) { return share(self); }

SendOutcome generator_send_slot(Thread& thread, Value self, Value sent, Ref& out) {
  return resume(thread, self, sent, out);
}

// --- attributes ---
Ref get_name(Thread&, Value self) { return share(Value(generator_name(as_generator(self)))); }
Ref get_qualname(Thread&, Value self) { return share(Value(generator_qualname(as_generator(self)))); }
bool set_text(Thread& thread, Value self, Value GivenNames::*which, Value text, const char* attribute) {
  if (!text || !is_str(text))
    return raise_type_error(thread, fmt::format("{} must be set to a string object", attribute));
  as_generator(self)->frame.has_names = true;
  assign(given_names[as_generator(self)].*which, share(text));
  return true;
}
bool set_name(Thread& thread, Value self, Value text) {
  return set_text(thread, self, &GivenNames::name, text, "__name__");
}
bool set_qualname(Thread& thread, Value self, Value text) {
  return set_text(thread, self, &GivenNames::qualname, text, "__qualname__");
}
Ref get_code(Thread&, Value self) { return share(Value(as_generator(self)->frame.code)); }
Ref get_frame(Thread& thread, Value self) {
  Generator* generator = as_generator(self);
  if (generator->state() == GeneratorState::Finished) return share(None);
  return frame_object(thread, &generator->frame);
}
Ref get_running(Thread& thread, Value self) {
  return share(Value::from_bool(generator_is_running(thread, as_generator(self))));
}
Ref get_suspended(Thread& thread, Value self) {
  Generator* generator = as_generator(self);
  return share(Value::from_bool(generator->state() == GeneratorState::Active &&
                                !generator_is_running(thread, generator)));
}
Ref get_awaits(Thread& thread, Value self) { return shown_awaited(thread, as_generator(self)); }
Ref get_origin(Thread&, Value self) {
  Generator* generator = as_generator(self);
  Value origin = generator->frame.has_names ? given_names[generator].origin : Value();
  return share(origin ? origin : None);
}

constexpr NativeDef generator_methods[] = {
    {"send", "self, object, /", generator_send,
     "Send a value into the generator; returns what it yields next."},
    {"throw", "self, type, value=<unrepresentable>, traceback=<unrepresentable>, /", generator_throw,
     "Raise an exception inside the generator."},
    {"close", "self, /", generator_close, "Raise GeneratorExit inside the generator."},
    {"__del__", "self, /", generator_del},
    {"__class_getitem__", "cls, item, /", class_getitem, "See PEP 585", NativeKind::ClassMethod},
    {nullptr}};
constexpr GetSetDef generator_attributes[] = {{"__name__", get_name, set_name},
                                              {"__qualname__", get_qualname, set_qualname},
                                              {"gi_code", get_code},
                                              {"gi_frame", get_frame},
                                              {"gi_running", get_running},
                                              {"gi_suspended", get_suspended},
                                              {"gi_yieldfrom", get_awaits},
                                              {nullptr, nullptr}};

Ref coroutine_await(Thread&, Value self) {
  auto* wrapper = allocate<CoroutineWrapper>(coroutine_wrapper_type);
  wrapper->coroutine = share(self).release();
  return Ref::steal(Value(wrapper));
}
constexpr NativeDef coroutine_methods[] = {
    {"send", "self, object, /", generator_send,
     "Send a value into the coroutine; returns what it yields next."},
    {"throw", "self, type, value=<unrepresentable>, traceback=<unrepresentable>, /", generator_throw,
     "Raise an exception inside the coroutine."},
    {"close", "self, /", generator_close, "Raise GeneratorExit inside the coroutine."},
    {"__del__", "self, /", generator_del},
    {"__class_getitem__", "cls, item, /", class_getitem, "See PEP 585", NativeKind::ClassMethod},
    {nullptr}};
constexpr GetSetDef coroutine_attributes[] = {{"__name__", get_name, set_name},
                                              {"__qualname__", get_qualname, set_qualname},
                                              {"cr_code", get_code},
                                              {"cr_frame", get_frame},
                                              {"cr_running", get_running},
                                              {"cr_suspended", get_suspended},
                                              {"cr_await", get_awaits},
                                              {"cr_origin", get_origin},
                                              {nullptr, nullptr}};

// --- the iterator that __await__ of a coroutine gives ---
Value wrapped(Value self) { return cast<CoroutineWrapper>(self)->coroutine; }
Ref wrapper_send(Thread& thread, const Value* args) {
  Value forwarded[] = {wrapped(args[0]), args[1]};
  return generator_send(thread, forwarded);
}
Ref wrapper_throw(Thread& thread, const Value* args) {
  Value forwarded[] = {wrapped(args[0]), args[1], args[2], args[3]};
  return generator_throw(thread, forwarded);
}
Ref wrapper_close(Thread& thread, const Value* args) {
  Value forwarded[] = {wrapped(args[0])};
  return generator_close(thread, forwarded);
}
constexpr NativeDef wrapper_methods[] = {
    {"send", "self, object, /", wrapper_send},
    {"throw", "self, type, value=<unrepresentable>, traceback=<unrepresentable>, /", wrapper_throw},
    {"close", "self, /", wrapper_close},
    {nullptr}};
void wrapper_dealloc(Object* object) {
  gc_untrack(object);
  clear_field(static_cast<CoroutineWrapper*>(object)->coroutine);
  free_object(object);
}

} // namespace

void init_generator_types() {
  fill_generator_lifetime(generator_type.slots);
  generator_type.slots.repr = generator_repr;
  generator_type.slots.iter = same;
  generator_type.slots.next = generator_next;
  static const TypeSpec spec_generator_type{.name = "generator",
                                            .instance_size = sizeof(Generator),
                                            .flags = TypeFinal | TypeNoConstruct | TypeTracked | TypeWeakRefs,
                                            .methods = generator_methods,
                                            .getset = generator_attributes};
  make_ready(generator_type, spec_generator_type);

  fill_generator_lifetime(coroutine_type.slots);
  coroutine_type.slots.repr = generator_repr;
  coroutine_type.slots.await_iter = coroutine_await;
  static const TypeSpec spec_coroutine_type{.name = "coroutine",
                                            .instance_size = sizeof(Generator),
                                            .flags = TypeFinal | TypeNoConstruct | TypeTracked | TypeWeakRefs,
                                            .methods = coroutine_methods,
                                            .getset = coroutine_attributes};
  make_ready(coroutine_type, spec_coroutine_type);

  coroutine_wrapper_type.slots.dealloc = wrapper_dealloc;
  coroutine_wrapper_type.slots.traverse = [](Object* object, Visitor& visit) {
    visit(static_cast<CoroutineWrapper*>(object)->coroutine);
  };
  coroutine_wrapper_type.slots.iter = same;
  coroutine_wrapper_type.slots.next = [](Thread& thread, Value self) {
    return generator_next(thread, wrapped(self));
  };
  coroutine_wrapper_type.slots.send = [](Thread& thread, Value self, Value sent, Ref& out) {
    return generator_send_slot(thread, wrapped(self), sent, out);
  };
  static const TypeSpec spec_coroutine_wrapper_type{.name = "coroutine_wrapper",
                                                    .instance_size = sizeof(CoroutineWrapper),
                                                    .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                                                    .methods = wrapper_methods};
  make_ready(coroutine_wrapper_type, spec_coroutine_wrapper_type);
  init_async_generator_types();
  init_native_await_type();
  init_frame_type();
}

} // namespace aspy
