// getset_descriptor (computed attributes of native types) and member_descriptor (__slots__).
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/weakref.hpp"

#include <fmt/format.h>

namespace aspy {

Type getset_type;
Type member_type;

std::string_view type_label(const Type* type) {
  return type->spec && !type->is_heap() ? std::string_view(type->spec->name) : type->name->view();
}

namespace {

GetSet* getset_of(Value value) { return cast<GetSet>(value); }
Member* member_of(Value value) { return cast<Member>(value); }

// The object must be of the type that the descriptor belongs to.
bool applies(Thread& thread, Type* owner, std::string_view name, Value object) {
  if (is_instance(object, *owner)) return true;
  return raise_type_error(thread,
                          fmt::format("descriptor '{}' for '{}' objects doesn't apply to a '{}' object", name,
                                      type_label(owner), type_name(object)));
}

// --- getset --------------------------------------------------------------------------------------

Ref getset_get(Thread& thread, Value descr, Value object, Value) {
  if (!object) return share(descr);
  auto* getset = getset_of(descr);
  if (!applies(thread, getset->owner, getset->def->name, object)) return Ref();
  if (getset->def->get) return getset->def->get(thread, object);
  return raise_attribute_error(thread, object, intern(getset->def->name),
                               fmt::format("attribute '{}' of '{}' objects is not readable",
                                           getset->def->name, type_label(getset->owner)));
}
bool getset_set(Thread& thread, Value descr, Value object, Value value) {
  auto* getset = getset_of(descr);
  if (!applies(thread, getset->owner, getset->def->name, object)) return false;
  if (getset->def->set) return getset->def->set(thread, object, value);
  return raise(thread, AttributeError_type,
               fmt::format("attribute '{}' of '{}' objects is not writable", getset->def->name,
                           type_label(getset->owner)));
}
Ref getset_repr(Thread&, Value self) {
  const char* kind = getset_of(self)->def->set == readonly_attribute ? "member" : "attribute";
  return make_str(fmt::format("<{} '{}' of '{}' objects>", kind, getset_of(self)->def->name,
                              type_label(getset_of(self)->owner)));
}
void getset_dealloc(Object* self) {
  auto* getset = static_cast<GetSet*>(self);
  if (getset->owner->is_heap()) clear_field(getset->owner);
  free_object(self);
}
void getset_traverse(Object* self, Visitor& visit) {
  if (static_cast<GetSet*>(self)->owner->is_heap())
    visit(static_cast<Object*>(static_cast<GetSet*>(self)->owner));
}
Ref getset_name(Thread&, Value self) { return share(intern(getset_of(self)->def->name)); }
Ref getset_qualname(Thread&, Value self) {
  return make_str(fmt::format("{}.{}", getset_of(self)->owner->qualname->view(), getset_of(self)->def->name));
}
Ref getset_doc(Thread&, Value self) {
  const char* doc = getset_of(self)->def->doc;
  return doc ? Ref(make_str(doc)) : share(None);
}
Ref getset_owner(Thread&, Value self) { return share(getset_of(self)->owner); }

const GetSetDef getset_getset[] = {
    {"__name__", getset_name}, {"__qualname__", getset_qualname},
    {"__doc__", getset_doc},   {"__objclass__", getset_owner},
    {nullptr, nullptr},
};
const TypeSpec getset_spec = {.name = "getset_descriptor",
                              .instance_size = sizeof(GetSet),
                              .flags = TypeFinal | TypeNoConstruct,
                              .getset = getset_getset};

// --- members of __slots__ ------------------------------------------------------------------------

Value& member_place(Member* member, Value object) {
  return *reinterpret_cast<Value*>(reinterpret_cast<char*>(object.as_object()) + member->offset);
}
Ref member_get(Thread& thread, Value descr, Value object, Value) {
  if (!object) return share(descr);
  auto* member = member_of(descr);
  if (!applies(thread, member->owner, member->name->view(), object)) return Ref();
  Value value = member_place(member, object);
  if (value) return share(value);
  return raise_attribute_error(
      thread, object, member->name,
      fmt::format("'{}' object has no attribute '{}'", type_name(object), member->name->view()));
}
bool member_set(Thread& thread, Value descr, Value object, Value value) {
  auto* member = member_of(descr);
  if (!applies(thread, member->owner, member->name->view(), object)) return false;
  Value& place = member_place(member, object);
  if (!value && !place) return raise(thread, AttributeError_type, member->name->view());
  assign(place, share(value));
  return true;
}
Ref member_repr(Thread&, Value self) {
  return make_str(fmt::format("<member '{}' of '{}' objects>", member_of(self)->name->view(),
                              type_label(member_of(self)->owner)));
}
void member_dealloc(Object* self) {
  clear_field(static_cast<Member*>(self)->name);
  clear_field(static_cast<Member*>(self)->owner);
  free_object(self);
}
void member_traverse(Object* self, Visitor& visit) {
  visit(static_cast<Object*>(static_cast<Member*>(self)->owner));
}
Ref member_name(Thread&, Value self) { return share(member_of(self)->name); }
Ref member_qualname(Thread&, Value self) {
  return make_str(
      fmt::format("{}.{}", member_of(self)->owner->qualname->view(), member_of(self)->name->view()));
}
Ref member_doc(Thread&, Value) { return share(None); }
Ref member_owner(Thread&, Value self) { return share(member_of(self)->owner); }

const GetSetDef member_getset[] = {
    {"__name__", member_name}, {"__qualname__", member_qualname},
    {"__doc__", member_doc},   {"__objclass__", member_owner},
    {nullptr, nullptr},
};
const TypeSpec member_spec = {.name = "member_descriptor",
                              .instance_size = sizeof(Member),
                              .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                              .getset = member_getset};

// --- __dict__ and __weakref__ of instances -------------------------------------------------------

Ref instance_dict(Thread& thread, Value self) {
  if (self.is_object() && type_of(self)->attrs_offset) return share(attrs_dict(self.as_object()));
  return raise_attribute_error(thread, self, names::dunder_dict, "This object has no __dict__");
}
bool instance_set_dict(Thread& thread, Value self, Value value) {
  Own<Dict> empty;
  if (!value) { // a new one is made on need
    empty = new_dict();
    value = empty.value();
  }
  if (!is_dict(value))
    return raise_type_error(
        thread, fmt::format("__dict__ must be set to a dictionary, not a '{}'", type_name(value)));
  attrs_replace_dict(self.as_object(), cast<Dict>(value));
  return true;
}
Ref instance_weakref(Thread&, Value self) { return first_weakref(self.as_object()); }

} // namespace

const GetSetDef instance_dict_getset = {"__dict__", instance_dict, instance_set_dict,
                                        "dictionary for instance variables"};
const GetSetDef instance_weakref_getset = {"__weakref__", instance_weakref, nullptr,
                                           "list of weak references to the object"};

bool readonly_attribute(Thread& thread, Value, Value) {
  return raise(thread, AttributeError_type, "readonly attribute");
}

Ref make_getset(const GetSetDef& def, Type* owner) {
  auto* getset = allocate<GetSet>(getset_type);
  getset->def = &def;
  getset->owner = owner;
  if (owner->is_heap()) {
    incref(owner);
    gc_track(getset);
  }
  return Ref::steal(getset);
}

Ref make_member(Str* name, Type* owner, int32_t offset) {
  auto* member = allocate<Member>(member_type);
  incref(static_cast<Object*>(name));
  incref(owner);
  member->name = name;
  member->owner = owner;
  member->offset = offset;
  return Ref::steal(member);
}

void init_descriptor_types() {
  Slots& getset = getset_type.slots;
  getset.dealloc = getset_dealloc;
  getset.traverse = getset_traverse;
  getset.descr_get = getset_get;
  getset.descr_set = getset_set;
  getset.repr = getset_repr;
  make_ready(getset_type, getset_spec);

  Slots& member = member_type.slots;
  member.dealloc = member_dealloc;
  member.traverse = member_traverse;
  member.descr_get = member_get;
  member.descr_set = member_set;
  member.repr = member_repr;
  make_ready(member_type, member_spec);
}

} // namespace aspy
