// Heaps kept in lists (the module heapq), for other natives.
#pragma once

#include "vm/object/sequence/list/list.hpp"

namespace aspy {

bool heap_push(Thread& thread, List* heap, Value item); // false: a comparison raised
Ref heap_pop(Thread& thread, List* heap);               // the smallest; IndexError when there is none

} // namespace aspy
