#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lexer/lexer.hpp"
#include "parser/ast.hpp"
#include "parser/parser.hpp"

namespace aspy {

/// One thing on the builder's stack: a node and the tokens [first, last) it came from. A bare token (an
/// operator, a word) has no node; an optional part that is absent has neither.
struct Item {
  ast::Node* node = nullptr;
  std::uint32_t first = 0, last = 0;

  bool is_absent() const { return node == nullptr && last == 0; }
};

/// Thrown inside the parser when a diagnosis is made (only in the second pass) or the nesting is too deep.
struct Diagnosed {
  SyntaxIssue issue;
};

/// What the grammar's actions share: the tree that grows, the tokens, and a stack of items. A rule that
/// builds replaces the items that its parts pushed by one of its own.
class Builder {
public:
  Builder(SourceTree& tree, const Tokens& tokens) : tree(tree), tokens(tokens) { stack.reserve(64); }

  /// What a pass over the tokens does besides building.
  enum class Pass : std::uint8_t { Plain, ExplainDicts, ExplainAll };
  void begin(Pass pass) {
    pass_ = pass;
    diagnosing_ = pass == Pass::ExplainAll;
  }
  bool explaining_dicts() const { return pass_ != Pass::Plain; }
  bool remembering() const { return pass_ != Pass::Plain; }
  bool diagnosing() const { return diagnosing_; }
  void set_diagnosing(bool on) { diagnosing_ = on; }

  // --- Tokens
  Token kind(std::uint32_t token) const { return tokens.kind(token); }
  const Extent& extent(std::uint32_t token) const { return tokens.extents[token]; }
  std::string_view text(std::uint32_t token) const {
    const Extent& e = extent(token);
    return std::string_view(tree.source).substr(e.start, e.end - e.start);
  }
  ast::Identifier identifier(std::uint32_t token) { return tree.identifier(text(token)); }
  /// From the start of token `first` to the end of the last token before `last`.
  ast::Position pos(std::uint32_t first, std::uint32_t last) const {
    const Extent& from = extent(first);
    const Extent& to = extent(last > first ? last - 1 : first);
    return {from.line, from.col, to.end_line, to.end_col};
  }
  /// The same, but line ends and dedents at the end do not count (compound statements).
  ast::Position pos_of_statement(std::uint32_t first, std::uint32_t last) const;

  // --- Nodes
  template <class T> T* make(ast::Kind kind, ast::Position pos) {
    auto* node = tree.arena.make<T>();
    node->kind = kind;
    node->pos = pos;
    return node;
  }
  template <class T> T* make(ast::Position pos) { return make<T>(T::tag, pos); }
  template <class T> ast::List<T> list(const std::vector<T*>& nodes) {
    return tree.arena.copy(nodes.data(), nodes.size());
  }
  ast::Identifiers names(const std::vector<ast::Identifier>& names) {
    return tree.arena.copy(names.data(), names.size());
  }

  // --- Errors
  /// At the furthest token that was looked at, as plain errors are placed.
  [[noreturn]] void raise_here(std::string message, IssueKind kind = IssueKind::SyntaxError);
  [[noreturn]] void raise_at(ast::Position pos, std::string message, IssueKind kind = IssueKind::SyntaxError);
  /// From the start of one item to the end of another.
  [[noreturn]] void raise_between(const Item& from, const Item& to, std::string message) {
    ast::Position where = pos_of(from);
    const ast::Position end = pos_of(to);
    where.end_line = end.end_line;
    where.end_col = end.end_col;
    raise_at(where, std::move(message));
  }
  /// A node's own position (which leaves brackets around it out), or that of bare tokens.
  ast::Position pos_of(const Item& item) const {
    return item.node != nullptr ? item.node->pos : pos(item.first, item.last);
  }
  Item token_item(std::uint32_t token) const { return {nullptr, token, token + 1}; }
  [[noreturn]] void raise_token(std::uint32_t token, std::string message) {
    raise_at(pos(token, token + 1), std::move(message));
  }
  [[noreturn]] void raise_for(const Item& item, std::string message) {
    raise_between(item, item, std::move(message));
  }
  /// From a start to the end of the furthest token that was looked at.
  [[noreturn]] void raise_starting_from(ast::Position pos, std::string message);
  [[noreturn]] void raise_too_deep();
  /// How many brackets are open at a token.
  std::uint32_t depth_at(std::uint32_t token) const;

  SourceTree& tree;
  const Tokens& tokens;
  std::vector<Item> stack;
  /// Takes items off until `size` are left.
  void cut(std::size_t size) { stack.erase(stack.begin() + static_cast<std::ptrdiff_t>(size), stack.end()); }
  std::ptrdiff_t decided_at = -1; // where `missing_comma` last found nothing to blame (diagnosis.hpp)
  std::uint32_t furthest = 0;     // the furthest token that any rule has looked at
  std::uintptr_t stack_limit = 0; // the machine stack may not grow below this address
  // Chains of these constructs are read in a loop, but count as nested all the same: as many levels as a
  // parser that descends into each has.
  static constexpr std::size_t most_levels = 3960;
  void check_levels(std::size_t count) {
    if (count > most_levels) raise_too_deep();
  }

  /// Results of rules that the diagnosing pass would otherwise repeat, by rule and token.
  struct Memo {
    Item item;
    std::uint32_t next = 0;
    bool matched = false;
  };
  std::unordered_map<std::uint64_t, Memo> memo;

private:
  Pass pass_ = Pass::Plain;
  bool diagnosing_ = false;
};

/// A rule that has matched: the tokens [first, last), and the items that its parts pushed above `mark`.
struct Matched {
  Builder& b;
  std::size_t mark;
  std::uint32_t first, last;

  std::size_t size() const { return b.stack.size() - mark; }
  Item& operator[](std::size_t i) const { return b.stack[mark + i]; }
  ast::Expr* expr(std::size_t i) const { return static_cast<ast::Expr*>((*this)[i].node); }
  Token first_kind() const { return b.kind(first); }
  ast::Position pos() const { return b.pos(first, last); }
  ast::Position statement_pos() const { return b.pos_of_statement(first, last); }

  /// Replaces this frame's items by one.
  bool reduce(ast::Node* node) const {
    b.cut(mark);
    b.stack.push_back({node, first, last});
    return true;
  }
  bool keep_tokens() const { return reduce(nullptr); }
};

// --- Nodes that only live while parsing ----------------------------------------------------------

namespace parts {

constexpr ast::Kind internal(int n) { return static_cast<ast::Kind>(200 + n); }

/// Statements of a block, clauses of a comprehension, parameters...: several nodes that travel as one item.
struct NodeList : ast::Tagged<ast::Node, internal(0)> {
  std::span<ast::Node* const> nodes;
};
/// The arguments of a call or class.
struct CallArguments : ast::Tagged<ast::Node, internal(1)> {
  ast::List<ast::Expr> args;
  ast::List<ast::Keyword> keywords;
  bool is_generator; // the one argument is a generator expression without brackets of its own
};
struct BareGenerator : ast::Tagged<ast::Node, internal(6)> {
  ast::GeneratorExp* generator;
};
/// One `key: value` or `**mapping` (key null).
struct Pair : ast::Tagged<ast::Node, internal(2)> {
  ast::Expr* key;
  ast::Expr* value;
};
/// A slice of a subscription's index that has no node yet, a conversion, a word ...: only `text`.
struct Word : ast::Tagged<ast::Node, internal(3)> {
  ast::Identifier text;
};
enum class ParamKind : std::uint8_t { Plain, Slash, BareStar, Var, Kwargs };
struct Param : ast::Tagged<ast::Node, internal(4)> {
  ParamKind type;
  ast::Arg* arg;
  ast::Expr* default_value;
  std::uint32_t token;
};
/// `name=pattern` in a class pattern, `key: pattern` or `**rest` in a mapping pattern.
struct KeyPattern : ast::Tagged<ast::Node, internal(5)> {
  ast::Identifier name;
  ast::Expr* key;
  ast::Pattern* pattern;
};

} // namespace parts

// --- What several action files use ---------------------------------------------------------------

/// Casts a NodeList's elements; the item may be absent.
template <class T> ast::List<T> nodes_of(const Item& item) {
  if (item.node == nullptr) return {};
  auto nodes = ast::as<parts::NodeList>(item.node)->nodes;
  return {reinterpret_cast<T* const*>(nodes.data()), nodes.size()};
}

/// Makes an expression a target: sets the context on it and on the parts of tuples and lists. Returns the
/// first part that cannot be one (then nothing useful is left), or null.
ast::Expr* make_target(ast::Expr* expr, ast::Context context);

/// What an expression is called in "cannot assign to ..." ("function call", "literal").
std::string_view expression_name(const ast::Expr* expr);

/// The part of an assignment's (or a for loop's, a del's) left side that is at fault; null if none is.
enum class TargetUse : std::uint8_t { Star, Del, For };
const ast::Expr* invalid_target(const ast::Expr* expr, TargetUse use);

/// Decodes the text between a literal's quotes. On a bad escape raises the SyntaxError that the literal
/// deserves.
std::string decode_text(Builder& b, std::string_view raw, std::uint32_t token, bool is_raw, bool is_bytes,
                        bool fold_braces);

} // namespace aspy
