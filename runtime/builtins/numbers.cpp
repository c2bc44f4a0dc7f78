// Built-in functions about numbers: abs, bin, chr, divmod, hex, max, min, oct, ord, pow, round, sum.
#include "runtime/builtins/builtins.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/suggestions.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str_internal.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <iterator>

namespace aspy {
namespace {

Ref builtin_abs(Thread& thread, const Value* args) { return absolute(thread, args[0]); }

// bin, oct, hex: digits behind sign and prefix.
Ref in_base(Thread& thread, Value number, int base, std::string_view prefix) {
  Ref index = to_index_object(thread, number);
  if (!index) return {};
  if (index.get().is_int()) {
    char text[56];
    int64_t small = index.get().as_int();
    char* out = text;
    if (small < 0) *out++ = '-';
    out = std::copy(prefix.begin(), prefix.end(), out);
    out = std::to_chars(out, std::end(text), small < 0 ? -small : small, base).ptr;
    return make_ascii_str({text, static_cast<size_t>(out - text)});
  }
  std::string digits;
  if (!int_to_string(thread, index, base, digits)) return {};
  bool minus = digits.starts_with('-');
  return make_str(fmt::format("{}{}{}", minus ? "-" : "", prefix, std::string_view(digits).substr(minus)));
}
Ref builtin_bin(Thread& thread, const Value* args) { return in_base(thread, args[0], 2, "0b"); }
Ref builtin_oct(Thread& thread, const Value* args) { return in_base(thread, args[0], 8, "0o"); }
Ref builtin_hex(Thread& thread, const Value* args) { return in_base(thread, args[0], 16, "0x"); }

Ref builtin_chr(Thread& thread, const Value* args) {
  Ref index = to_index_object(thread, args[0]);
  if (!index) return {};
  int64_t code;
  if (!int_as_int64(index, code) || code < 0 || code > 0x10FFFF)
    return raise_value_error(thread, "chr() arg not in range(0x110000)");
  return str_from_codepoint(static_cast<uint32_t>(code));
}

Ref builtin_ord(Thread& thread, const Value* args) {
  Value value = args[0];
  size_t size;
  std::string_view bytes;
  if (is_str(value)) {
    auto* text = cast<Str>(value);
    if (text->length == 1) return share(Value::from_int(str_at(text, 0)));
    size = text->length;
    return raise_type_error(thread,
                            fmt::format("ord() expected a character, but string of length {} found", size));
  }
  if (as_bytes_like(value, bytes)) {
    if (bytes.size() == 1) return share(Value::from_int(static_cast<unsigned char>(bytes[0])));
    return raise_type_error(
        thread, fmt::format("ord() expected a character, but string of length {} found", bytes.size()));
  }
  return raise_type_error(thread,
                          fmt::format("ord() expected string of length 1, but {} found", type_name(value)));
}

// divmod goes through __divmod__ when a class has it, else through // and %.
Ref builtin_divmod(Thread& thread, const Value* args) {
  Value a = args[0], b = args[1];
  auto has_method = [](Value value) { return type_of(value)->is_heap(); };
  auto attempt = [&](Value self, Str* name, Value other) -> Ref {
    Ref method = lookup_special(thread, self, name);
    if (!method) return {};
    return call(thread, method, {other});
  };
  Type *left = type_of(a), *right = type_of(b);
  bool try_right = has_method(b) && left != right;
  // A method that a subclass overrides is asked first.
  if (try_right && is_subtype(right, left) &&
      type_lookup(right, names::dunder_rdivmod) != type_lookup(left, names::dunder_rdivmod)) {
    Ref result = attempt(b, names::dunder_rdivmod, a);
    if (thread.has_error() || (result && result.get() != NotImplemented)) return result;
    try_right = false;
  }
  if (has_method(a)) {
    Ref result = attempt(a, names::dunder_divmod, b);
    if (thread.has_error() || (result && result.get() != NotImplemented)) return result;
  }
  if (try_right) {
    Ref result = attempt(b, names::dunder_rdivmod, a);
    if (thread.has_error() || (result && result.get() != NotImplemented)) return result;
  }
  auto numeric = [](Value value) { return is_int_like(value) || is_float_like(value); };
  if (!numeric(a) || !numeric(b)) {
    Ref native = has_method(a) ? Ref() : attempt(a, names::dunder_divmod, b);
    if (thread.has_error() || (native && native.get() != NotImplemented)) return native;
    native = has_method(b) ? Ref() : attempt(b, names::dunder_rdivmod, a);
    if (thread.has_error() || (native && native.get() != NotImplemented)) return native;
    return raise_type_error(thread, fmt::format("unsupported operand type(s) for divmod(): '{}' and '{}'",
                                                type_name(a), type_name(b)));
  }
  Ref quotient = binary_op(thread, BinaryOp::FloorDiv, a, b);
  if (!quotient) return {};
  Ref rest = binary_op(thread, BinaryOp::Mod, a, b);
  if (!rest) return {};
  return make_tuple({quotient, rest});
}

Ref builtin_pow(Thread& thread, const Value* args) {
  return power(thread, args[0], args[1], args[2] ? args[2] : None);
}

// round() is the number's own __round__.
Ref builtin_round(Thread& thread, const Value* args) {
  Ref method = lookup_special(thread, args[0], names::dunder_round);
  if (!method) {
    if (thread.has_error()) return {};
    return raise_type_error(thread,
                            fmt::format("type {} doesn't define __round__ method", type_name(args[0])));
  }
  if (!args[1] || args[1].is_none()) return call(thread, method);
  return call(thread, method, {args[1]});
}

// Neumaier's compensated sum: what keeps sum() of floats exact to the last digit.
struct FloatSum {
  double high = 0, low = 0;
  void add(double x) {
    double total = high + x;
    low += std::fabs(high) >= std::fabs(x) ? (high - total) + x : (x - total) + high;
    high = total;
  }
  double result() const { return low != 0 && std::isfinite(low) ? high + low : high; }
};

Ref builtin_sum(Thread& thread, const Value* args) {
  Ref total = share(args[1] ? args[1] : Value::from_int(0));
  if (const Slots& slots = type_of(args[0])->slots; !slots.iter && !slots.get_item)
    return raise_type_error(thread, fmt::format("'{}' object is not iterable", type_name(args[0])));
  if (is_str(total)) return raise_type_error(thread, "sum() can't sum strings [use ''.join(seq) instead]");
  if (is_exact(total, bytes_type))
    return raise_type_error(thread, "sum() can't sum bytes [use b''.join(seq) instead]");
  if (is_exact(total, bytearray_type))
    return raise_type_error(thread, "sum() can't sum bytearray [use b''.join(seq) instead]");
  // Three phases, each left for good at the first item of another kind: small ints, floats, anything.
  enum { Ints, Floats, Any } phase = total.get().is_int() ? Ints : total.get().is_double() ? Floats : Any;
  int64_t small = phase == Ints ? total.get().as_int() : 0;
  FloatSum floats;
  if (phase == Floats) floats.high = total.get().as_double();
  auto add = [&](Value item) {
    if (phase == Ints) {
      int64_t next;
      int64_t step = item.is_int() ? item.as_int() : item.is_bool() ? item.as_bool() : 0;
      if ((item.is_int() || item.is_bool()) && !__builtin_add_overflow(small, step, &next)) {
        small = next;
        return true;
      }
      total = make_int(small);
      if (item.is_double()) {
        phase = Floats;
        floats.high = static_cast<double>(small);
      } else {
        phase = Any;
      }
    }
    if (phase == Floats) {
      if (item.is_double()) {
        floats.add(item.as_double());
        return true;
      }
      if (item.is_int()) {
        floats.add(static_cast<double>(item.as_int()));
        return true;
      }
      total = share(Value::from_double(floats.result()));
      phase = Any;
    }
    total = binary_op(thread, BinaryOp::Add, total, item);
    return bool(total);
  };
  // Numbers at the beginning of a list own nothing and run no script.
  size_t done = 0;
  bool all_done = false;
  if (is_exact(args[0], list_type)) {
    auto numbers = cast<List>(args[0])->view();
    while (done < numbers.size() && phase != Any && (numbers[done].is_int() || numbers[done].is_double()))
      if (!add(numbers[done++])) return {};
    all_done = done == numbers.size();
  }
  bool fine = all_done || for_each(thread, args[0], [&](Value item) {
                if (done > 0) {
                  --done;
                  return true;
                }
                return add(item);
              });
  if (!fine) return {};
  if (phase == Ints) return make_int(small);
  if (phase == Floats) return share(Value::from_double(floats.result()));
  return total;
}

// --- min and max ---------------------------------------------------------------------------------

struct Extreme {
  Thread& thread;
  CompareOp op;
  Value key; // function or None
  Ref best, best_key;

  bool take(Value item) {
    Ref item_key = key.is_none() ? share(item) : call(thread, key, {item});
    if (!item_key) return false;
    if (best) {
      // Only a strictly better item wins: the first of equals is the answer.
      if (both_int(item_key, best_key)) {
        int64_t mine = item_key.get().as_int(), other = best_key.get().as_int();
        if (op == CompareOp::Lt ? mine >= other : mine <= other) return true;
        best = share(item);
        best_key = std::move(item_key);
        return true;
      }
      Ref better = compare(thread, item_key, best_key, op);
      if (!better) return false;
      int wins = truthy(thread, better);
      if (wins <= 0) return wins == 0;
    }
    best = share(item);
    best_key = std::move(item_key);
    return true;
  }
};

Ref extreme(Thread& thread, CallArgs call, CompareOp op, const char* name) {
  Value key = None, fallback;
  if (call.count == 0)
    return raise_type_error(thread, fmt::format("{} expected at least 1 argument, got 0", name));
  for (size_t i = 0; call.kwnames && i < call.kwnames->size; ++i) {
    std::string_view keyword = cast<Str>((*call.kwnames)[i])->view();
    if (keyword == "key") key = call.args[call.count + i];
    else if (keyword == "default") fallback = call.args[call.count + i];
    else
      return raise_type_error(thread, fmt::format("{}() got an unexpected keyword argument '{}'{}", name,
                                                  keyword, did_you_mean(keyword, {"key", "default"})));
  }
  Extreme search{thread, op, key, {}, {}};
  if (call.count > 1) {
    if (fallback)
      return raise_type_error(
          thread, fmt::format("Cannot specify a default for {}() with multiple positional arguments", name));
    for (uint32_t i = 0; i < call.count; ++i)
      if (!search.take(call.args[i])) return {};
    return std::move(search.best);
  }
  if (!for_each(thread, call.args[0], [&](Value item) { return search.take(item); })) return {};
  if (search.best) return std::move(search.best);
  if (fallback) return share(fallback);
  return raise_value_error(thread, fmt::format("{}() iterable argument is empty", name));
}

Ref builtin_min(Thread& thread, CallArgs call) { return extreme(thread, call, CompareOp::Lt, "min"); }
Ref builtin_max(Thread& thread, CallArgs call) { return extreme(thread, call, CompareOp::Gt, "max"); }

} // namespace

const NativeDef number_builtins[] = {
    {"abs", "x, /", builtin_abs, "Return the absolute value of the argument."},
    {"bin", "number, /", builtin_bin, "Return the binary representation of an integer."},
    {"chr", "i, /", builtin_chr, "Return the one-character string of a code point."},
    {"divmod", "x, y, /", builtin_divmod, "Return the tuple (x//y, x%y)."},
    {"hex", "number, /", builtin_hex, "Return the hexadecimal representation of an integer."},
    {"max", "*args, default=None, key=None", nullptr,
     "Return the biggest item of an iterable, or of the arguments.", NativeKind::Function, builtin_max},
    {"min", "*args, default=None, key=None", nullptr,
     "Return the smallest item of an iterable, or of the arguments.", NativeKind::Function, builtin_min},
    {"oct", "number, /", builtin_oct, "Return the octal representation of an integer."},
    {"ord", "character, /", builtin_ord, "Return the code point of a one-character string."},
    {"pow", "base, exp, mod=None", builtin_pow, "Return base**exp, or base**exp % mod."},
    {"round", "number, ndigits=None", builtin_round,
     "Round a number to a given precision in decimal digits."},
    {"sum", "iterable, /, start=0", builtin_sum,
     "Return the sum of a start value and the items of an iterable."},
    {nullptr},
};

} // namespace aspy
