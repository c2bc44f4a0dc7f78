#include "runtime/modules/namespace_object.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/dict.hpp"
#include "vm/object/exception.hpp"
#include "vm/object/native.hpp"
#include "vm/object/protocol.hpp"
#include "vm/object/shape.hpp"
#include "vm/object/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/tuple.hpp"

#include <fmt/format.h>
#include <vector>

namespace aspy {

Type simple_namespace_type;

namespace {

void namespace_dealloc(Object* object) {
  gc_untrack(object);
  attrs_destroy(object);
  free_object(object);
}

Ref namespace_construct(Thread&, Type* type, CallArgs) { return Ref::steal(allocate_instance(type)); }

bool namespace_init(Thread& thread, Value self, CallArgs call) {
  if (call.count > 1)
    return raise_type_error(thread, fmt::format("{} expected at most 1 argument, got {}", type_name(self), call.count));
  if (call.count == 1) {
    Own<Dict> given = new_dict();
    if (!dict_update(thread, given.get(), call.args[0])) return false;
    uint32_t at = 0;
    Value key, value;
    while (dict_next(given.get(), at, key, value)) {
      if (!is_str(key)) return raise_type_error(thread, "keywords must be strings");
      if (!set_attr(thread, self, intern(cast<Str>(key)), value)) return false;
    }
  }
  for (size_t i = 0; call.kwnames && i < call.kwnames->size; ++i)
    if (!set_attr(thread, self, intern(cast<Str>((*call.kwnames)[i])), call.args[call.count + i])) return false;
  return true;
}

// The attributes as a dict that can be walked safely.
Own<Dict> attributes_of(Thread& thread, Value self) {
  Ref dict = get_attr(thread, self, names::dunder_dict);
  return dict && is_dict(dict) ? dict_copy(cast<Dict>(dict)) : nullptr;
}

Ref namespace_repr(Thread& thread, Value self) {
  static thread_local std::vector<uint64_t> active;
  std::string name(type_of(self) == &simple_namespace_type ? "namespace" : type_name(self));
  for (uint64_t bits : active)
    if (bits == self.bits) return make_str(name + "(...)");
  if (!check_native_stack(thread)) return {};
  Own<Dict> attributes = attributes_of(thread, self);
  if (!attributes) return {};
  StrBuilder out;
  out.append(name);
  out.append('(');
  active.push_back(self.bits);
  uint32_t at = 0;
  Value key, value;
  bool first = true, fine = true;
  while (fine && dict_next(attributes.get(), at, key, value)) {
    if (!is_str(key)) continue;
    if (!first) out.append(", ");
    first = false;
    out.append(cast<Str>(key));
    out.append('=');
    fine = out.append_repr(thread, value);
  }
  active.pop_back();
  if (!fine) return {};
  out.append(')');
  return out.finish();
}

Ref namespace_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::Eq && op != CompareOp::Ne) || !is_instance(a, simple_namespace_type) ||
      !is_instance(b, simple_namespace_type))
    return share(NotImplemented);
  Own<Dict> x = attributes_of(thread, a), y = attributes_of(thread, b);
  if (!x || !y) return {};
  return compare(thread, x.value(), y.value(), op);
}

Ref namespace_reduce(Thread& thread, const Value* args) {
  Own<Dict> state = attributes_of(thread, args[0]);
  if (!state) return {};
  return make_tuple({type_of(args[0]), empty_tuple(), state.value()});
}

Ref namespace_replace(Thread& thread, CallArgs call) {
  Own<Dict> state = attributes_of(thread, call.args[0]);
  if (!state) return {};
  for (size_t i = 0; call.kwnames && i < call.kwnames->size; ++i)
    dict_set(state.get(), cast<Str>((*call.kwnames)[i]), call.args[call.count + i]);
  Ref made = aspy::call(thread, type_of(call.args[0]));
  Value changes = state.value();
  if (!made || !namespace_init(thread, made, CallArgs{&changes, 1, nullptr})) return {};
  return made;
}

const NativeDef namespace_methods[] = {
    {"__reduce__", "self, /", namespace_reduce},
    {"__replace__", "self, /, **changes", nullptr, nullptr, NativeKind::Function, namespace_replace},
    {nullptr},
};

} // namespace

void init_namespace_type() {
  if (simple_namespace_type.flags & TypeReady) return;
  static const TypeSpec spec = {.name = "types.SimpleNamespace",
                                .instance_size = sizeof(Instance),
                                .flags = TypeTracked,
                                .attrs_offset = sizeof(Object),
                                .methods = namespace_methods,
                                .doc = "SimpleNamespace(mapping_or_iterable=(), /, **kwargs)"};
  Slots& slots = simple_namespace_type.slots;
  slots.dealloc = namespace_dealloc;
  slots.traverse = attrs_traverse;
  slots.clear = attrs_clear;
  slots.construct = namespace_construct;
  slots.init = namespace_init;
  slots.repr = namespace_repr;
  slots.compare = namespace_compare;
  make_ready(simple_namespace_type, spec);
}

Ref make_namespace(Thread& thread, Dict* attributes) {
  init_namespace_type();
  Ref made = namespace_construct(thread, &simple_namespace_type, {});
  uint32_t at = 0;
  Value key, value;
  while (dict_next(attributes, at, key, value))
    if (is_str(key)) attrs_set(made.get().as_object(), intern(cast<Str>(key)), value);
  return made;
}

} // namespace aspy
