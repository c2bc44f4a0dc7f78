// The parsed parameter text of a native, and binding of calls to it.
#pragma once

#include "vm/object/callable/native.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace aspy {

struct Param {
  Str* name;     // interned
  bool optional; // has a default
};

struct Signature {
  std::vector<Param>
      params; // positional-only, positional, keyword-only; then *args and **kwargs have no entry here
  uint32_t posonly = 0;    // how many may not be given by name
  uint32_t positional = 0; // how many may be given by position (posonly included)
  uint32_t required = 0;   // leading positional ones without a default
  bool has_varargs = false, has_kwargs = false;
  bool script_style = false;  // the text begins with "def": messages as for a function of a script
  bool counted_style = false; // it begins with "args": "f() takes exactly 2 arguments (1 given)"
  bool named_style = false;   // it has a `*`: messages as for what takes keywords, even with none to take
  bool self_first = false;    // the first parameter is the bound object: not counted in messages
  bool needs_keyword = false; // there is a keyword-only parameter without a default
  bool fixed = true; // a call without keywords fills a row of places that is known beforehand: no *args
  uint32_t value_count = 0; // what the native gets: params, then *args, then **kwargs... in declared order
  uint32_t varargs_at = 0, kwargs_at = 0; // their places among the values
  std::vector<uint8_t> place;             // of params[i] among the values

  // True when `count` positional values, as they stand, are what the native gets.
  bool fits_exactly(uint32_t count) const { return count == value_count && count == positional && fixed; }
  // True when nothing but omitted optional ones is missing behind `count` positional values. (Natives of more
  // parameters go the general way.)
  bool fits_padded(uint32_t count) const {
    return fixed && count >= required && count <= positional && value_count <= 16;
  }
};

// "list.append", "math.sqrt", "len": how messages name a native.
std::string qualified_name(const NativeFunction* function);

// call_native for the dispatch loop: a native that is not bound to an object, with its arguments in a row.
// The usual call, without keywords, gets by with what fits registers.
Ref call_native_row(Thread& thread, NativeFunction* function, const Value* row, uint32_t count,
                    Tuple* kwnames);

// Parses once per text (compared by address); the result lives for ever.
Signature* signature_of(const char* params);

// Puts the arguments of a call in their places: values[value_count], empty where an optional one is missing.
// `self_count`: how many of the leading arguments are the bound object (0 or 1), for counting in messages.
// Messages name the native "append", or "list.append" where `function` tells its owner (null: they don't).
bool bind_signature(Thread& thread, const Signature& signature, const NativeFunction* function,
                    std::string_view name, CallArgs args, uint32_t self_count, Value* values, Ref& keep_args,
                    Ref& keep_kwargs);

} // namespace aspy
