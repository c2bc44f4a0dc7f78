#include "vm/interpreter/operation/intrinsics.hpp"

#include "vm/interpreter/operation/import.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

namespace aspy {

namespace {

// Each intrinsic is a function of a library module, called with the operand (tuples are spread out).
struct Target {
  const char* module;
  const char* function;
};

Target target_of(Intrinsic kind) {
  switch (kind) {
  case Intrinsic::TypeVar: return {"typing", "_intrinsic_typevar"};
  case Intrinsic::TypeVarBound: return {"typing", "_intrinsic_typevar_bound"};
  case Intrinsic::TypeVarConstraints: return {"typing", "_intrinsic_typevar_constraints"};
  case Intrinsic::TypeVarTuple: return {"typing", "_intrinsic_typevartuple"};
  case Intrinsic::ParamSpec: return {"typing", "_intrinsic_paramspec"};
  case Intrinsic::TypeParamDefault: return {"typing", "_intrinsic_default"};
  case Intrinsic::TypeAlias: return {"typing", "_intrinsic_alias"};
  case Intrinsic::GenericBase: return {"typing", "_intrinsic_generic"};
  case Intrinsic::Template: return {"string.templatelib", "_intrinsic_template"};
  case Intrinsic::Interpolation: return {"string.templatelib", "_intrinsic_interpolation"};
  }
  return {nullptr, nullptr};
}

} // namespace

Ref run_intrinsic(Thread& thread, Intrinsic kind, Value operand) {
  Target target = target_of(kind);
  Own<Tuple> wanted = make_tuple({Value(intern(target.function))});
  Ref module = import_name(thread, intern(target.module), None, wanted.value(), 0);
  if (!module) return module;
  Ref function = get_attr(thread, module, target.function);
  if (!function) return function;
  if (is_exact(operand, tuple_type) && kind != Intrinsic::GenericBase) {
    Tuple* operands = cast<Tuple>(operand);
    return call(thread, function,
                CallArgs{operands->items(), static_cast<uint32_t>(operands->size), nullptr});
  }
  return call(thread, function, {operand});
}

} // namespace aspy
