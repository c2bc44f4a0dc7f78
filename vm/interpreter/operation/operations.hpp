// What instructions do when it is not a matter of a few lines: the slow and the big ones, out of the dispatch
// loop.
//
// Each takes the registers R and the instruction word, follows the rule that temporaries die where they are
// read, and returns false with an exception pending. On failure temporaries may be left alive: unwinding
// clears them.
#pragma once

#include "vm/interpreter/interpreter.hpp"
#include "vm/object/attribute/shape.hpp"

#include <utility>

namespace aspy {

// Marks a method cache of a type whose instances have no attributes of their own.
inline constexpr uint32_t no_own_attributes = 0xFFFF'FFFF;
// Marks a cache that holds a place in a module's namespace, with the layout it depends on.
inline constexpr uint32_t in_module = 0xFFFF'FFFD;
// Marks one whose instance had room for attributes and none yet.
inline constexpr uint32_t still_no_attributes = 0xFFFF'FFFE;

using Operation = bool(Thread& thread, Frame* frame, Value* R, const Word* pc);

// Stores an owned value in a register, releasing what it held.
inline void store(Value* R, ptrdiff_t a, Value owned) {
  Value old = R[a];
  R[a] = owned;
  decref(old);
}
// Reads an operand that dies: takes a temporary, shares a local.
inline Ref take(Value* R, ptrdiff_t b) {
  return b >= 0 ? Ref::steal(std::exchange(R[b], Value())) : share(R[b]);
}
// After an operand was read in place: releases it if it is a temporary.
inline void kill(Value* R, ptrdiff_t b) {
  if (b >= 0) decref(std::exchange(R[b], Value()));
}

// --- operators (operators.cpp) ---
bool slow_binary(Thread& thread, Value* R, Word word, BinaryOp op, bool inplace);
bool slow_binary_int(Thread& thread, Value* R, Word word, BinaryOp op, bool inplace); // by the signed byte c
bool slow_compare(Thread& thread, Value* R, Word word, CompareOp op);
int compare_truth(Thread& thread, Value* R, Word word,
                  CompareOp op); // of registers a and b, for jumps: 1, 0, -1 raised
int compare_int_truth(Thread& thread, Value* R, Word word,
                      CompareOp op); // of register a and the small number b
int truth_of(Thread& thread, Value* R, int a, bool keep_if_true, bool keep_if_false); // 1, 0, -1 raised
Operation op_unary, op_in, op_load_item, op_load_item_int, op_store_item, op_delete_item, op_build_slice;

// --- names (names.cpp) ---
Operation op_load_global, op_store_global, op_delete_global, op_load_name, op_store_name, op_delete_name;
Operation op_load_cell, op_delete_cell, op_load_free, op_delete_free, op_load_class_free, op_load_dict_name,
    op_load_dict_free, op_load_build_class;
// UnboundLocalError for local number `index` (near ones first). Always false.
bool raise_unbound_local(Thread& thread, const Code* code, int index);

// --- attributes (attribute_ops.cpp) ---
// R[a] = attribute of R[b], specialising the instruction where it can. Or leaves everything as it is and
// gives the script function of a property in `getter` (owned), to be called with R[b].
bool load_attr(Thread& thread, Value* R, Word* pc, const Code* code, Value& getter);
// An exception leaves a property's function, which a LoadAttr of `caller` has called: an AttributeError
// learns whose attribute was asked for.
void tell_property(Thread& thread, const Frame* caller, const Frame* getter);
// What other sites have found the name of a LoadAttr to be in objects of this type and shape: an attribute of
// `object`, or a plain value of its class; borrowed. Empty: nothing known.
Value known_attr(Value object, const Word* pc, const Code* code);
Operation op_store_attr, op_delete_attr, op_load_super_attr;
// The function or method descriptor that `object.name` would bind, borrowed; empty when it is anything else
// (no exception pending). Fills the instruction's cache.
Value find_method(Thread& thread, Value object, Word* pc, const Code* code);
// The place of one of __slots__, by its offset from the header.
inline Value& member_at(Object* object, Word offset) {
  return *reinterpret_cast<Value*>(reinterpret_cast<char*>(object) + static_cast<int32_t>(offset));
}
// `module.name` where it is called, through the same cache.
Ref module_attr(Thread& thread, Value module, Word* pc, const Code* code);
// With the type's version already compared: the object's own attributes do not hide the cached method.
inline bool method_cache_holds(Value object, const Type* type, const Word* pc) {
  if (pc[3] == 0) return false;
  if (pc[3] == no_own_attributes) return true;
  auto* attrs = reinterpret_cast<Attrs*>(reinterpret_cast<char*>(object.as_object()) + type->attrs_offset);
  return attrs->shape ? attrs->shape->id == pc[3] : !attrs->slots && pc[3] == still_no_attributes;
}

// --- building and taking apart (building.cpp) ---
Operation op_build_tuple, op_build_list, op_build_set, op_build_dict, op_build_string, op_format_value;
Operation op_list_extend, op_list_to_tuple, op_set_add, op_set_update, op_dict_set, op_dict_update,
    op_dict_merge;
Operation op_unpack_sequence, op_unpack_ex, op_unpack_tuple, op_make_function;
bool set_type_params(Thread& thread, Value target, Value params);
// CallEx: lays callable and arguments out above the frame: base[-1] the callable, base[0 .. nargs)
// positional, then keyword values, whose names are `names` (an owned tuple, or empty).
bool spread_arguments(Thread& thread, Frame* frame, Value* R, Word word, Value*& base, uint32_t& nargs,
                      Value& names);

// --- statements (statements.cpp) ---
Operation op_raise, op_raise_from, op_raise_bare, op_split_group, op_prepare_reraise_star;
Operation op_import_name, op_import_from, op_import_star, op_print_expr, op_intrinsic;
Operation op_match_sequence, op_match_mapping, op_match_length, op_match_keys, op_match_class, op_match_rest;
bool enter_context(Thread& thread, Value* R, Word word, bool is_async); // WithEnter, AsyncWithEnter
// The usual case of WithEnter, WithExit and their async twins: the methods are plain functions. Lays the
// arguments of the call out at `base` (free register stack) and gives the function to be called, owned. Null:
// nothing was done.
Function* begin_enter(Thread& thread, Value* R, Word word, Value* base);
Function* begin_exit(Thread& thread, Value* R, Word word, Value* base);
bool exit_context(Thread& thread, Value* R, Word word, bool is_async); // WithExit, AsyncWithExit
void push_handled(Thread& thread, Value* R, int a);
void pop_handled(Thread& thread, Value* R, int a);
// An async generator that yields inside handlers keeps what it handles for itself, in Generator::handled:
// whoever awaits it goes on with what it handled before. And back, when the generator, suspended at that
// Yield, goes on. (One that C++ drives is looked after by push_root and pop_root.)
void leave_handlers(Thread& thread, Generator* generator);
void return_to_handlers(Thread& thread, Generator* generator);

// --- waiting (awaiting.cpp) ---
Ref async_iter(Thread& thread, Value iterable);                   // aiter() as `async for` asks for it
Ref async_next(Thread& thread, Value iterator);                   // the awaitable of anext()
Ref await_iter(Thread& thread, Value awaitable, bool from_anext); // what `await` drives: __await__'s iterator
Ref delegate_iter(Thread& thread, Value iterable, const Code* code); // what `yield from` drives
// One step of what an instruction waits for (not a script generator: those are entered). `sent` is empty at
// the beginning.
SendOutcome send_into(Thread& thread, Value awaitable, Value sent, Ref& out);
// Raises the pending exception in what the instruction waits for, if it has a `throw`; else leaves it pending
// (Raised).
SendOutcome throw_into(Thread& thread, Value awaitable, Ref& out);
// As begin_step for `async for`, which needs no AsyncStep.
bool begin_direct_step(Thread& thread, Generator* generator);
// What kind of step of an async generator the instruction `word` waits for.
StepKind async_step_kind(Value* R, Word word);

} // namespace aspy
