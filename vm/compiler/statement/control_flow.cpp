// if, loops, return, break and continue, and the stack of blocks they leave.
#include "vm/compiler/generator.hpp"

namespace aspy::compiler {

using namespace ast;

namespace {
constexpr size_t most_blocks = 21;
}

// --- blocks --------------------------------------------------------------------------------------

Block& Generator::push_block(BlockKind kind, const ast::Position& pos) {
  // The body of what can be suspended counts as one.
  Scope* unit = scope_->unit;
  bool suspends = unit->kind == ScopeKind::Function && (unit->is_generator || unit->is_coroutine);
  if (blocks_.size() + suspends >= most_blocks) fail(pos, "too many statically nested blocks");
  Block& block = blocks_.emplace_back();
  block.kind = kind;
  return block;
}

void Generator::protect(Block& block, Label handler, int depth) {
  block.handler = handler;
  block.depth = depth;
  block.open = u->here();
  block.bound = u->bound;
}

void Generator::close_range(Block& block) {
  if (block.handler != no_label) u->protect(block.open, u->here(), block.handler, block.depth);
}

void Generator::pop_block() {
  close_range(blocks_.back());
  blocks_.pop_back();
}

// Leaves all blocks above the first `keep`: their ranges end, and what leaving takes is emitted, innermost
// first. The blocks come back by restore() once the jump or return that follows is out. `value` is the
// temporary with the value to be returned, or no_register.
std::vector<Block> Generator::unwind(size_t keep, int value) {
  std::vector<Block> left(blocks_.size() - keep);
  ast::Position pos = u->pos;
  for (size_t i = left.size(); i-- > 0;) {
    // As it is now: a jump in a finally body just emitted has closed its range and opened it behind itself.
    left[i] = blocks_.back();
    pop_block();
    if (u->reachable) leave_block(left[i], value);
    u->pos = pos;
  }
  return left;
}

void Generator::restore(std::vector<Block>& left) {
  for (Block& block : left) {
    block.open = u->here();
    blocks_.push_back(block);
  }
}

void Generator::leave_block(const Block& block, int value) {
  int saved = u->top;
  switch (block.kind) {
  case BlockKind::For:
  case BlockKind::Value: u->emit(Op::Clear, block.temp); break;
  case BlockKind::FinallyBody: {
    // A return value waits while the finally body runs, and is dropped should that go elsewhere.
    bool waits = value != no_register;
    if (waits) push_block(BlockKind::Value, block.pos).temp = value;
    body(block.try_statement->finalbody);
    if (waits) pop_block();
    break;
  }
  case BlockKind::FinallyHandler:
  case BlockKind::Handler:
  case BlockKind::StarHandler: u->emit(Op::PopHandled, block.temp); break;
  case BlockKind::NamedHandler: unbind_handler_name(block.name); break;
  case BlockKind::With:
  case BlockKind::AsyncWith: {
    int result = u->push();
    u->pos = block.pos;
    bool async = block.kind == BlockKind::AsyncWith;
    u->emit(async ? Op::AsyncWithExit : Op::WithExit, result, block.temp, 0);
    if (async) u->emit(Op::Await, result, result);
    u->emit(Op::Clear, result);
    break;
  }
  case BlockKind::While:
  case BlockKind::TryBody: break;
  }
  u->top = saved;
}

// Binds the start of a handler. One that nothing can raise into is still walked, for its errors; nothing is
// emitted.
void Generator::start_handler(Label handler, const BoundSet& bound, int depth) {
  u->bind(handler);
  u->bound = bound;
  u->top = depth + 1;
  u->touch(u->top);
}

// --- if and loops --------------------------------------------------------------------------------

void Generator::if_statement(const If* stmt) {
  Label end = u->new_label();
  for (;;) {
    Label other = u->new_label();
    if (literal_truth(stmt->test) == 0) {
      // Never run: looked at for its errors only.
      bool reachable = std::exchange(u->reachable, false);
      BoundSet bound = u->bound;
      body(stmt->body);
      u->reachable = reachable;
      u->bound = bound;
      if (stmt->orelse.empty()) break;
      if (stmt->orelse.size() == 1 && is<If>(stmt->orelse[0])) {
        stmt = as<If>(stmt->orelse[0]);
        continue;
      }
      body(stmt->orelse);
      break;
    }
    condition(stmt->test, other, false);
    body(stmt->body);
    if (stmt->orelse.empty()) {
      u->bind(other);
      break;
    }
    u->jump(end);
    u->bind(other);
    if (stmt->orelse.size() == 1 && is<If>(stmt->orelse[0])) {
      stmt = as<If>(stmt->orelse[0]);
      continue;
    }
    body(stmt->orelse);
    break;
  }
  u->bind(end);
}

void Generator::while_statement(const While* stmt) {
  Label head = u->new_label(), done = u->new_label(), end = u->new_label();
  u->bind(head);
  Block& block = push_block(BlockKind::While, stmt->pos);
  block.break_label = end;
  block.continue_label = head;
  condition(stmt->test, done, false);
  body(stmt->body);
  at(stmt);
  u->jump(head);
  pop_block();
  u->bind(done);
  body(stmt->orelse);
  u->bind(end);
}

void Generator::for_statement(const For* stmt) {
  bool async = stmt->kind == Kind::AsyncFor;
  Label head = u->new_label(), done = u->new_label(), end = u->new_label();
  int saved = u->top;
  int iterator = u->push();
  // A literal list that nobody else sees may as well be a constant tuple.
  auto* list = try_as<ListExpr>(stmt->iter);
  Value items = list && !async && !list->elts.empty() ? fold_tuple(list->elts) : Value();
  int source = iterator;
  if (!items.is_empty()) {
    at(stmt->iter);
    u->load_constant(iterator, items);
  } else {
    u->top = iterator;
    source = operand(stmt->iter);
    u->top = iterator + 1;
  }
  at(stmt->iter);
  u->emit(async ? Op::GetAiter : Op::GetIter, iterator, source);
  u->bind(head);
  Block& block = push_block(BlockKind::For, stmt->pos);
  block.temp = iterator;
  block.break_label = end;
  block.continue_label = head;
  int direct = target_register(stmt->target);
  int item = direct != no_register ? direct : u->push();
  if (async) u->touch(iterator + 2);
  if (async) at(stmt);
  else at(stmt->iter);
  u->jump_w(async ? Op::AsyncForIter : Op::ForIter, item, iterator, 0, done);
  if (direct != no_register) mark_bound(direct);
  else store(stmt->target, item);
  u->top = iterator + 1;
  body(stmt->body);
  at(stmt->iter);
  u->jump(head);
  pop_block();
  u->bind(done);
  u->top = saved;
  body(stmt->orelse);
  u->bind(end);
}

// --- leaving -------------------------------------------------------------------------------------

void Generator::return_statement(const Return* stmt) {
  Scope* unit = scope_->unit;
  if (unit->kind != ScopeKind::Function) return fail(stmt->pos, "'return' outside function");
  if (stmt->value && unit->is_coroutine && unit->is_generator)
    return fail(stmt->pos, "'return' with value in async generator");
  for (const Block& block : blocks_)
    if (block.kind == BlockKind::StarHandler)
      return fail(stmt->value && is<Constant>(stmt->value) ? stmt->value->pos : stmt->pos,
                  "'break', 'continue' and 'return' cannot appear in an except* block");
  bool runs_code = false;
  for (const Block& block : blocks_)
    runs_code |= block.kind == BlockKind::FinallyBody || block.kind == BlockKind::With ||
                 block.kind == BlockKind::AsyncWith || block.kind == BlockKind::NamedHandler;

  Value folded = stmt->value ? fold(stmt->value) : None;
  if (!folded.is_empty()) {
    at(stmt);
    auto left = unwind(0, no_register);
    at(stmt);
    if (folded.is_none()) {
      u->emit(Op::ReturnNone);
    } else {
      int value = u->push();
      u->load_constant(value, folded);
      u->emit(Op::Return, value);
    }
    u->stop();
    restore(left);
    return;
  }
  if (auto* choice = try_as<IfExp>(stmt->value); choice && blocks_.empty()) {
    // Each branch returns for itself.
    Label other = u->new_label();
    condition(choice->test, other, false);
    for (const Expr* part : {choice->body, choice->orelse}) {
      int saved = u->top;
      int result = operand(part);
      at(stmt);
      u->emit(Op::Return, result);
      u->stop();
      u->top = saved;
      if (part == choice->body) u->bind(other);
    }
    return;
  }
  // What runs on the way out may rebind a local: then the value waits in a temporary.
  int value = runs_code ? temp(stmt->value) : operand(stmt->value);
  at(stmt);
  auto left = unwind(0, is_temp(value) ? value : no_register);
  at(stmt);
  u->emit(Op::Return, value);
  u->stop();
  restore(left);
}

void Generator::break_or_continue(const Stmt* stmt) {
  bool is_break = stmt->kind == Kind::Break;
  size_t loop = blocks_.size();
  while (loop > 0) {
    BlockKind kind = blocks_[loop - 1].kind;
    if (kind == BlockKind::While || kind == BlockKind::For) break;
    if (kind == BlockKind::StarHandler)
      return fail(stmt->pos, "'break', 'continue' and 'return' cannot appear in an except* block");
    --loop;
  }
  if (loop == 0)
    return fail(stmt->pos, is_break ? "'break' outside loop" : "'continue' not properly in loop");
  Block target = blocks_[loop - 1];
  at(stmt);
  auto left = unwind(loop, no_register);
  at(stmt);
  if (is_break && target.kind == BlockKind::For) u->emit(Op::Clear, target.temp);
  u->jump(is_break ? target.break_label : target.continue_label);
  restore(left);
}

} // namespace aspy::compiler
