// The functions of asyncio that are native, for the module table: coroutine functions
// (vm/interpreter/generator/native_coroutine.hpp) and gather.
#pragma once

#include "vm/interpreter/generator/native_coroutine.hpp"

namespace aspy {

// gather(function, arguments, return_exceptions), `function` being asyncio.gather.
Ref gather(Thread& thread, const Value* args);
extern Type gathering_future_type;
void init_gather();
Ref sleep_function(Thread& thread);

} // namespace aspy
