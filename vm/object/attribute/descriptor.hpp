// The descriptors of native types and of __slots__, and small types of the object model that scripts meet
// through them.
#pragma once

#include "vm/object/type/type.hpp"

#include <string_view>

namespace aspy {

struct Str;
struct Dict;

// An attribute computed by C++ functions (getset_descriptor), or `__dict__` / `__weakref__` of a script
// class.
struct GetSet : Object {
  const GetSetDef* def = nullptr;
  Type* owner = nullptr; // borrowed when static, owned when a script class (so that its name can be printed)
};
// A member of __slots__ (member_descriptor): a Value at an offset.
struct Member : Object {
  Str* name = nullptr;   // owned
  Type* owner = nullptr; // owned
  int32_t offset = 0;
};
// A read-only view of a mapping (types.MappingProxyType).
struct MappingProxy : Object {
  Value mapping; // owned
};
extern Type mapping_proxy_type, simple_namespace_type, union_type, generic_alias_type;

// The setter of a field that is shown as it is, and never changes: AttributeError "readonly attribute".
bool readonly_attribute(Thread& thread, Value self, Value value_or_empty);
Ref make_getset(const GetSetDef& def, Type* owner);
Ref make_member(Str* name, Type* owner, int32_t offset);
Ref make_mapping_proxy(Value mapping);
Ref make_static_method(Value callable);
Ref make_class_method(Value callable);

// The getset tables of `__dict__` and `__weakref__`, which make_class puts into script classes.
extern const GetSetDef instance_dict_getset;
extern const GetSetDef instance_weakref_getset;

// `int | str`: flattens and removes duplicates; TypeError for what is no type. `list[int]`: what
// type.__class_getitem__ of native generic types returns (declare {"__class_getitem__", ...,
// NativeKind::ClassMethod} with this as its body).
Ref make_union(Thread& thread, Value a, Value b);
Ref make_generic_alias(Thread& thread, Value origin, Value args);
Ref class_getitem(Thread& thread, const Value* args); // NativeFn: (cls, item)

// super(start, self).name: the lookup behind zero-argument super, without making the super object.
Ref super_lookup(Thread& thread, Type* start, Value self, Str* name);

// A type as messages about its attributes name it: native ones with their module ("collections.deque").
std::string_view type_label(const Type* type);
// As type_name() (protocol.hpp) of instances of the type.
std::string_view bare_type_name(const Type* type);

// Each readies types of one file; called by init_object_types.
void init_slot_wrapper_types();
void init_descriptor_types();
void init_native_types();
void init_property_type();
void init_method_types(); // staticmethod, classmethod, bound method
void init_super_type();
void init_function_types(); // function, cell
void init_module_type();
void init_mapping_proxy_type();
void init_namespace_type();
void init_generic_types(); // GenericAlias, Union
void init_weakref_types();
void init_singleton_types(); // None, Ellipsis, NotImplemented

} // namespace aspy
