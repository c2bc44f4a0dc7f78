// BaseException: arguments, chaining, notes; and the start-up of all exception types.
#include "vm/object/error/exception.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception_base.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/init.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/type/subclasses.hpp"

#include <fmt/format.h>

namespace aspy {

#define ASPY_EXCEPTION(id, base) Type id##_type;
#include "vm/object/error/exceptions.def"
#undef ASPY_EXCEPTION

// --- making ---------------------------------------------------------------------------------------------

Ref exception_construct(Thread&, Type* type, CallArgs call) {
  auto* exception = static_cast<ExceptionObject*>(allocate_instance(type));
  exception->args = make_tuple(std::span(call.args, call.count)).release();
  return Ref::steal(exception);
}

bool exception_init(Thread& thread, Value self, CallArgs call) {
  if (!refuse_keywords(thread, type_of(self)->name->data(), call)) return false;
  // The constructor has usually just kept the very same arguments.
  auto* exception = as_exception(self);
  Tuple* old = exception->args;
  if (old && old->size == call.count && std::equal(call.args, call.args + call.count, old->items()))
    return true;
  exception->args = make_tuple(std::span(call.args, call.count)).release();
  if (old) decref(old);
  return true;
}

Ref make_exception(Thread& thread, Value cls, CallArgs args) {
  auto* type = cast<Type>(cls);
  // A built-in class: no script code is involved, so its slots can be called without the call machinery.
  if (type->is_heap()) return call(thread, cls, args);
  Ref made = type->slots.construct(thread, type, args);
  if (!made) return made;
  // OSError's constructor may have picked a subclass; exception_init would only store the arguments again.
  auto init = type_of(made)->slots.init;
  if (init != exception_init && !init(thread, made, args)) return {};
  return made;
}

void chain_context(Thread& thread, ExceptionObject* exception) {
  Value handled = thread.handled;
  if (!handled || handled.is_none() || handled == Value(exception)) return;
  // If the new exception is already somewhere in the handled one's chain, cut it out there: no cycles.
  // The second, half as fast walker notices a cycle that a script made by hand.
  Value at = handled, slow = handled;
  bool step_slow = false;
  while (true) {
    Value next = as_exception(at)->context;
    if (!next) break;
    if (next == Value(exception)) {
      clear_field(as_exception(at)->context);
      break;
    }
    at = next;
    if (at == slow) break;
    if (step_slow) slow = as_exception(slow)->context;
    step_slow = !step_slow;
  }
  assign(exception->context, share(handled));
}

int exception_matches(Thread& thread, Value exception, Value class_or_tuple) {
  // All are checked before any is matched; a tuple in a tuple is no class.
  std::span<const Value> classes(&class_or_tuple, 1);
  if (is_tuple(class_or_tuple)) classes = cast<Tuple>(class_or_tuple)->view();
  for (Value each : classes) {
    if (is_exception_class(each)) continue;
    raise_type_error(thread, "catching classes that do not inherit from BaseException is not allowed");
    return -1;
  }
  for (Value each : classes)
    if (is_instance(exception, *cast<Type>(each))) return 1;
  return 0;
}

bool raise_stop_iteration(Thread& thread, Value value) {
  bool none = !value || value.is_none();
  Ref made = exception_construct(thread, &StopIteration_type, CallArgs{&value, none ? 0u : 1u, nullptr});
  assign(cast<StopIterationObject>(made)->value, share(none ? None : value));
  set_error(thread, std::move(made));
  return false;
}

Ref take_stop_value(Thread& thread) {
  if (!error_matches(thread, StopIteration_type)) return {};
  Ref error = take_error(thread);
  Value value = cast<StopIterationObject>(error)->value;
  return share(value ? value : None);
}

// --- lifetime ---------------------------------------------------------------------------------------------

static std::span<Value> extra_values(Object* object, size_t count) {
  return {reinterpret_cast<Value*>(reinterpret_cast<char*>(object) + sizeof(ExceptionObject)), count};
}

void exception_clear(Object* object, size_t extra) {
  auto* exception = static_cast<ExceptionObject*>(object);
  clear_field(exception->args);
  clear_field(exception->traceback);
  clear_field(exception->cause);
  clear_field(exception->context);
  for (Value& field : extra_values(object, extra)) clear_field(field);
  attrs_clear(object);
}

void exception_release(Object* object, size_t extra) {
  gc_untrack(object);
  exception_clear(object, extra);
  attrs_destroy(object);
  free_object(object);
}

void exception_visit(Object* object, Visitor& visitor, size_t extra) {
  auto* exception = static_cast<ExceptionObject*>(object);
  visitor(exception->args);
  visitor(exception->traceback);
  visitor(exception->cause);
  visitor(exception->context);
  for (Value field : extra_values(object, extra)) visitor(field);
  attrs_traverse(object, visitor);
}

// --- text ----------------------------------------------------------------------------------------

Ref exception_str(Thread& thread, Value self) {
  auto args = exception_args(self);
  if (args.empty()) return share(names::empty);
  if (args.size() == 1) return str(thread, args[0]);
  return repr(thread, as_exception(self)->args);
}

static Ref exception_repr(Thread& thread, Value self) {
  auto args = exception_args(self);
  StrBuilder out;
  out.append(type_of(self)->name);
  if (args.size() == 1) {
    // A tuple of one would show a comma.
    out.append('(');
    if (!out.append_repr(thread, args[0])) return {};
    out.append(')');
  } else if (args.empty()) {
    out.append("()");
  } else if (!out.append_repr(thread, as_exception(self)->args)) {
    return {};
  }
  return out.finish();
}

// --- attributes ----------------------------------------------------------------------------------

static Ref get_args(Thread&, Value self) {
  Tuple* args = as_exception(self)->args;
  return share(args ? args : empty_tuple());
}
static bool set_args(Thread& thread, Value self, Value value) {
  if (!value) return raise_type_error(thread, "args may not be deleted");
  Own<Tuple> args = tuple_from_iterable(thread, value);
  if (!args) return false;
  Tuple* old = std::exchange(as_exception(self)->args, args.release());
  if (old) decref(old);
  return true;
}

static Ref or_none(Value value) { return share(value ? value : None); }

static Ref get_traceback(Thread&, Value self) { return or_none(as_exception(self)->traceback); }
static bool set_traceback(Thread& thread, Value self, Value value) {
  if (!value) return raise_type_error(thread, "__traceback__ may not be deleted");
  if (!value.is_none() && !is_exact(value, traceback_type))
    return raise_type_error(thread, "__traceback__ must be a traceback or None");
  assign(as_exception(self)->traceback, value.is_none() ? Ref() : share(value));
  return true;
}

// __cause__ and __context__ hold an exception or nothing, shown as None.
static bool set_chained(Thread& thread, Value& field, Value value, const char* name, const char* words) {
  if (!value) return raise_type_error(thread, fmt::format("{} may not be deleted", name));
  if (!value.is_none() && !is_exception(value))
    return raise_type_error(thread,
                            fmt::format("exception {} must be None or derive from BaseException", words));
  assign(field, value.is_none() ? Ref() : share(value));
  return true;
}
static Ref get_cause(Thread&, Value self) { return or_none(as_exception(self)->cause); }
static bool set_cause(Thread& thread, Value self, Value value) {
  if (!set_chained(thread, as_exception(self)->cause, value, "__cause__", "cause")) return false;
  as_exception(self)->suppress_context = true;
  return true;
}
static Ref get_context(Thread&, Value self) { return or_none(as_exception(self)->context); }
static bool set_context(Thread& thread, Value self, Value value) {
  return set_chained(thread, as_exception(self)->context, value, "__context__", "context");
}

static Ref get_suppress(Thread&, Value self) {
  return share(Value::from_bool(as_exception(self)->suppress_context));
}
static bool set_suppress(Thread& thread, Value self, Value value) {
  if (!value) return raise_type_error(thread, "can't delete numeric/char attribute");
  if (!value.is_bool()) return raise_type_error(thread, "attribute value type must be bool");
  as_exception(self)->suppress_context = value.as_bool();
  return true;
}

static Ref get_dict(Thread&, Value self) { return share(attrs_dict(self.as_object())); }
static bool set_dict(Thread& thread, Value self, Value value) {
  if (!value) return raise_type_error(thread, "cannot delete __dict__");
  if (!is_dict(value))
    return raise_type_error(
        thread, fmt::format("__dict__ must be set to a dictionary, not a '{}'", type_name(value)));
  attrs_replace_dict(self.as_object(), cast<Dict>(value));
  return true;
}

static const GetSetDef exception_getset[] = {
    {"__dict__", get_dict, set_dict},
    {"args", get_args, set_args},
    {"__traceback__", get_traceback, set_traceback},
    {"__cause__", get_cause, set_cause},
    {"__context__", get_context, set_context},
    {"__suppress_context__", get_suppress, set_suppress},
    {nullptr, nullptr},
};

// --- methods -------------------------------------------------------------------------------------

static Ref with_traceback(Thread& thread, const Value* args) {
  if (!args[1].is_none() && !is_exact(args[1], traceback_type))
    return raise_type_error(thread, "__traceback__ must be a traceback or None");
  if (!set_traceback(thread, args[0], args[1])) return {};
  return share(args[0]);
}

static Ref add_note(Thread& thread, const Value* args) {
  if (!is_str(args[1]))
    return raise_type_error(thread,
                            fmt::format("add_note() argument must be str, not {}", argument_type(args[1])));
  // An ordinary attribute, so that scripts may read, replace or delete it.
  Ref notes = find_attr(thread, args[0], names::dunder_notes);
  if (!notes) {
    if (thread.has_error()) return {};
    notes = new_list();
    if (!set_attr(thread, args[0], names::dunder_notes, notes)) return {};
  }
  if (!is_list(notes)) return raise_type_error(thread, "Cannot add note: __notes__ is not a list");
  list_append(cast<List>(notes), args[1]);
  return share(None);
}

static Ref set_state(Thread& thread, const Value* args) {
  if (args[1].is_none()) return share(None);
  if (!is_dict(args[1])) return raise_type_error(thread, "state is not a dictionary");
  uint32_t at = 0;
  Value key, value;
  while (dict_next(cast<Dict>(args[1]), at, key, value)) {
    if (!is_str(key)) return raise_type_error(thread, "attribute name must be string");
    if (!set_attr(thread, args[0], intern(cast<Str>(key)), value)) return {};
  }
  return share(None);
}

// (class, args) or (class, args, __dict__): what copy needs.
static Ref reduce(Thread& thread, const Value* args) {
  Ref arguments = get_args(thread, args[0]);
  Ref state = find_attr(thread, args[0], names::dunder_dict);
  if (state && is_dict(state) && cast<Dict>(state)->used > 0)
    return make_tuple({type_of(args[0]), arguments, state});
  if (thread.has_error()) return {};
  return make_tuple({type_of(args[0]), arguments});
}

static const NativeDef exception_methods[] = {
    {"add_note", "self, note, /", add_note, "Adds a line that the traceback shows below the message."},
    {"with_traceback", "self, tb, /", with_traceback, "Sets __traceback__ and returns the exception."},
    {"__setstate__", "self, state, /", set_state},
    {"__reduce__", "self, /", reduce},
    {nullptr},
};

// --- start-up ------------------------------------------------------------------------------------

static void prepare_base(Type& type) {
  fill_lifetime_slots<ExceptionObject>(type);
  type.slots.construct = exception_construct;
  type.slots.init = exception_init;
  type.slots.repr = exception_repr;
  type.slots.str = exception_str;
}

// The header comes first, then the Attrs (offsetof is for plain structs only).
static constexpr uint32_t exception_attrs_offset = sizeof(Object);

static void ready(Type& type, const char* name, Type& base, TypeSpec& spec) {
  ExceptionTraits traits;
  if (&type == &BaseException_type) {
    prepare_base(type);
    traits = {sizeof(ExceptionObject), exception_methods, exception_getset};
  } else {
    traits = prepare_field_exceptions(type);
    if (!traits.size && !traits.methods) traits = prepare_groups(type);
  }
  spec.name = name;
  spec.base = &base;
  spec.instance_size = traits.size;
  spec.flags = TypeTracked | TypeIsException;
  spec.attrs_offset = exception_attrs_offset;
  spec.methods = traits.methods;
  spec.getset = traits.getset;
  make_ready(type, spec);
}

// ExceptionGroup is an Exception too: the one built-in exception with two bases.
static void add_second_base(Type& type, Type& second) {
  Own<Tuple> bases = make_tuple({(*type.bases)[0], &second});
  Own<Tuple> order = make_tuple({&type, type.base, &second, &BaseException_type, &object_type});
  decref(std::exchange(type.bases, bases.release()));
  decref(std::exchange(type.mro, order.release()));
  add_subclass(&second, &type);
  type_assign_version(&type);
}

void init_exception_types() {
  init_traceback_type();
#define ASPY_EXCEPTION(id, base)                                                                             \
  static TypeSpec id##_spec;                                                                                 \
  ready(id##_type, #id, base##_type, id##_spec);
#include "vm/object/error/exceptions.def"
#undef ASPY_EXCEPTION
  add_second_base(ExceptionGroup_type, Exception_type);
}

} // namespace aspy
