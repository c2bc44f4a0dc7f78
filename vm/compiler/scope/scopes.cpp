// The walk over statements that gathers each scope's names.
#include "vm/compiler/scope/scopes.hpp"

#include "vm/compiler/scope/scope_builder.hpp"

#include <fmt/format.h>

namespace aspy::compiler {

using namespace ast;

Symbol* Scope::find(Identifier wanted) {
  if (symbols.size() <= 8) {
    for (Symbol* symbol : symbols)
      if (symbol->name.data() == wanted.data()) return symbol;
    return nullptr;
  }
  uint32_t* at = index.find(reinterpret_cast<uint64_t>(wanted.data()));
  return at ? symbols[*at] : nullptr;
}

namespace {
// One node may open several scopes; its address, moved aside, leaves room for the kind.
uint64_t scope_key(const Node* node, ScopeKind kind) {
  return reinterpret_cast<uint64_t>(node) << 4 | (static_cast<uint64_t>(kind) + 1);
}
} // namespace

Scope* ScopeTable::find(const Node* node, ScopeKind kind) {
  Scope** found = by_node_.find(scope_key(node, kind));
  return found ? *found : nullptr;
}

Identifier mangle_name(SourceTree& tree, Identifier private_name, Identifier name) {
  if (private_name.empty() || name.size() < 3 || name[0] != '_' || name[1] != '_') return name;
  if (name.ends_with("__") || name.find('.') != Identifier::npos) return name;
  size_t start = private_name.find_first_not_of('_');
  if (start == Identifier::npos) return name; // a class of underscores only
  std::string text = "_";
  text += private_name.substr(start);
  text += name;
  return tree.intern(text);
}

void analyze_scopes(SourceTree& tree, ScopeTable& table, bool top_level_await) {
  ScopeBuilder(tree, table, top_level_await).run();
  if (!table.issue) resolve_scopes(tree, table);
}

// --- scopes and symbols --------------------------------------------------------------------------

Scope* ScopeBuilder::enter(ScopeKind kind, const Node* node, Identifier name) {
  Scope& scope = table_.scopes.emplace_back();
  scope.kind = kind;
  scope.parent = scope_;
  scope.node = node;
  scope.name = name;
  scope.unit = &scope;
  if (scope_) {
    scope.private_name = scope_->private_name;
    scope.nested = scope_->nested || scope_->is_function_like();
    bool annotation_like = kind >= ScopeKind::Annotations;
    scope.sees_class = annotation_like && (scope_->kind == ScopeKind::Class || scope_->sees_class);
    if (scope.sees_class) {
      Scope* owner = scope_;
      while (owner->kind != ScopeKind::Class) owner = owner->parent;
      owner->needs_classdict = true;
    }
    if (kind == ScopeKind::Comprehension) {
      scope.inlined = true;
      scope.unit = scope_->unit;
    }
  }
  bool fresh;
  table_.by_node_.obtain(scope_key(node, kind), fresh) = &scope;
  scope_ = &scope;
  return &scope;
}

Symbol* ScopeBuilder::symbol_in(Scope* scope, Identifier name) {
  if (Symbol* found = scope->find(name)) return found;
  Symbol& made = table_.symbols.emplace_back();
  made.name = name;
  made.scope = scope;
  scope->symbols.push_back(&made);
  bool fresh;
  if (scope->symbols.size() == 9) {
    for (uint32_t i = 0; i < 9; ++i)
      scope->index.obtain(reinterpret_cast<uint64_t>(scope->symbols[i]->name.data()), fresh) = i;
  } else if (scope->symbols.size() > 9) {
    scope->index.obtain(reinterpret_cast<uint64_t>(name.data()), fresh) =
        static_cast<uint32_t>(scope->symbols.size() - 1);
  }
  return &made;
}

Symbol* ScopeBuilder::symbol(Identifier name) { return symbol_in(scope_, name); }

void ScopeBuilder::define(Identifier name, uint16_t flags, const Position& pos) {
  if (name == "__debug__" && !(flags & (SymGlobal | SymNonlocal)))
    return fail(pos, "cannot assign to __debug__");
  Identifier full = mangled(name);
  Symbol* entry = symbol(full);
  if ((flags & SymParam) && (entry->flags & SymParam))
    return fail(pos, fmt::format("duplicate argument '{}' in function definition", name));
  if (flags & SymTypeParam) {
    if (entry->flags & SymTypeParam) return fail(pos, fmt::format("duplicate type parameter '{}'", name));
  }
  if (comp_target_) {
    if (entry->flags & (SymGlobal | SymNonlocal))
      return fail(
          pos, fmt::format("comprehension inner loop cannot rebind assignment expression target '{}'", name));
    flags |= SymCompIter;
  }
  entry->flags |= flags;
}

void ScopeBuilder::use(Identifier name) { symbol(mangled(name))->flags |= SymUse; }

void ScopeBuilder::fail(const Position& pos, std::string message) {
  if (!table_.issue) table_.issue = tree_.issue_at(pos, std::move(message));
}

void ScopeBuilder::warn(const Position& pos, std::string message) {
  SyntaxWarning warning;
  warning.message = std::move(message);
  warning.line = pos.line;
  warning.col = tree_.character_offset(pos.line, pos.col) + 1;
  warning.end_line = pos.end_line;
  warning.end_col = tree_.character_offset(pos.end_line, pos.end_col) + 1;
  table_.warnings.push_back(std::move(warning));
}

bool ScopeBuilder::too_deep() {
  if (table_.issue) return true;
  if (depth_ < max_nesting) return false;
  SyntaxIssue issue;
  issue.kind = IssueKind::RecursionError;
  issue.message = nesting_message;
  table_.issue = issue;
  return true;
}

void ScopeBuilder::run() {
  Scope* root = enter(ScopeKind::Module, tree_.root, tree_.intern("<module>"));
  table_.root = root;
  if (tree_.root->kind == Kind::Expression) expression(tree_.expression()->body);
  else statements(tree_.module()->body);
}

// --- statements ----------------------------------------------------------------------------------

void ScopeBuilder::statements(List<Stmt> body) {
  for (const Stmt* stmt : body) {
    statement(stmt);
    if (table_.issue) return;
  }
}

// A body that may not run: its annotations count only once it has.
void ScopeBuilder::conditional(List<Stmt> body) {
  bool saved = std::exchange(conditional_block_, true);
  statements(body);
  conditional_block_ = saved;
}

bool ScopeBuilder::may_wait(const Position& pos, const char* message) {
  if (!scope_->is_coroutine && !(top_level_await_ && scope_ == table_.root)) {
    fail(pos, message);
    return false;
  }
  scope_->is_coroutine = true;
  return true;
}

void ScopeBuilder::loop_body(List<Stmt> body) {
  int saved = std::exchange(finally_loop_, 0), saved_return = std::exchange(finally_return_, 0);
  conditional(body);
  finally_loop_ = saved;
  finally_return_ = saved_return;
}

void ScopeBuilder::statement(const Stmt* stmt) {
  if (too_deep()) return;
  ++depth_;
  switch (stmt->kind) {
  case Kind::FunctionDef:
  case Kind::AsyncFunctionDef: function(as<FunctionDef>(stmt)); break;
  case Kind::ClassDef: class_def(as<ClassDef>(stmt)); break;
  case Kind::TypeAlias: type_alias(as<TypeAlias>(stmt)); break;
  case Kind::Return:
    if (finally_return_ > 0) warn(stmt->pos, "'return' in a 'finally' block");
    expression(as<Return>(stmt)->value);
    break;
  case Kind::Delete: expressions(as<Delete>(stmt)->targets); break;
  case Kind::Assign:
    expressions(as<Assign>(stmt)->targets);
    expression(as<Assign>(stmt)->value);
    break;
  case Kind::AugAssign:
    expression(as<AugAssign>(stmt)->target);
    expression(as<AugAssign>(stmt)->value);
    break;
  case Kind::AnnAssign: annotated(as<AnnAssign>(stmt)); break;
  case Kind::For:
  case Kind::AsyncFor: {
    auto* loop = as<For>(stmt);
    if (stmt->kind == Kind::AsyncFor && !may_wait(stmt->pos, "'async for' outside async function")) break;
    expression(loop->target);
    expression(loop->iter);
    loop_body(loop->body);
    conditional(loop->orelse);
    break;
  }
  case Kind::While: {
    auto* loop = as<While>(stmt);
    expression(loop->test);
    loop_body(loop->body);
    conditional(loop->orelse);
    break;
  }
  case Kind::If:
    // `elif` chains are long in generated code, so they are a loop here.
    for (const If* branch = as<If>(stmt);;) {
      expression(branch->test);
      conditional(branch->body);
      if (branch->orelse.size() == 1 && is<If>(branch->orelse[0])) {
        branch = as<If>(branch->orelse[0]);
        continue;
      }
      conditional(branch->orelse);
      break;
    }
    break;
  case Kind::With:
  case Kind::AsyncWith: {
    auto* with = as<With>(stmt);
    if (stmt->kind == Kind::AsyncWith && !may_wait(stmt->pos, "'async with' outside async function")) break;
    for (const WithItem* item : with->items) {
      expression(item->context_expr);
      expression(item->optional_vars);
    }
    conditional(with->body);
    break;
  }
  case Kind::Match: {
    auto* match = as<Match>(stmt);
    expression(match->subject);
    for (const MatchCase* entry : match->cases) {
      pattern(entry->pattern);
      expression(entry->guard);
      conditional(entry->body);
    }
    break;
  }
  case Kind::Raise:
    expression(as<Raise>(stmt)->exc);
    expression(as<Raise>(stmt)->cause);
    break;
  case Kind::Try: try_statement(as<Try>(stmt)); break;
  case Kind::Assert:
    expression(as<Assert>(stmt)->test);
    expression(as<Assert>(stmt)->msg);
    break;
  case Kind::Import: import_names(as<Import>(stmt)->names, false); break;
  case Kind::ImportFrom: import_names(as<ImportFrom>(stmt)->names, true); break;
  case Kind::Global:
  case Kind::Nonlocal: declaration(as<Global>(stmt)); break;
  case Kind::ExprStmt: expression(as<ExprStmt>(stmt)->value); break;
  case Kind::Break:
    if (finally_loop_ > 0) warn(stmt->pos, "'break' in a 'finally' block");
    break;
  case Kind::Continue:
    if (finally_loop_ > 0) warn(stmt->pos, "'continue' in a 'finally' block");
    break;
  default: break;
  }
  --depth_;
}

void ScopeBuilder::try_statement(const Try* stmt) {
  conditional(stmt->body);
  for (const ExceptHandler* handler : stmt->handlers) {
    expression(handler->type);
    if (!handler->name.empty()) define(handler->name, SymLocal | SymDeleted, handler->pos);
    conditional(handler->body);
  }
  conditional(stmt->orelse);
  ++finally_return_;
  ++finally_loop_;
  conditional(stmt->finalbody);
  --finally_return_;
  --finally_loop_;
}

void ScopeBuilder::defaults(const Arguments* args) {
  expressions(args->defaults);
  for (const Expr* value : args->kw_defaults) expression(value);
}

void ScopeBuilder::parameters(const Arguments* args) {
  for (const Arg* arg : args->posonlyargs) define(arg->name, SymParam, arg->pos);
  for (const Arg* arg : args->args) define(arg->name, SymParam, arg->pos);
  for (const Arg* arg : args->kwonlyargs) define(arg->name, SymParam, arg->pos);
  if (args->vararg) define(args->vararg->name, SymParam, args->vararg->pos);
  if (args->kwarg) define(args->kwarg->name, SymParam, args->kwarg->pos);
}

void ScopeBuilder::function(const FunctionDef* def) {
  define(def->name, SymLocal, def->pos);
  defaults(def->args);
  expressions(def->decorators);
  bool generic = !def->type_params.empty();
  if (generic) {
    enter(ScopeKind::TypeParams, def, tree_.intern(fmt::format("<generic parameters of {}>", def->name)));
    if (!def->args->defaults.empty()) define(tree_.intern(".defaults"), SymParam, def->pos);
    bool has_kwdefaults = false;
    for (const Expr* value : def->args->kw_defaults) has_kwdefaults |= value != nullptr;
    if (has_kwdefaults) define(tree_.intern(".kwdefaults"), SymParam, def->pos);
    type_params(def->type_params);
  }
  annotations(def);
  int saved_return = std::exchange(finally_return_, 0), saved_loop = std::exchange(finally_loop_, 0);
  bool saved_conditional = std::exchange(conditional_block_, false);
  Scope* scope = enter(ScopeKind::Function, def, def->name);
  scope->is_coroutine = def->kind == Kind::AsyncFunctionDef;
  parameters(def->args);
  statements(def->body);
  leave();
  finally_return_ = saved_return;
  finally_loop_ = saved_loop;
  conditional_block_ = saved_conditional;
  if (generic) leave();
}

// The annotations of a function are one function more, which computes them when somebody asks.
void ScopeBuilder::annotations(const FunctionDef* def) {
  const Arguments* args = def->args;
  bool any = def->returns != nullptr;
  auto look = [&](const Arg* arg) { any |= arg && arg->annotation; };
  for (const Arg* arg : args->posonlyargs) look(arg);
  for (const Arg* arg : args->args) look(arg);
  for (const Arg* arg : args->kwonlyargs) look(arg);
  look(args->vararg);
  look(args->kwarg);
  if (!any) return;
  enter(ScopeKind::Annotations, def, tree_.intern("__annotate__"));
  define(tree_.intern("format"), SymParam, def->pos);
  auto visit = [&](const Arg* arg) {
    if (arg && arg->annotation) expression(arg->annotation);
  };
  for (const Arg* arg : args->posonlyargs) visit(arg);
  for (const Arg* arg : args->args) visit(arg);
  visit(args->vararg);
  for (const Arg* arg : args->kwonlyargs) visit(arg);
  visit(args->kwarg);
  expression(def->returns);
  leave();
}

void ScopeBuilder::class_def(const ClassDef* def) {
  define(def->name, SymLocal, def->pos);
  expressions(def->decorators);
  bool generic = !def->type_params.empty();
  if (generic) {
    enter(ScopeKind::TypeParams, def, tree_.intern(fmt::format("<generic parameters of {}>", def->name)));
    scope_->private_name = def->name;
    define(tree_.intern(".type_params"), SymLocal, def->pos);
    define(tree_.intern(".generic_base"), SymLocal, def->pos);
    type_params(def->type_params);
  }
  expressions(def->bases);
  keywords(def->keywords);
  int saved_return = std::exchange(finally_return_, 0), saved_loop = std::exchange(finally_loop_, 0);
  bool saved_conditional = std::exchange(conditional_block_, false);
  Scope* scope = enter(ScopeKind::Class, def, def->name);
  scope->private_name = def->name;
  if (generic) {
    use(tree_.intern(".type_params"));
    define(tree_.intern("__type_params__"), SymLocal, def->pos);
  }
  statements(def->body);
  leave();
  finally_return_ = saved_return;
  finally_loop_ = saved_loop;
  conditional_block_ = saved_conditional;
  if (generic) leave();
}

void ScopeBuilder::type_params(List<TypeParam> params) {
  bool default_seen = false;
  for (const TypeParam* param : params) {
    define(param->name, SymTypeParam | SymLocal, param->pos);
    if (param->bound) {
      enter(ScopeKind::TypeVariable, param, param->name);
      define(tree_.intern("format"), SymParam, param->pos);
      expression(param->bound);
      leave();
    }
    if (param->default_value) {
      default_seen = true;
      enter(ScopeKind::TypeDefault, param, param->name);
      define(tree_.intern("format"), SymParam, param->pos);
      expression(param->default_value);
      leave();
    } else if (default_seen) {
      fail(param->pos,
           fmt::format("non-default type parameter '{}' follows default type parameter", param->name));
    }
  }
}

void ScopeBuilder::type_alias(const TypeAlias* alias) {
  expression(alias->name);
  Identifier name = as<Name>(alias->name)->id;
  bool generic = !alias->type_params.empty();
  if (generic) {
    enter(ScopeKind::TypeParams, alias, tree_.intern(fmt::format("<generic parameters of {}>", name)));
    type_params(alias->type_params);
  }
  enter(ScopeKind::TypeAlias, alias, name);
  define(tree_.intern("format"), SymParam, alias->pos);
  expression(alias->value);
  leave();
  if (generic) leave();
}

void ScopeBuilder::annotated(const AnnAssign* assign) {
  if (auto* target = try_as<Name>(assign->target)) {
    Symbol* entry = symbol(mangled(target->id));
    if ((entry->flags & (SymGlobal | SymNonlocal)) && scope_ != table_.root && assign->simple)
      return fail(assign->pos, fmt::format("annotated name '{}' can't be {}", target->id,
                                           entry->flags & SymGlobal ? "global" : "nonlocal"));
    if (assign->simple) define(target->id, SymAnnotated | SymLocal, target->pos);
    else if (assign->value) define(target->id, SymLocal, target->pos);
  } else {
    expression(assign->target);
  }
  // Only modules and classes keep their annotations, and all of one scope share a function.
  bool keeps = assign->simple && !scope_->is_function_like();
  if (keeps) {
    Annotation entry{assign, -1};
    if (scope_->kind == ScopeKind::Module || conditional_block_) {
      scope_->has_conditional_annotations = true;
      entry.condition = 0;
      for (const Annotation& earlier : scope_->annotations) entry.condition += earlier.condition >= 0;
    }
    scope_->annotations.push_back(entry);
  }
  if (!table_.future_annotations) {
    Scope* home = scope_;
    // Annotations inside functions are looked at for errors, never evaluated: they get a scope of their own
    // too.
    const Node* key = keeps ? home->node : static_cast<const Node*>(assign);
    Scope* scope = keeps ? table_.find(key, ScopeKind::Annotations) : nullptr;
    if (scope) {
      scope_ = scope;
    } else {
      scope = enter(ScopeKind::Annotations, key, tree_.intern("__annotate__"));
      define(tree_.intern("format"), SymParam, assign->pos);
    }
    if (home->has_conditional_annotations && keeps) use(tree_.intern("__conditional_annotations__"));
    expression(assign->annotation);
    scope_ = home;
  }
  expression(assign->value);
}

void ScopeBuilder::declaration(const Global* stmt) {
  bool global = stmt->kind == Kind::Global;
  const char* word = global ? "global" : "nonlocal";
  if (!global && scope_->kind == ScopeKind::Module)
    return fail(stmt->pos, "nonlocal declaration not allowed at module level");
  for (Identifier name : stmt->names) {
    Symbol* entry = symbol(mangled(name));
    if (entry->flags & (SymParam | SymLocal | SymUse | SymAnnotated)) {
      if (entry->flags & SymParam)
        return fail(stmt->pos, fmt::format("name '{}' is parameter and {}", name, word));
      if (entry->flags & SymUse)
        return fail(stmt->pos, fmt::format("name '{}' is used prior to {} declaration", name, word));
      if (entry->flags & SymAnnotated)
        return fail(stmt->pos, fmt::format("annotated name '{}' can't be {}", name, word));
      return fail(stmt->pos, fmt::format("name '{}' is assigned to before {} declaration", name, word));
    }
    define(name, global ? SymGlobal : SymNonlocal, stmt->pos);
    if (entry->declared.line == 0) entry->declared = stmt->pos;
  }
}

void ScopeBuilder::import_names(List<Alias> names, bool from) {
  for (const Alias* alias : names) {
    if (from && alias->name == "*") {
      if (scope_->kind != ScopeKind::Module) fail(alias->pos, "import * only allowed at module level");
      continue;
    }
    Identifier bound = alias->asname;
    if (bound.empty()) {
      size_t dot = from ? Identifier::npos : alias->name.find('.');
      bound = dot == Identifier::npos ? alias->name : tree_.intern(alias->name.substr(0, dot));
    }
    define(bound, SymImported, alias->pos);
  }
}

void ScopeBuilder::pattern(const Pattern* node) {
  if (!node || too_deep()) return;
  ++depth_;
  switch (node->kind) {
  case Kind::MatchValue: expression(as<MatchValue>(node)->value); break;
  case Kind::MatchSequence:
    for (const Pattern* part : as<MatchSequence>(node)->patterns) pattern(part);
    break;
  case Kind::MatchMapping: {
    auto* mapping = as<MatchMapping>(node);
    expressions(mapping->keys);
    for (const Pattern* part : mapping->patterns) pattern(part);
    if (!mapping->rest.empty()) define(mapping->rest, SymLocal, node->pos);
    break;
  }
  case Kind::MatchClass: {
    auto* cls = as<MatchClass>(node);
    expression(cls->cls);
    for (const Pattern* part : cls->patterns) pattern(part);
    for (size_t i = 0; i < cls->kwd_patterns.size(); ++i) {
      if (cls->kwd_attrs[i] == "__debug__") fail(cls->kwd_patterns[i]->pos, "cannot assign to __debug__");
      pattern(cls->kwd_patterns[i]);
    }
    break;
  }
  case Kind::MatchStar:
    if (!as<MatchStar>(node)->name.empty()) define(as<MatchStar>(node)->name, SymLocal, node->pos);
    break;
  case Kind::MatchAs:
    pattern(as<MatchAs>(node)->pattern);
    if (!as<MatchAs>(node)->name.empty()) define(as<MatchAs>(node)->name, SymLocal, node->pos);
    break;
  case Kind::MatchOr:
    for (const Pattern* part : as<MatchOr>(node)->patterns) pattern(part);
    break;
  default: break;
  }
  --depth_;
}

} // namespace aspy::compiler
