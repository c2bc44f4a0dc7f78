// ScopeBuilder: walks the tree once and notes in each scope how its names are used.
#pragma once

#include "vm/compiler/scope/scopes.hpp"

namespace aspy::compiler {

class ScopeBuilder {
public:
  ScopeBuilder(SourceTree& tree, ScopeTable& table, bool top_level_await)
      : tree_(tree), table_(table), top_level_await_(top_level_await) {}
  void run();

private:
  // --- scopes and symbols ---
  Scope* enter(ScopeKind kind, const ast::Node* node, ast::Identifier name);
  void leave() { scope_ = scope_->parent; }
  Symbol* symbol(ast::Identifier mangled);
  Symbol* symbol_in(Scope* scope, ast::Identifier mangled);
  void define(ast::Identifier name, uint16_t flags, const ast::Position& pos);
  void use(ast::Identifier name);
  ast::Identifier mangled(ast::Identifier name) { return mangle_name(tree_, scope_->private_name, name); }
  void fail(const ast::Position& pos, std::string message);
  void warn(const ast::Position& pos, std::string message);
  bool too_deep();

  // --- statements (scopes.cpp) ---
  void statements(ast::List<ast::Stmt> body);
  void statement(const ast::Stmt* stmt);
  void conditional(ast::List<ast::Stmt> body);
  // A loop's body: what it breaks or continues is not a `finally` around the loop.
  void loop_body(ast::List<ast::Stmt> body);
  // `async for` and `async with` make their scope a coroutine, where it may be one. False: failed.
  bool may_wait(const ast::Position& pos, const char* message);
  void function(const ast::FunctionDef* def);
  void class_def(const ast::ClassDef* def);
  void type_alias(const ast::TypeAlias* alias);
  void type_params(ast::List<ast::TypeParam> params);
  void parameters(const ast::Arguments* args);
  void defaults(const ast::Arguments* args);
  void annotations(const ast::FunctionDef* def);
  void annotated(const ast::AnnAssign* assign);
  void declaration(const ast::Global* stmt);
  void import_names(ast::List<ast::Alias> names, bool from);
  void try_statement(const ast::Try* stmt);
  void pattern(const ast::Pattern* pattern);

  // --- expressions (scope_expressions.cpp) ---
  void expressions(ast::List<ast::Expr> list);
  void expression(const ast::Expr* expr);
  void links(const ast::Expr* outer, const ast::Expr* inner);
  void name(const ast::Name* name);
  void keywords(ast::List<ast::Keyword> list);
  void walrus(const ast::NamedExpr* expr);
  void walrus_in_comprehension(const ast::Name* target);
  void lambda(const ast::Lambda* expr);
  void comprehension(const ast::Expr* expr, ast::List<ast::Comprehension> generators,
                     const ast::Expr* element, const ast::Expr* value, const char* title);
  void yield(const ast::Expr* expr, const char* word);
  void await(const ast::Position& pos);
  void static_attribute(const ast::Attribute* attribute);
  bool forbidden(const ast::Position& pos, const char* what);

  SourceTree& tree_;
  ScopeTable& table_;
  bool top_level_await_;
  Scope* scope_ = nullptr;
  int depth_ = 0;
  int iterable_depth_ = 0;   // inside a comprehension's iterable, where := is refused
  bool comp_target_ = false; // inside a comprehension's target
  bool conditional_block_ = false;
  // `finally` bodies the walk is in, for PEP 765's warnings: what a return, break or continue would leave.
  int finally_return_ = 0, finally_loop_ = 0;
  std::vector<const ast::Expr*> spine_;
};

} // namespace aspy::compiler
