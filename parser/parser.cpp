#include "parser/parser.hpp"

#include <algorithm>

#include "lexer/lexer.hpp"
#include "parser/actions.hpp"
#include "parser/builder.hpp"
#include "parser/control.hpp"
#include "parser/explanations.hpp"
#include "parser/grammar.hpp"
#include "parser/source.hpp"

namespace aspy {

namespace {

namespace pegtl = tao::pegtl;

// How much machine stack a parse may use. It fits the nesting that the lexer allows (200 brackets, 100 blocks) in
// any build; what goes deeper (a thousand lambdas in one another) is refused.
constexpr std::size_t stack_budget = std::size_t(3) << 20;

template <class Rule>
bool run(Builder& b) {
  const char* begin = reinterpret_cast<const char*>(b.tokens.kinds.data());
  pegtl::memory_input<pegtl::tracking_mode::lazy, pegtl::eol::lf, const char*> in(begin, begin + b.tokens.size(), "");
  return pegtl::parse<Rule, action, control>(in, b);
}

bool run(Builder& b, Mode mode) {
  char here = 0;
  b.stack_limit = reinterpret_cast<std::uintptr_t>(&here) - stack_budget;
  switch (mode) {
    case Mode::Exec: return run<grammar::file>(b);
    case Mode::Eval: return run<grammar::eval>(b);
    default: return run<grammar::interactive>(b);
  }
}

SyntaxIssue from_lexer(const SourceTree& tree, const LexIssue& issue) {
  SyntaxIssue result;
  result.kind = issue.kind == LexIssueKind::Tab           ? IssueKind::TabError
                : issue.kind == LexIssueKind::Indentation ? IssueKind::IndentationError
                                                          : IssueKind::SyntaxError;
  result.message = issue.message;
  result.line = result.end_line = issue.line;
  result.col = issue.offset;
  result.end_col = issue.end_offset;
  result.text = tree.line_text(issue.line);
  result.incomplete = issue.incomplete;
  return result;
}

/// The first pass has failed. The second looks for an explanation; without one, the token that could not be used is
/// to blame.
SyntaxIssue explain(SourceTree& tree, const Tokens& tokens, Builder& first, Mode mode) {
  const std::uint32_t stuck = std::min<std::uint32_t>(first.furthest, static_cast<std::uint32_t>(tokens.size()) - 1);
  if (tokens.kind(stuck) == Token::Error) return from_lexer(tree, *tokens.issue);

  Builder second(tree, tokens);
  second.set_diagnosing(true);
  second.furthest = first.furthest;
  std::optional<SyntaxIssue> issue;
  try {
    run(second, mode);
  } catch (Raised& raised) {
    issue = std::move(raised.issue);
  }
  // A lexical error further on comes first: the explanation may be its consequence. An unclosed bracket, though,
  // only if the trouble came on a later line than it.
  const std::uint32_t reached = std::min<std::uint32_t>(second.furthest, static_cast<std::uint32_t>(tokens.size()) - 1);
  auto lexer_wins = [&](std::uint32_t at_line) {
    return tokens.issue.has_value() && (!tokens.issue->unclosed || at_line > tokens.issue->line);
  };
  if (tokens.kind(reached) == Token::Error) return from_lexer(tree, *tokens.issue);
  if (issue.has_value()) {
    if (issue->kind == IssueKind::MemoryError) return std::move(*issue);
    if (issue->kind == IssueKind::SyntaxError && lexer_wins(tokens.extents[reached].line)) return from_lexer(tree, *tokens.issue);
    return std::move(*issue);
  }

  try {
    const Token kind = tokens.kind(stuck);
    second.furthest = stuck;
    if (kind == Token::Indent) second.raise_here("unexpected indent", IssueKind::IndentationError);
    if (kind == Token::Dedent) second.raise_here("unexpected unindent", IssueKind::IndentationError);
    if (lexer_wins(tokens.extents[stuck].line)) return from_lexer(tree, *tokens.issue);
    if (kind == Token::EndMarker) second.raise_here("invalid syntax");
    second.raise_at(second.pos(stuck, stuck + 1), "invalid syntax");
  } catch (Raised& raised) {
    return std::move(raised.issue);
  }
}

ParseResult parse_decoded(std::string text, std::optional<SyntaxIssue> issue, Mode mode) {
  ParseResult result;
  result.tree = std::make_unique<SourceTree>(std::move(text));
  SourceTree& tree = *result.tree;
  if (issue.has_value()) {
    issue->text = tree.line_text(issue->line);
    result.issue = std::move(issue);
    return result;
  }
  // `eval` allows space before its expression.
  std::string_view source = tree.source;
  Tokens tokens = lex(source, mode != Mode::Interactive);
  Builder builder(tree, tokens);
  for (const auto& warning : tokens.warnings) {
    SyntaxWarning told;
    told.message = warning.message;
    told.line = told.end_line = warning.line;
    told.col = told.end_col = tree.character_offset(warning.line, warning.col) + 1;
    told.token = ~std::uint32_t(0);
    tree.warnings.push_back(std::move(told));
  }
  try {
    if (run(builder, mode) && !tokens.issue.has_value()) {
      tree.root = builder.stack.back().node;
    } else {
      result.issue = explain(tree, tokens, builder, mode);
    }
  } catch (Raised& raised) {
    result.issue = std::move(raised.issue);
  }
  if (result.issue.has_value() && mode == Mode::Interactive && !result.issue->incomplete) {
    // Stuck at the very end of the text: more of it may help.
    const auto stuck = std::min<std::size_t>(builder.furthest, tokens.size() - 1);
    result.issue->incomplete = tokens.kind(stuck) == Token::EndMarker;
  }
  std::stable_sort(tree.warnings.begin(), tree.warnings.end(),
                   [](const SyntaxWarning& a, const SyntaxWarning& b) { return a.line < b.line; });
  return result;
}

}  // namespace

ParseResult parse(std::string_view source, Mode mode) {
  std::string text;
  auto issue = decode_source(source, text);
  return parse_decoded(std::move(text), std::move(issue), mode);
}

ParseResult parse_text(std::string_view utf8, Mode mode) {
  std::string text;
  auto issue = normalise_text(utf8, text);
  return parse_decoded(std::move(text), std::move(issue), mode);
}

}  // namespace aspy
