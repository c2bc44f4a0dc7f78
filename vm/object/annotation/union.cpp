// `int | str` (typing.Union, types.UnionType): a set of types that isinstance() understands.
#include "vm/memory/heap.hpp"
#include "vm/object/annotation/generic.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>
#include <vector>

namespace aspy {

Type union_type;

namespace {

// What may stand in a union: classes, None, aliases, type variables, other unions, forward references as str.
bool may_join(Value value) {
  if (value.is_none() || is_instance(value, type_type) || is_exact(value, union_type) ||
      is_instance(value, generic_alias_type))
    return true;
  // typing's own objects join through their __or__; what asks here with one of them on the other side is
  // fine, unless it joins nothing (a TypeVarTuple).
  return static_cast<bool>(type_lookup(type_of(value), intern("__ror__")) &&
                           type_lookup(type_of(value), intern("__typing_subst__"))) ||
         static_cast<bool>(type_lookup(type_of(value), intern("__value__")));
}

bool add_member(Thread& thread, std::vector<Value>& members, Value value) {
  if (is_exact(value, union_type)) {
    for (Value one : union_args(value)->view())
      if (!add_member(thread, members, one)) return false;
    return true;
  }
  if (value.is_none()) value = Value(&none_type);
  for (Value known : members) {
    int same = equals(thread, known, value);
    if (same < 0) return false;
    if (same) return true;
  }
  members.push_back(value);
  return true;
}

Ref union_from(std::vector<Value>& members) {
  if (members.size() == 1) return share(members[0]);
  auto* made = allocate<Union>(union_type);
  made->args = aspy::make_tuple(members).release();
  return Ref::steal(made);
}

Ref union_repr(Thread& thread, Value self) {
  StrBuilder text;
  Tuple* args = union_args(self);
  for (size_t i = 0; i < args->size; ++i) {
    if (i) text.append(" | ");
    if (!append_type_repr(thread, text, (*args)[i])) return Ref();
  }
  return text.finish();
}

// Unions are equal when they have the same members in any order.
Ref union_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::Eq && op != CompareOp::Ne) || !is_exact(b, union_type)) return share(NotImplemented);
  bool same = union_args(a)->size == union_args(b)->size;
  for (size_t i = 0; same && i < union_args(a)->size; ++i) {
    int found = contains(thread, Value(union_args(b)), (*union_args(a))[i]);
    if (found < 0) return Ref();
    same = found == 1;
  }
  return share(Value::from_bool(same == (op == CompareOp::Eq)));
}
bool union_hash(Thread& thread, Value self, int64_t& out) {
  out = 0x5F3759DF;
  for (Value one : union_args(self)->view()) {
    int64_t part;
    if (!hash(thread, one, part)) return false;
    out ^= part * 0x9E3779B1; // whatever the order
  }
  return true;
}
Ref union_or(Thread& thread, Value a, Value b) { return make_union(thread, a, b); }

Ref get_parameters(Thread& thread, Value self);

// (list[T] | int)[str]
Ref union_get_item(Thread& thread, Value self, Value key) {
  std::vector<Value> members;
  std::vector<Ref> keep;
  Ref parameters = get_parameters(thread, self);
  if (!parameters) return Ref();
  if (cast<Tuple>(parameters)->size == 0) {
    Ref text = union_repr(thread, self);
    if (!text) return Ref();
    return raise_type_error(thread, fmt::format("{} is not a generic class", cast<Str>(text)->view()));
  }
  for (Value one : union_args(self)->view()) {
    Ref replaced = share(one);
    if (is_exact(one, generic_alias_type)) {
      Ref parameters = find_attr(thread, one, intern("__parameters__"));
      if (parameters && is_tuple(parameters) && cast<Tuple>(parameters)->size)
        replaced = get_item(thread, one, key);
    } else if (!is_instance(one, type_type) && type_lookup(type_of(one), intern("__typing_subst__"))) {
      replaced = share(is_tuple(key) && cast<Tuple>(key)->size ? (*cast<Tuple>(key))[0] : key);
    }
    if (!replaced || !add_member(thread, members, replaced)) return Ref();
    keep.push_back(std::move(replaced));
  }
  return union_from(members);
}

void union_traverse(Object* self, Visitor& visit) {
  visit(static_cast<Object*>(static_cast<Union*>(self)->args));
}
void union_dealloc(Object* self) {
  clear_field(static_cast<Union*>(self)->args);
  free_object(self);
}
Ref get_args(Thread&, Value self) { return share(union_args(self)); }
Ref get_origin(Thread&, Value) { return share(Value(&union_type)); }
Ref get_parameters(Thread& thread, Value self) {
  std::vector<Value> found;
  for (Value one : union_args(self)->view()) {
    if (is_instance(one, type_type)) continue;
    Ref nested = find_attr(thread, one, intern("__parameters__"));
    clear_error(thread);
    if (nested && is_tuple(nested)) {
      for (Value parameter : cast<Tuple>(nested)->view()) found.push_back(parameter);
    } else if (type_lookup(type_of(one), intern("__typing_subst__"))) {
      found.push_back(one);
    }
  }
  return aspy::make_tuple(found);
}
Ref union_mro_entries(Thread& thread, const Value* args) {
  Ref text = union_repr(thread, args[0]);
  return text ? Ref(raise_type_error(thread, fmt::format("Cannot subclass {}", cast<Str>(text)->view())))
              : Ref();
}
Ref get_name(Thread&, Value) { return share(intern("Union")); }
Ref union_class_getitem(Thread& thread, const Value* args) {
  std::vector<Value> members;
  if (!is_tuple(args[1])) {
    if (!add_member(thread, members, args[1])) return Ref();
  } else {
    for (Value one : cast<Tuple>(args[1])->view())
      if (!add_member(thread, members, one)) return Ref();
  }
  if (members.empty()) return raise_type_error(thread, "Cannot take a Union of no types.");
  return union_from(members);
}

const NativeDef union_methods[] = {
    {"__mro_entries__", "self, bases, /", union_mro_entries},
    {"__class_getitem__", "cls, item, /", union_class_getitem, "See PEP 585", NativeKind::ClassMethod},
    {nullptr},
};
const GetSetDef union_getset[] = {
    {"__args__", get_args}, {"__origin__", get_origin}, {"__parameters__", get_parameters},
    {"__name__", get_name}, {"__qualname__", get_name}, {nullptr, nullptr}};
const TypeSpec union_spec = {.name = "typing.Union",
                             .instance_size = sizeof(Union),
                             .flags = TypeFinal | TypeNoConstruct | TypeTracked,
                             .methods = union_methods,
                             .getset = union_getset,
                             .doc = "Represent a union type\n\nE.g. for int | str"};

} // namespace

Ref make_union(Thread& thread, Value a, Value b) {
  if (!may_join(a) || !may_join(b)) return share(NotImplemented);
  std::vector<Value> members;
  if (!add_member(thread, members, a) || !add_member(thread, members, b)) return Ref();
  return union_from(members);
}

void init_union_type() {
  Slots& slots = union_type.slots;
  slots.dealloc = union_dealloc;
  slots.traverse = union_traverse;
  slots.repr = union_repr;
  slots.compare = union_compare;
  slots.hash = union_hash;
  slots.get_item = union_get_item;
  slots.binary[static_cast<int>(BinaryOp::Or)] = union_or;
  make_ready(union_type, union_spec);
}

} // namespace aspy
