// Operators, comparisons, truth, subscripts: what the dispatch loop's number fast paths leave over.
#include "vm/interpreter/operation/operations.hpp"

#include "vm/object/hash/dict.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str_internal.hpp"

namespace aspy {

namespace {
bool is_plain_int(Value value) { return value.is_int() || is_exact(value, int_type); }
} // namespace

bool slow_binary(Thread& thread, Value* R, Word word, BinaryOp op, bool inplace) {
  int a = a_of(word), b = b_of(word), c = c_of(word);
  Ref result;
  if (op == BinaryOp::Add && is_exact(R[b], str_type) && is_exact(R[c], str_type)) {
    auto *left = cast<Str>(R[b]), *right = cast<Str>(R[c]);
    result = inplace ? str_append(thread, left, right) : str_concat(thread, left, right);
  } else if (is_plain_int(R[b]) && is_plain_int(R[c]) && op != BinaryOp::MatMul) {
    result = int_binary(thread, op, R[b], R[c]);
  } else if (R[b].is_double() && R[c].is_double() && op == BinaryOp::Pow) {
    result = float_binary(thread, op, R[b].as_double(), R[c].as_double());
  } else {
    result = inplace ? inplace_op(thread, op, R[b], R[c]) : binary_op(thread, op, R[b], R[c]);
  }
  if (!result) return false;
  kill(R, b);
  kill(R, c);
  store(R, a, result.release());
  return true;
}

bool slow_binary_int(Thread& thread, Value* R, Word word, BinaryOp op, bool inplace) {
  int a = a_of(word), b = b_of(word);
  Value number = Value::from_int(c_of(word));
  Ref result = inplace ? inplace_op(thread, op, R[b], number) : binary_op(thread, op, R[b], number);
  if (!result) return false;
  kill(R, b);
  store(R, a, result.release());
  return true;
}

bool slow_compare(Thread& thread, Value* R, Word word, CompareOp op) {
  int a = a_of(word), b = b_of(word), c = c_of(word);
  Ref result = compare(thread, R[b], R[c], op);
  if (!result) return false;
  kill(R, b);
  kill(R, c);
  store(R, a, result.release());
  return true;
}

int compare_truth(Thread& thread, Value* R, Word word, CompareOp op) {
  int a = a_of(word), b = b_of(word);
  Value x = R[a], y = R[b];
  int truth;
  if (is_exact(x, str_type) && is_exact(y, str_type) && (op == CompareOp::Eq || op == CompareOp::Ne)) {
    truth = str_equals(cast<Str>(x), cast<Str>(y)) == (op == CompareOp::Eq);
  } else {
    Ref result = compare(thread, x, y, op);
    if (!result) return -1;
    truth = truthy(thread, result);
    if (truth < 0) return -1;
  }
  kill(R, a);
  kill(R, b);
  return truth;
}

int compare_int_truth(Thread& thread, Value* R, Word word, CompareOp op) {
  int a = a_of(word);
  Ref result = compare(thread, R[a], Value::from_int(b_of(word)), op);
  if (!result) return -1;
  int truth = truthy(thread, result);
  if (truth >= 0) kill(R, a);
  return truth;
}

bool op_load_item_int(Thread& thread, Frame*, Value* R, const Word* pc) {
  Ref item = get_item(thread, R[b_of(*pc)], Value::from_int(c_of(*pc)));
  if (!item) return false;
  kill(R, b_of(*pc));
  store(R, a_of(*pc), item.release());
  return true;
}

int truth_of(Thread& thread, Value* R, int a, bool keep_if_true, bool keep_if_false) {
  Value test = R[a];
  int truth;
  if (test.is_bool()) truth = test.is_true();
  else if (test.is_none()) truth = 0;
  else if (test.is_int()) truth = test.as_int() != 0;
  else truth = truthy(thread, test);
  if (truth < 0) return -1;
  if (!(truth ? keep_if_true : keep_if_false)) kill(R, a);
  return truth;
}

bool op_unary(Thread& thread, Frame*, Value* R, const Word* pc) {
  int a = a_of(*pc), b = b_of(*pc);
  Ref result;
  switch (op_of(*pc)) {
  case Op::Neg: result = negative(thread, R[b]); break;
  case Op::Pos: result = positive(thread, R[b]); break;
  default: result = invert(thread, R[b]);
  }
  if (!result) return false;
  kill(R, b);
  store(R, a, result.release());
  return true;
}

bool op_in(Thread& thread, Frame*, Value* R, const Word* pc) {
  int b = b_of(*pc), c = c_of(*pc);
  int found = contains(thread, R[c], R[b]);
  if (found < 0) return false;
  kill(R, b);
  kill(R, c);
  store(R, a_of(*pc), Value::from_bool((found == 1) == (op_of(*pc) == Op::In)));
  return true;
}

bool op_load_item(Thread& thread, Frame*, Value* R, const Word* pc) {
  int b = b_of(*pc), c = c_of(*pc);
  Value object = R[b], key = R[c];
  Ref item;
  if (is_exact(object, str_type) && key.is_int()) {
    auto* text = cast<Str>(object);
    int64_t index = key.as_int() < 0 ? key.as_int() + text->length : key.as_int();
    if (text->is_ascii && uint64_t(index) < text->length)
      item = str_from_codepoint(static_cast<unsigned char>(text->data()[index]));
  } else if (is_exact(object, dict_type)) {
    item = share(dict_get(thread, cast<Dict>(object), key));
    if (!item && thread.has_error()) return false;
  }
  if (!item) item = get_item(thread, object, key);
  if (!item) return false;
  kill(R, b);
  kill(R, c);
  store(R, a_of(*pc), item.release());
  return true;
}

bool op_store_item(Thread& thread, Frame*, Value* R, const Word* pc) {
  int a = a_of(*pc), b = b_of(*pc), c = c_of(*pc);
  bool stored = is_exact(R[a], dict_type) ? dict_set(thread, cast<Dict>(R[a]), R[b], R[c])
                                          : set_item(thread, R[a], R[b], R[c]);
  if (!stored) return false;
  kill(R, c);
  kill(R, a);
  kill(R, b);
  return true;
}

bool op_delete_item(Thread& thread, Frame*, Value* R, const Word* pc) {
  int a = a_of(*pc), b = b_of(*pc);
  if (!set_item(thread, R[a], R[b], Value())) return false;
  kill(R, a);
  kill(R, b);
  return true;
}

bool op_build_slice(Thread&, Frame*, Value* R, const Word* pc) {
  int b = b_of(*pc);
  bool has_step = n_of(*pc) == 3;
  Ref slice = make_slice(R[b], R[b + 1], has_step ? R[b + 2] : None);
  kill(R, b);
  kill(R, b + 1);
  if (has_step) kill(R, b + 2);
  store(R, a_of(*pc), slice.release());
  return true;
}

} // namespace aspy
