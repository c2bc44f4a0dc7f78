// Attribute instructions and the filling of their caches.
#include "vm/interpreter/operation/operations.hpp"

#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <cstring>

namespace aspy {

namespace {

void patch(Word* pc, Op op) { *pc = (*pc & ~Word{0xFF}) | static_cast<Word>(op); }

bool is_data_descriptor(Value found) { return type_of(found)->slots.descr_set != nullptr; }

// The instance's shape and the index of `name` in it; -1 when it has none or is in dict mode.
int32_t own_slot(Object* object, Str* name, Attrs*& attrs) {
  attrs = attrs_of(object);
  if (!attrs || !attrs->shape) return -1;
  return shape_find(attrs->shape, name);
}

// --- what many sites have in common
//
// An inline cache knows one shape. A site that meets several finds the others here: what (type version,
// shape, interned name) was last found to be. As in the cache of type_lookup, values are borrowed: a type
// that changes gets a new version, and a shape never means anything else.
enum class FoundKind : uint8_t {
  Nothing,
  Slot,   // the instance's own attribute: `index`
  Value,  // a plain value of the class
  Getter, // a property's script function
  Method, // a function or method descriptor of the class, not hidden by the instance
};
struct Found {
  uint32_t version = 0;
  uint32_t shape = 0;
  Str* name = nullptr;
  FoundKind kind = FoundKind::Nothing;
  uint32_t index = 0;
  Value value;

  bool is_for(const Type* type, const Shape* of, const Str* wanted) const {
    return version == type->version && shape == of->id && name == wanted;
  }
};
constexpr uint32_t found_size = 1024;
Found found_table[found_size];

Found& found_entry(const Type* type, const Shape* shape, const Str* name) {
  auto address = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(name) >> 4);
  return found_table[((type->version + shape->id * 0x9E3779B1u) ^ address) & (found_size - 1)];
}
void remember(const Type* type, const Shape* shape, Str* name, FoundKind kind, uint32_t index, Value value) {
  if (type->version) found_entry(type, shape, name) = {type->version, shape->id, name, kind, index, value};
}

// The shape of an instance that has one, else null.
Shape* shape_of(Object* object) {
  Attrs* attrs = attrs_of(object);
  return attrs ? attrs->shape : nullptr;
}

// Fills the cache of a load or store of slot `index`. Slots that lie inside the instance are addressed from
// its header.
void specialise_slot(Word* pc, Object* object, const Attrs* attrs, int32_t index, Op in_place, Op outside) {
  Type* type = object->type;
  if (!type->version) return;
  pc[2] = type->version;
  pc[3] = attrs->shape->id;
  if (attrs->shape->count <= type->attrs_hint && type->attrs_offset > 0) {
    patch(pc, in_place);
    pc[4] = type->instance_size + static_cast<Word>(index) * sizeof(Value);
    pc[5] = static_cast<Word>(type->attrs_offset);
  } else {
    patch(pc, outside);
    pc[4] = static_cast<Word>(index);
  }
}

// A name in a module: its entry stays where it is as long as the namespace's layout does.
void specialise_module_load(Module* module, Str* name, Word* pc) {
  Value found = type_lookup(&module_type, name);
  if (found && is_data_descriptor(found)) return;
  int32_t index = dict_find(module->dict, name);
  uint32_t layout = index < 0 ? 0 : dict_layout(module->dict);
  if (layout == 0) return;
  patch(pc, Op::LoadAttrModule);
  pc[2] = layout;
  pc[3] = static_cast<Word>(index);
}

// One of __slots__ that the type of the object has for sure.
bool specialise_member(Word* pc, Type* type, Value found, Op op) {
  if (!type->version || !is_exact(found, member_type)) return false;
  auto* member = cast<Member>(found);
  if (type != member->owner && !is_subtype(type, member->owner)) return false;
  patch(pc, op);
  pc[2] = type->version;
  pc[3] = static_cast<Word>(member->offset);
  return true;
}

// The first store of an attribute that the instance does not have yet: it moves to a child of its shape.
bool store_new(Object* object, Attrs* attrs, Str* name, Value value, Word* pc) {
  Shape* child = shape_add(attrs->shape, name);
  if (!child) return false;
  if (object->type->version) {
    patch(pc, Op::StoreAttrNew);
    pc[2] = object->type->version;
    pc[3] = attrs->shape->id;
    std::memcpy(pc + 4, &child, sizeof child);
  }
  attrs_append(object, attrs, child, value);
  return true;
}

} // namespace

Value known_attr(Value object, const Word* pc, const Code* code) {
  if (!object.is_object()) return Value();
  Attrs* attrs = attrs_of(object.as_object());
  if (!attrs || !attrs->shape) return Value();
  auto* name = static_cast<Str*>(code->constants[pc[1]].as_object());
  const Found& known = found_entry(object.as_object()->type, attrs->shape, name);
  if (!known.is_for(object.as_object()->type, attrs->shape, name)) return Value();
  if (known.kind == FoundKind::Slot) [[likely]]
    return attrs->slots[known.index];
  return known.kind == FoundKind::Value ? known.value : Value();
}

void tell_property(Thread& thread, const Frame* caller, const Frame* getter) {
  if (getter->code->local_count == 0) return;
  if (Value self = *(getter->regs - getter->code->local_count))
    tell_attribute(thread, self, cast<Str>(caller->code->constants[caller->ip[1]]));
}

bool load_attr(Thread& thread, Value* R, Word* pc, const Code* code, Value& getter) {
  int b = b_of(*pc);
  Value object = R[b];
  Str* name = cast<Str>(code->constants[pc[1]]);
  if (object.is_object() && (type_of(object)->flags & TypeGenericGet)) {
    Type* type = object.as_object()->type;
    Shape* shape = shape_of(object.as_object());
    if (shape) {
      const Found& known = found_entry(type, shape, name);
      if (known.kind == FoundKind::Getter && known.is_for(type, shape, name)) {
        getter = share(known.value).release();
        return true;
      }
    }
    Value found = type_lookup(type, name);
    if (found && is_exact(found, property_type)) {
      Value function = cast<Property>(found)->getter;
      if (is_exact(function, function_type)) {
        if (shape) remember(type, shape, name, FoundKind::Getter, 0, function);
        getter = share(function).release();
        return true;
      }
    } else if (specialise_member(pc, type, found, Op::LoadAttrMember)) {
      // read below
    } else if (!found || !is_data_descriptor(found)) {
      Attrs* attrs;
      int32_t index = own_slot(object.as_object(), name, attrs);
      if (index >= 0) {
        specialise_slot(pc, object.as_object(), attrs, index, Op::LoadAttrInline, Op::LoadAttrSlot);
        remember(type, shape, name, FoundKind::Slot, static_cast<uint32_t>(index), Value());
        Value item = attrs->slots[index];
        incref(item);
        kill(R, b);
        store(R, a_of(*pc), item);
        return true;
      }
      // A plain value of the class, which this shape does not hide.
      if (found && shape && type->version && !type_of(found)->slots.descr_get) {
        patch(pc, Op::LoadAttrClass);
        pc[2] = type->version;
        pc[3] = shape->id;
        std::memcpy(pc + 4, &found, sizeof found);
        remember(type, shape, name, FoundKind::Value, 0, found);
      }
    }
  } else if (is_exact(object, module_type)) {
    specialise_module_load(cast<Module>(object), name, pc);
  }
  Ref result = get_attr(thread, object, name);
  if (!result) return false;
  kill(R, b);
  store(R, a_of(*pc), result.release());
  return true;
}

bool op_store_attr(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  int a = a_of(*pc), b = b_of(*pc);
  Value object = R[a];
  Str* name = cast<Str>(frame->code->constants[pc[1]]);
  if (object.is_object() && (type_of(object)->flags & TypeGenericSet)) {
    Type* type = object.as_object()->type;
    Attrs* attrs = attrs_of(object.as_object());
    if (!attrs || !attrs->shape) {
      specialise_member(const_cast<Word*>(pc), type, type_lookup(type, name), Op::StoreAttrMember);
    } else if (type->version) {
      Shape* shape = attrs->shape;
      // That it is the instance's own attribute says that no data descriptor is in the way.
      const Found& known = found_entry(type, shape, name);
      if (op_of(*pc) != Op::StoreAttr && known.kind == FoundKind::Slot && known.is_for(type, shape, name)) {
        assign(attrs->slots[known.index], take(R, b));
        kill(R, a);
        return true;
      }
      int32_t index = shape_find(shape, name);
      Value found = type_lookup(type, name);
      bool plain = !found || !is_data_descriptor(found);
      if (plain && index < 0 && store_new(object.as_object(), attrs, name, R[b], const_cast<Word*>(pc))) {
        kill(R, b);
        kill(R, a);
        return true;
      }
      if (plain && index >= 0) {
        specialise_slot(const_cast<Word*>(pc), object.as_object(), attrs, index, Op::StoreAttrInline,
                        Op::StoreAttrSlot);
        remember(type, shape, name, FoundKind::Slot, static_cast<uint32_t>(index), Value());
        assign(attrs->slots[index], take(R, b));
        kill(R, a);
        return true;
      }
    }
  }
  if (!set_attr(thread, object, name, R[b])) return false;
  kill(R, b);
  kill(R, a);
  return true;
}

bool op_delete_attr(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  int a = a_of(*pc);
  if (!set_attr(thread, R[a], cast<Str>(frame->code->constants[pc[1]]), Value())) return false;
  kill(R, a);
  return true;
}

bool op_load_super_attr(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  int b = b_of(*pc);
  Str* name = cast<Str>(frame->code->constants[pc[1]]);
  Ref found;
  if (R[b] == Value(&super_type) && is_instance(R[b + 1], type_type)) {
    found = super_lookup(thread, cast<Type>(R[b + 1]), R[b + 2], name);
  } else {
    Ref proxy = call(thread, R[b], {R[b + 1], R[b + 2]});
    if (proxy) found = get_attr(thread, proxy, name);
  }
  if (!found) return false;
  kill(R, b);
  kill(R, b + 1);
  kill(R, b + 2);
  store(R, a_of(*pc), found.release());
  return true;
}

Ref module_attr(Thread& thread, Value module, Word* pc, const Code* code) {
  Dict* dict = cast<Module>(module)->dict;
  if (pc[3] == in_module && pc[4] == dict->layout)
    if (Value found = dict->entries[pc[5]].value) return share(found);
  Str* name = cast<Str>(code->constants[pc[1]]);
  Value of_type = type_lookup(&module_type, name);
  int32_t index = of_type && is_data_descriptor(of_type) ? -1 : dict_find(dict, name);
  if (uint32_t layout = index < 0 ? 0 : dict_layout(dict)) {
    pc[2] = 0; // no type has this version
    pc[3] = in_module;
    pc[4] = layout;
    pc[5] = static_cast<Word>(index);
  }
  return get_attr(thread, module, name);
}

Value find_method(Thread&, Value object, Word* pc, const Code* code) {
  Type* type = type_of(object);
  if (!(type->flags & TypeGenericGet)) return Value();
  Str* name = cast<Str>(code->constants[pc[1]]);
  Shape* shape = object.is_object() ? shape_of(object.as_object()) : nullptr;
  if (shape) {
    const Found& known = found_entry(type, shape, name);
    if (known.kind == FoundKind::Method && known.is_for(type, shape, name)) return known.value;
  }
  Value found = type_lookup(type, name);
  if (!found || !found.is_object()) return Value();
  Type* kind = found.as_object()->type;
  if (kind != &function_type && kind != &method_descriptor_type) return Value();
  uint32_t guard = no_own_attributes;
  if (object.is_object() && type->attrs_offset) {
    if (attrs_get(object.as_object(), name)) return Value();
    Attrs* attrs = attrs_of(object.as_object());
    guard = shape ? shape->id : attrs->slots ? 0 : still_no_attributes;
    if (shape) remember(type, shape, name, FoundKind::Method, 0, found);
  }
  if (type->version && guard) {
    pc[2] = type->version;
    pc[3] = guard;
    std::memcpy(pc + 4, &found, sizeof found);
  }
  return found;
}

} // namespace aspy
