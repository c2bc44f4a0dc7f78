// Truth and comparison: conditions become jumps without a value in between.
#include "vm/compiler/generator.hpp"

#include "vm/object/bytes/bytes.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy::compiler {

using namespace ast;

namespace {

Op compare_opcode(CmpOperator op) {
  switch (op) {
  case CmpOperator::Eq: return Op::Eq;
  case CmpOperator::NotEq: return Op::Ne;
  case CmpOperator::Lt: return Op::Lt;
  case CmpOperator::LtE: return Op::Le;
  case CmpOperator::Gt: return Op::Gt;
  case CmpOperator::GtE: return Op::Ge;
  case CmpOperator::Is: return Op::Is;
  case CmpOperator::IsNot: return Op::IsNot;
  case CmpOperator::In: return Op::In;
  case CmpOperator::NotIn: return Op::NotIn;
  }
  return Op::Eq;
}

// The jumping form; `negated` when it tests the opposite.
Op jump_opcode(CmpOperator op, bool& negated) {
  negated = op == CmpOperator::IsNot || op == CmpOperator::NotIn;
  switch (op) {
  case CmpOperator::Eq: return Op::JumpEq;
  case CmpOperator::NotEq: return Op::JumpNe;
  case CmpOperator::Lt: return Op::JumpLt;
  case CmpOperator::LtE: return Op::JumpLe;
  case CmpOperator::Gt: return Op::JumpGt;
  case CmpOperator::GtE: return Op::JumpGe;
  case CmpOperator::Is:
  case CmpOperator::IsNot: return Op::JumpIs;
  default: return Op::JumpIn;
  }
}

// The form that compares with a small number in the instruction; Nop when there is none.
Op small_jump_opcode(CmpOperator op) {
  switch (op) {
  case CmpOperator::Eq: return Op::JumpEqInt;
  case CmpOperator::NotEq: return Op::JumpNeInt;
  case CmpOperator::Lt: return Op::JumpLtInt;
  case CmpOperator::LtE: return Op::JumpLeInt;
  case CmpOperator::Gt: return Op::JumpGtInt;
  case CmpOperator::GtE: return Op::JumpGeInt;
  default: return Op::Nop;
  }
}

bool is_none(const Expr* expr) {
  auto* constant = try_as<Constant>(expr);
  return constant && constant->type == ConstantKind::None;
}

} // namespace

int Generator::literal_truth(const Expr* expr) {
  if (auto* name = try_as<Name>(expr)) return name->id == "__debug__" ? 1 : -1;
  auto* constant = try_as<Constant>(expr);
  if (!constant) return -1;
  switch (constant->type) {
  case ConstantKind::None:
  case ConstantKind::False: return 0;
  case ConstantKind::True:
  case ConstantKind::Ellipsis: return 1;
  case ConstantKind::Int: return constant->text.find_first_not_of('0') == std::string_view::npos ? 0 : 1;
  case ConstantKind::Float:
  case ConstantKind::Imaginary: return constant->number != 0;
  default: return constant->text.empty() ? 0 : 1;
  }
}

// Jumps to `target` when the truth of `expr` is `when`, else goes on.
void Generator::condition(const Expr* expr, Label target, bool when) {
  if (too_deep(expr)) return;
  ++depth_;
  int saved = u->top;
  while (auto* op = try_as<UnaryOp>(expr)) {
    if (op->op != UnaryOperator::Not) break;
    expr = op->operand;
    when = !when;
  }
  if (int truth = literal_truth(expr); truth >= 0) {
    at(expr);
    if ((truth == 1) == when) u->jump(target);
  } else if (auto* op = try_as<BoolOp>(expr)) {
    // `and` jumps on the first false one, `or` on the first true one.
    bool short_value = op->op == BoolOperator::Or;
    if (short_value == when) {
      for (const Expr* value : op->values) condition(value, target, when);
    } else {
      Label skip = u->new_label();
      for (size_t i = 0; i + 1 < op->values.size(); ++i) condition(op->values[i], skip, short_value);
      condition(op->values.back(), target, when);
      u->bind(skip);
    }
  } else if (auto* choice = try_as<IfExp>(expr)) {
    Label other = u->new_label(), end = u->new_label();
    condition(choice->test, other, false);
    condition(choice->body, target, when);
    u->jump(end);
    u->bind(other);
    condition(choice->orelse, target, when);
    u->bind(end);
  } else if (auto* test = try_as<Compare>(expr)) {
    check_compare(test);
    if (test->ops.size() > 1) {
      compare_chain(test, no_register, target, when);
    } else {
      CmpOperator kind = test->ops[0];
      Op small = small_jump_opcode(kind);
      Value number = small == Op::Nop ? Value() : fold(test->comparators[0]);
      bool identity = kind == CmpOperator::Is || kind == CmpOperator::IsNot;
      if (identity && is_none(test->comparators[0])) {
        int value = operand(test->left);
        at(expr);
        u->jump_if((kind == CmpOperator::Is) == when ? Op::JumpIfNone : Op::JumpIfNotNone, value, target);
      } else if (number.is_int() && number.as_int() >= -128 && number.as_int() <= 127) {
        int value = operand(test->left);
        at(expr);
        u->jump_compare(small, value, static_cast<int>(number.as_int()), when, target);
      } else {
        int left = operand(test->left, true);
        int right;
        Value members = kind == CmpOperator::In || kind == CmpOperator::NotIn
                            ? membership_constant(test->comparators[0])
                            : Value();
        if (!members.is_empty()) {
          right = u->push();
          at(test->comparators[0]);
          u->load_constant(right, members);
        } else {
          right = operand(test->comparators[0]);
        }
        at(expr);
        bool negated;
        Op jump = jump_opcode(kind, negated);
        u->jump_compare(jump, left, right, when != negated, target);
      }
    }
  } else {
    int value = operand(expr);
    at(expr);
    u->jump_if(when ? Op::JumpIfTrue : Op::JumpIfFalse, value, target);
  }
  u->top = saved;
  --depth_;
}

void Generator::compare(const Compare* expr, int dest) {
  check_compare(expr);
  if (expr->ops.size() > 1) return compare_chain(expr, dest, no_label, false);
  int left = operand(expr->left, true);
  int right;
  CmpOperator kind = expr->ops[0];
  Value members = kind == CmpOperator::In || kind == CmpOperator::NotIn
                      ? membership_constant(expr->comparators[0])
                      : Value();
  if (!members.is_empty()) {
    right = u->push();
    at(expr->comparators[0]);
    u->load_constant(right, members);
  } else {
    right = operand(expr->comparators[0]);
  }
  at(expr);
  u->emit(compare_opcode(kind), dest, left, right);
}

// a < b < c: `left` holds the left operand of each step, `right` the right one, of which a copy is compared.
// With a target it is a condition, else the value goes to dest.
void Generator::compare_chain(const Compare* expr, int dest, Label target, bool when) {
  bool jumping = target != no_label;
  int saved = u->top;
  int result = jumping ? no_register : u->push();
  int left = u->push();
  int right = u->push();
  Label failed = u->new_label(), end = u->new_label();
  u->top = left;
  into(expr->left, left);
  for (size_t i = 0; i < expr->ops.size(); ++i) {
    u->top = right;
    into(expr->comparators[i], right);
    u->top = right + 1;
    bool last = i + 1 == expr->ops.size();
    int tested = right;
    at(expr);
    if (!last) {
      tested = u->push();
      u->emit(Op::Copy, tested, right);
    }
    if (jumping) {
      bool negated;
      Op jump = jump_opcode(expr->ops[i], negated);
      if (last) u->jump_compare(jump, left, tested, when != negated, target);
      else u->jump_compare(jump, left, tested, negated, failed);
    } else {
      u->emit(compare_opcode(expr->ops[i]), result, left, tested);
      if (!last) u->jump_if(Op::JumpIfFalseKeep, result, failed);
    }
    if (!last) u->emit(Op::Move, left, right);
  }
  u->jump(end);
  u->bind(failed);
  at(expr);
  u->emit(Op::Clear, right);
  if (jumping && !when) u->jump(target);
  u->bind(end);
  u->top = saved;
  if (!jumping && dest != result) u->emit(Op::Move, dest, result);
}

// --- what CPython warns of -----------------------------------------------------------------------

namespace {

// The type name of a literal that identity tests make no sense for.
const char* literal_type(const Expr* expr) {
  if (is<Tuple>(expr)) {
    for (const Expr* elt : as<Tuple>(expr)->elts)
      if (!is<Constant>(elt)) return nullptr;
    return "tuple";
  }
  auto* constant = try_as<Constant>(expr);
  if (!constant) return nullptr;
  switch (constant->type) {
  case ConstantKind::Int: return "int";
  case ConstantKind::Float: return "float";
  case ConstantKind::Imaginary: return "complex";
  case ConstantKind::Str: return "str";
  case ConstantKind::Bytes: return "bytes";
  default: return nullptr;
  }
}

// The type name of an expression whose value is of a known type.
const char* known_type(const Expr* expr) {
  switch (expr->kind) {
  case Kind::Constant:
    switch (as<Constant>(expr)->type) {
    case ConstantKind::None: return "NoneType";
    case ConstantKind::True:
    case ConstantKind::False: return "bool";
    case ConstantKind::Ellipsis: return "ellipsis";
    default: return literal_type(expr);
    }
  case Kind::Tuple: return "tuple";
  case Kind::ListExpr:
  case Kind::ListComp: return "list";
  case Kind::Dict:
  case Kind::DictComp: return "dict";
  case Kind::Set:
  case Kind::SetComp: return "set";
  case Kind::GeneratorExp: return "generator";
  case Kind::Lambda: return "function";
  case Kind::JoinedStr:
  case Kind::FormattedValue: return "str";
  case Kind::TemplateStr: return "string.templatelib.Template";
  case Kind::Interpolation: return "string.templatelib.Interpolation";
  default: return nullptr;
  }
}

} // namespace

void Generator::check_compare(const Compare* expr) {
  const Expr* left = expr->left;
  for (size_t i = 0; i < expr->ops.size(); ++i) {
    const Expr* right = expr->comparators[i];
    CmpOperator op = expr->ops[i];
    if (op == CmpOperator::Is || op == CmpOperator::IsNot) {
      const char* type = literal_type(left);
      if (!type) type = literal_type(right);
      if (type) {
        bool plain = op == CmpOperator::Is;
        warn(expr->pos, fmt::format("\"{}\" with '{}' literal. Did you mean \"{}\"?", plain ? "is" : "is not",
                                    type, plain ? "==" : "!="));
        return;
      }
    }
    left = right;
  }
}

void Generator::check_callable(const Expr* func) {
  switch (func->kind) {
  case Kind::Constant:
  case Kind::Tuple:
  case Kind::ListExpr:
  case Kind::ListComp:
  case Kind::Dict:
  case Kind::DictComp:
  case Kind::Set:
  case Kind::SetComp:
  case Kind::GeneratorExp:
  case Kind::JoinedStr:
  case Kind::TemplateStr:
    warn(func->pos,
         fmt::format("'{}' object is not callable; perhaps you missed a comma?", known_type(func)));
    break;
  default: break;
  }
}

void Generator::check_subscript(const Subscript* expr) {
  const Expr* value = expr->value;
  bool bad = false;
  switch (value->kind) {
  case Kind::Constant: {
    auto type = as<Constant>(value)->type;
    bad = type != ConstantKind::Str && type != ConstantKind::Bytes;
    break;
  }
  case Kind::Set:
  case Kind::SetComp:
  case Kind::GeneratorExp:
  case Kind::TemplateStr:
  case Kind::Lambda: bad = true; break;
  default: break;
  }
  if (bad)
    return warn(expr->pos, fmt::format("'{}' object is not subscriptable; perhaps you missed a comma?",
                                       known_type(value)));
  // A sequence asked for something that is not a number.
  bool sequence = value->kind == Kind::Tuple || value->kind == Kind::ListExpr ||
                  value->kind == Kind::ListComp || value->kind == Kind::JoinedStr ||
                  value->kind == Kind::Constant;
  const char* index = known_type(expr->slice);
  if (!sequence || !index) return;
  std::string_view type = index;
  if (type == "int" || type == "bool") return;
  warn(expr->pos, fmt::format("{} indices must be integers or slices, not {}; perhaps you missed a comma?",
                              known_type(value), type));
}

} // namespace aspy::compiler
