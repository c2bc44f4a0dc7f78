// Tuples whose items also have names: sys.version_info, time.struct_time, os.stat_result.
#pragma once

#include "vm/object/sequence/tuple.hpp"

#include <initializer_list>
#include <span>

namespace aspy {

// Readies `type` as a subclass of tuple named `name` (dotted) with one attribute for each of `fields`, shown
// as "name(field=item, ...)". `fields` must live for ever. At most 24 fields; safe to call again.
void init_struct_sequence(Type& type, const char* name, std::span<const char* const> fields);
// An instance; as many items as there are fields (owned references are taken).
Ref make_struct_sequence(Type& type, std::initializer_list<Value> items);
Ref make_struct_sequence(Type& type, std::span<const Value> items);

} // namespace aspy
