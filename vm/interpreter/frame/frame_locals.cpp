// FrameLocalsProxy: what f_locals of a function's frame is. It shows the variables as they are, and writes to
// them; names that are no variables of the function are kept beside them. Once the frame has ended, it shows
// what the frame object has kept.
#include "vm/interpreter/frame/frame_object.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {

namespace {

Type frame_locals_type;

struct FrameLocals : Object {
  FrameObject* frame = nullptr; // owned
};
FrameObject* frame_of(Value proxy) { return cast<FrameLocals>(proxy)->frame; }

// Where the variable of that name lies, in its cell if it has one; null: the function has no such variable,
// or its frame has ended.
Value* variable(FrameObject* object, Value name) {
  Frame* frame = object->frame;
  if (!frame || !is_str(name)) return nullptr;
  Code* code = frame->code;
  std::string_view wanted = cast<Str>(name)->view();
  auto named = [&](Value entry) { return cast<Str>(entry)->view() == wanted; };
  auto inside = [](Value* slot) { return is_exact(*slot, cell_type) ? &cast<Cell>(*slot)->contents : slot; };
  for (uint32_t i = 0; i < code->local_names->size; ++i) {
    if (!named((*code->local_names)[i])) continue;
    bool near = i < code->local_count;
    return inside(near ? frame->regs - code->local_count + i
                       : &frame->regs[code->temp_count + i - code->local_count]);
  }
  Tuple* closure = frame->function ? frame->function->closure : nullptr;
  for (size_t i = 0; closure && code->free_names && i < code->free_names->size; ++i)
    if (named((*code->free_names)[i])) return &cast<Cell>((*closure)[i])->contents;
  return nullptr;
}

Dict* extras(FrameObject* object) {
  if (!object->extra) object->extra = new_dict().release();
  return object->extra;
}
// The dict that holds what is no variable of a running function.
Dict* beside(FrameObject* object) {
  return !object->frame && object->locals ? cast<Dict>(object->locals) : extras(object);
}

// All of it, as a new dict.
Own<Dict> copy(Thread& thread, Value self) {
  FrameObject* object = frame_of(self);
  Own<Dict> all = new_dict();
  Ref variables = object->frame ? frame_locals(thread, object->frame) : share(object->locals);
  if (variables && !dict_update(thread, all.get(), variables)) return {};
  if (object->extra && !dict_update(thread, all.get(), Value(object->extra))) return {};
  return all;
}

// --- as a mapping; find: the value, or empty with or without an exception ------------------------

Ref find(Thread& thread, Value self, Value key) {
  FrameObject* object = frame_of(self);
  if (Value* slot = variable(object, key); slot && *slot) return share(*slot);
  if (!object->frame && object->locals)
    if (Value kept = dict_get(thread, cast<Dict>(object->locals), key)) return share(kept);
  if (thread.has_error() || !object->extra) return Ref();
  Value value = dict_get(thread, object->extra, key);
  return value ? share(value) : Ref();
}

Ref locals_get_item(Thread& thread, Value self, Value key) {
  Ref value = find(thread, self, key);
  if (value || thread.has_error()) return value;
  Ref shown = repr(thread, key);
  if (!shown) return Ref();
  Own<Str> text = make_str(fmt::format("local variable '{}' is not defined", cast<Str>(shown)->view()));
  raise_key_error(thread, text.value());
  return Ref();
}

bool refuse_removal(Thread& thread) {
  return raise_value_error(thread, "cannot remove local variables from FrameLocalsProxy");
}

bool locals_set_item(Thread& thread, Value self, Value key, Value value) {
  FrameObject* object = frame_of(self);
  if (Value* slot = variable(object, key)) {
    if (!value) return refuse_removal(thread);
    assign(*slot, share(value));
    return true;
  }
  if (value) return dict_set(thread, beside(object), key, value);
  int removed = dict_remove(thread, beside(object), key);
  return removed > 0 || (removed == 0 && raise_key_error(thread, key));
}

int locals_contains(Thread& thread, Value self, Value key) {
  Ref value = find(thread, self, key);
  return thread.has_error() ? -1 : static_cast<bool>(value);
}

int64_t locals_length(Thread& thread, Value self) {
  Own<Dict> all = copy(thread, self);
  return all ? length(thread, all.value()) : -1;
}

Ref view(Thread& thread, Value self, const char* method) {
  Own<Dict> all = copy(thread, self);
  Ref seen = all ? call_method(thread, all.value(), method) : Ref();
  return seen ? Ref(list_from_iterable(thread, seen)) : Ref();
}
Ref iterate(Thread& thread, Value self) {
  Ref keys = view(thread, self, "keys");
  return keys ? iter(thread, keys) : Ref();
}

Ref text_of(Thread& thread, Value self) {
  ReprGuard guard(self.as_object());
  if (guard.recursive()) return make_str("{...}");
  Own<Dict> all = copy(thread, self);
  return all ? repr(thread, all.value()) : Ref();
}

Ref compare_with(Thread& thread, Value self, Value other, CompareOp op) {
  if (op != CompareOp::Eq && op != CompareOp::Ne) return share(NotImplemented);
  if (is_exact(other, frame_locals_type))
    return share(Value::from_bool((frame_of(self) == frame_of(other)) == (op == CompareOp::Eq)));
  if (!is_dict(other)) return share(NotImplemented);
  Own<Dict> all = copy(thread, self);
  return all ? compare(thread, all.value(), other, op) : Ref();
}

bool is_mapping_like(Value value) { return is_dict(value) || is_exact(value, frame_locals_type); }
bool update(Thread& thread, Value self, Value other) {
  if (!is_mapping_like(other))
    return raise_type_error(thread, "update() argument must be dict or another FrameLocalsProxy");
  Own<Dict> values = is_dict(other) ? dict_copy(cast<Dict>(other)) : copy(thread, other);
  if (!values) return false;
  uint32_t position = 0;
  Value key, value;
  while (dict_next(values.get(), position, key, value))
    if (!locals_set_item(thread, self, key, value)) return false;
  return true;
}
Ref join(Thread& thread, Value a, Value b) {
  if (!is_mapping_like(a) || !is_mapping_like(b)) return share(NotImplemented);
  Own<Dict> all = new_dict();
  for (Value part : {a, b}) {
    Ref items = is_dict(part) ? share(part) : Ref(copy(thread, part));
    if (!items || !dict_update(thread, all.get(), items)) return Ref();
  }
  return all;
}
Ref join_in_place(Thread& thread, Value self, Value other) {
  if (!is_mapping_like(other)) return share(NotImplemented);
  Ref items = is_dict(other) ? share(other) : Ref(copy(thread, other));
  return items && update(thread, self, items) ? share(self) : Ref();
}

// --- methods -------------------------------------------------------------------------------------

Ref method_get(Thread& thread, const Value* args) {
  Ref value = find(thread, args[0], args[1]);
  return value || thread.has_error() ? std::move(value) : share(args[2] ? args[2] : None);
}
Ref method_setdefault(Thread& thread, const Value* args) {
  Ref value = method_get(thread, args);
  if (!value || locals_contains(thread, args[0], args[1])) return value;
  return locals_set_item(thread, args[0], args[1], value) ? std::move(value) : Ref();
}
Ref method_pop(Thread& thread, const Value* args) {
  if (variable(frame_of(args[0]), args[1])) {
    refuse_removal(thread);
    return Ref();
  }
  Ref value = find(thread, args[0], args[1]);
  if (thread.has_error()) return Ref();
  if (!value && args[2]) return share(args[2]);
  return locals_set_item(thread, args[0], args[1], Value()) ? std::move(value) : Ref();
}
Ref method_update(Thread& thread, const Value* args) {
  return update(thread, args[0], args[1]) ? share(None) : Ref();
}
Ref method_copy(Thread& thread, const Value* args) { return copy(thread, args[0]); }
Ref method_keys(Thread& thread, const Value* args) { return view(thread, args[0], "keys"); }
Ref method_values(Thread& thread, const Value* args) { return view(thread, args[0], "values"); }
Ref method_items(Thread& thread, const Value* args) { return view(thread, args[0], "items"); }
Ref method_reversed(Thread& thread, const Value* args) {
  Ref keys = view(thread, args[0], "keys");
  if (!keys || !call_method(thread, keys, "reverse")) return Ref();
  return iter(thread, keys);
}

constexpr NativeDef methods[] = {{"get", "self, key, default=None, /", method_get},
                                 {"setdefault", "self, key, default=None, /", method_setdefault},
                                 {"pop", "self, key, default=<unrepresentable>, /", method_pop},
                                 {"update", "self, other, /", method_update},
                                 {"copy", "self, /", method_copy, "A dict of the variables."},
                                 {"__copy__", "self, /", method_copy},
                                 {"keys", "self, /", method_keys},
                                 {"values", "self, /", method_values},
                                 {"items", "self, /", method_items},
                                 {"__reversed__", "self, /", method_reversed},
                                 {nullptr}};

const TypeSpec spec{.name = "FrameLocalsProxy",
                    .instance_size = sizeof(FrameLocals),
                    .flags = TypeFinal | TypeNoConstruct | TypeTracked | TypeIsMapping,
                    .methods = methods};

} // namespace

Ref make_frame_locals(FrameObject* frame) {
  auto* proxy = allocate<FrameLocals>(frame_locals_type);
  proxy->frame = Own<FrameObject>::share(frame).release();
  return Ref::steal(Value(proxy));
}

void init_frame_locals_type() {
  Slots& slots = frame_locals_type.slots;
  slots.dealloc = [](Object* object) {
    gc_untrack(object);
    clear_field(static_cast<FrameLocals*>(object)->frame);
    free_object(object);
  };
  slots.traverse = [](Object* object, Visitor& visit) {
    visit(static_cast<Object*>(static_cast<FrameLocals*>(object)->frame));
  };
  slots.get_item = locals_get_item;
  slots.set_item = locals_set_item;
  slots.length = locals_length;
  slots.contains = locals_contains;
  slots.iter = iterate;
  slots.repr = text_of;
  slots.compare = compare_with;
  slots.binary[static_cast<int>(BinaryOp::Or)] = join;
  slots.inplace[static_cast<int>(BinaryOp::Or)] = join_in_place;
  make_ready(frame_locals_type, spec);
}

} // namespace aspy
