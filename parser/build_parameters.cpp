#include "parser/actions.hpp"

namespace aspy {

using namespace ast;
namespace g = grammar;
using grammar::T;
using parts::Param;
using parts::ParamKind;

namespace {

/// Passes an optional part's expression through, spanning the part.
bool pass(const Frame& f) { return f.reduce(f[0].node); }

bool make_param(const Frame& f, ParamKind type, std::uint32_t word, Expr* annotation, Expr* default_value) {
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

/// Sorts the parameters into their kinds and checks their order.
Arguments* make_arguments(const Frame& f) {
  auto& b = f.b;
  std::vector<Arg*> posonly, args, kwonly;
  std::vector<Expr*> defaults, kw_defaults;
  auto* result = b.make<Arguments>(f.pos());
  bool seen_slash = false, seen_star = false;
  const bool explain = b.diagnosing();
  auto at = [&](const Item& item) { return b.pos(item.first, item.last); };

  for (std::size_t i = 0; i < f.size(); ++i) {
    const Item item = f[i];
    auto* param = as<Param>(item.node);
    if (result->kwarg != nullptr) {
      if (!explain) return nullptr;
      if (param->type == ParamKind::Plain || param->type == ParamKind::Var || param->type == ParamKind::Kwargs) {
        b.raise_at(param->type == ParamKind::Plain ? param->arg->pos : b.pos(param->token, param->token + 1),
                   "parameters cannot follow var-keyword parameter");
      }
      b.raise_at(b.pos(param->token, param->token + 1), "parameters cannot follow var-keyword parameter");
    }
    switch (param->type) {
      case ParamKind::Slash:
        if (seen_star) {
          if (!explain) return nullptr;
          b.raise_at(at(item), "/ must be ahead of *");
        }
        if (seen_slash) {
          if (!explain) return nullptr;
          b.raise_at(at(item), "/ may appear only once");
        }
        if (args.empty()) {
          if (!explain) return nullptr;
          b.raise_at(at(item), "at least one parameter must precede /");
        }
        seen_slash = true;
        posonly = std::move(args);
        args.clear();
        break;
      case ParamKind::BareStar:
      case ParamKind::Var:
        if (seen_star) {
          if (!explain) return nullptr;
          b.raise_at(b.pos(item.first, item.first + 1), "* may appear only once");
        }
        seen_star = true;
        result->vararg = param->arg;
        if (param->type == ParamKind::BareStar) {
          // It must be followed by a parameter of its own.
          auto* next = i + 1 < f.size() ? as<Param>(f[i + 1].node) : nullptr;
          if (next == nullptr || next->type == ParamKind::Kwargs) {
            if (!explain) return nullptr;
            b.raise_at(at(item), "named parameters must follow bare *");
          }
        }
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
          if (!explain) return nullptr;
          b.raise_at(param->arg->pos, "parameter without a default follows parameter with a default");
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

bool make_type_param(const Frame& f, Kind kind, std::uint32_t word, Expr* bound, Expr* default_value) {
  auto* node = f.b.make<TypeParam>(kind, f.pos());
  node->name = f.b.identifier(word);
  node->bound = bound;
  node->default_value = default_value;
  return f.reduce(node);
}

}  // namespace

bool action<g::annotation>::build(const Frame& f) { return pass(f); }
bool action<g::star_annotation>::build(const Frame& f) { return pass(f); }
bool action<g::default_value>::build(const Frame& f) { return pass(f); }

bool action<g::plain_param>::build(const Frame& f) {
  return make_param(f, ParamKind::Plain, f.first, f.expr(1), f.expr(2));
}
bool action<g::slash_param>::build(const Frame& f) { return make_param(f, ParamKind::Slash, f.first, nullptr, nullptr); }
bool action<g::bare_star>::build(const Frame& f) { return make_param(f, ParamKind::BareStar, f.first, nullptr, nullptr); }
bool action<g::var_param>::build(const Frame& f) {
  return make_param(f, ParamKind::Var, f.first + 1, f.expr(1), nullptr);
}
bool action<g::kwarg_param>::build(const Frame& f) {
  return make_param(f, ParamKind::Kwargs, f.first + 1, f.expr(1), nullptr);
}
bool action<g::lambda_plain_param>::build(const Frame& f) {
  return make_param(f, ParamKind::Plain, f.first, nullptr, f.expr(1));
}
bool action<g::lambda_var_param>::build(const Frame& f) {
  return make_param(f, ParamKind::Var, f.first + 1, nullptr, nullptr);
}
bool action<g::lambda_kwarg_param>::build(const Frame& f) {
  return make_param(f, ParamKind::Kwargs, f.first + 1, nullptr, nullptr);
}

bool action<g::params>::build(const Frame& f) {
  auto* arguments = make_arguments(f);
  return arguments != nullptr && f.reduce(arguments);
}
bool action<g::lambda_params>::build(const Frame& f) { return action<g::params>::build(f); }

bool action<g::type_bound>::build(const Frame& f) { return pass(f); }
bool action<g::type_default>::build(const Frame& f) { return pass(f); }
bool action<g::type_star_default>::build(const Frame& f) { return pass(f); }
bool action<g::type_var>::build(const Frame& f) {
  return make_type_param(f, Kind::TypeVar, f.first, f.expr(1), f.expr(2));
}
bool action<g::type_var_tuple>::build(const Frame& f) {
  return make_type_param(f, Kind::TypeVarTuple, f.first + 1, nullptr, f.expr(1));
}
bool action<g::param_spec>::build(const Frame& f) {
  return make_type_param(f, Kind::ParamSpec, f.first + 1, nullptr, f.expr(1));
}
bool action<g::type_params>::build(const Frame& f) {
  std::vector<Node*> nodes;
  for (std::size_t i = 0; i < f.size(); ++i) nodes.push_back(f[i].node);
  auto* list = f.b.make<parts::NodeList>(f.pos());
  list->nodes = f.b.tree.arena.copy(nodes.data(), nodes.size());
  return f.reduce(list);
}

}  // namespace aspy
