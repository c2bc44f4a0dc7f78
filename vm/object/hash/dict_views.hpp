// Between dict_methods.cpp and dict_views.cpp.
#pragma once

#include "vm/object/hash/dict.hpp"

namespace aspy {

Ref dict_keys(Thread& thread, const Value* args);
Ref dict_values(Thread& thread, const Value* args);
Ref dict_items(Thread& thread, const Value* args);
Ref dict_reversed(Thread& thread, const Value* args);
Ref dict_iter(Thread& thread, Value self);
void init_dict_view_types();

} // namespace aspy
