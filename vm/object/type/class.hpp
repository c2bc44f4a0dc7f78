// Making classes: `type(name, bases, namespace)` and the class statement.
#pragma once

#include "vm/object/type/type.hpp"

namespace aspy {

struct Str;
struct Dict;
struct Tuple;

// builtins.__build_class__(func, name, *bases, metaclass=..., **kwargs): what a class statement calls.
// Raises.
Ref build_class(Thread& thread, CallArgs args);
// type.__new__(metatype, name, bases, namespace, **kwargs).
Ref type_construct(Thread& thread, Type* metatype, CallArgs args);
// The most derived of `metatype` and the metatypes of the bases; null: TypeError "metaclass conflict: ...".
Type* calculate_metaclass(Thread& thread, Type* metatype, Tuple* bases);
// cls.__bases__ = value.
bool replace_bases(Thread& thread, Type* type, Value bases);
// __module__ of a type: of a static one from its declared name. Raises AttributeError.
Ref type_module(Thread& thread, Type* type);
// Adds the attribute names of a class and of all its bases to `into`, for dir().
bool collect_class_names(Thread& thread, Dict* into, Value cls);
// isinstance and issubclass without the metaclass's hooks; -1 raised.
int recursive_isinstance(Thread& thread, Value object, Value cls);
int recursive_issubclass(Thread& thread, Value derived, Value cls);

// --- layout (class_layout.cpp) ---
// Of several bases, the one whose instances' memory the new class extends; null: TypeError (lay-out conflict,
// final base).
Type* best_base(Thread& thread, Tuple* bases);
// Reads `__slots__` from the namespace, sets sizes, offsets and lifetime slots of the new class, and puts
// member descriptors, __dict__ and __weakref__ into its dict. False: raised.
bool lay_out_class(Thread& thread, Type* type, Dict* ns);

void init_object_type();
void init_type_type();
void init_iterator_types();

} // namespace aspy
