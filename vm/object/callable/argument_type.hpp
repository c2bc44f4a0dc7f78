// How messages about arguments name the type of what was given.
#pragma once

#include "vm/object/object.hpp"

#include <string_view>

namespace aspy {

// The type's name; "None" for None.
std::string_view argument_type(Value value);

} // namespace aspy
