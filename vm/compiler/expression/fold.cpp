// Constants and constant expressions.
#include "vm/compiler/generator.hpp"

#include "vm/object/hash/set.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace aspy::compiler {

using namespace ast;

Value Generator::constant(const Constant* expr) {
  switch (expr->type) {
  case ConstantKind::None: return None;
  case ConstantKind::True: return True;
  case ConstantKind::False: return False;
  case ConstantKind::Ellipsis: return Ellipsis;
  case ConstantKind::Int: {
    uint32_t limit = int_max_str_digits();
    if (limit && expr->base == 10 && expr->text.size() > limit && !issue) {
      fail(expr->pos,
           fmt::format("Exceeds the limit ({} digits) for integer string conversion: value has {} digits; "
                       "use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for "
                       "huge integer literals to avoid decimal conversion limits.",
                       limit, expr->text.size()));
      issue->col = issue->end_col = 0;
      issue->always_quoted = issue->text_bare = true;
    }
    return pool_.integer(expr->text, expr->base);
  }
  case ConstantKind::Float: return pool_.number(expr->number);
  case ConstantKind::Imaginary: return pool_.imaginary(expr->number);
  case ConstantKind::Str: return pool_.text(expr->text);
  case ConstantKind::Bytes: return pool_.bytes(expr->text);
  }
  return None;
}

Value Generator::fold(const Expr* expr) {
  switch (expr->kind) {
  case Kind::Constant: return constant(as<Constant>(expr));
  case Kind::UnaryOp: {
    auto* op = as<UnaryOp>(expr);
    if (op->op == UnaryOperator::Not) return Value();
    if (!is<Constant>(op->operand) && !is<UnaryOp>(op->operand) && !is<BinOp>(op->operand)) return Value();
    if (depth_ > max_nesting / 2) return Value();
    ++depth_;
    Value value = fold(op->operand);
    --depth_;
    if (value.is_empty()) return value;
    if (value.is_double()) {
      if (op->op == UnaryOperator::USub) return Value::from_double(-value.as_double());
      return op->op == UnaryOperator::UAdd ? value : Value();
    }
    if (value.is_int()) {
      int64_t number = value.as_int();
      if (op->op == UnaryOperator::USub) number = -number;
      if (op->op == UnaryOperator::Invert) number = ~number;
      return Value::fits_int(number) ? Value::from_int(number) : Value();
    }
    bool big = value.is_object() && value.as_object()->type == &int_type;
    if (!big &&
        !(value.is_object() && value.as_object()->type != &int_type && is<Constant>(op->operand) &&
          as<Constant>(op->operand)->type == ConstantKind::Imaginary && op->op == UnaryOperator::USub))
      return Value();
    Ref result = op->op == UnaryOperator::USub   ? negative(thread_, value)
                 : op->op == UnaryOperator::UAdd ? share(value)
                                                 : invert(thread_, value);
    if (!result) {
      clear_error(thread_);
      return Value();
    }
    return pool_.keep(std::move(result));
  }
  case Kind::BinOp: {
    auto* op = as<BinOp>(expr);
    // Only short trees: a long chain is folded link by link by its own walk.
    if (!(is<Constant>(op->right) || is<UnaryOp>(op->right)) || depth_ > max_nesting / 2) return Value();
    if (!(is<Constant>(op->left) || is<UnaryOp>(op->left))) return Value();
    ++depth_;
    Value left = fold(op->left);
    Value right = left.is_empty() ? Value() : fold(op->right);
    --depth_;
    if (left.is_empty() || right.is_empty()) return Value();
    return fold_binary(op->op, left, right);
  }
  case Kind::Tuple: return fold_tuple(as<Tuple>(expr)->elts);
  case Kind::Slice: {
    auto* slice = as<Slice>(expr);
    Value parts[3] = {None, None, None};
    const Expr* exprs[3] = {slice->lower, slice->upper, slice->step};
    for (int i = 0; i < 3; ++i) {
      if (!exprs[i]) continue;
      if (!is<Constant>(exprs[i]) && !is<UnaryOp>(exprs[i])) return Value();
      parts[i] = fold(exprs[i]);
      if (parts[i].is_empty()) return parts[i];
    }
    return pool_.keep(make_slice(parts[0], parts[1], parts[2]));
  }
  default: return Value();
  }
}

Value Generator::fold_tuple(List<Expr> elts) {
  // A quick look first: displays are seldom constant, and folding inner ones is in vain then.
  for (const Expr* elt : elts)
    if (elt->kind != Kind::Constant && elt->kind != Kind::Tuple && elt->kind != Kind::UnaryOp &&
        elt->kind != Kind::BinOp)
      return Value();
  if (depth_ > max_nesting / 2) return Value();
  std::vector<Value> items;
  items.reserve(elts.size());
  ++depth_;
  for (const Expr* elt : elts) {
    Value item = fold(elt);
    if (item.is_empty()) break;
    items.push_back(item);
  }
  --depth_;
  if (items.size() != elts.size()) return Value();
  return pool_.tuple(items);
}

// Only while the result stays small: what would fail or be large is left to run time.
Value Generator::fold_binary(Operator op, Value left, Value right) {
  if (left.is_double() || right.is_double()) {
    if (!(left.is_double() || left.is_int()) || !(right.is_double() || right.is_int())) return Value();
    double a = left.is_double() ? left.as_double() : static_cast<double>(left.as_int());
    double b = right.is_double() ? right.as_double() : static_cast<double>(right.as_int());
    switch (op) {
    case Operator::Add: return Value::from_double(a + b);
    case Operator::Sub: return Value::from_double(a - b);
    case Operator::Mult: return Value::from_double(a * b);
    case Operator::Div: return b != 0 ? Value::from_double(a / b) : Value();
    default: return Value();
    }
  }
  // Text, up to a page.
  if (is_exact(left, str_type)) {
    size_t size = cast<Str>(left)->size, room = 4096;
    Ref text;
    if (op == Operator::Add && is_exact(right, str_type) && size + cast<Str>(right)->size <= room)
      text = binary_op(thread_, BinaryOp::Add, left, right);
    if (op == Operator::Mult && right.is_int() && size > 0 && right.as_int() <= int64_t(room / size))
      text = binary_op(thread_, BinaryOp::Mul, left, right);
    return text ? pool_.keep(std::move(text)) : Value();
  }
  auto is_integer = [](Value value) { return value.is_int() || is_exact(value, int_type); };
  if (!is_integer(left) || !is_integer(right)) return Value();
  BinaryOp code;
  int64_t count = right.is_int() ? right.as_int() : std::numeric_limits<int64_t>::max();
  switch (op) {
  case Operator::Add: code = BinaryOp::Add; break;
  case Operator::Sub: code = BinaryOp::Sub; break;
  case Operator::Mult: code = BinaryOp::Mul; break;
  case Operator::Div:
    if (!left.is_int() || !right.is_int() || count == 0) return Value();
    return Value::from_double(static_cast<double>(left.as_int()) / static_cast<double>(count));
  case Operator::FloorDiv: code = BinaryOp::FloorDiv; break;
  case Operator::Mod: code = BinaryOp::Mod; break;
  case Operator::BitAnd: code = BinaryOp::And; break;
  case Operator::BitOr: code = BinaryOp::Or; break;
  case Operator::BitXor: code = BinaryOp::Xor; break;
  case Operator::LShift:
    if (count < 0 || count > 128) return Value();
    code = BinaryOp::LShift;
    break;
  case Operator::RShift:
    if (count < 0) return Value();
    code = BinaryOp::RShift;
    break;
  case Operator::Pow: {
    if (count < 0 || !left.is_int()) return Value();
    double bits = std::log2(std::fabs(static_cast<double>(left.as_int())) + 1) * static_cast<double>(count);
    if (bits > 128) return Value();
    code = BinaryOp::Pow;
    break;
  }
  default: return Value();
  }
  if ((op == Operator::FloorDiv || op == Operator::Mod) && count == 0) return Value();
  Ref result = int_binary(thread_, code, left, right);
  if (!result) {
    clear_error(thread_);
    return Value();
  }
  return result.get().is_object() ? pool_.keep(std::move(result)) : result.get();
}

Value Generator::membership_constant(const Expr* expr) {
  if (auto* list = try_as<ListExpr>(expr)) return list->elts.empty() ? Value() : fold_tuple(list->elts);
  auto* set = try_as<Set>(expr);
  if (!set) return Value();
  Value items = fold_tuple(set->elts);
  if (items.is_empty()) return items;
  Own<aspy::Set> made = set_from_iterable(thread_, items, true);
  if (!made) {
    clear_error(thread_);
    return Value();
  }
  return pool_.keep(std::move(made));
}

} // namespace aspy::compiler
