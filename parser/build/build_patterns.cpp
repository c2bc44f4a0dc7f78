#include "parser/build/actions.hpp"

namespace aspy {

using namespace ast;
namespace g = grammar;
using grammar::T;
using parts::KeyPattern;

namespace {

Pattern* pattern_of(const Item& item) { return static_cast<Pattern*>(item.node); }

List<Pattern> patterns_from(const Matched& f, std::size_t from = 0) {
  std::vector<Pattern*> patterns;
  for (std::size_t i = from; i < f.size(); ++i) patterns.push_back(pattern_of(f[i]));
  return f.b.list(patterns);
}

bool match_value(const Matched& f) {
  auto* node = f.b.make<MatchValue>(f.pos());
  node->value = f.expr(0);
  return f.reduce(node);
}

bool match_sequence(const Matched& f) {
  auto* node = f.b.make<MatchSequence>(f.pos());
  node->patterns = patterns_from(f);
  return f.reduce(node);
}

bool is_imaginary(const Expr* expr) {
  auto* constant = try_as<Constant>(expr);
  return constant != nullptr && constant->type == ConstantKind::Imaginary;
}

} // namespace

// --- Literals and names --------------------------------------------------------------------------

bool action<g::signed_number>::build(const Matched& f) {
  if (f.first_kind() != T::Minus) return true;
  auto* node = f.b.make<UnaryOp>(f.pos());
  node->op = UnaryOperator::USub;
  node->operand = f.expr(0);
  return f.reduce(node);
}
bool action<g::complex_tail>::build(const Matched& f) { return f.reduce(f[0].node); }
bool action<g::literal_number>::build(const Matched& f) {
  if (f.size() == 2) {
    Expr* real = f.expr(0);
    auto* number = is<UnaryOp>(real) ? as<UnaryOp>(real)->operand : real;
    if (is_imaginary(number)) {
      if (f.b.diagnosing()) f.b.raise_at(real->pos, "real number required in complex literal");
      return false;
    }
    if (!is_imaginary(f.expr(1))) {
      if (f.b.diagnosing()) f.b.raise_at(f.expr(1)->pos, "imaginary number required in complex literal");
      return false;
    }
    auto* node = f.b.make<BinOp>(f.pos());
    node->left = real;
    node->op = f.b.kind(f[1].first) == T::Plus ? Operator::Add : Operator::Sub;
    node->right = f.expr(1);
    f.reduce(node);
  }
  return match_value(f);
}
bool action<g::literal_string>::build(const Matched& f) { return match_value(f); }
bool action<g::literal_constant>::build(const Matched& f) {
  auto* node = f.b.make<MatchSingleton>(f.pos());
  node->value = f.first_kind() == T::None   ? ConstantKind::None
                : f.first_kind() == T::True ? ConstantKind::True
                                            : ConstantKind::False;
  return f.reduce(node);
}
bool action<g::wildcard>::build(const Matched& f) { return f.reduce(f.b.make<MatchAs>(f.pos())); }
bool action<g::capture>::build(const Matched& f) {
  auto* node = f.b.make<MatchAs>(f.pos());
  node->name = f.b.identifier(f.first);
  return f.reduce(node);
}
bool action<g::name_or_attr>::build(const Matched& f) {
  f[0].first = f.first;
  f[0].last = f.last;
  return true;
}
bool action<g::value_pattern>::build(const Matched& f) {
  if (f[0].node->kind != Kind::Attribute) return false;
  return match_value(f);
}

// --- Classes -------------------------------------------------------------------------------------

bool action<g::keyword_pattern>::build(const Matched& f) {
  auto* node = f.b.make<KeyPattern>(f.pos());
  node->name = f.b.identifier(f.first);
  node->pattern = pattern_of(f[1]);
  return f.reduce(node);
}
bool action<g::class_pattern_args>::build(const Matched& f) {
  bool seen_keyword = false;
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (is<KeyPattern>(f[i].node)) {
      seen_keyword = true;
    } else if (seen_keyword) {
      if (!f.b.diagnosing()) return false;
      std::size_t last = i;
      while (last + 1 < f.size() && !is<KeyPattern>(f[last + 1].node)) ++last;
      f.b.raise_between(f[i], f[last], "positional patterns follow keyword patterns");
    }
  }
  auto* list = f.b.make<parts::NodeList>(f.pos());
  std::vector<Node*> nodes;
  for (std::size_t i = 0; i < f.size(); ++i) nodes.push_back(f[i].node);
  list->nodes = f.b.tree.arena.copy(nodes.data(), nodes.size());
  return f.reduce(list);
}
bool action<g::class_pattern>::build(const Matched& f) {
  auto* node = f.b.make<MatchClass>(f.pos());
  node->cls = f.expr(0);
  std::vector<Pattern*> patterns, keyword_patterns;
  std::vector<Identifier> names;
  if (f.size() > 1) {
    for (auto* part : as<parts::NodeList>(f[1].node)->nodes) {
      if (auto* keyword = try_as<KeyPattern>(part)) {
        names.push_back(keyword->name);
        keyword_patterns.push_back(keyword->pattern);
      } else {
        patterns.push_back(static_cast<Pattern*>(part));
      }
    }
  }
  node->patterns = f.b.list(patterns);
  node->kwd_attrs = f.b.names(names);
  node->kwd_patterns = f.b.list(keyword_patterns);
  return f.reduce(node);
}

// --- Sequences and mappings ----------------------------------------------------------------------

bool action<g::star_pattern>::build(const Matched& f) {
  auto* node = f.b.make<MatchStar>(f.pos());
  if (f.b.kind(f.first + 1) != T::Underscore) node->name = f.b.identifier(f.first + 1);
  return f.reduce(node);
}
bool action<g::list_pattern>::build(const Matched& f) { return match_sequence(f); }
bool action<g::group_pattern>::build(const Matched& f) {
  if (f.size() == 1 && f.b.kind(f.last - 2) != T::Comma) {
    if (f[0].node->kind == Kind::MatchStar) return false;
    return f.reduce(f[0].node);
  }
  return match_sequence(f);
}
bool action<g::open_pattern>::build(const Matched& f) {
  if (f.size() == 1 && f.b.kind(f.last - 1) != T::Comma) return f[0].node->kind != Kind::MatchStar;
  return match_sequence(f);
}

bool action<g::mapping_key>::build(const Matched& f) {
  // A number arrives as a pattern; a bare name is no key.
  if (auto* value = try_as<MatchValue>(f[0].node)) return f.reduce(value->value);
  return f[0].node->kind != Kind::Name;
}
bool action<g::mapping_rest>::build(const Matched& f) {
  if (f.b.kind(f.first + 1) == T::Underscore) return false;
  auto* node = f.b.make<KeyPattern>(f.pos());
  node->name = f.b.identifier(f.first + 1);
  return f.reduce(node);
}
bool action<g::mapping_entry>::build(const Matched& f) {
  auto* node = f.b.make<KeyPattern>(f.pos());
  node->key = f.expr(0);
  node->pattern = pattern_of(f[1]);
  return f.reduce(node);
}
bool action<g::mapping_pattern>::build(const Matched& f) {
  auto* node = f.b.make<MatchMapping>(f.pos());
  std::vector<Expr*> keys;
  std::vector<Pattern*> patterns;
  for (std::size_t i = 0; i < f.size(); ++i) {
    auto* entry = as<KeyPattern>(f[i].node);
    if (entry->key == nullptr) {
      node->rest = entry->name;
    } else {
      keys.push_back(entry->key);
      patterns.push_back(entry->pattern);
    }
  }
  node->keys = f.b.list(keys);
  node->patterns = f.b.list(patterns);
  return f.reduce(node);
}

// --- Or, as, case, match -------------------------------------------------------------------------

bool action<g::or_pattern>::build(const Matched& f) {
  if (f.size() == 1) return true;
  auto* node = f.b.make<MatchOr>(f.pos());
  node->patterns = patterns_from(f);
  return f.reduce(node);
}
bool action<g::as_target>::build(const Matched& f) { return f.keep_tokens(); }
bool action<g::pattern>::build(const Matched& f) {
  if (f.size() == 1) return true;
  auto* node = f.b.make<MatchAs>(f.pos());
  node->pattern = pattern_of(f[0]);
  node->name = f.b.identifier(f[1].last - 1);
  return f.reduce(node);
}
bool action<g::guard>::build(const Matched& f) { return f.reduce(f[0].node); }
bool action<g::case_block>::build(const Matched& f) {
  auto* node = f.b.make<MatchCase>(f.statement_pos());
  node->pattern = pattern_of(f[0]);
  node->guard = f.expr(1);
  node->body = nodes_of<Stmt>(f[2]);
  return f.reduce(node);
}
bool action<g::subject>::build(const Matched& f) {
  if (f.size() == 1 && f.b.kind(f.last - 1) != T::Comma) return f[0].node->kind != Kind::Starred;
  std::vector<Expr*> elts;
  for (std::size_t i = 0; i < f.size(); ++i) elts.push_back(f.expr(i));
  auto* tuple = f.b.make<Tuple>(f.pos());
  tuple->elts = f.b.list(elts);
  return f.reduce(tuple);
}
bool action<g::match_stmt>::build(const Matched& f) {
  auto* node = f.b.make<Match>(f.statement_pos());
  node->subject = f.expr(0);
  std::vector<MatchCase*> cases;
  for (std::size_t i = 1; i < f.size(); ++i) cases.push_back(as<MatchCase>(f[i].node));
  node->cases = f.b.list(cases);
  return f.reduce(node);
}

} // namespace aspy
