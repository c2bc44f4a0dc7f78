// Between the files of the itertools module.
#pragma once

#include "runtime/modules/support/owned_fields.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

namespace aspy {

struct Module;

// An optional argument: empty for None too.
inline Value given(Value value) { return value.is_none() ? Value() : value; }
inline Value keep(Value borrowed) { return share(borrowed).release(); }

// Readies `type` (once) and stores it in the module under the last part of its name.
void add_itertools_type(Module* module, Type& type, const TypeSpec& spec);

// One for each file: readies its types.
void init_itertools_chains(Module* module);       // accumulate, chain, compress, starmap, filters
void init_itertools_slices(Module* module);       // islice, batched, pairwise, groupby, tee, zip_longest
void init_itertools_combinations(Module* module); // product, permutations, combinations

} // namespace aspy
