// Changing the order of a dict's items: what OrderedDict adds.
#pragma once

#include "vm/object/hash/dict.hpp"

namespace aspy {

// Makes the item of `key` the last or the first one, in constant time on the average. 1; 0 missing; -1
// raised.
int dict_move_to_end(Thread& thread, Dict* dict, Value key, bool last);

} // namespace aspy
