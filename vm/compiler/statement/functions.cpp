// Functions, lambdas, and the units they become.
#include "vm/compiler/generator.hpp"

#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy::compiler {

using namespace ast;

// --- units ---------------------------------------------------------------------------------------

void Generator::enter_unit(Scope* scope, Identifier name, const ast::Position& start, uint32_t flags) {
  auto entry = std::make_unique<Suspended>();
  entry->unit = std::make_unique<Unit>(scope, u, pool_);
  entry->outer = u;
  entry->scope = scope_;
  entry->blocks.swap(blocks_);
  Unit* unit = entry->unit.get();
  unit->qualname = qualified_name(scope, name);
  unit->flags = flags;
  if (scope->is_function_like()) unit->flags |= CodeOptimized | CodeNewLocals;
  if (scope->nested) unit->flags |= CodeNested;
  if (options_.library) unit->flags |= CodeLibrary;
  unit->first_line = start.line;
  unit->pos = start;
  suspended_.push_back(std::move(entry));
  u = unit;
  scope_ = scope;
}

Own<Code> Generator::leave_unit(Identifier name) {
  std::unique_ptr<Suspended> entry = std::move(suspended_.back());
  suspended_.pop_back();
  Own<Code> code;
  if (!issue && entry->unit->is_overfull()) fail_too_deep();
  if (!issue) code = entry->unit->finish(text(name), filename_);
  u = entry->outer;
  scope_ = entry->scope;
  blocks_.swap(entry->blocks);
  return code;
}

std::string Generator::qualified_name(Scope* scope, Identifier name) {
  Scope* outer = scope->parent ? scope->parent->unit : nullptr;
  Unit* unit = u;
  while (outer && outer->kind == ScopeKind::TypeParams) {
    outer = outer->parent->unit;
    unit = unit->parent;
  }
  if (!outer || outer->kind == ScopeKind::Module) return std::string(name);
  if (scope->kind == ScopeKind::Function || scope->kind == ScopeKind::Class) {
    Symbol* symbol = outer->find(mangle_name(tree_, outer->private_name, name));
    if (symbol && symbol->binding == Binding::GlobalExplicit) return std::string(name);
  }
  bool function = outer->kind == ScopeKind::Function || outer->kind == ScopeKind::Lambda;
  return fmt::format("{}{}.{}", unit->qualname, function ? ".<locals>" : "", name);
}

// Variables that other functions share live in cells from the start.
void Generator::make_cells() {
  for (const Symbol* symbol : scope_->locals) {
    if (!(symbol->flags & SymCell) || symbol->scope != scope_) continue;
    if (u->is_near(symbol->slot)) {
      u->emit(Op::MakeCell, u->register_of(symbol->slot));
      continue;
    }
    auto far = static_cast<uint32_t>(u->far_index(symbol->slot));
    int cell = u->push(), value = u->push();
    u->emit(Op::Clear, cell);
    u->emit(Op::MakeCell, cell);
    if (symbol->flags & SymParam) {
      u->emit_x(Op::LoadFar, value, far);
      u->emit(Op::StoreCell, cell, value);
    }
    u->emit_x(Op::StoreFar, cell, far);
    u->top = cell;
  }
}

void Generator::return_none() {
  u->emit(Op::ReturnNone);
  u->stop();
}

void Generator::set_parameters(const Arguments* args) {
  u->posonly_count = static_cast<uint32_t>(args->posonlyargs.size());
  u->arg_count = static_cast<uint32_t>(args->posonlyargs.size() + args->args.size());
  u->kwonly_count = static_cast<uint32_t>(args->kwonlyargs.size());
  if (args->vararg) u->flags |= CodeVarArgs;
  if (args->kwarg) u->flags |= CodeVarKeywords;
  uint32_t count = u->arg_count + u->kwonly_count + (args->vararg ? 1 : 0) + (args->kwarg ? 1 : 0);
  for (uint32_t i = 0; i < count && i < 128; ++i) u->bound.add(static_cast<int>(i));
}

// Defaults go to the temporaries from `first` on.
int Generator::defaults(const Arguments* args, int first) {
  int flags = 0;
  u->top = first;
  if (!args->defaults.empty()) {
    Value folded = fold_tuple(args->defaults);
    if (!folded.is_empty()) {
      at(args->defaults[0]);
      u->load_constant(u->push(), folded);
    } else {
      tuple_of(args->defaults.size(), [&](size_t i) { temp(args->defaults[i]); });
    }
    flags |= 1;
  }
  int dict = u->top;
  int count = 0;
  for (const Expr* value : args->kw_defaults) count += value != nullptr;
  if (count == 0) return flags;
  bool one_by_one = count > static_cast<int>(display_chunk / 2);
  if (one_by_one) u->emit(Op::BuildDict, u->push(), dict, 0);
  for (size_t i = 0; i < args->kwonlyargs.size(); ++i) {
    if (!args->kw_defaults[i]) continue;
    at(args->kw_defaults[i]);
    int key = u->push();
    u->load_constant(key, Value(text(mangled(args->kwonlyargs[i]->name))));
    int value = temp(args->kw_defaults[i]);
    if (!one_by_one) continue;
    u->emit(Op::DictSet, dict, key, value);
    u->top = key;
  }
  if (!one_by_one) u->emit(Op::BuildDict, dict, dict, count);
  u->top = dict + 1;
  flags |= 2;
  return flags;
}

int Generator::closure(Scope* scope) {
  return tuple_of(scope->free_vars.size(),
                  [&](size_t i) { load_cell_itself(scope->free_vars[i], u->push()); });
}

void Generator::make_function(const Own<Code>& code, Scope* scope, int flags, int first, int dest) {
  if (!code) return; // compilation has failed
  int parts = (flags & 1) + (flags >> 1 & 1) + (flags >> 2 & 1);
  u->top = first + parts;
  u->touch(u->top + 1);
  if (!scope->free_vars.empty()) {
    closure(scope);
    flags |= 8;
  }
  u->emit_w(Op::MakeFunction, dest, first, flags, u->constant(code.value()));
}

void Generator::return_function(int value, Scope* scope, Identifier name, int flags, int dest) {
  u->emit(Op::Return, value);
  u->stop();
  Own<Code> code = leave_unit(name);
  u->top = dest;
  make_function(code, scope, flags, dest, dest);
}

// The first statement's text with its common indentation taken away.
Value Generator::docstring(List<Stmt> body) {
  if (body.empty()) return Value();
  auto* stmt = try_as<ExprStmt>(body[0]);
  auto* constant = stmt ? try_as<Constant>(stmt->value) : nullptr;
  if (!constant || constant->type != ConstantKind::Str) return Value();
  std::string_view text = constant->text;
  auto width = [](std::string_view line) {
    size_t count = line.find_first_not_of(" ");
    return count == std::string_view::npos ? line.size() : count;
  };
  if (text.find('\n') == std::string_view::npos) {
    size_t start = text.find_first_not_of(" \t");
    return pool_.text(start == std::string_view::npos ? std::string_view() : text.substr(start));
  }
  std::string expanded;
  // Tabs count up to the next multiple of eight.
  size_t column = 0;
  for (char c : text) {
    if (c == '\t') {
      do expanded += ' ';
      while (++column % 8 != 0);
      continue;
    }
    expanded += c;
    column = c == '\n' ? 0 : column + 1;
  }
  size_t margin = std::string::npos;
  std::vector<std::string_view> lines;
  std::string_view rest = expanded;
  for (;;) {
    size_t end = rest.find('\n');
    lines.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  for (size_t i = 1; i < lines.size(); ++i)
    if (width(lines[i]) < lines[i].size()) margin = std::min(margin, width(lines[i]));
  if (margin == std::string::npos) margin = 0;
  std::string clean;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) clean += '\n';
    size_t cut = i == 0 ? width(lines[0]) : std::min(margin, lines[i].size());
    clean += lines[i].substr(cut);
  }
  return pool_.text(clean);
}

void Generator::function_body(const FunctionDef* def) {
  Scope* scope = table_.find(def, ScopeKind::Function);
  uint32_t flags = 0;
  bool async = def->kind == Kind::AsyncFunctionDef;
  if (async) flags |= scope->is_generator ? CodeAsyncGenerator : CodeCoroutine;
  else if (scope->is_generator) flags |= CodeGenerator;
  ast::Position start = def->pos;
  if (!def->decorators.empty()) start.line = def->decorators[0]->pos.line;
  enter_unit(scope, def->name, start, flags);
  at(def);
  set_parameters(def->args);
  Value doc = docstring(def->body);
  if (!doc.is_empty()) {
    u->doc = doc;
    u->flags |= CodeHasDocstring;
  }
  make_cells();
  body(def->body);
  if (!def->body.empty()) at(def->body.back());
  return_none();
}

// Decorators are computed before what they decorate: each in a temporary, or all in a list when they are
// many.
void Generator::decorators(List<Expr> list) {
  if (list.size() <= display_chunk / 2) {
    for (const Expr* decorator : list) temp(decorator);
    return;
  }
  int all = u->push();
  at(list[0]);
  u->emit(Op::BuildList, all, all, 0);
  list_items(list, all, 0, list[0]->pos);
}

// Applies them to R[top], innermost first; leaves the result in R[first].
void Generator::decorate(List<Expr> list, int first) {
  if (list.size() <= display_chunk / 2) {
    for (size_t i = list.size(); i-- > 0;) {
      int reg = first + static_cast<int>(i);
      at(list[i]);
      u->emit(Op::Call, reg, reg, 1);
    }
    return;
  }
  int value = first + 1, callee = first + 2, argument = first + 3;
  u->touch(argument + 1);
  for (size_t i = list.size(); i-- > 0;) {
    at(list[i]);
    u->emit(Op::Copy, callee, first);
    u->load_constant(argument, Value::from_int(static_cast<int64_t>(i)));
    u->emit(Op::LoadItem, callee, callee, argument);
    u->emit(Op::Move, argument, value);
    u->emit(Op::Call, value, callee, 1);
  }
  u->emit(Op::Clear, first);
  u->emit(Op::Move, first, value);
}

void Generator::function(const FunctionDef* def) {
  int first = u->top;
  decorators(def->decorators);
  int function = u->top;
  Scope* scope = table_.find(def, ScopeKind::Function);
  if (def->type_params.empty()) {
    int flags = defaults(def->args, function);
    if (function_annotations(def)) flags |= 4;
    function_body(def);
    Own<Code> code = leave_unit(def->name);
    at(def);
    make_function(code, scope, flags, function, function);
  } else {
    // A generic function is made by a function that holds its type parameters.
    Scope* generic = table_.find(def, ScopeKind::TypeParams);
    int flags = defaults(def->args, function + 1);
    enter_unit(generic, generic->name, def->pos, 0);
    int count = (flags & 1) + (flags >> 1 & 1);
    u->arg_count = static_cast<uint32_t>(count);
    for (int i = 0; i < count; ++i) u->bound.add(i);
    make_cells();
    int params = u->push();
    type_params(def->type_params, params);
    int inner = u->top;
    for (int i = 0; i < count; ++i) load(place_of(generic->locals[static_cast<size_t>(i)]), {}, u->push());
    int inner_flags = flags;
    if (function_annotations(def)) inner_flags |= 4;
    function_body(def);
    Own<Code> body_code = leave_unit(def->name);
    at(def);
    make_function(body_code, scope, inner_flags, inner, inner);
    u->emit(Op::SetTypeParams, inner, params);
    u->emit(Op::Return, inner);
    u->stop();
    Own<Code> code = leave_unit(generic->name);
    at(def);
    // The arguments are in place already; the function goes in front of them.
    int spare = function + 1 + count;
    u->top = spare;
    u->touch(spare + 1);
    make_function(code, generic, 0, spare, spare);
    u->emit(Op::Move, function, spare);
    u->emit(Op::Call, function, function, count);
  }
  u->top = function + 1;
  u->touch(u->top);
  decorate(def->decorators, first);
  at(def);
  store_name(def->name, first);
  u->top = first;
}

void Generator::lambda(const Lambda* expr, int dest) {
  int first = u->top;
  int flags = defaults(expr->args, first);
  Scope* scope = table_.find(expr, ScopeKind::Lambda);
  uint32_t code_flags = scope->is_generator ? uint32_t{CodeGenerator} : 0u;
  enter_unit(scope, scope->name, expr->pos, code_flags);
  set_parameters(expr->args);
  make_cells();
  int value = operand(expr->body);
  at(expr->body);
  if (scope->is_generator) {
    drop(value);
    u->emit(Op::ReturnNone);
  } else {
    u->emit(Op::Return, value);
  }
  u->stop();
  Own<Code> code = leave_unit(scope->name);
  at(expr);
  make_function(code, scope, flags, first, dest);
}

} // namespace aspy::compiler
