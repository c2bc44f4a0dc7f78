// The coroutine functions of asyncio that are native (vm/interpreter/generator/native_coroutine.hpp), for the
// module table.
#pragma once

#include "vm/interpreter/generator/native_coroutine.hpp"

namespace aspy {

void init_sleep();
Ref sleep_function(Thread& thread);

} // namespace aspy
