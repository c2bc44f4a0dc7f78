// Values inside messages: whole, and cut to a readable length as reprlib.repr cuts them.
#pragma once

#include "vm/object/object.hpp"

#include <string>

namespace aspy {

// repr(value); "?" when that raises.
std::string shown(Thread& thread, Value value);

// Appends the text, cut; false: a __repr__ raised.
bool append_short_repr(Thread& thread, Value value, std::string& text);

} // namespace aspy
