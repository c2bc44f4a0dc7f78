// f-strings and t-strings.
#include "vm/compiler/generator.hpp"

#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

namespace aspy::compiler {

using namespace ast;

namespace {
constexpr int most_pieces = 40; // joined at once
}

void Generator::joined(const JoinedStr* expr, int dest) {
  if (expr->values.empty()) {
    at(expr);
    return u->load_constant(dest, pool_.text(""));
  }
  if (expr->values.size() == 1) return into(expr->values[0], dest);
  int first = u->top;
  for (size_t i = 0; i < expr->values.size(); ++i) {
    temp(expr->values[i]);
    int count = u->top - first;
    bool last = i + 1 == expr->values.size();
    if (!last && count < most_pieces) continue;
    at(expr);
    u->emit(Op::BuildString, last ? dest : first, first, count);
    u->top = first + 1;
  }
}

void Generator::formatted(const FormattedValue* expr, int dest) {
  int mode = 0;
  if (expr->conversion == 's') mode = 1;
  if (expr->conversion == 'r') mode = 2;
  if (expr->conversion == 'a') mode = 3;
  int value;
  if (expr->format_spec) {
    value = temp(expr->value);
    if (mode != 0) {
      // The conversion comes before the format's own expressions.
      at(expr);
      u->emit(Op::FormatValue, value, value, mode);
    }
    temp(expr->format_spec);
    mode = 4;
  } else {
    value = operand(expr->value);
  }
  at(expr);
  u->emit(Op::FormatValue, dest, value, mode);
}

// A template is two tuples: the texts, one more than the interpolations, and the interpolations.
void Generator::template_string(const TemplateStr* expr, int dest) {
  std::vector<Value> strings;
  bool text_last = false;
  int parts = u->push(); // the tuple of strings
  int list = u->push();
  at(expr);
  u->emit(Op::BuildList, list, list, 0);
  for (const Expr* value : expr->values) {
    if (auto* constant = try_as<Constant>(value)) {
      strings.push_back(pool_.text(constant->text));
      text_last = true;
      continue;
    }
    if (!text_last) strings.push_back(pool_.text(""));
    text_last = false;
    auto* part = as<Interpolation>(value);
    int first = u->top;
    temp(part->value);
    at(part);
    u->load_constant(u->push(), pool_.text(part->str));
    Value conversion = part->conversion ? pool_.text(std::string_view(&part->conversion, 1)) : None;
    u->load_constant(u->push(), conversion);
    if (part->format_spec) temp(part->format_spec);
    else u->load_constant(u->push(), pool_.text(""));
    at(part);
    u->emit(Op::BuildTuple, first, first, 4);
    u->emit(Op::Intrinsic, first, first, static_cast<int>(Intrinsic::Interpolation));
    u->emit(Op::ListAppend, list, first);
    u->top = list + 1;
  }
  if (!text_last) strings.push_back(pool_.text(""));
  at(expr);
  u->load_constant(parts, pool_.tuple(strings));
  u->emit(Op::ListToTuple, list, list);
  u->emit(Op::BuildTuple, parts, parts, 2);
  u->emit(Op::Intrinsic, dest, parts, static_cast<int>(Intrinsic::Template));
}

} // namespace aspy::compiler
