// Traceback entries: one for each frame an exception passed through.
#include "vm/bytecode/code.hpp"
#include "vm/interpreter/call.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/exception_base.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <string>

namespace aspy {

Type traceback_type;
Ref (*make_traceback_frame)(Thread& thread, Traceback* entry);

void add_traceback(Thread& thread, Code* code, uint32_t instruction, Dict* globals, const Frame* origin) {
  auto* exception = cast<ExceptionObject>(thread.error);
  auto* entry = allocate_pooled<Traceback>(traceback_type);
  entry->code = code;
  incref(code);
  entry->instruction = instruction;
  entry->globals = globals;
  entry->origin = origin;
  if (globals) incref(globals);
  // The field's reference moves to the new head.
  Value old = exception->traceback;
  if (old && !old.is_none()) {
    entry->next = cast<Traceback>(old);
    entry->next->outer = entry;
  }
  exception->traceback = entry;
}

uint32_t traceback_line(const Traceback* entry) { return position_at(entry->code, entry->instruction).line; }

// Gives up the inner entries, which forget this one.
static Traceback* take_next(Traceback* entry) {
  Traceback* next = std::exchange(entry->next, nullptr);
  if (next && next->outer == entry) next->outer = nullptr;
  return next;
}

static void traceback_clear(Object* object) {
  auto* entry = static_cast<Traceback*>(object);
  if (Traceback* next = take_next(entry)) decref(next);
  clear_field(entry->frame);
  clear_field(entry->locals);
}

// Somebody has the inner entries without this one: their frames still know who called them.
static void keep_frames(Traceback* entry) {
  Traceback* next = entry->next;
  if (!next || next->refcount == 1 || !next->ended || next->frame || next->caller != entry->origin) return;
  ++entry->refcount; // it is looked at
  Thread& thread = Thread::current();
  ErrorShelter shelter(thread);
  if (Ref frame = make_traceback_frame(thread, next)) assign(next->frame, std::move(frame));
  --entry->refcount;
}

static void traceback_dealloc(Object* object) {
  auto* entry = static_cast<Traceback*>(object);
  gc_untrack(entry);
  Traceback* last = entry; // that goes now
  while (last->next && last->next->refcount == 1) last = last->next;
  keep_frames(last);
  // The innermost frame lets go of its variables first. A deep recursion's traceback is a long list, so it is
  // turned round (by way of `outer`) instead of recursing.
  Traceback* innermost = nullptr;
  for (Traceback* next = take_next(entry); next;) {
    if (next->refcount != 1) {
      decref(next);
      break;
    }
    Traceback* after = take_next(next);
    next->outer = innermost;
    innermost = std::exchange(next, after);
  }
  while (innermost) {
    Traceback* outer = std::exchange(innermost->outer, nullptr);
    decref(innermost);
    innermost = outer;
  }
  clear_field(entry->frame);
  clear_field(entry->code);
  clear_field(entry->globals);
  clear_field(entry->locals);
  free_pooled(entry);
}

static void traceback_traverse(Object* object, Visitor& visitor) {
  auto* entry = static_cast<Traceback*>(object);
  visitor(entry->next);
  visitor(entry->code);
  visitor(entry->frame);
  visitor(entry->globals);
  visitor(entry->locals);
}

static Ref get_next(Thread&, Value self) {
  Traceback* next = cast<Traceback>(self)->next;
  return share(next ? Value(next) : None);
}

static bool set_next(Thread& thread, Value self, Value value) {
  if (!value) return raise_type_error(thread, "can't delete tb_next attribute");
  if (!value.is_none() && !is_exact(value, traceback_type))
    return raise_type_error(thread, "expected traceback object, got '" + std::string(type_name(value)) + "'");
  Traceback* next = value.is_none() ? nullptr : cast<Traceback>(value);
  for (Traceback* at = next; at; at = at->next)
    if (at == cast<Traceback>(self)) return raise_value_error(thread, "traceback loop detected");
  if (next) incref(next);
  Traceback* old = take_next(cast<Traceback>(self));
  cast<Traceback>(self)->next = next;
  if (old) decref(old);
  return true;
}

static Ref get_line(Thread&, Value self) {
  auto* entry = cast<Traceback>(self);
  return share(Value::from_int(entry->given_line ? entry->given_line : traceback_line(entry)));
}
static Ref get_lasti(Thread&, Value self) {
  return share(Value::from_int(int64_t{cast<Traceback>(self)->instruction} * 2));
}

static Ref get_frame(Thread& thread, Value self) {
  auto* entry = cast<Traceback>(self);
  if (!entry->frame && make_traceback_frame) {
    Ref frame = make_traceback_frame(thread, entry);
    if (!frame) return {};
    assign(entry->frame, std::move(frame));
  }
  return share(entry->frame ? entry->frame : None);
}

// TracebackType(tb_next, tb_frame, tb_lasti, tb_lineno)
static Ref traceback_construct(Thread& thread, Type*, CallArgs args) {
  BoundArgs bound;
  int32_t last, line;
  if (!bind_args(thread, "traceback", "tb_next, tb_frame, tb_lasti, tb_lineno", args, bound)) return {};
  if (!bound[0].is_none() && !is_exact(bound[0], traceback_type))
    return raise_type_error(thread, "expected traceback object or None, got '" +
                                        std::string(type_name(bound[0])) + "'");
  if (!is_exact(bound[1], frame_type))
    return raise_type_error(thread, "traceback() argument 'tb_frame' must be frame, not " +
                                        std::string(bound[1].is_none() ? "None" : type_name(bound[1])));
  if (!to_int32(thread, bound[2], last) || !to_int32(thread, bound[3], line)) return {};
  Ref code = get_attr(thread, bound[1], "f_code");
  Ref globals = get_attr(thread, bound[1], "f_globals");
  if (!code || !globals) return {};
  auto* entry = allocate_pooled<Traceback>(traceback_type);
  Ref made = Ref::steal(entry);
  auto last_word = static_cast<uint32_t>(cast<Code>(code)->words.size());
  entry->instruction = std::min(static_cast<uint32_t>(std::max(last, 0)) / 2, last_word ? last_word - 1 : 0);
  entry->given_line = static_cast<uint32_t>(std::max(line, 0));
  entry->code = cast<Code>(code.release());
  entry->globals = is_dict(globals) ? cast<Dict>(globals.release()) : nullptr;
  entry->frame = share(bound[1]).release();
  if (!bound[0].is_none()) entry->next = cast<Traceback>(share(bound[0]).release());
  return made;
}

static const GetSetDef traceback_getset[] = {
    {"tb_next", get_next, set_next}, {"tb_frame", get_frame}, {"tb_lineno", get_line},
    {"tb_lasti", get_lasti},         {nullptr, nullptr},
};

void init_traceback_type() {
  static const TypeSpec spec = {.name = "traceback",
                                .instance_size = sizeof(Traceback),
                                .flags = TypeFinal | TypeTracked,
                                .getset = traceback_getset};
  traceback_type.slots.construct = traceback_construct;
  traceback_type.slots.dealloc = traceback_dealloc;
  traceback_type.slots.traverse = traceback_traverse;
  traceback_type.slots.clear = traceback_clear;
  make_ready(traceback_type, spec);
}

} // namespace aspy
