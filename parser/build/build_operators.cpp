#include "parser/build/actions.hpp"

namespace aspy {

using namespace ast;
namespace g = grammar;
using grammar::T;

// A flat run of operands and operators is folded by precedence with an explicit stack, so that its length
// does not matter: neither a hundred thousand signs nor as many terms use more machine stack than one.

namespace {

struct Precedence {
  int left;  // binds to its left operand if what is there binds less
  int right; // what follows must bind more than this
};

// Higher binds tighter. A sign binds less than a `**` to its right's left operand: -x**y is -(x**y).
constexpr int sign_strength = 60;

Precedence precedence_of(Token op) {
  switch (op) {
  case T::Bar: return {10, 11};
  case T::Caret: return {20, 21};
  case T::Amper: return {30, 31};
  case T::LeftShift:
  case T::RightShift: return {40, 41};
  case T::Plus:
  case T::Minus: return {50, 51};
  case T::Star:
  case T::Slash:
  case T::DoubleSlash:
  case T::Percent:
  case T::At: return {55, 56};
  default: return {70, 60}; // ** binds to the right, and lets a sign stand on its right
  }
}

Operator operator_of(Token op) {
  switch (op) {
  case T::Bar: return Operator::BitOr;
  case T::Caret: return Operator::BitXor;
  case T::Amper: return Operator::BitAnd;
  case T::LeftShift: return Operator::LShift;
  case T::RightShift: return Operator::RShift;
  case T::Plus: return Operator::Add;
  case T::Minus: return Operator::Sub;
  case T::Star: return Operator::Mult;
  case T::Slash: return Operator::Div;
  case T::DoubleSlash: return Operator::FloorDiv;
  case T::Percent: return Operator::Mod;
  case T::At: return Operator::MatMult;
  default: return Operator::Pow;
  }
}

Expr* expr_of(const Item& item) { return static_cast<Expr*>(item.node); }

/// An operator that waits for its right operand.
struct Pending {
  std::uint32_t token;
  int strength; // what a following operator must exceed to take the operand first
  bool prefix;
};

Item make_unary(Builder& b, std::uint32_t token, UnaryOperator op, const Item& operand) {
  auto* node = b.make<UnaryOp>(b.pos(token, operand.last));
  node->op = op;
  node->operand = expr_of(operand);
  return {node, token, operand.last};
}

void apply(Builder& b, std::vector<Item>& operands, const Pending& pending) {
  Item right = operands.back();
  operands.pop_back();
  if (pending.prefix) {
    Token sign = b.kind(pending.token);
    auto op = sign == T::Minus  ? UnaryOperator::USub
              : sign == T::Plus ? UnaryOperator::UAdd
                                : UnaryOperator::Invert;
    operands.push_back(make_unary(b, pending.token, op, right));
    return;
  }
  Item left = operands.back();
  auto* node = b.make<BinOp>(b.pos(left.first, right.last));
  node->left = expr_of(left);
  node->op = operator_of(b.kind(pending.token));
  node->right = expr_of(right);
  operands.back() = {node, left.first, right.last};
}

} // namespace

bool action<g::bitwise_or>::build(const Matched& f) {
  if (f.size() == 1) return true;
  auto& b = f.b;
  std::vector<Item> operands;
  std::vector<Pending> pending;
  bool expect_operand = true;
  std::size_t levels = 0; // that the pending operators take: a sign one, a `**` two
  auto levels_of = [&](const Pending& op) {
    return std::size_t{op.prefix} + (b.kind(op.token) == T::DoubleStar ? 2 : 0);
  };
  auto push = [&](const Pending& op) {
    pending.push_back(op);
    b.check_levels(levels += levels_of(op));
  };
  for (std::size_t i = 0; i < f.size(); ++i) {
    const Item item = f[i];
    if (item.node != nullptr) {
      operands.push_back(item);
      expect_operand = false;
    } else if (expect_operand) {
      push({item.first, sign_strength, true});
    } else {
      const Precedence op = precedence_of(b.kind(item.first));
      while (!pending.empty() && pending.back().strength >= op.left) {
        apply(b, operands, pending.back());
        levels -= levels_of(pending.back());
        pending.pop_back();
      }
      // A sign after ** belongs to its operand whatever its strength, hence `right` below the sign's own.
      push({item.first, op.right - (op.left > op.right ? 0 : 1), false});
      expect_operand = true;
    }
  }
  for (; !pending.empty(); pending.pop_back()) apply(b, operands, pending.back());
  return f.reduce(operands.back().node);
}

namespace {

CmpOperator comparison_of(const Matched& f, const Item& op) {
  switch (f.b.kind(op.first)) {
  case T::Less: return CmpOperator::Lt;
  case T::Greater: return CmpOperator::Gt;
  case T::EqualEqual: return CmpOperator::Eq;
  case T::NotEqual: return CmpOperator::NotEq;
  case T::LessEqual: return CmpOperator::LtE;
  case T::GreaterEqual: return CmpOperator::GtE;
  case T::In: return CmpOperator::In;
  case T::Not: return CmpOperator::NotIn;
  default: return op.last - op.first == 2 ? CmpOperator::IsNot : CmpOperator::Is;
  }
}

/// Reads the items of one disjunction from left to right.
struct LogicReader {
  const Matched& f;
  std::size_t at = 0;

  bool at_token(Token kind) const {
    return at < f.size() && f[at].node == nullptr && f.b.kind(f[at].first) == kind &&
           f[at].last - f[at].first == 1;
  }

  /// `not* operand (op operand)*`
  Item inversion() {
    std::size_t first_not = at;
    while (at_token(T::Not)) ++at;
    std::size_t after_nots = at;
    f.b.check_levels(after_nots - first_not);
    Item result = comparison();
    for (std::size_t i = after_nots; i > first_not; --i) {
      result = make_unary(f.b, f[i - 1].first, UnaryOperator::Not, result);
    }
    return result;
  }

  Item comparison() {
    Item left = f[at++];
    std::vector<CmpOperator> ops;
    std::vector<Expr*> comparators;
    std::uint32_t last = left.last;
    while (at < f.size() && f[at].node == nullptr && !at_token(T::And) && !at_token(T::Or)) {
      ops.push_back(comparison_of(f, f[at]));
      comparators.push_back(expr_of(f[at + 1]));
      last = f[at + 1].last;
      at += 2;
    }
    if (ops.empty()) return left;
    auto* node = f.b.make<Compare>(f.b.pos(left.first, last));
    node->left = expr_of(left);
    node->ops = f.b.tree.arena.copy(ops.data(), ops.size());
    node->comparators = f.b.list(comparators);
    return {node, left.first, last};
  }

  Item conjunction() {
    return chain(T::And, BoolOperator::And, [this] { return inversion(); });
  }
  Item disjunction() {
    return chain(T::Or, BoolOperator::Or, [this] { return conjunction(); });
  }

  template <class Part> Item chain(Token word, BoolOperator op, Part part) {
    Item first = part();
    if (!at_token(word)) return first;
    std::vector<Expr*> values{expr_of(first)};
    std::uint32_t last = first.last;
    while (at_token(word)) {
      ++at;
      Item next = part();
      values.push_back(expr_of(next));
      last = next.last;
    }
    auto* node = f.b.make<BoolOp>(f.b.pos(first.first, last));
    node->op = op;
    node->values = f.b.list(values);
    return {node, first.first, last};
  }
};

} // namespace

bool action<g::disjunction>::build(const Matched& f) {
  if (f.size() == 1) return true;
  Item result = LogicReader{f}.disjunction();
  return f.reduce(result.node);
}

} // namespace aspy
