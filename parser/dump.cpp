#include "parser/dump.hpp"

#include <fmt/format.h>

#include <charconv>

namespace aspy {

using namespace ast;

std::string_view ast::kind_name(Kind kind) {
  static constexpr std::string_view names[] = {"Module",
                                               "Interactive",
                                               "Expression",
                                               "FunctionDef",
                                               "AsyncFunctionDef",
                                               "ClassDef",
                                               "Return",
                                               "Delete",
                                               "Assign",
                                               "TypeAlias",
                                               "AugAssign",
                                               "AnnAssign",
                                               "For",
                                               "AsyncFor",
                                               "While",
                                               "If",
                                               "With",
                                               "AsyncWith",
                                               "Match",
                                               "Raise",
                                               "Try",
                                               "Assert",
                                               "Import",
                                               "ImportFrom",
                                               "Global",
                                               "Nonlocal",
                                               "Expr",
                                               "Pass",
                                               "Break",
                                               "Continue",
                                               "BoolOp",
                                               "NamedExpr",
                                               "BinOp",
                                               "UnaryOp",
                                               "Lambda",
                                               "IfExp",
                                               "Dict",
                                               "Set",
                                               "ListComp",
                                               "SetComp",
                                               "DictComp",
                                               "GeneratorExp",
                                               "Await",
                                               "Yield",
                                               "YieldFrom",
                                               "Compare",
                                               "Call",
                                               "FormattedValue",
                                               "Interpolation",
                                               "JoinedStr",
                                               "TemplateStr",
                                               "Constant",
                                               "Attribute",
                                               "Subscript",
                                               "Starred",
                                               "Name",
                                               "List",
                                               "Tuple",
                                               "Slice",
                                               "MatchValue",
                                               "MatchSingleton",
                                               "MatchSequence",
                                               "MatchMapping",
                                               "MatchClass",
                                               "MatchStar",
                                               "MatchAs",
                                               "MatchOr",
                                               "arg",
                                               "arguments",
                                               "keyword",
                                               "alias",
                                               "withitem",
                                               "comprehension",
                                               "ExceptHandler",
                                               "match_case",
                                               "TypeVar",
                                               "ParamSpec",
                                               "TypeVarTuple"};
  static_assert(std::size(names) == std::size_t(Kind::TypeVarTuple) + 1, "one name a kind");
  auto index = static_cast<std::size_t>(kind);
  return index < std::size(names) ? names[index] : std::string_view("?");
}

namespace {

constexpr const char* operators[] = {"+", "-", "*", "@", "/", "%", "**", "<<", ">>", "|", "^", "&", "//"};
constexpr const char* comparisons[] = {"==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"};
constexpr const char* unaries[] = {"~", "not", "+", "-"};

class Dumper {
public:
  explicit Dumper(bool positions) : positions_(positions) {}
  std::string out;

  void node(const Node* n) {
    if (n == nullptr) {
      out += '-';
      return;
    }
    out += '(';
    out += n->kind == Kind::Try && as<Try>(n)->is_star ? "TryStar" : kind_name(n->kind);
    if (positions_ && has_position(n->kind)) {
      out += fmt::format("@{}:{}-{}:{}", n->pos.line, n->pos.col, n->pos.end_line, n->pos.end_col);
    }
    fields(n);
    out += ')';
  }

private:
  static bool has_position(Kind kind) {
    return kind > Kind::Expression && kind != Kind::Arguments && kind != Kind::WithItem &&
           kind != Kind::Comprehension && kind != Kind::MatchCase;
  }

  void quoted(std::string_view text) {
    out += '"';
    for (unsigned char c : text) {
      if (c == '"' || c == '\\') {
        out += '\\';
        out += char(c);
      } else if (c < 0x20 || c == 0x7F) {
        out += fmt::format("\\x{:02x}", c);
      } else {
        out += char(c);
      }
    }
    out += '"';
  }

  void put(std::string_view word) {
    out += ' ';
    out += word.empty() ? std::string_view("-") : word;
  }
  void put(const Node* n) {
    out += ' ';
    node(n);
  }
  template <class T> void put(List<T> nodes) {
    out += " [";
    bool first = true;
    for (auto* n : nodes) {
      if (!first) out += ' ';
      first = false;
      node(n);
    }
    out += ']';
  }
  void put(Identifiers names) {
    out += " [";
    for (std::size_t i = 0; i < names.size(); ++i) out += fmt::format("{}{}", i == 0 ? "" : " ", names[i]);
    out += ']';
  }
  void put(Context context) {
    if (context != Context::Load) put(std::string_view(context == Context::Store ? "Store" : "Del"));
  }
  void flag(bool on) { put(std::string_view(on ? "1" : "0")); }
  void conversion(char c) { put(std::string_view(c == 0 ? "-" : c == 'r' ? "r" : c == 's' ? "s" : "a")); }

  void constant(const Constant* c) {
    out += ' ';
    switch (c->type) {
    case ConstantKind::None: out += "None"; break;
    case ConstantKind::True: out += "True"; break;
    case ConstantKind::False: out += "False"; break;
    case ConstantKind::Ellipsis: out += "..."; break;
    case ConstantKind::Str: quoted(c->text); break;
    case ConstantKind::Bytes:
      out += 'b';
      quoted(c->text);
      break;
    case ConstantKind::Float: out += fmt::format("{}f", c->number); break;
    case ConstantKind::Imaginary: out += fmt::format("{}j", c->number); break;
    case ConstantKind::Int: {
      std::uint64_t value = 0;
      auto result = std::from_chars(c->text.data(), c->text.data() + c->text.size(), value, c->base);
      if (result.ec == std::errc()) {
        out += fmt::format("{}", value);
      } else {
        out += fmt::format("{}{}",
                           c->base == 16  ? "0x"
                           : c->base == 8 ? "0o"
                           : c->base == 2 ? "0b"
                                          : "",
                           c->text);
      }
      break;
    }
    }
  }

  void fields(const Node* n) {
    switch (n->kind) {
    case Kind::Module:
    case Kind::Interactive: return put(as<Module>(n)->body);
    case Kind::Expression: return put(as<Expression>(n)->body);
    case Kind::FunctionDef:
    case Kind::AsyncFunctionDef: {
      auto* x = as<FunctionDef>(n);
      return put(x->name), put(x->args), put(x->body), put(x->decorators), put(x->returns),
             put(x->type_params);
    }
    case Kind::ClassDef: {
      auto* x = as<ClassDef>(n);
      return put(x->name), put(x->bases), put(x->keywords), put(x->body), put(x->decorators),
             put(x->type_params);
    }
    case Kind::Return: return put(as<Return>(n)->value);
    case Kind::Delete: return put(as<Delete>(n)->targets);
    case Kind::Assign: return put(as<Assign>(n)->targets), put(as<Assign>(n)->value);
    case Kind::TypeAlias: {
      auto* x = as<TypeAlias>(n);
      return put(x->name), put(x->type_params), put(x->value);
    }
    case Kind::AugAssign: {
      auto* x = as<AugAssign>(n);
      return put(x->target), put(operators[int(x->op)]), put(x->value);
    }
    case Kind::AnnAssign: {
      auto* x = as<AnnAssign>(n);
      return put(x->target), put(x->annotation), put(x->value), flag(x->simple);
    }
    case Kind::For:
    case Kind::AsyncFor: {
      auto* x = as<For>(n);
      return put(x->target), put(x->iter), put(x->body), put(x->orelse);
    }
    case Kind::While: {
      auto* x = as<While>(n);
      return put(x->test), put(x->body), put(x->orelse);
    }
    case Kind::If: {
      auto* x = as<If>(n);
      return put(x->test), put(x->body), put(x->orelse);
    }
    case Kind::With:
    case Kind::AsyncWith: return put(as<With>(n)->items), put(as<With>(n)->body);
    case Kind::Match: return put(as<Match>(n)->subject), put(as<Match>(n)->cases);
    case Kind::Raise: return put(as<Raise>(n)->exc), put(as<Raise>(n)->cause);
    case Kind::Try: {
      auto* x = as<Try>(n);
      return put(x->body), put(x->handlers), put(x->orelse), put(x->finalbody);
    }
    case Kind::Assert: return put(as<Assert>(n)->test), put(as<Assert>(n)->msg);
    case Kind::Import: return put(as<Import>(n)->names);
    case Kind::ImportFrom: {
      auto* x = as<ImportFrom>(n);
      return put(x->module), put(x->names), put(std::to_string(x->level));
    }
    case Kind::Global:
    case Kind::Nonlocal: return put(as<Global>(n)->names);
    case Kind::ExprStmt: return put(as<ExprStmt>(n)->value);
    case Kind::Pass:
    case Kind::Break:
    case Kind::Continue: return;

    case Kind::BoolOp:
      return put(as<BoolOp>(n)->op == BoolOperator::And ? "and" : "or"), put(as<BoolOp>(n)->values);
    case Kind::NamedExpr: return put(as<NamedExpr>(n)->target), put(as<NamedExpr>(n)->value);
    case Kind::BinOp: {
      auto* x = as<BinOp>(n);
      return put(x->left), put(operators[int(x->op)]), put(x->right);
    }
    case Kind::UnaryOp: return put(unaries[int(as<UnaryOp>(n)->op)]), put(as<UnaryOp>(n)->operand);
    case Kind::Lambda: return put(as<Lambda>(n)->args), put(as<Lambda>(n)->body);
    case Kind::IfExp: {
      auto* x = as<IfExp>(n);
      return put(x->test), put(x->body), put(x->orelse);
    }
    case Kind::Dict: return put(as<Dict>(n)->keys), put(as<Dict>(n)->values);
    case Kind::Set: return put(as<Set>(n)->elts);
    case Kind::ListComp: return put(as<ListComp>(n)->elt), put(as<ListComp>(n)->generators);
    case Kind::SetComp: return put(as<SetComp>(n)->elt), put(as<SetComp>(n)->generators);
    case Kind::GeneratorExp: return put(as<GeneratorExp>(n)->elt), put(as<GeneratorExp>(n)->generators);
    case Kind::DictComp: {
      auto* x = as<DictComp>(n);
      return put(x->key), put(x->value), put(x->generators);
    }
    case Kind::Await: return put(as<Await>(n)->value);
    case Kind::Yield: return put(as<Yield>(n)->value);
    case Kind::YieldFrom: return put(as<YieldFrom>(n)->value);
    case Kind::Compare: {
      auto* x = as<Compare>(n);
      put(x->left);
      out += " [";
      for (std::size_t i = 0; i < x->ops.size(); ++i)
        out += fmt::format("{}{}", i == 0 ? "" : " ", comparisons[int(x->ops[i])]);
      out += ']';
      return put(x->comparators);
    }
    case Kind::Call: {
      auto* x = as<Call>(n);
      return put(x->func), put(x->args), put(x->keywords);
    }
    case Kind::FormattedValue: {
      auto* x = as<FormattedValue>(n);
      return put(x->value), conversion(x->conversion), put(x->format_spec);
    }
    case Kind::Interpolation: {
      auto* x = as<Interpolation>(n);
      put(x->value);
      out += ' ';
      quoted(x->str);
      return conversion(x->conversion), put(x->format_spec);
    }
    case Kind::JoinedStr: return put(as<JoinedStr>(n)->values);
    case Kind::TemplateStr: return put(as<TemplateStr>(n)->values);
    case Kind::Constant: return constant(as<Constant>(n));
    case Kind::Attribute: {
      auto* x = as<Attribute>(n);
      return put(x->value), put(x->attr), put(x->ctx);
    }
    case Kind::Subscript: {
      auto* x = as<Subscript>(n);
      return put(x->value), put(x->slice), put(x->ctx);
    }
    case Kind::Starred: return put(as<Starred>(n)->value), put(as<Starred>(n)->ctx);
    case Kind::Name: return put(as<Name>(n)->id), put(as<Name>(n)->ctx);
    case Kind::ListExpr: return put(as<ListExpr>(n)->elts), put(as<ListExpr>(n)->ctx);
    case Kind::Tuple: return put(as<Tuple>(n)->elts), put(as<Tuple>(n)->ctx);
    case Kind::Slice: {
      auto* x = as<Slice>(n);
      return put(x->lower), put(x->upper), put(x->step);
    }

    case Kind::MatchValue: return put(as<MatchValue>(n)->value);
    case Kind::MatchSingleton: {
      auto value = as<MatchSingleton>(n)->value;
      return put(value == ConstantKind::None ? "None" : value == ConstantKind::True ? "True" : "False");
    }
    case Kind::MatchSequence: return put(as<MatchSequence>(n)->patterns);
    case Kind::MatchMapping: {
      auto* x = as<MatchMapping>(n);
      return put(x->keys), put(x->patterns), put(x->rest);
    }
    case Kind::MatchClass: {
      auto* x = as<MatchClass>(n);
      return put(x->cls), put(x->patterns), put(x->kwd_attrs), put(x->kwd_patterns);
    }
    case Kind::MatchStar: return put(as<MatchStar>(n)->name);
    case Kind::MatchAs: return put(as<MatchAs>(n)->pattern), put(as<MatchAs>(n)->name);
    case Kind::MatchOr: return put(as<MatchOr>(n)->patterns);

    case Kind::Arg: return put(as<Arg>(n)->name), put(as<Arg>(n)->annotation);
    case Kind::Arguments: {
      auto* x = as<Arguments>(n);
      return put(x->posonlyargs), put(x->args), put(x->vararg), put(x->kwonlyargs), put(x->kw_defaults),
             put(x->kwarg), put(x->defaults);
    }
    case Kind::Keyword: return put(as<Keyword>(n)->name), put(as<Keyword>(n)->value);
    case Kind::Alias: return put(as<Alias>(n)->name), put(as<Alias>(n)->asname);
    case Kind::WithItem: return put(as<WithItem>(n)->context_expr), put(as<WithItem>(n)->optional_vars);
    case Kind::Comprehension: {
      auto* x = as<Comprehension>(n);
      return put(x->target), put(x->iter), put(x->ifs), flag(x->is_async);
    }
    case Kind::ExceptHandler: {
      auto* x = as<ExceptHandler>(n);
      return put(x->type), put(x->name), put(x->body);
    }
    case Kind::MatchCase: {
      auto* x = as<MatchCase>(n);
      return put(x->pattern), put(x->guard), put(x->body);
    }
    case Kind::TypeVar: {
      auto* x = as<TypeParam>(n);
      return put(x->name), put(x->bound), put(x->default_value);
    }
    case Kind::ParamSpec:
    case Kind::TypeVarTuple: return put(as<TypeParam>(n)->name), put(as<TypeParam>(n)->default_value);
    }
  }

  bool positions_;
};

} // namespace

std::string dump(const ast::Node* node, bool positions) {
  Dumper dumper(positions);
  dumper.node(node);
  return std::move(dumper.out);
}

} // namespace aspy
