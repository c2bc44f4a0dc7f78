#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lexer/token.hpp"

namespace aspy {

/// Where a token's text is. Lines count from 1, columns from 0 in bytes; ends are exclusive.
struct Extent {
  std::uint32_t start, end; // byte offsets into the source
  std::uint32_t line, col;
  std::uint32_t end_line, end_col;
};

enum class LexIssueKind : std::uint8_t { Syntax, Indentation, Tab };

/// Why the lexer stopped. Offsets are those of SyntaxError: characters, from 1.
struct LexIssue {
  LexIssueKind kind = LexIssueKind::Syntax;
  std::string message;
  std::uint32_t line = 0;
  std::uint32_t offset = 0;
  std::int32_t end_offset = 0;
  bool unclosed = false;   // the end came inside a bracket; `line`/`offset` are the bracket's
  bool passed = false;     // of an unclosed one: the end is on a later line
  bool late = false;       // tells only when the parser gets there; the others come before its issues
  bool in_fstring = false; // it came inside an f-string: an error in a field there may well be its cause
  bool at_end = false;     // `line` is the last one
  bool incomplete = false; // the end came too early: more lines could make it right
};

struct LexWarning {
  std::string message;
  std::uint32_t line = 0;
  std::uint32_t col = 0; // bytes, from 0
};

/// The tokens of a source as two parallel arrays. The last kind is EndMarker, or Error when `issue` says why.
struct Tokens {
  std::vector<std::uint8_t> kinds;
  std::vector<Extent> extents;
  std::optional<LexIssue> issue;
  std::vector<LexWarning> warnings;

  std::size_t size() const { return kinds.size(); }
  Token kind(std::size_t index) const { return static_cast<Token>(kinds[index]); }
};

/// The deepest nesting of brackets, blocks and f-strings; each has its own message.
inline constexpr std::size_t max_brackets = 200;
inline constexpr std::size_t max_indents = 100;
inline constexpr std::size_t max_fstrings = 150;
inline constexpr std::size_t max_fields = 3; // of one f-string, each in the format spec of the one before

/// Splits `source` (valid UTF-8, "\n" line ends) into tokens. Never throws but for lack of memory.
/// `imply_dedent` false: a last line without "\n" leaves open blocks open, which makes the source incomplete.
/// `imply_newline` false: such a line has no Newline token either (an expression for eval()).
Tokens lex(std::string_view source, bool imply_dedent = true, bool imply_newline = true);

} // namespace aspy
