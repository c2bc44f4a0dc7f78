// Expressions as text again, in the normal form that annotations take under
// `from __future__ import annotations`: one space around operators, parentheses only where they matter.
#pragma once

#include "parser/ast.hpp"

#include <functional>
#include <string>

namespace aspy::compiler {

// `constant_text` gives the repr of a literal's value. Empty when the expression is nested too deeply.
using ConstantText = std::function<std::string(const ast::Constant*)>;
// The repr of a text.
using TextRepr = std::function<std::string(const std::string&)>;

std::string unparse(const ast::Expr* expr, const ConstantText& constant_text, const TextRepr& text_repr);

} // namespace aspy::compiler
