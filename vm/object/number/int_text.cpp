// Ints as text, in any base from 2 to 36, and back.
#include "vm/object/error/exception.hpp"
#include "vm/object/number/bigint.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/encoding/unicode.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <climits>
#include <vector>

namespace aspy {
namespace {

uint32_t max_str_digits = 4300;

constexpr char digit_chars[] = "0123456789abcdefghijklmnopqrstuvwxyz";

bool is_binary_base(int base) { return (base & (base - 1)) == 0; }

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 36;
}

// The largest power of `base` that fits a digit of libtommath, and how many digits of text that is: the unit
// in which text and numbers are exchanged.
struct Chunk {
  mp_digit power = 1;
  int digits = 0;
  explicit Chunk(int base) {
    while (power <= ((mp_digit{1} << 60) - 1) / mp_digit(base)) {
      power *= mp_digit(base);
      ++digits;
    }
  }
};

// Digits without separators or sign.
mp_err read_digits(std::string_view digits, int base, mp_int* out) {
  Chunk chunk(base);
  mp_zero(out);
  while (!digits.empty()) {
    size_t count = std::min(digits.size(), size_t(chunk.digits));
    mp_digit value = 0, power = 1;
    for (char c : digits.substr(0, count)) {
      value = value * mp_digit(base) + mp_digit(digit_of(c));
      power *= mp_digit(base);
    }
    digits.remove_prefix(count);
    mp_err status = mp_mul_d(out, power, out);
    if (status == MP_OKAY) status = mp_add_d(out, value, out);
    if (status != MP_OKAY) return status;
  }
  return MP_OKAY;
}

// Digits of bases 2, 4, 8, 16 and 32 are bits: they go straight to where they belong.
mp_err read_binary_base(std::string_view digits, int base, mp_int* out) {
  size_t width = size_t(std::countr_zero(unsigned(base)));
  size_t places = digits.size() * width / 60 + 1;
  if (places > size_t(INT_MAX)) return MP_MEM;
  mp_err status = mp_grow(out, int(places));
  if (status != MP_OKAY) return status;
  mp_zero(out);
  size_t bit = 0;
  for (size_t i = digits.size(); i-- > 0; bit += width) {
    auto digit = mp_digit(digit_of(digits[i]));
    size_t place = bit / 60, shift = bit % 60;
    out->dp[place] |= digit << shift & ((mp_digit{1} << 60) - 1);
    if (shift + width > 60) out->dp[place + 1] |= digit >> (60 - shift);
  }
  out->used = int(places);
  mp_clamp(out);
  return MP_OKAY;
}

// The same for long text: halves, joined by one multiplication, which libtommath does faster than by the
// digit.
mp_err read_long(std::string_view digits, int base, mp_int* out) {
  if (is_binary_base(base)) return read_binary_base(digits, base, out);
  if (digits.size() < 2000) return read_digits(digits, base, out);
  size_t low_size = digits.size() / 2;
  Big low, scale;
  mp_set(scale.get(), mp_digit(base));
  mp_err status = mp_expt_u32(scale.get(), uint32_t(low_size), scale.get());
  if (status == MP_OKAY) status = read_long(digits.substr(0, digits.size() - low_size), base, out);
  if (status == MP_OKAY) status = mp_mul(out, scale.get(), out);
  if (status == MP_OKAY) status = read_long(digits.substr(digits.size() - low_size), base, low.get());
  return status == MP_OKAY ? mp_add(out, low.get(), out) : status;
}

// Bits straight from the number, for bases 2, 4, 8, 16 and 32.
void write_binary_base(const mp_int* number, int base, std::string& out) {
  int width = std::countr_zero(unsigned(base));
  size_t bits = big_bits(number);
  size_t places = (bits + size_t(width) - 1) / size_t(width);
  size_t start = out.size();
  out.resize(start + places);
  mp_digit mask = mp_digit(base) - 1;
  size_t at = 0; // bit
  for (size_t place = places; place-- > 0; at += size_t(width)) {
    size_t index = at / 60, shift = at % 60;
    mp_digit digit = number->dp[index] >> shift;
    if (shift + size_t(width) > 60 && int(index) + 1 < number->used)
      digit |= number->dp[index + 1] << (60 - shift);
    out[start + place] = digit_chars[digit & mask];
  }
}

// Divides chunk by chunk, then writes the chunks from the top.
mp_err write_other_base(const mp_int* number, int base, std::string& out) {
  Chunk chunk(base);
  Big rest;
  mp_err status = mp_abs(number, rest.get());
  std::vector<mp_digit> chunks;
  while (status == MP_OKAY && rest.number.used != 0) {
    mp_digit low;
    status = mp_div_d(rest.get(), chunk.power, rest.get(), &low);
    chunks.push_back(low);
  }
  for (size_t i = chunks.size(); i-- > 0;) {
    char text[64];
    int size = chunk.digits;
    for (int place = size; place-- > 0; chunks[i] /= mp_digit(base))
      text[place] = digit_chars[chunks[i] % mp_digit(base)];
    std::string_view view(text, size_t(size));
    if (i + 1 == chunks.size()) view.remove_prefix(std::min(view.find_first_not_of('0'), view.size() - 1));
    out.append(view);
  }
  return status;
}

} // namespace

mp_err big_from_bytes(const unsigned char* bytes, size_t size, mp_int* out) {
  size_t places = size * 8 / 60 + 1;
  if (places > size_t(INT_MAX)) return MP_MEM;
  mp_err status = mp_grow(out, int(places));
  if (status != MP_OKAY) return status;
  mp_zero(out);
  size_t bit = 0;
  for (size_t i = size; i-- > 0; bit += 8) {
    size_t place = bit / 60, shift = bit % 60;
    out->dp[place] |= mp_digit(bytes[i]) << shift & ((mp_digit{1} << 60) - 1);
    if (shift + 8 > 60) out->dp[place + 1] |= mp_digit(bytes[i]) >> (60 - shift);
  }
  out->used = int(places);
  mp_clamp(out);
  return MP_OKAY;
}

namespace {

bool raise_digit_limit(Thread& thread, std::string_view value_part) {
  return raise_value_error(thread,
                           fmt::format("Exceeds the limit ({} digits) for integer string conversion{}; use "
                                       "sys.set_int_max_str_digits() to increase the limit",
                                       max_str_digits, value_part));
}

} // namespace

uint32_t int_max_str_digits() { return max_str_digits; }
void int_set_max_str_digits(uint32_t limit) { max_str_digits = limit; }

bool int_to_string(Thread& thread, Value int_like, int base, std::string& out) {
  Value value = int_value(int_like);
  if (value.is_int()) {
    char text[80];
    auto end = std::to_chars(text, text + sizeof text, value.as_int(), base).ptr;
    out.append(text, end);
    return true;
  }
  const mp_int* number = &cast<BigInt>(value)->number;
  bool limited = !is_binary_base(base) && max_str_digits != 0;
  // 2^3.32 is 10: with so many bits the text is too long for sure.
  if (limited && big_bits(number) > size_t(max_str_digits) * 34 / 10 + 64)
    return raise_digit_limit(thread, "");
  size_t start = out.size();
  if (number->sign == MP_NEG) out.push_back('-');
  if (is_binary_base(base)) {
    write_binary_base(number, base, out);
  } else if (write_other_base(number, base, out) != MP_OKAY) {
    return raise_with_args(thread, MemoryError_type, {});
  }
  size_t digits = out.size() - start - (number->sign == MP_NEG);
  if (limited && digits > max_str_digits) {
    out.resize(start);
    return raise_digit_limit(thread, "");
  }
  return true;
}

Ref int_from_literal(std::string_view digits, int base) {
  std::string plain;
  plain.reserve(digits.size());
  std::copy_if(digits.begin(), digits.end(), std::back_inserter(plain), [](char c) { return c != '_'; });
  int64_t small;
  auto [end, status] = std::from_chars(plain.data(), plain.data() + plain.size(), small, base);
  if (status == std::errc() && end == plain.data() + plain.size()) return make_int(small);
  Big number;
  if (read_long(plain, base, number.get()) != MP_OKAY) return make_int(0);
  return int_from_big(number.number);
}

namespace {

// Unicode digits and spaces as their ASCII equals; anything else that is not ASCII as '?'.
std::string to_ascii(std::string_view utf8) {
  std::string plain;
  if (!is_valid_utf8(utf8)) return "?"; // bytes that are no text, or lone surrogates
  const char* at = utf8.data();
  const char* end = at + utf8.size();
  while (at < end) {
    if (static_cast<unsigned char>(*at) < 0x80) {
      plain.push_back(*at++);
      continue;
    }
    uint32_t c = next_codepoint(at);
    int digit = unicode::decimal_value(c);
    plain.push_back(digit >= 0 ? char('0' + digit) : unicode::is_space(c) ? ' ' : '?');
  }
  return plain;
}

bool is_ascii_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f); }

// What remains of an int's text once spaces, sign and prefix are off.
struct IntText {
  std::string digits;
  int base;
  bool negative = false, valid = false;

  IntText(std::string_view text, int wanted_base) : base(wanted_base) {
    while (!text.empty() && is_ascii_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_ascii_space(text.back())) text.remove_suffix(1);
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
      negative = text[0] == '-';
      text.remove_prefix(1);
    }
    take_prefix(text);
    // Underscores only between digits.
    bool after_digit = false;
    for (char c : text) {
      if (c == '_') {
        if (!after_digit) return;
        after_digit = false;
      } else {
        if (digit_of(c) >= base) return;
        digits.push_back(c);
        after_digit = true;
      }
    }
    valid = after_digit;
    // Base 0 reads as the language does: "010" is no number, "000" is.
    if (wanted_base == 0 && base == 10 && digits.size() > 1 && digits[0] == '0' &&
        digits.find_first_not_of('0') != std::string::npos)
      valid = false;
  }

private:
  void take_prefix(std::string_view& text) {
    int prefix_base = 0;
    if (text.size() >= 2 && text[0] == '0') {
      char letter = char(text[1] | 0x20);
      prefix_base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    }
    if (prefix_base && (base == 0 || base == prefix_base)) {
      base = prefix_base;
      text.remove_prefix(2);
      if (!text.empty() && text[0] == '_') text.remove_prefix(1); // 0x_ff
    } else if (base == 0) {
      base = 10;
    }
  }
};

} // namespace

Ref int_from_text(Thread& thread, std::string_view utf8, int base) {
  bool ascii =
      std::all_of(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  IntText text(ascii ? std::string(utf8) : to_ascii(utf8), base);
  if (!text.valid)
    return raise_value_error(thread,
                             fmt::format("invalid literal for int() with base {}: {}", base, quote(utf8)));
  if (max_str_digits && !is_binary_base(text.base) && text.digits.size() > max_str_digits) {
    raise_digit_limit(thread, fmt::format(": value has {} digits", text.digits.size()));
    return {};
  }
  Ref number = int_from_literal(text.digits, text.base);
  return text.negative ? int_negative(number) : number;
}

} // namespace aspy
