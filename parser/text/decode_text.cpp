#include <fmt/format.h>

#include "lexer/characters.hpp"
#include "parser/build/builder.hpp"
#include "parser/text/unicode_names.hpp"

namespace aspy {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Appends a code point; surrogates get the three-byte form that UTF-8 proper forbids (WTF-8).
void append(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += char(c);
  } else if (c < 0x800) {
    out += char(0xC0 | c >> 6);
    out += char(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += char(0xE0 | c >> 12);
    out += char(0x80 | (c >> 6 & 0x3F));
    out += char(0x80 | (c & 0x3F));
  } else {
    out += char(0xF0 | c >> 18);
    out += char(0x80 | (c >> 12 & 0x3F));
    out += char(0x80 | (c >> 6 & 0x3F));
    out += char(0x80 | (c & 0x3F));
  }
}

/// Decodes one literal's escapes.
class TextDecoder {
public:
  TextDecoder(Builder& b, std::string_view raw, std::uint32_t token, bool is_bytes)
      : b_(b), raw_(raw), token_(token), is_bytes_(is_bytes) {}

  std::string run(bool is_raw, bool fold_braces) {
    out_.reserve(raw_.size());
    while (at_ < raw_.size()) {
      const char c = raw_[at_];
      if (fold_braces && (c == '{' || c == '}') && at_ + 1 < raw_.size() && raw_[at_ + 1] == c) {
        out_ += c;
        at_ += 2;
      } else if (c == '\\' && !is_raw) {
        escape();
      } else {
        out_ += c;
        ++at_;
      }
    }
    return std::move(out_);
  }

private:
  void escape() {
    const std::size_t start = at_;
    ++at_;
    if (at_ == raw_.size()) {
      // Only before a field's brace in an f-string: the backslash stands for itself.
      warn_escape("{");
      out_ += '\\';
      return;
    }
    const char c = raw_[at_++];
    switch (c) {
    case '\n': return;
    case '\\': out_ += '\\'; return;
    case '\'': out_ += '\''; return;
    case '"': out_ += '"'; return;
    case 'a': out_ += '\a'; return;
    case 'b': out_ += '\b'; return;
    case 'f': out_ += '\f'; return;
    case 'n': out_ += '\n'; return;
    case 'r': out_ += '\r'; return;
    case 't': out_ += '\t'; return;
    case 'v': out_ += '\v'; return;
    case 'x': return hex(start, 2, "\\xXX");
    case 'u':
      if (!is_bytes_) return hex(start, 4, "\\uXXXX");
      break;
    case 'U':
      if (!is_bytes_) return hex(start, 8, "\\UXXXXXXXX");
      break;
    case 'N':
      if (!is_bytes_) return named(start);
      break;
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7': return octal(c);
    default: break;
    }
    std::size_t length = 1;
    if (static_cast<unsigned char>(c) >= 0x80) decode_character(raw_, at_ - 1, length);
    warn_escape(raw_.substr(at_ - 1, length));
    out_ += '\\';
    --at_; // the character itself follows as text (it may begin a "{{")
    if (c != '{' && c != '}') out_ += raw_.substr(at_, length), at_ += length;
  }

  void octal(char first) {
    unsigned value = static_cast<unsigned>(first - '0');
    const std::size_t start = at_ - 1;
    for (int i = 0; i < 2 && at_ < raw_.size() && raw_[at_] >= '0' && raw_[at_] <= '7'; ++i) {
      value = value * 8 + static_cast<unsigned>(raw_[at_++] - '0');
    }
    if (value > 0xFF) {
      auto digits = raw_.substr(start, at_ - start);
      warn(fmt::format(
          "\"\\{}\" is an invalid octal escape sequence. Such sequences will not work in the future. "
          "Did you mean \"\\\\{}\"? A raw string is also an option.",
          digits, digits));
      if (is_bytes_) value &= 0xFF;
    }
    is_bytes_ ? out_ += char(value) : (append(out_, value), out_);
  }

  void hex(std::size_t start, int digits, const char* shape) {
    char32_t value = 0;
    int count = 0;
    for (; count < digits && at_ < raw_.size() && hex_digit(raw_[at_]) >= 0; ++count, ++at_) {
      value = value << 4 | static_cast<char32_t>(hex_digit(raw_[at_]));
    }
    if (is_bytes_) {
      if (count < digits) fail(fmt::format("(value error) invalid \\x escape at position {}", start));
      out_ += char(value);
      return;
    }
    if (count < digits) return fail_unicode(start, fmt::format("truncated {} escape", shape));
    if (value > 0x10FFFF) return fail_unicode(start, "illegal Unicode character");
    append(out_, value);
  }

  void named(std::size_t start) {
    if (at_ < raw_.size() && raw_[at_] == '{') {
      auto close = raw_.find('}', at_);
      if (close != std::string_view::npos && close > at_ + 1) {
        auto name = raw_.substr(at_ + 1, close - at_ - 1);
        at_ = close + 1;
        auto found = character_named(name);
        if (!found) return fail_unicode(start, "unknown Unicode character name");
        return append(out_, *found);
      }
      if (close == std::string_view::npos) at_ = raw_.size();
      else at_ = close;
    }
    fail_unicode(start, "malformed \\N character escape");
  }

  /// Positions in the message count the bytes of the text as the codec sees it: other characters than ASCII
  /// appear to it as ten-byte escapes.
  void fail_unicode(std::size_t start, std::string_view what) {
    auto position = [this](std::size_t bytes) {
      std::size_t result = 0;
      for (std::size_t i = 0; i < bytes; ++i) {
        auto c = static_cast<unsigned char>(raw_[i]);
        result += c < 0x80 ? 1 : (c & 0xC0) != 0x80 ? 10 : 0;
      }
      return result;
    };
    const auto from = position(start), to = position(at_) - 1;
    auto where = to > from ? fmt::format("bytes in position {}-{}", from, to)
                           : fmt::format("byte 0x5c in position {}", from);
    fail(fmt::format("(unicode error) 'unicodeescape' codec can't decode {}: {}", where, what));
  }

  [[noreturn]] void fail(std::string message) { b_.raise_at(b_.pos(token_, token_ + 1), std::move(message)); }

  void warn_escape(std::string_view what) {
    warn(fmt::format("\"\\{}\" is an invalid escape sequence. Such sequences will not work in the future. "
                     "Did you mean \"\\\\{}\"? A raw string is also an option.",
                     what, what));
  }

  /// Only the first bad escape of a literal is told, and only once however often the text is parsed.
  void warn(std::string message) {
    if (warned_ || b_.diagnosing()) return;
    warned_ = true;
    const Extent& e = b_.extent(token_);
    for (const auto& warning : b_.tree.warnings) {
      if (warning.line == e.line && warning.token == token_) return;
    }
    SyntaxWarning warning;
    warning.message = std::move(message);
    warning.token = token_;
    warning.line = e.line;
    warning.col = b_.tree.character_offset(e.line, e.col) + 1;
    warning.end_line = e.end_line;
    warning.end_col = b_.tree.character_offset(e.end_line, e.end_col) + 1;
    b_.tree.warnings.push_back(std::move(warning));
  }

  Builder& b_;
  std::string_view raw_;
  std::uint32_t token_;
  bool is_bytes_;
  bool warned_ = false;
  std::size_t at_ = 0;
  std::string out_;
};

} // namespace

std::string decode_text(Builder& b, std::string_view raw, std::uint32_t token, bool is_raw, bool is_bytes,
                        bool fold_braces) {
  return TextDecoder(b, raw, token, is_bytes).run(is_raw, fold_braces);
}

} // namespace aspy
