// Tuples whose items also have names: sys.version_info, time.struct_time, os.stat_result.
#pragma once

#include "vm/object/sequence/tuple/tuple.hpp"

#include <initializer_list>
#include <span>

namespace aspy {

// How such a type looks. Items beyond `visible` are attributes only: they lie behind the tuple's own items
// and are no part of its length, its comparison or its repr. A hidden field with the name of a visible one
// takes over the attribute (os.stat_result.st_mtime is a float, its item 8 an int). All texts live for ever.
struct StructSequenceSpec {
  const char* name; // dotted: "time.struct_time"
  std::span<const char* const> fields;
  size_t visible = 0; // 0: all of them
  const char* doc = nullptr;
  bool constructible = true; // scripts may make instances
};

// Readies `type` as a final subclass of tuple with one attribute for each field, shown as "name(field=item,
// ...)". At most 24 fields; safe to call again.
void init_struct_sequence(Type& type, const StructSequenceSpec& spec);
// An instance; as many items as there are fields, or the visible ones: the others are None then.
Ref make_struct_sequence(Type& type, std::initializer_list<Value> items);
Ref make_struct_sequence(Type& type, std::span<const Value> items);

} // namespace aspy
