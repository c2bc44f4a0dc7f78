// Native functions as objects: builtin_function_or_method, method_descriptor, classmethod_descriptor.
#include "vm/object/callable/native.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/signature.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/slot/slot_table.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <memory>

namespace aspy {

Type native_function_type;
Type method_descriptor_type;
Type classmethod_descriptor_type;

// The class that a method is named after: a bound one after the class of its object, a class method after the
// class it is bound to. One that passes for a script's (see NativeDef) is always its own class's. Null: a
// function.
static const Type* shown_owner(const NativeFunction* function) {
  bool bound = function->owner && function->self;
  if (!bound || std::string_view(function->def->params).starts_with("def")) return function->owner;
  if (is_instance(function->self, type_type)) return cast<Type>(function->self);
  return type_of(function->self);
}

std::string qualified_name(const NativeFunction* function) {
  if (const Type* owner = shown_owner(function))
    return fmt::format("{}.{}", owner->qualname->view(), function->def->name);
  bool bare = function->signature && function->signature->script_style; // as functions of scripts are
  if (!bare && function->module && is_str(function->module)) {
    std::string_view module = cast<Str>(function->module)->view();
    if (module != "builtins") return fmt::format("{}.{}", module, function->def->name);
  }
  return function->def->name;
}

namespace {

NativeFunction* native_of(Value value) { return cast<NativeFunction>(value); }

// Not a module's function, which may well call its first parameter "cls".
bool is_method(const NativeFunction* function) { return function->owner || function->self; }

// Room for a row of values that is written before it is read.
union Room {
  Room() {} // NOLINT: left as it is, on purpose
  Value values[16];
};

// Arguments with `self` in front, for as long as the object lives.
class WithSelf {
public:
  WithSelf(Value self, CallArgs args) {
    size_t total = args.count + (args.kwnames ? args.kwnames->size : 0);
    Value* row = small_.values;
    if (total + 1 > std::size(small_.values)) {
      large_ = std::make_unique<Value[]>(total + 1);
      row = large_.get();
    }
    row[0] = self;
    std::copy(args.args, args.args + total, row + 1);
    args_ = {row, args.count + 1, args.kwnames};
  }
  CallArgs get() const { return args_; }

private:
  Room small_;
  std::unique_ptr<Value[]> large_;
  CallArgs args_;
};

// A call whose arguments have to be found by name, collected or complained about.
Ref bind_and_invoke(Thread& thread, NativeFunction* function, CallArgs args) {
  const Signature& signature = *function->signature;
  bool counts_self = signature.self_first && is_method(function) && args.count > 0;
  Ref keep_args, keep_kwargs;
  Room room;
  std::unique_ptr<Value[]> many;
  Value* row = room.values;
  if (signature.value_count > std::size(room.values)) {
    many = std::make_unique<Value[]>(signature.value_count);
    row = many.get();
  }
  if (!bind_signature(thread, signature, function, function->def->name, args, counts_self ? 1 : 0, row,
                      keep_args, keep_kwargs))
    return Ref();
  return function->def->fn(thread, row);
}

// With everything that the native gets in `args`, the bound object included.
Ref invoke(Thread& thread, NativeFunction* function, CallArgs args) {
  const NativeDef& def = *function->def;
  if (def.raw) return def.raw(thread, args);
  if (!function->signature) {
    function->signature = signature_of(def.params);
    if (uint32_t count = function->signature->value_count;
        !def.raw && !function->self && function->signature->fits_exactly(count))
      function->exact_args = count;
  }
  const Signature& signature = *function->signature;
  if (!args.kwnames) {
    if (signature.fits_exactly(args.count)) return def.fn(thread, args.args);
    if (signature.fits_padded(args.count)) {
      Room room;
      std::copy_n(args.args, args.count, room.values);
      std::fill(room.values + args.count, room.values + signature.value_count, Value());
      return def.fn(thread, room.values);
    }
  }
  return bind_and_invoke(thread, function, args);
}

// A method of a native type called through the type: the first argument must be an instance.
bool check_receiver(Thread& thread, NativeFunction* method, CallArgs args) {
  if (args.count == 0)
    return raise_type_error(thread,
                            fmt::format("unbound method {}() needs an argument", qualified_name(method)));
  if (is_instance(args[0], *method->owner)) return true;
  return raise_type_error(thread,
                          fmt::format("descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
                                      method->def->name, type_label(method->owner), type_name(args[0])));
}

} // namespace

Ref call_native(Thread& thread, NativeFunction* function, Value self, CallArgs args) {
  if (!self) self = function->self;
  if (self) return invoke(thread, function, WithSelf(self, args).get());
  if (function->type == &method_descriptor_type && !check_receiver(thread, function, args)) return Ref();
  return invoke(thread, function, args);
}

Ref call_native_row(Thread& thread, NativeFunction* function, const Value* row, uint32_t count,
                    Tuple* kwnames) {
  const NativeDef& def = *function->def;
  const Signature* signature = function->signature;
  bool usual = !kwnames && signature && !def.raw && !function->self;
  if (usual && function->type == &method_descriptor_type)
    usual = count > 0 && is_instance(row[0], *function->owner);
  if (usual) [[likely]] {
    if (signature->fits_exactly(count)) return def.fn(thread, row);
    if (signature->fits_padded(count)) {
      Room room;
      std::copy_n(row, count, room.values);
      std::fill(room.values + count, room.values + signature->value_count, Value());
      return def.fn(thread, room.values);
    }
  }
  return call_native(thread, function, Value(), CallArgs{row, count, kwnames});
}

Ref make_native_function(Thread&, const NativeDef& def, Str* module_name) {
  auto* function = allocate<NativeFunction>(native_function_type);
  function->def = &def;
  if (module_name) function->module = share(module_name).release();
  return Ref::steal(function);
}

namespace {

Ref bind_native(NativeFunction* method, Value self) {
  auto* bound = allocate<NativeFunction>(native_function_type);
  bound->def = method->def;
  bound->signature = method->signature;
  bound->owner = method->owner;
  bound->self = share(self).release();
  return Ref::steal(bound);
}

// --- builtin_function_or_method ------------------------------------------------------------------

Ref function_call(Thread& thread, Value callee, CallArgs args) {
  return call_native(thread, native_of(callee), Value(), args);
}
Ref function_repr(Thread&, Value self) {
  auto* function = native_of(self);
  if (function->self)
    return make_str(fmt::format("<built-in method {} of {} object at {}>", function->def->name,
                                type_name(function->self),
                                fmt::ptr(function->self.is_object() ? function->self.as_object() : nullptr)));
  return make_str(fmt::format("<built-in function {}>", function->def->name));
}
void function_traverse(Object* self, Visitor& visit) { visit(static_cast<NativeFunction*>(self)->self); }
void function_dealloc(Object* self) {
  auto* function = static_cast<NativeFunction*>(self);
  clear_field(function->self);
  clear_field(function->module);
  free_object(self);
}
Ref function_compare(Thread&, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::Eq && op != CompareOp::Ne) || !is_exact(b, native_function_type))
    return share(NotImplemented);
  bool same = native_of(a)->def == native_of(b)->def && native_of(a)->self == native_of(b)->self;
  return share(Value::from_bool(same == (op == CompareOp::Eq)));
}
bool function_hash(Thread&, Value self, int64_t& out) {
  out = static_cast<int64_t>(
      (native_of(self)->self.bits ^ reinterpret_cast<uintptr_t>(native_of(self)->def)) >> 4);
  return true;
}

// --- what all three kinds show -------------------------------------------------------------------

Ref get_name(Thread&, Value self) { return share(intern(native_of(self)->def->name)); }
Ref get_qualname(Thread&, Value self) {
  auto* function = native_of(self);
  const Type* owner = shown_owner(function);
  if (!owner) return share(intern(function->def->name));
  return make_str(fmt::format("{}.{}", owner->qualname->view(), function->def->name));
}
Ref get_doc(Thread&, Value self) {
  const char* doc = native_of(self)->def->doc;
  return doc ? Ref(make_str(doc)) : share(None);
}
Ref get_signature(Thread&, Value self) {
  std::string_view params = native_of(self)->def->params;
  if (native_of(self)->def->raw && params.empty()) return share(None);
  if (size_t bar = params.find('|'); bar != params.npos) {
    if (bar + 1 == params.size()) return share(None);
    params.remove_prefix(std::min(bar + 2, params.size()));
  } else if (params.starts_with("def")) {
    params.remove_prefix(std::min<size_t>(4, params.size()));
  } else if (params.starts_with("args ")) {
    params.remove_prefix(5);
  }
  // The bound object is marked, so that inspect can drop it.
  bool method = is_method(native_of(self)) && (params.starts_with("self") || params.starts_with("cls"));
  return make_str(fmt::format("({}{})", method ? "$" : "", params));
}
Ref get_self(Thread&, Value self) {
  Value bound = native_of(self)->self;
  return share(bound ? bound : None);
}
Ref get_module(Thread&, Value self) {
  Value module = native_of(self)->module;
  return share(module ? module : None);
}
Ref get_owner(Thread&, Value self) { return share(native_of(self)->owner); }

const GetSetDef function_getset[] = {
    {"__name__", get_name}, {"__qualname__", get_qualname},
    {"__doc__", get_doc},   {"__text_signature__", get_signature},
    {"__self__", get_self}, {"__module__", get_module},
    {nullptr, nullptr},
};
const GetSetDef descriptor_getset[] = {
    {"__name__", get_name},      {"__qualname__", get_qualname},
    {"__doc__", get_doc},        {"__text_signature__", get_signature},
    {"__objclass__", get_owner}, {nullptr, nullptr},
};

// --- method_descriptor ---------------------------------------------------------------------------

Ref method_call(Thread& thread, Value callee, CallArgs args) {
  return call_native(thread, native_of(callee), Value(), args);
}
Ref method_get(Thread& thread, Value descr, Value object, Value) {
  if (!object) return share(descr);
  auto* method = native_of(descr);
  if (!is_instance(object, *method->owner))
    return raise_type_error(thread,
                            fmt::format("descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
                                        method->def->name, type_label(method->owner), type_name(object)));
  return bind_native(method, object);
}
Ref method_repr(Thread&, Value self) {
  return make_str(fmt::format("<method '{}' of '{}' objects>", native_of(self)->def->name,
                              type_label(native_of(self)->owner)));
}

// --- classmethod_descriptor ----------------------------------------------------------------------

Ref class_method_get(Thread&, Value descr, Value object, Value type) {
  if (!type) type = Value(type_of(object));
  return bind_native(native_of(descr), type);
}
Ref class_method_call(Thread& thread, Value callee, CallArgs args) {
  auto* method = native_of(callee);
  if (args.count == 0)
    return raise_type_error(thread, fmt::format("descriptor '{}' of '{}' object needs an argument",
                                                method->def->name, type_label(method->owner)));
  if (!is_instance(args[0], type_type))
    return raise_type_error(thread,
                            fmt::format("descriptor '{}' requires a type but received a '{}' instance",
                                        method->def->name, type_name(args[0])));
  return call_native(thread, method, Value(), args);
}

const TypeSpec function_spec = {.name = "builtin_function_or_method",
                                .instance_size = sizeof(NativeFunction),
                                .flags = TypeFinal | TypeNoConstruct | TypeTracked | TypeWeakRefs,
                                .getset = function_getset};
const TypeSpec method_spec = {.name = "method_descriptor",
                              .instance_size = sizeof(NativeFunction),
                              .flags = TypeFinal | TypeNoConstruct | TypeMethodLike,
                              .getset = descriptor_getset};
const TypeSpec class_method_spec = {.name = "classmethod_descriptor",
                                    .instance_size = sizeof(NativeFunction),
                                    .flags = TypeFinal | TypeNoConstruct,
                                    .getset = descriptor_getset};

// --- the native __new__ --------------------------------------------------------------------------

// `T.__new__(cls, ...)`: args[0] is T, the object it is bound to.
Ref native_new(Thread& thread, CallArgs args) {
  Type* owner = cast<Type>(args[0]);
  std::string_view name = owner->name->view();
  if (args.count < 2)
    return raise_type_error(thread, fmt::format("{}.__new__(): not enough arguments", name));
  if (!is_instance(args[1], type_type))
    return raise_type_error(
        thread, fmt::format("{}.__new__(X): X is not a type object ({})", name, type_name(args[1])));
  Type* wanted = cast<Type>(args[1]);
  std::string_view wanted_name = wanted->name->view();
  if (!is_subtype(wanted, owner))
    return raise_type_error(thread, fmt::format("{}.__new__({}): {} is not a subtype of {}", name,
                                                wanted_name, wanted_name, name));
  // A constructor may only make what its own native type lays out: object.__new__(int) would not fill an int.
  Type* native = wanted;
  while (native->is_heap()) native = native->base;
  if (native->slots.construct != owner->slots.construct)
    return raise_type_error(thread, fmt::format("{}.__new__({}) is not safe, use {}.__new__()", name,
                                                wanted_name, native->name->view()));
  return owner->slots.construct(thread, wanted, {args.args + 2, args.count - 2, args.kwnames});
}
const NativeDef native_new_def = {"__new__",
                                  "*args, **kwargs",
                                  nullptr,
                                  "Create and return a new object.  See help(type) for accurate signature.",
                                  NativeKind::Function,
                                  native_new};

} // namespace

Ref make_native_new(Type* owner) {
  auto* function = allocate<NativeFunction>(native_function_type);
  function->def = &native_new_def;
  function->self = share(Value(owner)).release();
  return Ref::steal(function);
}

Type* native_new_owner(Value value) {
  if (!is_exact(value, native_function_type) || native_of(value)->def != &native_new_def) return nullptr;
  return cast<Type>(native_of(value)->self);
}

void init_native_types() {
  Slots& function = native_function_type.slots;
  function.dealloc = function_dealloc;
  function.traverse = function_traverse;
  function.call = function_call;
  function.repr = function_repr;
  function.compare = function_compare;
  function.hash = function_hash;
  make_ready(native_function_type, function_spec);

  Slots& method = method_descriptor_type.slots;
  method.dealloc = function_dealloc;
  method.call = method_call;
  method.descr_get = method_get;
  method.repr = method_repr;
  make_ready(method_descriptor_type, method_spec);

  Slots& class_method = classmethod_descriptor_type.slots;
  class_method.dealloc = function_dealloc;
  class_method.call = class_method_call;
  class_method.descr_get = class_method_get;
  class_method.repr = method_repr;
  make_ready(classmethod_descriptor_type, class_method_spec);
}

} // namespace aspy
