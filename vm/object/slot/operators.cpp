// Arithmetic and bitwise operators of any values: which operand's slot is asked, in which order, and what is
// said when neither knows.
#include "vm/object/error/exception.hpp"
#include "vm/object/error/warnings.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {
namespace {

constexpr const char* symbols[] = {"+",           "-",  "*",  "@", "/", "//", "%",
                                   "** or pow()", "<<", ">>", "&", "|", "^"};
constexpr const char* inplace_symbols[] = {
    "+=", "-=", "*=", "@=", "/=", "//=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^="};

bool passed(const Ref& result) { return result.get() == NotImplemented; }

// The numbers' slots of both operands; NotImplemented when neither wants it.
Ref try_binary(Thread& thread, BinaryOp op, Value a, Value b) {
  int index = static_cast<int>(op);
  Type* left = type_of(a);
  Type* right = type_of(b);
  auto* own = left->slots.binary[index];
  auto* other = left != right ? right->slots.binary[index] : nullptr;
  if (other == own) other = nullptr;
  if (own) {
    if (other && is_subtype(right, left)) {
      Ref result = other(thread, a, b);
      if (!passed(result)) return result;
      other = nullptr;
    }
    Ref result = own(thread, a, b);
    if (!passed(result)) return result;
  }
  if (other) return other(thread, a, b);
  return share(NotImplemented);
}

Raised unsupported(Thread& thread, const char* symbol, Value a, Value b) {
  return raise_type_error(thread, fmt::format("unsupported operand type(s) for {}: '{}' and '{}'", symbol,
                                              type_name(a), type_name(b)));
}

using Repeat = Ref (*)(Thread&, Value, Value);
Ref repeat(Thread& thread, Repeat slot, Value sequence, Value count) {
  if (!count.is_int() && !type_of(count)->slots.index)
    return raise_type_error(thread,
                            fmt::format("can't multiply sequence by non-int of type '{}'", type_name(count)));
  if (count.is_int() || is_int_like(count)) return slot(thread, sequence, count);
  Ref number = to_index_object(thread, count);
  int64_t small;
  if (!number) return {};
  if (!int_as_int64(number, small))
    return raise(thread, OverflowError_type,
                 fmt::format("cannot fit '{}' into an index-sized integer", type_name(count)));
  return slot(thread, sequence, number);
}

// What sequences do with + and *, once the numbers have passed. NotImplemented when they don't either.
Ref try_sequence(Thread& thread, BinaryOp op, Value a, Value b, bool inplace) {
  const Slots& left = type_of(a)->slots;
  if (op == BinaryOp::Add) {
    if (inplace && left.inplace_concat) return left.inplace_concat(thread, a, b);
    if (left.concat) return left.concat(thread, a, b);
  } else if (op == BinaryOp::Mul) {
    if (inplace && left.inplace_repeat) return repeat(thread, left.inplace_repeat, a, b);
    if (left.repeat) return repeat(thread, left.repeat, a, b);
    // In place, what might be a sequence itself is not taken for a count.
    if (inplace && (type_of(a)->is_heap() || left.length || left.contains)) return share(NotImplemented);
    if (auto* slot = type_of(b)->slots.repeat) return repeat(thread, slot, b, a);
  }
  return share(NotImplemented);
}

} // namespace

const char* operator_symbol(BinaryOp op) {
  return op == BinaryOp::Pow ? "**" : symbols[static_cast<int>(op)];
}

Ref binary_op(Thread& thread, BinaryOp op, Value a, Value b) {
  Ref result = try_binary(thread, op, a, b);
  if (!passed(result)) return result;
  result = try_sequence(thread, op, a, b, false);
  if (!passed(result)) return result;
  return unsupported(thread, symbols[static_cast<int>(op)], a, b);
}

Ref inplace_op(Thread& thread, BinaryOp op, Value a, Value b) {
  int index = static_cast<int>(op);
  if (auto* slot = type_of(a)->slots.inplace[index]) {
    Ref result = slot(thread, a, b);
    if (!passed(result)) return result;
  }
  Ref result = try_binary(thread, op, a, b);
  if (!passed(result)) return result;
  result = try_sequence(thread, op, a, b, true);
  if (!passed(result)) return result;
  return unsupported(thread, inplace_symbols[index], a, b);
}

Ref power(Thread& thread, Value a, Value b, Value modulus) {
  if (modulus.is_none()) return binary_op(thread, BinaryOp::Pow, a, b);
  Type* asked[3] = {type_of(a), type_of(b), type_of(modulus)};
  for (int i = 0; i < 3; ++i) {
    auto* slot = asked[i]->slots.power3;
    if (!slot || (i > 0 && slot == asked[0]->slots.power3) || (i > 1 && slot == asked[1]->slots.power3))
      continue;
    Ref result = slot(thread, a, b, modulus);
    if (!passed(result)) return result;
  }
  return raise_type_error(thread, fmt::format("unsupported operand type(s) for ** or pow(): '{}', '{}', '{}'",
                                              type_name(a), type_name(b), type_name(modulus)));
}

namespace {
Ref unary(Thread& thread, Ref (*slot)(Thread&, Value), Value value, const char* what) {
  if (slot) return slot(thread, value);
  return raise_type_error(thread, fmt::format("bad operand type for {}: '{}'", what, type_name(value)));
}
} // namespace

Ref negative(Thread& thread, Value value) {
  return unary(thread, type_of(value)->slots.negative, value, "unary -");
}
Ref positive(Thread& thread, Value value) {
  return unary(thread, type_of(value)->slots.positive, value, "unary +");
}
Ref invert(Thread& thread, Value value) {
  return unary(thread, type_of(value)->slots.invert, value, "unary ~");
}
Ref absolute(Thread& thread, Value value) {
  return unary(thread, type_of(value)->slots.absolute, value, "abs()");
}

Ref to_index_object(Thread& thread, Value value) {
  if (is_int_like(value)) return share(int_value(value));
  auto* slot = type_of(value)->slots.index;
  if (!slot)
    return raise_type_error(thread,
                            fmt::format("'{}' object cannot be interpreted as an integer", type_name(value)));
  Ref number = slot(thread, value);
  if (!number) return Ref();
  if (!is_int_like(number))
    return raise_type_error(thread, fmt::format("__index__ returned non-int (type {})", type_name(number)));
  if (!number.get().is_int() && !is_exact(number, int_type)) {
    std::string text =
        fmt::format("__index__ returned non-int (type {}).  The ability to return an instance of a strict "
                    "subclass of int is deprecated, and may be removed in a future version of Python.",
                    type_name(number));
    if (!warn(thread, DeprecationWarning_type, text)) return Ref();
  }
  return share(int_value(number));
}

} // namespace aspy
