// How messages about calls name what was called.
#pragma once

#include "vm/object/type/type.hpp"

#include <string>

namespace aspy {

// "module.Qualified.name()", without the module for builtins; str() of what has no name. Never raises.
std::string callable_text(Thread& thread, Value callable);

} // namespace aspy
