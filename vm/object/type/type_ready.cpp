// Making native types ready, and filling their dicts. Start-up readies about a hundred types before the first
// line of a script runs, so what can wait does: a dict is filled when somebody first looks into it.
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/type/subclasses.hpp"
#include "vm/object/weakref.hpp"

#include <cstddef>
#include <cstring>

namespace aspy {
namespace {

constexpr uint32_t inherited_flags = TypeIsInt | TypeIsStr | TypeIsList | TypeIsTuple | TypeIsDict |
                                     TypeIsType | TypeIsException | TypeIsBytes | TypeIsFloat | TypeIsSet |
                                     TypeIsSequence | TypeIsMapping | TypeWeakRefs | TypeSideAttrs |
                                     TypeTracked;

// Fills the slots that a native type leaves null from its base. A type that compares in its own way but has
// no hash is unhashable.
void inherit_slots(Type& type, const Type& base) {
  if (type.slots.compare && !type.slots.hash) type.slots.hash = hash_not_implemented;
  AnySlot* own = slot_array(type.slots);
  AnySlot* inherited = slot_array(const_cast<Slots&>(base.slots));
  for (int i = 0; i < slot_count; ++i)
    if (!own[i]) own[i] = inherited[i];
}

// Methods in the table whose names are slots' names, with the slot itself left empty: then the slot calls the
// method.
void fill_slots_from_methods(Type& type, const NativeDef* methods) {
  for (const NativeDef* def = methods; def && def->name; ++def) {
    if (def->name[0] != '_' || def->name[1] != '_') continue;
    for (const SlotDef& slot : slot_defs_of(intern(def->name))) {
      AnySlot& fn = slot_array(type.slots)[slot.slot];
      if (!fn && slot.script && slot.slot != offsetof(Slots, construct) / sizeof(AnySlot)) fn = slot.script;
    }
  }
}

uint64_t filled_slots(Type& type) {
  uint64_t bits = 0;
  AnySlot* own = slot_array(type.slots);
  for (int i = 0; i < slot_count; ++i)
    if (own[i]) bits |= uint64_t{1} << i;
  return bits;
}

Ref make_method(Type* owner, const NativeDef& def) {
  Type& kind = def.kind == NativeKind::ClassMethod ? classmethod_descriptor_type : method_descriptor_type;
  if (def.kind == NativeKind::StaticMethod) {
    auto* function = allocate<NativeFunction>(native_function_type);
    function->def = &def;
    function->owner = owner;
    return make_static_method(Own<NativeFunction>::steal(function).value());
  }
  auto* method = allocate<NativeFunction>(kind);
  method->def = &def;
  method->owner = owner;
  return Ref::steal(method);
}

void add_slot_wrappers(Type* type, Dict* dict) {
  constexpr int truthy_slot = offsetof(Slots, truthy) / sizeof(AnySlot);
  constexpr int length_slot = offsetof(Slots, length) / sizeof(AnySlot);
  for (const SlotDef& def : slot_defs()) {
    if (!(type->own_slots >> def.slot & 1)) continue;
    AnySlot fn = slot_array(type->slots)[def.slot];
    // A container's quick truth test is not a __bool__ of its own (but range's is, and that of what stands
    // for another object); a slot that calls a method needs no wrapper.
    if (def.slot == truthy_slot && (type->own_slots >> length_slot & 1) && type != &range_type &&
        type != &weakproxy_type && type != &callable_proxy_type)
      continue;
    if (fn == def.script || dict_get(dict, *def.name)) continue;
    if (*def.name == names::dunder_new) {
      if (!(type->flags & TypeNoConstruct)) dict_set(dict, *def.name, make_native_new(type));
    } else if (fn == reinterpret_cast<AnySlot>(hash_not_implemented)) {
      dict_set(dict, *def.name, None);
    } else if (def.wrap) {
      dict_set(dict, *def.name, make_slot_wrapper(def, type, fn));
    }
  }
}

} // namespace

Dict* type_dict(Type* type) {
  if (type->dict) return type->dict;
  Own<Dict> dict = new_dict();
  const TypeSpec* spec = type->spec;
  // Set first: what is made below may look itself up.
  type->dict = dict.release();
  if (!spec) return type->dict;
  add_slot_wrappers(type, type->dict);
  for (const NativeDef* def = spec->methods; def && def->name; ++def)
    dict_set(type->dict, intern(def->name), make_method(type, *def));
  for (const GetSetDef* def = spec->getset; def && def->name; ++def)
    dict_set(type->dict, intern(def->name), make_getset(*def, type));
  if (!dict_get(type->dict, names::dunder_doc))
    dict_set(type->dict, names::dunder_doc, spec->doc ? Ref(make_str(spec->doc)) : share(None));
  return type->dict;
}

void update_slot_flags(Type* type) {
  uint32_t flags = type->flags & ~(TypeGenericGet | TypeGenericSet | TypeUserInit | TypeUserNew);
  const Slots& slots = type->slots;
  if (slots.get_attr == generic_get_attr) flags |= TypeGenericGet;
  if (slots.set_attr == generic_set_attr) flags |= TypeGenericSet;
  if (slots.construct == script_construct) flags |= TypeUserNew;
  if (type->is_heap() && slots.init) {
    Value init = type_lookup(type, names::dunder_init);
    if (is_exact(init, function_type)) flags |= TypeUserInit;
  }
  type->flags = flags;
}

void make_ready(Type& type, const TypeSpec& spec) {
  if (type.flags & TypeReady) return;
  if (type.type == nullptr) type.type = &type_type;
  type.spec = &spec;
  type.doc = spec.doc;
  Type* base = &type == &object_type ? nullptr : spec.base ? spec.base : &object_type;

  const char* dot = std::strrchr(spec.name, '.');
  type.name = intern(dot ? dot + 1 : spec.name);
  type.qualname = type.name;
  type.flags |= spec.flags | TypeReady;
  type.instance_size = (spec.instance_size + 7) & ~7u;
  type.attrs_offset = static_cast<int32_t>(spec.attrs_offset);

  fill_slots_from_methods(type, spec.methods);
  type.own_slots = filled_slots(type);
  if (base) {
    type.base = base;
    type.bases = make_tuple({Value(base)}).release();
    type.flags |= base->flags & inherited_flags;
    if (!type.instance_size) type.instance_size = base->instance_size;
    if (!type.attrs_offset) type.attrs_offset = base->attrs_offset;
    inherit_slots(type, *base);
    if (type.flags & TypeNoConstruct) type.slots.construct = nullptr;
    Own<Tuple> order = new_tuple(1 + base->mro->size);
    order->items()[0] = Value(&type);
    for (size_t i = 0; i < base->mro->size; ++i) order->items()[i + 1] = share((*base->mro)[i]).release();
    type.mro = order.release();
    add_subclass(base, &type);
  } else {
    type.bases = new_tuple(0).release();
    Own<Tuple> order = new_tuple(1);
    order->items()[0] = Value(&type);
    type.mro = order.release();
  }
  type_assign_version(&type);
  update_slot_flags(&type);
}

} // namespace aspy
