// Type parameters of classes, functions and type aliases (PEP 695), and type aliases themselves.
#include "vm/compiler/generator.hpp"

#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

namespace aspy::compiler {

using namespace ast;

// A function that computes `expr` when asked for.
void Generator::lazy_value(const Expr* expr, const Node* node, ScopeKind kind, Identifier name, int dest) {
  Scope* scope = table_.find(node, kind);
  int saved = u->top;
  u->top = dest;
  u->touch(dest + 2);
  at(expr);
  u->load_constant(dest, pool_.tuple(std::vector<Value>{Value::from_int(1)})); // the default of `format`
  enter_unit(scope, name, expr->pos, 0);
  annotate_prologue(options_.library ? Value() : pool_.text(unparse(expr, true)));
  int value = u->push();
  if (auto* star = try_as<Starred>(expr)) {
    // A TypeVarTuple's default may be `*Ts`: the only item of unpacking it.
    u->top = value;
    into(star->value, value);
    at(expr);
    u->emit(Op::UnpackSequence, value, value, 1);
  } else {
    u->top = value;
    into(expr, value);
  }
  at(expr);
  return_function(value, scope, name, 1, dest);
  u->top = saved;
}

// Makes the type parameters, binds them, and leaves their tuple in R[dest].
void Generator::type_params(List<TypeParam> params, int dest) {
  int saved = u->top;
  int tuple = tuple_of(params.size(), [&](size_t i) {
    const TypeParam* param = params[i];
    int value = u->push();
    at(param);
    u->load_constant(value, Value(text(param->name)));
    Intrinsic kind = param->kind == Kind::TypeVar     ? Intrinsic::TypeVar
                     : param->kind == Kind::ParamSpec ? Intrinsic::ParamSpec
                                                      : Intrinsic::TypeVarTuple;
    if (param->bound) {
      kind = is<Tuple>(param->bound) ? Intrinsic::TypeVarConstraints : Intrinsic::TypeVarBound;
      int function = u->push();
      lazy_value(param->bound, param, ScopeKind::TypeVariable, param->name, function);
      at(param);
      u->emit(Op::BuildTuple, value, value, 2);
    }
    u->emit(Op::Intrinsic, value, value, static_cast<int>(kind));
    u->top = value + 1;
    if (param->default_value) {
      int function = u->push();
      lazy_value(param->default_value, param, ScopeKind::TypeDefault, param->name, function);
      at(param);
      u->emit(Op::BuildTuple, value, value, 2);
      u->emit(Op::Intrinsic, value, value, static_cast<int>(Intrinsic::TypeParamDefault));
      u->top = value + 1;
    }
    int copy = u->push();
    u->emit(Op::Copy, copy, value);
    store_name(param->name, copy);
    u->top = value + 1;
  });
  u->emit(Op::Move, dest, tuple);
  u->top = saved;
}

void Generator::type_alias(const TypeAlias* stmt) {
  Identifier name = as<Name>(stmt->name)->id;
  int result = u->push();
  bool generic = !stmt->type_params.empty();
  auto build = [&](int base) {
    // (name, type parameters or None, function giving the value)
    u->top = base;
    at(stmt);
    u->load_constant(u->push(), Value(text(name)));
    int params = u->push();
    if (generic) type_params(stmt->type_params, params);
    else u->emit(Op::LoadNone, params);
    int function = u->push();
    lazy_value(stmt->value, stmt, ScopeKind::TypeAlias, name, function);
    at(stmt);
    u->emit(Op::BuildTuple, base, base, 3);
    u->emit(Op::Intrinsic, base, base, static_cast<int>(Intrinsic::TypeAlias));
    u->top = base + 1;
  };
  if (generic) in_type_params(stmt, result, build);
  else build(result);
  u->top = result + 1;
  at(stmt->name);
  store_name(name, result);
}

} // namespace aspy::compiler
