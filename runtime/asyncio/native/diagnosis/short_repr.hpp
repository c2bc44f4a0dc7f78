// Results inside reprs, cut to a readable length as reprlib.repr cuts them.
#pragma once

#include "vm/object/object.hpp"

#include <string>

namespace aspy {

// Appends the text; false: a __repr__ raised.
bool append_short_repr(Thread& thread, Value value, std::string& text);

} // namespace aspy
