// types.GenericAlias: `list[int]`. Behaves like the class it was made from, and remembers the arguments.
#include "vm/memory/heap.hpp"
#include "vm/object/annotation/generic.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace aspy {

Type generic_alias_type;

// How a type is written inside the repr of an alias or union: classes by their names, `...`, None, anything
// else by its repr.
bool append_type_repr(Thread& thread, StrBuilder& text, Value value) {
  if (value == Ellipsis) return text.append("..."), true;
  if (value.is_none() || value == Value(&none_type)) return text.append("None"), true;
  if (is_list(value)) { // the parameters of a Callable
    text.append('[');
    auto* list = cast<List>(value);
    for (size_t i = 0; i < list->size; ++i) {
      if (i) text.append(", ");
      if (!append_type_repr(thread, text, (*list)[i])) return false;
    }
    text.append(']');
    return true;
  }
  Ref origin = find_attr(thread, value, intern("__origin__"));
  if (thread.has_error()) return false;
  if (!origin) {
    Ref qualname = find_attr(thread, value, names::dunder_qualname);
    if (thread.has_error()) return false;
    Ref module = qualname ? find_attr(thread, value, names::dunder_module) : Ref();
    if (thread.has_error()) return false;
    if (qualname && is_str(qualname) && module && is_str(module)) {
      if (cast<Str>(module)->view() != "builtins") {
        text.append(cast<Str>(module));
        text.append('.');
      }
      text.append(cast<Str>(qualname));
      return true;
    }
  }
  return text.append_repr(thread, value);
}

namespace {

GenericAlias* alias_of(Value value) { return cast<GenericAlias>(value); }

Ref alias_repr(Thread& thread, Value self) {
  auto* alias = alias_of(self);
  StrBuilder text;
  if (alias->starred) text.append('*');
  if (!append_type_repr(thread, text, alias->origin)) return Ref();
  text.append('[');
  for (size_t i = 0; i < alias->args->size; ++i) {
    if (i) text.append(", ");
    if (!append_type_repr(thread, text, (*alias->args)[i])) return Ref();
  }
  if (alias->args->size == 0) text.append("()");
  text.append(']');
  return text.finish();
}

// Attributes that belong to the alias; all others are the origin's.
bool is_own_attribute(Str* name) {
  static const std::vector<Str*> own = [] {
    std::vector<Str*> list;
    for (const char* text :
         {"__origin__", "__args__", "__parameters__", "__mro_entries__", "__reduce_ex__", "__reduce__",
          "__copy__", "__deepcopy__", "__unpacked__", "__typing_unpacked_tuple_args__", "__class__"})
      list.push_back(intern(text));
    return list;
  }();
  return std::find(own.begin(), own.end(), name) != own.end();
}
Ref alias_get_attr(Thread& thread, Value self, Str* name) {
  bool dunder = name->size > 4 && name->view().starts_with("__") && name->view().ends_with("__");
  if (!is_own_attribute(name) &&
      (!dunder || name == names::dunder_name || name == names::dunder_qualname ||
       name == names::dunder_module || name == names::dunder_doc || !type_lookup(&generic_alias_type, name)))
    return get_attr(thread, alias_of(self)->origin, name);
  return generic_get_attr(thread, self, name);
}

// list[int]() makes a list, which is told where it came from if it can remember.
Ref alias_call(Thread& thread, Value self, CallArgs args) {
  Ref keep = share(self);
  Ref made = call(thread, alias_of(self)->origin, args);
  if (!made || !made.get().is_object() || !type_of(made)->is_heap()) return made;
  if (!set_attr(thread, made, intern("__orig_class__"), self)) {
    if (!error_matches(thread, AttributeError_type) && !error_matches(thread, TypeError_type)) return Ref();
    clear_error(thread);
  }
  return made;
}

bool is_type_variable(Thread& thread, Value value) {
  // A class is never one, whatever its instances are.
  if (is_instance(value, type_type)) return false;
  return static_cast<bool>(type_lookup(type_of(value), intern("__typing_subst__"))) ||
         (clear_error(thread), false);
}

// The type variables among the arguments, in order of appearance.
Tuple* parameters_of(Thread& thread, GenericAlias* alias) {
  if (alias->parameters) return alias->parameters;
  std::vector<Value> found;
  std::vector<Ref> keep;
  auto add = [&](Value value) {
    if (std::find(found.begin(), found.end(), value) == found.end()) found.push_back(value);
  };
  for (Value argument : alias->args->view()) {
    if (is_type_variable(thread, argument)) {
      add(argument);
      continue;
    }
    if (is_instance(argument, type_type)) continue;
    Ref nested = find_attr(thread, argument, intern("__parameters__"));
    clear_error(thread);
    if (nested && is_tuple(nested)) {
      for (Value one : cast<Tuple>(nested)->view()) add(one);
      keep.push_back(nested);
    }
  }
  alias->parameters = aspy::make_tuple(found).release();
  return alias->parameters;
}

// list[T][int]: type variables are replaced by what they stand for.
Ref alias_get_item(Thread& thread, Value self, Value key) {
  auto* alias = alias_of(self);
  Tuple* parameters = parameters_of(thread, alias);
  Own<Tuple> given = is_tuple(key) ? Own<Tuple>::share(cast<Tuple>(key)) : make_tuple({key});
  if (parameters->size == 0) {
    Ref text = repr(thread, self);
    return text ? Ref(raise_type_error(thread,
                                       fmt::format("{} is not a generic class", cast<Str>(text)->view())))
                : Ref();
  }
  if (given->size != parameters->size) {
    Ref text = repr(thread, self);
    if (!text) return Ref();
    return raise_type_error(thread, fmt::format("Too {} arguments for {}; actual {}, expected {}",
                                                given->size > parameters->size ? "many" : "few",
                                                cast<Str>(text)->view(), given->size, parameters->size));
  }
  auto replacement = [&](Value variable) {
    for (size_t i = 0; i < parameters->size; ++i)
      if ((*parameters)[i] == variable) return (*given)[i];
    return variable;
  };
  Own<Tuple> replaced = new_tuple(alias->args->size);
  for (size_t i = 0; i < alias->args->size; ++i) {
    Value argument = (*alias->args)[i];
    Ref result = share(replacement(argument));
    if (result.get() == argument && !is_instance(argument, type_type)) {
      Ref nested = find_attr(thread, argument, intern("__parameters__"));
      clear_error(thread);
      if (nested && is_tuple(nested) && cast<Tuple>(nested)->size) {
        std::vector<Value> inner;
        for (Value one : cast<Tuple>(nested)->view()) inner.push_back(replacement(one));
        Own<Tuple> arguments = aspy::make_tuple(inner);
        result = get_item(thread, argument, arguments.value());
        if (!result) return Ref();
      }
    }
    replaced->items()[i] = result.release();
  }
  return make_generic_alias(thread, alias->origin, replaced.value());
}

Ref alias_construct(Thread& thread, Type*, CallArgs args) {
  if (!refuse_keywords(thread, "GenericAlias", args) || !check_count(thread, "GenericAlias", args, 2, 2))
    return Ref();
  return make_generic_alias(thread, args[0], args[1]);
}
Ref alias_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::Eq && op != CompareOp::Ne) || !is_exact(a, generic_alias_type) ||
      !is_exact(b, generic_alias_type))
    return share(NotImplemented);
  auto *left = alias_of(a), *right = alias_of(b);
  int same = left->starred != right->starred ? 0 : equals(thread, left->origin, right->origin);
  if (same > 0) same = equals(thread, Value(left->args), Value(right->args));
  if (same < 0) return Ref();
  return share(Value::from_bool((same != 0) == (op == CompareOp::Eq)));
}
bool alias_hash(Thread& thread, Value self, int64_t& out) {
  int64_t origin, args;
  if (!hash(thread, alias_of(self)->origin, origin) || !hash(thread, Value(alias_of(self)->args), args))
    return false;
  out = origin ^ args;
  return true;
}
Ref alias_or(Thread& thread, Value a, Value b) { return make_union(thread, a, b); }

struct StarIterator : Object {
  Value alias; // owned; empty once given
};
Type star_iterator_type;
Ref alias_iter(Thread&, Value self) {
  auto* iterator = allocate<StarIterator>(star_iterator_type);
  iterator->alias = share(self).release();
  return Ref::steal(iterator);
}
Ref star_self(Thread&, Value self) { return share(self); }
Ref star_next(Thread& thread, Value self) {
  Ref alias = Ref::steal(std::exchange(cast<StarIterator>(self)->alias, Value()));
  if (!alias) return Ref();
  Ref made = make_generic_alias(thread, alias_of(alias)->origin, Value(alias_of(alias)->args));
  if (made) alias_of(made)->starred = true;
  return made;
}
void star_dealloc(Object* self) {
  clear_field(static_cast<StarIterator*>(self)->alias);
  free_object(self);
}
const TypeSpec star_spec = {.name = "generic_alias_iterator",
                            .instance_size = sizeof(StarIterator),
                            .flags = TypeFinal | TypeNoConstruct};

void alias_traverse(Object* self, Visitor& visit) {
  auto* alias = static_cast<GenericAlias*>(self);
  visit(alias->origin);
  visit(static_cast<Object*>(alias->args));
  visit(static_cast<Object*>(alias->parameters));
}
void alias_dealloc(Object* self) {
  auto* alias = static_cast<GenericAlias*>(self);
  clear_field(alias->origin);
  clear_field(alias->args);
  clear_field(alias->parameters);
  free_object(self);
}

Ref get_origin(Thread&, Value self) { return share(alias_of(self)->origin); }
Ref get_args(Thread&, Value self) { return share(alias_of(self)->args); }
Ref get_parameters(Thread& thread, Value self) { return share(parameters_of(thread, alias_of(self))); }
Ref get_unpacked(Thread&, Value self) { return share(Value::from_bool(alias_of(self)->starred)); }
Ref alias_mro_entries(Thread&, const Value* args) { return make_tuple({alias_of(args[0])->origin}); }
Ref alias_instancecheck(Thread& thread, const Value*) {
  return raise_type_error(thread, "isinstance() argument 2 cannot be a parameterized generic");
}
Ref alias_subclasscheck(Thread& thread, const Value*) {
  return raise_type_error(thread, "issubclass() argument 2 cannot be a parameterized generic");
}

const NativeDef alias_methods[] = {
    {"__mro_entries__", "self, bases, /", alias_mro_entries},
    {"__instancecheck__", "self, instance, /", alias_instancecheck},
    {"__subclasscheck__", "self, cls, /", alias_subclasscheck},
    {nullptr},
};
const GetSetDef alias_getset[] = {
    {"__origin__", get_origin},     {"__args__", get_args}, {"__parameters__", get_parameters},
    {"__unpacked__", get_unpacked}, {nullptr, nullptr},
};
const TypeSpec alias_spec = {
    .name = "types.GenericAlias",
    .instance_size = sizeof(GenericAlias),
    .flags = TypeTracked | TypeWeakRefs,
    .methods = alias_methods,
    .getset = alias_getset,
    .doc = "Represent a PEP 585 generic type\n\nE.g. for t = list[int], t.__origin__ is list and "
           "t.__args__ is (int,)."};

} // namespace

Ref make_generic_alias(Thread&, Value origin, Value args) {
  auto* alias = allocate<GenericAlias>(generic_alias_type);
  alias->origin = share(origin).release();
  alias->args =
      is_tuple(args) ? Own<Tuple>::share(cast<Tuple>(args)).release() : make_tuple({args}).release();
  return Ref::steal(alias);
}

Ref class_getitem(Thread& thread, const Value* args) { return make_generic_alias(thread, args[0], args[1]); }

void init_generic_types() {
  Slots& slots = generic_alias_type.slots;
  slots.dealloc = alias_dealloc;
  slots.traverse = alias_traverse;
  slots.construct = alias_construct;
  slots.call = alias_call;
  slots.get_attr = alias_get_attr;
  slots.get_item = alias_get_item;
  slots.iter = alias_iter;
  slots.repr = alias_repr;
  slots.compare = alias_compare;
  slots.hash = alias_hash;
  slots.binary[static_cast<int>(BinaryOp::Or)] = alias_or;
  make_ready(generic_alias_type, alias_spec);

  star_iterator_type.slots.dealloc = star_dealloc;
  star_iterator_type.slots.iter = star_self;
  star_iterator_type.slots.next = star_next;
  make_ready(star_iterator_type, star_spec);
  init_union_type();
}

} // namespace aspy
