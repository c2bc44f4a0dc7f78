// types.SimpleNamespace: an object that only has attributes.
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cstddef>
#include <fmt/format.h>

namespace aspy {

Type simple_namespace_type;

namespace {

Ref namespace_construct(Thread&, Type* type, CallArgs) { return Ref::steal(allocate_instance(type)); }

bool namespace_init(Thread& thread, Value self, CallArgs args) {
  if (args.count > 1)
    return raise_type_error(thread, fmt::format("{} expected at most 1 argument, got {}",
                                                type_of(self)->name->view(), args.count));
  Object* object = self.as_object();
  if (args.count == 1) {
    Own<Dict> given = new_dict();
    if (!dict_update(thread, given.get(), args[0])) return false;
    Value key, value;
    for (uint32_t at = 0; dict_next(given.get(), at, key, value);) {
      if (!is_str(key)) return raise_type_error(thread, "keywords must be strings");
      attrs_set(object, intern(cast<Str>(key)), value);
    }
  }
  for (size_t i = 0; args.kwnames && i < args.kwnames->size; ++i)
    attrs_set(object, intern(cast<Str>((*args.kwnames)[i])), args[static_cast<uint32_t>(args.count + i)]);
  return true;
}

Ref namespace_repr(Thread& thread, Value self) {
  std::string_view name = is_exact(self, simple_namespace_type) ? "namespace" : type_of(self)->name->view();
  ReprGuard guard(self.as_object());
  if (guard.recursive()) return make_str(fmt::format("{}(...)", name));
  StrBuilder text;
  text.append(name);
  text.append('(');
  Own<Dict> attributes = Own<Dict>::share(attrs_dict(self.as_object()));
  Value key, value;
  bool first = true;
  for (uint32_t at = 0; dict_next(attributes.get(), at, key, value);) {
    if (!is_str(key)) continue;
    if (!first) text.append(", ");
    first = false;
    text.append(cast<Str>(key));
    text.append('=');
    Ref keep = share(value);
    if (!text.append_repr(thread, keep)) return Ref();
  }
  text.append(')');
  return text.finish();
}

Ref namespace_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_instance(a, simple_namespace_type) || !is_instance(b, simple_namespace_type))
    return share(NotImplemented);
  return compare(thread, Value(attrs_dict(a.as_object())), Value(attrs_dict(b.as_object())), op);
}

void namespace_dealloc(Object* self) {
  attrs_destroy(self);
  free_object(self);
}

struct SimpleNamespace : Object {
  Attrs attrs;
};
Ref get_dict(Thread&, Value self) { return share(attrs_dict(self.as_object())); }

// copy.replace()
Ref namespace_replace(Thread& thread, CallArgs args) {
  if (args.count != 1)
    return raise_type_error(
        thread, fmt::format("__replace__() takes 1 positional argument but {} were given", args.count));
  Ref made = call(thread, Value(type_of(args[0])));
  if (!made) return Ref();
  if (!dict_update(thread, attrs_dict(made.get().as_object()), Value(attrs_dict(args[0].as_object()))))
    return Ref();
  for (size_t i = 0; args.kwnames && i < args.kwnames->size; ++i)
    attrs_set(made.get().as_object(), intern(cast<Str>((*args.kwnames)[i])),
              args[static_cast<uint32_t>(1 + i)]);
  return made;
}

const NativeDef namespace_methods[] = {
    {"__replace__", "self, /, **changes", nullptr,
     "Return a copy of the namespace object with new values for the specified attributes.",
     NativeKind::Function, namespace_replace},
    {nullptr},
};
const GetSetDef namespace_getset[] = {{"__dict__", get_dict}, {nullptr, nullptr}};
const TypeSpec namespace_spec = {.name = "types.SimpleNamespace",
                                 .instance_size = sizeof(SimpleNamespace),
                                 .flags = TypeTracked,
                                 .attrs_offset = offsetof(SimpleNamespace, attrs),
                                 .methods = namespace_methods,
                                 .getset = namespace_getset,
                                 .doc = "A simple attribute-based namespace."};

} // namespace

void init_namespace_type() {
  Slots& slots = simple_namespace_type.slots;
  slots.dealloc = namespace_dealloc;
  slots.traverse = attrs_traverse;
  slots.clear = attrs_clear;
  slots.construct = namespace_construct;
  slots.init = namespace_init;
  slots.repr = namespace_repr;
  slots.compare = namespace_compare;
  make_ready(simple_namespace_type, namespace_spec);
}

} // namespace aspy
