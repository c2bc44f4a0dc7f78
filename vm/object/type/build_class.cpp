// __build_class__: the class statement. Bases may stand in for others (__mro_entries__), the metaclass
// prepares the namespace, the body runs in it, the metaclass makes the class.
#include "vm/interpreter/call.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/type/class.hpp"

#include <fmt/format.h>
#include <vector>

namespace aspy {
namespace {

// The bases with those that are no classes replaced by what they say. `replaced`: some were.
Own<Tuple> resolve_bases(Thread& thread, Tuple* given, bool& replaced) {
  replaced = false;
  std::vector<Ref> resolved;
  for (Value base : given->view()) {
    if (!is_instance(base, type_type)) {
      Ref entries = find_attr(thread, base, names::dunder_mro_entries);
      if (!entries && thread.has_error()) return nullptr;
      if (entries) {
        Ref others = call(thread, entries, {Value(given)});
        if (!others) return nullptr;
        if (!is_tuple(others)) return raise_type_error(thread, "__mro_entries__ must return a tuple");
        replaced = true;
        for (Value other : cast<Tuple>(others)->view()) resolved.push_back(share(other));
        continue;
      }
    }
    resolved.push_back(share(base));
  }
  if (!replaced) return Own<Tuple>::share(given);
  Own<Tuple> bases = new_tuple(resolved.size());
  for (size_t i = 0; i < resolved.size(); ++i) bases->items()[i] = resolved[i].release();
  return bases;
}

// Keywords of the class statement without `metaclass`.
struct ClassKeywords {
  Value metaclass; // borrowed
  std::vector<Value> values;
  Own<Tuple> names; // null: none left
};

ClassKeywords split_keywords(CallArgs args) {
  static Str* const metaclass_name = intern("metaclass");
  ClassKeywords out;
  if (!args.kwnames) return out;
  std::vector<Value> kept;
  for (size_t i = 0; i < args.kwnames->size; ++i) {
    Value name = (*args.kwnames)[i];
    Value value = args[static_cast<uint32_t>(args.count + i)];
    if (str_equals(cast<Str>(name), metaclass_name)) {
      out.metaclass = value;
    } else {
      kept.push_back(name);
      out.values.push_back(value);
    }
  }
  if (!kept.empty()) out.names = aspy::make_tuple(kept);
  return out;
}

Ref call_with_keywords(Thread& thread, Value callable, std::initializer_list<Value> positional,
                       const ClassKeywords& keywords) {
  std::vector<Value> row(positional);
  row.insert(row.end(), keywords.values.begin(), keywords.values.end());
  return call(thread, callable,
              CallArgs{row.data(), static_cast<uint32_t>(positional.size()), keywords.names.get()});
}

Ref prepare_namespace(Thread& thread, Value metaclass, Value name, Tuple* bases,
                      const ClassKeywords& keywords) {
  if (metaclass == Value(&type_type)) return new_dict();
  Ref prepare = find_attr(thread, metaclass, names::dunder_prepare);
  if (!prepare) return thread.has_error() ? Ref() : Ref(new_dict());
  Ref ns = call_with_keywords(thread, prepare, {name, Value(bases)}, keywords);
  if (!ns) return Ref();
  const Slots& slots = type_of(ns)->slots;
  if (!is_dict(ns) && (!slots.get_item || has_type_flag(ns, TypeIsList | TypeIsTuple))) {
    std::string_view who =
        is_instance(metaclass, type_type) ? cast<Type>(metaclass)->name->view() : "<metaclass>";
    return raise_type_error(
        thread, fmt::format("{}.__prepare__() must return a mapping, not {}", who, type_name(ns)));
  }
  return ns;
}

// The metaclass must have passed __classcell__ on to type.__new__.
bool check_class_cell(Thread& thread, Value cell, Value cls, Value name) {
  if (!is_exact(cell, cell_type) || !is_instance(cls, type_type)) return true;
  Value set_to = cast<Cell>(cell)->contents;
  if (set_to == cls) return true;
  Ref name_text = repr(thread, name), class_text = repr(thread, cls);
  if (!name_text || !class_text) return false;
  auto view = [](const Ref& text) { return cast<Str>(text)->view(); };
  if (!set_to)
    return raise(
        thread, RuntimeError_type,
        fmt::format("__class__ not set defining {} as {}. Was __classcell__ propagated to type.__new__?",
                    view(name_text), view(class_text)));
  Ref other = repr(thread, set_to);
  if (!other) return false;
  return raise_type_error(thread, fmt::format("__class__ set to {} defining {} as {}", view(other),
                                              view(name_text), view(class_text)));
}

} // namespace

Ref build_class(Thread& thread, CallArgs args) {
  if (args.count < 2) return raise_type_error(thread, "__build_class__: not enough arguments");
  if (!is_exact(args[0], function_type))
    return raise_type_error(thread, "__build_class__: func must be a function");
  if (!is_str(args[1])) return raise_type_error(thread, "__build_class__: name is not a string");

  Own<Tuple> given = args.count > 2 ? make_tuple(std::span(args.args + 2, args.count - 2))
                                    : Own<Tuple>::share(empty_tuple());
  bool replaced;
  Own<Tuple> bases = resolve_bases(thread, given.get(), replaced);
  if (!bases) return Ref();
  ClassKeywords keywords = split_keywords(args);

  Value metaclass = keywords.metaclass;
  if (!metaclass) metaclass = bases->size ? Value(type_of((*bases)[0])) : Value(&type_type);
  // A metaclass that is no class (a function, say) is called as it is.
  if (is_instance(metaclass, type_type)) {
    Type* winner = calculate_metaclass(thread, cast<Type>(metaclass), bases.get());
    if (!winner) return Ref();
    metaclass = Value(winner);
  }
  Ref keep = share(metaclass);

  Ref ns = prepare_namespace(thread, metaclass, args[1], bases.get(), keywords);
  if (!ns) return Ref();
  Ref cell = run_function_with_namespace(thread, args[0], ns);
  if (!cell) return Ref();
  if (replaced && !set_item(thread, ns, Value(names::dunder_orig_bases), given.value())) return Ref();
  Ref cls = call_with_keywords(thread, metaclass, {args[1], bases.value(), ns}, keywords);
  if (!cls || !check_class_cell(thread, cell, cls, args[1])) return Ref();
  return cls;
}

} // namespace aspy
