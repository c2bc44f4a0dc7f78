// _types: the types that have no name of their own, for the `types` module (types.aspy).
#include "runtime/importing/registry.hpp"
#include "vm/bytecode/code.hpp"
#include "vm/interpreter/call.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/type/class.hpp"
#include "vm/object/type/subclasses.hpp"

namespace aspy {
namespace {

// Nothing here makes capsules; the name stands for what C extensions hand around.
Type capsule_type;
const TypeSpec capsule_spec = {.name = "PyCapsule", .flags = TypeFinal | TypeNoConstruct};

// The metaclass that a class statement with these bases and this explicit metaclass would use.
Ref types_winner(Thread& thread, const Value* args) {
  if (!is_instance(args[0], type_type) || !is_tuple(args[1]))
    return raise_type_error(thread, "a class and a tuple of bases");
  Type* winner = calculate_metaclass(thread, cast<Type>(args[0]), cast<Tuple>(args[1]));
  return winner ? share(Value(winner)) : Ref();
}

// A copy of a generator function whose generators can be awaited.
Ref types_iterable_coroutine(Thread& thread, const Value* args) {
  if (!is_exact(args[0], function_type)) return raise_type_error(thread, "a function is needed");
  auto* function = cast<Function>(args[0]);
  // Code is shared by nobody but the functions of one definition, all of which are decorated alike.
  if (function->code->flags & CodeGenerator) function->code->flags |= CodeIterableCoroutine;
  return share(args[0]);
}

Ref types_name_with_module(Thread& thread, const Value* args) {
  if (!is_instance(args[0], type_type)) return raise_type_error(thread, "a class is needed");
  name_with_module(cast<Type>(args[0]));
  return share(args[0]);
}

// Patterns take `type` and all classes that derive from it for what `flags` says. Native types stay what they
// are.
void set_pattern_flags(Type* type, uint32_t flags) {
  constexpr uint32_t mask = TypeIsSequence | TypeIsMapping;
  if (!type->is_heap() || (type->flags & mask) == flags) return;
  type->flags = (type->flags & ~mask) | flags;
  for_each_subclass(type, [&](Type* sub) { set_pattern_flags(sub, flags); });
}
Ref types_match_like(Thread&, const Value* args) {
  uint32_t flags = cast<Type>(args[1])->flags & (TypeIsSequence | TypeIsMapping);
  if (flags) set_pattern_flags(cast<Type>(args[0]), flags);
  return share(None);
}

const NativeDef types_functions[] = {
    {"match_like", "cls, other, /", types_match_like,
     "Patterns match `cls` as they match `other`, if they know it."},
    {"winner", "metaclass, bases, /", types_winner},
    {"iterable_coroutine", "func, /", types_iterable_coroutine},
    {"name_with_module", "cls, /", types_name_with_module, "Messages call the class `module.Name`."},
    {nullptr},
};

bool init_types_module(Thread&, Module* module) {
  make_ready(capsule_type, capsule_spec);
  const struct {
    const char* name;
    Type& type;
  } entries[] = {
      {"FunctionType", function_type},
      {"CodeType", code_type},
      {"MappingProxyType", mapping_proxy_type},
      {"SimpleNamespace", simple_namespace_type},
      {"CellType", cell_type},
      {"GeneratorType", generator_type},
      {"CoroutineType", coroutine_type},
      {"AsyncGeneratorType", async_generator_type},
      {"MethodType", bound_method_type},
      {"BuiltinFunctionType", native_function_type},
      {"WrapperDescriptorType", slot_wrapper_type},
      {"MethodWrapperType", method_wrapper_type},
      {"MethodDescriptorType", method_descriptor_type},
      {"ClassMethodDescriptorType", classmethod_descriptor_type},
      {"ModuleType", module_type},
      {"TracebackType", traceback_type},
      {"FrameType", frame_type},
      {"CapsuleType", capsule_type},
      {"GetSetDescriptorType", getset_type},
      {"MemberDescriptorType", member_type},
      {"GenericAlias", generic_alias_type},
      {"UnionType", union_type},
      {"EllipsisType", ellipsis_type},
      {"NoneType", none_type},
      {"NotImplementedType", not_implemented_type},
  };
  for (const auto& entry : entries) module_set(module, entry.name, Value(&entry.type));
  return true;
}

} // namespace

const ModuleSpec _types_module = {"_types", types_functions, init_types_module};

} // namespace aspy
