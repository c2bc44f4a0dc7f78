// Between the files of the functools module.
#pragma once

#include "vm/object/type/type.hpp"

namespace aspy {

extern Type lru_wrapper_type; // what lru_cache makes of a function
void init_lru_type();

} // namespace aspy
