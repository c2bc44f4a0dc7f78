// Expressions other than calls, comparisons and strings.
#include "vm/compiler/generator.hpp"

#include "vm/object/text/str.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy::compiler {

using namespace ast;

namespace {

Op binary_opcode(Operator op) {
  switch (op) {
  case Operator::Add: return Op::Add;
  case Operator::Sub: return Op::Sub;
  case Operator::Mult: return Op::Mul;
  case Operator::MatMult: return Op::MatMul;
  case Operator::Div: return Op::TrueDiv;
  case Operator::Mod: return Op::Mod;
  case Operator::Pow: return Op::Pow;
  case Operator::LShift: return Op::LShift;
  case Operator::RShift: return Op::RShift;
  case Operator::BitOr: return Op::Or;
  case Operator::BitXor: return Op::Xor;
  case Operator::BitAnd: return Op::And;
  case Operator::FloorDiv: return Op::FloorDiv;
  }
  return Op::Add;
}

} // namespace

// Evaluates into the next temporary, which stays reserved.
int Generator::temp(const Expr* expr) {
  int dest = u->top;
  u->touch(dest + 1);
  into(expr, dest);
  return u->push();
}

// `more`: other code runs before the register is read, so a local that an expression may rebind has to be
// copied.
int Generator::operand(const Expr* expr, bool more) {
  if (auto* name = try_as<Name>(expr)) {
    Identifier full = mangled(name->id);
    Place where = place(full);
    if (where.kind == Place::Register && !(more && (where.variable->flags & SymWalrus))) {
      at(expr);
      load(where, full, where.index); // only checks that it is bound
      return where.index;
    }
  }
  return temp(expr);
}

void Generator::drop(int reg) {
  if (is_temp(reg)) u->emit(Op::Clear, reg);
}

void Generator::effect(const Expr* expr) {
  int saved = u->top;
  int reg = operand(expr);
  drop(reg);
  u->top = saved;
}

// The first temporary that belongs to the expressions being computed, not to the statements around them.
int Generator::movable_base() const {
  int base = u->statement_top;
  for (const Block& block : blocks_)
    if (block.handler != no_label) base = std::max(base, block.depth);
  return base;
}

// The temporaries of the expressions around make room while this one is computed. Those of the statements
// around stay where their handlers look for them.
bool Generator::into_spilled(const Expr* expr, int dest) {
  int base = movable_base(), out = u->top, count = out - base;
  if (count < crowded / 4) return false;
  u->spill(base, count);
  u->top = base;
  into(expr, base);
  u->touch(out + 1);
  u->emit(Op::Move, out, base);
  u->unspill(base, count);
  u->top = out;
  if (dest != out) u->emit(Op::Move, dest, out);
  return true;
}

void Generator::into(const Expr* expr, int dest) {
  if (too_deep(expr)) return;
  if (u->top > crowded && expr->kind != Kind::Constant && expr->kind != Kind::Name &&
      into_spilled(expr, dest))
    return;
  ++depth_;
  int saved = u->top;
  u->touch(dest + 1);
  switch (expr->kind) {
  case Kind::Constant:
    at(expr);
    u->load_constant(dest, constant(as<Constant>(expr)));
    break;
  case Kind::Name:
    at(expr);
    load_name(as<Name>(expr)->id, dest);
    break;
  case Kind::BinOp: binary(expr, dest); break;
  case Kind::UnaryOp: unary(as<UnaryOp>(expr), dest); break;
  case Kind::BoolOp: bool_op(as<BoolOp>(expr), dest); break;
  case Kind::Compare: compare(as<Compare>(expr), dest); break;
  case Kind::IfExp: if_expression(as<IfExp>(expr), dest); break;
  case Kind::NamedExpr: named(as<NamedExpr>(expr), dest); break;
  case Kind::Attribute:
  case Kind::Subscript:
  case Kind::Call: chain(expr, dest); break;
  case Kind::Lambda: lambda(as<Lambda>(expr), dest); break;
  case Kind::Tuple: sequence(expr, as<Tuple>(expr)->elts, dest); break;
  case Kind::ListExpr: sequence(expr, as<ListExpr>(expr)->elts, dest); break;
  case Kind::Set: set_display(as<Set>(expr), dest); break;
  case Kind::Dict: dict_display(as<Dict>(expr), dest); break;
  case Kind::Slice: slice(as<Slice>(expr), dest); break;
  case Kind::ListComp:
  case Kind::SetComp:
  case Kind::DictComp: comprehension(expr, dest); break;
  case Kind::GeneratorExp: generator_expression(as<GeneratorExp>(expr), dest); break;
  case Kind::JoinedStr: joined(as<JoinedStr>(expr), dest); break;
  case Kind::FormattedValue: formatted(as<FormattedValue>(expr), dest); break;
  case Kind::TemplateStr: template_string(as<TemplateStr>(expr), dest); break;
  case Kind::Await: {
    // Await keeps its operand in a temporary while it waits.
    int value = temp(as<Await>(expr)->value);
    at(expr);
    u->emit(Op::Await, dest, value);
    break;
  }
  case Kind::Yield: yield(as<Yield>(expr), dest); break;
  case Kind::YieldFrom: yield_from(as<YieldFrom>(expr), dest); break;
  case Kind::Starred: fail(expr->pos, "can't use starred expression here"); break;
  default: break;
  }
  u->top = saved;
  --depth_;
}

// Left-deep chains of operators may be thousands long, so the spine is walked with a loop.
void Generator::binary(const Expr* expr, int dest) {
  size_t base = links_.size();
  const Expr* bottom = expr;
  while (auto* op = try_as<BinOp>(bottom)) {
    links_.push_back(bottom);
    bottom = op->left;
  }
  // Constants at the left end are computed now.
  Value folded = fold(bottom);
  while (!folded.is_empty() && links_.size() > base) {
    auto* op = as<BinOp>(links_.back());
    Value right = fold(op->right);
    Value result = right.is_empty() ? Value() : fold_binary(op->op, folded, right);
    if (result.is_empty()) break;
    folded = result;
    bottom = op;
    links_.pop_back();
  }
  int saved = u->top;
  if (links_.size() == base) {
    at(expr);
    u->load_constant(dest, folded);
    return;
  }
  int left;
  if (!folded.is_empty()) {
    left = u->push();
    at(bottom);
    u->load_constant(left, folded);
  } else {
    left = operand(bottom, true);
  }
  while (links_.size() > base) {
    auto* op = as<BinOp>(links_.back());
    links_.pop_back();
    bool last = links_.size() == base;
    int out = last ? dest : saved;
    Value right = fold(op->right);
    bool small = right.is_int() && right.as_int() >= -128 && right.as_int() <= 127;
    if (small && (op->op == Operator::Add || op->op == Operator::Sub)) {
      at(op);
      u->emit(op->op == Operator::Add ? Op::AddInt : Op::SubInt, out, left, static_cast<int>(right.as_int()));
    } else {
      int reg;
      if (!right.is_empty()) {
        reg = u->push();
        at(op->right);
        u->load_constant(reg, right);
      } else {
        reg = operand(op->right);
      }
      at(op);
      u->emit(binary_opcode(op->op), out, left, reg);
    }
    left = out;
    u->top = last ? saved : saved + 1;
    u->touch(saved + 1);
  }
}

void Generator::unary(const UnaryOp* expr, int dest) {
  Value folded = fold(expr);
  if (!folded.is_empty()) {
    at(expr);
    return u->load_constant(dest, folded);
  }
  // `- - x` is written from the inside out.
  size_t base = links_.size();
  const Expr* inner = expr;
  for (; is<UnaryOp>(inner); inner = as<UnaryOp>(inner)->operand) {
    links_.push_back(inner);
    // A comparison has its own negated form.
    auto* op = as<UnaryOp>(inner);
    if (op->op == UnaryOperator::Not && is<Compare>(op->operand)) {
      auto* compare = as<Compare>(op->operand);
      CmpOperator test = compare->ops[0];
      if (compare->ops.size() == 1 && (test == CmpOperator::Is || test == CmpOperator::In ||
                                       test == CmpOperator::IsNot || test == CmpOperator::NotIn))
        break;
    }
  }
  int saved = u->top;
  int value;
  if (auto* negated = try_as<UnaryOp>(inner)) {
    links_.pop_back();
    auto* test = as<Compare>(negated->operand);
    check_compare(test);
    bool last = links_.size() == base;
    int left = operand(test->left, true);
    int right = operand(test->comparators[0]);
    at(negated->operand);
    Op op = Op::Is;
    switch (test->ops[0]) {
    case CmpOperator::Is: op = Op::IsNot; break;
    case CmpOperator::IsNot: op = Op::Is; break;
    case CmpOperator::In: op = Op::NotIn; break;
    default: op = Op::In; break;
    }
    value = last ? dest : saved;
    u->emit(op, value, left, right);
    u->top = last ? saved : saved + 1;
    u->touch(saved + 1);
  } else {
    value = operand(inner);
  }
  while (links_.size() > base) {
    auto* op = as<UnaryOp>(links_.back());
    links_.pop_back();
    bool last = links_.size() == base;
    int out = last ? dest : saved;
    at(op);
    Op code = Op::Not;
    if (op->op == UnaryOperator::USub) code = Op::Neg;
    if (op->op == UnaryOperator::UAdd) code = Op::Pos;
    if (op->op == UnaryOperator::Invert) code = Op::Invert;
    u->emit(code, out, value);
    value = out;
    u->touch(saved + 1);
  }
}

void Generator::bool_op(const BoolOp* expr, int dest) {
  // The value under test has to be a temporary: it survives the jump, or dies.
  int value = u->top;
  u->touch(value + 1);
  Label end = u->new_label();
  Op keep = expr->op == BoolOperator::And ? Op::JumpIfFalseKeep : Op::JumpIfTrueKeep;
  for (size_t i = 0; i < expr->values.size(); ++i) {
    into(expr->values[i], value);
    if (i + 1 == expr->values.size()) break;
    at(expr);
    u->jump_if(keep, value, end);
  }
  u->bind(end);
  if (dest != value) u->emit(Op::Move, dest, value);
}

void Generator::if_expression(const IfExp* expr, int dest) {
  Label end = u->new_label();
  for (;;) {
    Label other = u->new_label();
    condition(expr->test, other, false);
    into(expr->body, dest);
    u->jump(end);
    u->bind(other);
    if (!is<IfExp>(expr->orelse)) break;
    expr = as<IfExp>(expr->orelse);
  }
  into(expr->orelse, dest);
  u->bind(end);
}

void Generator::named(const NamedExpr* expr, int dest) {
  int direct = target_register(expr->target);
  if (direct != no_register) {
    into(expr->value, direct);
    mark_bound(direct);
    at(expr);
    if (dest != direct) u->emit(Op::Move, dest, direct);
    return;
  }
  int value = temp(expr->value);
  int copy = u->push();
  at(expr);
  u->emit(Op::Copy, copy, value);
  store(expr->target, copy);
  if (dest != value) u->emit(Op::Move, dest, value);
}

// --- displays ------------------------------------------------------------------------------------

namespace {
bool has_starred(List<Expr> elts) {
  for (const Expr* elt : elts)
    if (is<Starred>(elt)) return true;
  return false;
}
} // namespace

// Appends elts[first..] to the list in `list`. What goes wrong is told of the whole, at `pos`.
void Generator::list_items(List<Expr> elts, int list, size_t first, const ast::Position& pos) {
  for (size_t i = first; i < elts.size(); ++i) {
    int saved = u->top;
    auto* star = try_as<Starred>(elts[i]);
    int item = operand(star ? star->value : elts[i]);
    u->pos = pos;
    u->emit(star ? Op::ListExtend : Op::ListAppend, list, item);
    u->top = saved;
  }
}

void Generator::sequence(const Expr* expr, List<Expr> elts, int dest) {
  bool tuple = expr->kind == Kind::Tuple;
  Value folded = fold_tuple(elts);
  if (tuple && !folded.is_empty()) {
    at(expr);
    return u->load_constant(dest, folded);
  }
  int first = u->top;
  if (!folded.is_empty() && elts.size() >= 3) {
    // [1, 2, 3]: an empty list extended by a constant.
    int list = u->push(), items = u->push();
    at(expr);
    u->emit(Op::BuildList, list, first, 0);
    u->load_constant(items, folded);
    u->emit(Op::ListExtend, list, items);
    if (dest != list) u->emit(Op::Move, dest, list);
    return;
  }
  bool spread = has_starred(elts);
  if (!spread && elts.size() <= display_chunk) {
    for (const Expr* elt : elts) temp(elt);
    at(expr);
    u->touch(first + 1);
    u->emit(tuple ? Op::BuildTuple : Op::BuildList, dest, first, static_cast<int>(elts.size()));
    return;
  }
  size_t plain = 0;
  while (plain < elts.size() && plain < display_chunk && !is<Starred>(elts[plain])) temp(elts[plain++]);
  at(expr);
  u->touch(first + 1);
  u->emit(Op::BuildList, first, first, static_cast<int>(plain));
  u->top = first + 1;
  list_items(elts, first, plain, expr->pos);
  at(expr);
  if (tuple) u->emit(Op::ListToTuple, dest, first);
  else if (dest != first) u->emit(Op::Move, dest, first);
}

void Generator::set_display(const Set* expr, int dest) {
  int first = u->top;
  Value folded = expr->elts.size() >= 3 ? membership_constant(expr) : Value();
  if (!folded.is_empty()) {
    // {1, 2, 3}: an empty set updated by a constant, which can give another order than adding one by one.
    int set = u->push(), items = u->push();
    at(expr);
    u->emit(Op::BuildSet, set, first, 0);
    u->load_constant(items, folded);
    u->emit(Op::SetUpdate, set, items);
    if (dest != set) u->emit(Op::Move, dest, set);
    return;
  }
  size_t plain = 0;
  while (plain < expr->elts.size() && plain < display_chunk && !is<Starred>(expr->elts[plain]))
    temp(expr->elts[plain++]);
  at(expr);
  u->touch(first + 1);
  int set = plain == expr->elts.size() ? dest : first;
  u->emit(Op::BuildSet, set, first, static_cast<int>(plain));
  if (set == dest && plain == expr->elts.size()) return;
  u->top = first + 1;
  for (size_t i = plain; i < expr->elts.size(); ++i) {
    int saved = u->top;
    auto* star = try_as<Starred>(expr->elts[i]);
    int item = operand(star ? star->value : expr->elts[i]);
    at(expr);
    u->emit(star ? Op::SetUpdate : Op::SetAdd, set, item);
    u->top = saved;
  }
  if (dest != set) u->emit(Op::Move, dest, set);
}

void Generator::dict_display(const Dict* expr, int dest) {
  int first = u->top;
  size_t plain = 0, count = expr->values.size();
  while (plain < count && plain < display_chunk / 2 && expr->keys[plain]) {
    temp(expr->keys[plain]);
    temp(expr->values[plain++]);
  }
  at(expr);
  u->touch(first + 1);
  int dict = plain == count ? dest : first;
  u->emit(Op::BuildDict, dict, first, static_cast<int>(plain));
  if (plain == count) return;
  u->top = first + 1;
  for (size_t i = plain; i < count; ++i) {
    int saved = u->top;
    if (expr->keys[i]) {
      int key = operand(expr->keys[i], true);
      int value = operand(expr->values[i]);
      at(expr);
      u->emit(Op::DictSet, dict, key, value);
    } else {
      int mapping = operand(expr->values[i]);
      at(expr);
      u->emit(Op::DictUpdate, dict, mapping);
    }
    u->top = saved;
  }
  if (dest != dict) u->emit(Op::Move, dest, dict);
}

void Generator::slice(const Slice* expr, int dest) {
  Value folded = fold(expr);
  at(expr);
  if (!folded.is_empty()) return u->load_constant(dest, folded);
  int first = u->top;
  auto part = [&](const Expr* value) {
    if (value) {
      temp(value);
    } else {
      int reg = u->push();
      at(expr);
      u->emit(Op::LoadNone, reg);
    }
  };
  part(expr->lower);
  part(expr->upper);
  if (expr->step) part(expr->step);
  at(expr);
  u->emit(Op::BuildSlice, dest, first, expr->step ? 3 : 2);
}

// --- generators ----------------------------------------------------------------------------------

void Generator::yield(const Yield* expr, int dest) {
  if (!scope_->is_function_like()) return fail(expr->pos, "'yield' outside function");
  int value;
  if (expr->value) {
    value = operand(expr->value);
  } else {
    value = u->push();
    at(expr);
    u->emit(Op::LoadNone, value);
  }
  at(expr);
  u->emit(Op::Yield, dest, value, scope_->is_coroutine ? outermost_pair() + 1 : 0);
}

int Generator::outermost_pair() const {
  for (const Block& block : blocks_)
    if (block.kind == BlockKind::Handler || block.kind == BlockKind::FinallyHandler) return block.temp;
  return -1;
}

void Generator::yield_from(const YieldFrom* expr, int dest) {
  if (!scope_->is_function_like()) return fail(expr->pos, "'yield from' outside function");
  if (scope_->is_coroutine) return fail(expr->pos, "'yield from' inside async function");
  int value = temp(expr->value);
  at(expr);
  u->emit(Op::YieldFrom, dest, value);
}

// --- attribute, subscript and call chains --------------------------------------------------------

// a.b(c)[d].e ... from the inside out with a loop. Each link finds its input where the one before was told to
// put it: a method's receiver one above the next free temporary, since the callable's room comes before it.
void Generator::chain(const Expr* expr, int dest) {
  size_t base = links_.size();
  const Expr* bottom = expr;
  for (;;) {
    if (auto* attribute = try_as<Attribute>(bottom)) {
      if (is_super_call(attribute)) break;
      links_.push_back(bottom);
      bottom = attribute->value;
    } else if (auto* item = try_as<Subscript>(bottom)) {
      check_subscript(item);
      links_.push_back(bottom);
      bottom = item->value;
    } else if (auto* call = try_as<Call>(bottom)) {
      links_.push_back(bottom);
      bottom = call->func;
    } else {
      break;
    }
  }
  int saved = u->top;
  auto next_is_method = [&] {
    size_t n = links_.size();
    if (n < base + 2 || !is<Attribute>(links_[n - 1]) || !is<Call>(links_[n - 2])) return false;
    return is_plain_call(as<Call>(links_[n - 2]));
  };
  // Where the value that the next link takes has to be.
  auto input = [&] { return next_is_method() ? saved + 1 : saved; };

  int value = input();
  if (links_.size() == base) {
    // Only super().name is left.
    super_attribute(as<Attribute>(bottom), dest);
    return;
  }
  if (auto* super = try_as<Attribute>(bottom)) {
    u->top = value;
    super_attribute(super, value);
    u->top = value + 1;
  } else if (is<Call>(links_.back()) || next_is_method()) {
    if (is<Call>(links_.back())) check_callable(bottom);
    u->top = value;
    u->touch(value + 1);
    into(bottom, value);
    u->top = value + 1;
  } else {
    value = operand(bottom, is<Subscript>(links_.back()));
  }

  while (links_.size() > base) {
    const Expr* link = links_.back();
    if (next_is_method()) {
      auto* method = as<Attribute>(link);
      auto* call = as<Call>(links_[links_.size() - 2]);
      links_.resize(links_.size() - 2);
      int out = links_.size() == base ? dest : input();
      arguments(call, saved, saved + 2, out, method);
      value = out;
    } else {
      links_.pop_back();
      int out = links_.size() == base ? dest : input();
      switch (link->kind) {
      case Kind::Attribute:
        u->pos = attribute_position(link->pos, as<Attribute>(link));
        u->emit_w(Op::LoadAttr, out, value, 0, name_constant(mangled(as<Attribute>(link)->attr)));
        break;
      case Kind::Subscript: {
        const Expr* key = as<Subscript>(link)->slice;
        Value number = is<Constant>(key) || is<UnaryOp>(key) ? fold(key) : Value();
        if (number.is_int() && number.as_int() >= -128 && number.as_int() <= 127) {
          at(link);
          u->emit(Op::LoadItemInt, out, value, static_cast<int>(number.as_int()));
          break;
        }
        int index = operand(key);
        at(link);
        u->emit(Op::LoadItem, out, value, index);
        break;
      }
      default: arguments(as<Call>(link), saved, saved + 1, out, nullptr); break;
      }
      value = out;
    }
    u->top = is_temp(value) && links_.size() > base ? value + 1 : saved;
    u->touch(value + 1);
  }
}

} // namespace aspy::compiler
