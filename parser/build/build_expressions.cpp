#include <charconv>
#include <limits>

#include "parser/build/actions.hpp"

namespace aspy {

using namespace ast;
namespace g = grammar;
using grammar::T;

namespace {

Expr* expr_of(const Item& item) { return static_cast<Expr*>(item.node); }

/// Several nodes as one item.
bool reduce_list(const Matched& f, std::size_t from = 0) {
  std::vector<Node*> nodes;
  nodes.reserve(f.size() - from);
  for (std::size_t i = from; i < f.size(); ++i) nodes.push_back(f[i].node);
  auto* list = f.b.make<parts::NodeList>(f.pos());
  list->nodes = f.b.tree.arena.copy(nodes.data(), nodes.size());
  return f.reduce(list);
}

List<Expr> exprs(const Matched& f, std::size_t from = 0) {
  // Items are wider than pointers, so the nodes are gathered first; most lists are short.
  Node* few[16];
  std::vector<Node*> many;
  const std::size_t count = f.size() - from;
  Node** nodes = few;
  if (count > 16) {
    many.resize(count);
    nodes = many.data();
  }
  for (std::size_t i = 0; i < count; ++i) nodes[i] = f[from + i].node;
  auto copied = f.b.tree.arena.copy(nodes, count);
  return {reinterpret_cast<Expr* const*>(copied.data()), copied.size()};
}

bool has_comma_before(const Matched& f, std::uint32_t token) { return f.b.kind(token - 1) == T::Comma; }

/// One item, or a tuple of all of them.
bool tuple_or_single(const Matched& f) {
  if (f.size() == 1 && !has_comma_before(f, f.last)) {
    Item item = f[0];
    f.b.cut(f.mark);
    f.b.stack.push_back(item);
    return true;
  }
  auto* tuple = f.b.make<Tuple>(f.pos());
  tuple->elts = exprs(f);
  tuple->ctx = Context::Load;
  return f.reduce(tuple);
}

} // namespace

// --- Words and tokens ----------------------------------------------------------------------------

bool action<g::absent>::build(const Matched& f) {
  f.b.stack.push_back({});
  return true;
}
bool action<g::identifier>::build(const Matched& f) { return f.keep_tokens(); }
bool action<g::sign>::build(const Matched& f) { return f.keep_tokens(); }
bool action<g::binary>::build(const Matched& f) { return f.keep_tokens(); }
bool action<g::compare_op>::build(const Matched& f) {
  // "<>" shares its kind with "!=" and is told by its text.
  if (f.first_kind() == T::NotEqual && f.b.text(f.first) != "!=") return false;
  return f.keep_tokens();
}
bool action<g::negation>::build(const Matched& f) { return f.keep_tokens(); }
bool action<g::logical>::build(const Matched& f) { return f.keep_tokens(); }
bool action<g::star_mark>::build(const Matched& f) { return f.keep_tokens(); }

bool action<g::name>::build(const Matched& f) {
  auto* node = f.b.make<Name>(f.pos());
  node->id = f.b.identifier(f.first);
  node->ctx = Context::Load;
  return f.reduce(node);
}

bool action<g::constant>::build(const Matched& f) {
  auto* node = f.b.make<Constant>(f.pos());
  switch (f.first_kind()) {
  case T::None: node->type = ConstantKind::None; break;
  case T::True: node->type = ConstantKind::True; break;
  case T::False: node->type = ConstantKind::False; break;
  default: node->type = ConstantKind::Ellipsis; break;
  }
  return f.reduce(node);
}

bool action<g::number>::build(const Matched& f) {
  auto* node = f.b.make<Constant>(f.pos());
  std::string_view text = f.b.text(f.first);
  char* digits = static_cast<char*>(f.b.tree.arena.allocate(text.size() + 1, 1));
  std::size_t length = 0;
  for (char c : text) {
    if (c != '_') digits[length++] = (c >= 'A' && c <= 'Z') ? char(c + 32) : c;
  }
  std::string_view bare(digits, length);
  node->base = 10;
  if (bare.size() > 1 && bare[0] == '0' && (bare[1] == 'x' || bare[1] == 'o' || bare[1] == 'b')) {
    node->type = ConstantKind::Int;
    node->base = bare[1] == 'x' ? 16 : bare[1] == 'o' ? 8 : 2;
    node->text = bare.substr(2);
    return f.reduce(node);
  }
  const bool imaginary = bare.back() == 'j';
  if (imaginary) bare.remove_suffix(1);
  if (!imaginary && bare.find_first_of(".e") == std::string_view::npos) {
    node->type = ConstantKind::Int;
    node->text = bare;
    return f.reduce(node);
  }
  node->type = imaginary ? ConstantKind::Imaginary : ConstantKind::Float;
  auto result = std::from_chars(bare.data(), bare.data() + bare.size(), node->number);
  if (result.ec == std::errc::result_out_of_range) {
    // Too big or too small: told apart by trying with the exponent's sign.
    auto e = bare.find('e');
    const bool tiny = (e != std::string_view::npos && bare[e + 1] == '-') || bare.starts_with("0.") ||
                      bare.starts_with(".");
    node->number = tiny ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return f.reduce(node);
}

// --- Brackets ------------------------------------------------------------------------------------

bool action<g::starred>::build(const Matched& f) {
  auto* node = f.b.make<Starred>(f.pos());
  node->value = f.expr(0);
  node->ctx = Context::Load;
  return f.reduce(node);
}
bool action<g::args_unpacking>::build(const Matched& f) { return action<g::starred>::build(f); }
bool action<g::slice_star>::build(const Matched& f) { return action<g::starred>::build(f); }

bool action<g::paren_display>::build(const Matched& f) {
  if (f.size() == 0) {
    auto* tuple = f.b.make<Tuple>(f.pos());
    tuple->ctx = Context::Load;
    return f.reduce(tuple);
  }
  if (f.size() == 2 && is<parts::NodeList>(f[1].node)) {
    if (f[0].node->kind == Kind::Starred) return false;
    auto* node = f.b.make<GeneratorExp>(f.pos());
    node->elt = f.expr(0);
    node->generators = nodes_of<Comprehension>(f[1]);
    return f.reduce(node);
  }
  if (f.size() == 1 && !has_comma_before(f, f.last - 1)) {
    if (f[0].node->kind == Kind::Starred) return false;
    return f.reduce(f[0].node); // the item now spans the brackets, the node does not
  }
  auto* tuple = f.b.make<Tuple>(f.pos());
  tuple->elts = exprs(f);
  tuple->ctx = Context::Load;
  return f.reduce(tuple);
}

bool action<g::list_display>::build(const Matched& f) {
  if (f.size() == 2 && is<parts::NodeList>(f[1].node)) {
    if (f[0].node->kind == Kind::Starred) return false;
    auto* node = f.b.make<ListComp>(f.pos());
    node->elt = f.expr(0);
    node->generators = nodes_of<Comprehension>(f[1]);
    return f.reduce(node);
  }
  auto* node = f.b.make<ListExpr>(f.pos());
  node->elts = exprs(f);
  node->ctx = Context::Load;
  return f.reduce(node);
}

bool action<g::double_starred>::build(const Matched& f) {
  auto* pair = f.b.make<parts::Pair>(f.pos());
  pair->value = f.expr(0);
  return f.reduce(pair);
}
bool action<g::dict_value>::build(const Matched& f) {
  auto* pair = f.b.make<parts::Pair>(f.pos());
  pair->value = f.expr(0);
  return f.reduce(pair);
}
bool action<g::kvpair>::build(const Matched& f) {
  if (f.size() == 1) return true; // **mapping
  auto* pair = as<parts::Pair>(f[1].node);
  pair->key = f.expr(0);
  return f.reduce(pair);
}

bool action<g::brace_display>::build(const Matched& f) {
  auto& b = f.b;
  if (f.size() == 0) return f.reduce(b.make<Dict>(f.pos()));
  // A dict's first entry may still be in two parts: the key, then the value.
  std::size_t next = 0;
  parts::Pair* first = nullptr;
  if (is<parts::Pair>(f[0].node)) {
    first = as<parts::Pair>(f[0].node);
    next = 1;
  } else if (f.size() > 1 && is<parts::Pair>(f[1].node)) {
    if (f[0].node->kind == Kind::Starred) return false;
    if (f[0].node->kind == Kind::NamedExpr && b.kind(f[0].first) != T::LeftParen) return false;
    first = as<parts::Pair>(f[1].node);
    first->key = f.expr(0);
    next = 2;
  }
  const bool comprehension = next < f.size() ? is<parts::NodeList>(f[next].node) : false;
  if (first == nullptr) {
    if (f.size() == 2 && is<parts::NodeList>(f[1].node)) {
      if (f[0].node->kind == Kind::Starred) return false;
      auto* node = b.make<SetComp>(f.pos());
      node->elt = f.expr(0);
      node->generators = nodes_of<Comprehension>(f[1]);
      return f.reduce(node);
    }
    auto* node = b.make<Set>(f.pos());
    node->elts = exprs(f);
    return f.reduce(node);
  }
  if (comprehension) {
    if (first->key == nullptr) return false;
    auto* node = b.make<DictComp>(f.pos());
    node->key = first->key;
    node->value = first->value;
    node->generators = nodes_of<Comprehension>(f[next]);
    return f.reduce(node);
  }
  std::vector<Expr*> keys{first->key}, values{first->value};
  for (; next < f.size(); ++next) {
    auto* pair = as<parts::Pair>(f[next].node);
    keys.push_back(pair->key);
    values.push_back(pair->value);
  }
  auto* node = b.make<Dict>(f.pos());
  node->keys = b.list(keys);
  node->values = b.list(values);
  return f.reduce(node);
}

// --- Primaries -----------------------------------------------------------------------------------

bool action<g::primary>::build(const Matched& f) {
  f[0].first = f.first;
  f[0].last = f.last;
  return true;
}

bool action<g::attribute>::build(const Matched& f) {
  Item& value = f.b.stack[f.mark - 1];
  auto* node = f.b.make<Attribute>(f.b.pos(value.first, f.last));
  node->value = expr_of(value);
  node->attr = f.b.identifier(f.last - 1);
  node->ctx = Context::Load;
  f.b.cut(f.mark);
  f.b.stack.back() = {node, f.b.stack.back().first, f.last};
  return true;
}

bool action<g::kwargs_unpacking>::build(const Matched& f) {
  auto* keyword = f.b.make<Keyword>(f.pos());
  keyword->value = f.expr(0);
  return f.reduce(keyword);
}
bool action<g::keyword_argument>::build(const Matched& f) {
  auto* keyword = f.b.make<Keyword>(f.pos());
  keyword->name = f.b.identifier(f.first);
  keyword->value = f.expr(1);
  return f.reduce(keyword);
}
bool action<g::generator_argument>::build(const Matched& f) {
  if (f.size() == 1) return true;
  // A generator expression without its own brackets; only good as the one argument of a call.
  auto* node = f.b.make<GeneratorExp>(f.pos());
  node->elt = f.expr(0);
  node->generators = nodes_of<Comprehension>(f[1]);
  auto* bare = f.b.make<parts::BareGenerator>(f.pos());
  bare->generator = node;
  return f.reduce(bare);
}

bool action<g::arguments>::build(const Matched& f) {
  auto& b = f.b;
  std::vector<Expr*> args;
  std::vector<Keyword*> keywords;
  bool after_unpacking = false, is_generator = false;
  for (std::size_t i = 0; i < f.size(); ++i) {
    Node* node = f[i].node;
    if (auto* keyword = try_as<Keyword>(node)) {
      after_unpacking = after_unpacking || keyword->name.empty();
      keywords.push_back(keyword);
      continue;
    }
    if (node->kind == Kind::Starred) {
      if (after_unpacking) return false;
    } else if (!keywords.empty()) {
      return false;
    }
    if (auto* bare = try_as<parts::BareGenerator>(node)) {
      if (f.size() > 1 || has_comma_before(f, f.last)) return false;
      node = bare->generator;
      is_generator = true;
    }
    args.push_back(static_cast<Expr*>(node));
  }
  auto* result = b.make<parts::CallArguments>(f.pos());
  result->args = b.list(args);
  result->keywords = b.list(keywords);
  result->is_generator = is_generator;
  return f.reduce(result);
}

bool action<g::class_argument_list>::build(const Matched& f) { return action<g::arguments>::build(f); }

bool action<g::call>::build(const Matched& f) {
  auto& b = f.b;
  Item callee = b.stack[f.mark - 1];
  auto* node = b.make<Call>(b.pos(callee.first, f.last));
  node->func = expr_of(callee);
  if (f.size() > 0) {
    auto* arguments = as<parts::CallArguments>(f[0].node);
    node->args = arguments->args;
    node->keywords = arguments->keywords;
    // `f(x for x in y)`: the call's brackets are the generator's.
    if (arguments->is_generator) node->args[0]->pos = b.pos(f.first, f.last);
  }
  b.cut(f.mark);
  b.stack.back() = {node, callee.first, f.last};
  return true;
}

bool action<g::slice_tail>::build(const Matched& f) {
  auto* node = f.b.make<Slice>(f.pos());
  node->upper = f.expr(0);
  node->step = f.size() > 1 ? f.expr(1) : nullptr;
  return f.reduce(node);
}
bool action<g::slice>::build(const Matched& f) {
  if (f.size() == 1) return true;
  auto* node = as<Slice>(f[1].node);
  node->lower = f.expr(0);
  node->pos = f.pos();
  return f.reduce(node);
}
bool action<g::slices>::build(const Matched& f) {
  if (f.size() == 1 && f[0].node->kind == Kind::Starred) {
    auto* tuple = f.b.make<Tuple>(f.pos());
    tuple->elts = exprs(f);
    return f.reduce(tuple);
  }
  return tuple_or_single(f);
}
bool action<g::subscript>::build(const Matched& f) {
  Item value = f.b.stack[f.mark - 1];
  auto* node = f.b.make<Subscript>(f.b.pos(value.first, f.last));
  node->value = expr_of(value);
  node->slice = f.expr(0);
  node->ctx = Context::Load;
  f.b.cut(f.mark);
  f.b.stack.back() = {node, value.first, f.last};
  return true;
}

bool action<g::await_expr>::build(const Matched& f) {
  auto* node = f.b.make<Await>(f.pos());
  node->value = f.expr(0);
  return f.reduce(node);
}

// --- Lambdas, conditionals, assignments and yields as expressions --------------------------------

bool action<g::lambdef>::build(const Matched& f) {
  auto* node = f.b.make<Lambda>(f.pos());
  node->args = f[0].is_absent() ? f.b.make<Arguments>(f.pos()) : as<Arguments>(f[0].node);
  node->body = f.expr(1);
  return f.reduce(node);
}

bool action<g::conditional>::build(const Matched& f) {
  // value, test, value, test, ..., value: folded from the right.
  f.b.check_levels(f.size() / 2);
  while (f.size() >= 3) {
    Item orelse = f[f.size() - 1], test = f[f.size() - 2], body = f[f.size() - 3];
    auto* node = f.b.make<IfExp>(f.b.pos(body.first, orelse.last));
    node->test = expr_of(test);
    node->body = expr_of(body);
    node->orelse = expr_of(orelse);
    f.b.cut(f.b.stack.size() - 3);
    f.b.stack.push_back({node, body.first, orelse.last});
  }
  return true;
}
bool action<g::expression>::build(const Matched&) { return true; }
bool action<g::star_expression>::build(const Matched&) { return true; }
bool action<g::star_expressions>::build(const Matched& f) { return tuple_or_single(f); }
bool action<g::expressions>::build(const Matched& f) { return tuple_or_single(f); }

bool action<g::assignment_expression>::build(const Matched& f) {
  auto* node = f.b.make<NamedExpr>(f.pos());
  node->target = f.expr(0);
  make_target(node->target, Context::Store);
  node->value = f.expr(1);
  return f.reduce(node);
}

bool action<g::yield_from>::build(const Matched& f) {
  auto* node = f.b.make<YieldFrom>(f.pos());
  node->value = f.expr(0);
  return f.reduce(node);
}
bool action<g::yield_expr>::build(const Matched& f) {
  if (f.b.kind(f.first + 1) == T::From && is<YieldFrom>(f[0].node)) {
    f[0].node->pos = f.pos();
    return f.reduce(f[0].node);
  }
  auto* node = f.b.make<Yield>(f.pos());
  node->value = f.expr(0);
  return f.reduce(node);
}

// --- Comprehensions ------------------------------------------------------------------------------

bool action<g::star_target>::build(const Matched& f) {
  if (f.size() == 1) return invalid_target(f.expr(0), TargetUse::Star) == nullptr;
  if (invalid_target(f.expr(1), TargetUse::Star) != nullptr) return false;
  auto* node = f.b.make<Starred>(f.pos());
  node->value = f.expr(1);
  node->ctx = Context::Load;
  return f.reduce(node);
}
bool action<g::star_targets>::build(const Matched& f) {
  tuple_or_single(f);
  make_target(f.expr(0), Context::Store);
  return true;
}
bool action<g::for_target>::build(const Matched&) { return true; }
bool action<g::comp_target>::build(const Matched&) { return true; }
bool action<g::comp_if>::build(const Matched&) { return true; }
bool action<g::for_if_clause>::build(const Matched& f) {
  auto* node = f.b.make<Comprehension>(f.pos());
  node->is_async = f.first_kind() == T::Async;
  node->target = f.expr(0);
  node->iter = f.expr(1);
  node->ifs = exprs(f, 2);
  return f.reduce(node);
}
bool action<g::for_if_clauses>::build(const Matched& f) { return reduce_list(f); }

} // namespace aspy
