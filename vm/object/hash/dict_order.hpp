// Work on whole dicts: copying, and changing the order of the items (what OrderedDict adds).
#pragma once

#include "vm/object/hash/dict.hpp"

namespace aspy {

// Copies all items of `source` into an empty dict.
void dict_fill_from(Dict* dict, const Dict* source);

// Makes the item of `key` the last or the first one, in constant time on the average. 1; 0 missing; -1
// raised.
int dict_move_to_end(Thread& thread, Dict* dict, Value key, bool last);

} // namespace aspy
