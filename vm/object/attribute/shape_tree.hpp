// A type's side of shapes: where the tree of shapes begins and ends.
#pragma once

#include "vm/object/attribute/shape.hpp"

namespace aspy {

// The shape of instances without attributes; made on first need.
Shape* root_shape(Type* type);
// Frees a shape and all below it: a type dies.
void free_shapes(Shape* root);
// The attribute in slot `index` of the shape.
Str* shape_key(Shape* shape, uint32_t index);

} // namespace aspy
