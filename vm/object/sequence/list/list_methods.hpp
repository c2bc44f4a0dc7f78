// Between the files that make up list: list.cpp, list_methods.cpp, sort.cpp.
#pragma once

#include "vm/object/sequence/list/list.hpp"

#include <vector>

namespace aspy {

struct TypeSpec;
extern const TypeSpec list_spec;
void fill_list_slots(Slots& slots);
Ref list_reversed(Thread& thread, const Value* args); // __reversed__

// Makes room for `size` items in all.
void list_reserve(List* list, size_t size);
// list[start:start+count] = with. The items of `with` must stay alive meanwhile; they are not the list's own
// array.
void list_replace(List* list, size_t start, size_t count, std::span<const Value> with);

} // namespace aspy
