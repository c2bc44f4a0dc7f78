// float: a double, unboxed in a Value; FloatObject only for instances of script subclasses.
// complex: a boxed pair.
#pragma once

#include "vm/object/type.hpp"

#include <string>

namespace aspy {

struct FloatObject : Object {
  double number = 0;
};
struct Complex : Object {
  double real = 0, imag = 0;
};
extern Type complex_type;

inline bool is_float_like(Value value) {
  return value.is_double() || (value.is_object() && (value.as_object()->type->flags & TypeIsFloat));
}
double float_value(Value float_like);
std::string float_repr(double number); // shortest text that reads back: "1.0", "1e+16", "inf"
int64_t float_hash(double number);
// Formats as printf's %e %f %g do, with CPython's exponent form; code 'r' is repr. `flags`: alternate form.
std::string format_double(double number, char code, int precision, bool alternate = false);
Ref make_complex(double real, double imag);

} // namespace aspy
