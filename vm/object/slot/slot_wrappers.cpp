// Slots of native types as methods: what calling `[].__len__()` or `int.__add__(1, 2)` does, and the two
// descriptor types that make it a method: wrapper_descriptor (on the type) and method-wrapper (bound).
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/slot_functions.hpp"
#include "vm/object/thread.hpp"

#include <cstddef>
#include <fmt/format.h>

namespace aspy {

Type slot_wrapper_type;
Type method_wrapper_type;

namespace {

template <class Fn> Fn slot_as(AnySlot fn) { return reinterpret_cast<Fn>(fn); }
using UnaryFn = Ref (*)(Thread&, Value);

Ref done(bool ok) { return ok ? Ref(share(None)) : Ref(); }

// The name of an attribute as a method of the __getattribute__ family gets it.
Str* attribute_name(Thread& thread, Value name) {
  if (is_str(name)) return intern(cast<Str>(name));
  raise_type_error(thread, fmt::format("attribute name must be string, not '{}'", type_name(name)));
  return nullptr;
}

// object.__setattr__ must not be used to get round a native type's own rules: only the function of the
// nearest native base may be called.
bool may_set_attr(Thread& thread, Value self, AnySlot fn, const char* what) {
  Type* type = type_of(self);
  while (type && type->is_heap()) type = type->base;
  if (!type || reinterpret_cast<AnySlot>(type->slots.set_attr) == fn) return true;
  return raise_type_error(thread, fmt::format("can't apply this {} to {} object", what, type->name->view()));
}

} // namespace

Ref wrap_unary(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs) {
  return slot_as<UnaryFn>(fn)(thread, self);
}

Ref wrap_binary(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  return slot_as<BinaryFn>(fn)(thread, self, args[0]);
}

Ref wrap_reflected(Thread& thread, const SlotDef& def, AnySlot fn, Value self, CallArgs args) {
  // The sequence's repeat takes the sequence first in either order.
  if (def.slot == offsetof(Slots, repeat) / sizeof(AnySlot))
    return slot_as<BinaryFn>(fn)(thread, self, args[0]);
  return slot_as<BinaryFn>(fn)(thread, args[0], self);
}

namespace {
Ref power_with_modulus(Thread& thread, Value self, Value a, Value b, Value modulus) {
  if (auto* power3 = type_of(self)->slots.power3) return power3(thread, a, b, modulus);
  return share(NotImplemented);
}
} // namespace

Ref wrap_power(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  if (args.count == 2 && !args[1].is_none()) return power_with_modulus(thread, self, self, args[0], args[1]);
  return slot_as<BinaryFn>(fn)(thread, self, args[0]);
}

Ref wrap_reflected_power(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  if (args.count == 2 && !args[1].is_none()) return power_with_modulus(thread, self, args[0], self, args[1]);
  return slot_as<BinaryFn>(fn)(thread, args[0], self);
}

Ref wrap_compare(Thread& thread, const SlotDef& def, AnySlot fn, Value self, CallArgs args) {
  return slot_as<decltype(Slots::compare)>(fn)(thread, self, args[0], static_cast<CompareOp>(def.extra));
}

Ref wrap_hash(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs) {
  int64_t number;
  if (!slot_as<decltype(Slots::hash)>(fn)(thread, self, number)) return Ref();
  return make_int(number);
}

Ref wrap_call(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  return slot_as<decltype(Slots::call)>(fn)(thread, self, args);
}

Ref wrap_init(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  return done(slot_as<decltype(Slots::init)>(fn)(thread, self, args));
}

Ref wrap_finalize(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs) {
  if (self.is_object()) slot_as<decltype(Slots::finalize)>(fn)(thread, self.as_object());
  return share(None);
}

Ref wrap_get_attr(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  Str* name = attribute_name(thread, args[0]);
  return name ? slot_as<decltype(Slots::get_attr)>(fn)(thread, self, name) : Ref();
}

Ref wrap_set_attr(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  Str* name = attribute_name(thread, args[0]);
  if (!name || !may_set_attr(thread, self, fn, "__setattr__")) return Ref();
  return done(slot_as<decltype(Slots::set_attr)>(fn)(thread, self, name, args[1]));
}

Ref wrap_del_attr(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  Str* name = attribute_name(thread, args[0]);
  if (!name || !may_set_attr(thread, self, fn, "__delattr__")) return Ref();
  return done(slot_as<decltype(Slots::set_attr)>(fn)(thread, self, name, Value()));
}

Ref wrap_descr_get(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  Value object = args[0].is_none() ? Value() : args[0];
  Value type = args.count > 1 && !args[1].is_none() ? args[1] : Value();
  if (!object && !type) return raise_type_error(thread, "__get__(None, None) is invalid");
  if (!type) type = Value(type_of(object));
  return slot_as<decltype(Slots::descr_get)>(fn)(thread, self, object, type);
}

Ref wrap_descr_set(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  return done(slot_as<decltype(Slots::descr_set)>(fn)(thread, self, args[0], args[1]));
}

Ref wrap_descr_delete(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  return done(slot_as<decltype(Slots::descr_set)>(fn)(thread, self, args[0], Value()));
}

Ref wrap_next(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs) {
  Ref item = slot_as<UnaryFn>(fn)(thread, self);
  // The slot ends without an error; the method raises StopIteration.
  if (!item && !thread.has_error()) raise_value(thread, Value(&StopIteration_type));
  return item;
}

Ref wrap_truthy(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs) {
  int truth = slot_as<decltype(Slots::truthy)>(fn)(thread, self);
  return truth < 0 ? Ref() : Ref(share(Value::from_bool(truth != 0)));
}

Ref wrap_length(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs) {
  int64_t size = slot_as<decltype(Slots::length)>(fn)(thread, self);
  return size < 0 ? Ref() : make_int(size);
}

Ref wrap_set_item(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  return done(slot_as<decltype(Slots::set_item)>(fn)(thread, self, args[0], args[1]));
}

Ref wrap_del_item(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  return done(slot_as<decltype(Slots::set_item)>(fn)(thread, self, args[0], Value()));
}

Ref wrap_contains(Thread& thread, const SlotDef&, AnySlot fn, Value self, CallArgs args) {
  int found = slot_as<decltype(Slots::contains)>(fn)(thread, self, args[0]);
  return found < 0 ? Ref() : Ref(share(Value::from_bool(found != 0)));
}

// --- the descriptor types ----------------------------------------------------------------------------------

Ref make_slot_wrapper(const SlotDef& def, Type* owner, AnySlot fn) {
  auto* wrapper = allocate<SlotWrapper>(slot_wrapper_type);
  wrapper->def = &def;
  wrapper->owner = owner;
  wrapper->fn = fn;
  return Ref::steal(wrapper);
}

namespace {

struct MethodWrapper : Object {
  SlotWrapper* wrapper = nullptr; // owned
  Value self;                     // owned
};

Ref call_wrapper(Thread& thread, SlotWrapper* wrapper, Value self, CallArgs args) {
  const SlotDef& def = *wrapper->def;
  if (def.max_args != 255) {
    if (args.kwnames && args.kwnames->size)
      return raise_type_error(thread,
                              fmt::format("wrapper {}() takes no keyword arguments", (*def.name)->view()));
    if (args.count < def.min_args || args.count > def.max_args) {
      if (def.min_args == def.max_args)
        return raise_type_error(thread,
                                fmt::format("{}expected {} argument{}, got {}",
                                            def.min_args == 2 ? fmt::format("{} ", (*def.name)->view()) : "",
                                            def.min_args, def.min_args == 1 ? "" : "s", args.count));
      if (def.wrap == wrap_power || def.wrap == wrap_reflected_power)
        return raise_type_error(thread, fmt::format("expected 1 or 2 arguments, got {}", args.count));
      bool few = args.count < def.min_args;
      int limit = few ? def.min_args : def.max_args;
      return raise_type_error(thread,
                              fmt::format("expected at {} {} argument{}, got {}", few ? "least" : "most",
                                          limit, limit == 1 ? "" : "s", args.count));
    }
  }
  return def.wrap(thread, def, wrapper->fn, self, args);
}

std::string_view wrapper_name(Value self) { return (*cast<SlotWrapper>(self)->def->name)->view(); }

Ref slot_wrapper_call(Thread& thread, Value callee, CallArgs args) {
  auto* wrapper = cast<SlotWrapper>(callee);
  if (args.count == 0)
    return raise_type_error(thread, fmt::format("descriptor '{}' of '{}' object needs an argument",
                                                wrapper_name(callee), type_label(wrapper->owner)));
  if (!is_instance(args[0], *wrapper->owner))
    return raise_type_error(thread, fmt::format("descriptor '{}' requires a '{}' object but received a '{}'",
                                                wrapper_name(callee), type_label(wrapper->owner),
                                                type_name(args[0])));
  return call_wrapper(thread, wrapper, args[0], {args.args + 1, args.count - 1, args.kwnames});
}

Ref slot_wrapper_get(Thread& thread, Value descr, Value object, Value) {
  if (!object) return share(descr);
  auto* wrapper = cast<SlotWrapper>(descr);
  if (!is_instance(object, *wrapper->owner))
    return raise_type_error(thread,
                            fmt::format("descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
                                        wrapper_name(descr), type_label(wrapper->owner), type_name(object)));
  auto* bound = allocate<MethodWrapper>(method_wrapper_type);
  incref(wrapper);
  bound->wrapper = wrapper;
  bound->self = share(object).release();
  return Ref::steal(bound);
}

Ref slot_wrapper_repr(Thread&, Value self) {
  return make_str(fmt::format("<slot wrapper '{}' of '{}' objects>", wrapper_name(self),
                              type_label(cast<SlotWrapper>(self)->owner)));
}

Ref wrapper_get_name(Thread&, Value self) { return share(*cast<SlotWrapper>(self)->def->name); }
Ref wrapper_get_qualname(Thread&, Value self) {
  return make_str(fmt::format("{}.{}", cast<SlotWrapper>(self)->owner->qualname->view(), wrapper_name(self)));
}
Ref wrapper_get_doc(Thread&, Value self) {
  const char* doc = cast<SlotWrapper>(self)->def->doc;
  return doc ? Ref(make_str(doc)) : share(None);
}
Ref wrapper_get_owner(Thread&, Value self) { return share(cast<SlotWrapper>(self)->owner); }
Ref wrapper_get_signature(Thread&, Value self) {
  const SlotDef& def = *cast<SlotWrapper>(self)->def;
  if (!*def.params) return make_str("($self, /)");
  if (def.max_args == 255) return make_str(fmt::format("($self, /, {})", def.params));
  return make_str(fmt::format("($self, {}, /)", def.params));
}

const GetSetDef slot_wrapper_getset[] = {
    {"__name__", wrapper_get_name},
    {"__qualname__", wrapper_get_qualname},
    {"__doc__", wrapper_get_doc},
    {"__objclass__", wrapper_get_owner},
    {"__text_signature__", wrapper_get_signature},
    {nullptr, nullptr},
};
const TypeSpec slot_wrapper_spec = {.name = "wrapper_descriptor",
                                    .instance_size = sizeof(SlotWrapper),
                                    .flags = TypeFinal | TypeNoConstruct | TypeMethodLike,
                                    .getset = slot_wrapper_getset};

// --- bound ---
MethodWrapper* bound_of(Value self) { return cast<MethodWrapper>(self); }

Ref bound_call(Thread& thread, Value callee, CallArgs args) {
  return call_wrapper(thread, bound_of(callee)->wrapper, bound_of(callee)->self, args);
}
Ref bound_repr(Thread&, Value self) {
  auto* bound = bound_of(self);
  return make_str(fmt::format("<method-wrapper '{}' of {} object at {}>", wrapper_name(bound->wrapper),
                              type_name(bound->self), fmt::ptr(self.as_object())));
}
Ref bound_compare(Thread&, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::Eq && op != CompareOp::Ne) || !is_exact(b, method_wrapper_type))
    return share(NotImplemented);
  bool same = bound_of(a)->wrapper == bound_of(b)->wrapper && bound_of(a)->self == bound_of(b)->self;
  return share(Value::from_bool(same == (op == CompareOp::Eq)));
}
bool bound_hash(Thread&, Value self, int64_t& out) {
  out = static_cast<int64_t>(bound_of(self)->self.bits >> 4 ^
                             reinterpret_cast<uintptr_t>(bound_of(self)->wrapper));
  return true;
}
void bound_traverse(Object* self, Visitor& visit) { visit(static_cast<MethodWrapper*>(self)->self); }
void bound_dealloc(Object* self) {
  clear_field(static_cast<MethodWrapper*>(self)->self);
  clear_field(static_cast<MethodWrapper*>(self)->wrapper);
  free_object(self);
}
Ref bound_get_self(Thread&, Value self) { return share(bound_of(self)->self); }
Ref bound_get_name(Thread& thread, Value self) { return wrapper_get_name(thread, bound_of(self)->wrapper); }
Ref bound_get_doc(Thread& thread, Value self) { return wrapper_get_doc(thread, bound_of(self)->wrapper); }
Ref bound_get_owner(Thread& thread, Value self) { return wrapper_get_owner(thread, bound_of(self)->wrapper); }
Ref bound_get_qualname(Thread& thread, Value self) {
  return wrapper_get_qualname(thread, bound_of(self)->wrapper);
}
Ref bound_get_signature(Thread& thread, Value self) {
  return wrapper_get_signature(thread, bound_of(self)->wrapper);
}
const GetSetDef bound_getset[] = {
    {"__self__", bound_get_self}, {"__objclass__", bound_get_owner},
    {"__name__", bound_get_name}, {"__qualname__", bound_get_qualname},
    {"__doc__", bound_get_doc},   {"__text_signature__", bound_get_signature},
    {nullptr, nullptr},
};
const TypeSpec bound_spec = {.name = "method-wrapper",
                             .instance_size = sizeof(MethodWrapper),
                             .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                             .getset = bound_getset};

} // namespace

void init_slot_wrapper_types() {
  Slots& slots = slot_wrapper_type.slots;
  slots.dealloc = free_object;
  slots.call = slot_wrapper_call;
  slots.descr_get = slot_wrapper_get;
  slots.repr = slot_wrapper_repr;
  make_ready(slot_wrapper_type, slot_wrapper_spec);

  Slots& bound = method_wrapper_type.slots;
  bound.dealloc = bound_dealloc;
  bound.traverse = bound_traverse;
  bound.call = bound_call;
  bound.repr = bound_repr;
  bound.compare = bound_compare;
  bound.hash = bound_hash;
  make_ready(method_wrapper_type, bound_spec);
}

} // namespace aspy
