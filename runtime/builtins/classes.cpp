// __build_class__: what a class statement calls.
#include "runtime/builtins/builtins.hpp"
#include "vm/interpreter/call.hpp"
#include "vm/object/dict.hpp"
#include "vm/object/function.hpp"
#include "vm/object/protocol.hpp"
#include "vm/object/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/tuple.hpp"

#include <fmt/format.h>
#include <vector>

namespace aspy {
namespace {

bool is_type(Value value) { return value.is_object() && (value.as_object()->type->flags & TypeIsType); }

// Replaces bases that are no classes (Generic[T], NamedTuple) by what their __mro_entries__ says.
Own<Tuple> resolve_bases(Thread& thread, Tuple* given) {
  std::vector<Ref> resolved;
  bool changed = false;
  for (Value base : given->view()) {
    Ref method = is_type(base) ? Ref() : find_attr(thread, base, names::dunder_mro_entries);
    if (thread.has_error()) return {};
    if (!method) {
      resolved.push_back(share(base));
      continue;
    }
    Ref entries = call(thread, method, {given});
    if (!entries) return {};
    if (!is_tuple(entries)) return raise_type_error(thread, "__mro_entries__ must return a tuple");
    for (Value entry : cast<Tuple>(entries)->view()) resolved.push_back(share(entry));
    changed = true;
  }
  if (!changed) return Own<Tuple>::share(given);
  Own<Tuple> bases = new_tuple(resolved.size());
  for (size_t i = 0; i < resolved.size(); ++i) bases->items()[i] = resolved[i].release();
  return bases;
}

// The most derived of `meta` and the bases' metaclasses.
Type* winning_metaclass(Thread& thread, Type* meta, Tuple* bases) {
  for (Value base : bases->view()) {
    Type* other = type_of(base);
    if (is_subtype(meta, other)) continue;
    if (is_subtype(other, meta)) {
      meta = other;
      continue;
    }
    return raise_type_error(thread, "metaclass conflict: the metaclass of a derived class must be a (non-strict) "
                                    "subclass of the metaclasses of all its bases");
  }
  return meta;
}

// The keywords of a class header without `metaclass`, in call form: values behind the positional arguments.
struct Keywords {
  std::vector<Value> values; // borrowed
  Own<Tuple> names;
  Value metaclass;
};
Keywords split_keywords(CallArgs call) {
  Keywords out;
  std::vector<Value> kept;
  for (size_t i = 0; call.kwnames && i < call.kwnames->size; ++i) {
    Value name = (*call.kwnames)[i], value = call.args[call.count + i];
    if (cast<Str>(name)->view() == "metaclass") {
      out.metaclass = value;
    } else {
      kept.push_back(name);
      out.values.push_back(value);
    }
  }
  if (!kept.empty()) out.names = make_tuple(std::span<const Value>(kept));
  return out;
}

Ref call_with(Thread& thread, Value callable, std::initializer_list<Value> positional, const Keywords& keywords) {
  std::vector<Value> row(positional);
  row.insert(row.end(), keywords.values.begin(), keywords.values.end());
  return call(thread, callable,
              CallArgs{row.data(), static_cast<uint32_t>(positional.size()), keywords.names.get()});
}

// What the class body runs in.
Ref prepare_namespace(Thread& thread, Value meta, Value name, Tuple* bases, const Keywords& keywords) {
  if (meta == Value(&type_type)) return new_dict();
  Ref prepare = find_attr(thread, meta, names::dunder_prepare);
  if (!prepare) return thread.has_error() ? Ref() : Ref(new_dict());
  Ref ns = call_with(thread, prepare, {name, bases}, keywords);
  if (ns && !type_of(ns)->slots.get_item)
    return raise_type_error(thread, fmt::format("{}.__prepare__() must return a mapping, not {}",
                                                is_type(meta) ? cast<Type>(meta)->name->view() : "<metaclass>",
                                                type_name(ns)));
  return ns;
}

Ref builtin_build_class(Thread& thread, CallArgs args) {
  if (args.count < 2) return raise_type_error(thread, "__build_class__: not enough arguments");
  Value body = args[0], name = args[1];
  if (!is_exact(body, function_type)) return raise_type_error(thread, "__build_class__: func must be a function");
  if (!is_str(name)) return raise_type_error(thread, "__build_class__: name is not a string");
  Own<Tuple> given = make_tuple(std::span(args.args + 2, args.count - 2));
  Own<Tuple> bases = resolve_bases(thread, given.get());
  if (!bases) return {};
  Keywords keywords = split_keywords(args);
  Value meta = keywords.metaclass;
  if (!meta) meta = bases->size ? Value(type_of((*bases)[0])) : Value(&type_type);
  if (is_type(meta)) {
    Type* winner = winning_metaclass(thread, cast<Type>(meta), bases.get());
    if (!winner) return {};
    meta = winner;
  }
  Ref keep_meta = share(meta);
  Ref ns = prepare_namespace(thread, meta, name, bases.get(), keywords);
  if (!ns) return {};
  Ref cell = run_function_with_namespace(thread, body, ns);
  if (!cell) return {};
  if (bases.get() != given.get() && !set_item(thread, ns, names::dunder_orig_bases, given.value())) return {};
  return call_with(thread, meta, {name, bases.value(), ns}, keywords);
}

} // namespace

const NativeDef class_builtins[] = {
    {"__build_class__", "func, name, /, *bases, metaclass=None, **kwds", nullptr, "What class statements call.",
     NativeKind::Function, builtin_build_class},
    {nullptr},
};

} // namespace aspy
