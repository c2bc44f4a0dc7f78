#pragma once

#include <string>

#include "parser/ast.hpp"

namespace aspy {

/// Writes a tree as nested `(Kind field ...)`, the fields in the order of ast.hpp: lists in `[...]`, `-` for
/// what is absent, names bare, strings quoted, and contexts only where they are not Load. With positions
/// every node that has one shows it as `@line:col-end_line:end_col` after its kind.
std::string dump(const ast::Node* node, bool positions = false);

} // namespace aspy
