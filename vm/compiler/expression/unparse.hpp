// Expressions as text again, in the normal form that annotations take under
// `from __future__ import annotations`: one space around operators, parentheses only where they matter.
#pragma once

#include "parser/ast.hpp"

#include <functional>
#include <string>

namespace aspy::compiler {

struct UnparseHooks {
  std::function<std::string(const ast::Constant*)> constant_text; // the repr of a literal's value
  std::function<std::string(const std::string&)> text_repr;
  std::function<ast::Identifier(ast::Identifier)> name; // how a name is written
};

// Empty when the expression is nested too deeply.
std::string unparse(const ast::Expr* expr, const UnparseHooks& hooks);

} // namespace aspy::compiler
