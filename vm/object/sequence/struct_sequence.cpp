#include "vm/object/sequence/struct_sequence.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aspy {
namespace {

constexpr size_t most_fields = 24;

struct Declaration {
  StructSequenceSpec sequence;
  std::vector<GetSetDef> getset;
  TypeSpec spec;

  size_t total() const { return sequence.fields.size(); }
  size_t visible() const { return sequence.visible ? sequence.visible : total(); }
  // Visible items whose attribute is another, hidden one.
  size_t unnamed() const {
    auto hidden = sequence.fields.subspan(visible());
    auto is_hidden = [&](std::string_view name) {
      return std::find(hidden.begin(), hidden.end(), name) != hidden.end();
    };
    return static_cast<size_t>(
        std::count_if(sequence.fields.begin(), sequence.fields.begin() + visible(), is_hidden));
  }
};
// By type; addresses stay, because make_ready keeps them.
std::unordered_map<const Type*, Declaration>& declarations() {
  static auto* all = new std::unordered_map<const Type*, Declaration>();
  return *all;
}
const Declaration& declaration_of(const Type* type) { return declarations().find(type)->second; }

std::span<Value> all_items(Value self) {
  return {cast<Tuple>(self)->items(), declaration_of(type_of(self)).total()};
}

template <size_t index> Ref get_item_at(Thread&, Value self) { return share((*cast<Tuple>(self))[index]); }
template <size_t... index> constexpr auto getters(std::index_sequence<index...>) {
  return std::array<Ref (*)(Thread&, Value), sizeof...(index)>{get_item_at<index>...};
}
constexpr auto field_getters = getters(std::make_index_sequence<most_fields>());

void sequence_dealloc(Object* object) {
  for (Value item : all_items(object)) decref(item);
  free_object(object);
}
void sequence_traverse(Object* object, Visitor& visitor) {
  for (Value item : all_items(object)) visitor(item);
}

Ref sequence_repr(Thread& thread, Value self) {
  const Declaration& declared = declaration_of(type_of(self));
  StrBuilder out;
  out.append(declared.sequence.name);
  out.append('(');
  for (size_t i = 0; i < declared.visible(); ++i) {
    if (i) out.append(", ");
    out.append(declared.sequence.fields[i]);
    out.append('=');
    if (!out.append_repr(thread, (*cast<Tuple>(self))[i])) return {};
  }
  out.append(')');
  return out.finish();
}

// struct_time(sequence, dict={}): hidden fields follow the visible ones in the sequence, or stand in the
// dict.
Ref sequence_construct(Thread& thread, Type* type, CallArgs call) {
  const Declaration& declared = declaration_of(type);
  BoundArgs bound;
  if (!bind_args(thread, "structseq", "sequence, dict={}", call, bound)) return {};
  if (!type_of(bound[0])->slots.iter && !type_of(bound[0])->slots.get_item)
    return raise_type_error(thread, "constructor requires a sequence");
  if (bound[1] && !is_dict(bound[1]))
    return raise_type_error(thread,
                            fmt::format("{}() takes a dict as second arg, if any", declared.sequence.name));
  Own<Tuple> given = tuple_from_iterable(thread, bound[0]);
  if (!given) return {};
  size_t least = declared.visible(), most = declared.total();
  if (given->size < least || given->size > most) {
    const char* how = least == most ? "a" : given->size < least ? "an at least" : "an at most";
    return raise_type_error(thread, fmt::format("{}() takes {} {}-sequence ({}-sequence given)",
                                                declared.sequence.name, how,
                                                given->size < least ? least : most, given->size));
  }
  std::vector<Value> items(given->view().begin(), given->view().end());
  for (size_t i = items.size(); i < most; ++i) {
    Value named = bound[1] ? dict_get(cast<Dict>(bound[1]), intern(declared.sequence.fields[i])) : Value();
    // an attribute that hides an item is that item, when nothing else is said
    auto shown = std::find(declared.sequence.fields.begin(),
                           declared.sequence.fields.begin() + static_cast<ptrdiff_t>(least),
                           std::string_view(declared.sequence.fields[i]));
    Value same = shown - declared.sequence.fields.begin() < static_cast<ptrdiff_t>(least)
                     ? (*given)[static_cast<size_t>(shown - declared.sequence.fields.begin())]
                     : None;
    items.push_back(named ? named : same);
  }
  return make_struct_sequence(*type, items);
}

Ref sequence_reduce(Thread&, const Value* args) {
  const Declaration& declared = declaration_of(type_of(args[0]));
  std::span<Value> items = all_items(args[0]);
  Own<Tuple> visible = make_tuple(std::span<const Value>(items.first(declared.visible())));
  Own<Dict> hidden = new_dict();
  for (size_t i = declared.visible(); i < items.size(); ++i)
    dict_set(hidden.get(), intern(declared.sequence.fields[i]), items[i]);
  Own<Tuple> arguments = make_tuple({visible.value(), hidden.value()});
  return make_tuple({Value(type_of(args[0])), arguments.value()});
}

Ref sequence_replace(Thread& thread, const Value* args) {
  const Declaration& declared = declaration_of(type_of(args[0]));
  std::span<Value> old = all_items(args[0]);
  std::vector<Value> items(old.begin(), old.end());
  if (declared.unnamed()) {
    return raise_type_error(
        thread, fmt::format("__replace__() is not supported for {} because it has unnamed field(s)",
                            declared.sequence.name));
  }
  Own<List> unknown = new_list();
  uint32_t at = 0;
  Value key, value;
  while (args[1] && dict_next(cast<Dict>(args[1]), at, key, value)) {
    auto& fields = declared.sequence.fields;
    auto found = std::find(fields.begin(), fields.end(), cast<Str>(key)->view());
    if (found == fields.end()) {
      list_append(unknown.get(), share(key));
    } else {
      items[static_cast<size_t>(found - fields.begin())] = value;
    }
  }
  if (unknown->size) {
    Ref shown = repr(thread, unknown.value());
    if (!shown) return {};
    return raise_type_error(thread,
                            fmt::format("Got unexpected field name(s): {}", cast<Str>(shown)->view()));
  }
  return make_struct_sequence(*type_of(args[0]), items);
}

const NativeDef methods[] = {
    {"__reduce__", "self, /", sequence_reduce},
    {"__replace__", "self, /, **changes", sequence_replace,
     "Return a copy of the structure with new values for the specified fields."},
    {nullptr},
};

} // namespace

void init_struct_sequence(Type& type, const StructSequenceSpec& spec) {
  if (type.flags & TypeReady) return;
  Declaration& declared = declarations()[&type];
  declared.sequence = spec;
  for (size_t i = spec.fields.size(); i-- > 0;) { // hidden ones first: a name goes to the last that has it
    bool taken = false;
    for (const GetSetDef& have : declared.getset)
      taken = taken || std::string_view(have.name) == spec.fields[i];
    if (!taken) declared.getset.push_back({spec.fields[i], field_getters[i], readonly_attribute});
  }
  std::reverse(declared.getset.begin(), declared.getset.end());
  declared.getset.push_back({nullptr, nullptr});
  declared.spec = {.name = spec.name,
                   .base = &tuple_type,
                   .flags = TypeFinal | (spec.constructible ? 0u : uint32_t{TypeNoConstruct}),
                   .methods = methods,
                   .getset = declared.getset.data(),
                   .doc = spec.doc};
  type.slots.dealloc = sequence_dealloc;
  type.slots.traverse = sequence_traverse;
  type.slots.repr = sequence_repr;
  if (spec.constructible) type.slots.construct = sequence_construct;
  make_ready(type, declared.spec);
  auto set = [&](const char* name, Value value) { dict_set(type_dict(&type), intern(name), value); };
  set("n_fields", Value::from_int(static_cast<int64_t>(declared.total())));
  set("n_sequence_fields", Value::from_int(static_cast<int64_t>(declared.visible())));
  set("n_unnamed_fields", Value::from_int(static_cast<int64_t>(declared.unnamed())));
  size_t named = declared.visible() - declared.unnamed();
  Own<Tuple> match = new_tuple(named);
  for (size_t i = 0; i < named; ++i) match->items()[i] = share(Value(intern(spec.fields[i]))).release();
  set("__match_args__", match.value());
}

Ref make_struct_sequence(Type& type, std::span<const Value> items) {
  size_t total = declaration_of(&type).total();
  auto* made = static_cast<Tuple*>(allocate_instance(&type, total * sizeof(Value)));
  made->size = declaration_of(&type).visible();
  for (size_t i = 0; i < total; ++i) made->items()[i] = share(i < items.size() ? items[i] : None).release();
  return Ref::steal(made);
}

Ref make_struct_sequence(Type& type, std::initializer_list<Value> items) {
  return make_struct_sequence(type, std::span<const Value>(items.begin(), items.size()));
}

} // namespace aspy
