#include "parser/parser.hpp"

#include <algorithm>

#include "lexer/lexer.hpp"
#include "parser/build/actions.hpp"
#include "parser/build/builder.hpp"
#include "parser/diagnosis/control.hpp"
#include "parser/diagnosis/explanations.hpp"
#include "parser/grammar.hpp"
#include "parser/source.hpp"

namespace aspy {

namespace {

namespace pegtl = tao::pegtl;

// How much machine stack a parse may use. It fits the nesting that the lexer allows (200 brackets, 100
// blocks) in any build; what goes deeper (a thousand lambdas in one another) is refused.
constexpr std::size_t stack_budget = std::size_t(3) << 20;

template <class Rule> bool run(Builder& b) {
  const char* begin = reinterpret_cast<const char*>(b.tokens.kinds.data());
  pegtl::memory_input<pegtl::tracking_mode::lazy, pegtl::eol::lf, const char*> in(
      begin, begin + b.tokens.size(), "");
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
  result.text_bare = !issue.late && !(issue.unclosed && !issue.passed);
  result.text_settled = issue.unclosed || issue.at_end;
  return result;
}

std::uint32_t last_index(const Tokens& tokens) { return static_cast<std::uint32_t>(tokens.size()) - 1; }

/// The lexer's own issue if it comes before one that the parser found, having looked as far as `reached`. The
/// parser's may be a consequence of it. An unclosed bracket, though, only counts if the trouble is on a later
/// line than it.
std::optional<SyntaxIssue> lexer_first(const SourceTree& tree, const Tokens& tokens, std::uint32_t reached) {
  if (!tokens.issue.has_value()) return std::nullopt;
  const auto at = std::min(reached, last_index(tokens));
  if (tokens.kind(at) != Token::Error && (tokens.issue->in_fstring || tokens.issue->late))
    return std::nullopt;
  if (tokens.kind(at) == Token::Error || !tokens.issue->unclosed ||
      tokens.extents[at].line > tokens.issue->line) {
    return from_lexer(tree, *tokens.issue);
  }
  return std::nullopt;
}

/// Runs one explaining pass; empty if it has no explanation.
std::optional<SyntaxIssue> explain_in(Builder& b, Builder::Pass pass, Mode mode) {
  b.begin(pass);
  try {
    run(b, mode);
  } catch (Diagnosed& raised) {
    if (raised.issue.kind != IssueKind::MemoryError) {
      if (auto issue = lexer_first(b.tree, b.tokens, b.furthest)) return issue;
    }
    return std::move(raised.issue);
  }
  return std::nullopt;
}

/// The first pass has failed. Further ones look for an explanation; without one, the token that could not be
/// used is to blame.
SyntaxIssue explain(SourceTree& tree, const Tokens& tokens, Builder& first, Mode mode,
                    std::uint32_t& reached) {
  const std::uint32_t stuck = std::min(first.furthest, last_index(tokens));
  if (tokens.kind(stuck) == Token::Error) return from_lexer(tree, *tokens.issue);

  Builder second(tree, tokens);
  second.furthest = first.furthest;
  struct Report { // however it ends
    Builder& from;
    std::uint32_t& to;
    ~Report() { to = std::max(to, from.furthest); }
  } report{second, reached};
  bool braces = false;
  for (std::uint32_t i = 0; i <= stuck && !braces; ++i) braces = tokens.kind(i) == Token::LeftBrace;
  if (braces) {
    if (auto issue = explain_in(second, Builder::Pass::ExplainDicts, mode)) return std::move(*issue);
    second.memo.clear();
    second.stack.clear();
  }
  if (auto issue = explain_in(second, Builder::Pass::ExplainAll, mode)) return std::move(*issue);
  if (tokens.kind(std::min(second.furthest, last_index(tokens))) == Token::Error)
    return from_lexer(tree, *tokens.issue);

  reached = second.furthest;
  try {
    const Token kind = tokens.kind(stuck);
    second.furthest = stuck;
    if (kind == Token::Indent) second.raise_here("unexpected indent", IssueKind::IndentationError);
    if (kind == Token::Dedent) second.raise_here("unexpected unindent", IssueKind::IndentationError);
    if (auto issue = lexer_first(tree, tokens, reached)) return std::move(*issue);
    if (kind == Token::EndMarker) {
      // It has no column.
      SyntaxIssue issue = tree.issue_at(second.pos(stuck, stuck + 1), "invalid syntax");
      issue.col = 0;
      issue.end_col = 0;
      if (tree.source.empty() && mode == Mode::Eval) { // nothing but spaces: not even a line
        issue.line = issue.end_line = 0;
        issue.text_bare = true;
      }
      return issue;
    }
    second.raise_at(second.pos(stuck, stuck + 1), "invalid syntax");
  } catch (Diagnosed& raised) {
    return std::move(raised.issue);
  }
}

ParseResult parse_decoded(std::string text, std::optional<SyntaxIssue> issue, Mode mode) {
  ParseResult result;
  result.tree = std::make_unique<SourceTree>(std::move(text));
  SourceTree& tree = *result.tree;
  if (issue.has_value()) {
    if (!issue->text_known) issue->text = tree.line_text(issue->line);
    result.issue = std::move(issue);
    return result;
  }
  std::string_view source = tree.source;
  Tokens tokens = lex(source, mode != Mode::Interactive, mode != Mode::Eval);
  Builder builder(tree, tokens);
  for (const auto& warning : tokens.warnings) {
    SyntaxWarning told;
    told.message = warning.message;
    told.line = told.end_line = warning.line;
    told.col = told.end_col = tree.character_offset(warning.line, warning.col) + 1;
    told.token = ~std::uint32_t(0);
    tree.warnings.push_back(std::move(told));
  }
  std::uint32_t reached = 0; // by any pass
  try {
    if (run(builder, mode) && !tokens.issue.has_value()) {
      tree.root = builder.stack.back().node;
    } else {
      result.issue = explain(tree, tokens, builder, mode, reached);
    }
  } catch (Diagnosed& raised) {
    // Bad literals and too deep nesting do not wait for the second pass.
    auto issue = raised.issue.kind == IssueKind::MemoryError ? std::nullopt
                                                             : lexer_first(tree, tokens, builder.furthest);
    result.issue = issue.has_value() ? std::move(*issue) : std::move(raised.issue);
  }
  if (result.issue.has_value()) {
    reached = std::min(std::max(reached, builder.furthest), last_index(tokens));
    result.issue->text_passed =
        (!result.issue->text_settled && tokens.extents[reached].line > result.issue->line) ||
        (mode == Mode::Eval && !source.ends_with('\n'));
  }
  if (result.issue.has_value() && mode == Mode::Interactive && !result.issue->incomplete) {
    // Stuck at the very end of the text: more of it may help.
    // (The blocks that are open close there; an empty line closes them for good.)
    auto stuck = std::min<std::size_t>(builder.furthest, tokens.size() - 1);
    while (tokens.kind(stuck) == Token::Dedent && !source.ends_with("\n\n")) ++stuck;
    result.issue->incomplete = tokens.kind(stuck) == Token::EndMarker;
  }
  std::stable_sort(tree.warnings.begin(), tree.warnings.end(),
                   [](const SyntaxWarning& a, const SyntaxWarning& b) { return a.line < b.line; });
  return result;
}

} // namespace

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

} // namespace aspy
