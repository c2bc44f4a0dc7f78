// mappingproxy: a read-only view of a mapping, such as a class's __dict__.
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

Type mapping_proxy_type;

namespace {

Value mapping_of(Value proxy) { return cast<MappingProxy>(proxy)->mapping; }
Value unwrap(Value value) { return is_exact(value, mapping_proxy_type) ? mapping_of(value) : value; }

Ref proxy_construct(Thread& thread, Type*, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "mappingproxy", "mapping", args, bound)) return Ref();
  if (!type_of(bound[0])->slots.get_item || has_type_flag(bound[0], TypeIsList | TypeIsTuple))
    return raise_type_error(
        thread, fmt::format("mappingproxy() argument must be a mapping, not {}", type_name(bound[0])));
  return make_mapping_proxy(bound[0]);
}
Ref proxy_get_item(Thread& thread, Value self, Value key) { return get_item(thread, mapping_of(self), key); }
int64_t proxy_length(Thread& thread, Value self) { return length(thread, mapping_of(self)); }
int proxy_contains(Thread& thread, Value self, Value key) { return contains(thread, mapping_of(self), key); }
Ref proxy_iter(Thread& thread, Value self) { return iter(thread, mapping_of(self)); }
Ref proxy_str(Thread& thread, Value self) { return str(thread, mapping_of(self)); }
Ref proxy_repr(Thread& thread, Value self) {
  Ref inner = repr(thread, mapping_of(self));
  return inner ? Ref(make_str(fmt::format("mappingproxy({})", cast<Str>(inner)->view()))) : Ref();
}
Ref proxy_compare(Thread& thread, Value a, Value b, CompareOp op) {
  return compare(thread, mapping_of(a), unwrap(b), op);
}
bool proxy_hash(Thread& thread, Value self, int64_t& out) { return hash(thread, mapping_of(self), out); }
Ref proxy_or(Thread& thread, Value a, Value b) {
  return binary_op(thread, BinaryOp::Or, unwrap(a), unwrap(b));
}
Ref proxy_ior(Thread& thread, Value self, Value) {
  return raise_type_error(thread,
                          fmt::format("'|=' is not supported by {}; use '|' instead", type_name(self)));
}
void proxy_traverse(Object* self, Visitor& visit) { visit(static_cast<MappingProxy*>(self)->mapping); }
void proxy_dealloc(Object* self) {
  clear_field(static_cast<MappingProxy*>(self)->mapping);
  free_object(self);
}

Ref forward(Thread& thread, Value self, std::string_view method) {
  return call_method(thread, mapping_of(self), method);
}
Ref proxy_get(Thread& thread, const Value* args) {
  return call_method(thread, mapping_of(args[0]), "get", {args[1], args[2] ? args[2] : None});
}
Ref proxy_keys(Thread& thread, const Value* args) { return forward(thread, args[0], "keys"); }
Ref proxy_values(Thread& thread, const Value* args) { return forward(thread, args[0], "values"); }
Ref proxy_items(Thread& thread, const Value* args) { return forward(thread, args[0], "items"); }
Ref proxy_copy(Thread& thread, const Value* args) { return forward(thread, args[0], "copy"); }
Ref proxy_reversed(Thread& thread, const Value* args) { return forward(thread, args[0], "__reversed__"); }

const NativeDef proxy_methods[] = {
    {"get", "self, key, default=None, /", proxy_get,
     "Return the value for key if key is in the mapping, else default."},
    {"keys", "self, /", proxy_keys, "Return a set-like object providing a view on the mapping's keys."},
    {"values", "self, /", proxy_values, "Return an object providing a view on the mapping's values."},
    {"items", "self, /", proxy_items, "Return a set-like object providing a view on the mapping's items."},
    {"copy", "self, /", proxy_copy, "Return a shallow copy of the mapping."},
    {"__class_getitem__", "cls, object, /", class_getitem, "See PEP 585", NativeKind::ClassMethod},
    {"__reversed__", "self, /", proxy_reversed, "Return a reverse iterator over the keys of the mapping."},
    {nullptr},
};
const TypeSpec proxy_spec = {.name = "mappingproxy",
                             .instance_size = sizeof(MappingProxy),
                             .flags = TypeFinal | TypeTracked | TypeIsMapping,
                             .methods = proxy_methods,
                             .doc = "Read-only proxy of a mapping."};

} // namespace

Ref make_mapping_proxy(Value mapping) {
  auto* proxy = allocate<MappingProxy>(mapping_proxy_type);
  proxy->mapping = share(mapping).release();
  return Ref::steal(proxy);
}

void init_mapping_proxy_type() {
  Slots& slots = mapping_proxy_type.slots;
  slots.dealloc = proxy_dealloc;
  slots.traverse = proxy_traverse;
  slots.construct = proxy_construct;
  slots.get_item = proxy_get_item;
  slots.length = proxy_length;
  slots.contains = proxy_contains;
  slots.iter = proxy_iter;
  slots.str = proxy_str;
  slots.repr = proxy_repr;
  slots.compare = proxy_compare;
  slots.hash = proxy_hash;
  slots.binary[static_cast<int>(BinaryOp::Or)] = proxy_or;
  slots.inplace[static_cast<int>(BinaryOp::Or)] = proxy_ior;
  make_ready(mapping_proxy_type, proxy_spec);
}

} // namespace aspy
