// Functions of the language and the cells they share. Calling them is the interpreter's part
// (vm/interpreter/call.cpp); here are their attributes and their lives.
#include "vm/object/callable/function.hpp"

#include "vm/bytecode/code.hpp"
#include "vm/interpreter/call.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cstddef>
#include <fmt/format.h>

namespace aspy {

Type function_type;
Type cell_type;

namespace {

Function* function_of(Value value) { return cast<Function>(value); }
Cell* cell_of(Value value) { return cast<Cell>(value); }
Value or_none(Value value) { return value ? value : None; }
template <class T> Ref shared_or_none(T* object) { return share(object ? Value(object) : None); }

// `__name__` of a module's namespace, borrowed, or None. Where it stands is kept of the namespace that was
// asked last: a function that makes functions asks for it every time.
Value module_name(Dict* globals) {
  static uint32_t layout = 0;
  static int32_t index = 0;
  if (layout == 0 || globals->layout != layout) {
    index = dict_find(globals, names::dunder_name);
    layout = index < 0 ? 0 : dict_layout(globals);
    if (layout == 0) return or_none(dict_get(globals, names::dunder_name));
  }
  return or_none(globals->entries[index].value);
}

} // namespace

Own<Function> make_function(Thread&, Code* code, Dict* globals) {
  auto* function = allocate_pooled<Function>(function_type);
  incref(static_cast<Object*>(code));
  incref(static_cast<Object*>(globals));
  incref(static_cast<Object*>(code->name));
  incref(static_cast<Object*>(code->qualname));
  function->code = code;
  function->globals = globals;
  function->builtins = current_builtins;
  function->name = code->name;
  function->qualname = code->qualname;
  function->doc = share(or_none(code->doc)).release();
  function->module = share(module_name(globals)).release();
  return Own<Function>::steal(function);
}

namespace {

// call() runs functions itself; the slot says that they are callable.
Ref function_call(Thread& thread, Value callee, CallArgs args) { return call(thread, callee, args); }

Ref function_get(Thread&, Value descr, Value object, Value) {
  if (!object) return share(descr);
  return make_bound_method(descr, object);
}

Ref function_repr(Thread&, Value self) {
  return make_str(
      fmt::format("<function {} at {}>", function_of(self)->qualname->view(), fmt::ptr(self.as_object())));
}

// types.FunctionType(code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)
Ref function_construct(Thread& thread, Type*, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "function", "code, globals, name=None, argdefs=None, closure=None, kwdefaults=None",
                 args, bound))
    return Ref();
  auto given = [&](int i) { return bound[i] && !bound[i].is_none() ? bound[i] : Value(); };
  if (!is_exact(bound[0], code_type))
    return raise_type_error(
        thread, fmt::format("function() argument 'code' must be code, not {}", argument_type(bound[0])));
  if (!is_dict(bound[1]))
    return raise_type_error(
        thread, fmt::format("function() argument 'globals' must be dict, not {}", argument_type(bound[1])));
  auto* code = cast<Code>(bound[0]);
  size_t free_count = code->free_names ? code->free_names->size : 0;
  Value closure = given(4);
  if (free_count && !closure) return raise_type_error(thread, "arg 5 (closure) must be tuple");
  size_t cells = closure && is_tuple(closure) ? cast<Tuple>(closure)->size : 0;
  if (cells != free_count)
    return raise_value_error(thread, fmt::format("{} requires closure of length {}, not {}",
                                                 code->name->view(), free_count, cells));
  Own<Function> made = make_function(thread, code, cast<Dict>(bound[1]));
  auto take = [](auto*& field, Value value) {
    using T = std::remove_reference_t<decltype(*field)>;
    field = Own<T>::share(cast<T>(value)).release();
  };
  if (Value name = given(2); name && is_str(name)) {
    Own<Str> old = Own<Str>::steal(made->name);
    take(made->name, name);
  }
  if (Value defaults = given(3); defaults && is_tuple(defaults)) take(made->defaults, defaults);
  if (closure) take(made->closure, closure);
  if (Value kwdefaults = given(5); kwdefaults && is_dict(kwdefaults)) take(made->kwdefaults, kwdefaults);
  return made;
}

void function_traverse(Object* self, Visitor& visit) {
  auto* function = static_cast<Function*>(self);
  visit(function->globals);
  visit(function->defaults);
  visit(function->kwdefaults);
  visit(function->closure);
  visit(function->doc);
  visit(function->annotate);
  visit(function->annotations);
  visit(function->type_params);
  attrs_traverse(function, visit);
}
void function_clear(Object* self) {
  auto* function = static_cast<Function*>(self);
  clear_field(function->globals);
  clear_field(function->defaults);
  clear_field(function->kwdefaults);
  clear_field(function->closure);
  clear_field(function->annotate);
  clear_field(function->annotations);
  clear_field(function->type_params);
  attrs_clear(function);
}
void function_dealloc(Object* self) {
  auto* function = static_cast<Function*>(self);
  clear_field(function->code);
  clear_field(function->globals);
  clear_field(function->defaults);
  clear_field(function->kwdefaults);
  clear_field(function->closure);
  clear_field(function->name);
  clear_field(function->qualname);
  clear_field(function->doc);
  clear_field(function->module);
  clear_field(function->annotate);
  clear_field(function->annotations);
  clear_field(function->type_params);
  attrs_destroy(function);
  free_pooled(function);
}

// --- attributes ----------------------------------------------------------------------------------

Ref get_name(Thread&, Value self) { return share(function_of(self)->name); }
Ref get_qualname(Thread&, Value self) { return share(function_of(self)->qualname); }
bool set_text(Thread& thread, Str*& field, Value value, const char* attribute) {
  if (!value || !is_str(value))
    return raise_type_error(thread, fmt::format("{} must be set to a string object", attribute));
  Own<Str> old = Own<Str>::steal(field);
  field = Own<Str>::share(cast<Str>(value)).release();
  return true;
}
bool set_name(Thread& thread, Value self, Value value) {
  return set_text(thread, function_of(self)->name, value, "__name__");
}
bool set_qualname(Thread& thread, Value self, Value value) {
  return set_text(thread, function_of(self)->qualname, value, "__qualname__");
}

Ref get_defaults(Thread&, Value self) { return shared_or_none(function_of(self)->defaults); }
bool set_defaults(Thread& thread, Value self, Value value) {
  auto* function = function_of(self);
  if (value.is_none()) value = Value();
  if (value && !is_tuple(value))
    return raise_type_error(thread, "__defaults__ must be set to a tuple object");
  Own<Tuple> old = Own<Tuple>::steal(function->defaults);
  function->defaults = value ? Own<Tuple>::share(cast<Tuple>(value)).release() : nullptr;
  return true;
}
Ref get_kwdefaults(Thread&, Value self) { return shared_or_none(function_of(self)->kwdefaults); }
bool set_kwdefaults(Thread& thread, Value self, Value value) {
  auto* function = function_of(self);
  if (value.is_none()) value = Value();
  if (value && !is_dict(value))
    return raise_type_error(thread, "__kwdefaults__ must be set to a dict object");
  Own<Dict> old = Own<Dict>::steal(function->kwdefaults);
  function->kwdefaults = value ? Own<Dict>::share(cast<Dict>(value)).release() : nullptr;
  return true;
}
Ref get_code(Thread&, Value self) { return shared_or_none(function_of(self)->code); }
bool set_code(Thread& thread, Value self, Value value) {
  auto* function = function_of(self);
  if (!is_exact(value, code_type)) return raise_type_error(thread, "__code__ must be set to a code object");
  if (function->code->flags & CodeNative) // it is in use where the function waits
    return raise_type_error(
        thread, fmt::format("the code of {}() is native and cannot be replaced", function->name->view()));
  auto* code = cast<Code>(value);
  auto count = [](Tuple* names) { return names ? names->size : 0; };
  if (count(code->free_names) != count(function->closure))
    return raise_value_error(thread, fmt::format("{}() requires a code object with {} free vars, not {}",
                                                 function->name->view(), count(function->closure),
                                                 count(code->free_names)));
  Own<Code> old = Own<Code>::steal(function->code);
  function->code = Own<Code>::share(code).release();
  return true;
}
Ref get_globals(Thread&, Value self) { return shared_or_none(function_of(self)->globals); }
Ref get_builtins(Thread&, Value self) { return shared_or_none(function_of(self)->builtins); }
Ref get_closure(Thread&, Value self) { return shared_or_none(function_of(self)->closure); }

template <Value Function::*field> Ref get_value(Thread&, Value self) {
  return share(or_none(function_of(self)->*field));
}
template <Value Function::*field> bool set_value(Thread&, Value self, Value value) {
  assign(function_of(self)->*field, share(or_none(value)));
  return true;
}
Ref get_dict(Thread&, Value self) { return share(attrs_dict(self.as_object())); }
bool set_dict(Thread& thread, Value self, Value value) {
  if (!value) return raise_type_error(thread, "cannot delete __dict__");
  if (!is_dict(value))
    return raise_type_error(
        thread, fmt::format("__dict__ must be set to a dictionary, not a '{}'", type_name(value)));
  attrs_replace_dict(self.as_object(), cast<Dict>(value));
  return true;
}

// Annotations are computed when first asked for (PEP 649), with __annotate__(1).
Ref get_annotations(Thread& thread, Value self) {
  auto* function = function_of(self);
  if (!function->annotations) {
    Ref computed;
    if (function->annotate && !function->annotate.is_none()) {
      Ref annotate = share(function->annotate);
      computed = call(thread, annotate, {Value::from_int(1)});
      if (!computed) return Ref();
      if (!is_dict(computed))
        return raise_type_error(
            thread, fmt::format("__annotate__ returned non-dict of type '{}'", type_name(computed)));
    } else {
      computed = new_dict();
    }
    assign(function->annotations, std::move(computed));
  }
  return share(function->annotations);
}
bool set_annotations(Thread& thread, Value self, Value value) {
  auto* function = function_of(self);
  if (value.is_none()) value = Value();
  if (value && !is_dict(value))
    return raise_type_error(thread, "__annotations__ must be set to a dict object");
  assign(function->annotations, share(value));
  assign(function->annotate, share(None));
  return true;
}
Ref get_annotate(Thread&, Value self) { return share(or_none(function_of(self)->annotate)); }
bool set_annotate(Thread& thread, Value self, Value value) {
  if (!value) return raise_type_error(thread, "__annotate__ cannot be deleted");
  if (!value.is_none() && !is_callable(value))
    return raise_type_error(thread, "__annotate__ must be callable or None");
  auto* function = function_of(self);
  if (!value.is_none()) clear_field(function->annotations);
  assign(function->annotate, share(value));
  return true;
}
Ref get_type_params(Thread&, Value self) {
  Value params = function_of(self)->type_params;
  return share(params ? params : Value(empty_tuple()));
}
bool set_type_params(Thread& thread, Value self, Value value) {
  if (!value || !is_tuple(value)) return raise_type_error(thread, "__type_params__ must be set to a tuple");
  assign(function_of(self)->type_params, share(value));
  return true;
}

const GetSetDef function_getset[] = {
    {"__closure__", get_closure, readonly_attribute},
    {"__doc__", get_value<&Function::doc>, set_value<&Function::doc>},
    {"__globals__", get_globals, readonly_attribute},
    {"__module__", get_value<&Function::module>, set_value<&Function::module>},
    {"__builtins__", get_builtins, readonly_attribute},
    {"__code__", get_code, set_code},
    {"__defaults__", get_defaults, set_defaults},
    {"__kwdefaults__", get_kwdefaults, set_kwdefaults},
    {"__annotations__", get_annotations, set_annotations},
    {"__annotate__", get_annotate, set_annotate},
    {"__dict__", get_dict, set_dict},
    {"__name__", get_name, set_name},
    {"__qualname__", get_qualname, set_qualname},
    {"__type_params__", get_type_params, set_type_params},
    {nullptr, nullptr},
};
const TypeSpec function_spec = {.name = "function",
                                .instance_size = sizeof(Function),
                                .flags = TypeFinal | TypeTracked | TypeWeakRefs | TypeMethodLike,
                                .attrs_offset = offsetof(Function, attrs),
                                .getset = function_getset,
                                .doc = "Create a function object."};

// --- cells ---------------------------------------------------------------------------------------

Ref cell_construct(Thread& thread, Type*, CallArgs args) {
  if (!refuse_keywords(thread, "cell", args) || !check_count(thread, "cell", args, 0, 1)) return Ref();
  return make_cell(args.count ? args[0] : Value());
}
Ref cell_repr(Thread&, Value self) {
  Value contents = cell_of(self)->contents;
  const void* at = self.as_object();
  if (!contents) return make_str(fmt::format("<cell at {}: empty>", at));
  const void* inner =
      contents.is_object() ? static_cast<const void*>(contents.as_object()) : &cell_of(self)->contents;
  return make_str(fmt::format("<cell at {}: {} object at {}>", at, type_name(contents), inner));
}
Ref cell_compare(Thread& thread, Value a, Value b, CompareOp op) {
  if (!is_exact(b, cell_type)) return share(NotImplemented);
  Value left = cell_of(a)->contents, right = cell_of(b)->contents;
  if (left && right) return compare(thread, left, right, op);
  // An empty cell comes before a full one.
  int order = static_cast<int>(static_cast<bool>(left)) - static_cast<int>(static_cast<bool>(right));
  return share(Value::from_bool(holds(op, order)));
}
void cell_traverse(Object* self, Visitor& visit) { visit(static_cast<Cell*>(self)->contents); }
void cell_clear(Object* self) { clear_field(static_cast<Cell*>(self)->contents); }
void cell_dealloc(Object* self) {
  auto* cell = static_cast<Cell*>(self);
  clear_field(cell->contents);
  free_pooled(cell);
}
Ref cell_get_contents(Thread& thread, Value self) {
  if (cell_of(self)->contents) return share(cell_of(self)->contents);
  return raise_value_error(thread, "Cell is empty");
}
bool cell_set_contents(Thread&, Value self, Value value) {
  assign(cell_of(self)->contents, share(value));
  return true;
}
const GetSetDef cell_getset[] = {{"cell_contents", cell_get_contents, cell_set_contents}, {nullptr, nullptr}};
const TypeSpec cell_spec = {.name = "cell",
                            .instance_size = sizeof(Cell),
                            .flags = TypeFinal | TypeTracked,
                            .getset = cell_getset,
                            .doc = "Create a new cell object."};

} // namespace

Own<Cell> make_cell(Value contents) {
  auto* cell = allocate_pooled<Cell>(cell_type);
  cell->contents = share(contents).release();
  return Own<Cell>::steal(cell);
}

void init_function_types() {
  Slots& function = function_type.slots;
  function.dealloc = function_dealloc;
  function.traverse = function_traverse;
  function.clear = function_clear;
  function.construct = function_construct;
  function.call = function_call;
  function.descr_get = function_get;
  function.repr = function_repr;
  make_ready(function_type, function_spec);

  Slots& cell = cell_type.slots;
  cell.dealloc = cell_dealloc;
  cell.traverse = cell_traverse;
  cell.clear = cell_clear;
  cell.construct = cell_construct;
  cell.repr = cell_repr;
  cell.compare = cell_compare;
  make_ready(cell_type, cell_spec);
}

} // namespace aspy
