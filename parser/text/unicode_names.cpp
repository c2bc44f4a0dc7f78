#include "parser/text/unicode_names.hpp"

#include <charconv>
#include <string>

namespace aspy {

namespace {

// name_text and alias_text, made by name_table.cpp: "CODE NAME" a line, in the order of the codes.
#include "unicode_names.inc"
const std::string_view names(name_text, sizeof name_text - 1), aliases(alias_text, sizeof alias_text - 1);

constexpr std::string_view leads[] = {"G",  "GG", "N", "D",  "DD", "R", "M", "B", "BB", "S",
                                      "SS", "",   "J", "JJ", "C",  "K", "T", "P", "H"};
constexpr std::string_view vowels[] = {"A",  "AE", "YA", "YAE", "EO", "E",  "YEO", "YE", "O",  "WA", "WAE",
                                       "OE", "YO", "U",  "WEO", "WE", "WI", "YU",  "EU", "YI", "I"};
constexpr std::string_view tails[] = {"",   "G",  "GG", "GS", "N",  "NJ", "NH", "D", "L",  "LG",
                                      "LM", "LB", "LS", "LT", "LP", "LH", "M",  "B", "BS", "S",
                                      "SS", "NG", "J",  "C",  "K",  "T",  "P",  "H"};

std::optional<char32_t> hangul_syllable(std::string_view name) {
  // Three parts without separators: every combination is tried, there are few that begin alike.
  for (char32_t lead = 0; lead < std::size(leads); ++lead) {
    if (!name.starts_with(leads[lead])) continue;
    auto rest = name.substr(leads[lead].size());
    for (char32_t vowel = 0; vowel < std::size(vowels); ++vowel) {
      if (!rest.starts_with(vowels[vowel])) continue;
      auto end = rest.substr(vowels[vowel].size());
      for (char32_t tail = 0; tail < std::size(tails); ++tail) {
        if (end == tails[tail]) return 0xAC00 + (lead * 21 + vowel) * 28 + tail;
      }
    }
  }
  return std::nullopt;
}

std::optional<char32_t> hex_number(std::string_view digits) {
  std::uint32_t value = 0;
  auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.empty() || result.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// A name is rare enough that a search through the text of a table does.
std::optional<char32_t> find_name(std::string_view table, std::string_view name) {
  const std::string line = " " + std::string(name) + "\n";
  for (auto at = table.find(line); at != std::string_view::npos; at = table.find(line, at + 1)) {
    auto start = table.rfind('\n', at) + 1;
    auto code = table.substr(start, at - start);
    if (code.find(' ') == std::string_view::npos) return hex_number(code);
  }
  return std::nullopt;
}

// Names that end in the code, with the ranges of the characters that have them.
struct Numbered {
  const char* prefix;
  char32_t first, last;
};
constexpr Numbered numbered[] = {
    {"CJK UNIFIED IDEOGRAPH-", 0x3400, 0x4DBF},         {"CJK UNIFIED IDEOGRAPH-", 0x4E00, 0x9FFF},
    {"CJK UNIFIED IDEOGRAPH-", 0x20000, 0x2A6DF},       {"CJK UNIFIED IDEOGRAPH-", 0x2A700, 0x2B739},
    {"CJK UNIFIED IDEOGRAPH-", 0x2B740, 0x2B81D},       {"CJK UNIFIED IDEOGRAPH-", 0x2B820, 0x2CEA1},
    {"CJK UNIFIED IDEOGRAPH-", 0x2CEB0, 0x2EBE0},       {"CJK UNIFIED IDEOGRAPH-", 0x2EBF0, 0x2EE5D},
    {"CJK UNIFIED IDEOGRAPH-", 0x30000, 0x3134A},       {"CJK UNIFIED IDEOGRAPH-", 0x31350, 0x323AF},
    {"CJK COMPATIBILITY IDEOGRAPH-", 0xF900, 0xFA6D},   {"CJK COMPATIBILITY IDEOGRAPH-", 0xFA70, 0xFAD9},
    {"CJK COMPATIBILITY IDEOGRAPH-", 0x2F800, 0x2FA1D},
};

} // namespace

std::optional<char32_t> character_named(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = char(c - 32);
  }
  for (const Numbered& range : numbered) {
    if (!upper.starts_with(range.prefix)) continue;
    auto digits = name.substr(std::string_view(range.prefix).size());
    bool well_formed = digits.size() >= 4 && digits.size() <= 5 &&
                       digits.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
    auto code = well_formed ? hex_number(digits) : std::nullopt;
    if (code && *code >= range.first && *code <= range.last) return code;
  }
  if (upper.starts_with("HANGUL SYLLABLE ")) return hangul_syllable(std::string_view(upper).substr(16));
  if (upper.starts_with("BRAILLE PATTERN ")) {
    if (upper == "BRAILLE PATTERN BLANK") return 0x2800;
    if (!upper.starts_with("BRAILLE PATTERN DOTS-")) return std::nullopt;
    char32_t bits = 0;
    for (char c : std::string_view(upper).substr(21)) {
      if (c < '1' || c > '8') return std::nullopt;
      bits |= char32_t(1) << (c - '1');
    }
    if (name_of_character(0x2800 + bits) != upper) return std::nullopt; // the dots are in order
    return 0x2800 + bits;
  }
  auto found = find_name(names, upper);
  return found ? found : find_name(aliases, upper);
}

std::string name_of_character(char32_t character) {
  auto within = [&](char32_t first, char32_t last) { return character >= first && character <= last; };
  char digits[8];
  auto end = std::to_chars(digits, digits + sizeof digits, std::uint32_t(character), 16).ptr;
  std::string hex(digits, end);
  for (char& c : hex) {
    if (c >= 'a') c = char(c - 32);
  }
  for (const Numbered& range : numbered)
    if (within(range.first, range.last)) return range.prefix + hex;
  if (within(0xAC00, 0xD7A3)) {
    char32_t syllable = character - 0xAC00;
    std::string name = "HANGUL SYLLABLE ";
    return name.append(leads[syllable / 588]).append(vowels[syllable / 28 % 21]).append(tails[syllable % 28]);
  }
  if (within(0x2800, 0x28FF)) {
    if (character == 0x2800) return "BRAILLE PATTERN BLANK";
    std::string name = "BRAILLE PATTERN DOTS-";
    for (int dot = 0; dot < 8; ++dot) {
      if ((character - 0x2800) >> dot & 1) name += char('1' + dot);
    }
    return name;
  }
  std::string line = hex + " ";
  std::size_t at = names.starts_with(line) ? 0 : names.find("\n" + line);
  if (at == std::string_view::npos) return {};
  at += line.size() + (at ? 1 : 0);
  return std::string(names.substr(at, names.find('\n', at) - at));
}

} // namespace aspy
