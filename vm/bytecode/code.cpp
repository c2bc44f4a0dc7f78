// The code type: what a script sees of a compiled function.
#include "vm/bytecode/code.hpp"

#include "vm/bytecode/image.hpp"
#include "vm/memory/block_pool.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/init.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>
#include <span>

namespace aspy {

Type code_type;
Ref code_replace(Thread& thread, CallArgs args); // code_replace.cpp

namespace {

Code* code_of(Value self) { return cast<Code>(self); }
Code* code_with_body(Value self) {
  Code* code = code_of(self);
  if (code->unread_body) read_body(code);
  return code;
}

void code_dealloc(Object* object) {
  auto* code = static_cast<Code*>(object);
  clear_field(code->name);
  clear_field(code->qualname);
  clear_field(code->filename);
  clear_field(code->local_names);
  clear_field(code->cell_names);
  clear_field(code->free_names);
  clear_field(code->doc);
  for (Value constant : code->constants) decref(constant);
  if (code->spare) pool_free(code->spare, code->spare_bytes);
  // The vectors are C++ fields of an object that the heap frees as raw memory.
  std::destroy_at(&code->words);
  std::destroy_at(&code->constants);
  std::destroy_at(&code->handlers);
  std::destroy_at(&code->positions);
  std::destroy_at(&code->texts);
  free_object(object);
}

Ref code_repr(Thread&, Value self) {
  Code* code = code_of(self);
  return make_str(fmt::format("<code object {} at {:#x}, file \"{}\", line {}>", code->name->view(),
                              reinterpret_cast<uintptr_t>(code), code->filename->view(), code->first_line));
}

template <class T> Ref field(T* object) {
  return object ? share(Value(object)) : Ref(Own<Tuple>::share(empty_tuple()));
}

Ref get_name(Thread&, Value self) { return field(code_of(self)->name); }
Ref get_qualname(Thread&, Value self) { return field(code_of(self)->qualname); }
Ref get_filename(Thread&, Value self) { return field(code_of(self)->filename); }
Ref get_first_line(Thread&, Value self) { return share(Value::from_int(code_of(self)->first_line)); }
Ref get_flags(Thread&, Value self) { return share(Value::from_int(code_of(self)->flags & 0x0FFF'FFFF)); }
Ref get_arg_count(Thread&, Value self) { return share(Value::from_int(code_of(self)->arg_count)); }
Ref get_posonly_count(Thread&, Value self) { return share(Value::from_int(code_of(self)->posonly_count)); }
Ref get_kwonly_count(Thread&, Value self) { return share(Value::from_int(code_of(self)->kwonly_count)); }
Ref get_stack_size(Thread&, Value self) { return share(Value::from_int(code_of(self)->temp_count)); }
Ref get_cells(Thread&, Value self) { return field(code_of(self)->cell_names); }
Ref get_frees(Thread&, Value self) { return field(code_of(self)->free_names); }

// Parameters and other locals, without those that only live in cells, and each name once.
Ref get_var_names(Thread&, Value self) {
  Code* code = code_of(self);
  std::vector<Value> names;
  uint32_t parameters = code->parameter_count(), index = 0;
  auto in = [](std::span<const Value> list, Value name) {
    for (Value entry : list)
      if (entry == name) return true;
    return false;
  };
  for (Value name : code->local_names->view()) {
    bool parameter = index++ < parameters;
    if (!parameter && in(code->cell_names->view(), name)) continue;
    if (!in(names, name)) names.push_back(name);
  }
  return make_tuple(std::span<const Value>(names));
}
Ref get_local_count(Thread& thread, Value self) {
  Ref names = get_var_names(thread, self);
  return share(Value::from_int(static_cast<int64_t>(cast<Tuple>(names)->size)));
}

// Visits each instruction: its index, its first word.
template <class Body> void for_each_instruction(const Code* code, Body&& body) {
  for (uint32_t at = 0; at < code->words.size(); at += 1 + op_info(op_of(code->words[at])).cache_words)
    body(at, code->words[at]);
}

// The constants that instructions load as values, apart from names.
Ref get_constants(Thread&, Value self) {
  Code* code = code_with_body(self);
  std::vector<bool> is_value(code->constants.size());
  for_each_instruction(code, [&](uint32_t at, Word word) {
    Op op = generic_op(op_of(word));
    if (op == Op::LoadConst) is_value[x_of(word)] = true;
    if (op == Op::LoadConstFar || op == Op::MakeFunction) is_value[code->words[at + 1]] = true;
  });
  std::vector<Value> values;
  if (!code->doc.is_empty()) values.push_back(code->doc);
  for (size_t i = 0; i < is_value.size(); ++i)
    if (is_value[i]) values.push_back(code->constants[i]);
  for_each_instruction(code, [&](uint32_t, Word word) {
    Op op = generic_op(op_of(word));
    if (op == Op::LoadInt) values.push_back(Value::from_int(i_of(word)));
  });
  return make_tuple(std::span<const Value>(values));
}

// Names of globals and attributes, in the order of their first use.
Ref get_names(Thread&, Value self) {
  Code* code = code_with_body(self);
  std::vector<Value> names;
  for_each_instruction(code, [&](uint32_t at, Word word) {
    switch (generic_op(op_of(word))) {
    case Op::LoadGlobal:
    case Op::StoreGlobal:
    case Op::DeleteGlobal:
    case Op::LoadName:
    case Op::StoreName:
    case Op::DeleteName:
    case Op::LoadAttr:
    case Op::StoreAttr:
    case Op::DeleteAttr:
    case Op::LoadSuperAttr:
    case Op::CallMethod:
    case Op::CallMethodKw:
    case Op::LoadMethod:
    case Op::ImportName:
    case Op::ImportFrom: {
      Value name = code->constants[code->words[at + 1]];
      for (Value known : names)
        if (known == name) return;
      names.push_back(name);
      break;
    }
    default: break;
    }
  });
  return make_tuple(std::span<const Value>(names));
}

Ref get_code_bytes(Thread&, Value self) {
  Code* code = code_with_body(self);
  return make_bytes({reinterpret_cast<const char*>(code->words.data()), code->words.size() * sizeof(Word)});
}

Value line_value(uint32_t number, bool known) { return known ? Value::from_int(number) : None; }

// co_positions(): (line, end line, column, end column) of each instruction.
Ref co_positions(Thread& thread, const Value* args) {
  Code* code = code_with_body(args[0]);
  Own<List> list = new_list();
  for_each_instruction(code, [&](uint32_t at, Word) {
    Position position = position_at(code, at);
    bool known = position.line != 0;
    list_append(list.get(),
                make_tuple({line_value(position.line, known), line_value(position.end_line, known),
                            line_value(position.column, known), line_value(position.end_column, known)}));
  });
  return iter(thread, list.value());
}

// co_lines(): (start, end, line) of each run of instructions on one line, in bytes.
Ref co_lines(Thread& thread, const Value* args) {
  Code* code = code_with_body(args[0]);
  Own<List> list = new_list();
  uint32_t start = 0, line = 0;
  bool begun = false;
  auto flush = [&](uint32_t end) {
    if (begun && end > start)
      list_append(list.get(), make_tuple({Value::from_int(start * 4), Value::from_int(end * 4),
                                          line_value(line, line != 0)}));
  };
  for_each_instruction(code, [&](uint32_t at, Word) {
    uint32_t here = position_at(code, at).line;
    if (begun && here == line) return;
    flush(at);
    begun = true;
    start = at;
    line = here;
  });
  flush(static_cast<uint32_t>(code->words.size()));
  return iter(thread, list.value());
}

const GetSetDef code_getset[] = {
    {"co_name", get_name},
    {"co_qualname", get_qualname},
    {"co_filename", get_filename},
    {"co_firstlineno", get_first_line},
    {"co_flags", get_flags},
    {"co_argcount", get_arg_count},
    {"co_posonlyargcount", get_posonly_count},
    {"co_kwonlyargcount", get_kwonly_count},
    {"co_nlocals", get_local_count},
    {"co_stacksize", get_stack_size},
    {"co_varnames", get_var_names},
    {"co_cellvars", get_cells},
    {"co_freevars", get_frees},
    {"co_consts", get_constants},
    {"co_names", get_names},
    {"co_code", get_code_bytes},
    {nullptr, nullptr},
};
const NativeDef code_methods[] = {
    {"co_positions", "self, /", co_positions, nullptr},
    {"co_lines", "self, /", co_lines, nullptr},
    {"replace", "self, /, **changes", nullptr,
     "Return a copy of the code object with new values for the specified fields.", NativeKind::Function,
     code_replace},
    {"__replace__", "self, /, **changes", nullptr, "The same as replace().", NativeKind::Function,
     code_replace},
    {nullptr},
};
const TypeSpec code_spec = {.name = "code",
                            .instance_size = sizeof(Code),
                            .flags = TypeWeakRefs | TypeFinal,
                            .methods = code_methods,
                            .getset = code_getset,
                            .doc = "A compiled function, class body or module."};

// Code is made by compiling text; a script cannot put one together from parts.
Ref code_construct(Thread& thread, Type*, CallArgs args) {
  if (!check_count(thread, "code", args, 16, 18)) return {};
  return raise(thread, NotImplementedError_type, "code objects can only be made by compile()");
}

} // namespace

Own<Code> new_code() { return Own<Code>::steal(allocate<Code>(code_type)); }

void init_code_types() {
  code_type.slots.construct = code_construct;
  code_type.slots.dealloc = code_dealloc;
  code_type.slots.repr = code_repr;
  make_ready(code_type, code_spec);
}

} // namespace aspy
