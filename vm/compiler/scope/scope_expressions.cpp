// The walk over expressions that gathers each scope's names.
#include "vm/compiler/scope/scope_builder.hpp"

#include <fmt/format.h>

namespace aspy::compiler {

using namespace ast;

void ScopeBuilder::expressions(List<Expr> list) {
  for (const Expr* expr : list) {
    expression(expr);
    if (table_.issue) return;
  }
}

namespace {
// The next node down a chain that may be thousands long (see parser/ast.hpp), or null.
const Expr* chain_down(const Expr* expr) {
  switch (expr->kind) {
  case Kind::BinOp: return as<BinOp>(expr)->left;
  case Kind::Attribute: return as<Attribute>(expr)->value;
  case Kind::Subscript: return as<Subscript>(expr)->value;
  case Kind::Call: return as<Call>(expr)->func;
  default: return nullptr;
  }
}
} // namespace

// `outer` down to (not including) `inner` is a chain: visits what hangs off its links, innermost first.
void ScopeBuilder::links(const Expr* outer, const Expr* inner) {
  size_t base = spine_.size();
  for (const Expr* link = outer; link != inner; link = chain_down(link)) spine_.push_back(link);
  expression(inner);
  while (spine_.size() > base && !table_.issue) {
    const Expr* link = spine_.back();
    spine_.pop_back();
    switch (link->kind) {
    case Kind::BinOp: expression(as<BinOp>(link)->right); break;
    case Kind::Attribute: static_attribute(as<Attribute>(link)); break;
    case Kind::Subscript: expression(as<Subscript>(link)->slice); break;
    case Kind::Call:
      expressions(as<Call>(link)->args);
      keywords(as<Call>(link)->keywords);
      break;
    default: break;
    }
  }
  spine_.resize(base);
}

void ScopeBuilder::expression(const Expr* expr) {
  if (!expr || too_deep()) return;
  ++depth_;
again: // deep edges on the right side go round here instead of down
  switch (expr->kind) {
  case Kind::Name: name(as<Name>(expr)); break;
  case Kind::Constant: break;
  case Kind::BinOp: {
    auto* op = as<BinOp>(expr);
    if (op->op == Operator::Pow && !is<BinOp>(op->left)) {
      expression(op->left);
      expr = op->right;
      goto again;
    }
    [[fallthrough]];
  }
  case Kind::Attribute:
  case Kind::Subscript:
  case Kind::Call: {
    const Expr* inner = expr;
    while (const Expr* down = chain_down(inner)) inner = down;
    links(expr, inner);
    break;
  }
  case Kind::BoolOp: expressions(as<BoolOp>(expr)->values); break;
  case Kind::NamedExpr: walrus(as<NamedExpr>(expr)); break;
  case Kind::UnaryOp: expr = as<UnaryOp>(expr)->operand; goto again;
  case Kind::Lambda: lambda(as<Lambda>(expr)); break;
  case Kind::IfExp:
    expression(as<IfExp>(expr)->test);
    expression(as<IfExp>(expr)->body);
    expr = as<IfExp>(expr)->orelse;
    goto again;
  case Kind::Dict: {
    auto* dict = as<Dict>(expr);
    for (size_t i = 0; i < dict->values.size() && !table_.issue; ++i) {
      expression(dict->keys[i]);
      expression(dict->values[i]);
    }
    break;
  }
  case Kind::Set: expressions(as<Set>(expr)->elts); break;
  case Kind::ListComp: {
    auto* comp = as<ListComp>(expr);
    comprehension(expr, comp->generators, comp->elt, nullptr, "<listcomp>");
    break;
  }
  case Kind::SetComp: {
    auto* comp = as<SetComp>(expr);
    comprehension(expr, comp->generators, comp->elt, nullptr, "<setcomp>");
    break;
  }
  case Kind::GeneratorExp: {
    auto* comp = as<GeneratorExp>(expr);
    comprehension(expr, comp->generators, comp->elt, nullptr, "<genexpr>");
    break;
  }
  case Kind::DictComp: {
    auto* comp = as<DictComp>(expr);
    comprehension(expr, comp->generators, comp->key, comp->value, "<dictcomp>");
    break;
  }
  case Kind::Await:
    if (!forbidden(expr->pos, "await expression")) {
      await(expr->pos);
      expression(as<Await>(expr)->value);
    }
    break;
  case Kind::Yield: yield(expr, "yield expression"); break;
  case Kind::YieldFrom: yield(expr, "yield expression"); break;
  case Kind::Compare:
    expression(as<Compare>(expr)->left);
    expressions(as<Compare>(expr)->comparators);
    break;
  case Kind::FormattedValue:
    expression(as<FormattedValue>(expr)->value);
    expression(as<FormattedValue>(expr)->format_spec);
    break;
  case Kind::Interpolation:
    expression(as<Interpolation>(expr)->value);
    expression(as<Interpolation>(expr)->format_spec);
    break;
  case Kind::JoinedStr: expressions(as<JoinedStr>(expr)->values); break;
  case Kind::TemplateStr: expressions(as<TemplateStr>(expr)->values); break;
  case Kind::Starred: expr = as<Starred>(expr)->value; goto again;
  case Kind::ListExpr: expressions(as<ListExpr>(expr)->elts); break;
  case Kind::Tuple: expressions(as<Tuple>(expr)->elts); break;
  case Kind::Slice:
    expression(as<Slice>(expr)->lower);
    expression(as<Slice>(expr)->upper);
    expression(as<Slice>(expr)->step);
    break;
  default: break;
  }
  --depth_;
}

void ScopeBuilder::keywords(List<Keyword> list) {
  for (const Keyword* keyword : list) {
    if (keyword->name == "__debug__") return fail(keyword->pos, "cannot assign to __debug__");
    expression(keyword->value);
  }
}

void ScopeBuilder::name(const Name* node) {
  switch (node->ctx) {
  case Context::Load:
    use(node->id);
    // super() without arguments reads __class__, which nobody has written down.
    if (node->id == "super" && scope_->is_function_like()) symbol(tree_.intern("__class__"))->flags |= SymUse;
    break;
  case Context::Store: define(node->id, SymLocal, node->pos); break;
  case Context::Del:
    if (node->id == "__debug__") return fail(node->pos, "cannot delete __debug__");
    define(node->id, SymLocal | SymDeleted, node->pos);
    break;
  }
}

// `self.x = ...` in a method: the class lists such names in __static_attributes__.
void ScopeBuilder::static_attribute(const Attribute* attribute) {
  if (attribute->ctx == Context::Load) return;
  if (attribute->attr == "__debug__")
    return fail(attribute->pos,
                attribute->ctx == Context::Del ? "cannot delete __debug__" : "cannot assign to __debug__");
  auto* self = try_as<Name>(attribute->value);
  if (attribute->ctx != Context::Store || !self || self->id != "self") return;
  for (Scope* scope = scope_; scope; scope = scope->parent) {
    if (scope->kind != ScopeKind::Class) continue;
    for (Identifier known : scope->static_attributes)
      if (known.data() == attribute->attr.data()) return;
    scope->static_attributes.push_back(attribute->attr);
    return;
  }
}

// Annotations and type parameters are evaluated later, in a place where some expressions make no sense.
bool ScopeBuilder::forbidden(const Position& pos, const char* what) {
  const char* where = nullptr;
  switch (scope_->kind) {
  case ScopeKind::Annotations: where = "an annotation"; break;
  case ScopeKind::TypeVariable:
    where = is<Tuple>(as<TypeParam>(scope_->node)->bound) ? "a TypeVar constraint" : "a TypeVar bound";
    break;
  case ScopeKind::TypeDefault:
    where = scope_->node->kind == Kind::TypeVar     ? "a TypeVar default"
            : scope_->node->kind == Kind::ParamSpec ? "a ParamSpec default"
                                                    : "a TypeVarTuple default";
    break;
  case ScopeKind::TypeAlias: where = "a type alias"; break;
  case ScopeKind::TypeParams: where = "the definition of a generic"; break;
  default: return false;
  }
  fail(pos, fmt::format("{} cannot be used within {}", what, where));
  return true;
}

void ScopeBuilder::walrus(const NamedExpr* expr) {
  if (forbidden(expr->pos, "named expression")) return;
  if (iterable_depth_ > 0)
    return fail(expr->pos, "assignment expression cannot be used in a comprehension iterable expression");
  auto* target = as<Name>(expr->target);
  bool in_comprehension = scope_->kind == ScopeKind::Comprehension || scope_->kind == ScopeKind::GeneratorExp;
  if (in_comprehension) walrus_in_comprehension(target);
  expression(expr->value);
  define(target->id, in_comprehension ? SymCompWalrus | SymWalrus : SymLocal | SymWalrus, target->pos);
}

// PEP 572: the target belongs to the function around all the comprehensions.
void ScopeBuilder::walrus_in_comprehension(const Name* target) {
  Identifier full = mangled(target->id);
  for (Scope* scope = scope_; scope; scope = scope->parent) {
    switch (scope->kind) {
    case ScopeKind::Comprehension:
    case ScopeKind::GeneratorExp:
      if (Symbol* entry = scope->find(full); entry && (entry->flags & SymCompIter))
        return fail(target->pos,
                    fmt::format("assignment expression cannot rebind comprehension iteration variable '{}'",
                                target->id));
      continue;
    case ScopeKind::Function:
    case ScopeKind::Lambda: {
      Symbol* outer = symbol_in(scope, full);
      if (outer->flags & SymGlobal) symbol(full)->flags |= SymGlobal;
      else {
        symbol(full)->flags |= SymNonlocal;
        symbol(full)->declared = target->pos;
        if (!(outer->flags & SymNonlocal)) outer->flags |= SymLocal;
        outer->flags |= SymWalrus;
      }
      return;
    }
    case ScopeKind::Module:
      symbol(full)->flags |= SymGlobal;
      symbol_in(scope, full)->flags |= SymGlobal;
      return;
    case ScopeKind::Class:
      return fail(target->pos, "assignment expression within a comprehension cannot be used in a class body");
    case ScopeKind::TypeVariable:
    case ScopeKind::TypeDefault:
      return fail(target->pos,
                  "assignment expression within a comprehension cannot be used in a TypeVar bound");
    case ScopeKind::TypeAlias:
      return fail(target->pos, "assignment expression within a comprehension cannot be used in a type alias");
    case ScopeKind::TypeParams:
      return fail(
          target->pos,
          "assignment expression within a comprehension cannot be used within the definition of a generic");
    case ScopeKind::Annotations:
      return fail(target->pos,
                  "assignment expression within a comprehension cannot be used within an annotation");
    }
  }
}

void ScopeBuilder::lambda(const Lambda* expr) {
  defaults(expr->args);
  int saved = std::exchange(iterable_depth_, iterable_depth_);
  bool saved_target = std::exchange(comp_target_, false);
  enter(ScopeKind::Lambda, expr, tree_.intern("<lambda>"));
  parameters(expr->args);
  expression(expr->body);
  leave();
  iterable_depth_ = saved;
  comp_target_ = saved_target;
}

void ScopeBuilder::comprehension(const Expr* expr, List<Comprehension> generators, const Expr* element,
                                 const Expr* value, const char* title) {
  bool is_generator = expr->kind == Kind::GeneratorExp;
  bool saved_target = std::exchange(comp_target_, false);
  // The outermost iterable belongs to the scope outside.
  ++iterable_depth_;
  expression(generators[0]->iter);
  --iterable_depth_;
  Scope* scope =
      enter(is_generator ? ScopeKind::GeneratorExp : ScopeKind::Comprehension, expr, tree_.intern(title));
  if (is_generator) {
    scope->is_generator = true;
    define(tree_.intern(".0"), SymParam, expr->pos);
  }
  bool first = true;
  for (const Comprehension* part : generators) {
    if (part->is_async) scope->is_coroutine = true;
    comp_target_ = true;
    expression(part->target);
    comp_target_ = false;
    if (!first) {
      ++iterable_depth_;
      expression(part->iter);
      --iterable_depth_;
    }
    first = false;
    expressions(part->ifs);
  }
  expression(value);
  expression(element);
  bool is_async = scope->is_coroutine && !is_generator;
  leave();
  comp_target_ = saved_target;
  if (!is_async) return;
  bool allowed = scope_->is_coroutine || scope_->kind == ScopeKind::Comprehension ||
                 scope_->kind == ScopeKind::GeneratorExp || (top_level_await_ && scope_ == table_.root);
  if (!allowed) return fail(expr->pos, "asynchronous comprehension outside of an asynchronous function");
  scope_->is_coroutine = true;
}

void ScopeBuilder::yield(const Expr* expr, const char* word) {
  if (forbidden(expr->pos, word)) return;
  const char* kind = nullptr;
  if (scope_->kind == ScopeKind::GeneratorExp) kind = "generator expression";
  if (scope_->kind == ScopeKind::Comprehension) {
    switch (scope_->node->kind) {
    case Kind::ListComp: kind = "list comprehension"; break;
    case Kind::SetComp: kind = "set comprehension"; break;
    default: kind = "dict comprehension"; break;
    }
  }
  if (auto* plain = try_as<Yield>(expr)) expression(plain->value);
  else expression(as<YieldFrom>(expr)->value);
  scope_->is_generator = true;
  if (kind) fail(expr->pos, fmt::format("'yield' inside {}", kind));
}

void ScopeBuilder::await(const Position& pos) {
  if (top_level_await_ && scope_ == table_.root) {
    scope_->is_coroutine = true;
    return;
  }
  if (!scope_->is_function_like()) return fail(pos, "'await' outside function");
  bool in_comprehension = scope_->kind == ScopeKind::Comprehension || scope_->kind == ScopeKind::GeneratorExp;
  if (!scope_->is_coroutine && !in_comprehension) return fail(pos, "'await' outside async function");
  scope_->is_coroutine = true;
}

} // namespace aspy::compiler
