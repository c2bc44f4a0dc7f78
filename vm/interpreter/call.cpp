// Calls from C++ into script code, and the frames that such calls and the dispatch loop share.
#include "vm/interpreter/call.hpp"

#include "vm/interpreter/frame/frame_object.hpp"
#include "vm/interpreter/frame_stack.hpp"
#include "vm/interpreter/interpreter.hpp"
#include "vm/memory/collector.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>
#include <vector>

namespace aspy {

bool raise_too_deep(Thread& thread) {
  return raise(thread, RecursionError_type, "maximum recursion depth exceeded");
}

void lay_out_far(StackFrame* frame, Value* base) {
  const Code* code = frame->code;
  frame->calls_above = true;
  // Binding has left the far parameters behind the near locals, where the temporaries are.
  uint32_t bound = code->bound_count() - code->local_count;
  for (uint32_t i = code->far_count; i > bound; --i) frame->regs[code->temp_count + i - 1] = Value();
  for (uint32_t i = bound; i > 0; --i) {
    Value& from = base[code->local_count + i - 1];
    frame->regs[code->temp_count + i - 1] = from;
    if (code->temp_count) from = Value();
  }
}

void release_row(Value* row, size_t count) {
  std::vector<Ref> values;
  values.reserve(count);
  for (size_t i = 0; i < count; ++i) values.push_back(Ref::steal(std::exchange(row[i], Value())));
  while (!values.empty()) values.pop_back();
}

void release_registers(Frame* frame) {
  Code* code = frame->code;
  Value* R = frame->regs;
  for (uint32_t i = code->far_count; i-- > 0;) clear_field(R[code->temp_count + i]);
  for (Value* slot = R; slot != R - code->local_count;) clear_field(*--slot);
}

void keep_locals(Thread& thread, Frame* frame) {
  if (!is_exception(thread.error)) return;
  Value traceback = cast<ExceptionObject>(thread.error)->traceback;
  if (!traceback || !is_exact(traceback, traceback_type)) return;
  Code* code = frame->code;
  auto* entry = cast<Traceback>(traceback);
  if (entry->origin != frame || entry->code != code || entry->locals) return;
  entry->ended = true;
  entry->caller = frame->caller;
  if (frame->has_object) { // which takes the variables over
    // Not from its finaliser: what the collector has found to be garbage is not to be held by new objects.
    if (!is_collecting()) assign(entry->frame, share(peek_frame_object(frame)));
    return;
  }
  if (!(code->flags & CodeOptimized)) {
    if (Value names = extra_of(frame); names && !(frame->flags & FrameInit))
      entry->locals = share(names).release();
    return;
  }
  auto slot = [&](uint32_t i) -> Value& {
    bool near = i < code->local_count;
    return near ? *(frame->regs - code->local_count + i)
                : frame->regs[code->temp_count + i - code->local_count];
  };
  Tuple* closure = frame->function && code->free_names ? frame->function->closure : nullptr;
  bool any = closure != nullptr;
  // Of a native coroutine, what was passed to it: the rest is nobody's variable.
  auto count =
      static_cast<uint32_t>(code->flags & CodeNative ? code->parameter_count() : code->local_names->size);
  for (uint32_t i = 0; i < count && !any; ++i) any = !slot(i).is_empty();
  if (!any) return;
  Own<Tuple> kept = new_tuple(count + 1);
  for (uint32_t i = 0; i < count; ++i) {
    // The code stands for "no value": the collector may show the tuple to scripts.
    Value value = std::exchange(slot(i), Value());
    kept->items()[i] = value ? value : share(Value(code)).release();
  }
  kept->items()[count] = closure ? share(Value(closure)).release() : None;
  entry->locals = Value(kept.release());
}

// A generator that has ended still has a name, but what its function closes over may well be what holds the
// generator. The code knows the name, unless a script has changed the function's.
static void forget_function(Frame* frame) {
  Function* function = frame->function;
  if (!function || !function->closure) return;
  if (function->name != frame->code->name || function->qualname != frame->code->qualname) return;
  frame->function = nullptr;
  decref(static_cast<Object*>(function));
}

void pop_frame(Thread& thread, Frame* frame) {
  if (frame->has_object) detach_frame_object(thread, frame);
  // Only an exception leaves temporaries behind.
  if (thread.error)
    for (uint32_t i = frame->code->temp_count; i-- > 0;) clear_field(frame->regs[i]);
  release_registers(frame);
  if (frame->in_generator) {
    frame->caller = nullptr;
    forget_function(frame);
    return;
  }
  clear_field(static_cast<StackFrame*>(frame)->extra);
  Function* function = std::exchange(frame->function, nullptr);
  --thread.frame_top;
  if (function) decref(static_cast<Object*>(function));
}

namespace {

// Runs a stack frame that has just been pushed, as an entry of its own.
Ref run_entry(Thread& thread, Frame* frame) {
  frame->flags = FrameEntry;
  Ref out;
  run(thread, frame, Entry::Start, Ref(), out);
  return out;
}

bool has_room(Thread& thread, const Value* base, size_t slots) {
  if (base + slots <= thread.stack_limit) return true;
  return raise(thread, RecursionError_type, "maximum recursion depth exceeded");
}

// Calls a script function; `self` goes in front of the arguments when it is not empty.
Ref call_function(Thread& thread, Function* function, Value self, CallArgs args, Value extra = {}) {
  if (!check_native_stack(thread)) return Ref();
  Code* code = function->code;
  uint32_t keywords = args.kwnames ? static_cast<uint32_t>(args.kwnames->size) : 0;
  uint32_t positional = args.count + (self ? 1 : 0);
  Value* base = stack_end(thread);
  if (!has_room(thread, base,
                size_t{positional} + keywords + code->local_count + code->temp_count + code->far_count))
    return Ref();
  Value* slot = base;
  if (self) *slot++ = share(self).release();
  for (uint32_t i = 0; i < args.count + keywords; ++i) *slot++ = share(args.args[i]).release();
  Own<Function> callee = Own<Function>::share(function);
  if (!bind_arguments(thread, function, base, positional, args.kwnames)) return Ref();
  if (code->flags & (CodeGenerator | CodeCoroutine | CodeAsyncGenerator))
    return make_generator(thread, std::move(callee), base);
  StackFrame* frame = push_frame(thread, code, base, thread.frame);
  if (!frame) {
    release_row(base, code->bound_count());
    return Ref();
  }
  frame->globals = function->globals;
  frame->function = callee.release();
  frame->extra = share(extra).release();
  return run_entry(thread, frame);
}

} // namespace

Ref call(Thread& thread, Value callable, CallArgs args) {
  Type* type = type_of(callable);
  if (type == &function_type) return call_function(thread, cast<Function>(callable), Value(), args);
  if (type == &bound_method_type) {
    auto* method = cast<BoundMethod>(callable);
    if (is_exact(method->function, function_type)) {
      Ref alive = share(callable);
      return call_function(thread, cast<Function>(method->function), method->self, args);
    }
  }
  if (type == &native_function_type || type == &method_descriptor_type) {
    if (!check_native_stack(thread)) return Ref();
    return call_native(thread, cast<NativeFunction>(callable), Value(), args);
  }
  if (!type->slots.call)
    return raise_type_error(thread, fmt::format("'{}' object is not callable", type_name(callable)));
  if (!check_native_stack(thread)) return Ref();
  return type->slots.call(thread, callable, args);
}

Ref call(Thread& thread, Value callable, std::initializer_list<Value> args) {
  return call(thread, callable, CallArgs{args.begin(), static_cast<uint32_t>(args.size()), nullptr});
}

Ref call_method(Thread& thread, Value object, Str* name, std::initializer_list<Value> args) {
  // A script function found on the type is called without making a bound method.
  Type* type = type_of(object);
  if (type->flags & TypeGenericGet) {
    Value found = type_lookup(type, name);
    bool shadowed = object.is_object() && type->attrs_offset && attrs_get(object.as_object(), name);
    if (found && is_exact(found, function_type) && !shadowed) {
      Ref alive = share(found);
      return call_function(thread, cast<Function>(found), object,
                           CallArgs{args.begin(), static_cast<uint32_t>(args.size()), nullptr});
    }
  }
  Ref method = get_attr(thread, object, name);
  if (!method) return method;
  return call(thread, method, args);
}

Ref call_method(Thread& thread, Value object, std::string_view name, std::initializer_list<Value> args) {
  return call_method(thread, object, intern(name), args);
}

bool is_callable(Value value) { return type_of(value)->slots.call != nullptr; }

Ref run_code(Thread& thread, Code* code, Dict* globals, Value ns) {
  if (!check_native_stack(thread)) return Ref();
  Own<Function> function = make_function(thread, code, globals);
  if (!function) return Ref();
  return call_function(thread, function.get(), Value(), CallArgs{}, ns);
}

Ref run_function_with_namespace(Thread& thread, Value function, Value ns) {
  return call_function(thread, cast<Function>(function), Value(), CallArgs{}, ns);
}

} // namespace aspy
