// The bisect module: searching and inserting in sorted sequences.
#include "runtime/modules/support/accelerated.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/thread.hpp"

namespace aspy {
namespace {

// Where `item` belongs in `sequence` between `low` and `high`: after equal items, or before them. -1: raised.
// The key function is applied to the items of the sequence, not to `item`.
int64_t search(Thread& thread, Value sequence, Value item, int64_t low, int64_t high, Value key, bool after) {
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    Ref candidate = is_exact(sequence, list_type) && uint64_t(middle) < cast<List>(sequence)->size
                        ? share((*cast<List>(sequence))[size_t(middle)])
                        : get_item(thread, sequence, make_int(middle));
    if (candidate && key) candidate = call(thread, key, {candidate});
    if (!candidate) return -1;
    int less = after ? compare_bool(thread, item, candidate, CompareOp::Lt)
                     : compare_bool(thread, candidate, item, CompareOp::Lt);
    if (less < 0) return -1;
    if (after ? less : !less) high = middle;
    else low = middle + 1;
  }
  return low;
}

// Arguments: sequence, item, lo=0, hi=None, key=None.
bool read_bounds(Thread& thread, const Value* args, int64_t& low, int64_t& high) {
  low = 0;
  if (args[2] && !to_size(thread, args[2], low)) return false;
  if (low < 0) return raise_value_error(thread, "lo must be non-negative");
  if (args[3] && !args[3].is_none()) return to_size(thread, args[3], high);
  high = length(thread, args[0]);
  return high >= 0;
}
Value key_of(const Value* args) { return args[4] && !args[4].is_none() ? args[4] : Value(); }

template <bool after> Ref bisect(Thread& thread, const Value* args) {
  int64_t low, high;
  if (!read_bounds(thread, args, low, high)) return {};
  int64_t place = search(thread, args[0], args[1], low, high, key_of(args), after);
  return place < 0 ? Ref() : make_int(place);
}

template <bool after> Ref insort(Thread& thread, const Value* args) {
  int64_t low, high;
  if (!read_bounds(thread, args, low, high)) return {};
  Value key = key_of(args);
  Ref sought = key ? call(thread, key, {args[1]}) : share(args[1]);
  if (!sought) return {};
  int64_t place = search(thread, args[0], sought, low, high, key, after);
  if (place < 0) return {};
  if (is_exact(args[0], list_type)) {
    auto* list = cast<List>(args[0]);
    list_insert(list, std::min(size_t(place), list->size), args[1]);
    return share(None);
  }
  Ref index = make_int(place);
  Ref done = call_method(thread, args[0], "insert", {index, args[1]});
  return done ? share(None) : Ref();
}

constexpr const char* params = "a, x, lo=0, hi=None, *, key=None";
constexpr NativeDef functions[] = {
    {"bisect_left", params, bisect<false>,
     "Return the index where to insert item x in list a, assuming a is sorted."},
    {"bisect_right", params, bisect<true>,
     "Return the index where to insert item x in list a, assuming a is sorted."},
    {"insort_left", params, insort<false>,
     "Insert item x in list a, and keep it sorted assuming a is sorted."},
    {"insort_right", params, insort<true>,
     "Insert item x in list a, and keep it sorted assuming a is sorted."},
    {nullptr}};

} // namespace

static bool init_bisect(Thread&, Module* module) {
  set_native_module(module, "_bisect");
  for (const auto& [name, same] :
       {std::pair("bisect", "bisect_right"), std::pair("insort", "insort_right")}) {
    Ref function = share(dict_get(module->dict, same));
    module_set(module, name, function);
  }
  return true;
}

extern const ModuleSpec bisect_module;
const ModuleSpec bisect_module = {"bisect", functions, init_bisect, "Bisection algorithms."};

} // namespace aspy
