// Comprehensions, which run inside their function, and generator expressions, which are functions of their
// own.
#include "vm/compiler/generator.hpp"

namespace aspy::compiler {

using namespace ast;

namespace {
List<Comprehension> parts_of(const Expr* expr) {
  switch (expr->kind) {
  case Kind::ListComp: return as<ListComp>(expr)->generators;
  case Kind::SetComp: return as<SetComp>(expr)->generators;
  case Kind::DictComp: return as<DictComp>(expr)->generators;
  default: return as<GeneratorExp>(expr)->generators;
  }
}
} // namespace

void Generator::comprehension(const Expr* expr, int dest) {
  Scope* scope = table_.find(expr, ScopeKind::Comprehension);
  List<Comprehension> parts = parts_of(expr);
  int result = u->push();
  int source = operand(parts[0]->iter); // still in the scope outside
  int iterator = result + 1;
  u->top = iterator;
  u->push();
  at(parts[0]->iter);
  u->emit(parts[0]->is_async ? Op::GetAiter : Op::GetIter, iterator, source);
  at(expr);
  Op build = expr->kind == Kind::ListComp  ? Op::BuildList
             : expr->kind == Kind::SetComp ? Op::BuildSet
                                           : Op::BuildDict;
  u->emit(build, result, result, 0);

  Scope* outside = std::exchange(scope_, scope);
  std::vector<const Symbol*> variables;
  for (const Symbol* symbol : scope->symbols)
    if (symbol->binding == Binding::Local) variables.push_back(symbol);
  for (const Symbol* symbol : variables) {
    if (!(symbol->flags & SymCell)) continue;
    if (u->is_near(symbol->slot)) {
      u->emit(Op::MakeCell, u->register_of(symbol->slot));
    } else {
      int cell = u->push();
      u->emit(Op::Clear, cell);
      u->emit(Op::MakeCell, cell);
      u->emit_x(Op::StoreFar, cell, static_cast<uint32_t>(u->far_index(symbol->slot)));
      --u->top;
    }
  }
  auto forget = [&] {
    at(expr);
    for (const Symbol* symbol : variables)
      if (u->is_near(symbol->slot)) u->emit(Op::Clear, u->register_of(symbol->slot));
  };
  // Inside a try statement the function may go on after an error, with the variables gone as they should be.
  BoundSet before = u->bound;
  bool guarded = false;
  for (const Block& block : blocks_) guarded |= block.handler != no_label;
  uint32_t start = u->here();
  comprehension_part(expr, parts, 0, result, iterator);
  u->top = result + 1;
  u->bound = before;
  uint32_t end = u->here();
  forget();
  if (guarded && u->reachable && end > start) {
    Label handler = u->new_label(), over = u->new_label();
    u->protect(start, end, handler, result);
    u->jump(over);
    start_handler(handler, before, result);
    forget();
    u->emit(Op::Reraise, result);
    u->stop();
    u->bind(over);
    u->bound = before;
  }
  scope_ = outside;
  at(expr);
  if (dest != result) u->emit(Op::Move, dest, result);
}

void Generator::comprehension_part(const Expr* expr, List<Comprehension> parts, size_t index, int result,
                                   int iterator) {
  const Comprehension* part = parts[index];
  if (too_deep(expr)) return;
  ++depth_;
  int saved = u->top;
  if (index > 0) {
    int source = operand(part->iter);
    iterator = saved;
    u->top = iterator;
    u->push();
    at(part->iter);
    u->emit(part->is_async ? Op::GetAiter : Op::GetIter, iterator, source);
  }
  Label head = u->new_label(), next = u->new_label(), end = u->new_label();
  u->bind(head);
  int direct = target_register(part->target);
  int item = direct != no_register ? direct : u->push();
  if (part->is_async) u->touch(iterator + 2);
  if (part->is_async) at(expr);
  else at(part->iter);
  u->jump_w(part->is_async ? Op::AsyncForIter : Op::ForIter, item, iterator, 0, end);
  if (direct != no_register) mark_bound(direct);
  else {
    u->top = item + 1;
    store(part->target, item);
    u->top = item;
  }
  for (const Expr* test : part->ifs) condition(test, next, false);
  if (index + 1 < parts.size()) {
    comprehension_part(expr, parts, index + 1, result, -1);
  } else if (auto* dict = try_as<DictComp>(expr)) {
    int key = operand(dict->key, true);
    int value = operand(dict->value);
    at(dict->key);
    u->pos.end_line = dict->value->pos.end_line;
    u->pos.end_col = dict->value->pos.end_col;
    u->emit(Op::DictSet, result, key, value);
  } else {
    const Expr* element = nullptr;
    Op add = Op::ListAppend;
    if (auto* list = try_as<ListComp>(expr)) element = list->elt;
    else if (auto* set = try_as<SetComp>(expr)) element = set->elt, add = Op::SetAdd;
    else element = as<GeneratorExp>(expr)->elt;
    int value = operand(element);
    at(element);
    if (result >= 0 && expr->kind != Kind::GeneratorExp) {
      u->emit(add, result, value);
    } else {
      int sent = is_temp(value) ? value : u->push();
      u->emit(Op::Yield, sent, value);
      u->emit(Op::Clear, sent);
    }
  }
  u->bind(next);
  u->jump(head);
  u->bind(end);
  u->top = saved;
  --depth_;
}

void Generator::generator_expression(const GeneratorExp* expr, int dest) {
  Scope* scope = table_.find(expr, ScopeKind::GeneratorExp);
  enter_unit(scope, scope->name, expr->pos, scope->is_coroutine ? CodeAsyncGenerator : CodeGenerator);
  u->arg_count = 1;
  u->bound.add(0);
  make_cells();
  int iterator = u->push();
  Symbol* argument = scope->locals[0];
  at(expr);
  load(place_of(argument), argument->name, iterator);
  comprehension_part(expr, expr->generators, 0, -1, iterator);
  return_none();
  Own<Code> code = leave_unit(scope->name);

  int function = u->top;
  at(expr);
  make_function(code, scope, 0, function, function);
  u->top = function + 1;
  int first = function + 1;
  u->touch(first + 1);
  int source = operand(expr->generators[0]->iter);
  at(expr->generators[0]->iter);
  u->emit(expr->generators[0]->is_async ? Op::GetAiter : Op::GetIter, first, source);
  at(expr);
  u->emit(Op::Call, dest, function, 1);
}

} // namespace aspy::compiler
