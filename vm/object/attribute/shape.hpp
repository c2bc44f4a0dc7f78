// Shapes (hidden classes): the arrangement of attributes that instances share.
//
// Each type has a root shape; adding attribute `x` moves an instance to the child shape for `x`. A shape's id
// never changes its meaning, so "same shape id" tells that attribute x is in slot i. Deleting an attribute,
// or asking for `__dict__`, turns the instance to *dict mode*: shape is null and `slots` is a Dict.
#pragma once

#include "vm/object/type/type.hpp"

namespace aspy {

struct Str;
struct Dict;

struct Shape {
  uint32_t id;    // unique; never 0
  uint32_t count; // attributes
  Shape* parent;  // null for a root; shapes live as long as their type
  Str* key;       // the last attribute, interned
  Type* type;     // borrowed
  // Children and the lookup table are private to shape.cpp.
  struct Transitions* transitions;
  struct ShapeTable* table;
};

// What an instance with a __dict__ carries at Type::attrs_offset.
struct Attrs {
  Shape* shape = nullptr; // null: dict mode (or no attribute was ever set, when slots is null as well)
  union {
    Value* slots = nullptr; // owned values; inline in the object or from the heap, told by `slots_inline`
    Dict* dict;             // owned, in dict mode
  };
};

// Index of attribute `key` in the shape, -1 when it has none.
int32_t shape_find(Shape* shape, Str* key);
// The shape after adding `key`, or null when there are too many attributes (then: dict mode).
Shape* shape_add(Shape* shape, Str* key);
// How many slots an instance of this type carries inline behind its fields.
uint32_t inline_slots(const Type* type);

// --- an instance's own attributes (`key` interned) ---
Value attrs_get(Object* object, Str* key); // borrowed; empty when missing
void attrs_set(Object* object, Str* key, Value value);
bool attrs_remove(Object* object, Str* key);         // false: missing
Dict* attrs_dict(Object* object);                    // turns to dict mode; borrowed
void attrs_replace_dict(Object* object, Dict* dict); // obj.__dict__ = dict
// What a cached store does: `child` is a child of the instance's shape, `value` becomes its last attribute.
void attrs_append(Object* object, Attrs* attrs, Shape* child, Value value);
void attrs_init(Object* object);    // by allocate_instance
void attrs_destroy(Object* object); // by dealloc slots
void attrs_traverse(Object* object, Visitor& visitor);
void attrs_clear(Object* object);

// A plain instance of a script class.
struct Instance : Object {
  Attrs attrs;
};

} // namespace aspy
