// Shapes: a tree for each type, one edge an added attribute. See shape.hpp.
#include "vm/object/attribute/shape.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/attribute/shape_tree.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/text/str.hpp"

#include <bit>
#include <cstring>
#include <vector>

namespace aspy {

// Instances with more attributes than this are dictionaries, and so are those of a type whose instances
// hardly ever agree.
constexpr uint32_t max_attributes = 128;
constexpr size_t max_children = 64;

struct Transitions {
  std::vector<Shape*> children; // owned
};

// Open addressing over the addresses of interned names; built when a shape is first searched.
struct ShapeTable {
  struct Entry {
    Str* key = nullptr;
    int32_t index = -1;
  };
  uint32_t mask;
  std::vector<Entry> entries;

  static uint32_t start(const Str* key) {
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(key) >> 4) * 0x9E3779B1u >> 7;
  }
};

namespace {

uint32_t next_shape_id = 1;

Shape* new_shape(Type* type, Shape* parent, Str* key) {
  auto* shape = new Shape{};
  shape->id = next_shape_id++;
  shape->count = parent ? parent->count + 1 : 0;
  shape->parent = parent;
  shape->key = key;
  shape->type = type;
  return shape;
}

ShapeTable* build_table(Shape* shape) {
  auto* table = new ShapeTable();
  uint32_t size = std::bit_ceil(shape->count * 2 + 2);
  table->mask = size - 1;
  table->entries.resize(size);
  for (Shape* at = shape; at->parent; at = at->parent) {
    uint32_t slot = ShapeTable::start(at->key) & table->mask;
    while (table->entries[slot].key) slot = (slot + 1) & table->mask;
    table->entries[slot] = {at->key, static_cast<int32_t>(at->count - 1)};
  }
  return table;
}

// Slots of an instance outgrow the room inside it in steps of a power of two.
uint32_t heap_capacity(uint32_t count) { return std::bit_ceil(count < 4 ? 4u : count); }

Value* inline_start(Object* object) {
  return reinterpret_cast<Value*>(reinterpret_cast<char*>(object) + object->type->instance_size);
}
bool is_inline(Object* object, const Attrs* attrs) {
  return object->type->attrs_hint != 0 && attrs->slots == inline_start(object);
}

// Makes room for one more slot behind `count`.
void reserve_slot(Object* object, Attrs* attrs, uint32_t count) {
  if (!attrs->slots) {
    attrs->slots = static_cast<Value*>(heap_alloc(heap_capacity(count + 1) * sizeof(Value)));
  } else if (is_inline(object, attrs)) {
    if (count < object->type->attrs_hint) return;
    auto* slots = static_cast<Value*>(heap_alloc(heap_capacity(count + 1) * sizeof(Value)));
    std::memcpy(static_cast<void*>(slots), attrs->slots, count * sizeof(Value));
    attrs->slots = slots;
  } else if (heap_capacity(count + 1) > heap_capacity(count)) {
    attrs->slots = static_cast<Value*>(heap_realloc(attrs->slots, heap_capacity(count + 1) * sizeof(Value)));
  }
}

void free_slots(Object* object, Value* slots) {
  if (slots && !(object->type->attrs_hint && slots == inline_start(object))) heap_free(slots);
}

} // namespace

Shape* root_shape(Type* type) {
  if (!type->root_shape) type->root_shape = new_shape(type, nullptr, nullptr);
  return type->root_shape;
}

void free_shapes(Shape* shape) {
  if (!shape) return;
  // A loop, not recursion: a chain may be as long as max_attributes, and wide.
  std::vector<Shape*> todo{shape};
  while (!todo.empty()) {
    Shape* next = todo.back();
    todo.pop_back();
    if (next->transitions)
      todo.insert(todo.end(), next->transitions->children.begin(), next->transitions->children.end());
    delete next->transitions;
    delete next->table;
    delete next;
  }
}

int32_t shape_find(Shape* shape, Str* key) {
  if (shape->count <= 4) {
    for (Shape* at = shape; at->parent; at = at->parent)
      if (at->key == key) return static_cast<int32_t>(at->count - 1);
    return -1;
  }
  if (!shape->table) shape->table = build_table(shape);
  ShapeTable& table = *shape->table;
  for (uint32_t slot = ShapeTable::start(key) & table.mask; table.entries[slot].key;
       slot = (slot + 1) & table.mask)
    if (table.entries[slot].key == key) return table.entries[slot].index;
  return -1;
}

Shape* shape_add(Shape* shape, Str* key) {
  if (shape->transitions) {
    for (Shape* child : shape->transitions->children)
      if (child->key == key) return child;
    if (shape->transitions->children.size() >= max_children) return nullptr;
  } else {
    shape->transitions = new Transitions();
  }
  if (shape->count >= max_attributes) return nullptr;
  Shape* child = new_shape(shape->type, shape, key);
  shape->transitions->children.push_back(child);
  return child;
}

Str* shape_key(Shape* shape, uint32_t index) {
  while (shape->count > index + 1) shape = shape->parent;
  return shape->key;
}

uint32_t inline_slots(const Type* type) { return type->attrs_hint; }

// --- an instance's own attributes ----------------------------------------------------------------

void attrs_init(Object* object) {
  Attrs* attrs = attrs_of(object);
  if (!attrs) return;
  attrs->shape = root_shape(object->type);
  attrs->slots = object->type->attrs_hint ? inline_start(object) : nullptr;
}

Value attrs_get(Object* object, Str* key) {
  Attrs* attrs = attrs_of(object);
  if (!attrs) return Value();
  if (attrs->shape) {
    int32_t index = shape_find(attrs->shape, key);
    return index < 0 ? Value() : attrs->slots[index];
  }
  return attrs->dict ? dict_get(attrs->dict, key) : Value();
}

void attrs_append(Object* object, Attrs* attrs, Shape* child, Value value) {
  reserve_slot(object, attrs, child->count - 1);
  incref(value);
  attrs->slots[child->count - 1] = value;
  attrs->shape = child;
}

void attrs_set(Object* object, Str* key, Value value) {
  Attrs* attrs = attrs_of(object);
  if (!attrs->shape) {
    if (attrs->dict) return dict_set(attrs->dict, key, value);
    attrs_init(object); // a native instance's first attribute
  }
  int32_t index = shape_find(attrs->shape, key);
  if (index >= 0) return assign(attrs->slots[index], share(value));
  if (Shape* child = shape_add(attrs->shape, key)) return attrs_append(object, attrs, child, value);
  dict_set(attrs_dict(object), key, value);
}

bool attrs_remove(Object* object, Str* key) {
  Attrs* attrs = attrs_of(object);
  if (!attrs) return false;
  if (attrs->shape) {
    int32_t index = shape_find(attrs->shape, key);
    if (index < 0) return false;
    // The last one: a step back. But a shape that fits inside the instance says that its slots are there.
    bool stays = is_inline(object, attrs) || static_cast<uint32_t>(index) > object->type->attrs_hint;
    if (stays && static_cast<uint32_t>(index) == attrs->shape->count - 1) {
      Value old = attrs->slots[index];
      attrs->shape = attrs->shape->parent;
      decref(old);
      return true;
    }
  }
  return dict_remove(attrs_dict(object), key);
}

Dict* attrs_dict(Object* object) {
  Attrs* attrs = attrs_of(object);
  if (!attrs->shape) {
    if (!attrs->dict) attrs->dict = new_dict().release();
    return attrs->dict;
  }
  uint32_t count = attrs->shape->count;
  Own<Dict> dict = new_dict(count);
  std::vector<Str*> keys(count);
  for (Shape* at = attrs->shape; at->parent; at = at->parent) keys[at->count - 1] = at->key;
  for (uint32_t i = 0; i < count; ++i) {
    dict_set(dict.get(), keys[i], attrs->slots[i]);
    decref(attrs->slots[i]); // the dict holds it now
  }
  free_slots(object, attrs->slots);
  attrs->shape = nullptr;
  attrs->dict = dict.release();
  return attrs->dict;
}

void attrs_replace_dict(Object* object, Dict* dict) {
  Attrs* attrs = attrs_of(object);
  Own<Dict> old = Own<Dict>::share(attrs_dict(object));
  incref(dict);
  attrs->dict = dict;
  decref(static_cast<Object*>(old.get())); // the instance's own reference
}

void attrs_clear(Object* object) {
  Attrs* attrs = attrs_of(object);
  if (!attrs) return;
  if (!attrs->shape) {
    if (attrs->dict) clear_field(attrs->dict);
    return;
  }
  // Back to having no attributes before anything is released: finalisers may look.
  uint32_t count = attrs->shape->count;
  Value* slots = attrs->slots;
  bool was_inline = is_inline(object, attrs);
  attrs->shape = nullptr;
  attrs->slots = nullptr;
  if (count == 0 && was_inline) return;
  if (!was_inline) {
    for (uint32_t i = 0; i < count; ++i) decref(slots[i]);
    if (slots) heap_free(slots);
    return;
  }
  // A finaliser that stores attributes again would reuse the inline slots: release from a copy.
  Value copy[max_attributes];
  std::memcpy(static_cast<void*>(copy), slots, count * sizeof(Value));
  for (uint32_t i = 0; i < count; ++i) decref(copy[i]);
}

void attrs_destroy(Object* object) {
  Attrs* attrs = attrs_of(object);
  if (!attrs) return;
  if (!attrs->shape) {
    if (attrs->dict) clear_field(attrs->dict);
    return;
  }
  // The object is unreachable: nothing can store into it meanwhile.
  uint32_t count = attrs->shape->count;
  for (uint32_t i = 0; i < count; ++i) decref(attrs->slots[i]);
  free_slots(object, attrs->slots);
  attrs->shape = nullptr;
  attrs->slots = nullptr;
}

void attrs_traverse(Object* object, Visitor& visitor) {
  Attrs* attrs = attrs_of(object);
  if (!attrs) return;
  if (!attrs->shape) return visitor(attrs->dict);
  for (uint32_t i = 0; i < attrs->shape->count; ++i) visitor(attrs->slots[i]);
}

} // namespace aspy
