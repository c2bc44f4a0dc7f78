// try, except, except*, finally and with.
//
// A handler finds its exception in R[d]; PushHandled uses the pair d, d+1 while it is being handled.
// Everything inside is itself protected by a tail that ends the handling and raises on:
//
//     cleanup: R[d+2] = the new exception        (entered by the range, or by falling in after `Copy d+2 d`)
//              PopHandled d
//              Reraise d+2
#include "vm/compiler/generator.hpp"

#include "vm/object/text/str.hpp"

namespace aspy::compiler {

using namespace ast;

// Binds `cleanup` (see above). `pair` is d.
void Generator::reraise_tail(Label cleanup, int pair, const BoundSet& bound) {
  start_handler(cleanup, bound, pair + 2);
  u->emit(Op::PopHandled, pair);
  u->emit(Op::Reraise, pair + 2);
  u->stop();
}

void Generator::try_statement(const Try* stmt) {
  if (!stmt->finalbody.empty()) try_finally(stmt);
  else if (stmt->is_star) try_star(stmt);
  else try_except(stmt);
}

void Generator::try_finally(const Try* stmt) {
  int depth = u->top;
  Label handler = u->new_label(), end = u->new_label(), cleanup = u->new_label();
  BoundSet before = u->bound;
  Block& block = push_block(BlockKind::FinallyBody, stmt->pos);
  block.try_statement = stmt;
  protect(block, handler, depth);
  if (stmt->handlers.empty()) body(stmt->body);
  else if (stmt->is_star) try_star(stmt);
  else try_except(stmt);
  pop_block();
  body(stmt->finalbody);
  u->jump(end);

  start_handler(handler, before, depth);
  u->top = depth + 2;
  u->touch(depth + 3);
  u->emit(Op::PushHandled, depth);
  Block& inner = push_block(BlockKind::FinallyHandler, stmt->pos);
  inner.temp = depth;
  protect(inner, cleanup, depth + 2);
  body(stmt->finalbody);
  u->emit(Op::Copy, depth + 2, depth);
  pop_block();
  u->jump(cleanup);
  reraise_tail(cleanup, depth, before);
  u->top = depth;
  u->bind(end);
}

void Generator::unbind_handler_name(Identifier name) {
  // The name is bound first, so that a handler which deleted it itself does no harm.
  int none = u->push();
  u->emit(Op::LoadNone, none);
  store_name(name, none);
  delete_name(name);
  --u->top;
}

void Generator::try_body(const Try* stmt, Label handler, Label end) {
  protect(push_block(BlockKind::TryBody, stmt->pos), handler, u->top);
  body(stmt->body);
  pop_block();
  body(stmt->orelse);
  u->jump(end);
}

void Generator::try_except(const Try* stmt) {
  int depth = u->top;
  Label handler = u->new_label(), end = u->new_label(), cleanup = u->new_label();
  BoundSet before = u->bound;
  try_body(stmt, handler, end);

  for (size_t i = 0; i + 1 < stmt->handlers.size(); ++i)
    if (!stmt->handlers[i]->type) fail(stmt->handlers[i]->pos, "default 'except:' must be last");
  start_handler(handler, before, depth);
  u->top = depth + 2;
  u->touch(depth + 3);
  u->pos = stmt->handlers[0]->pos;
  u->emit(Op::PushHandled, depth);
  Block& block = push_block(BlockKind::Handler, stmt->pos);
  block.temp = depth;
  protect(block, cleanup, depth + 2);
  bool catches_all = false;
  for (const ExceptHandler* clause : stmt->handlers) {
    Label next = u->new_label();
    at(clause);
    if (clause->type) {
      int type = operand(clause->type);
      at(clause);
      u->jump_w(Op::JumpUnlessMatch, depth, type, 0, next);
      u->top = depth + 2;
    } else {
      catches_all = true;
    }
    if (clause->name.empty()) {
      push_block(BlockKind::TryBody, clause->pos); // counts as one
      body(clause->body);
      pop_block();
    } else {
      int copy = u->push();
      at(clause);
      u->emit(Op::Copy, copy, depth);
      store_name(clause->name, copy);
      u->top = depth + 2;
      // The name goes away with the clause, however it is left.
      Label unbind = u->new_label();
      BoundSet bound = u->bound;
      Block& named = push_block(BlockKind::NamedHandler, clause->pos);
      named.name = clause->name;
      protect(named, unbind, depth + 2);
      body(clause->body);
      pop_block();
      at(clause);
      bool falls = u->reachable;
      if (falls) unbind_handler_name(clause->name);
      Label after = u->new_label();
      u->jump(after);
      start_handler(unbind, bound, depth + 2);
      unbind_handler_name(clause->name);
      u->jump(cleanup);
      u->bind(after);
      u->top = depth + 2;
    }
    at(clause);
    // Leaving the clause is not protected: the pair is gone after PopHandled.
    close_range(blocks_.back());
    u->emit(Op::PopHandled, depth);
    u->jump(end);
    blocks_.back().open = u->here();
    u->bind(next);
    u->top = depth + 2;
  }
  if (!catches_all) u->emit(Op::Copy, depth + 2, depth);
  pop_block();
  u->jump(cleanup);
  reraise_tail(cleanup, depth, before);
  u->top = depth;
  u->bind(end);
}

// except*: R[d], R[d+1] the handled pair; then the original exception, the list of what clauses raised or
// left over, and what has not been matched yet.
void Generator::try_star(const Try* stmt) {
  int depth = u->top;
  Label handler = u->new_label(), end = u->new_label(), cleanup = u->new_label();
  BoundSet before = u->bound;
  try_body(stmt, handler, end);
  start_handler(handler, before, depth);
  int original = depth + 2, results = depth + 3, rest = depth + 4, matched = depth + 5;
  u->touch(depth + 9);
  u->pos = stmt->handlers[0]->pos;
  u->emit(Op::PushHandled, depth);
  Block& block = push_block(BlockKind::Handler, stmt->pos);
  block.temp = depth;
  protect(block, cleanup, depth + 2);
  u->emit(Op::Copy, original, depth);
  u->emit(Op::BuildList, results, results, 0);
  u->emit(Op::Copy, rest, depth);
  for (const ExceptHandler* clause : stmt->handlers) {
    Label unmatched = u->new_label(), next = u->new_label(), raised = u->new_label();
    u->top = matched + 1;
    int type = temp(clause->type);
    at(clause);
    u->emit(Op::SplitGroup, rest, type);
    int test = matched + 1;
    u->emit(Op::Copy, test, matched);
    u->jump_if(Op::JumpIfNone, test, unmatched);
    u->top = matched + 2;
    u->emit(Op::PushHandled, matched);
    BoundSet bound = u->bound;
    Block& inner = push_block(BlockKind::StarHandler, clause->pos);
    inner.temp = matched;
    protect(inner, raised, matched + 2);
    if (!clause->name.empty()) {
      int copy = u->push();
      at(clause);
      u->emit(Op::Copy, copy, matched);
      store_name(clause->name, copy);
      --u->top;
    }
    body(clause->body);
    pop_block();
    at(clause);
    if (!clause->name.empty() && u->reachable) unbind_handler_name(clause->name);
    u->emit(Op::PopHandled, matched);
    u->jump(next);
    // What the clause raises is kept for the end.
    start_handler(raised, bound, matched + 2);
    at(clause);
    if (!clause->name.empty()) unbind_handler_name(clause->name);
    u->emit(Op::PopHandled, matched);
    u->emit(Op::ListAppend, results, matched + 2);
    u->jump(next);
    u->bind(unmatched);
    u->emit(Op::Clear, matched);
    u->bind(next);
  }
  u->emit(Op::ListAppend, results, rest);
  u->emit(Op::PrepareReraiseStar, original, original);
  u->emit(Op::Copy, original + 1, original);
  Label nothing = u->new_label();
  u->jump_if(Op::JumpIfNone, original + 1, nothing);
  pop_block();
  u->jump(cleanup);
  u->bind(nothing);
  u->emit(Op::Clear, original);
  u->emit(Op::PopHandled, depth);
  u->jump(end);
  reraise_tail(cleanup, depth, before);
  u->top = depth;
  u->bind(end);
}

// --- with ----------------------------------------------------------------------------------------

void Generator::with_statement(const With* stmt, size_t index) {
  if (index == stmt->items.size()) return body(stmt->body);
  bool async = stmt->kind == Kind::AsyncWith;
  const WithItem* item = stmt->items[index];
  ast::Position pos = item->context_expr->pos;
  int exit = temp(item->context_expr);
  int value = exit + 1;
  u->touch(value + 1);
  u->pos = pos;
  u->emit(async ? Op::AsyncWithEnter : Op::WithEnter, value, exit);
  if (async) u->emit(Op::Await, value, value);
  Label handler = u->new_label(), end = u->new_label(), cleanup = u->new_label(), suppressed = u->new_label();
  BoundSet before = u->bound;
  Block& block = push_block(async ? BlockKind::AsyncWith : BlockKind::With, pos);
  block.temp = exit;
  block.pos = pos;
  protect(block, handler, value);
  if (item->optional_vars) {
    u->top = value + 1;
    store(item->optional_vars, value);
  } else {
    u->emit(Op::Clear, value);
  }
  u->top = value;
  with_statement(stmt, index + 1);
  pop_block();
  u->pos = pos;
  u->emit(async ? Op::AsyncWithExit : Op::WithExit, exit, exit, 0);
  if (async) u->emit(Op::Await, exit, exit);
  u->emit(Op::Clear, exit);
  u->jump(end);

  // An exception: the exit method sees it and may swallow it.
  start_handler(handler, before, value);
  u->pos = pos;
  int pair = value, result = value + 2;
  u->touch(result + 1);
  u->emit(Op::PushHandled, pair);
  Block& inner = push_block(BlockKind::Handler, stmt->pos);
  inner.temp = pair;
  protect(inner, cleanup, result);
  u->emit(async ? Op::AsyncWithExit : Op::WithExit, result, exit, 1);
  if (async) u->emit(Op::Await, result, result);
  u->jump_if(Op::JumpIfTrue, result, suppressed);
  u->emit(Op::Copy, result, pair);
  pop_block();
  u->jump(cleanup);
  u->bind(suppressed);
  u->emit(Op::PopHandled, pair);
  u->jump(end);
  reraise_tail(cleanup, pair, before);
  u->top = exit;
  u->bind(end);
}

} // namespace aspy::compiler
