// Weak references. An object with the `has_weakrefs` flag has a chain of WeakRef objects in one table, newest
// first; the reference without a callback is shared by all who ask for one.
#include "vm/object/weakref.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>
#include <unordered_map>
#include <vector>

namespace aspy {

Type weakref_type;
Type weakproxy_type;
Type callable_proxy_type;

namespace {

// Heads of the chains. Never destroyed: types and modules die after static destructors would have run.
std::unordered_map<Object*, WeakRef*>& table() {
  static auto* const map = new std::unordered_map<Object*, WeakRef*>();
  return *map;
}

WeakRef* chain_of(Object* target) {
  if (!target->has_flag(Object::has_weakrefs)) return nullptr;
  auto found = table().find(target);
  return found == table().end() ? nullptr : found->second;
}

void link(WeakRef* ref, Object* target) {
  WeakRef*& head = table()[target];
  ref->target = target;
  ref->previous = nullptr;
  ref->next = head;
  if (head) head->previous = ref;
  head = ref;
  target->set_flag(Object::has_weakrefs);
}

void unlink(WeakRef* ref) {
  if (!ref->target) return;
  if (ref->next) ref->next->previous = ref->previous;
  if (ref->previous) {
    ref->previous->next = ref->next;
  } else if (ref->next) {
    table()[ref->target] = ref->next;
  } else {
    table().erase(ref->target);
    ref->target->gc_word &= ~Object::has_weakrefs;
  }
  ref->target = nullptr;
  ref->next = ref->previous = nullptr;
}

WeakRef* weakref_of(Value value) { return cast<WeakRef>(value); }

Ref new_weakref(Thread& thread, Type* type, Value target, Value callback) {
  if (callback.is_none()) callback = Value();
  if (!target.is_object() || !(type_of(target)->flags & TypeWeakRefs))
    return raise_type_error(thread,
                            fmt::format("cannot create weak reference to '{}' object", type_name(target)));
  bool shared = !callback && !type->is_heap();
  if (shared)
    for (WeakRef* ref = chain_of(target.as_object()); ref; ref = ref->next)
      if (ref->type == type && !ref->callback) return share(ref);
  auto* ref = static_cast<WeakRef*>(allocate_instance(type));
  ref->callback = share(callback).release();
  link(ref, target.as_object());
  return Ref::steal(ref);
}

} // namespace

Ref make_weakref(Thread& thread, Value target, Value callback) {
  return new_weakref(thread, &weakref_type, target, callback);
}
Ref make_weak_proxy(Thread& thread, Value target, Value callback) {
  return new_weakref(thread, is_callable(target) ? &callable_proxy_type : &weakproxy_type, target, callback);
}

Ref weakref_target(Value weakref) {
  Object* target = weakref_of(weakref)->target;
  // A target whose count is zero is dying at this moment.
  return target && target->refcount ? share(target) : Ref();
}

Ref first_weakref(Object* target) {
  WeakRef* ref = chain_of(target);
  if (!ref) return share(None);
  while (ref->next) ref = ref->next;
  return share(ref);
}

int64_t weakref_count(Object* target) {
  int64_t count = 0;
  for (WeakRef* ref = chain_of(target); ref; ref = ref->next) ++count;
  return count;
}

Ref weakref_list(Object* target) {
  Own<List> list = new_list();
  for (WeakRef* ref = chain_of(target); ref; ref = ref->next) list_append(list.get(), Value(ref));
  return list;
}

void clear_weakrefs(Object* object) {
  WeakRef* chain = chain_of(object);
  if (!chain) return;
  // All references die before the first callback runs. One that is itself dying has nobody left to tell.
  std::vector<Own<WeakRef>> with_callback;
  while (chain) {
    WeakRef* ref = chain;
    chain = chain->next;
    unlink(ref);
    if (ref->callback && ref->refcount) with_callback.push_back(Own<WeakRef>::share(ref));
  }
  Thread& thread = Thread::current();
  for (const Own<WeakRef>& ref : with_callback) {
    ErrorShelter shelter(thread);
    Ref callback = Ref::steal(std::exchange(ref->callback, Value()));
    if (!call(thread, callback, {ref.value()}))
      write_unraisable(thread, callback, "Exception ignored while calling weakref callback");
  }
}

namespace {

// --- weakref.ref ---------------------------------------------------------------------------------

Ref weakref_construct(Thread& thread, Type* type, CallArgs args) {
  if (!check_count(thread, "__new__", args, 1, type->is_heap() ? UINT32_MAX : 2)) return Ref();
  return new_weakref(thread, type, args[0], args.count > 1 ? args[1] : Value());
}
bool weakref_init(Thread& thread, Value, CallArgs args) {
  return refuse_keywords(thread, "ref", args) && check_count(thread, "__init__", args, 1, 2);
}
Ref weakref_call(Thread& thread, Value self, CallArgs args) {
  if (args.count || (args.kwnames && !refuse_keywords(thread, "weakref.__call__", args))) {
    if (thread.has_error()) return Ref();
    return raise_type_error(
        thread, fmt::format("__call__() takes 0 positional arguments but {} was given", args.count));
  }
  Ref target = weakref_target(self);
  return target ? target : share(None);
}

Ref weakref_repr(Thread& thread, Value self) {
  Ref target = weakref_target(self);
  const void* at = self.as_object();
  if (!target) return make_str(fmt::format("<weakref at {}; dead>", at));
  Ref name = find_attr(thread, target, names::dunder_name);
  if (!name && thread.has_error()) return Ref();
  if (name && is_str(name))
    return make_str(fmt::format("<weakref at {}; to '{}' at {} ({})>", at, type_name(target),
                                fmt::ptr(target.get().as_object()), cast<Str>(name)->view()));
  return make_str(fmt::format("<weakref at {}; to '{}' at {}>", at, type_name(target),
                              fmt::ptr(target.get().as_object())));
}

// Living references compare by their targets, dead ones by identity.
Ref weakref_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::Eq && op != CompareOp::Ne) || !is_instance(b, weakref_type))
    return share(NotImplemented);
  Ref left = weakref_target(a), right = weakref_target(b);
  if (left && right) return compare(thread, left, right, op);
  return share(Value::from_bool((a == b) == (op == CompareOp::Eq)));
}
bool weakref_hash(Thread& thread, Value self, int64_t& out) {
  auto* ref = weakref_of(self);
  if (!ref->has_hash) {
    Ref target = weakref_target(self);
    if (!target) return raise_type_error(thread, "weak object has gone away");
    if (!hash(thread, target, ref->hash)) return false;
    ref->has_hash = true;
  }
  out = ref->hash;
  return true;
}
void weakref_traverse(Object* self, Visitor& visit) { visit(static_cast<WeakRef*>(self)->callback); }
void weakref_clear(Object* self) {
  unlink(static_cast<WeakRef*>(self));
  clear_field(static_cast<WeakRef*>(self)->callback);
}
void weakref_dealloc(Object* self) {
  weakref_clear(self);
  free_object(self);
}
Ref get_callback(Thread&, Value self) {
  Value callback = weakref_of(self)->callback;
  return share(callback ? callback : None);
}

const NativeDef weakref_methods[] = {
    {"__class_getitem__", "cls, item, /", class_getitem, "See PEP 585", NativeKind::ClassMethod},
    {nullptr},
};
const GetSetDef weakref_getset[] = {{"__callback__", get_callback}, {nullptr, nullptr}};
const TypeSpec weakref_spec = {.name = "weakref.ReferenceType",
                               .instance_size = sizeof(WeakRef),
                               .flags = TypeTracked,
                               .methods = weakref_methods,
                               .getset = weakref_getset};

// --- proxies -------------------------------------------------------------------------------------

// The target of a proxy; ReferenceError when it is gone. Anything else is itself.
Ref through(Thread& thread, Value value) {
  if (!is_exact(value, weakproxy_type) && !is_exact(value, callable_proxy_type)) return share(value);
  Ref target = weakref_target(value);
  if (!target) raise(thread, ReferenceError_type, "weakly-referenced object no longer exists");
  return target;
}

template <Ref (*Fn)(Thread&, Value)> Ref proxy_unary(Thread& thread, Value self) {
  Ref target = through(thread, self);
  return target ? Fn(thread, target) : Ref();
}
template <BinaryOp Op> Ref proxy_binary(Thread& thread, Value a, Value b) {
  Ref left = through(thread, a), right = left ? through(thread, b) : Ref();
  return right ? binary_op(thread, Op, left, right) : Ref();
}
template <BinaryOp Op> Ref proxy_inplace(Thread& thread, Value a, Value b) {
  Ref left = through(thread, a), right = left ? through(thread, b) : Ref();
  return right ? inplace_op(thread, Op, left, right) : Ref();
}
Ref proxy_get_attr(Thread& thread, Value self, Str* name) {
  Ref target = through(thread, self);
  return target ? get_attr(thread, target, name) : Ref();
}
bool proxy_set_attr(Thread& thread, Value self, Str* name, Value value) {
  Ref target = through(thread, self);
  return target && set_attr(thread, target, name, value);
}
Ref proxy_call(Thread& thread, Value self, CallArgs args) {
  Ref target = through(thread, self);
  return target ? call(thread, target, args) : Ref();
}
Ref proxy_repr(Thread&, Value self) {
  Ref target = weakref_target(self);
  const void* at = self.as_object();
  if (!target) return make_str(fmt::format("<weakproxy at {}; dead>", at));
  return make_str(fmt::format("<weakproxy at {}; to '{}' at {}>", at, type_name(target),
                              fmt::ptr(target.get().as_object())));
}
Ref proxy_compare(Thread& thread, Value a, Value b, CompareOp op) {
  Ref left = through(thread, a), right = left ? through(thread, b) : Ref();
  return right ? compare(thread, left, right, op) : Ref();
}
int proxy_truthy(Thread& thread, Value self) {
  Ref target = through(thread, self);
  return target ? truthy(thread, target) : -1;
}
Ref proxy_next(Thread& thread, Value self) {
  Ref target = through(thread, self);
  if (!target) return Ref();
  if (!type_of(target)->slots.next)
    return raise_type_error(
        thread, fmt::format("Weakref proxy referenced a non-iterator '{}' object", type_name(target)));
  return next(thread, target);
}
Ref proxy_to_int(Thread& thread, Value self) {
  Ref target = through(thread, self);
  return target ? call(thread, Value(&int_type), {target.get()}) : Ref();
}
Ref proxy_to_float(Thread& thread, Value self) {
  Ref target = through(thread, self);
  return target ? call(thread, Value(&float_type), {target.get()}) : Ref();
}

Ref proxy_divmod_of(Thread& thread, Value a, Value b) {
  Ref left = through(thread, a), right = left ? through(thread, b) : Ref();
  if (!right) return {};
  Ref method = lookup_special(thread, left, names::dunder_divmod);
  Ref result = method ? call(thread, method, {right.get()}) : Ref();
  if (thread.has_error() || (result && result.get() != NotImplemented)) return result;
  method = lookup_special(thread, right, names::dunder_rdivmod);
  return method ? call(thread, method, {left.get()}) : thread.has_error() ? Ref() : share(NotImplemented);
}
Ref proxy_divmod(Thread& thread, const Value* args) { return proxy_divmod_of(thread, args[0], args[1]); }
Ref proxy_rdivmod(Thread& thread, const Value* args) { return proxy_divmod_of(thread, args[1], args[0]); }

Ref proxy_bytes(Thread& thread, const Value* args) {
  Ref target = through(thread, args[0]);
  return target ? call_method(thread, target, names::dunder_bytes) : Ref();
}
Ref proxy_reversed(Thread& thread, const Value* args) {
  Ref target = through(thread, args[0]);
  return target ? call_method(thread, target, names::dunder_reversed) : Ref();
}

int64_t proxy_length(Thread& thread, Value self) {
  Ref target = through(thread, self);
  return target ? length(thread, target) : -1;
}
Ref proxy_get_item(Thread& thread, Value self, Value key) {
  Ref target = through(thread, self);
  return target ? get_item(thread, target, key) : Ref();
}
bool proxy_set_item(Thread& thread, Value self, Value key, Value value) {
  Ref target = through(thread, self);
  return target && set_item(thread, target, key, value);
}
int proxy_contains(Thread& thread, Value self, Value item) {
  Ref target = through(thread, self);
  return target ? contains(thread, target, item) : -1;
}

template <int... Index> void fill_operators(Slots& slots, std::integer_sequence<int, Index...>) {
  ((slots.binary[Index] = proxy_binary<static_cast<BinaryOp>(Index)>,
    slots.inplace[Index] = proxy_inplace<static_cast<BinaryOp>(Index)>),
   ...);
}

void fill_proxy(Type& type) {
  Slots& slots = type.slots;
  slots.dealloc = weakref_dealloc;
  slots.traverse = weakref_traverse;
  slots.clear = weakref_clear;
  slots.get_attr = proxy_get_attr;
  slots.set_attr = proxy_set_attr;
  slots.repr = proxy_repr;
  slots.str = proxy_unary<str>;
  slots.compare = proxy_compare;
  slots.hash = hash_not_implemented;
  slots.truthy = proxy_truthy;
  slots.iter = proxy_unary<iter>;
  slots.next = proxy_next;
  slots.length = proxy_length;
  slots.get_item = proxy_get_item;
  slots.set_item = proxy_set_item;
  slots.contains = proxy_contains;
  slots.negative = proxy_unary<negative>;
  slots.positive = proxy_unary<positive>;
  slots.absolute = proxy_unary<absolute>;
  slots.invert = proxy_unary<invert>;
  slots.index = proxy_unary<to_index_object>;
  slots.to_int = proxy_to_int;
  slots.to_float = proxy_to_float;
  fill_operators(slots, std::make_integer_sequence<int, binary_op_count>());
}

const NativeDef callable_proxy_methods[] = {{"__divmod__", "self, value, /", proxy_divmod},
                                            {"__rdivmod__", "self, value, /", proxy_rdivmod},
                                            {nullptr}};
const NativeDef proxy_methods[] = {{"__divmod__", "self, value, /", proxy_divmod},
                                   {"__rdivmod__", "self, value, /", proxy_rdivmod},
                                   {"__bytes__", "self, /", proxy_bytes},
                                   {"__reversed__", "self, /", proxy_reversed},
                                   {nullptr}};
const TypeSpec proxy_spec = {.name = "weakref.ProxyType",
                             .instance_size = sizeof(WeakRef),
                             .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                             .methods = proxy_methods};
const TypeSpec callable_proxy_spec = {.name = "weakref.CallableProxyType",
                                      .instance_size = sizeof(WeakRef),
                                      .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                                      .methods = callable_proxy_methods};

} // namespace

void init_weakref_types() {
  Slots& slots = weakref_type.slots;
  slots.dealloc = weakref_dealloc;
  slots.traverse = weakref_traverse;
  slots.clear = weakref_clear;
  slots.construct = weakref_construct;
  slots.init = weakref_init;
  slots.call = weakref_call;
  slots.repr = weakref_repr;
  slots.compare = weakref_compare;
  slots.hash = weakref_hash;
  make_ready(weakref_type, weakref_spec);

  fill_proxy(weakproxy_type);
  make_ready(weakproxy_type, proxy_spec);
  fill_proxy(callable_proxy_type);
  callable_proxy_type.slots.call = proxy_call;
  make_ready(callable_proxy_type, callable_proxy_spec);
}

} // namespace aspy
