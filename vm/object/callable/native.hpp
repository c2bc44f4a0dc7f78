// Functions written in C++: how they are declared and how arguments are bound to their parameters.
#pragma once

#include "vm/object/type/type.hpp"

namespace aspy {

// A native function gets one argument for each declared parameter, in order: borrowed, empty where an
// optional one was omitted; `*args` arrives as a tuple, `**kwargs` as a dict (empty Value when there were
// none). It returns a new reference, or empty with an exception pending.
using NativeBody = Ref(Thread& thread, const Value* args);
using NativeFn = NativeBody*;
// The raw form: it sees the call as it was made.
using NativeRawFn = Ref (*)(Thread& thread, CallArgs args);

enum class NativeKind : uint8_t {
  Function,    // module function, or a method whose first parameter is self
  ClassMethod, // first parameter is the type
  StaticMethod,
};

// One declaration: name, parameters as the language writes them, body, documentation. The parameter text is
// parsed on first need:
//     {"index", "self, value, start=0, stop=9223372036854775807, /", list_index, "Return first index of
//     value."}
// Everything before `/` is positional-only. Defaults in the text are for help() and inspect; the body
// treats an empty value as "omitted". A parameter named `self` is bound like a method's. Behind a `|` stands
// what inspect is told in place of the parameters; nothing there: it is told nothing ("no signature found").
// `raw` set: `fn` is not used.
struct NativeDef {
  const char* name; // null ends a table
  const char* params = "";
  NativeFn fn = nullptr;
  const char* doc = nullptr;
  NativeKind kind = NativeKind::Function;
  NativeRawFn raw = nullptr;
};

struct Signature; // the parsed parameter text

// builtin_function_or_method (a module's function, or a bound native method when `self` is set) and
// method_descriptor (unbound: `owner` set).
struct NativeFunction : Object {
  const NativeDef* def = nullptr;
  Signature* signature = nullptr; // parsed lazily, owned by a table that lives for ever
  // The number of positional arguments that, as they stand, are what `def->fn` gets, if there is one and the
  // signature has been parsed; never in a bound function.
  uint32_t exact_args = UINT32_MAX;
  Value self;            // owned: the bound object, or the module (a str) for functions
  Type* owner = nullptr; // for method descriptors, borrowed
  Value module;          // __module__: a str or None, owned
};
extern Type native_function_type;   // builtin_function_or_method
extern Type method_descriptor_type; // method_descriptor: list.append
extern Type classmethod_descriptor_type;
extern Type slot_wrapper_type;   // wrapper_descriptor: list.__len__
extern Type method_wrapper_type; // [].__len__
extern Type getset_type, member_type;

// `module_name`: its __module__; null: None. `def` must live for ever.
Ref make_native_function(Thread& thread, const NativeDef& def, Str* module_name = nullptr);

// Calls a native with arguments as given: binds them to the parameters (positional, keyword, defaults),
// raising CPython's TypeErrors. `self` is put in front when not empty.
Ref call_native(Thread& thread, NativeFunction* function, Value self, CallArgs args);

// Binds arguments for natives that are not functions (constructors): parameter text -> `out[n]`, one value
// for each parameter. `out` owns nothing; made tuples and dicts are kept alive by `keep`.
// Raises TypeError naming `function_name`.
struct BoundArgs {
  static constexpr int max_params = 12;
  Value values[max_params];
  Ref keep[2];
  Value operator[](int index) const { return values[index]; }
};
bool bind_args(Thread& thread, const char* function_name, const char* params, CallArgs args, BoundArgs& out);
// "NAME() takes no keyword arguments".
bool refuse_keywords(Thread& thread, const char* function_name, CallArgs args);
// "NAME expected at least MIN argument(s), got N" and its kin.
bool check_count(Thread& thread, const char* function_name, CallArgs args, uint32_t min, uint32_t max);

// --- converting arguments; each raises CPython's TypeError/OverflowError/ValueError ----------------
bool to_index(Thread& thread, Value value, int64_t& out); // __index__, clamped to 64 bits (slices, sizes)
bool to_int64(Thread& thread, Value value, int64_t& out); // __index__, OverflowError beyond 64 bits
bool to_int32(Thread& thread, Value value, int32_t& out);
bool to_double(Thread& thread, Value value, double& out); // float, int, __float__, __index__
Str* to_str_arg(Thread& thread, const char* function, const char* what,
                Value value); // borrowed; must be a str

} // namespace aspy
