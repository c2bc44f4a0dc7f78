#include "parser/diagnosis/explanations.hpp"

#include <fmt/format.h>

namespace aspy {

using namespace ast;
namespace g = grammar;
using grammar::T;

namespace {

Expr* expr_of(const Item& item) { return static_cast<Expr*>(item.node); }

bool is_legacy_name(std::string_view name) { return name == "print" || name == "exec"; }

/// "f-string" or "t-string", whichever holds a token.
const char* string_around(const Builder& b, std::uint32_t token) {
  int depth = 0;
  for (std::uint32_t i = token; i-- > 0;) {
    Token kind = b.kind(i);
    if (kind == T::FStringEnd || kind == T::TStringEnd) ++depth;
    if ((kind == T::FStringStart || kind == T::TStringStart) && depth-- == 0) {
      return kind == T::TStringStart ? "t-string" : "f-string";
    }
  }
  return "f-string";
}

/// The atom that a chain of operators and trailers begins with.
const Expr* leftmost(const Expr* expr) {
  for (;;) {
    switch (expr->kind) {
    case Kind::BinOp: expr = as<BinOp>(expr)->left; break;
    case Kind::Attribute: expr = as<Attribute>(expr)->value; break;
    case Kind::Subscript: expr = as<Subscript>(expr)->value; break;
    case Kind::Call: expr = as<Call>(expr)->func; break;
    default: return expr;
    }
  }
}

[[noreturn]] void raise_field(const Matched& f, const char* what) {
  f.b.raise_token(f.last, fmt::format("{}: {}", string_around(f.b, f.first), what));
}

/// The clauses' last part: where a generator expression ends.
Item last_of_clauses(const Item& clauses) {
  auto list = nodes_of<Comprehension>(clauses);
  auto* last = list.back();
  Item item = clauses;
  item.node = last->ifs.empty() ? last->iter : last->ifs.back();
  return item;
}

bool raise_target(const Matched& f, const Item& item, TargetUse use, const char* verb) {
  const Expr* bad = invalid_target(expr_of(item), use);
  if (bad == nullptr) return false;
  f.b.raise_at(bad->pos, fmt::format("cannot {} {}", verb, expression_name(bad)));
}

} // namespace

// --- Expressions ---------------------------------------------------------------------------------

bool action<g::missing_comma>::build(const Matched& f) {
  auto* name = try_as<Name>(f[0].node);
  const bool legacy = name != nullptr && is_legacy_name(name->id);
  // Outside of brackets two expressions in a row may mean anything.
  if (legacy || f.b.depth_at(f.last - 1) == 0) {
    f.b.decided_at = f.first;
    return false;
  }
  f.b.raise_between(f[0], f[1], "invalid syntax. Perhaps you forgot a comma?");
}
bool action<g::bare_lambda>::build(const Matched& f) {
  f.b.raise_at(f.pos(), fmt::format("{}: lambda expressions are not allowed without parentheses",
                                    string_around(f.b, f.first)));
}
bool action<g::legacy_statement>::build(const Matched& f) {
  auto name = f.b.text(f.first);
  if (!is_legacy_name(name)) return false;
  f.b.raise_between(f[0], f[1],
                    fmt::format("Missing parentheses in call to '{}'. Did you mean {}(...)?", name, name));
}
bool action<g::walrus_target>::build(const Matched& f) {
  f.b.raise_for(f[0], fmt::format("cannot use assignment expressions with {}", expression_name(f.expr(0))));
}
bool action<g::equal_for_other>::build(const Matched& f) {
  // A list, tuple or generator at the very beginning may be a target's beginning.
  const Expr* first = leftmost(f.expr(0));
  const Extent& start = f.b.extent(f.first);
  const bool at_start = first->pos.line == start.line && first->pos.col == start.col;
  if (at_start &&
      (first->kind == Kind::ListExpr || first->kind == Kind::Tuple || first->kind == Kind::GeneratorExp)) {
    return false;
  }
  f.b.raise_for(f[0], fmt::format("cannot assign to {} here. Maybe you meant '==' instead of '='?",
                                  expression_name(f.expr(0))));
}
bool action<g::wrong_not>::build(const Matched& f) {
  if (f.first == 0) return false;
  switch (f.b.kind(f.first - 1)) {
  case T::Plus:
  case T::Minus:
  case T::Star:
  case T::Slash:
  case T::Percent:
  case T::DoubleSlash:
  case T::At:
  case T::Tilde: f.b.raise_at(f.pos(), "'not' after an operator must be parenthesized");
  default: return false;
  }
}

// --- Brackets and calls --------------------------------------------------------------------------

bool action<g::starred_any>::build(const Matched& f) { return f.keep_tokens(); }
bool action<g::named_list>::build(const Matched& f) {
  Item last = f[f.size() - 1];
  f.b.stack.resize(f.mark);
  f.b.stack.push_back(last);
  return true;
}
bool action<g::key_without_colon>::build(const Matched& f) {
  const Position pos = f[0].node->pos;
  SyntaxIssue issue = f.b.tree.issue_at(pos, "':' expected after dictionary key");
  issue.col = f.b.tree.character_offset(pos.line, pos.end_col > 0 ? pos.end_col - 1 : 0) + 1;
  issue.end_col = 0;
  throw Diagnosed{std::move(issue)};
}
bool action<g::wrong_for_target>::build(const Matched& f) {
  return raise_target(f, f[0], TargetUse::For, "assign to");
}

bool action<g::some_args>::build(const Matched& f) {
  auto* list = f.b.make<parts::NodeList>(f.pos());
  std::vector<Node*> nodes;
  for (std::size_t i = 0; i < f.size(); ++i) nodes.push_back(f[i].node);
  list->nodes = f.b.tree.arena.copy(nodes.data(), nodes.size());
  return f.reduce(list);
}
bool action<g::late_unpacking>::build(const Matched& f) {
  // Only the comma before it is marked; only `**` unpacking forbids what follows.
  for (std::size_t i = f.size(); i-- > 0;) {
    if (f[i].node == nullptr && f.b.kind(f[i].first) == T::Comma) {
      f.b.raise_starting_from(f.b.pos_of(f[i]),
                              "iterable argument unpacking follows keyword argument unpacking");
    }
  }
  return false;
}
bool action<g::generator_first>::build(const Matched& f) {
  f.b.raise_between(f[0], last_of_clauses(f[1]), "Generator expression must be parenthesized");
}
bool action<g::missing_argument_value>::build(const Matched& f) {
  f.b.raise_between(f[f.size() - 2], f[f.size() - 1], "expected argument value expression");
}
bool action<g::generator_last>::build(const Matched& f) {
  auto args = nodes_of<Node>(f[0]);
  // One argument alone may be a generator; keywords do not count.
  std::vector<Node*> positional;
  for (auto* arg : args) {
    if (arg != nullptr && arg->kind != Kind::Keyword) positional.push_back(arg);
  }
  if (positional.size() <= 1) return false;
  Item first = f[0];
  first.node = positional.back();
  f.b.raise_between(first, last_of_clauses(f[1]), "Generator expression must be parenthesized");
}
bool action<g::generator_after>::build(const Matched& f) {
  f.b.raise_between(f[1], last_of_clauses(f[2]), "Generator expression must be parenthesized");
}
bool action<g::late_positional>::build(const Matched& f) {
  bool unpacking = false;
  for (auto* arg : nodes_of<Node>(f[0])) {
    auto* keyword = try_as<Keyword>(arg);
    unpacking = unpacking || (keyword != nullptr && keyword->name.empty());
  }
  f.b.raise_here(unpacking ? "positional argument follows keyword argument unpacking"
                           : "positional argument follows keyword argument");
}
bool action<g::constant_keyword>::build(const Matched& f) {
  if (f.first_kind() == T::Ellipsis) return false;
  f.b.raise_at(f.pos(), fmt::format("cannot assign to {}", f.b.text(f.first)));
}

// --- Parameters ----------------------------------------------------------------------------------

bool action<g::no_default>::build(const Matched& f) {
  // One item, the parameter alone: its comma is not part of it.
  Item param{nullptr, f[0].first, f[1].is_absent() ? f[0].last : f[1].last};
  f.b.stack.resize(f.mark);
  f.b.stack.push_back(param);
  return true;
}
bool action<g::lambda_no_default>::build(const Matched&) { return true; } // its item is the bare word
bool action<g::parenthesised>::build(const Matched& f) {
  std::size_t open = f.size() - 1;
  while (open-- > 0) {
    if (f[open].node == nullptr && !f[open].is_absent() && f.b.kind(f[open].first) == T::LeftParen) break;
  }
  f.b.raise_between(f[open], f[f.size() - 1], "Function parameters cannot be parenthesized");
}
bool action<g::lambda_parenthesised>::build(const Matched& f) {
  std::size_t open = f.size() - 1;
  while (open-- > 0) {
    if (f.b.kind(f[open].first) == T::LeftParen) break;
  }
  f.b.raise_between(f[open], f[f.size() - 1], "Lambda expression parameters cannot be parenthesized");
}
bool action<g::second_star>::build(const Matched& f) {
  for (std::uint32_t i = f.last; i-- > f.first;) {
    if (f.b.kind(i) == T::Star) f.b.raise_token(i, "* argument may appear only once");
  }
  return false;
}
bool action<g::lambda_second_star>::build(const Matched& f) { return action<g::second_star>::build(f); }
bool action<g::wrong_default>::build(const Matched& f) {
  f.b.raise_token(f.first - 1, "expected default value expression");
}
bool action<g::wrong_type_params>::build(const Matched& f) {
  f.b.raise_starting_from(f.b.pos(f.first, f.first + 1), "Type parameter list cannot be empty");
}
bool action<g::wrong_bound>::build(const Matched& f) {
  const bool tuple = f[1].node->kind == Kind::Tuple;
  const bool spec = f.b.kind(f.first - 2) == T::DoubleStar;
  f.b.raise_starting_from(f.b.pos(f.first, f.first + 1),
                          fmt::format("cannot use {} with {}", tuple ? "constraints" : "bound",
                                      spec ? "ParamSpec" : "TypeVarTuple"));
}

// --- Simple statements ---------------------------------------------------------------------------

bool action<g::annotated_bracket>::build(const Matched& f) {
  const Kind kind = f[0].node->kind;
  if (kind != Kind::ListExpr && kind != Kind::Tuple) return false;
  f.b.raise_for(f[0],
                fmt::format("only single target (not {}) can be annotated", expression_name(f.expr(0))));
}
bool action<g::assigned_other>::build(const Matched& f) {
  return raise_target(f, f[1], TargetUse::Star, "assign to");
}
bool action<g::augmented_other>::build(const Matched& f) {
  f.b.raise_for(f[0], fmt::format("'{}' is an illegal expression for augmented assignment",
                                  expression_name(f.expr(0))));
}
bool action<g::wrong_del>::build(const Matched& f) { return raise_target(f, f[0], TargetUse::Del, "delete"); }
bool action<g::import_first>::build(const Matched& f) {
  f.b.raise_starting_from(f.b.pos(f.first - 1, f.first),
                          "Did you mean to use 'from ... import ...' instead?");
}
bool action<g::import_nothing>::build(const Matched& f) {
  f.b.raise_starting_from(f.b.pos(f.first, f.first + 1), "Expected one or more names after 'import'");
}
bool action<g::wrong_as_name>::build(const Matched& f) {
  f.b.raise_for(f[0], fmt::format("cannot use {} as import target", expression_name(f.expr(0))));
}

// --- f-strings -----------------------------------------------------------------------------------

bool action<g::no_value>::build(const Matched& f) {
  f.b.raise_token(f.last - 1, fmt::format("{}: valid expression required before '{}'",
                                          string_around(f.b, f.first), f.b.text(f.last - 1)));
}
bool action<g::bad_value>::build(const Matched& f) {
  raise_field(f, "expecting a valid expression after '{'");
}
bool action<g::after_value>::build(const Matched& f) {
  raise_field(f, "expecting '=', or '!', or ':', or '}'");
}
bool action<g::after_equal>::build(const Matched& f) { raise_field(f, "expecting '!', or ':', or '}'"); }
bool action<g::no_conversion>::build(const Matched& f) { raise_field(f, "missing conversion character"); }
bool action<g::bad_conversion>::build(const Matched& f) { raise_field(f, "invalid conversion character"); }
bool action<g::after_conversion>::build(const Matched& f) { raise_field(f, "expecting ':' or '}'"); }
bool action<g::after_spec>::build(const Matched& f) { raise_field(f, "expecting '}', or format specs"); }

// --- Compound statements -------------------------------------------------------------------------

/// A header without its block: the statement is told by the first word of its line.
bool action<g::wrong_body>::build(const Matched& f) {
  auto& b = f.b;
  std::uint32_t start = f.first;
  for (; start > 0; --start) {
    Token before = b.kind(start - 1);
    if (before == T::Newline || before == T::Indent || before == T::Dedent) break;
  }
  if (b.kind(start) == T::Async) ++start;
  const std::uint32_t line = b.extent(start).line;
  std::string what;
  switch (b.kind(start)) {
  case T::Def: what = "function definition"; break;
  case T::Class: what = "class definition"; break;
  case T::Except: what = b.kind(start + 1) == T::Star ? "'except*' statement" : "'except' statement"; break;
  default: what = fmt::format("'{}' statement", b.text(start)); break;
  }
  b.raise_here(fmt::format("expected an indented block after {} on line {}", what, line),
               IssueKind::IndentationError);
}
bool action<g::wrong_with_target>::build(const Matched& f) {
  return raise_target(f, f[0], TargetUse::Star, "assign to");
}
bool action<g::star_after_plain>::build(const Matched& f) {
  f.b.raise_at(f.b.pos(f.first, f.first + 2), "cannot have both 'except' and 'except*' on the same 'try'");
}
bool action<g::plain_after_star>::build(const Matched& f) {
  f.b.raise_at(f.b.pos(f.first, f.first + 1), "cannot have both 'except' and 'except*' on the same 'try'");
}
bool action<g::except_as_other>::build(const Matched& f) {
  const bool star = f.b.kind(f.first - 1) == T::Star;
  f.b.raise_for(f[1], fmt::format("cannot use except{} statement with {}", star ? "*" : "",
                                  expression_name(f.expr(1))));
}
bool action<g::pattern_target>::build(const Matched& f) {
  f.b.raise_for(f[0], fmt::format("cannot use {} as pattern target", expression_name(f.expr(0))));
}

} // namespace aspy
