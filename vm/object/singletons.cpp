// None, Ellipsis and NotImplemented.
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

Type none_type;
Type ellipsis_type;
Type not_implemented_type;
Object ellipsis_object{immortal_refcount, 0, &ellipsis_type};
Object not_implemented_object{immortal_refcount, 0, &not_implemented_type};

namespace {

// type(None)() is None, and so for the others.
Ref construct_only(Thread& thread, CallArgs args, Value only, const char* name) {
  if (args.count || (args.kwnames && args.kwnames->size))
    return raise_type_error(thread, fmt::format("{} takes no arguments", name));
  return share(only);
}
Ref none_construct(Thread& thread, Type*, CallArgs args) {
  return construct_only(thread, args, None, "NoneType");
}
Ref ellipsis_construct(Thread& thread, Type*, CallArgs args) {
  return construct_only(thread, args, Ellipsis, "EllipsisType");
}
Ref not_implemented_construct(Thread& thread, Type*, CallArgs args) {
  return construct_only(thread, args, NotImplemented, "NotImplementedType");
}

Ref none_repr(Thread&, Value) { return share(intern("None")); }
Ref ellipsis_repr(Thread&, Value) { return share(intern("Ellipsis")); }
Ref not_implemented_repr(Thread&, Value) { return share(intern("NotImplemented")); }
int none_truthy(Thread&, Value) { return 0; }
int not_implemented_truthy(Thread& thread, Value) {
  raise_type_error(thread, "NotImplemented should not be used in a boolean context");
  return -1;
}
bool none_hash(Thread&, Value, int64_t& out) {
  out = 0xFCA86420;
  return true;
}
Ref reduce_to_name(Thread& thread, const Value* args) { return repr(thread, args[0]); }

const NativeDef named_methods[] = {{"__reduce__", "self, /", reduce_to_name}, {nullptr}};
const TypeSpec none_spec = {.name = "NoneType", .flags = TypeFinal, .doc = "The type of the None singleton."};
const TypeSpec ellipsis_spec = {.name = "ellipsis",
                                .flags = TypeFinal,
                                .methods = named_methods,
                                .doc = "The type of the Ellipsis singleton."};
const TypeSpec not_implemented_spec = {.name = "NotImplementedType",
                                       .flags = TypeFinal,
                                       .methods = named_methods,
                                       .doc = "The type of the NotImplemented singleton."};

} // namespace

void init_singleton_types() {
  none_type.slots.construct = none_construct;
  none_type.slots.repr = none_repr;
  none_type.slots.truthy = none_truthy;
  none_type.slots.hash = none_hash;
  make_ready(none_type, none_spec);

  ellipsis_type.slots.construct = ellipsis_construct;
  ellipsis_type.slots.repr = ellipsis_repr;
  make_ready(ellipsis_type, ellipsis_spec);

  not_implemented_type.slots.construct = not_implemented_construct;
  not_implemented_type.slots.repr = not_implemented_repr;
  not_implemented_type.slots.truthy = not_implemented_truthy;
  make_ready(not_implemented_type, not_implemented_spec);
}

} // namespace aspy
