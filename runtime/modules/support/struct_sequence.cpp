#include "runtime/modules/support/struct_sequence.hpp"

#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <array>
#include <deque>
#include <fmt/format.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aspy {
namespace {

constexpr size_t most_fields = 24;

struct Declaration {
  const char* name;
  std::span<const char* const> fields;
  std::vector<GetSetDef> getset;
  TypeSpec spec;
};
// By type; addresses stay, because make_ready keeps them.
std::unordered_map<const Type*, Declaration>& declarations() {
  static auto* all = new std::unordered_map<const Type*, Declaration>();
  return *all;
}

template <size_t index> Ref get_item_at(Thread&, Value self) { return share((*cast<Tuple>(self))[index]); }
template <size_t... index> constexpr auto getters(std::index_sequence<index...>) {
  return std::array<Ref (*)(Thread&, Value), sizeof...(index)>{get_item_at<index>...};
}
constexpr auto field_getters = getters(std::make_index_sequence<most_fields>());

const Declaration& declaration_of(Type* type) {
  while (true) {
    auto found = declarations().find(type);
    if (found != declarations().end()) return found->second;
    type = type->base;
  }
}

Ref sequence_repr(Thread& thread, Value self) {
  const Declaration& declared = declaration_of(type_of(self));
  StrBuilder out;
  out.append(declared.name);
  out.append('(');
  for (size_t i = 0; i < declared.fields.size(); ++i) {
    if (i) out.append(", ");
    out.append(declared.fields[i]);
    out.append('=');
    if (!out.append_repr(thread, (*cast<Tuple>(self))[i])) return {};
  }
  out.append(')');
  return out.finish();
}

Ref sequence_construct(Thread& thread, Type* type, CallArgs call) {
  const Declaration& declared = declaration_of(type);
  if (!refuse_keywords(thread, declared.name, call) || !check_count(thread, declared.name, call, 1, 1))
    return {};
  Own<Tuple> items = tuple_from_iterable(thread, call.args[0]);
  if (!items) return {};
  if (items->size != declared.fields.size())
    return raise_type_error(thread, fmt::format("{}() takes a {}-sequence ({}-sequence given)", declared.name,
                                                declared.fields.size(), items->size));
  return make_struct_sequence(*type, items->view());
}

} // namespace

void init_struct_sequence(Type& type, const char* name, std::span<const char* const> fields) {
  if (type.flags & TypeReady) return;
  Declaration& declared = declarations()[&type];
  declared.name = name;
  declared.fields = fields;
  for (size_t i = 0; i < fields.size() && i < most_fields; ++i)
    declared.getset.push_back({fields[i], field_getters[i]});
  declared.getset.push_back({nullptr, nullptr});
  declared.spec = {.name = name, .base = &tuple_type, .flags = TypeFinal, .getset = declared.getset.data()};
  type.slots.repr = sequence_repr;
  type.slots.construct = sequence_construct;
  make_ready(type, declared.spec);
}

Ref make_struct_sequence(Type& type, std::span<const Value> items) {
  auto* made = static_cast<Tuple*>(allocate_instance(&type, items.size() * sizeof(Value)));
  made->size = items.size();
  for (size_t i = 0; i < items.size(); ++i) made->items()[i] = share(items[i]).release();
  return Ref::steal(made);
}

Ref make_struct_sequence(Type& type, std::initializer_list<Value> items) {
  return make_struct_sequence(type, std::span<const Value>(items.begin(), items.size()));
}

} // namespace aspy
