#include "parser/build/builder.hpp"
#include "lexer/characters.hpp"

#include <fmt/format.h>

namespace aspy {

using ast::Kind;

ast::Position Builder::pos_of_statement(std::uint32_t first, std::uint32_t last) const {
  while (last > first + 1) {
    Token end = kind(last - 1);
    if (end != Token::Newline && end != Token::Dedent && end != Token::Indent && end != Token::EndMarker)
      break;
    --last;
  }
  return pos(first, last);
}

void Builder::raise_here(std::string message, IssueKind issue_kind) {
  const std::uint32_t token =
      furthest < tokens.size() ? furthest : static_cast<std::uint32_t>(tokens.size()) - 1;
  const Extent& e = extent(token);
  const Token what = kind(token);
  SyntaxIssue issue;
  issue.kind = issue_kind;
  issue.message = std::move(message);
  issue.line = e.line;
  issue.end_line = e.end_line;
  issue.text = tree.line_text(e.line);
  if (what == Token::Indent || what == Token::Dedent || what == Token::EndMarker) {
    // These have no text of their own: the place is where the lexer stood, one past what it had read.
    const bool at_end = what == Token::EndMarker || e.start == tree.source.size();
    auto column = at_end ? static_cast<std::uint32_t>(count_characters(issue.text)) + 1
                         : tree.character_offset(e.line, e.end_col);
    issue.col = column;
    issue.end_col = -1;
  } else {
    issue.col = tree.character_offset(e.line, e.col) + 1;
    issue.end_col = static_cast<std::int32_t>(tree.character_offset(e.end_line, e.end_col)) + 1;
  }
  throw Diagnosed{std::move(issue)};
}

void Builder::raise_at(ast::Position where, std::string message, IssueKind issue_kind) {
  SyntaxIssue issue = tree.issue_at(where, std::move(message), issue_kind);
  if (where.end_line != where.line) {
    // The end is reported as a column of the first line, no further than that line goes.
    auto line = tree.line_text(where.line);
    issue.end_col = static_cast<std::int32_t>(count_characters(line.substr(0, where.end_col))) + 1;
  }
  throw Diagnosed{std::move(issue)};
}

void Builder::raise_starting_from(ast::Position where, std::string message) {
  const std::uint32_t token =
      furthest < tokens.size() ? furthest : static_cast<std::uint32_t>(tokens.size()) - 1;
  const Extent& e = extent(token);
  SyntaxIssue issue = tree.issue_at(where, std::move(message));
  issue.end_line = e.end_line;
  issue.end_col = static_cast<std::int32_t>(tree.character_offset(e.end_line, e.end_col));
  throw Diagnosed{std::move(issue)};
}

void Builder::raise_too_deep() {
  SyntaxIssue issue;
  issue.kind = IssueKind::MemoryError;
  issue.message = "Parser stack overflowed - Python source too complex to parse";
  issue.text_known = false;
  throw Diagnosed{std::move(issue)};
}

std::uint32_t Builder::depth_at(std::uint32_t token) const {
  std::uint32_t depth = 0;
  for (std::uint32_t i = 0; i <= token && i < tokens.size(); ++i) {
    if (is_opening(kind(i))) ++depth;
    if (is_closing(kind(i)) && depth > 0) --depth;
  }
  return depth;
}

// --- Targets -------------------------------------------------------------------------------------

ast::Expr* make_target(ast::Expr* expr, ast::Context context) {
  switch (expr->kind) {
  case Kind::Name: ast::as<ast::Name>(expr)->ctx = context; return nullptr;
  case Kind::Attribute: ast::as<ast::Attribute>(expr)->ctx = context; return nullptr;
  case Kind::Subscript: ast::as<ast::Subscript>(expr)->ctx = context; return nullptr;
  case Kind::Starred: {
    auto* starred = ast::as<ast::Starred>(expr);
    if (context == ast::Context::Del) return expr;
    starred->ctx = context;
    return make_target(starred->value, context);
  }
  case Kind::Tuple:
  case Kind::ListExpr: {
    const bool tuple = expr->kind == Kind::Tuple;
    auto elts = tuple ? ast::as<ast::Tuple>(expr)->elts : ast::as<ast::ListExpr>(expr)->elts;
    (tuple ? ast::as<ast::Tuple>(expr)->ctx : ast::as<ast::ListExpr>(expr)->ctx) = context;
    for (auto* elt : elts) {
      if (auto* bad = make_target(elt, context)) return bad;
    }
    return nullptr;
  }
  default: return expr;
  }
}

const ast::Expr* invalid_target(const ast::Expr* expr, TargetUse use) {
  auto first_bad = [use](ast::List<ast::Expr> elts) -> const ast::Expr* {
    for (auto* elt : elts) {
      if (auto* bad = invalid_target(elt, use)) return bad;
    }
    return nullptr;
  };
  switch (expr->kind) {
  case Kind::Name:
  case Kind::Attribute:
  case Kind::Subscript: return nullptr;
  case Kind::Tuple: return first_bad(ast::as<ast::Tuple>(expr)->elts);
  case Kind::ListExpr: return first_bad(ast::as<ast::ListExpr>(expr)->elts);
  case Kind::Starred:
    if (use == TargetUse::Del) return expr;
    return invalid_target(ast::as<ast::Starred>(expr)->value, use);
  case Kind::Compare:
    // `for f() in x` reads as a comparison when it is taken for an expression.
    if (use == TargetUse::For) {
      auto* compare = ast::as<ast::Compare>(expr);
      if (compare->ops[0] == ast::CmpOperator::In) return invalid_target(compare->left, use);
      return nullptr;
    }
    return expr;
  default: return expr;
  }
}

std::string_view expression_name(const ast::Expr* expr) {
  switch (expr->kind) {
  case Kind::Attribute: return "attribute";
  case Kind::Subscript: return "subscript";
  case Kind::Starred: return "starred";
  case Kind::Name: return "name";
  case Kind::ListExpr: return "list";
  case Kind::Tuple: return "tuple";
  case Kind::Lambda: return "lambda";
  case Kind::Call: return "function call";
  case Kind::BoolOp:
  case Kind::BinOp:
  case Kind::UnaryOp: return "expression";
  case Kind::GeneratorExp: return "generator expression";
  case Kind::Yield:
  case Kind::YieldFrom: return "yield expression";
  case Kind::Await: return "await expression";
  case Kind::ListComp: return "list comprehension";
  case Kind::SetComp: return "set comprehension";
  case Kind::DictComp: return "dict comprehension";
  case Kind::Dict: return "dict literal";
  case Kind::Set: return "set display";
  case Kind::JoinedStr:
  case Kind::FormattedValue: return "f-string expression";
  case Kind::TemplateStr:
  case Kind::Interpolation: return "t-string expression";
  case Kind::Compare: return "comparison";
  case Kind::IfExp: return "conditional expression";
  case Kind::NamedExpr: return "named expression";
  case Kind::Constant:
    switch (ast::as<ast::Constant>(expr)->type) {
    case ast::ConstantKind::None: return "None";
    case ast::ConstantKind::True: return "True";
    case ast::ConstantKind::False: return "False";
    case ast::ConstantKind::Ellipsis: return "ellipsis";
    default: return "literal";
    }
  default: return "expression";
  }
}

} // namespace aspy
