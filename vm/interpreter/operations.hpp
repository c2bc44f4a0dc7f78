// What instructions do when it is not a matter of a few lines: the slow and the big ones, out of the dispatch loop.
//
// Each takes the registers R and the instruction word, follows the rule that temporaries die where they are read, and returns false with an exception
// pending. On failure temporaries may be left alive: unwinding clears them.
#pragma once

#include "vm/interpreter/frame.hpp"
#include "vm/object/type.hpp"

namespace aspy {

using Operation = bool(Thread& thread, Frame* frame, Value* R, const Word* pc);

// Stores an owned value in a register, releasing what it held.
inline void store(Value* R, int a, Value owned) {
  Value old = R[a];
  R[a] = owned;
  decref(old);
}
// Reads an operand that dies: takes a temporary, shares a local.
inline Ref take(Value* R, int b) {
  return b >= 0 ? Ref::steal(std::exchange(R[b], Value())) : share(R[b]);
}
// After an operand was read in place: releases it if it is a temporary.
inline void kill(Value* R, int b) {
  if (b >= 0) decref(std::exchange(R[b], Value()));
}

// --- operators (operators.cpp) ---
bool slow_binary(Thread& thread, Value* R, Word word, BinaryOp op, bool inplace);
bool slow_binary_int(Thread& thread, Value* R, Word word, BinaryOp op, bool inplace); // signed byte c
bool slow_compare(Thread& thread, Value* R, Word word, CompareOp op);
int compare_truth(Thread& thread, Value* R, Word word, CompareOp op); // for jumps on a, b: 1, 0, -1 raised
Operation op_unary, op_in, op_load_item, op_store_item, op_delete_item, op_build_slice;
int truth_of(Thread& thread, Value* R, int a, bool keep_if_true, bool keep_if_false); // kills unless kept

// --- names and attributes (names.cpp) ---
Operation op_load_global, op_store_global, op_delete_global, op_load_name, op_store_name, op_delete_name;
Operation op_load_cell, op_delete_cell, op_load_free, op_delete_free, op_load_class_free;
Operation op_load_attr, op_store_attr, op_delete_attr, op_load_super_attr, op_load_build_class;
bool raise_unbound_local(Thread& thread, const Code* code, int local_index);

// --- building and taking apart (building.cpp) ---
Operation op_build_tuple, op_build_list, op_build_set, op_build_dict, op_build_string, op_format_value;
Operation op_list_extend, op_list_to_tuple, op_set_add, op_set_update, op_dict_set, op_dict_update, op_dict_merge;
Operation op_unpack_sequence, op_unpack_ex, op_make_function;

// --- statements (statements.cpp) ---
Operation op_raise, op_raise_from, op_raise_bare, op_split_group, op_prepare_reraise_star;
Operation op_with_lookup; // the looking-up half of WithEnter: R[b] -> exit method; leaves the enter method in R[a]...
int exception_matches(Thread& thread, Value exception, Value classes); // 1, 0, -1 raised
Operation op_import_name, op_import_from, op_import_star, op_print_expr, op_intrinsic;
Operation op_match_sequence, op_match_mapping, op_match_length, op_match_keys, op_match_class, op_match_rest;
void push_handled(Thread& thread, Value* R, int a);
void pop_handled(Thread& thread, Value* R, int a);

} // namespace aspy
