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

bool load_attr(Thread& thread, Value* R, Word* pc, const Code* code, Value& getter) {
  int b = b_of(*pc);
  Value object = R[b];
  Str* name = cast<Str>(code->constants[pc[1]]);
  if (object.is_object() && (type_of(object)->flags & TypeGenericGet)) {
    Type* type = object.as_object()->type;
    Value found = type_lookup(type, name);
    if (found && is_exact(found, property_type)) {
      Value function = cast<Property>(found)->getter;
      if (is_exact(function, function_type)) {
        getter = share(function).release();
        return true;
      }
    } else if (!found || !is_data_descriptor(found)) {
      Attrs* attrs;
      int32_t index = own_slot(object.as_object(), name, attrs);
      if (index >= 0) {
        if (type->version) {
          patch(pc, Op::LoadAttrSlot);
          pc[2] = type->version;
          pc[3] = attrs->shape->id;
          pc[4] = static_cast<Word>(index);
        }
        Value item = attrs->slots[index];
        incref(item);
        kill(R, b);
        store(R, a_of(*pc), item);
        return true;
      }
      // A plain value of the class, which this shape does not hide.
      if (found && attrs && attrs->shape && type->version && !type_of(found)->slots.descr_get) {
        patch(pc, Op::LoadAttrClass);
        pc[2] = type->version;
        pc[3] = attrs->shape->id;
        std::memcpy(pc + 4, &found, sizeof found);
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
    Attrs* attrs;
    int32_t index = own_slot(object.as_object(), name, attrs);
    if (attrs && attrs->shape && type->version) {
      Value found = type_lookup(type, name);
      bool plain = !found || !is_data_descriptor(found);
      if (plain && index < 0 && store_new(object.as_object(), attrs, name, R[b], const_cast<Word*>(pc))) {
        kill(R, b);
        kill(R, a);
        return true;
      }
      if (plain && index >= 0) {
        Word* at = const_cast<Word*>(pc);
        patch(at, Op::StoreAttrSlot);
        at[2] = type->version;
        at[3] = attrs->shape->id;
        at[4] = static_cast<Word>(index);
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

Value find_method(Thread&, Value object, Word* pc, const Code* code) {
  Type* type = type_of(object);
  if (!(type->flags & TypeGenericGet)) return Value();
  Str* name = cast<Str>(code->constants[pc[1]]);
  Value found = type_lookup(type, name);
  if (!found || !found.is_object()) return Value();
  Type* kind = found.as_object()->type;
  if (kind != &function_type && kind != &method_descriptor_type) return Value();
  uint32_t guard = no_own_attributes;
  if (object.is_object() && type->attrs_offset) {
    if (attrs_get(object.as_object(), name)) return Value();
    Attrs* attrs = attrs_of(object.as_object());
    guard = attrs->shape ? attrs->shape->id : attrs->slots ? 0 : still_no_attributes;
  }
  if (type->version && guard) {
    pc[2] = type->version;
    pc[3] = guard;
    std::memcpy(pc + 4, &found, sizeof found);
  }
  return found;
}

} // namespace aspy
