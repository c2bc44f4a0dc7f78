// The operator module: the language's operators as functions, and callables that fetch items and attributes.
#include "runtime/modules/support/accelerated.hpp"
#include "runtime/modules/support/owned_fields.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace aspy {
namespace {

// --- operators ---

template <CompareOp op> Ref comparison(Thread& thread, const Value* args) {
  return compare(thread, args[0], args[1], op);
}
template <BinaryOp op> Ref binary(Thread& thread, const Value* args) {
  return binary_op(thread, op, args[0], args[1]);
}
template <BinaryOp op> Ref inplace(Thread& thread, const Value* args) {
  return inplace_op(thread, op, args[0], args[1]);
}
template <Ref (*fn)(Thread&, Value)> Ref unary(Thread& thread, const Value* args) {
  return fn(thread, args[0]);
}
Ref answer(int result) { return result < 0 ? Ref() : share(Value::from_bool(result != 0)); }

Ref op_truth(Thread& thread, const Value* args) { return answer(truthy(thread, args[0])); }
Ref op_not(Thread& thread, const Value* args) {
  int truth = truthy(thread, args[0]);
  return truth < 0 ? Ref() : share(Value::from_bool(!truth));
}
Ref op_is(Thread&, const Value* args) { return share(Value::from_bool(args[0] == args[1])); }
Ref op_is_not(Thread&, const Value* args) { return share(Value::from_bool(!(args[0] == args[1]))); }
Ref op_is_none(Thread&, const Value* args) { return share(Value::from_bool(args[0].is_none())); }
Ref op_is_not_none(Thread&, const Value* args) { return share(Value::from_bool(!args[0].is_none())); }
Ref op_contains(Thread& thread, const Value* args) { return answer(contains(thread, args[0], args[1])); }
Ref op_getitem(Thread& thread, const Value* args) { return get_item(thread, args[0], args[1]); }
Ref op_setitem(Thread& thread, const Value* args) {
  return set_item(thread, args[0], args[1], args[2]) ? share(None) : Ref();
}
Ref op_delitem(Thread& thread, const Value* args) {
  return set_item(thread, args[0], args[1], Value()) ? share(None) : Ref();
}

template <bool in_place> Ref op_concat(Thread& thread, const Value* args) {
  const Slots& slots = type_of(args[0])->slots;
  if (!slots.concat && (!slots.get_item || is_dict(args[0])))
    return raise_type_error(thread, fmt::format("'{}' object can't be concatenated", type_name(args[0])));
  return in_place ? inplace_op(thread, BinaryOp::Add, args[0], args[1])
                  : binary_op(thread, BinaryOp::Add, args[0], args[1]);
}

// iter() with the words of the sequence protocol.
Ref iterate(Thread& thread, Value sequence) {
  Ref iterator = iter(thread, sequence);
  if (iterator || !error_matches(thread, TypeError_type)) return iterator;
  clear_error(thread);
  return raise_type_error(thread, fmt::format("argument of type '{}' is not iterable", type_name(sequence)));
}

Ref op_count_of(Thread& thread, const Value* args) {
  Ref iterator = iterate(thread, args[0]);
  if (!iterator) return {};
  int64_t count = 0;
  while (Ref item = next(thread, iterator)) {
    int same = equals(thread, item, args[1]);
    if (same < 0) return {};
    count += same;
  }
  return thread.has_error() ? Ref() : make_int(count);
}
Ref op_index_of(Thread& thread, const Value* args) {
  Ref iterator = iterate(thread, args[0]);
  if (!iterator) return {};
  for (int64_t i = 0; Ref item = next(thread, iterator); ++i) {
    int same = equals(thread, item, args[1]);
    if (same < 0) return {};
    if (same) return make_int(i);
  }
  if (thread.has_error()) return {};
  return raise_value_error(thread, "sequence.index(x): x not in sequence");
}
Ref op_length_hint(Thread& thread, const Value* args) {
  int64_t fallback = 0;
  if (args[1] && !to_size(thread, args[1], fallback)) return {};
  int64_t hint = length_hint(thread, args[0], fallback);
  return thread.has_error() ? Ref() : make_int(hint); // the default may be negative
}
Ref op_call(Thread& thread, CallArgs args) {
  if (args.count == 0) return raise_type_error(thread, "call expected at least 1 argument, got 0");
  return call(thread, args[0], {args.args + 1, args.count - 1, args.kwnames});
}

// --- itemgetter, attrgetter, methodcaller ---

struct Getter : Object {
  Value keys; // tuple of the constructor's arguments
};
struct MethodCaller : Object {
  Value name;    // str
  Value args;    // tuple of further positional arguments, then the keyword ones
  Value kwnames; // tuple of str, empty when there are none
};
Type itemgetter_type, attrgetter_type, methodcaller_type;

// Applies `fetch(key)` to each key: one gives the value, several a tuple of values.
template <class Fetch> Ref fetch_all(Getter* getter, Fetch&& fetch) {
  auto* keys = cast<Tuple>(getter->keys);
  if (keys->size == 1) return fetch((*keys)[0]);
  Own<Tuple> values = new_tuple(keys->size);
  for (size_t i = 0; i < keys->size; ++i) {
    Ref value = fetch((*keys)[i]);
    if (!value) return {};
    values->items()[i] = value.release();
  }
  return values;
}

template <bool attributes> Ref getter_construct(Thread& thread, Type* type, CallArgs args) {
  const char* name = attributes ? "attrgetter" : "itemgetter";
  if (!refuse_keywords(thread, name, args)) return {};
  if (args.count == 0) return raise_type_error(thread, fmt::format("{} expected 1 argument, got 0", name));
  if (attributes)
    for (uint32_t i = 0; i < args.count; ++i)
      if (!is_str(args[i])) return raise_type_error(thread, "attribute name must be a string");
  Own<Getter> getter = new_instance<Getter>(type);
  getter->keys = make_tuple(std::span<const Value>(args.args, args.count)).release();
  return getter;
}

bool one_argument(Thread& thread, const char* name, CallArgs args) {
  return refuse_keywords(thread, name, args) && check_count(thread, name, args, 1, 1);
}

Ref itemgetter_call(Thread& thread, Value self, CallArgs args) {
  if (!one_argument(thread, "itemgetter", args)) return {};
  return fetch_all(cast<Getter>(self), [&](Value key) { return get_item(thread, args[0], key); });
}

// A dotted name goes from attribute to attribute.
Ref attrgetter_call(Thread& thread, Value self, CallArgs args) {
  if (!one_argument(thread, "attrgetter", args)) return {};
  return fetch_all(cast<Getter>(self), [&](Value key) {
    std::string_view path = cast<Str>(key)->view();
    Ref object = share(args[0]);
    while (object) {
      size_t dot = path.find('.');
      object = get_attr(thread, object, intern(path.substr(0, dot)));
      if (dot == std::string_view::npos) break;
      path.remove_prefix(dot + 1);
    }
    return object;
  });
}

Ref getter_repr(Thread& thread, Value self) {
  StrBuilder text;
  text.append(full_type_name(type_of(self)));
  auto* keys = cast<Tuple>(cast<Getter>(self)->keys);
  text.append('(');
  for (size_t i = 0; i < keys->size; ++i) {
    if (i) text.append(", ");
    if (!text.append_repr(thread, (*keys)[i])) return {};
  }
  text.append(')');
  return text.finish();
}

Ref methodcaller_construct(Thread& thread, Type* type, CallArgs args) {
  if (args.count == 0)
    return raise_type_error(thread, "methodcaller needs at least one argument, the method name");
  if (!is_str(args[0])) return raise_type_error(thread, "method name must be a string");
  size_t keywords = args.kwnames ? args.kwnames->size : 0;
  Own<MethodCaller> caller = new_instance<MethodCaller>(type);
  caller->name = Value(intern(cast<Str>(args[0])));
  incref(caller->name);
  caller->args = make_tuple(std::span<const Value>(args.args + 1, args.count - 1 + keywords)).release();
  if (keywords) caller->kwnames = Own<Tuple>::share(args.kwnames).release();
  return caller;
}

Ref methodcaller_call(Thread& thread, Value self, CallArgs args) {
  if (!one_argument(thread, "methodcaller", args)) return {};
  auto* caller = cast<MethodCaller>(self);
  Ref method = get_attr(thread, args[0], cast<Str>(caller->name));
  if (!method) return {};
  auto* stored = cast<Tuple>(caller->args);
  auto* kwnames = caller->kwnames ? cast<Tuple>(caller->kwnames) : nullptr;
  size_t positional = stored->size - (kwnames ? kwnames->size : 0);
  return call(thread, method, CallArgs{stored->items(), uint32_t(positional), kwnames});
}

Ref methodcaller_repr(Thread& thread, Value self) {
  auto* caller = cast<MethodCaller>(self);
  StrBuilder text;
  text.append(full_type_name(type_of(self)));
  text.append('(');
  if (!text.append_repr(thread, caller->name)) return {};
  auto* stored = cast<Tuple>(caller->args);
  auto* kwnames = caller->kwnames ? cast<Tuple>(caller->kwnames) : nullptr;
  size_t positional = stored->size - (kwnames ? kwnames->size : 0);
  for (size_t i = 0; i < stored->size; ++i) {
    text.append(", ");
    if (i >= positional) {
      text.append(cast<Str>((*kwnames)[i - positional]));
      text.append('=');
    }
    if (!text.append_repr(thread, (*stored)[i])) return {};
  }
  text.append(')');
  return text.finish();
}

constexpr TypeSpec itemgetter_spec = {
    .name = "operator.itemgetter",
    .instance_size = sizeof(Getter),
    .flags = TypeTracked | TypeFinal,
    .doc = "Return a callable object that fetches the given item(s) from its operand."};
constexpr TypeSpec attrgetter_spec = {
    .name = "operator.attrgetter",
    .instance_size = sizeof(Getter),
    .flags = TypeTracked | TypeFinal,
    .doc = "Return a callable object that fetches the given attribute(s) from its operand."};
constexpr TypeSpec methodcaller_spec = {
    .name = "operator.methodcaller",
    .instance_size = sizeof(MethodCaller),
    .flags = TypeTracked | TypeFinal,
    .doc = "Return a callable object that calls the given method on its operand."};

constexpr NativeDef functions[] = {
    {"lt", "a, b, /", comparison<CompareOp::Lt>, "Same as a < b."},
    {"le", "a, b, /", comparison<CompareOp::Le>, "Same as a <= b."},
    {"eq", "a, b, /", comparison<CompareOp::Eq>, "Same as a == b."},
    {"ne", "a, b, /", comparison<CompareOp::Ne>, "Same as a != b."},
    {"ge", "a, b, /", comparison<CompareOp::Ge>, "Same as a >= b."},
    {"gt", "a, b, /", comparison<CompareOp::Gt>, "Same as a > b."},
    {"add", "a, b, /", binary<BinaryOp::Add>, "Same as a + b."},
    {"sub", "a, b, /", binary<BinaryOp::Sub>, "Same as a - b."},
    {"mul", "a, b, /", binary<BinaryOp::Mul>, "Same as a * b."},
    {"matmul", "a, b, /", binary<BinaryOp::MatMul>, "Same as a @ b."},
    {"truediv", "a, b, /", binary<BinaryOp::TrueDiv>, "Same as a / b."},
    {"floordiv", "a, b, /", binary<BinaryOp::FloorDiv>, "Same as a // b."},
    {"mod", "a, b, /", binary<BinaryOp::Mod>, "Same as a % b."},
    {"pow", "a, b, /", binary<BinaryOp::Pow>, "Same as a ** b."},
    {"lshift", "a, b, /", binary<BinaryOp::LShift>, "Same as a << b."},
    {"rshift", "a, b, /", binary<BinaryOp::RShift>, "Same as a >> b."},
    {"and_", "a, b, /", binary<BinaryOp::And>, "Same as a & b."},
    {"or_", "a, b, /", binary<BinaryOp::Or>, "Same as a | b."},
    {"xor", "a, b, /", binary<BinaryOp::Xor>, "Same as a ^ b."},
    {"iadd", "a, b, /", inplace<BinaryOp::Add>, "Same as a += b."},
    {"isub", "a, b, /", inplace<BinaryOp::Sub>, "Same as a -= b."},
    {"imul", "a, b, /", inplace<BinaryOp::Mul>, "Same as a *= b."},
    {"imatmul", "a, b, /", inplace<BinaryOp::MatMul>, "Same as a @= b."},
    {"itruediv", "a, b, /", inplace<BinaryOp::TrueDiv>, "Same as a /= b."},
    {"ifloordiv", "a, b, /", inplace<BinaryOp::FloorDiv>, "Same as a //= b."},
    {"imod", "a, b, /", inplace<BinaryOp::Mod>, "Same as a %= b."},
    {"ipow", "a, b, /", inplace<BinaryOp::Pow>, "Same as a **= b."},
    {"ilshift", "a, b, /", inplace<BinaryOp::LShift>, "Same as a <<= b."},
    {"irshift", "a, b, /", inplace<BinaryOp::RShift>, "Same as a >>= b."},
    {"iand", "a, b, /", inplace<BinaryOp::And>, "Same as a &= b."},
    {"ior", "a, b, /", inplace<BinaryOp::Or>, "Same as a |= b."},
    {"ixor", "a, b, /", inplace<BinaryOp::Xor>, "Same as a ^= b."},
    {"neg", "a, /", unary<negative>, "Same as -a."},
    {"pos", "a, /", unary<positive>, "Same as +a."},
    {"invert", "a, /", unary<invert>, "Same as ~a."},
    {"inv", "a, /", unary<invert>, "Same as ~a."},
    {"abs", "a, /", unary<absolute>, "Same as abs(a)."},
    {"index", "a, /", unary<to_index_object>, "Same as a.__index__()"},
    {"not_", "a, /", op_not, "Same as not a."},
    {"truth", "a, /", op_truth, "Return True if a is true, False otherwise."},
    {"is_", "a, b, /", op_is, "Same as a is b."},
    {"is_not", "a, b, /", op_is_not, "Same as a is not b."},
    {"is_none", "a, /", op_is_none, "Same as a is None."},
    {"is_not_none", "a, /", op_is_not_none, "Same as a is not None."},
    {"contains", "a, b, /", op_contains, "Same as b in a (note reversed operands)."},
    {"getitem", "a, b, /", op_getitem, "Same as a[b]."},
    {"setitem", "a, b, c, /", op_setitem, "Same as a[b] = c."},
    {"delitem", "a, b, /", op_delitem, "Same as del a[b]."},
    {"concat", "a, b, /", op_concat<false>, "Same as a + b, for a and b sequences."},
    {"iconcat", "a, b, /", op_concat<true>, "Same as a += b, for a and b sequences."},
    {"countOf", "a, b, /", op_count_of, "Return the number of items in a which are, or which equal, b."},
    {"indexOf", "a, b, /", op_index_of, "Return the first index of b in a."},
    {"length_hint", "obj, default=0, /", op_length_hint, "Return an estimate of the number of items in obj."},
    {"call", "obj, /, *args, **kwargs", nullptr, "Same as obj(*args, **kwargs).", NativeKind::Function,
     op_call},
    {nullptr}};

bool init_operator(Thread&, Module* module) {
  if (!(itemgetter_type.flags & TypeReady)) {
    for (Type* type : {&itemgetter_type, &attrgetter_type}) {
      OwnedFields<Getter, &Getter::keys>::fill(type->slots);
      type->slots.repr = getter_repr;
    }
    itemgetter_type.slots.construct = getter_construct<false>;
    itemgetter_type.slots.call = itemgetter_call;
    attrgetter_type.slots.construct = getter_construct<true>;
    attrgetter_type.slots.call = attrgetter_call;
    OwnedFields<MethodCaller, &MethodCaller::name, &MethodCaller::args, &MethodCaller::kwnames>::fill(
        methodcaller_type.slots);
    methodcaller_type.slots.construct = methodcaller_construct;
    methodcaller_type.slots.call = methodcaller_call;
    methodcaller_type.slots.repr = methodcaller_repr;
    make_ready(itemgetter_type, itemgetter_spec);
    make_ready(attrgetter_type, attrgetter_spec);
    make_ready(methodcaller_type, methodcaller_spec);
  }
  module_set(module, "itemgetter", &itemgetter_type);
  module_set(module, "attrgetter", &attrgetter_type);
  module_set(module, "methodcaller", &methodcaller_type);
  std::vector<std::string_view> public_names;
  uint32_t at = 0;
  Value key, value;
  while (dict_next(module->dict, at, key, value)) {
    if (cast<Str>(key)->view()[0] != '_') public_names.push_back(cast<Str>(key)->view());
  }
  std::sort(public_names.begin(), public_names.end());
  Own<List> all = new_list();
  for (std::string_view name : public_names) list_append(all.get(), share(Value(intern(name))));
  module_set(module, "__all__", all.value());
  set_native_module(module, "_operator");
  // Every operator goes by its dunder name too: operator.__add__ is operator.add.
  for (std::string_view name :
       {"lt",        "le",      "eq",      "ne",       "ge",      "gt",    "add",     "sub",
        "mul",       "matmul",  "truediv", "floordiv", "mod",     "pow",   "lshift",  "rshift",
        "and_",      "or_",     "xor",     "iadd",     "isub",    "imul",  "imatmul", "itruediv",
        "ifloordiv", "imod",    "ipow",    "ilshift",  "irshift", "iand",  "ior",     "ixor",
        "neg",       "pos",     "invert",  "inv",      "abs",     "index", "not_",    "contains",
        "getitem",   "setitem", "delitem", "concat",   "iconcat", "call"}) {
    Value function = dict_get(module->dict, name);
    if (name.back() == '_') name.remove_suffix(1);
    if (function) module_set(module, fmt::format("__{}__", name), function);
  }
  return true;
}

} // namespace

extern const ModuleSpec operator_module;
const ModuleSpec operator_module = {
    "operator", functions, init_operator,
    "Operator interface.\n\nThis module exports a set of functions implemented in C "
    "corresponding\nto the intrinsic operators of Python.  For example, "
    "operator.add(x, y)\nis equivalent to the expression x+y."};

} // namespace aspy
