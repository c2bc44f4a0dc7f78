#include "vm/compiler/expression/unparse.hpp"

#include "vm/compiler/scope/scopes.hpp"

#include <fmt/format.h>

namespace aspy::compiler {

using namespace ast;

namespace {

// How tightly a construct binds; what stands where something tighter is wanted gets parentheses.
enum Level {
  LooseTuple,
  Test,
  Or,
  And,
  Not,
  Comparison,
  BitOr,
  BitXor,
  BitAnd,
  Shift,
  Sum,
  Term,
  Factor,
  Power,
  Awaited,
  Atom
};
constexpr Level tighter(Level level) { return static_cast<Level>(level + 1); }

struct OperatorText {
  const char* text;
  Level level;
};
OperatorText operator_text(Operator op) {
  switch (op) {
  case Operator::Add: return {" + ", Sum};
  case Operator::Sub: return {" - ", Sum};
  case Operator::Mult: return {" * ", Term};
  case Operator::MatMult: return {" @ ", Term};
  case Operator::Div: return {" / ", Term};
  case Operator::Mod: return {" % ", Term};
  case Operator::FloorDiv: return {" // ", Term};
  case Operator::Pow: return {" ** ", Power};
  case Operator::LShift: return {" << ", Shift};
  case Operator::RShift: return {" >> ", Shift};
  case Operator::BitOr: return {" | ", BitOr};
  case Operator::BitXor: return {" ^ ", BitXor};
  case Operator::BitAnd: return {" & ", BitAnd};
  }
  return {"", Atom};
}

const char* comparison_text(CmpOperator op) {
  switch (op) {
  case CmpOperator::Eq: return " == ";
  case CmpOperator::NotEq: return " != ";
  case CmpOperator::Lt: return " < ";
  case CmpOperator::LtE: return " <= ";
  case CmpOperator::Gt: return " > ";
  case CmpOperator::GtE: return " >= ";
  case CmpOperator::Is: return " is ";
  case CmpOperator::IsNot: return " is not ";
  case CmpOperator::In: return " in ";
  case CmpOperator::NotIn: return " not in ";
  }
  return "";
}

class Writer {
public:
  explicit Writer(const UnparseHooks& hooks) : hooks_(hooks) {}

  std::string out;
  bool failed = false;

  void write(const Expr* expr, Level level) {
    if (depth_ >= max_nesting) failed = true;
    if (failed) return;
    ++depth_;
    switch (expr->kind) {
    case Kind::BoolOp: {
      auto* node = as<BoolOp>(expr);
      bool both = node->op == BoolOperator::And;
      Level own = both ? And : Or;
      enclosed(level > own, [&] { joined(node->values, both ? " and " : " or ", tighter(own)); });
      break;
    }
    case Kind::BinOp: {
      auto* node = as<BinOp>(expr);
      OperatorText op = operator_text(node->op);
      bool power = node->op == Operator::Pow; // binds to the right
      enclosed(level > op.level, [&] {
        write(node->left, power ? tighter(op.level) : op.level);
        out += op.text;
        write(node->right, power ? op.level : tighter(op.level));
      });
      break;
    }
    case Kind::UnaryOp: {
      auto* node = as<UnaryOp>(expr);
      Level own = node->op == UnaryOperator::Not ? Not : Factor;
      enclosed(level > own, [&] {
        out += node->op == UnaryOperator::Not    ? "not "
               : node->op == UnaryOperator::USub ? "-"
               : node->op == UnaryOperator::UAdd ? "+"
                                                 : "~";
        write(node->operand, own);
      });
      break;
    }
    case Kind::Lambda:
      enclosed(level > Test, [&] {
        auto* node = as<Lambda>(expr);
        out += "lambda";
        parameters(node->args);
        out += ": ";
        write(node->body, Test);
      });
      break;
    case Kind::IfExp:
      enclosed(level > Test, [&] {
        auto* node = as<IfExp>(expr);
        write(node->body, tighter(Test));
        out += " if ";
        write(node->test, tighter(Test));
        out += " else ";
        write(node->orelse, Test);
      });
      break;
    case Kind::NamedExpr:
      enclosed(level > LooseTuple, [&] {
        write(as<NamedExpr>(expr)->target, Atom);
        out += " := ";
        write(as<NamedExpr>(expr)->value, Atom);
      });
      break;
    case Kind::Compare:
      enclosed(level > Comparison, [&] {
        auto* node = as<Compare>(expr);
        write(node->left, tighter(Comparison));
        for (size_t i = 0; i < node->ops.size(); ++i) {
          out += comparison_text(node->ops[i]);
          write(node->comparators[i], tighter(Comparison));
        }
      });
      break;
    case Kind::Dict: {
      auto* node = as<Dict>(expr);
      out += '{';
      for (size_t i = 0; i < node->values.size(); ++i) {
        if (i > 0) out += ", ";
        if (node->keys[i]) {
          write(node->keys[i], Test);
          out += ": ";
          write(node->values[i], Test);
        } else {
          out += "**";
          write(node->values[i], BitOr);
        }
      }
      out += '}';
      break;
    }
    case Kind::Set: bracketed('{', as<Set>(expr)->elts, '}'); break;
    case Kind::ListExpr: bracketed('[', as<ListExpr>(expr)->elts, ']'); break;
    case Kind::Tuple: tuple(as<Tuple>(expr), level); break;
    case Kind::ListComp:
      comprehension('[', as<ListComp>(expr)->elt, as<ListComp>(expr)->generators, ']');
      break;
    case Kind::SetComp: comprehension('{', as<SetComp>(expr)->elt, as<SetComp>(expr)->generators, '}'); break;
    case Kind::GeneratorExp:
      comprehension('(', as<GeneratorExp>(expr)->elt, as<GeneratorExp>(expr)->generators, ')');
      break;
    case Kind::DictComp: {
      auto* node = as<DictComp>(expr);
      out += '{';
      write(node->key, Test);
      out += ": ";
      write(node->value, Test);
      clauses(node->generators);
      out += '}';
      break;
    }
    case Kind::Await:
      enclosed(level > Awaited, [&] {
        out += "await ";
        write(as<Await>(expr)->value, Atom);
      });
      break;
    case Kind::Yield:
    case Kind::YieldFrom: {
      bool from = expr->kind == Kind::YieldFrom;
      const Expr* value = from ? as<YieldFrom>(expr)->value : as<Yield>(expr)->value;
      out += from ? "(yield from" : "(yield";
      if (value) {
        out += ' ';
        write(value, Test);
      }
      out += ')';
      break;
    }
    case Kind::Call: call(as<Call>(expr)); break;
    case Kind::Constant: constant(as<Constant>(expr)); break;
    case Kind::JoinedStr: string('f', as<JoinedStr>(expr)->values); break;
    case Kind::TemplateStr: string('t', as<TemplateStr>(expr)->values); break;
    case Kind::Attribute: {
      auto* node = as<Attribute>(expr);
      write(node->value, Atom);
      auto* number = try_as<Constant>(node->value);
      if (number && number->type == ConstantKind::Int) out += ' '; // `1.real` would be a float
      out += '.';
      out += hooks_.name(node->attr);
      break;
    }
    case Kind::Subscript:
      write(as<Subscript>(expr)->value, Atom);
      out += '[';
      write(as<Subscript>(expr)->slice, LooseTuple);
      out += ']';
      break;
    case Kind::Starred:
      out += '*';
      write(as<Starred>(expr)->value, BitOr);
      break;
    case Kind::Name: out += hooks_.name(as<Name>(expr)->id); break;
    case Kind::Slice: {
      auto* node = as<Slice>(expr);
      if (node->lower) write(node->lower, Test);
      out += ':';
      if (node->upper) write(node->upper, Test);
      if (node->step) {
        out += ':';
        write(node->step, Test);
      }
      break;
    }
    default: break;
    }
    --depth_;
  }

private:
  template <class Body> void enclosed(bool parentheses, Body&& body) {
    if (parentheses) out += '(';
    body();
    if (parentheses) out += ')';
  }

  void joined(List<Expr> list, const char* between, Level level) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += between;
      write(list[i], level);
    }
  }

  void bracketed(char open, List<Expr> elts, char close) {
    out += open;
    joined(elts, ", ", Test);
    out += close;
  }

  void tuple(const Tuple* node, Level level) {
    if (node->elts.empty()) {
      out += "()";
      return;
    }
    enclosed(level > LooseTuple, [&] {
      joined(node->elts, ", ", Test);
      if (node->elts.size() == 1) out += ',';
    });
  }

  void comprehension(char open, const Expr* element, List<Comprehension> parts, char close) {
    out += open;
    write(element, Test);
    clauses(parts);
    out += close;
  }

  void clauses(List<Comprehension> parts) {
    for (const Comprehension* part : parts) {
      out += part->is_async ? " async for " : " for ";
      write(part->target, LooseTuple);
      out += " in ";
      write(part->iter, tighter(Test));
      for (const Expr* test : part->ifs) {
        out += " if ";
        write(test, tighter(Test));
      }
    }
  }

  void call(const Call* node) {
    write(node->func, Atom);
    if (node->args.size() == 1 && node->keywords.empty() && is<GeneratorExp>(node->args[0]))
      return write(node->args[0], Atom); // which has parentheses of its own
    out += '(';
    joined(node->args, ", ", Test);
    bool first = node->args.empty();
    for (const Keyword* keyword : node->keywords) {
      if (!std::exchange(first, false)) out += ", ";
      if (keyword->name.empty()) out += "**";
      else out.append(keyword->name).append("=");
      write(keyword->value, Test);
    }
    out += ')';
  }

  // No blank stands before a star that comes first.
  void parameters(const Arguments* args) {
    bool first = true;
    auto next = [&] { out += std::exchange(first, false) ? "" : ", "; };
    size_t positional = args->posonlyargs.size() + args->args.size();
    if (positional > 0) out += ' ';
    for (size_t i = 0; i < positional; ++i) {
      next();
      bool only = i < args->posonlyargs.size();
      out += only ? args->posonlyargs[i]->name : args->args[i - args->posonlyargs.size()]->name;
      if (i + args->defaults.size() >= positional) {
        out += '=';
        write(args->defaults[i + args->defaults.size() - positional], Test);
      }
      if (only && i + 1 == args->posonlyargs.size()) out += ", /";
    }
    if (args->vararg || !args->kwonlyargs.empty()) {
      next();
      out += '*';
      if (args->vararg) out += args->vararg->name;
    }
    for (size_t i = 0; i < args->kwonlyargs.size(); ++i) {
      next();
      out += args->kwonlyargs[i]->name;
      if (!args->kw_defaults[i]) continue;
      out += '=';
      write(args->kw_defaults[i], Test);
    }
    if (args->kwarg) {
      next();
      out.append("**").append(args->kwarg->name);
    }
  }

  void constant(const Constant* node) {
    std::string text = hooks_.constant_text(node);
    bool number = node->type == ConstantKind::Float || node->type == ConstantKind::Imaginary;
    if (size_t infinite = number ? text.find("inf") : std::string::npos; infinite != std::string::npos)
      text.replace(infinite, 3, "1e309");
    if (node->type == ConstantKind::Str && node->unicode_prefix) out += 'u';
    out += node->type == ConstantKind::Ellipsis ? "..." : text;
  }

  // The text between the quotes, written out as a literal at the end.
  void string(char prefix, List<Expr> parts) {
    std::string before = std::exchange(out, {});
    string_parts(parts);
    std::string quoted = hooks_.text_repr(out);
    out = before + prefix + quoted;
  }

  void string_parts(List<Expr> parts) {
    for (const Expr* part : parts) {
      if (auto* text = try_as<Constant>(part)) {
        for (char c : text->text) {
          out += c;
          if (c == '{' || c == '}') out += c;
        }
      } else if (auto* field = try_as<FormattedValue>(part)) {
        replacement(field->value, field->conversion, field->format_spec);
      } else if (auto* field = try_as<ast::Interpolation>(part)) {
        replacement(field->value, field->conversion, field->format_spec);
      }
    }
  }

  void replacement(const Expr* value, char conversion, const Expr* spec) {
    std::string before = std::exchange(out, {});
    write(value, tighter(Test));
    std::string text = std::exchange(out, before + '{');
    if (text.starts_with('{')) out += ' ';
    out += text;
    if (conversion) out.append("!").push_back(conversion);
    if (spec) {
      out += ':';
      if (auto* nested = try_as<JoinedStr>(spec)) string_parts(nested->values);
      else if (auto* plain = try_as<Constant>(spec)) out += plain->text;
    }
    out += '}';
  }

  const UnparseHooks& hooks_;
  int depth_ = 0;
};

} // namespace

std::string unparse(const Expr* expr, const UnparseHooks& hooks) {
  Writer writer(hooks);
  writer.write(expr, Test);
  return writer.failed ? std::string() : writer.out;
}

} // namespace aspy::compiler
