#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/arena.hpp"
#include "parser/ast.hpp"

namespace aspy {

struct Names;

enum class Mode : std::uint8_t {
  Exec,        // a file: ast::Module (kind Module)
  Eval,        // one expression: ast::Expression
  Interactive, // one statement typed at a prompt: ast::Module (kind Interactive)
};

enum class IssueKind : std::uint8_t {
  SyntaxError,
  IndentationError,
  TabError,
  MemoryError,    // nested too deeply for the parser: no place in the source, only a message
  RecursionError, // the same, from later passes
};

/// Why a source is not a program, in the terms of SyntaxError's attributes.
struct SyntaxIssue {
  IssueKind kind = IssueKind::SyntaxError;
  std::string message;
  std::uint32_t line = 0;     // lineno, from 1
  std::uint32_t col = 0;      // offset, from 1, in characters; 0 when the whole line is meant
  std::uint32_t end_line = 0; // end_lineno
  std::int32_t end_col = 0;   // end_offset, exclusive; 0 or -1 (as CPython has it) when unknown
  std::string text;           // the source line, without its line end
  bool incomplete = false;    // more lines could make it right: a prompt asks for them
  bool text_known = true;     // false: text is None (no source line to show)
  bool text_bare = false;     // `text` is reported without a line end whatever the source
  bool text_passed = false;   // and this, unless the source is a file: the parser had read beyond the line
  bool text_settled = false;  // how far the parser had read does not matter
  bool always_quoted = false; // the line is reported although a step behind the parser found the issue
};

/// A SyntaxWarning found while reading, in source order.
struct SyntaxWarning {
  std::string message;
  std::uint32_t line = 0; // from 1
  std::uint32_t col = 0;  // from 1, in characters
  std::uint32_t end_line = 0;
  std::uint32_t end_col = 0;
  std::uint32_t token = 0; // which token, so that one is told once
};

/// A parsed source: owns its text and every node. Everything reachable from `root` lives exactly as long as
/// this.
class SourceTree {
public:
  explicit SourceTree(std::string_view text);
  ~SourceTree();
  SourceTree(const SourceTree&) = delete;
  SourceTree& operator=(const SourceTree&) = delete;

  Arena arena;
  std::string source; // decoded to UTF-8, line ends normalised to "\n"
  ast::Node* root = nullptr;
  std::vector<SyntaxWarning> warnings;

  ast::Module* module() const { return ast::as<ast::Module>(root); }
  ast::Expression* expression() const { return ast::as<ast::Expression>(root); }

  /// The text of a line (from 1) without its line end; empty past the last.
  std::string_view line_text(std::uint32_t line) const;
  /// The character column (from 0) of a byte column (from 0).
  std::uint32_t character_offset(std::uint32_t line, std::uint32_t byte_col) const;
  /// The source between a node's start and end, line breaks included.
  std::string_view text_of(const ast::Position& pos) const;
  std::uint32_t line_count() const { return static_cast<std::uint32_t>(line_starts_.size()); }

  /// Fills in an issue that a later pass found at `pos` (for example "'return' outside function").
  SyntaxIssue issue_at(const ast::Position& pos, std::string message,
                       IssueKind kind = IssueKind::SyntaxError) const;

  /// The one copy of a name in this tree (used for names that later passes make, such as mangled ones).
  ast::Identifier intern(std::string_view name);
  /// The same for a name that stands in `source`: NFKC-normalised, and without a copy where possible.
  ast::Identifier identifier(std::string_view in_source);

private:
  void index_lines();
  std::vector<std::uint32_t> line_starts_; // byte offsets into `source`
  std::unique_ptr<Names> names_;
};

struct ParseResult {
  std::unique_ptr<SourceTree>
      tree; // always there (its source text serves error reports); root is null on failure
  std::optional<SyntaxIssue> issue;

  explicit operator bool() const { return !issue.has_value(); }
};

/// Parses `source` (UTF-8, or as its coding cookie or byte order mark says). Never throws for any input,
/// never recurses deeper than a fixed bound. `await` is accepted anywhere: the compiler says where it is not
/// allowed.
ParseResult parse(std::string_view source, Mode mode);

/// The same for a `str` that is already decoded (eval, exec, compile): no coding cookie is looked at.
ParseResult parse_text(std::string_view utf8, Mode mode);

} // namespace aspy
