// Between dict_methods.cpp and dict_views.cpp.
#pragma once

#include "vm/object/callable/native.hpp"
#include "vm/object/hash/dict.hpp"

namespace aspy {

NativeBody dict_keys, dict_values, dict_items, dict_reversed; // methods of dict
Ref dict_iter(Thread& thread, Value self);                    // its `iter` slot
void init_dict_view_types();

} // namespace aspy
