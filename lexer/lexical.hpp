#pragma once

#include <tao/pegtl.hpp>
#include <tao/pegtl/contrib/uint8.hpp>

/// The lexical grammar: what single tokens look like. How they follow each other (indentation, brackets,
/// f-string nesting) is the Lexer's.
namespace aspy::lexical {

using namespace tao::pegtl;

// --- Space between tokens
struct blank : one<' ', '\t', '\f'> {};
struct blanks : star<blank> {};
struct comment : seq<one<'#'>, star<not_one<'\n'>>> {};

// --- Words: any byte past ASCII may belong to one; whether it does is checked afterwards
struct word_start : sor<ranges<'a', 'z', 'A', 'Z', '_'>, uint8::range<0x80, 0xFF>> {};
struct word_part : sor<ranges<'a', 'z', 'A', 'Z', '0', '9', '_'>, uint8::range<0x80, 0xFF>> {};
struct word : seq<word_start, star<word_part>> {};

// --- Numbers: the longest good beginning. What follows at once (a letter, an underscore) is judged
// afterwards.
template <class Digit> struct digits : seq<Digit, star<sor<Digit, seq<one<'_'>, Digit>>>> {};
struct hexadecimal : seq<one<'0'>, one<'x', 'X'>, opt<one<'_'>>, digits<xdigit>> {};
struct octal : seq<one<'0'>, one<'o', 'O'>, opt<one<'_'>>, digits<range<'0', '7'>>> {};
struct binary : seq<one<'0'>, one<'b', 'B'>, opt<one<'_'>>, digits<one<'0', '1'>>> {};
struct digitpart : digits<digit> {};
struct exponent : seq<one<'e', 'E'>, opt<one<'+', '-'>>, digitpart> {};
struct fraction : seq<one<'.'>, opt<digitpart>> {};
struct point_float : sor<seq<digitpart, opt<fraction>>, seq<one<'.'>, digitpart>> {};
struct decimal : seq<point_float, opt<exponent>> {};
struct imaginary : seq<decimal, one<'j', 'J'>> {};

// --- Strings: the letters that may stand before a quote
struct prefix_letter : one<'r', 'R', 'b', 'B', 'u', 'U', 'f', 'F', 't', 'T'> {};
struct quote : one<'"', '\''> {};
struct string_start : seq<rep_max<3, prefix_letter>, quote> {};

} // namespace aspy::lexical
