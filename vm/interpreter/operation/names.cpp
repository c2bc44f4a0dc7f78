// Names: globals and builtins with their caches, namespaces, cells, free variables.
#include "vm/interpreter/operation/operations.hpp"

#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy {

namespace {

Str* name_at(const Frame* frame, const Word* pc) { return cast<Str>(frame->code->constants[pc[1]]); }

Word* patch(const Word* pc, Op op) {
  Word* at = const_cast<Word*>(pc);
  *at = (*at & ~Word{0xFF}) | static_cast<Word>(op);
  return at;
}

// What the local `self` of a frame holds: a report may say that an attribute of it was meant.
Ref own_object(Frame* frame) {
  if (!frame || !frame->code->local_names) return {};
  auto names = frame->code->local_names->view();
  uint32_t count = std::min<uint32_t>(frame->code->local_count, static_cast<uint32_t>(names.size()));
  for (uint32_t i = 0; i < count; ++i) {
    if (cast<Str>(names[i])->view() != "self") continue;
    Value held = frame->regs[static_cast<int32_t>(i) - static_cast<int32_t>(frame->code->local_count)];
    if (is_exact(held, cell_type)) held = cast<Cell>(held)->contents;
    return share(held);
  }
  return {};
}

bool raise_name_error(Thread& thread, const std::string& message, Str* name) {
  raise(thread, NameError_type, message);
  if (!thread.error || !is_instance(thread.error, NameError_type)) return false;
  auto* error = cast<NameErrorObject>(thread.error);
  assign(error->name, share(Value(name)));
  assign(error->owner, own_object(thread.frame));
  return false;
}

bool raise_not_defined(Thread& thread, Str* name) {
  return raise_name_error(thread, fmt::format("name '{}' is not defined", name->view()), name);
}

bool raise_free_unbound(Thread& thread, Str* name) {
  return raise_name_error(
      thread,
      fmt::format(
          "cannot access free variable '{}' where it is not associated with a value in enclosing scope",
          name->view()),
      name);
}

// A name looked up in a namespace that may be any mapping. Empty: missing, or raised.
Ref namespace_get(Thread& thread, Value ns, Str* name) {
  if (is_exact(ns, dict_type)) return share(dict_get(cast<Dict>(ns), name));
  Ref found = get_item(thread, ns, Value(name));
  if (!found && error_matches(thread, KeyError_type)) clear_error(thread);
  return found;
}

// Globals, then builtins; NameError.
Ref global_get(Thread& thread, Frame* frame, Str* name) {
  Value found = dict_get(frame->globals, name);
  if (!found) found = dict_get(builtins_of(frame->globals), name);
  if (!found) raise_not_defined(thread, name);
  return share(found);
}

} // namespace

bool raise_unbound_local(Thread& thread, const Code* code, int index) {
  Str* name = cast<Str>((*code->local_names)[static_cast<size_t>(index)]);
  // It carries no name: nothing else is suggested for a local that is merely not bound yet.
  return raise(
      thread, UnboundLocalError_type,
      fmt::format("cannot access local variable '{}' where it is not associated with a value", name->view()));
}

bool op_load_global(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Str* name = name_at(frame, pc);
  int32_t index = dict_find(frame->globals, name);
  Value found;
  if (index >= 0) {
    found = frame->globals->entries[index].value;
    if (uint32_t layout = dict_layout(frame->globals)) {
      Word* at = patch(pc, Op::LoadGlobalModule);
      at[2] = layout;
      at[4] = static_cast<Word>(index);
    }
  } else {
    Dict* builtins = builtins_of(frame->globals);
    index = dict_find(builtins, name);
    if (index < 0) return raise_not_defined(thread, name);
    found = builtins->entries[index].value;
    uint32_t layout = dict_layout(frame->globals), builtins_layout = dict_layout(builtins);
    if (layout && builtins_layout && builtins == current_builtins &&
        !dict_may_revive(frame->globals, Value(name))) {
      Word* at = patch(pc, Op::LoadGlobalBuiltin);
      at[2] = layout;
      at[3] = builtins_layout;
      at[4] = static_cast<Word>(index);
    }
  }
  incref(found);
  store(R, a_of(*pc), found);
  return true;
}

bool op_store_global(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Str* name = name_at(frame, pc);
  int32_t index = dict_find(frame->globals, name);
  if (index < 0) {
    if (!dict_set(thread, frame->globals, Value(name), R[a_of(*pc)])) return false;
    kill(R, a_of(*pc));
    return true;
  }
  if (uint32_t layout = dict_layout(frame->globals)) {
    Word* at = patch(pc, Op::StoreGlobalCached);
    at[2] = layout;
    at[3] = static_cast<Word>(index);
  }
  assign(frame->globals->entries[index].value, take(R, a_of(*pc)));
  return true;
}

bool op_delete_global(Thread& thread, Frame* frame, Value*, const Word* pc) {
  Str* name = name_at(frame, pc);
  if (dict_remove(frame->globals, name)) return true;
  return raise_not_defined(thread, name);
}

bool op_load_name(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Str* name = name_at(frame, pc);
  Ref found;
  if (Value ns = extra_of(frame)) found = namespace_get(thread, ns, name);
  if (!found && !thread.has_error()) found = global_get(thread, frame, name);
  if (!found) return false;
  store(R, a_of(*pc), found.release());
  return true;
}

bool op_store_name(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Str* name = name_at(frame, pc);
  Value ns = extra_of(frame) ? extra_of(frame) : Value(frame->globals);
  bool stored = is_exact(ns, dict_type) ? dict_set(thread, cast<Dict>(ns), Value(name), R[a_of(*pc)])
                                        : set_item(thread, ns, Value(name), R[a_of(*pc)]);
  if (!stored) return false;
  kill(R, a_of(*pc));
  return true;
}

bool op_delete_name(Thread& thread, Frame* frame, Value*, const Word* pc) {
  Str* name = name_at(frame, pc);
  Value ns = extra_of(frame) ? extra_of(frame) : Value(frame->globals);
  if (is_exact(ns, dict_type)) return dict_remove(cast<Dict>(ns), name) || raise_not_defined(thread, name);
  if (set_item(thread, ns, Value(name), Value())) return true;
  if (!error_matches(thread, KeyError_type)) return false;
  clear_error(thread);
  return raise_not_defined(thread, name);
}

bool op_load_cell(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Value contents = cast<Cell>(R[b_of(*pc)])->contents;
  if (!contents)
    return raise_unbound_local(thread, frame->code, static_cast<int>(frame->code->local_count) + b_of(*pc));
  store(R, a_of(*pc), share(contents).release());
  return true;
}

bool op_delete_cell(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Cell* cell = cast<Cell>(R[a_of(*pc)]);
  if (!cell->contents)
    return raise_unbound_local(thread, frame->code, static_cast<int>(frame->code->local_count) + a_of(*pc));
  clear_field(cell->contents);
  return true;
}

bool op_load_free(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Value contents = cast<Cell>((*frame->function->closure)[x_of(*pc)])->contents;
  if (!contents) return raise_free_unbound(thread, cast<Str>((*frame->code->free_names)[x_of(*pc)]));
  store(R, a_of(*pc), share(contents).release());
  return true;
}

bool op_delete_free(Thread& thread, Frame* frame, Value*, const Word* pc) {
  Cell* cell = cast<Cell>((*frame->function->closure)[x_of(*pc)]);
  if (!cell->contents) return raise_free_unbound(thread, cast<Str>((*frame->code->free_names)[x_of(*pc)]));
  clear_field(cell->contents);
  return true;
}

bool op_load_class_free(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Ref found;
  if (Value ns = extra_of(frame)) found = namespace_get(thread, ns, name_at(frame, pc));
  if (thread.has_error()) return false;
  if (!found) return op_load_free(thread, frame, R, pc);
  store(R, a_of(*pc), found.release());
  return true;
}

// Annotations inside a class body: the class's namespace (a temporary, which dies) comes first.
bool op_load_dict_name(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Ref ns = share(R[b_of(*pc)]);
  Ref found = namespace_get(thread, ns, name_at(frame, pc));
  if (!found && !thread.has_error()) found = global_get(thread, frame, name_at(frame, pc));
  if (!found) return false;
  kill(R, b_of(*pc));
  store(R, a_of(*pc), found.release());
  return true;
}

bool op_load_dict_free(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Ref ns = share(R[b_of(*pc)]);
  Ref found = namespace_get(thread, ns, name_at(frame, pc));
  if (thread.has_error()) return false;
  if (!found) {
    found = share(cast<Cell>((*frame->function->closure)[n_of(*pc)])->contents);
    if (!found) return raise_free_unbound(thread, cast<Str>((*frame->code->free_names)[n_of(*pc)]));
  }
  kill(R, b_of(*pc));
  store(R, a_of(*pc), found.release());
  return true;
}

bool op_load_build_class(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Value found = dict_get(builtins_of(frame->globals), names::dunder_build_class);
  if (!found) return raise(thread, NameError_type, "__build_class__ not found");
  store(R, a_of(*pc), share(found).release());
  return true;
}

} // namespace aspy
