#include "parser/build/actions.hpp"

namespace aspy {

using namespace ast;
namespace g = grammar;
using grammar::T;
using parts::Param;
using parts::ParamKind;

namespace {

/// Passes an optional part's expression through, spanning the part.
bool pass(const Matched& f) { return f.reduce(f[0].node); }

bool make_param(const Matched& f, ParamKind type, std::uint32_t word, Expr* annotation, Expr* default_value) {
  auto* param = f.b.make<Param>(f.pos());
  param->type = type;
  param->token = f.first;
  param->default_value = default_value;
  if (type != ParamKind::Slash && type != ParamKind::BareStar) {
    // The default value is no part of the parameter's own position.
    std::uint32_t end = f.last;
    if (default_value != nullptr) {
      end = word + 1;
      if (annotation != nullptr) end = f[1].last;
    }
    param->arg = f.b.make<Arg>(f.b.pos(word, end));
    param->arg->name = f.b.identifier(word);
    param->arg->annotation = annotation;
  }
  return f.reduce(param);
}

/// Sorts the parameters into their kinds; null if their order is wrong (what is wrong, diagnosis.hpp tells).
Arguments* make_arguments(const Matched& f) {
  auto& b = f.b;
  std::vector<Arg*> posonly, args, kwonly;
  std::vector<Expr*> defaults, kw_defaults;
  auto* result = b.make<Arguments>(f.pos());
  bool seen_slash = false, seen_star = false;
  for (std::size_t i = 0; i < f.size(); ++i) {
    auto* param = as<Param>(f[i].node);
    if (result->kwarg != nullptr) return nullptr; // nothing may follow **kwargs
    switch (param->type) {
    case ParamKind::Slash:
      if (seen_star || seen_slash || args.empty()) return nullptr;
      seen_slash = true;
      posonly = std::move(args);
      args.clear();
      break;
    case ParamKind::BareStar: {
      // It must be followed by a parameter of its own.
      auto* next = i + 1 < f.size() ? as<Param>(f[i + 1].node) : nullptr;
      if (seen_star || next == nullptr || next->type != ParamKind::Plain) return nullptr;
      seen_star = true;
      break;
    }
    case ParamKind::Var:
      if (seen_star) return nullptr;
      seen_star = true;
      result->vararg = param->arg;
      break;
    case ParamKind::Kwargs: result->kwarg = param->arg; break;
    case ParamKind::Plain:
      if (seen_star) {
        kwonly.push_back(param->arg);
        kw_defaults.push_back(param->default_value);
        break;
      }
      args.push_back(param->arg);
      if (param->default_value != nullptr) {
        defaults.push_back(param->default_value);
      } else if (!defaults.empty()) {
        return nullptr;
      }
      break;
    }
  }
  result->posonlyargs = b.list(posonly);
  result->args = b.list(args);
  result->kwonlyargs = b.list(kwonly);
  result->kw_defaults = b.list(kw_defaults);
  result->defaults = b.list(defaults);
  return result;
}

bool make_type_param(const Matched& f, Kind kind, std::uint32_t word, Expr* bound, Expr* default_value) {
  auto* node = f.b.make<TypeParam>(kind, f.pos());
  node->name = f.b.identifier(word);
  node->bound = bound;
  node->default_value = default_value;
  return f.reduce(node);
}

} // namespace

bool action<g::annotation>::build(const Matched& f) { return pass(f); }
bool action<g::star_annotation>::build(const Matched& f) { return pass(f); }
bool action<g::default_value>::build(const Matched& f) { return pass(f); }

bool action<g::plain_param>::build(const Matched& f) {
  return make_param(f, ParamKind::Plain, f.first, f.expr(1), f.expr(2));
}
bool action<g::slash_param>::build(const Matched& f) {
  return make_param(f, ParamKind::Slash, f.first, nullptr, nullptr);
}
bool action<g::bare_star>::build(const Matched& f) {
  return make_param(f, ParamKind::BareStar, f.first, nullptr, nullptr);
}
bool action<g::var_param>::build(const Matched& f) {
  return make_param(f, ParamKind::Var, f.first + 1, f.expr(1), nullptr);
}
bool action<g::kwarg_param>::build(const Matched& f) {
  return make_param(f, ParamKind::Kwargs, f.first + 1, f.expr(1), nullptr);
}
bool action<g::lambda_plain_param>::build(const Matched& f) {
  return make_param(f, ParamKind::Plain, f.first, nullptr, f.expr(1));
}
bool action<g::lambda_var_param>::build(const Matched& f) {
  return make_param(f, ParamKind::Var, f.first + 1, nullptr, nullptr);
}
bool action<g::lambda_kwarg_param>::build(const Matched& f) {
  return make_param(f, ParamKind::Kwargs, f.first + 1, nullptr, nullptr);
}

bool action<g::params>::build(const Matched& f) {
  auto* arguments = make_arguments(f);
  return arguments != nullptr && f.reduce(arguments);
}
bool action<g::lambda_params>::build(const Matched& f) { return action<g::params>::build(f); }

bool action<g::type_bound>::build(const Matched& f) { return pass(f); }
bool action<g::type_default>::build(const Matched& f) { return pass(f); }
bool action<g::type_star_default>::build(const Matched& f) { return pass(f); }
bool action<g::type_var>::build(const Matched& f) {
  return make_type_param(f, Kind::TypeVar, f.first, f.expr(1), f.expr(2));
}
bool action<g::type_var_tuple>::build(const Matched& f) {
  return make_type_param(f, Kind::TypeVarTuple, f.first + 1, nullptr, f.expr(1));
}
bool action<g::param_spec>::build(const Matched& f) {
  return make_type_param(f, Kind::ParamSpec, f.first + 1, nullptr, f.expr(1));
}
bool action<g::type_params>::build(const Matched& f) {
  std::vector<Node*> nodes;
  for (std::size_t i = 0; i < f.size(); ++i) nodes.push_back(f[i].node);
  auto* list = f.b.make<parts::NodeList>(f.pos());
  list->nodes = f.b.tree.arena.copy(nodes.data(), nodes.size());
  return f.reduce(list);
}

} // namespace aspy
