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

// A result that was spilled is told by a number below all registers.
constexpr int far_result(int slot) { return -1000 - slot; }
constexpr int far_slot(int result) { return -1000 - result; }
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
  // Many clauses: the outer iterators make room, and with the first of them the result.
  int base = movable_base(), outer_top = u->top, moved = outer_top - base;
  bool crowding = index > 0 && outer_top > crowded && moved >= crowded / 4;
  if (crowding) {
    if (is_temp(result) && result != no_register) result = far_result(u->spilled + result - base);
    u->spill(base, moved);
    u->top = base;
  }
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
  if (part->is_async) push_block(BlockKind::TryBody, expr->pos); // counts as one
  u->jump_w(part->is_async ? Op::AsyncForIter : Op::ForIter, item, iterator, 0, end);
  if (direct != no_register) mark_bound(direct);
  else {
    u->top = item + 1;
    store(part->target, item);
    u->top = item;
  }
  for (const Expr* test : part->ifs) condition(test, next, false);
  auto add = [&](Op op, int first, int second) {
    if (is_temp(result)) return u->emit(op, result, first, second);
    int built = u->push();
    u->emit_x(Op::LoadFar, built, static_cast<uint32_t>(u->far_locals() + far_slot(result)));
    u->emit(op, built, first, second);
    u->emit(Op::Clear, built);
  };
  if (index + 1 < parts.size()) {
    comprehension_part(expr, parts, index + 1, result, no_register);
  } else if (auto* dict = try_as<DictComp>(expr)) {
    int key = operand(dict->key, true);
    int value = operand(dict->value);
    at(dict->key);
    u->pos.end_line = dict->value->pos.end_line;
    u->pos.end_col = dict->value->pos.end_col;
    add(Op::DictSet, key, value);
  } else {
    const Expr* element = nullptr;
    Op op = Op::ListAppend;
    if (auto* list = try_as<ListComp>(expr)) element = list->elt;
    else if (auto* set = try_as<SetComp>(expr)) element = set->elt, op = Op::SetAdd;
    else element = as<GeneratorExp>(expr)->elt;
    int value = operand(element);
    at(element);
    if (result != no_register) {
      add(op, value, 0);
    } else {
      int sent = is_temp(value) ? value : u->push();
      u->emit(Op::Yield, sent, value);
      u->emit(Op::Clear, sent);
    }
  }
  if (part->is_async) pop_block();
  u->bind(next);
  u->jump(head);
  u->bind(end);
  u->top = saved;
  if (crowding) {
    u->unspill(base, moved);
    u->top = outer_top;
  }
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
  comprehension_part(expr, expr->generators, 0, no_register, iterator);
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
