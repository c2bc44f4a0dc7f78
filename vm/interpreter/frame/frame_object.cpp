#include "vm/interpreter/frame/frame_object.hpp"

#include "vm/interpreter/call.hpp"
#include "vm/interpreter/generator/generator_methods.hpp"
#include "vm/memory/collector.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>
#include <vector>

namespace aspy {

Type frame_type;

namespace {
// Few frames are ever looked at, so they have no field for it. The objects are owned.
std::unordered_map<const Frame*, FrameObject*> frame_objects;
} // namespace

Object* peek_frame_object(const Frame* frame) { return frame_objects[frame]; }

Ref frame_object(Thread&, Frame* frame) {
  if (!frame->has_object) {
    auto* object = allocate<FrameObject>(frame_type);
    object->frame = frame;
    object->code = Own<Code>::share(frame->code).release();
    object->globals = Own<Dict>::share(frame->globals).release();
    frame_objects[frame] = object;
    frame->has_object = true;
  }
  return share(Value(frame_objects[frame]));
}

Ref frame_locals(Thread&, Frame* frame) {
  if (Value ns = extra_of(frame); ns && !(frame->flags & FrameInit)) return share(ns);
  Code* code = frame->code;
  // A module: its only registers are those of comprehensions, which are not its names.
  if (!(code->flags & CodeOptimized)) return share(Value(frame->globals));
  Own<Dict> locals = new_dict();
  auto add = [&](Value name, Value value) {
    if (value && is_exact(value, cell_type)) value = cast<Cell>(value)->contents;
    if (value) dict_set(locals.get(), cast<Str>(name), value);
  };
  auto value_at = [&](uint32_t i) {
    bool near = i < code->local_count;
    return near ? *(frame->regs - code->local_count + i)
                : frame->regs[code->temp_count + i - code->local_count];
  };
  // Variables in cells come behind the others, unless they are parameters.
  uint32_t parameters = code->parameter_count();
  auto is_behind = [&](uint32_t i) {
    if (i < parameters || !code->cell_names) return false;
    auto names = code->cell_names->view();
    return std::find(names.begin(), names.end(), (*code->local_names)[i]) != names.end();
  };
  for (bool behind : {false, true})
    for (uint32_t i = 0; i < code->local_names->size; ++i)
      if (is_behind(i) == behind) add((*code->local_names)[i], value_at(i));
  if (frame->function && frame->function->closure && code->free_names)
    for (size_t i = 0; i < code->free_names->size; ++i)
      add((*code->free_names)[i], (*frame->function->closure)[i]);
  return Ref::steal(Value(locals.release()));
}

namespace {

// A frame at its return is gone already for whoever asks: what runs is the release of its variables.
bool is_leaving(const Frame* frame) {
  Op op = generic_op(op_of(*frame->ip));
  return op == Op::Return || op == Op::ReturnNone;
}

Frame* visible(Frame* frame) {
  while (frame && ((frame->code->flags & CodeLibrary) || is_leaving(frame))) frame = frame->caller;
  return frame;
}

} // namespace

void detach_frame_object(Thread& thread, Frame* frame) {
  Own<FrameObject> object = Own<FrameObject>::steal(frame_objects[frame]);
  uint32_t held_anyway = is_collecting() ? 2 : 1;
  if (object->refcount > held_anyway) { // somebody has it
    ErrorShelter shelter(thread);
    if (frame->code->flags & CodeOptimized || extra_of(frame))
      object->locals = frame_locals(thread, frame).release();
    if (Frame* caller = visible(frame->caller)) object->back = frame_object(thread, caller).release();
  }
  frame_objects.erase(frame);
  frame->has_object = false;
  object->instruction = frame->offset();
  object->frame = nullptr;
}

Dict* current_globals(Thread& thread) { return thread.frame ? thread.frame->globals : nullptr; }

Ref current_locals(Thread& thread) {
  Frame* frame = thread.frame;
  if (!frame) return Ref();
  Ref locals = frame_locals(thread, frame);
  // What scripts have put into f_locals counts as well.
  Dict* extra =
      frame->has_object && frame->code->flags & CodeOptimized ? frame_objects[frame]->extra : nullptr;
  if (extra && !dict_update(thread, cast<Dict>(locals), Value(extra))) return Ref();
  return locals;
}

bool current_super_args(Thread& thread, Value& cls, Value& self) {
  Frame* frame = thread.frame;
  if (!frame) return raise(thread, RuntimeError_type, "super(): no current frame");
  Code* code = frame->code;
  if (code->arg_count == 0) return raise(thread, RuntimeError_type, "super(): no arguments");
  self = *(frame->regs - code->local_count);
  if (self && is_exact(self, cell_type)) self = cast<Cell>(self)->contents;
  if (!self) return raise(thread, RuntimeError_type, "super(): arg[0] deleted");
  Str* name = intern("__class__");
  for (size_t i = 0; code->free_names && i < code->free_names->size; ++i) {
    if ((*code->free_names)[i] != Value(name)) continue;
    cls = cast<Cell>((*frame->function->closure)[i])->contents;
    if (!cls) return raise(thread, RuntimeError_type, "super(): empty __class__ cell");
    if (!is_instance(cls, type_type))
      return raise(thread, RuntimeError_type,
                   fmt::format("super(): __class__ is not a type ({})", type_name(cls)));
    return true;
  }
  return raise(thread, RuntimeError_type, "super(): __class__ cell not found");
}

Ref current_frame_object(Thread& thread, int depth) {
  Frame* frame = thread.frame;
  for (; frame && depth > 0; --depth) frame = frame->caller;
  if (!frame) return raise(thread, ValueError_type, "call stack is not deep enough");
  return frame_object(thread, frame);
}

bool caller_position(Thread& thread, int level, Code*& code, uint32_t& line, Dict*& globals) {
  Frame* frame = visible(thread.frame);
  for (int i = 1; frame && i < level; ++i) frame = visible(frame->caller);
  if (!frame) return false;
  code = frame->code;
  line = position_at(code, frame->offset()).line;
  globals = frame->globals;
  return true;
}

namespace {

FrameObject* as_frame(Value value) { return cast<FrameObject>(value); }

uint32_t instruction_of(FrameObject* object) {
  return object->frame ? object->frame->offset() : object->instruction;
}

Ref get_code(Thread&, Value self) { return share(Value(as_frame(self)->code)); }
Ref get_globals(Thread&, Value self) { return share(Value(as_frame(self)->globals)); }
Ref get_builtins(Thread&, Value self) { return share(Value(builtins_of(as_frame(self)->globals))); }
Ref get_lineno(Thread&, Value self) {
  FrameObject* object = as_frame(self);
  uint32_t at = instruction_of(object);
  bool unstarted =
      object->frame && object->frame->in_generator && object->frame->state == GeneratorState::Created;
  return share(Value::from_int(unstarted ? object->code->first_line : position_at(object->code, at).line));
}
Ref get_lasti(Thread&, Value self) { return share(Value::from_int(instruction_of(as_frame(self)) * 4)); }
Ref get_locals(Thread& thread, Value self) {
  FrameObject* object = as_frame(self);
  bool has_namespace = object->frame && extra_of(object->frame) && !(object->frame->flags & FrameInit);
  if (object->code->flags & CodeOptimized && !has_namespace) return make_frame_locals(object);
  if (object->frame) return frame_locals(thread, object->frame);
  if (!object->locals && !(object->code->flags & CodeOptimized)) return share(Value(object->globals));
  if (!object->locals) object->locals = Value(new_dict().release());
  return share(object->locals);
}
Ref get_back(Thread& thread, Value self) {
  FrameObject* object = as_frame(self);
  if (!object->frame) return share(object->back ? object->back : None);
  Frame* caller = visible(object->frame->caller);
  return caller ? frame_object(thread, caller) : share(None);
}
Ref get_generator(Thread&, Value self) {
  FrameObject* object = as_frame(self);
  return share(object->frame && object->frame->in_generator ? Value(object->frame->generator()) : None);
}
Ref get_trace(Thread&, Value) { return share(None); }

constexpr GetSetDef attributes[] = {{"f_code", get_code},         {"f_globals", get_globals},
                                    {"f_builtins", get_builtins}, {"f_lineno", get_lineno},
                                    {"f_lasti", get_lasti},       {"f_locals", get_locals},
                                    {"f_back", get_back},         {"f_generator", get_generator},
                                    {"f_trace", get_trace},       {nullptr, nullptr}};

Ref frame_clear(Thread& thread, const Value* args) {
  FrameObject* object = as_frame(args[0]);
  if (object->frame) {
    Generator* generator = object->frame->generator();
    if (!generator || generator->state() == GeneratorState::Active) {
      bool running = !generator || generator_is_running(thread, generator);
      return raise(thread, RuntimeError_type,
                   running ? "cannot clear an executing frame" : "cannot clear a suspended frame");
    }
    finish_generator(thread, generator);
  }
  clear_field(object->locals);
  return share(None);
}
constexpr NativeDef methods[] = {{"clear", "self, /", frame_clear, "Release what the frame holds."},
                                 {nullptr}};

Ref frame_repr(Thread&, Value self) {
  FrameObject* object = as_frame(self);
  return make_str(fmt::format("<frame at {:#x}, file '{}', line {}, code {}>",
                              reinterpret_cast<uintptr_t>(object), object->code->filename->view(),
                              position_at(object->code, instruction_of(object)).line,
                              object->code->name->view()));
}

// --- frames of tracebacks ------------------------------------------------------------------------

// The frame at that address, if it still runs.
Frame* running_frame(Thread& thread, const Frame* address, const Code* code) {
  for (Frame* frame = thread.frame; frame; frame = frame->caller)
    if (frame == address && (!code || frame->code == code)) return frame;
  return nullptr;
}

// The variables that a frame has left to its entry, as a dict; empty for those of a module.
Ref left_locals(Traceback* entry) {
  if (!entry->locals || !is_exact(entry->locals, tuple_type)) return share(entry->locals);
  Own<Dict> locals = new_dict();
  Code* code = entry->code;
  auto add = [&](Value name, Value value) {
    if (is_exact(value, cell_type)) value = cast<Cell>(value)->contents;
    if (value && value != Value(code)) dict_set(locals.get(), cast<Str>(name), value);
  };
  Tuple* kept = cast<Tuple>(entry->locals);
  for (size_t i = 0; i + 1 < kept->size; ++i) add((*code->local_names)[i], (*kept)[i]);
  Value closure = (*kept)[kept->size - 1];
  for (size_t i = 0; is_exact(closure, tuple_type) && i < code->free_names->size; ++i)
    add((*code->free_names)[i], (*cast<Tuple>(closure))[i]);
  return Ref::steal(Value(locals.release()));
}

// Gives an entry its frame object; the entries outside of it have theirs.
void attach_frame(Thread& thread, Traceback* entry) {
  if (entry->frame) return;
  if (!entry->ended)
    if (Frame* frame = running_frame(thread, entry->origin, entry->code)) {
      entry->frame = frame_object(thread, frame).release();
      return;
    }
  Traceback* outer = entry->outer;
  if (outer && outer->origin == entry->origin && outer->code == entry->code && entry->origin) {
    entry->frame = share(outer->frame).release(); // raised again by the same frame
    return;
  }
  auto* object = allocate<FrameObject>(frame_type);
  entry->frame = Value(object);
  object->code = Own<Code>::share(entry->code).release();
  object->globals = Own<Dict>::share(entry->globals).release();
  object->instruction = entry->instruction;
  object->locals = left_locals(entry).release();
  clear_field(entry->locals); // the frame object has them now
  const Frame* caller = entry->caller;
  for (; outer && caller && outer->origin == caller; outer = outer->outer) {
    if (!(outer->code->flags & CodeLibrary)) {
      object->back = share(outer->frame).release();
      return;
    }
    caller = outer->caller;
  }
  if (Frame* frame = visible(running_frame(thread, caller, nullptr)))
    object->back = frame_object(thread, frame).release();
}

// The frame object of a traceback entry. A frame knows its caller, so the outermost comes first.
Ref traceback_frame(Thread& thread, Traceback* entry) {
  std::vector<Traceback*> entries{entry};
  while (Traceback* outer = entries.back()->outer) {
    if (outer->frame) break;
    entries.push_back(outer);
  }
  for (; !entries.empty(); entries.pop_back()) attach_frame(thread, entries.back());
  return share(entry->frame);
}

const TypeSpec frame_spec{.name = "frame",
                          .instance_size = sizeof(FrameObject),
                          .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                          .methods = methods,
                          .getset = attributes};

} // namespace

void init_frame_type() {
  Slots& slots = frame_type.slots;
  slots.dealloc = [](Object* object) {
    gc_untrack(object);
    auto* frame = static_cast<FrameObject*>(object);
    clear_field(frame->code);
    clear_field(frame->globals);
    clear_field(frame->locals);
    clear_field(frame->extra);
    clear_field(frame->back);
    free_object(object);
  };
  slots.traverse = [](Object* object, Visitor& visit) {
    auto* frame = static_cast<FrameObject*>(object);
    visit(frame->code);
    visit(frame->globals);
    visit(frame->locals);
    visit(static_cast<Object*>(frame->extra));
    visit(frame->back);
  };
  slots.repr = frame_repr;
  make_ready(frame_type, frame_spec);
  init_frame_locals_type();
  make_traceback_frame = traceback_frame;
}

} // namespace aspy
