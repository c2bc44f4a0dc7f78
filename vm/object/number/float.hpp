// float: a double, unboxed in a Value; FloatObject only for instances of script subclasses.
// complex: a boxed pair.
#pragma once

#include "vm/object/type/type.hpp"

#include <string>
#include <string_view>

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
double float_value(Value float_like);  // the number, also of a subclass's instance
std::string float_repr(double number); // shortest text that reads back: "1.0", "1e+16", "inf"
int64_t float_hash(double number);     // that of the equal int, if there is one
// Formats as printf's %e %f %g do, with CPython's exponent form; code 'r' is repr. `flags`: alternate form.
std::string format_double(double number, char code, int precision, bool alternate = false);
Ref make_complex(double real, double imag);
// Reads a float as float(text) does; false when it is none.
bool float_from_text(std::string_view utf8, double& out);
// The arithmetic of two floats; ZeroDivisionError, OverflowError. A negative base with a fraction as exponent
// gives a complex number.
Ref float_binary(Thread& thread, BinaryOp op, double a, double b);
void float_divmod(double a, double b, double& quotient, double& remainder); // b is not 0
// mantissa * 2^exponent (and a bit more if `sticky`), rounded to the nearest double, half to even.
double round_to_double(uint64_t mantissa, bool sticky, int64_t exponent);
double round_decimal(double number, int64_t digits); // round(number, digits); inf when it overflows
// The real or complex number in `value` as a pair; false without an exception for anything else.
bool as_complex(Value value, double& real, double& imag);

} // namespace aspy
