// Instances of script classes: how they are allocated, traversed and freed. An instance is laid out as
//
//   [members and Attrs of subclasses of variable-size types] | fields of the native base | per script class,
//   base first:
//   __slots__ members, Attrs where a __dict__ begins | inline room for attributes
#include "vm/object/attribute/instance.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/hash/dict.hpp"

#include <cstring>

namespace aspy {
namespace {

Type* native_base(Type* type) {
  while (type->is_heap()) type = type->base;
  return type;
}

Value* first_member(Object* object, const Type* type) {
  return reinterpret_cast<Value*>(reinterpret_cast<char*>(object) + type->slots_offset);
}

// Calls `body` for each member that a script class in the chain declares.
template <class Body> void for_each_member(Object* object, Body body) {
  for (Type* type = object->type; type->is_heap(); type = type->base)
    for (uint32_t i = 0; i < type->slots_count; ++i) body(first_member(object, type)[i]);
}

} // namespace

Object* allocate_instance(Type* type, size_t extra_bytes) {
  size_t size = type->instance_size + type->attrs_hint * sizeof(Value);
  // Data behind the struct of a variable-size type begins where its struct ends, so only fixed-size types
  // have inline slots.
  size_t total = type->prefix_size + size + extra_bytes;
  auto* block = static_cast<char*>(heap_alloc(total));
  std::memset(block, 0, total - (type->attrs_hint && !extra_bytes ? type->attrs_hint * sizeof(Value) : 0));
  auto* object = reinterpret_cast<Object*>(block + type->prefix_size);
  object->refcount = 1;
  object->type = type;
  if (type->is_heap()) incref(type);
  if (type->is_heap() && type->attrs_offset) attrs_init(object);
  if (type->flags & TypeTracked) gc_track(object);
  return object;
}

void plain_instance_dealloc(Object* object) {
  attrs_destroy(object);
  free_object(object);
}

void plain_instance_traverse(Object* object, Visitor& visitor) {
  visitor(static_cast<Object*>(object->type));
  attrs_traverse(object, visitor);
}

void plain_instance_clear(Object* object) { attrs_clear(object); }

void instance_dealloc(Object* object) {
  Type* native = native_base(object->type);
  for_each_member(object, [](Value& member) { clear_field(member); });
  if (object->type->attrs_offset != native->attrs_offset) attrs_destroy(object);
  // The native part ends with free_object.
  native->slots.dealloc(object);
}

void instance_traverse(Object* object, Visitor& visitor) {
  Type* native = native_base(object->type);
  visitor(static_cast<Object*>(object->type));
  for_each_member(object, [&](Value& member) { visitor(member); });
  if (object->type->attrs_offset != native->attrs_offset) attrs_traverse(object, visitor);
  if (native->slots.traverse) native->slots.traverse(object, visitor);
}

void instance_clear(Object* object) {
  Type* native = native_base(object->type);
  for_each_member(object, [](Value& member) { clear_field(member); });
  if (object->type->attrs_offset != native->attrs_offset) attrs_clear(object);
  if (native->slots.clear) native->slots.clear(object);
}

} // namespace aspy
