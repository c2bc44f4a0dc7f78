// `format % args` for str and bytes.
#include "vm/object/bytes/bytes_internal.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/format/format.hpp"
#include "vm/object/text/str_internal.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace aspy {
namespace {

// One conversion: %(key)flags width .precision code.
struct Conversion {
  bool left = false, plus = false, space = false, alternate = false, zero = false;
  int64_t width = -1, precision = -1;
  uint32_t code = 0;
};

class PercentFormatter {
public:
  PercentFormatter(Thread& thread, std::string_view format, Value args, bool bytes)
      : thread_(thread), format_(format), args_(args), bytes_(bytes) {
    if (is_tuple(args)) {
      remaining_ = cast<Tuple>(args)->view();
    } else {
      remaining_ = {&args_, 1};
      // Anything that can be subscripted may serve as a mapping, and need not be used up.
      std::string_view view;
      mapping_ = type_of(args)->slots.get_item && !is_str(args) && !(bytes && as_bytes_like(args, view));
    }
  }

  bool run() {
    while (at_ < format_.size()) {
      size_t percent = std::min(format_.find('%', at_), format_.size());
      out_.append(format_.substr(at_, percent - at_));
      at_ = percent;
      if (at_ == format_.size()) break;
      ++at_;
      if (!convert()) return false;
    }
    if (!remaining_.empty() && !mapping_) {
      return raise_type_error(thread_, fmt::format("not all arguments converted during {} formatting",
                                                   bytes_ ? "bytes" : "string"));
    }
    return true;
  }

  std::string& text() { return out_; }

private:
  bool incomplete() { return raise_value_error(thread_, "incomplete format"); }

  // The next positional argument (borrowed), or empty: raised.
  Value next_argument() {
    if (key_value_) return key_value_;
    if (remaining_.empty()) {
      raise_type_error(thread_, "not enough arguments for format string");
      return Value();
    }
    Value value = remaining_[0];
    remaining_ = remaining_.subspan(1);
    return value;
  }

  bool parse_key() {
    if (!mapping_) return raise_type_error(thread_, "format requires a mapping");
    size_t start = ++at_;
    int open = 1;
    for (; at_ < format_.size() && open > 0; ++at_) {
      if (format_[at_] == '(') ++open;
      if (format_[at_] == ')') --open;
    }
    if (open > 0) return raise_value_error(thread_, "incomplete format key");
    std::string_view name = format_.substr(start, at_ - 1 - start);
    Ref key = bytes_ ? Ref(make_bytes(name)) : Ref(make_str(name));
    key_value_ = get_item(thread_, args_, key);
    remaining_ = {}; // from here on, only keys
    return static_cast<bool>(key_value_);
  }

  // A width or precision: digits, or '*' for an argument. -1 where there is none.
  bool parse_size(int64_t& out, bool precision) {
    if (at_ < format_.size() && format_[at_] == '*') {
      ++at_;
      Value value = next_argument();
      if (!value) return false;
      if (!is_int_like(value)) return raise_type_error(thread_, "* wants int");
      int64_t limit = precision ? INT32_MAX : INT64_MAX;
      if (!int_as_int64(value, out) || out > limit || out < -limit) {
        return raise(thread_, OverflowError_type,
                     precision ? "Python int too large to convert to C int"
                               : "Python int too large to convert to C ssize_t");
      }
      return true;
    }
    for (; at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9'; ++at_) {
      out = (out < 0 ? 0 : out) * 10 + (format_[at_] - '0');
      if (out > (precision ? INT64_C(0x7FFFFFFF) : INT64_MAX / 16)) {
        return raise_value_error(thread_, precision ? "precision too big" : "width too big");
      }
    }
    return true;
  }

  bool convert() {
    Conversion conversion;
    key_value_.reset();
    if (at_ < format_.size() && format_[at_] == '(' && !parse_key()) return false;
    for (bool more = true; more && at_ < format_.size();) {
      switch (format_[at_]) {
      case '-': conversion.left = true; break;
      case '+': conversion.plus = true; break;
      case ' ': conversion.space = true; break;
      case '#': conversion.alternate = true; break;
      case '0': conversion.zero = true; break;
      default: more = false; break;
      }
      if (more) ++at_;
    }
    if (!parse_size(conversion.width, false)) return false;
    if (conversion.width < -1) { // a negative '*' width turns to the left
      conversion.left = true;
      conversion.width = -conversion.width;
    }
    if (at_ < format_.size() && format_[at_] == '.') {
      ++at_;
      conversion.precision = 0;
      if (!parse_size(conversion.precision, true)) return false;
      if (conversion.precision < 0) conversion.precision = 0;
    }
    if (at_ < format_.size() && (format_[at_] == 'h' || format_[at_] == 'l' || format_[at_] == 'L')) ++at_;
    if (at_ >= format_.size()) return incomplete();
    size_t code_at = at_;
    const char* place = format_.data() + at_;
    conversion.code = bytes_ ? static_cast<unsigned char>(*place++) : next_codepoint(place);
    at_ = static_cast<size_t>(place - format_.data());
    if (conversion.code == '%' && code_at > 0 && format_[code_at - 1] == '%') {
      out_ += '%';
      return true;
    }
    Value value = next_argument();
    if (!value) return false;
    if (!known_code(conversion.code)) {
      char shown = conversion.code > 31 && conversion.code < 128 ? static_cast<char>(conversion.code) : '?';
      size_t index = bytes_ ? code_at : count_codepoints(format_.substr(0, code_at));
      return raise_value_error(thread_, fmt::format("unsupported format character '{}' (0x{:x}) at index {}",
                                                    shown, conversion.code, index));
    }
    return put(conversion, value);
  }

  bool known_code(uint32_t code) const {
    if (code >= 128) return false;
    std::string_view codes = bytes_ ? "cbsarduioxXeEfFgG" : "csarduioxXeEfFgG";
    return codes.find(static_cast<char>(code)) != std::string_view::npos;
  }

  bool put(const Conversion& conversion, Value value) {
    switch (conversion.code) {
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X': return put_integer(conversion, value);
    case 'c': return put_character(conversion, value);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': return put_float(conversion, value);
    default:
      return bytes_ && (conversion.code == 's' || conversion.code == 'b') ? put_bytes(conversion, value)
                                                                          : put_text(conversion, value);
    }
  }

  // Pads text that is no number: spaces only.
  bool put_padded(const Conversion& conversion, std::string_view text) {
    int64_t length = static_cast<int64_t>(bytes_ ? text.size() : count_codepoints(text));
    int64_t missing = std::max<int64_t>(0, conversion.width - length);
    if (!may_make_str(thread_, static_cast<size_t>(missing) + text.size())) return false;
    if (!conversion.left) out_.append(static_cast<size_t>(missing), ' ');
    out_.append(text);
    if (conversion.left) out_.append(static_cast<size_t>(missing), ' ');
    return true;
  }

  // Pads a number: zeros go behind sign and prefix.
  bool put_number(const Conversion& conversion, std::string_view lead, std::string_view digits) {
    int64_t missing =
        std::max<int64_t>(0, conversion.width - static_cast<int64_t>(lead.size() + digits.size()));
    if (!may_make_str(thread_, static_cast<size_t>(missing) + digits.size())) return false;
    size_t count = static_cast<size_t>(missing);
    if (!conversion.left && !conversion.zero) out_.append(count, ' ');
    out_.append(lead);
    if (!conversion.left && conversion.zero) out_.append(count, '0');
    out_.append(digits);
    if (conversion.left) out_.append(count, ' ');
    return true;
  }

  std::string sign(const Conversion& conversion, bool negative) {
    return negative ? "-" : conversion.plus ? "+" : conversion.space ? " " : "";
  }

  bool put_text(const Conversion& conversion, Value value) {
    Ref text;
    if (conversion.code == 's') {
      text = is_exact(value, str_type) ? share(value) : str(thread_, value);
    } else if (conversion.code == 'r' && !bytes_) {
      text = repr(thread_, value);
    } else {
      text = ascii_repr(thread_, value);
    }
    if (!text) return false;
    Str* piece = cast<Str>(text);
    std::string_view shown = piece->view();
    if (conversion.precision >= 0 && conversion.precision < piece->length) {
      shown = shown.substr(0, str_byte_offset(piece, static_cast<uint32_t>(conversion.precision)));
    }
    return put_padded(conversion, shown);
  }

  bool put_bytes(const Conversion& conversion, Value value) {
    std::string_view shown;
    Ref made;
    if (!as_bytes_like(value, shown)) {
      Ref method = lookup_special(thread_, value, names::dunder_bytes);
      if (!method) {
        if (thread_.has_error()) return false;
        return raise_type_error(
            thread_,
            fmt::format("%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
                        type_name(value)));
      }
      made = call(thread_, method);
      if (!made) return false;
      if (!is_bytes(made)) {
        return raise_type_error(thread_,
                                fmt::format("__bytes__ returned non-bytes (type {})", type_name(made)));
      }
      shown = cast<Bytes>(made)->view();
    }
    if (conversion.precision >= 0) shown = shown.substr(0, static_cast<size_t>(conversion.precision));
    return put_padded(conversion, shown);
  }

  bool put_character(const Conversion& conversion, Value value) {
    std::string text;
    std::string_view view;
    if (bytes_) {
      if (as_bytes_like(value, view)) {
        if (view.size() != 1) {
          return raise_type_error(
              thread_,
              fmt::format(
                  "%c requires an integer in range(256) or a single byte, not a {} object of length {}",
                  type_name(value), view.size()));
        }
        return put_padded(conversion, view);
      }
    } else if (is_str(value)) {
      if (cast<Str>(value)->length != 1) {
        return raise_type_error(
            thread_, fmt::format("%c requires an int or a unicode character, not a string of length {}",
                                 cast<Str>(value)->length));
      }
      return put_padded(conversion, cast<Str>(value)->view());
    }
    if (!is_int_like(value) && !type_of(value)->slots.index) {
      return raise_type_error(thread_, fmt::format("%c requires {}, not {}",
                                                   bytes_ ? "an integer in range(256) or a single byte"
                                                          : "an int or a unicode character",
                                                   type_name(value)));
    }
    Ref number = to_index_object(thread_, value);
    if (!number) return false;
    int64_t code;
    if (!int_as_int64(number, code) || code < 0 || code > (bytes_ ? 0xFF : 0x10FFFF)) {
      return raise(thread_, OverflowError_type,
                   bytes_ ? "%c arg not in range(256)" : "%c arg not in range(0x110000)");
    }
    if (bytes_) {
      text.push_back(static_cast<char>(code));
    } else {
      append_codepoint(text, static_cast<uint32_t>(code));
    }
    return put_padded(conversion, text);
  }

  // The int that an integer conversion shows; floats are truncated by %d, refused by %x.
  Ref integer_of(uint32_t code, Value value) {
    if (is_int_like(value)) return share(int_value(value));
    bool decimal = code == 'd' || code == 'i' || code == 'u';
    const Slots& slots = type_of(value)->slots;
    if (decimal) {
      if (is_float_like(value)) return int_from_double(thread_, float_value(value));
      if (slots.to_int) {
        Ref number = slots.to_int(thread_, value);
        if (number && !is_int_like(number)) {
          return raise_type_error(thread_,
                                  fmt::format("__int__ returned non-int (type {})", type_name(number)));
        }
        return number ? share(int_value(number)) : Ref();
      }
    }
    if (slots.index) return to_index_object(thread_, value);
    return raise_type_error(thread_,
                            fmt::format("%{} format: {} is required, not {}", static_cast<char>(code),
                                        decimal ? "a real number" : "an integer", type_name(value)));
  }

  bool put_integer(const Conversion& conversion, Value value) {
    Ref number = integer_of(conversion.code, value);
    if (!number) return false;
    int base = 10;
    const char* prefix = "";
    switch (conversion.code) {
    case 'o': base = 8, prefix = "0o"; break;
    case 'x': base = 16, prefix = "0x"; break;
    case 'X': base = 16, prefix = "0X"; break;
    default: break;
    }
    std::string text;
    if (!int_to_string(thread_, number, base, text)) return false;
    bool negative = text[0] == '-';
    std::string digits = text.substr(negative);
    if (conversion.code == 'X') {
      for (char& c : digits) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
    }
    if (conversion.precision > static_cast<int64_t>(digits.size())) {
      if (!may_make_str(thread_, static_cast<size_t>(conversion.precision))) return false;
      digits.insert(0, static_cast<size_t>(conversion.precision) - digits.size(), '0');
    }
    std::string lead = sign(conversion, negative);
    if (conversion.alternate) lead += prefix;
    return put_number(conversion, lead, digits);
  }

  bool put_float(const Conversion& conversion, Value value) {
    const Slots& slots = type_of(value)->slots;
    bool numeric = is_float_like(value) || is_int_like(value) || slots.to_float || slots.index;
    if (!numeric) {
      return raise_type_error(thread_, fmt::format("{}, not {}",
                                                   bytes_ ? "float argument required" : "must be real number",
                                                   type_name(value)));
    }
    double number;
    if (!to_double(thread_, value, number)) return false;
    int64_t precision = conversion.precision < 0 ? 6 : conversion.precision;
    if (precision > 4096 && !may_make_str(thread_, static_cast<size_t>(precision))) return false;
    std::string text = format_double(number, static_cast<char>(conversion.code), static_cast<int>(precision),
                                     conversion.alternate);
    bool negative = text[0] == '-';
    return put_number(conversion, sign(conversion, negative), std::string_view(text).substr(negative));
  }

  Thread& thread_;
  std::string_view format_;
  Value args_;
  bool bytes_;
  bool mapping_ = false;
  std::span<const Value> remaining_;
  Ref key_value_; // value of %(key), for the conversion being read
  size_t at_ = 0;
  std::string out_;
};

} // namespace

Ref str_modulo(Thread& thread, Value format, Value args) {
  PercentFormatter formatter(thread, cast<Str>(format)->view(), args, false);
  if (!formatter.run()) return {};
  return make_str(formatter.text());
}

Ref bytes_modulo(Thread& thread, Value format, Value args) {
  std::string copy(self_view(format)); // a bytearray may change while arguments are asked for their text
  PercentFormatter formatter(thread, copy, args, true);
  if (!formatter.run()) return {};
  return make_like(format, formatter.text());
}

} // namespace aspy
