// The dispatch loop.
//
// Rules that every case keeps:
//  1. `pc` is at the current instruction until NEXT. `frame->ip = pc` (SAVE) before anything that may raise,
//  call, run a
//     finaliser, or suspend.
//  2. An operand that is a temporary dies where it is read (vm/bytecode/opcodes.def). Fast paths on numbers
//  skip the release: numbers own nothing.
//  3. A register is overwritten before its old value is released: a finaliser may look.
//  4. `R`, `frame` and `pc` are the whole state; LOAD_FRAME refreshes the first and last from `frame`.
//  Registers never move while a frame lives.
//  5. On `goto error` an exception is pending and frame->ip is the raising instruction; temporaries may be
//  left as they are, unwinding clears them.
#include "vm/interpreter/interpreter.hpp"

#include "vm/bytecode/image.hpp"
#include "vm/bytecode/opcodes.hpp"
#include "vm/interpreter/breaker.hpp"
#include "vm/interpreter/frame_stack.hpp"
#include "vm/interpreter/generator/generator_methods.hpp"
#include "vm/interpreter/generator/native_await.hpp"
#include "vm/interpreter/generator/native_coroutine.hpp"
#include "vm/interpreter/operation/operations.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/callable/signature.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/range.hpp"
#include "vm/object/sequence/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

#include <array>
#include <cassert>
#include <cmath>

namespace aspy {

namespace {

// Words an instruction takes up, itself included.
constexpr uint8_t generic_size[] = {
#define ASPY_OP(name, format, cache, meaning) 1 + cache,
#include "vm/bytecode/opcodes.def"
#undef ASPY_OP
};
constexpr auto op_size = [] {
  std::array<uint8_t, op_count> sizes{};
  for (int i = 0; i < op_count; ++i) sizes[i] = generic_size[static_cast<int>(generic_forms[i])];
  return sizes;
}();
inline uint32_t size_of(Word word) { return op_size[word & 0xFF]; }

inline int32_t word_jump(const Word* pc) { return static_cast<int32_t>(pc[1]); }

// A call that only leaves out arguments with defaults: fills them in, and empties the other locals.
inline bool fill_defaults(const Function* function, Value* base, uint32_t nargs) {
  const Code* code = function->code;
  if (code->exact_args == Code::no_exact_args || nargs > code->arg_count || !function->defaults) return false;
  auto missing = code->arg_count - nargs;
  const Tuple* defaults = function->defaults;
  if (missing > defaults->size) return false;
  for (uint32_t i = 0; i < missing; ++i)
    base[nargs + i] = share((*defaults)[defaults->size - missing + i]).release();
  for (uint32_t i = code->arg_count; i < code->local_count; ++i) base[i] = Value();
  return true;
}
// The truth of None, a bool or an int: zero and what is tagged as false are not.
inline bool is_true_number(Value value) {
  return value.is_int() ? value.bits != Value::int_tag : value.is_true();
}

// The register that holds the awaitable while the instruction at `pc` is suspended.
inline int awaitable_register(Word word) {
  return generic_op(op_of(word)) == Op::AsyncForIter ? b_of(word) + 1 : b_of(word);
}

// The result of the call at `pc` is awaited by the next instruction, and by nothing else.
inline bool awaits_result(const Word* pc) {
  Word next = pc[size_of(*pc)];
  return op_of(next) == Op::Await && b_of(next) == a_of(At{pc});
}

// The attributes of an instance whose type and shape are those that the cache at `pc` knows; null for any
// other value.
inline Attrs* cached_attrs(Value object, const Word* pc) {
  if (!object.is_object() || object.as_object()->type->version != pc[2]) return nullptr;
  auto* attrs = reinterpret_cast<Attrs*>(reinterpret_cast<char*>(object.as_object()) +
                                         object.as_object()->type->attrs_offset);
  return attrs->shape && attrs->shape->id == pc[3] ? attrs : nullptr;
}
// The same for a slot inside the instance, which the cache addresses from the header: that slot, or null.
inline Value* cached_inline_slot(Value object, const Word* pc) {
  if (!object.is_object() || object.as_object()->type->version != pc[2]) return nullptr;
  char* instance = reinterpret_cast<char*>(object.as_object());
  const Shape* shape = reinterpret_cast<Attrs*>(instance + pc[5])->shape;
  return shape && shape->id == pc[3] ? reinterpret_cast<Value*>(instance + pc[4]) : nullptr;
}

// Releases what a call has left in its row, the last value first. Numbers may stay.
inline void clear_row(Value* first, Value* end) {
  while (end != first) {
    Value old = *--end;
    if (!old.is_object()) continue;
    *end = Value();
    decref(old);
  }
}

inline bool mod_floor(int64_t x, int64_t y, int64_t& out) {
  if (y == 0) return false;
  int64_t r = x % y;
  if (r != 0 && (r ^ y) < 0) r += y;
  out = r;
  return true;
}

} // namespace

#define SAVE() (frame->ip = pc)
#define LOAD_FRAME()                                                                                         \
  do {                                                                                                       \
    R = frame->regs;                                                                                         \
    pc = frame->ip;                                                                                          \
    thread.frame = frame;                                                                                    \
  } while (0)

#if defined(__GNUC__) && !defined(ASPY_SWITCH_DISPATCH)
#define CASE(name) label_##name
#define DISPATCH() goto* labels[*pc & 0xFF]
#else
#define CASE(name) case Op::name
#define DISPATCH() goto dispatch
#endif
#define NEXT(words)                                                                                          \
  do {                                                                                                       \
    pc += (words);                                                                                           \
    DISPATCH();                                                                                              \
  } while (0)

// Writes a result. A temporary is empty or holds a number when it is written: only a variable has something
// to release.
#define SET_RESULT(register_, owned_)                                                                        \
  do {                                                                                                       \
    Value* const result_ = R + (register_);                                                                  \
    if (result_ >= R) {                                                                                      \
      assert(!result_->is_object());                                                                         \
      *result_ = (owned_);                                                                                   \
    } else {                                                                                                 \
      Value old_ = *result_;                                                                                 \
      *result_ = (owned_);                                                                                   \
      if (old_.is_object()) {                                                                                \
        SAVE();                                                                                              \
        decref(old_);                                                                                        \
      }                                                                                                      \
    }                                                                                                        \
  } while (0)

// Ends a load of something out of `object`, which is R[b] of the instruction `w`: `found_` is borrowed.
#define FOUND_RESULT(found_, words)                                                                          \
  do {                                                                                                       \
    Value result_of_load_ = (found_);                                                                        \
    Value* const source_ = R + b_of(w);                                                                      \
    incref(result_of_load_);                                                                                 \
    if (source_ >= R) {                                                                                      \
      *source_ = Value();                                                                                    \
      SAVE();                                                                                                \
      decref(object);                                                                                        \
    }                                                                                                        \
    SET_RESULT(a_of(w), result_of_load_);                                                                    \
    NEXT(words);                                                                                             \
  } while (0)

// Ends a store of R[b] into `slot_` of `object`, which is R[a].
#define STORE_RESULT(slot_)                                                                                  \
  do {                                                                                                       \
    Value stored_ = R[b_of(w)];                                                                              \
    if (b_of(w) >= 0) R[b_of(w)] = Value();                                                                  \
    else incref(stored_);                                                                                    \
    Value replaced_ = std::exchange((slot_), stored_);                                                       \
    if (replaced_.is_object()) {                                                                             \
      SAVE();                                                                                                \
      decref(replaced_);                                                                                     \
    }                                                                                                        \
    if (a_of(w) >= 0) {                                                                                      \
      R[a_of(w)] = Value();                                                                                  \
      SAVE();                                                                                                \
      decref(object);                                                                                        \
    }                                                                                                        \
    NEXT(7);                                                                                                 \
  } while (0)

// A case that is wholly out of line.
#define OUT_OF_LINE(name, function)                                                                          \
  CASE(name) : SAVE();                                                                                       \
  if (!function(thread, frame, R, pc)) goto error;                                                           \
  NEXT(op_size[static_cast<int>(Op::name)]);

RunOutcome run(Thread& thread, Frame* frame, Entry entry, Ref sent_in, Ref& out) {
  Frame* const outer = thread.frame; // restored on the way out
  Value* R;
  const Word* pc;

  // Shared by the jumps into common code below.
  Value value;                // owned: a result on its way
  Function* callee = nullptr; // owned: what enter_function calls
  Value* base = nullptr;      // its arguments, owned in place
  uint32_t nargs = 0;
  Tuple* kwnames = nullptr;
  uint8_t frame_flags = 0;
  Value frame_extra; // owned
  Generator* generator = nullptr;
  AwaitOutcome await_outcome;

#if defined(__GNUC__) && !defined(ASPY_SWITCH_DISPATCH)
  static const void* const labels[] = {
#define ASPY_OP(name, format, cache, meaning) &&label_##name,
#include "vm/bytecode/opcodes.def"
#undef ASPY_OP
#define ASPY_SPECIAL(name, generic) &&label_##name,
#include "vm/bytecode/specialized.def"
#undef ASPY_SPECIAL
  };
#endif

  LOAD_FRAME();
  if (entry == Entry::Resume) {
    value = sent_in.release();
    goto resume_leaf;
  }
  if (entry == Entry::Throw) goto throw_leaf;

#if defined(__GNUC__) && !defined(ASPY_SWITCH_DISPATCH)
  DISPATCH();
  {
#else
dispatch:
  switch (op_of(*pc)) {
  case Op::Count_: goto error;
#endif

    // ---------------------------------------------------------------------------------------------- moving
    CASE(Nop) : NEXT(1);
    CASE(LoadBody) : {
      read_body(frame->code);
      pc = frame->code->words.data();
      DISPATCH();
    }
    CASE(Move) : {
      const At w{pc};
      int b = b_of(w);
      Value moved = R[b];
      if (b >= 0) R[b] = Value();
      else incref(moved);
      SET_RESULT(a_of(w), moved);
      NEXT(1);
    }
    CASE(Copy) : {
      const At w{pc};
      Value copied = R[b_of(w)];
      incref(copied);
      SAVE();
      store(R, a_of(w), copied);
      NEXT(1);
    }
    CASE(LoadConst) : {
      const At w{pc};
      Value constant = frame->code->constants[x_of(w)];
      incref(constant);
      SET_RESULT(a_of(w), constant);
      NEXT(1);
    }
    CASE(LoadConstFar) : {
      Value constant = frame->code->constants[pc[1]];
      incref(constant);
      SAVE();
      store(R, a_of(At{pc}), constant);
      NEXT(2);
    }
    CASE(LoadInt) : value = Value::from_int(i_of(At{pc}));
    goto store_immediate;
    CASE(LoadNone) : value = None;
    goto store_immediate;
    CASE(LoadTrue) : value = True;
    goto store_immediate;
    CASE(LoadFalse) : value = False;
  store_immediate : {
    SET_RESULT(a_of(At{pc}), value);
    NEXT(1);
  }
    CASE(LoadFar) : {
      const At w{pc};
      SAVE();
      Value far = R[frame->code->temp_count + x_of(w)];
      if (!far) {
        raise_unbound_local(thread, frame->code, static_cast<int>(frame->code->local_count + x_of(w)));
        goto error;
      }
      incref(far);
      store(R, a_of(w), far);
      NEXT(1);
    }
    CASE(StoreFar) : {
      const At w{pc};
      SAVE();
      store(R, static_cast<int>(frame->code->temp_count + x_of(w)), take(R, a_of(w)).release());
      NEXT(1);
    }
    CASE(DeleteFar) : {
      const At w{pc};
      SAVE();
      Value& far = R[frame->code->temp_count + x_of(w)];
      if (!far) {
        raise_unbound_local(thread, frame->code, static_cast<int>(frame->code->local_count + x_of(w)));
        goto error;
      }
      clear_field(far);
      NEXT(1);
    }
    CASE(Spill) : {
      Value* far = R + frame->code->temp_count + pc[1];
      SAVE();
      for (unsigned i = 0; i < x_of(At{pc}); ++i)
        store(far, static_cast<int>(i), std::exchange(R[a_of(At{pc}) + static_cast<int>(i)], Value()));
      NEXT(2);
    }
    CASE(Unspill) : {
      Value* far = R + frame->code->temp_count + pc[1];
      SAVE();
      for (unsigned i = 0; i < x_of(At{pc}); ++i)
        store(R, a_of(At{pc}) + static_cast<int>(i), std::exchange(far[i], Value()));
      NEXT(2);
    }
    CASE(Clear) : {
      Value old = R[a_of(At{pc})];
      R[a_of(At{pc})] = Value();
      if (old.is_object()) {
        SAVE();
        decref(old);
      }
      NEXT(1);
    }
    CASE(Delete) : {
      SAVE();
      if (!R[a_of(At{pc})]) {
        raise_unbound_local(thread, frame->code, static_cast<int>(frame->code->local_count) + a_of(At{pc}));
        goto error;
      }
      clear_field(R[a_of(At{pc})]);
      NEXT(1);
    }
    CASE(CheckBound) : {
      if (!R[a_of(At{pc})]) [[unlikely]] {
        SAVE();
        raise_unbound_local(thread, frame->code, static_cast<int>(frame->code->local_count) + a_of(At{pc}));
        goto error;
      }
      NEXT(1);
    }

    // ------------------------------------------------------------------------------- cells and free
    // variables
    CASE(MakeCell) : {
      Value& slot = R[a_of(At{pc})];
      Own<Cell> cell = make_cell(slot);
      decref(slot); // make_cell shares
      slot = Value(cell.release());
      NEXT(1);
    }
    CASE(LoadCell) : {
      const At w{pc};
      Value contents = cast<Cell>(R[b_of(w)])->contents;
      if (!contents) [[unlikely]] {
        SAVE();
        op_load_cell(thread, frame, R, pc); // raises
        goto error;
      }
      incref(contents);
      SAVE();
      store(R, a_of(w), contents);
      NEXT(1);
    }
    CASE(StoreCell) : {
      const At w{pc};
      SAVE();
      assign(cast<Cell>(R[a_of(w)])->contents, take(R, b_of(w)));
      NEXT(1);
    }
    OUT_OF_LINE(DeleteCell, op_delete_cell)
    CASE(LoadFree) : {
      const At w{pc};
      Value contents = cast<Cell>((*frame->function->closure)[x_of(w)])->contents;
      if (!contents) [[unlikely]] {
        SAVE();
        op_load_free(thread, frame, R, pc); // raises
        goto error;
      }
      incref(contents);
      SAVE();
      store(R, a_of(w), contents);
      NEXT(1);
    }
    CASE(StoreFree) : {
      const At w{pc};
      SAVE();
      assign(cast<Cell>((*frame->function->closure)[x_of(w)])->contents, take(R, a_of(w)));
      NEXT(1);
    }
    OUT_OF_LINE(DeleteFree, op_delete_free)
    CASE(LoadFreeCell) : {
      const At w{pc};
      Value cell = (*frame->function->closure)[x_of(w)];
      incref(cell);
      store(R, a_of(w), cell);
      NEXT(1);
    }
    OUT_OF_LINE(LoadClassFree, op_load_class_free)
    OUT_OF_LINE(LoadDictName, op_load_dict_name)
    OUT_OF_LINE(LoadDictFree, op_load_dict_free)

    // ------------------------------------------------------------------------------------------------- names
    OUT_OF_LINE(LoadGlobal, op_load_global)
    CASE(LoadGlobalModule) : {
      Dict* globals = frame->globals;
      Value found = globals->layout == pc[2] ? globals->entries[pc[4]].value : Value();
      if (found) [[likely]] {
        incref(found);
        SET_RESULT(a_of(At{pc}), found);
        NEXT(5);
      }
      SAVE();
      if (!op_load_global(thread, frame, R, pc)) goto error;
      NEXT(5);
    }
    CASE(LoadGlobalBuiltin) : {
      Dict* globals = frame->globals;
      Dict* builtins = current_builtins;
      bool holds = globals->layout == pc[2] && builtins->layout == pc[3];
      Value found = holds ? builtins->entries[pc[4]].value : Value();
      if (found) [[likely]] {
        incref(found);
        SET_RESULT(a_of(At{pc}), found);
        NEXT(5);
      }
      SAVE();
      if (!op_load_global(thread, frame, R, pc)) goto error;
      NEXT(5);
    }
    OUT_OF_LINE(StoreGlobal, op_store_global)
    CASE(StoreGlobalCached) : {
      Dict* globals = frame->globals;
      SAVE();
      if (globals->layout == pc[2] && globals->entries[pc[3]].value) [[likely]] {
        assign(globals->entries[pc[3]].value, take(R, a_of(At{pc})));
        NEXT(4);
      }
      if (!op_store_global(thread, frame, R, pc)) goto error;
      NEXT(4);
    }
    OUT_OF_LINE(DeleteGlobal, op_delete_global)
    OUT_OF_LINE(LoadName, op_load_name)
    OUT_OF_LINE(StoreName, op_store_name)
    OUT_OF_LINE(DeleteName, op_delete_name)
    CASE(LoadNamespace) : {
      SAVE();
      Value ns = extra_of(frame) ? extra_of(frame) : Value(frame->globals);
      incref(ns);
      store(R, a_of(At{pc}), ns);
      NEXT(1);
    }
    OUT_OF_LINE(LoadBuildClass, op_load_build_class)
    CASE(LoadAssertionError) : {
      store(R, a_of(At{pc}), Value(&AssertionError_type));
      incref(&AssertionError_type);
      NEXT(1);
    }

    // -------------------------------------------------------------------------------------- attributes,
    // items
    CASE(LoadAttr) : load_attr_slowly : {
      SAVE();
      Value getter; // a property's script function: called in a frame, not natively
      if (!load_attr(thread, R, const_cast<Word*>(pc), frame->code, getter)) goto error;
      if (getter) {
        // R[b] is still there: it becomes the argument.
        Value self = take(R, b_of(At{pc})).release();
        callee = cast<Function>(getter);
        base = frame->stack_end;
        if (base + 1 > thread.stack_limit) {
          decref(self);
          goto stack_overflow;
        }
        base[0] = self;
        nargs = 1;
        kwnames = nullptr;
        frame_flags = 0;
        frame_extra = Value();
        goto enter_function_in_place;
      }
      NEXT(7);
    }
    CASE(LoadAttrInline) : {
      const At w{pc};
      Value object = R[b_of(w)];
      if (Value* slot = cached_inline_slot(object, pc)) [[likely]]
        FOUND_RESULT(*slot, 7);
      goto load_attr_known;
    }
    CASE(LoadAttrSlot) : {
      const At w{pc};
      Value object = R[b_of(w)];
      if (Attrs* attrs = cached_attrs(object, pc)) [[likely]]
        FOUND_RESULT(attrs->slots[pc[4]], 7);
      goto load_attr_known;
    }
    CASE(LoadAttrMember) : { // one of __slots__: its place follows from the type
      const At w{pc};
      Value object = R[b_of(w)];
      if (object.is_object() && object.as_object()->type->version == pc[2]) [[likely]] {
        Value found = member_at(object.as_object(), pc[3]);
        if (found) [[likely]]
          FOUND_RESULT(found, 7);
      }
      goto load_attr_slowly;
    }
    CASE(LoadAttrClass) : {
      const At w{pc};
      Value object = R[b_of(w)];
      if (cached_attrs(object, pc)) [[likely]] {
        Value found;
        std::memcpy(&found.bits, pc + 4, sizeof found.bits);
        FOUND_RESULT(found, 7);
      }
    }
  load_attr_known : {
    // A site's first object fills its cache; one that meets others too keeps it and finds them in a table.
    const At w{pc};
    Value object = R[b_of(w)];
    if (Value found = known_attr(object, pc, frame->code)) FOUND_RESULT(found, 7);
    goto load_attr_slowly;
  }
    CASE(LoadAttrModule) : {
      const At w{pc};
      Value object = R[b_of(w)];
      if (is_exact(object, module_type)) [[likely]] {
        Dict* dict = cast<Module>(object)->dict;
        Value found = dict->layout == pc[2] ? dict->entries[pc[3]].value : Value();
        if (found) [[likely]]
          FOUND_RESULT(found, 7);
      }
      goto load_attr_slowly;
    }
    CASE(StoreAttr) : store_attr_slowly : {
      SAVE();
      if (!op_store_attr(thread, frame, R, pc)) goto error;
      NEXT(7);
    }
    CASE(StoreAttrInline) : {
      const At w{pc};
      Value object = R[a_of(w)];
      if (Value* slot = cached_inline_slot(object, pc)) [[likely]]
        STORE_RESULT(*slot);
      goto store_attr_slowly;
    }
    CASE(StoreAttrNew) : {
      const At w{pc};
      Value object = R[a_of(w)];
      if (Attrs* attrs = cached_attrs(object, pc)) [[likely]] {
        Shape* child;
        std::memcpy(&child, pc + 4, sizeof child);
        SAVE();
        if (child->count <= object.as_object()->type->attrs_hint) [[likely]] {
          // Room inside the instance: nothing moves.
          attrs->slots[child->count - 1] = take(R, b_of(w)).release();
          attrs->shape = child;
        } else {
          attrs_append(object.as_object(), attrs, child, R[b_of(w)]);
          kill(R, b_of(w));
        }
        kill(R, a_of(w));
        NEXT(7);
      }
      goto store_attr_slowly;
    }
    CASE(StoreAttrSlot) : {
      const At w{pc};
      Value object = R[a_of(w)];
      if (Attrs* attrs = cached_attrs(object, pc)) [[likely]]
        STORE_RESULT(attrs->slots[pc[4]]);
      goto store_attr_slowly;
    }
    CASE(StoreAttrMember) : {
      const At w{pc};
      Value object = R[a_of(w)];
      if (object.is_object() && object.as_object()->type->version == pc[2]) [[likely]]
        STORE_RESULT(member_at(object.as_object(), pc[3]));
      goto store_attr_slowly;
    }
    OUT_OF_LINE(DeleteAttr, op_delete_attr)
    OUT_OF_LINE(LoadSuperAttr, op_load_super_attr)
    CASE(LoadItem) : {
      const At w{pc};
      Value object = R[b_of(w)], key = R[c_of(w)];
      if (object.is_object() && key.is_int()) [[likely]] {
        Type* type = object.as_object()->type;
        auto index = static_cast<uint64_t>(key.as_int());
        if (type == &list_type) [[likely]] {
          List* list = cast<List>(object);
          if (index < list->size || (index += list->size) < list->size) [[likely]]
            FOUND_RESULT(list->items[index], 2);
        } else if (type == &tuple_type) {
          Tuple* tuple = cast<Tuple>(object);
          if (index < tuple->size || (index += tuple->size) < tuple->size) [[likely]]
            FOUND_RESULT(tuple->items()[index], 2);
        }
      }
      SAVE();
      if (!op_load_item(thread, frame, R, pc)) goto error;
      NEXT(2);
    }
    CASE(LoadItemInt) : {
      const At w{pc};
      Value object = R[b_of(w)];
      if (object.is_object()) [[likely]] {
        Type* type = object.as_object()->type;
        auto index = static_cast<uint64_t>(c_of(w));
        if (type == &tuple_type) {
          Tuple* tuple = cast<Tuple>(object);
          if (index < tuple->size || (index += tuple->size) < tuple->size) [[likely]]
            FOUND_RESULT(tuple->items()[index], 2);
        } else if (type == &list_type) {
          List* list = cast<List>(object);
          if (index < list->size || (index += list->size) < list->size) [[likely]]
            FOUND_RESULT(list->items[index], 2);
        }
      }
      SAVE();
      if (!op_load_item_int(thread, frame, R, pc)) goto error;
      NEXT(2);
    }
    CASE(StoreItem) : {
      const At w{pc};
      Value object = R[a_of(w)], key = R[b_of(w)];
      if (is_exact(object, list_type) && key.is_int()) {
        List* list = cast<List>(object);
        auto index = static_cast<uint64_t>(key.as_int());
        if (index < list->size || (index += list->size) < list->size) [[likely]] {
          Value stored = take(R, c_of(w)).release();
          Value old = std::exchange(list->items[index], stored);
          if (old.is_object()) {
            SAVE();
            decref(old);
          }
          if (a_of(w) >= 0) {
            R[a_of(w)] = Value();
            SAVE();
            decref(object);
          }
          NEXT(2);
        }
      }
      SAVE();
      if (!op_store_item(thread, frame, R, pc)) goto error;
      NEXT(2);
    }
    OUT_OF_LINE(DeleteItem, op_delete_item)
    OUT_OF_LINE(BuildSlice, op_build_slice)

    // --------------------------------------------------------------------------------------------- operators
    // Fast paths for two small ints and for two doubles; everything else is slow_binary's.
#define ARITHMETIC(name, op, is_inplace, int_case, float_case)                                               \
  CASE(name) : {                                                                                             \
    const At w{pc};                                                                                          \
    Value x = R[b_of(w)], y = R[c_of(w)];                                                                    \
    if (both_int(x, y)) {                                                                                    \
      int_case                                                                                               \
    } else if (x.is_double() && y.is_double()) {                                                             \
      float_case                                                                                             \
    }                                                                                                        \
    SAVE();                                                                                                  \
    if (!slow_binary(thread, R, w, op, is_inplace)) goto error;                                              \
    NEXT(2);                                                                                                 \
  }
#define NUMBER_RESULT(result)                                                                                \
  do {                                                                                                       \
    Value number = (result);                                                                                 \
    SET_RESULT(a_of(w), number);                                                                             \
    NEXT(2);                                                                                                 \
  } while (0)
#define INT_RESULT(expression)                                                                               \
  {                                                                                                          \
    int64_t result_ = (expression);                                                                          \
    if (Value::fits_int(result_)) [[likely]]                                                                 \
      NUMBER_RESULT(Value::from_int(result_));                                                               \
  }
// Sums and differences overflow as 64-bit ones do when the numbers stand in the upper bits.
#define HIGH_RESULT(builtin, right)                                                                          \
  {                                                                                                          \
    int64_t high_;                                                                                           \
    if (!builtin(x.high_int(), (right), &high_)) [[likely]]                                                  \
      NUMBER_RESULT(Value::from_high_int(high_));                                                            \
  }
#define ADD_INT HIGH_RESULT(__builtin_add_overflow, y.high_int())
#define SUB_INT HIGH_RESULT(__builtin_sub_overflow, y.high_int())
#define FLOAT_RESULT(expression) NUMBER_RESULT(Value::from_double(expression));
#define X x.as_int()
#define Y y.as_int()
#define FX x.as_double()
#define FY y.as_double()
#define NOTHING
#define MUL_INT                                                                                              \
  {                                                                                                          \
    int64_t product;                                                                                         \
    if (!__builtin_mul_overflow(X, Y, &product)) INT_RESULT(product)                                         \
  }
#define FLOORDIV_INT                                                                                         \
  {                                                                                                          \
    int64_t d = Y;                                                                                           \
    if (d != 0) {                                                                                            \
      int64_t q = X / d;                                                                                     \
      if ((X % d != 0) && ((X ^ d) < 0)) --q;                                                                \
      INT_RESULT(q)                                                                                          \
    }                                                                                                        \
  }
#define MOD_INT                                                                                              \
  {                                                                                                          \
    int64_t r;                                                                                               \
    if (mod_floor(X, Y, r)) INT_RESULT(r)                                                                    \
  }
#define TRUEDIV_INT                                                                                          \
  if (Y != 0) FLOAT_RESULT(static_cast<double>(X) / static_cast<double>(Y))
#define TRUEDIV_FLOAT                                                                                        \
  if (FY != 0.0) FLOAT_RESULT(FX / FY)
#define LSHIFT_INT                                                                                           \
  if (Y >= 0 && Y < 15 && X < (int64_t{1} << 32) && X > -(int64_t{1} << 32)) INT_RESULT(X*(int64_t{1} << Y))
#define RSHIFT_INT                                                                                           \
  if (Y >= 0) INT_RESULT(Y > 63 ? (X < 0 ? -1 : 0) : X >> Y)

    ARITHMETIC(Add, BinaryOp::Add, false, ADD_INT, FLOAT_RESULT(FX + FY))
    ARITHMETIC(Sub, BinaryOp::Sub, false, SUB_INT, FLOAT_RESULT(FX - FY))
    ARITHMETIC(Mul, BinaryOp::Mul, false, MUL_INT, FLOAT_RESULT(FX * FY))
    ARITHMETIC(MatMul, BinaryOp::MatMul, false, NOTHING, NOTHING)
    ARITHMETIC(TrueDiv, BinaryOp::TrueDiv, false, TRUEDIV_INT, TRUEDIV_FLOAT)
    ARITHMETIC(FloorDiv, BinaryOp::FloorDiv, false, FLOORDIV_INT, NOTHING)
    ARITHMETIC(Mod, BinaryOp::Mod, false, MOD_INT, NOTHING)
    ARITHMETIC(Pow, BinaryOp::Pow, false, NOTHING, NOTHING)
    ARITHMETIC(LShift, BinaryOp::LShift, false, LSHIFT_INT, NOTHING)
    ARITHMETIC(RShift, BinaryOp::RShift, false, RSHIFT_INT, NOTHING)
    ARITHMETIC(And, BinaryOp::And, false, NUMBER_RESULT(Value(x.bits & y.bits));, NOTHING)
    ARITHMETIC(Or, BinaryOp::Or, false, NUMBER_RESULT(Value(x.bits | y.bits));, NOTHING)
    ARITHMETIC(Xor, BinaryOp::Xor, false, NUMBER_RESULT(Value((x.bits ^ y.bits) | Value::int_tag));, NOTHING)
    ARITHMETIC(InplaceAdd, BinaryOp::Add, true, ADD_INT, FLOAT_RESULT(FX + FY))
    ARITHMETIC(InplaceSub, BinaryOp::Sub, true, SUB_INT, FLOAT_RESULT(FX - FY))
    ARITHMETIC(InplaceMul, BinaryOp::Mul, true, MUL_INT, FLOAT_RESULT(FX * FY))
    ARITHMETIC(InplaceMatMul, BinaryOp::MatMul, true, NOTHING, NOTHING)
    ARITHMETIC(InplaceTrueDiv, BinaryOp::TrueDiv, true, TRUEDIV_INT, TRUEDIV_FLOAT)
    ARITHMETIC(InplaceFloorDiv, BinaryOp::FloorDiv, true, FLOORDIV_INT, NOTHING)
    ARITHMETIC(InplaceMod, BinaryOp::Mod, true, MOD_INT, NOTHING)
    ARITHMETIC(InplacePow, BinaryOp::Pow, true, NOTHING, NOTHING)
    ARITHMETIC(InplaceLShift, BinaryOp::LShift, true, LSHIFT_INT, NOTHING)
    ARITHMETIC(InplaceRShift, BinaryOp::RShift, true, RSHIFT_INT, NOTHING)
    ARITHMETIC(InplaceAnd, BinaryOp::And, true, NUMBER_RESULT(Value(x.bits & y.bits));, NOTHING)
    ARITHMETIC(InplaceOr, BinaryOp::Or, true, NUMBER_RESULT(Value(x.bits | y.bits));, NOTHING)
    ARITHMETIC(InplaceXor, BinaryOp::Xor, true, NUMBER_RESULT(Value((x.bits ^ y.bits) | Value::int_tag));
               , NOTHING)

#define ARITHMETIC_INT(name, op, is_inplace, sign, builtin)                                                  \
  CASE(name) : {                                                                                             \
    const At w{pc};                                                                                          \
    Value x = R[b_of(w)];                                                                                    \
    if (x.is_int()) {                                                                                        \
      HIGH_RESULT(builtin, int64_t{c_of(w)} * (1 << 16))                                                     \
    } else if (x.is_double()) {                                                                              \
      FLOAT_RESULT(x.as_double() sign c_of(w))                                                               \
    }                                                                                                        \
    SAVE();                                                                                                  \
    if (!slow_binary_int(thread, R, w, op, is_inplace)) goto error;                                          \
    NEXT(2);                                                                                                 \
  }
    ARITHMETIC_INT(AddInt, BinaryOp::Add, false, +, __builtin_add_overflow)
    ARITHMETIC_INT(SubInt, BinaryOp::Sub, false, -, __builtin_sub_overflow)
    ARITHMETIC_INT(InplaceAddInt, BinaryOp::Add, true, +, __builtin_add_overflow)
    ARITHMETIC_INT(InplaceSubInt, BinaryOp::Sub, true, -, __builtin_sub_overflow)

    OUT_OF_LINE(Neg, op_unary)
    OUT_OF_LINE(Pos, op_unary)
    OUT_OF_LINE(Invert, op_unary)
    CASE(Not) : {
      const At w{pc};
      SAVE();
      int truth = truth_of(thread, R, b_of(w), false, false);
      if (truth < 0) goto error;
      store(R, a_of(w), Value::from_bool(!truth));
      NEXT(1);
    }

#define COMPARISON(name, op, symbol)                                                                         \
  CASE(name) : {                                                                                             \
    const At w{pc};                                                                                          \
    Value x = R[b_of(w)], y = R[c_of(w)];                                                                    \
    if (both_int(x, y)) NUMBER_RESULT(Value::from_bool(x.high_int() symbol y.high_int()));                   \
    if (x.is_double() && y.is_double()) NUMBER_RESULT(Value::from_bool(x.as_double() symbol y.as_double())); \
    SAVE();                                                                                                  \
    if (!slow_compare(thread, R, w, op)) goto error;                                                         \
    NEXT(2);                                                                                                 \
  }
    COMPARISON(Lt, CompareOp::Lt, <)
    COMPARISON(Le, CompareOp::Le, <=)
    COMPARISON(Eq, CompareOp::Eq, ==)
    COMPARISON(Ne, CompareOp::Ne, !=)
    COMPARISON(Gt, CompareOp::Gt, >)
    COMPARISON(Ge, CompareOp::Ge, >=)

    CASE(Is) : {
      const At w{pc};
      bool same = R[b_of(w)] == R[c_of(w)];
      SAVE();
      kill(R, b_of(w));
      kill(R, c_of(w));
      store(R, a_of(w), Value::from_bool(same));
      NEXT(1);
    }
    CASE(IsNot) : {
      const At w{pc};
      bool same = R[b_of(w)] == R[c_of(w)];
      SAVE();
      kill(R, b_of(w));
      kill(R, c_of(w));
      store(R, a_of(w), Value::from_bool(!same));
      NEXT(1);
    }
    OUT_OF_LINE(In, op_in)
    OUT_OF_LINE(NotIn, op_in)

    // ------------------------------------------------------------------------------------------------- jumps
    CASE(Jump) : NEXT(1 + j_of(At{pc}));
    CASE(JumpBack) : {
      if (thread.breaker.load(std::memory_order_relaxed)) [[unlikely]] {
        SAVE();
        if (!handle_breaker(thread)) goto error;
      }
      NEXT(1 + j_of(At{pc}));
    }
    CASE(JumpIfTrue) : {
      const At w{pc};
      Value test = R[a_of(w)];
      if (test.is_bool()) [[likely]] {
        if (test.is_true()) pc += i_of(w);
        NEXT(1);
      }
      if (test.is_int() || test.is_none()) { // nothing to release
        if (is_true_number(test)) pc += i_of(w);
        NEXT(1);
      }
      SAVE();
      int truth = truth_of(thread, R, a_of(w), false, false);
      if (truth < 0) goto error;
      if (truth) pc += i_of(w);
      NEXT(1);
    }
    CASE(JumpIfFalse) : {
      const At w{pc};
      Value test = R[a_of(w)];
      if (test.is_bool()) [[likely]] {
        if (test.is_false()) pc += i_of(w);
        NEXT(1);
      }
      if (test.is_int() || test.is_none()) { // nothing to release
        if (!is_true_number(test)) pc += i_of(w);
        NEXT(1);
      }
      SAVE();
      int truth = truth_of(thread, R, a_of(w), false, false);
      if (truth < 0) goto error;
      if (!truth) pc += i_of(w);
      NEXT(1);
    }
    CASE(JumpIfTrueKeep) : {
      const At w{pc};
      SAVE();
      int truth = truth_of(thread, R, a_of(w), true, false);
      if (truth < 0) goto error;
      if (truth) pc += i_of(w);
      NEXT(1);
    }
    CASE(JumpIfFalseKeep) : {
      const At w{pc};
      SAVE();
      int truth = truth_of(thread, R, a_of(w), false, true);
      if (truth < 0) goto error;
      if (!truth) pc += i_of(w);
      NEXT(1);
    }
    CASE(JumpIfNone) : {
      const At w{pc};
      bool is_none = R[a_of(w)].is_none();
      SAVE();
      kill(R, a_of(w));
      if (is_none) pc += i_of(w);
      NEXT(1);
    }
    CASE(JumpIfNotNone) : {
      const At w{pc};
      bool is_none = R[a_of(w)].is_none();
      SAVE();
      kill(R, a_of(w));
      if (!is_none) pc += i_of(w);
      NEXT(1);
    }
#define COMPARING_JUMP(name, op, symbol)                                                                     \
  CASE(name) : {                                                                                             \
    const At w{pc};                                                                                          \
    Value x = R[a_of(w)], y = R[b_of(w)];                                                                    \
    int truth;                                                                                               \
    if (both_int(x, y)) truth = x.high_int() symbol y.high_int();                                            \
    else if (x.is_double() && y.is_double()) truth = x.as_double() symbol y.as_double();                     \
    else {                                                                                                   \
      SAVE();                                                                                                \
      truth = compare_truth(thread, R, w, op);                                                               \
      if (truth < 0) goto error;                                                                             \
    }                                                                                                        \
    NEXT(3 + (static_cast<unsigned>(truth) == n_of(w) ? word_jump(pc) : 0));                                 \
  }
    COMPARING_JUMP(JumpLt, CompareOp::Lt, <)
    COMPARING_JUMP(JumpLe, CompareOp::Le, <=)
    COMPARING_JUMP(JumpEq, CompareOp::Eq, ==)
    COMPARING_JUMP(JumpNe, CompareOp::Ne, !=)
    COMPARING_JUMP(JumpGt, CompareOp::Gt, >)
    COMPARING_JUMP(JumpGe, CompareOp::Ge, >=)
#define COMPARING_JUMP_INT(name, op, symbol)                                                                 \
  CASE(name) : {                                                                                             \
    const At w{pc};                                                                                          \
    Value x = R[a_of(w)];                                                                                    \
    int truth;                                                                                               \
    if (x.is_int()) [[likely]]                                                                               \
      truth = x.as_int() symbol b_of(w);                                                                     \
    else {                                                                                                   \
      SAVE();                                                                                                \
      truth = compare_int_truth(thread, R, w, op);                                                           \
      if (truth < 0) goto error;                                                                             \
    }                                                                                                        \
    NEXT(3 + (static_cast<unsigned>(truth) == n_of(w) ? word_jump(pc) : 0));                                 \
  }
    COMPARING_JUMP_INT(JumpLtInt, CompareOp::Lt, <)
    COMPARING_JUMP_INT(JumpLeInt, CompareOp::Le, <=)
    COMPARING_JUMP_INT(JumpEqInt, CompareOp::Eq, ==)
    COMPARING_JUMP_INT(JumpNeInt, CompareOp::Ne, !=)
    COMPARING_JUMP_INT(JumpGtInt, CompareOp::Gt, >)
    COMPARING_JUMP_INT(JumpGeInt, CompareOp::Ge, >=)
    CASE(JumpIs) : {
      const At w{pc};
      bool same = R[a_of(w)] == R[b_of(w)];
      SAVE();
      kill(R, a_of(w));
      kill(R, b_of(w));
      NEXT(2 + (same == (n_of(w) == 1) ? word_jump(pc) : 0));
    }
    CASE(JumpIn) : {
      const At w{pc};
      SAVE();
      int found = contains(thread, R[b_of(w)], R[a_of(w)]);
      if (found < 0) goto error;
      kill(R, a_of(w));
      kill(R, b_of(w));
      NEXT(2 + (static_cast<unsigned>(found) == n_of(w) ? word_jump(pc) : 0));
    }

    // ---------------------------------------------------------------------------------------------- building
    OUT_OF_LINE(BuildTuple, op_build_tuple)
    OUT_OF_LINE(BuildList, op_build_list)
    OUT_OF_LINE(BuildSet, op_build_set)
    OUT_OF_LINE(BuildDict, op_build_dict)
    OUT_OF_LINE(BuildString, op_build_string)
    OUT_OF_LINE(FormatValue, op_format_value)
    CASE(ListAppend) : {
      const At w{pc};
      list_append(cast<List>(R[a_of(w)]), take(R, b_of(w)));
      NEXT(1);
    }
    OUT_OF_LINE(ListExtend, op_list_extend)
    OUT_OF_LINE(ListToTuple, op_list_to_tuple)
    OUT_OF_LINE(SetAdd, op_set_add)
    OUT_OF_LINE(SetUpdate, op_set_update)
    OUT_OF_LINE(DictSet, op_dict_set)
    OUT_OF_LINE(DictUpdate, op_dict_update)
    OUT_OF_LINE(DictMerge, op_dict_merge)
    CASE(UnpackSequence) : {
      const At w{pc};
      Value source = R[b_of(w)];
      SAVE();
      if (is_exact(source, tuple_type) && cast<Tuple>(source)->size == n_of(w)) [[likely]] {
        Ref hold = take(R, b_of(w));
        const Value* items = cast<Tuple>(source)->items();
        int a = a_of(w);
        for (unsigned i = 0; i < n_of(w); ++i) {
          incref(items[i]);
          store(R, a + static_cast<int>(i), items[i]);
        }
      } else if (!op_unpack_sequence(thread, frame, R, pc)) {
        goto error;
      }
      NEXT(1);
    }
    OUT_OF_LINE(UnpackEx, op_unpack_ex)
    OUT_OF_LINE(UnpackTuple, op_unpack_tuple)

    // --------------------------------------------------------------------------------------------- iterating
    CASE(GetIter) : {
      const At w{pc};
      SAVE();
      Ref iterator = iter(thread, R[b_of(w)]);
      if (!iterator) goto error;
      kill(R, b_of(w));
      store(R, a_of(w), iterator.release());
      NEXT(1);
    }
    CASE(ForIter) : {
      const At w{pc};
      Object* iterator = R[b_of(w)].as_object();
      Type* type = iterator->type;
      if (type == &range_iterator_type) {
        auto* range = static_cast<RangeIterator*>(iterator);
        if (range->remaining == 0) goto for_end;
        --range->remaining;
        value = Value::from_int(range->current);
        range->current += range->step;
      } else if (type == &list_iterator_type) {
        auto* cursor = static_cast<ListIterator*>(iterator);
        if (!cursor->list) goto for_end;
        if (cursor->index >= cursor->list->size) {
          SAVE();
          clear_field(cursor->list); // exhausted for good
          goto for_end;
        }
        value = cursor->list->items[cursor->index++];
        incref(value);
      } else if (type == &generator_type) {
        generator = static_cast<Generator*>(iterator);
        SAVE();
        if (generator->state() == GeneratorState::Finished) goto for_end;
        if (generator->state() == GeneratorState::Created || generator->is_suspended()) {
          generator->frame.flags = FrameRoot;
          goto enter_generator_as_root;
        }
        raise(thread, ValueError_type, "generator already executing");
        goto error;
      } else {
        SAVE();
        if (!type->slots.next) goto for_error_not_iterator;
        Ref item = type->slots.next(thread, R[b_of(w)]);
        if (!item) {
          if (thread.has_error()) {
            if (!error_matches(thread, StopIteration_type)) goto error;
            clear_error(thread);
          }
          goto for_end;
        }
        value = item.release();
      }
      SET_RESULT(a_of(w), value);
      NEXT(3);
    }
  for_error_not_iterator:
    raise_type_error(thread, "object is not an iterator");
    goto error;
  for_end : {
    SAVE();
    kill(R, b_of(At{pc}));
    NEXT(3 + word_jump(pc));
  }
    CASE(GetAiter) : {
      const At w{pc};
      SAVE();
      Ref iterator = async_iter(thread, R[b_of(w)]);
      if (!iterator) goto error;
      kill(R, b_of(w));
      store(R, a_of(w), iterator.release());
      NEXT(1);
    }
    CASE(AsyncForIter) : {
      const At w{pc};
      SAVE();
      Value iterator = R[b_of(w)];
      if (is_exact(iterator, async_generator_type)) {
        // No awaitable is made: its frame is entered as if it were awaited.
        generator = as_generator(iterator);
        if (generator->frame.suspended && generator->leaf == generator && !generator->frame.running_async &&
            !generator->frame.closed && op_of(*generator->frame.ip) == Op::Yield) [[likely]] {
          generator->frame.running_async = true;
          generator->frame.suspended = false;
          Frame& resumed = generator->frame;
          resumed.flags = 0;
          resumed.caller = frame;
          resumed.depth = frame->depth + 1;
          resumed.stack_end = frame->stack_end;
          frame = &resumed;
          LOAD_FRAME();
          int result = a_of(At{pc});
          Value old = R[result];
          if (pc[1] == encode(Op::Clear, result)) { // a `yield` whose value nobody looks at
            R[result] = Value();
            decref(old);
            NEXT(2);
          }
          R[result] = None;
          decref(old);
          NEXT(1);
        }
        if (!begin_direct_step(thread, generator)) goto error;
        value = None;
        goto enter_async_step;
      }
      Ref awaitable = async_next(thread, iterator);
      if (!awaitable) goto error;
      store(R, b_of(w) + 1, awaitable.release());
      goto await_begin;
    }

    // ------------------------------------------------------------------------------------------------- calls
    CASE(Call) : {
      const At w{pc};
      SAVE();
      base = R + b_of(w) + 1;
      nargs = n_of(w);
      if (is_exact(base[-1], function_type)) [[likely]] {
        auto* function = cast<Function>(base[-1]);
        if (function->code->plain_args == nargs && !frame->calls_above) [[likely]] {
          if (StackFrame* entered = enter_plain(thread, function, base, nargs, frame)) [[likely]] {
            base[-1] = Value();
            frame = entered;
            goto entered_function;
          }
        }
      }
      kwnames = nullptr;
      goto call_value;
    }
    CASE(CallKw) : {
      const At w{pc};
      int b = b_of(w);
      SAVE();
      kwnames = cast<Tuple>(frame->code->constants[pc[1]]);
      nargs = n_of(w) - static_cast<uint32_t>(kwnames->size);
      base = &R[b + 1];
      goto call_value;
    }
    CASE(CallEx) : {
      SAVE();
      // Becomes a plain call with the arguments laid out above the frame.
      if (!spread_arguments(thread, frame, R, *pc, base, nargs, value)) goto error;
      kwnames = value ? cast<Tuple>(value) : nullptr;
      goto call_spread;
    }
    CASE(CallMethod) : {
      const At w{pc};
      SAVE();
      nargs = n_of(w);
      kwnames = nullptr;
      base = &R[b_of(w) + 1];
      goto call_method;
    }
    CASE(CallMethodKw) : {
      const At w{pc};
      SAVE();
      kwnames = cast<Tuple>(frame->code->constants[pc[1] + 1]);
      nargs = n_of(w) - static_cast<uint32_t>(kwnames->size);
      base = &R[b_of(w) + 1];
      goto call_method;
    }

    CASE(LoadMethod) : {
      SAVE();
      int a = a_of(At{pc});
      Value object = R[a + 1];
      Type* type = type_of(object);
      Value method;
      if (type->version != 0 && type->version == pc[2] && method_cache_holds(object, type, pc)) [[likely]] {
        std::memcpy(&method.bits, pc + 4, sizeof method.bits);
      } else {
        method = find_method(thread, object, const_cast<Word*>(pc), frame->code);
        if (thread.has_error()) goto error;
      }
      if (method) {
        incref(method);
        store(R, a, method);
      } else {
        Ref found = get_attr(thread, object, cast<Str>(frame->code->constants[pc[1]]));
        if (!found) goto error;
        store(R, a, Value());
        store(R, a + 1, found.release());
      }
      NEXT(op_size[static_cast<int>(Op::LoadMethod)]);
    }
    CASE(CallLoaded) : {
      const At w{pc};
      SAVE();
      nargs = n_of(w);
      kwnames = nullptr;
      goto call_loaded;
    }
    CASE(CallLoadedKw) : {
      const At w{pc};
      SAVE();
      kwnames = cast<Tuple>(frame->code->constants[pc[1]]);
      nargs = n_of(w) - static_cast<uint32_t>(kwnames->size);
      goto call_loaded;
    }

  call_loaded : {
    // With a method in its room the object is the first argument; else the object's place holds what is
    // called.
    base = &R[b_of(At{pc}) + 1];
    if (base[-1]) {
      ++nargs;
      if (is_exact(base[-1], method_descriptor_type)) {
        uint32_t total = nargs + (kwnames ? static_cast<uint32_t>(kwnames->size) : 0);
        Ref result = call_native_row(thread, cast<NativeFunction>(base[-1]), base, nargs, kwnames);
        if (!result) goto error;
        clear_row(base - 1, base + total);
        value = result.release();
        goto call_done;
      }
    } else {
      ++base;
    }
    goto call_value;
  }

  call_method : {
    // base[0] is the object; the method is looked up on its type. What is found there and is a function gets
    // the object as its first argument where it lies.
    Value object = base[0];
    Type* type = type_of(object);
    uint32_t total = nargs + (kwnames ? static_cast<uint32_t>(kwnames->size) : 0);
    Value method;
    if (type->version != 0 && type->version == pc[2] && method_cache_holds(object, type, pc)) [[likely]] {
      std::memcpy(&method.bits, pc + 4, sizeof method.bits);
    } else if (type != &module_type) {
      method = find_method(thread, object, const_cast<Word*>(pc), frame->code);
      if (thread.has_error()) goto method_error;
    }
    if (method) {
      Type* kind = method.as_object()->type;
      if (kind == &function_type) [[likely]] {
        callee = cast<Function>(method);
        incref(callee);
        nargs += 1;
        if (callee->code->plain_args == nargs && !kwnames && !frame->calls_above) [[likely]] {
          if (StackFrame* entered = enter_plain(thread, callee, base, nargs, frame)) [[likely]] {
            frame = entered;
            goto entered_function;
          }
        }
        frame_flags = 0;
        frame_extra = Value();
        goto enter_function;
      }
      auto* native = cast<NativeFunction>(method); // a method_descriptor
      Ref result = native->exact_args == total + 1 && native->owner == type && !kwnames
                       ? native->def->fn(thread, base)
                       : call_native_row(thread, native, base, nargs + 1, kwnames);
      if (!result) goto error;
      clear_row(base, base + total + 1);
      value = result.release();
      goto call_done;
    }
    // An attribute of the instance, or something that binds in its own way.
    Ref found = type == &module_type ? module_attr(thread, object, const_cast<Word*>(pc), frame->code)
                                     : get_attr(thread, object, cast<Str>(frame->code->constants[pc[1]]));
    if (!found) goto method_error;
    Value owner = base[0];
    base[0] = found.release();
    decref(owner);
    ++base;
    goto call_value;
  }

  method_error:
    // Told from the attribute's place, which is that of the second word.
    add_traceback(thread, frame->code, frame->offset() + 1, frame->globals, frame);
    goto unwind;

  call_value : {
    // base[-1] is the callable (owned), base[0 .. nargs + keywords) its arguments.
    Value callable = base[-1];
    Type* kind = callable.is_object() ? callable.as_object()->type : nullptr;
    if (kind == &function_type) {
      callee = cast<Function>(callable);
      base[-1] = Value();
      frame_flags = 0;
      frame_extra = Value();
      goto enter_function;
    }
    if (kind == &bound_method_type) {
      auto* bound = cast<BoundMethod>(callable);
      if (is_exact(bound->function, function_type)) {
        callee = cast<Function>(bound->function);
        incref(callee);
        base[-1] = share(bound->self).release();
        decref(callable);
        --base;
        ++nargs;
        frame_flags = 0;
        frame_extra = Value();
        goto enter_function;
      }
    } else if (kind == &type_type) {
      // A plain class with a script __init__: make the instance here and run __init__ in a frame.
      auto* cls = static_cast<Type*>(callable.as_object());
      if ((cls->flags & (TypeUserInit | TypeUserNew | TypeAbstract)) == TypeUserInit &&
          cls->slots.construct == object_type.slots.construct) {
        Value init = type_lookup(cls, names::dunder_init);
        if (is_exact(init, function_type)) {
          Object* instance = allocate_instance(cls);
          callee = cast<Function>(init);
          incref(callee);
          base[-1] = Value(instance);
          decref(callable);
          --base;
          ++nargs;
          frame_flags = FrameInit;
          frame_extra = share(Value(instance)).release();
          goto enter_function;
        }
      }
    }
    uint32_t total = nargs + (kwnames ? static_cast<uint32_t>(kwnames->size) : 0);
    Ref result;
    if (kind == &native_function_type) {
      auto* native = cast<NativeFunction>(callable);
      result = native->exact_args == total && !kwnames
                   ? native->def->fn(thread, base)
                   : call_native_row(thread, native, base, nargs, kwnames);
    } else {
      result = call(thread, callable, CallArgs{base, nargs, kwnames});
    }
    if (!result) goto error;
    clear_row(base - 1, base + total);
    value = result.release();
    goto call_done;
  }

  call_spread : {
    // As call_value, the arguments lying above the frame (base[-1] the callable).
    Value callable = base[-1];
    uint32_t total = nargs + (kwnames ? static_cast<uint32_t>(kwnames->size) : 0);
    if (is_exact(callable, function_type)) {
      callee = cast<Function>(callable);
      base[-1] = Value();
      frame_flags = 0;
      frame_extra = Value();
      Value names_owner = value; // the names of the keywords stay alive until they are bound
      value = Value();
      if (callee->code->exact_args == nargs && !kwnames) goto enter_function_in_place;
      bool bound = bind_arguments(thread, callee, base, nargs, kwnames);
      decref(names_owner);
      if (!bound) {
        decref(callee);
        goto error;
      }
      goto enter_bound;
    }
    Value names_owner = value;
    value = Value();
    Value* saved_end = frame->stack_end;
    frame->stack_end = base + total; // natives that call back must not overwrite the arguments
    Ref result = call(thread, callable, CallArgs{base, nargs, kwnames});
    for (auto i = static_cast<int>(total); i-- > -1;) clear_field(base[i]); // finalisers run above them
    frame->stack_end = saved_end;
    decref(names_owner);
    if (!result) goto error;
    value = result.release();
    goto call_done;
  }

  enter_function : {
    // Calls `callee` (owned) with arguments at `base` in the caller's registers.
    if (frame->calls_above) {
      Code* code = callee->code;
      if ((code->flags & CodeCoroutine) && code->exact_args == nargs && !kwnames && !frame_flags &&
          awaits_result(pc) && !code->unread_body && !(code->flags & CodeNative) &&
          frame->depth < thread.recursion_limit) {
        // `await f(...)`: from the call straight into the coroutine.
        generator = enter_coroutine(callee, base, nargs, frame);
        pc += size_of(*pc);
        SAVE();
        store(R, b_of(At{pc}), Value(generator));
        frame = &generator->frame;
        LOAD_FRAME();
        if (thread.breaker.load(std::memory_order_relaxed)) [[unlikely]] {
          if (!handle_breaker(thread)) goto error;
        }
        DISPATCH();
      }
      // The callee's registers go where nothing of this frame is.
      uint32_t total = nargs + (kwnames ? static_cast<uint32_t>(kwnames->size) : 0);
      Value* target = frame->stack_end;
      if (target + total > thread.stack_limit) goto stack_overflow;
      for (uint32_t i = 0; i < total; ++i) {
        target[i] = base[i];
        base[i] = Value();
      }
      base = target;
    }
  }
  enter_function_in_place : {
    Code* code = callee->code;
    if (!kwnames && code->exact_args == nargs) [[likely]] {
      if (base + code->local_count + code->temp_count + code->far_count > thread.stack_limit) {
        release_row(base, nargs);
        goto stack_overflow;
      }
      for (uint32_t i = nargs; i < code->local_count; ++i) base[i] = Value();
    } else if (kwnames || !fill_defaults(callee, base, nargs)) {
      if (!bind_arguments(thread, callee, base, nargs, kwnames)) {
        decref(callee);
        clear_field(frame_extra);
        goto error;
      }
    }
  }
  enter_bound : {
    Code* code = callee->code;
    if (code->flags & (CodeGenerator | CodeCoroutine | CodeAsyncGenerator)) {
      const Word* next = pc + size_of(*pc);
      bool awaited = awaits_result(pc);
      if (awaited && (code->flags & CodeNative) && !frame_flags) {
        pc = next;
        SAVE();
        Ref produced;
        Value& slot = R[b_of(At{pc})];
        await_outcome = begin_native_await(thread, frame, Own<Function>::steal(callee), base, slot, produced);
        value = produced.release();
        goto native_await_stepped;
      }
      value = make_generator(thread, Own<Function>::steal(callee), base, awaited).release();
      if (awaited && (code->flags & CodeCoroutine)) { // straight on to the await
        pc = next;
        SAVE();
        generator = as_generator(value);
        store(R, b_of(At{pc}), value);
        goto delegate;
      }
      if (frame_flags & FrameInit) { // __init__ as a generator: let the check complain
        decref(frame_extra);
        raise_type_error(thread,
                         "__init__() should return None, not '" + std::string(type_name(value)) + "'");
        clear_field(value);
        goto error;
      }
      goto call_done;
    }
    StackFrame* entered = push_frame(thread, code, base, frame);
    if (!entered) {
      release_row(base, code->bound_count());
      decref(callee);
      clear_field(frame_extra);
      goto error;
    }
    entered->function = callee;
    entered->globals = callee->globals;
    entered->flags = frame_flags;
    entered->extra = frame_extra;
    frame = entered;
  }
  entered_function : {
    LOAD_FRAME();
    if (thread.breaker.load(std::memory_order_relaxed)) [[unlikely]] {
      if (!handle_breaker(thread)) goto error;
    }
    DISPATCH();
  }

  call_done : {
    // `value` is the result of the calling instruction at pc.
    SAVE();
    store(R, a_of(At{pc}), value);
    pc += size_of(*pc);
    DISPATCH();
  }
  stack_overflow:
    decref(callee);
    clear_field(frame_extra);
    raise(thread, RecursionError_type, "maximum recursion depth exceeded");
    goto error;

    OUT_OF_LINE(MakeFunction, op_make_function)
    CASE(SetTypeParams) : {
      const At w{pc};
      SAVE();
      if (!set_type_params(thread, R[a_of(w)], R[b_of(w)])) goto error;
      kill(R, b_of(w));
      NEXT(1);
    }
    CASE(Return) : {
      int a = a_of(At{pc});
      value = R[a];
      R[a] = Value(); // a local is given up too: its frame ends
      goto frame_returns;
    }
    CASE(ReturnNone) : value = None;
  frame_returns : {
    SAVE();
    if (frame->is_plain()) [[likely]] {
      Frame* caller = frame->caller;
      leave_plain(thread, frame);
      frame = caller;
      LOAD_FRAME();
      SET_RESULT(a_of(At{pc}), value);
      pc += size_of(*pc);
      DISPATCH();
    }
    if (frame->in_generator) goto generator_returns;
    if (frame->flags & FrameInit) {
      if (!value.is_none()) [[unlikely]] {
        raise_type_error(thread,
                         "__init__() should return None, not '" + std::string(type_name(value)) + "'");
        decref(value);
        goto error;
      }
      value = std::exchange(static_cast<StackFrame*>(frame)->extra, Value());
    }
    Frame* caller = frame->caller;
    bool leaves = (frame->flags & FrameEntry) != 0;
    leave_frame(thread, frame, value);
    if (leaves) [[unlikely]] {
      thread.frame = outer;
      out = Ref::steal(value);
      return RunOutcome::Returned;
    }
    frame = caller;
    LOAD_FRAME();
    Value old = R[a_of(At{pc})];
    R[a_of(At{pc})] = value;
    decref(old);
    pc += size_of(*pc);
    DISPATCH();
  }

    // ------------------------------------------------------------------------------ generators and
    // coroutines
    CASE(Yield) : {
      const At w{pc};
      SAVE();
      Value item = take(R, b_of(w)).release();
      Generator* stepped = frame->generator();
      if (stepped->type == &async_generator_type) {
        Frame* caller = frame->caller;
        if (!(frame->flags & FrameEntry)) [[likely]] {
          Word waiting = *caller->ip;
          if (op_of(waiting) == Op::AsyncForIter && !caller->regs[b_of(waiting) + 1]) [[likely]] {
            // `async for` runs this generator directly: the item goes straight into its variable.
            frame->caller = nullptr;
            stepped->leaf = stepped;
            stepped->frame.suspended = true;
            stepped->frame.running_async = false;
            caller->stack_end = frame->stack_end;
            frame = caller;
            LOAD_FRAME();
            Value old = R[a_of(waiting)];
            R[a_of(waiting)] = item;
            decref(old);
            NEXT(op_size[static_cast<int>(Op::AsyncForIter)]);
          }
        }
        value = item;
        goto async_generator_yields;
      }
      value = item;
      goto suspend;
    }
    CASE(Await) : SAVE();
    goto await_begin;
    CASE(YieldFrom) : SAVE();
    goto await_begin;
    CASE(NativeStep) : {
      const At w{pc};
      SAVE();
      NativeStep body = native_def(pc)->step;
      Ref received = Ref::steal(std::exchange(R[b_of(w)], Value()));
      Value raised;
      if (c_of(w)) thread.error = raised = received.release();
      Ref produced;
      switch (body(thread, R - frame->code->local_count, std::move(received), produced)) {
      case NativeOutcome::Turn: produced = share(Value(&native_turn)); [[fallthrough]];
      case NativeOutcome::Wait:
        R[a_of(w)] = produced.release();
        pc = frame->code->words.data() + native_await_word;
        SAVE();
        goto await_begin;
      case NativeOutcome::Return: value = produced.release(); goto frame_returns;
      case NativeOutcome::Raise:
        if (raised && thread.error == raised) goto unwind; // it passes through
        goto error;
      }
    }

  await_begin : {
    // The instruction at pc begins to wait for the value in its awaitable register.
    int slot = awaitable_register(*pc);
    Value awaited = R[slot];
    Type* type = type_of(awaited);
    if (type == &coroutine_type) {
      generator = as_generator(awaited);
      goto delegate;
    }
    if (type == &async_generator_asend_type || type == &async_generator_athrow_type) {
      auto* step = cast<AsyncStep>(awaited);
      if (!begin_step(thread, step)) goto error;
      generator = step->generator;
      value = step->kind == StepKind::Send ? std::exchange(step->sent, Value()) : None;
      if (!value) value = None;
      if (step->kind != StepKind::Send) goto enter_async_throw;
      goto enter_async_step;
    }
    if (!type->slots.send) {
      bool is_await = generic_op(op_of(*pc)) != Op::YieldFrom;
      Ref iterator = is_await ? await_iter(thread, awaited, generic_op(op_of(*pc)) == Op::AsyncForIter)
                              : delegate_iter(thread, awaited, frame->code);
      if (!iterator) goto error;
      store(R, slot, iterator.release());
      type = type_of(R[slot]);
      if (type == &generator_type || type == &coroutine_type) {
        generator = as_generator(R[slot]);
        goto delegate;
      }
    }
    value = Value();
    goto await_continue;
  }
  delegate : {
    // Enters the generator or coroutine that the instruction waits for: no driver in between.
    if (generator->state() == GeneratorState::Finished) {
      if (generator->type == &coroutine_type) {
        raise(thread, RuntimeError_type, "cannot reuse already awaited coroutine");
        goto error;
      }
      value = None;
      goto await_done;
    }
    // A coroutine that was begun already waits for something of its own.
    if (generator->state() == GeneratorState::Active &&
        (!generator->is_suspended() || generator->type == &coroutine_type)) {
      if (generator_is_running(thread, generator))
        raise(thread, ValueError_type, fmt::format("{} already executing", generator_kind(generator)));
      else if (generator->type == &coroutine_type)
        raise(thread, RuntimeError_type, "coroutine is being awaited already");
      else raise(thread, ValueError_type, "generator already executing");
      goto error;
    }
    if (frame->depth >= thread.recursion_limit) {
      finish_generator(thread, generator); // it counts as entered
      raise(thread, RecursionError_type, "maximum recursion depth exceeded");
      goto error;
    }
    if (generator->is_tracked() && frame->in_generator && !frame->generator()->is_tracked())
      track_suspended(frame);
    generator->frame.flags = 0;
    generator->frame.caller = frame;
    generator->frame.depth = frame->depth + 1;
    if (generator->state() == GeneratorState::Created) {
      generator->frame.state = GeneratorState::Active;
      generator->frame.stack_end = frame->stack_end;
      frame = &generator->frame;
      LOAD_FRAME();
      DISPATCH();
    }
    // It was driven by hand before: go on at its innermost frame.
    Frame* innermost = &generator->leaf->frame;
    generator->frame.suspended = false;
    innermost->stack_end = frame->stack_end;
    frame = innermost;
    LOAD_FRAME();
    value = None;
    goto resume_leaf;
  }
  enter_async_step : {
    // Enters the async generator `generator`, whose step the instruction at pc waits for, sending `value`.
    if (frame->depth >= thread.recursion_limit) {
      clear_field(value);
      goto async_step_too_deep;
    }
    if (frame->in_generator && !frame->generator()->is_tracked()) track_suspended(frame);
    generator->frame.flags = 0;
    generator->frame.caller = frame;
    generator->frame.depth = frame->depth + 1;
    generator->frame.stack_end = frame->stack_end;
    bool starts = generator->state() == GeneratorState::Created;
    generator->frame.state = GeneratorState::Active;
    generator->frame.suspended = false;
    frame = &generator->frame;
    LOAD_FRAME();
    if (starts) {
      clear_field(value);
      DISPATCH();
    }
    goto resume_leaf;
  }
  enter_async_throw : {
    // As enter_async_step; the exception that begin_step left pending is raised inside.
    if (frame->in_generator && !frame->generator()->is_tracked()) track_suspended(frame);
    if (generator->state() != GeneratorState::Active) { // nothing runs: the exception comes straight back
      finish_generator(thread, generator);
      generator->frame.running_async = false;
      goto async_step_raised;
    }
    if (frame->depth >= thread.recursion_limit) {
      clear_error(thread);
      goto async_step_too_deep;
    }
    generator->frame.flags = 0;
    generator->frame.caller = frame;
    generator->frame.depth = frame->depth + 1;
    generator->frame.stack_end = frame->stack_end;
    generator->frame.suspended = false;
    frame = &generator->frame;
    LOAD_FRAME();
    goto throw_leaf;
  }
  async_step_too_deep : {
    finish_generator(thread, generator); // it counts as entered
    generator->frame.running_async = false;
    raise(thread, RecursionError_type, "maximum recursion depth exceeded");
    goto async_step_raised;
  }
  async_step_raised : {
    // The async generator awaited at pc ended with the pending exception.
    if (async_step_kind(R, *pc) == StepKind::Send) goto error;
    Ref result;
    if (!end_step(thread, async_step_kind(R, *pc), RunOutcome::Raised, result)) goto error;
    value = result.release();
    goto await_done;
  }

  resume_leaf : {
    // The suspended instruction at pc receives `value`.
    Op op = generic_op(op_of(*pc));
    if (op == Op::Yield) {
      store(R, a_of(At{pc}), value);
      NEXT(1);
    }
    if (op == Op::Await || op == Op::YieldFrom || op == Op::AsyncForIter) goto await_continue;
    // Not started yet: nothing receives the value, which is None.
    clear_field(value);
    DISPATCH();
  }
  throw_leaf : {
    // The suspended instruction at pc raises the pending exception, unless what it waits for wants to see it
    // first.
    Op op = generic_op(op_of(*pc));
    if ((op == Op::Await || op == Op::YieldFrom || op == Op::AsyncForIter) && R[awaitable_register(*pc)]) {
      if (is_native_turn(R[awaitable_register(*pc)])) goto error;
      if (is_native_await(R[awaitable_register(*pc)])) goto native_await_continue;
      Ref yielded;
      switch (throw_into(thread, R[awaitable_register(*pc)], yielded)) {
      case SendOutcome::Yielded: value = yielded.release(); goto suspend;
      case SendOutcome::Returned: value = yielded.release(); goto await_done;
      case SendOutcome::Raised: break;
      }
    }
    goto error;
  }
  await_continue : {
    // One step of the awaitable in the register, which receives `value` (empty at the beginning).
    Value awaited = R[awaitable_register(*pc)];
    if (is_native_turn(awaited)) {
      clear_field(value);
      value = None;
      goto await_done;
    }
    if (is_native_await(awaited)) goto native_await_continue;
    Ref yielded;
    Ref given = Ref::steal(std::exchange(value, Value()));
    switch (send_into(thread, awaited, given, yielded)) {
    case SendOutcome::Yielded: value = yielded.release(); goto suspend;
    case SendOutcome::Returned: value = yielded.release(); goto await_done;
    case SendOutcome::Raised: goto error;
    }
  }
  native_await_continue : {
    // One step of the NativeAwait in the register, which receives `value` or the pending exception.
    Ref given = Ref::steal(std::exchange(value, Value()));
    Ref produced;
    await_outcome = continue_native_await(thread, frame, R[b_of(At{pc})], given, produced);
    value = produced.release();
    goto native_await_stepped;
  }
  native_await_stepped:
    switch (await_outcome) {
    case AwaitOutcome::Yielded: goto suspend;
    case AwaitOutcome::Returned: goto await_done;
    case AwaitOutcome::Raised: goto error;
    case AwaitOutcome::Entered:
      frame = &as_generator(R[b_of(At{pc})])->frame;
      LOAD_FRAME();
      goto await_begin;
    }
  await_done : {
    // The wait at pc is over with `value`.
    SAVE();
    const At w{pc};
    clear_field(R[awaitable_register(w)]);
    store(R, a_of(w), value);
    pc += size_of(w);
    DISPATCH();
  }
  suspend : {
    // The chain stops here and yields `value` to whoever drives it.
    if (!frame->generator()->is_tracked()) track_suspended(frame);
    Generator* root = thread.root;
    Frame* bottom = &root->frame;
    Frame* driver = bottom->caller;
    pop_root(thread, false);
    root->leaf = frame->generator();
    root->frame.suspended = true;
    bottom->caller = nullptr;
    if (bottom->flags & FrameEntry) {
      thread.frame = outer;
      out = Ref::steal(value);
      return RunOutcome::Yielded;
    }
    frame = driver; // a ForIter
    LOAD_FRAME();
    store(R, a_of(At{pc}), value);
    pc += size_of(*pc);
    DISPATCH();
  }
  enter_generator_as_root : {
    // ForIter at pc takes the next value of `generator`.
    if (frame->depth >= thread.recursion_limit) {
      raise(thread, RecursionError_type, "maximum recursion depth exceeded");
      goto error;
    }
    Generator* innermost_link = generator->leaf;
    push_root(thread, generator);
    generator->frame.caller = frame;
    generator->frame.depth = frame->depth + 1;
    if (generator->state() == GeneratorState::Created) {
      generator->frame.state = GeneratorState::Active;
      generator->frame.stack_end = frame->stack_end;
      frame = &generator->frame;
      LOAD_FRAME();
      DISPATCH();
    }
    Frame* innermost = &innermost_link->frame;
    generator->frame.suspended = false;
    innermost->stack_end = frame->stack_end;
    frame = innermost;
    LOAD_FRAME();
    value = None;
    goto resume_leaf;
  }
  async_generator_yields : {
    // The value goes to whoever awaits this step: the frame's caller, or C++ when it drives the generator
    // itself.
    Generator* stepped = frame->generator();
    Frame* caller = frame->caller;
    bool leaves = (frame->flags & FrameEntry) != 0;
    frame->caller = nullptr;
    stepped->frame.running_async = false;
    if (leaves) pop_root(thread, false);
    stepped->leaf = stepped;
    stepped->frame.suspended = true;
    if (leaves) {
      thread.frame = outer;
      out = Ref::steal(value);
      return RunOutcome::Stepped;
    }
    caller->stack_end = frame->stack_end;
    frame = caller;
    LOAD_FRAME();
    if (async_step_kind(R, *pc) == StepKind::Send) [[likely]]
      goto await_done;
    Ref result = Ref::steal(value);
    if (!end_step(thread, async_step_kind(R, *pc), RunOutcome::Stepped, result)) goto error;
    value = result.release();
    goto await_done;
  }
  generator_returns : {
    generator = frame->generator();
    Frame* caller = frame->caller;
    uint8_t flags = frame->flags;
    Value* end = frame->stack_end;
    if (flags == 0 && generator->type == &coroutine_type && is_only_awaited(generator)) {
      // Nobody but the await that it returns to knows it, so nothing is left of it.
      frame = caller;
      if (frame->in_generator) frame->stack_end = end;
      LOAD_FRAME();
      R[awaitable_register(*pc)] = Value();
      retire_coroutine(generator);
      store(R, a_of(At{pc}), value);
      pc += size_of(*pc);
      DISPATCH();
    }
    generator->frame.state = GeneratorState::Finished;
    generator->set_flag(Object::finalized);
    generator->frame.suspended = false;
    bool was_async = generator->type == &async_generator_type;
    if (was_async) generator->frame.running_async = false;
    pop_frame(thread, frame);
    if (flags & FrameRoot) pop_root(thread, true);
    if (flags & FrameEntry) {
      thread.frame = outer;
      out = Ref::steal(value);
      return RunOutcome::Returned;
    }
    frame = caller;
    if (frame->in_generator) frame->stack_end = end;
    LOAD_FRAME();
    Op op = generic_op(op_of(*pc));
    if (op == Op::ForIter) {
      decref(value);
      goto for_end;
    }
    if (was_async) {
      clear_field(value);
      if (op == Op::AsyncForIter && !R[b_of(At{pc}) + 1]) goto async_for_end;
      Ref result;
      if (!end_step(thread, async_step_kind(R, *pc), RunOutcome::Returned, result)) goto error;
      value = result.release();
    }
    goto await_done;
  }
  async_for_end : {
    SAVE();
    clear_field(R[b_of(At{pc}) + 1]);
    kill(R, b_of(At{pc}));
    NEXT(2 + word_jump(pc));
  }

    // -------------------------------------------------------------------------------------------- exceptions
    CASE(Raise) : SAVE();
    op_raise(thread, frame, R, pc);
    goto error;
    CASE(RaiseFrom) : SAVE();
    op_raise_from(thread, frame, R, pc);
    goto error;
    CASE(RaiseBare) : SAVE();
    if (!op_raise_bare(thread, frame, R, pc)) goto error; // there was nothing to raise again
    goto unwind;
    CASE(Reraise) : SAVE();
    thread.error = take(R, a_of(At{pc})).release();
    goto unwind;
    CASE(PushHandled) : push_handled(thread, R, a_of(At{pc}));
    NEXT(1);
    CASE(PopHandled) : SAVE();
    pop_handled(thread, R, a_of(At{pc}));
    NEXT(1);
    CASE(JumpUnlessMatch) : {
      const At w{pc};
      SAVE();
      int matches = exception_matches(thread, R[a_of(w)], R[b_of(w)]);
      if (matches < 0) goto error;
      kill(R, b_of(w));
      NEXT(2 + (matches ? 0 : word_jump(pc)));
    }
    OUT_OF_LINE(SplitGroup, op_split_group)
    OUT_OF_LINE(PrepareReraiseStar, op_prepare_reraise_star)
    CASE(WithEnter) : SAVE();
    goto with_enter;
    CASE(AsyncWithEnter) : SAVE();
    goto with_enter;
  with_enter : {
    base = frame->stack_end;
    callee = begin_enter(thread, R, *pc, base);
    if (callee) {
      nargs = 1;
      goto call_context_method;
    }
    if (!enter_context(thread, R, *pc, op_of(*pc) == Op::AsyncWithEnter)) goto error;
    NEXT(1);
  }
    CASE(WithExit) : SAVE();
    goto with_exit;
    CASE(AsyncWithExit) : SAVE();
    goto with_exit;
  with_exit : {
    base = frame->stack_end;
    callee = begin_exit(thread, R, *pc, base);
    if (callee) {
      nargs = 4;
      goto call_context_method;
    }
    if (!exit_context(thread, R, *pc, op_of(*pc) == Op::AsyncWithExit)) goto error;
    NEXT(1);
  }
  call_context_method:
    kwnames = nullptr;
    frame_flags = 0;
    frame_extra = Value();
    goto enter_function_in_place;

    // ------------------------------------------------------------------------------ modules, classes,
    // patterns
    OUT_OF_LINE(ImportName, op_import_name)
    OUT_OF_LINE(ImportFrom, op_import_from)
    OUT_OF_LINE(ImportStar, op_import_star)
    OUT_OF_LINE(MatchSequence, op_match_sequence)
    OUT_OF_LINE(MatchMapping, op_match_mapping)
    OUT_OF_LINE(MatchLength, op_match_length)
    OUT_OF_LINE(MatchKeys, op_match_keys)
    OUT_OF_LINE(MatchClass, op_match_class)
    OUT_OF_LINE(MatchRest, op_match_rest)
    OUT_OF_LINE(Intrinsic, op_intrinsic)
    OUT_OF_LINE(PrintExpr, op_print_expr)
  }

error : {
  // An exception is pending; frame->ip is where it was raised.
  if (generic_op(op_of(*frame->ip)) == Op::AsyncForIter && error_matches(thread, StopAsyncIteration_type)) {
    clear_error(thread);
    LOAD_FRAME();
    goto async_for_end;
  }
  add_traceback(thread, frame->code, frame->offset(), frame->globals, frame);
}
unwind : {
  uint32_t at = frame->offset();
  Code* code = frame->code;
  for (const Handler& handler : code->handlers) {
    if (at < handler.start || at >= handler.end) continue;
    R = frame->regs;
    for (uint32_t i = handler.depth; i < code->temp_count; ++i) clear_field(R[i]);
    R[handler.depth] = std::exchange(thread.error, Value());
    frame->ip = code->words.data() + handler.handler;
    LOAD_FRAME();
    DISPATCH();
  }
  // No handler here: the frame ends.
  Frame* caller = frame->caller;
  uint8_t flags = frame->flags;
  Generator* owner = frame->generator();
  Value* end = frame->stack_end;
  bool was_async = false;
  keep_locals(thread, frame);
  if (owner) {
    owner->frame.state = GeneratorState::Finished;
    owner->set_flag(Object::finalized);
    owner->frame.suspended = false;
    frame->caller = nullptr;
    was_async = owner->type == &async_generator_type;
    if (was_async) owner->frame.running_async = false;
    convert_stop_iteration(thread, owner);
    pop_frame(thread, frame);
    if (flags & FrameRoot) pop_root(thread, true);
  } else {
    pop_frame(thread, frame);
  }
  if (flags & FrameEntry) {
    thread.frame = outer;
    return RunOutcome::Raised;
  }
  frame = caller;
  if (owner && frame->in_generator) frame->stack_end = end;
  LOAD_FRAME();
  if (was_async) goto async_step_raised;
  goto error;
}
}

} // namespace aspy
