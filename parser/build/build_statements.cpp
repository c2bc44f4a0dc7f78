#include <fmt/format.h>

#include <string>

#include "parser/build/actions.hpp"

namespace aspy {

using namespace ast;
namespace g = grammar;
using grammar::T;

namespace {

Expr* expr_of(const Item& item) { return static_cast<Expr*>(item.node); }

std::span<Node* const> copy_nodes(const Matched& f, std::size_t from) {
  std::vector<Node*> nodes;
  nodes.reserve(f.size() - from);
  for (std::size_t i = from; i < f.size(); ++i) nodes.push_back(f[i].node);
  return f.b.tree.arena.copy(nodes.data(), nodes.size());
}
template <class T> List<T> nodes_from(const Matched& f, std::size_t from) {
  auto nodes = copy_nodes(f, from);
  return {reinterpret_cast<T* const*>(nodes.data()), nodes.size()};
}
bool reduce_list(const Matched& f) {
  auto* list = f.b.make<parts::NodeList>(f.pos());
  list->nodes = copy_nodes(f, 0);
  return f.reduce(list);
}
/// Passes a part through, spanning the whole rule.
bool pass(const Matched& f) { return f.reduce(f[0].node); }

/// A word that is not an expression.
Identifier word_of(const Matched& f, const Item& item) {
  return item.is_absent() ? Identifier() : f.b.identifier(item.first);
}

bool is_augmented(Token kind) { return kind >= T::PlusEqual && kind <= T::RightShiftEqual; }

Operator augmented_operator(Token kind) {
  switch (kind) {
  case T::PlusEqual: return Operator::Add;
  case T::MinusEqual: return Operator::Sub;
  case T::StarEqual: return Operator::Mult;
  case T::DoubleStarEqual: return Operator::Pow;
  case T::SlashEqual: return Operator::Div;
  case T::DoubleSlashEqual: return Operator::FloorDiv;
  case T::PercentEqual: return Operator::Mod;
  case T::AtEqual: return Operator::MatMult;
  case T::BarEqual: return Operator::BitOr;
  case T::AmperEqual: return Operator::BitAnd;
  case T::CaretEqual: return Operator::BitXor;
  case T::LeftShiftEqual: return Operator::LShift;
  default: return Operator::RShift;
  }
}

} // namespace

// --- Assignment ----------------------------------------------------------------------------------

/// One side of an assignment: what follows says whether it must be a target.
bool action<g::assign_part>::build(const Matched& f) {
  auto& b = f.b;
  const Token next = b.kind(f.last);
  Expr* expr = f.expr(0);
  if (next == T::Equal) {
    const Expr* bad = expr->kind == Kind::Yield || expr->kind == Kind::YieldFrom
                          ? expr
                          : invalid_target(expr, TargetUse::Star);
    return bad == nullptr;
  }
  if (is_augmented(next) || next == T::Colon) {
    if (f.first > 0 && b.kind(f.first - 1) == T::Equal) return true; // a value: what follows it is wrong
    return expr->kind == Kind::Name || expr->kind == Kind::Attribute || expr->kind == Kind::Subscript;
  }
  return true;
}

bool action<g::augassign>::build(const Matched& f) { return f.keep_tokens(); }

bool action<g::assignment>::build(const Matched& f) {
  auto& b = f.b;
  if (f.size() == 1) {
    auto* node = b.make<ExprStmt>(f.pos());
    node->value = f.expr(0);
    return f.reduce(node);
  }
  const Token after = b.kind(f[0].last);
  if (after == T::Equal) {
    std::vector<Expr*> targets;
    for (std::size_t i = 0; i + 1 < f.size(); ++i) {
      if (make_target(f.expr(i), Context::Store) != nullptr) return false;
      targets.push_back(f.expr(i));
    }
    auto* node = b.make<Assign>(f.pos());
    node->targets = b.list(targets);
    node->value = f.expr(f.size() - 1);
    return f.reduce(node);
  }
  if (after == T::Colon) {
    Expr* target = f.expr(0);
    if (target->kind != Kind::Name && target->kind != Kind::Attribute && target->kind != Kind::Subscript)
      return false;
    auto* node = b.make<AnnAssign>(f.pos());
    make_target(target, Context::Store);
    node->target = target;
    node->annotation = f.expr(1);
    node->value = f.expr(2);
    node->simple = target->kind == Kind::Name && b.kind(f.first) != T::LeftParen;
    return f.reduce(node);
  }
  auto* node = b.make<AugAssign>(f.pos());
  make_target(f.expr(0), Context::Store);
  node->target = f.expr(0);
  node->op = augmented_operator(b.kind(f[1].first));
  node->value = f.expr(2);
  return f.reduce(node);
}

// --- Simple statements ---------------------------------------------------------------------------

bool action<g::return_stmt>::build(const Matched& f) {
  auto* node = f.b.make<Return>(f.pos());
  node->value = f.expr(0);
  return f.reduce(node);
}
bool action<g::raise_stmt>::build(const Matched& f) {
  auto* node = f.b.make<Raise>(f.pos());
  node->exc = f.expr(0);
  node->cause = f.expr(1);
  return f.reduce(node);
}
bool action<g::pass_stmt>::build(const Matched& f) { return f.reduce(f.b.make<Pass>(f.pos())); }
bool action<g::break_stmt>::build(const Matched& f) { return f.reduce(f.b.make<Break>(f.pos())); }
bool action<g::continue_stmt>::build(const Matched& f) { return f.reduce(f.b.make<Continue>(f.pos())); }

bool action<g::global_stmt>::build(const Matched& f) {
  std::vector<Identifier> names;
  for (std::size_t i = 0; i < f.size(); ++i) names.push_back(f.b.identifier(f[i].first));
  auto* node = f.b.make<Global>(f.first_kind() == T::Global ? Kind::Global : Kind::Nonlocal, f.pos());
  node->names = f.b.names(names);
  return f.reduce(node);
}
bool action<g::nonlocal_stmt>::build(const Matched& f) { return action<g::global_stmt>::build(f); }

bool action<g::assert_stmt>::build(const Matched& f) {
  auto* node = f.b.make<Assert>(f.pos());
  node->test = f.expr(0);
  node->msg = f.expr(1);
  return f.reduce(node);
}
bool action<g::del_list>::build(const Matched& f) {
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (invalid_target(f.expr(i), TargetUse::Del) != nullptr) return false;
    make_target(f.expr(i), Context::Del);
  }
  return true;
}
bool action<g::del_stmt>::build(const Matched& f) {
  auto* node = f.b.make<Delete>(f.pos());
  node->targets = nodes_from<Expr>(f, 0);
  return f.reduce(node);
}
bool action<g::type_alias>::build(const Matched& f) {
  auto* node = f.b.make<TypeAlias>(f.pos());
  node->name = f.expr(0);
  make_target(node->name, Context::Store);
  node->type_params = nodes_of<TypeParam>(f[1]);
  node->value = f.expr(2);
  return f.reduce(node);
}
bool action<g::simple_stmt>::build(const Matched&) { return true; }

// --- Imports -------------------------------------------------------------------------------------

bool action<g::dotted_name>::build(const Matched& f) {
  auto* word = f.b.make<parts::Word>(f.pos());
  if (f.last - f.first == 1) {
    word->text = f.b.identifier(f.first);
    return f.reduce(word);
  }
  // The dots may have space around them in the source.
  std::string joined;
  for (std::uint32_t i = f.first; i < f.last; i += 2) {
    if (i != f.first) joined += '.';
    joined += f.b.identifier(i);
  }
  word->text = f.b.tree.intern(joined);
  return f.reduce(word);
}
bool action<g::as_name>::build(const Matched& f) {
  auto* word = f.b.make<parts::Word>(f.pos());
  word->text = f.b.identifier(f[0].first);
  return f.reduce(word);
}
bool action<g::dotted_as_name>::build(const Matched& f) {
  auto* alias = f.b.make<Alias>(f.pos());
  alias->name = as<parts::Word>(f[0].node)->text;
  if (!f[1].is_absent()) alias->asname = as<parts::Word>(f[1].node)->text;
  return f.reduce(alias);
}
bool action<g::import_name>::build(const Matched& f) {
  auto* node = f.b.make<Import>(f.pos());
  node->names = nodes_from<Alias>(f, 0);
  return f.reduce(node);
}
bool action<g::import_from_as_name>::build(const Matched& f) {
  auto* alias = f.b.make<Alias>(f.pos());
  alias->name = f.b.identifier(f[0].first);
  if (!f[1].is_absent()) alias->asname = as<parts::Word>(f[1].node)->text;
  return f.reduce(alias);
}
bool action<g::import_star>::build(const Matched& f) {
  auto* alias = f.b.make<Alias>(f.pos());
  alias->name = f.b.tree.intern("*");
  return f.reduce(alias);
}
bool action<g::import_from_targets>::build(const Matched& f) { return reduce_list(f); }
bool action<g::import_module>::build(const Matched& f) {
  Item name = f[0];
  auto* result = f.b.make<ImportFrom>(f.pos());
  if (!name.is_absent()) result->module = as<parts::Word>(name.node)->text;
  const std::uint32_t end = name.is_absent() ? f.last : name.first;
  for (std::uint32_t i = f.first; i < end; ++i) result->level += f.b.kind(i) == T::Ellipsis ? 3 : 1;
  return f.reduce(result);
}
bool action<g::import_from>::build(const Matched& f) {
  auto* node = as<ImportFrom>(f[0].node);
  node->pos = f.pos();
  node->names = nodes_of<Alias>(f[1]);
  return f.reduce(node);
}

// --- Blocks and branches -------------------------------------------------------------------------

bool action<g::block>::build(const Matched& f) { return reduce_list(f); }
bool action<g::else_block>::build(const Matched& f) { return pass(f); }
bool action<g::finally_block>::build(const Matched& f) { return pass(f); }

bool action<g::elif_clause>::build(const Matched& f) {
  auto* node = f.b.make<If>(f.statement_pos());
  node->test = f.expr(0);
  node->body = nodes_of<Stmt>(f[1]);
  return f.reduce(node);
}
bool action<g::if_stmt>::build(const Matched& f) {
  auto* node = f.b.make<If>(f.statement_pos());
  node->test = f.expr(0);
  node->body = nodes_of<Stmt>(f[1]);
  // Items: test, body, elif clauses ..., else block. Each elif becomes the whole else part of the one before.
  const std::size_t last = f.size() - 1;
  f.b.check_levels(last);
  If* tail = node;
  for (std::size_t i = 2; i < last; ++i) {
    auto* clause = as<If>(f[i].node);
    clause->pos.end_line = node->pos.end_line;
    clause->pos.end_col = node->pos.end_col;
    Stmt* as_stmt = clause;
    tail->orelse = f.b.tree.arena.copy(&as_stmt, 1);
    tail = clause;
  }
  tail->orelse = nodes_of<Stmt>(f[last]);
  return f.reduce(node);
}
bool action<g::while_stmt>::build(const Matched& f) {
  auto* node = f.b.make<While>(f.statement_pos());
  node->test = f.expr(0);
  node->body = nodes_of<Stmt>(f[1]);
  node->orelse = nodes_of<Stmt>(f[2]);
  return f.reduce(node);
}
bool action<g::for_stmt>::build(const Matched& f) {
  auto* node = f.b.make<For>(f.first_kind() == T::Async ? Kind::AsyncFor : Kind::For, f.statement_pos());
  node->target = f.expr(0);
  node->iter = f.expr(1);
  node->body = nodes_of<Stmt>(f[2]);
  node->orelse = nodes_of<Stmt>(f[3]);
  return f.reduce(node);
}

bool action<g::with_target>::build(const Matched& f) {
  make_target(f.expr(0), Context::Store);
  return pass(f);
}
bool action<g::with_item>::build(const Matched& f) {
  auto* node = f.b.make<WithItem>(f.pos());
  node->context_expr = f.expr(0);
  node->optional_vars = f.expr(1);
  return f.reduce(node);
}
bool action<g::with_stmt>::build(const Matched& f) {
  auto* node = f.b.make<With>(f.first_kind() == T::Async ? Kind::AsyncWith : Kind::With, f.statement_pos());
  node->body = nodes_of<Stmt>(f[f.size() - 1]);
  f.b.stack.pop_back();
  node->items = nodes_from<WithItem>(f, 0);
  return f.reduce(node);
}

// --- Try -----------------------------------------------------------------------------------------

bool action<g::except_name>::build(const Matched& f) { return f.keep_tokens(); }
bool action<g::except_types>::build(const Matched& f) {
  auto* tuple = f.b.make<Tuple>(f.pos());
  tuple->elts = nodes_from<Expr>(f, 0);
  return f.reduce(tuple);
}
bool action<g::except_head>::build(const Matched&) { return true; }
bool action<g::except_block>::build(const Matched& f) {
  auto* node = f.b.make<ExceptHandler>(f.statement_pos());
  node->type = f.expr(0);
  // The `as NAME` part is kept as its two tokens.
  if (!f[1].is_absent()) node->name = f.b.identifier(f[1].last - 1);
  node->body = nodes_of<Stmt>(f[2]);
  return f.reduce(node);
}
bool action<g::except_star_block>::build(const Matched& f) { return action<g::except_block>::build(f); }
bool action<g::handlers>::build(const Matched& f) { return reduce_list(f); }
bool action<g::try_stmt>::build(const Matched& f) {
  auto& b = f.b;
  auto* node = b.make<Try>(f.statement_pos());
  node->body = nodes_of<Stmt>(f[0]);
  node->handlers = nodes_of<ExceptHandler>(f[1]);
  node->orelse = nodes_of<Stmt>(f[2]);
  node->finalbody = nodes_of<Stmt>(f[3]);
  node->is_star = !f[1].is_absent() && b.kind(f[1].first + 1) == T::Star;
  return f.reduce(node);
}

// --- Functions and classes -----------------------------------------------------------------------

bool action<g::decorator>::build(const Matched& f) { return pass(f); }
bool action<g::decorators>::build(const Matched& f) { return reduce_list(f); }
bool action<g::returns>::build(const Matched& f) { return pass(f); }

bool action<g::function_def>::build(const Matched& f) {
  auto& b = f.b;
  auto* node = b.make<FunctionDef>(f.first_kind() == T::Async ? Kind::AsyncFunctionDef : Kind::FunctionDef,
                                   f.statement_pos());
  node->name = word_of(f, f[0]);
  node->type_params = nodes_of<TypeParam>(f[1]);
  node->args = f[2].is_absent() ? b.make<Arguments>(f.pos()) : as<Arguments>(f[2].node);
  node->returns = f.expr(3);
  node->body = nodes_of<Stmt>(f[4]);
  return f.reduce(node);
}
bool action<g::class_arguments>::build(const Matched& f) {
  if (f.size() == 0) return f.reduce(f.b.make<parts::CallArguments>(f.pos()));
  auto* arguments = as<parts::CallArguments>(f[0].node);
  if (arguments->is_generator) return false;
  return f.reduce(arguments);
}
bool action<g::class_def>::build(const Matched& f) {
  auto* node = f.b.make<ClassDef>(f.statement_pos());
  node->name = word_of(f, f[0]);
  node->type_params = nodes_of<TypeParam>(f[1]);
  if (!f[2].is_absent()) {
    auto* arguments = as<parts::CallArguments>(f[2].node);
    node->bases = arguments->args;
    node->keywords = arguments->keywords;
  }
  node->body = nodes_of<Stmt>(f[3]);
  return f.reduce(node);
}
bool action<g::decorated>::build(const Matched& f) {
  auto decorators = nodes_of<Expr>(f[0]);
  if (auto* function = try_as<FunctionDef>(f[1].node)) function->decorators = decorators;
  if (auto* klass = try_as<ClassDef>(f[1].node)) klass->decorators = decorators;
  return f.reduce(f[1].node);
}

// --- Roots ---------------------------------------------------------------------------------------

namespace {

/// A root's own position is of no use to anyone but must not be garbage.
bool reduce_module(const Matched& f, Kind kind) {
  auto* module = f.b.make<Module>(kind, f.pos());
  std::vector<Stmt*> body;
  for (std::size_t i = 0; i < f.size(); ++i) body.push_back(static_cast<Stmt*>(f[i].node));
  module->body = f.b.list(body);
  return f.reduce(module);
}

} // namespace

bool action<g::file>::build(const Matched& f) { return reduce_module(f, Kind::Module); }
bool action<g::interactive>::build(const Matched& f) { return reduce_module(f, Kind::Interactive); }
bool action<g::eval>::build(const Matched& f) {
  auto* root = f.b.make<Expression>(f.pos());
  root->body = expr_of(f[0]);
  return f.reduce(root);
}

} // namespace aspy
