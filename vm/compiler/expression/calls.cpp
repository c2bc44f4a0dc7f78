// Calls and super().
#include "vm/compiler/generator.hpp"

#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy::compiler {

using namespace ast;

namespace {
// True when evaluating `expr` runs nothing that a script could see, apart from operators.
bool is_quiet(const Expr* expr, int depth = 0) {
  if (!expr) return true;
  if (depth > 8) return false;
  ++depth;
  auto all = [&](List<Expr> list) {
    for (const Expr* part : list)
      if (!is_quiet(part, depth)) return false;
    return true;
  };
  switch (expr->kind) {
  case Kind::Constant:
  case Kind::Name:
  case Kind::Lambda: return true;
  case Kind::Attribute: return is_quiet(as<Attribute>(expr)->value, depth);
  case Kind::Subscript:
    return is_quiet(as<Subscript>(expr)->value, depth) && is_quiet(as<Subscript>(expr)->slice, depth);
  case Kind::BinOp: return is_quiet(as<BinOp>(expr)->left, depth) && is_quiet(as<BinOp>(expr)->right, depth);
  case Kind::UnaryOp: return is_quiet(as<UnaryOp>(expr)->operand, depth);
  case Kind::BoolOp: return all(as<BoolOp>(expr)->values);
  case Kind::Compare: return is_quiet(as<Compare>(expr)->left, depth) && all(as<Compare>(expr)->comparators);
  case Kind::IfExp:
    return is_quiet(as<IfExp>(expr)->test, depth) && is_quiet(as<IfExp>(expr)->body, depth) &&
           is_quiet(as<IfExp>(expr)->orelse, depth);
  case Kind::Tuple: return all(as<Tuple>(expr)->elts);
  case Kind::ListExpr: return all(as<ListExpr>(expr)->elts);
  case Kind::Set: return all(as<Set>(expr)->elts);
  case Kind::Dict: return all(as<Dict>(expr)->values) && all(as<Dict>(expr)->keys);
  case Kind::JoinedStr: return all(as<JoinedStr>(expr)->values);
  case Kind::FormattedValue: return is_quiet(as<FormattedValue>(expr)->value, depth);
  case Kind::Slice:
    return is_quiet(as<Slice>(expr)->lower, depth) && is_quiet(as<Slice>(expr)->upper, depth) &&
           is_quiet(as<Slice>(expr)->step, depth);
  default: return false;
  }
}

} // namespace

bool Generator::is_plain_call(const Call* call) {
  if (call->args.size() + call->keywords.size() > most_arguments) return false;
  for (const Expr* arg : call->args)
    if (is<Starred>(arg)) return false;
  for (const Keyword* keyword : call->keywords)
    if (keyword->name.empty()) return false;
  return true;
}

void Generator::check_keywords(List<Keyword> keywords) {
  for (size_t i = 1; i < keywords.size(); ++i) {
    if (keywords[i]->name.empty()) continue;
    for (size_t j = 0; j < i; ++j)
      if (keywords[j]->name.data() == keywords[i]->name.data())
        return fail(keywords[i]->pos, fmt::format("keyword argument repeated: {}", keywords[i]->name));
  }
}

// What spans lines is told from the line of the attribute's name.
ast::Position Generator::attribute_position(const ast::Position& pos, const Attribute* method) {
  if (pos.line == method->pos.end_line) return pos;
  ast::Position moved = pos;
  moved.line = method->pos.end_line;
  auto length = tree_.character_offset(method->pos.end_line, method->pos.end_col);
  auto name = static_cast<uint32_t>(method->attr.size());
  if (name <= length) moved.col = method->pos.end_col - name;
  if (moved.end_line < moved.line) moved.end_line = moved.line;
  return moved;
}

// The callee is in R[callee]; arguments go from R[first] on. With `method`, the receiver is in R[callee + 1].
void Generator::arguments(const Call* call, int callee, int first, int out, const Attribute* method) {
  check_keywords(call->keywords);
  if (!is_plain_call(call)) return spread_call(call->args, call->keywords, callee, out, call->pos);
  u->top = first;
  u->touch(first);
  // A method is looked up by its call, unless the arguments do something: then it has to be there before
  // them.
  bool early = false;
  if (method) {
    for (const Expr* arg : call->args) early |= !is_quiet(arg);
    for (const Keyword* keyword : call->keywords) early |= !is_quiet(keyword->value);
  }
  if (early) {
    u->pos = attribute_position(method->pos, method);
    u->emit_w(Op::LoadMethod, callee, 0, 0, name_constant(mangled(method->attr)));
  }
  for (const Expr* arg : call->args) temp(arg);
  for (const Keyword* keyword : call->keywords) temp(keyword->value);
  Value names;
  if (!call->keywords.empty()) {
    std::vector<Value> list;
    for (const Keyword* keyword : call->keywords) list.push_back(Value(text(mangled(keyword->name))));
    names = pool_.tuple(list);
  }
  auto count = static_cast<int>(call->args.size() + call->keywords.size());
  u->pos = method ? attribute_position(call->pos, method) : call->pos;
  uint32_t start = u->here();
  if (!method || early) {
    if (names.is_empty()) u->emit(early ? Op::CallLoaded : Op::Call, out, callee, count);
    else u->emit_w(early ? Op::CallLoadedKw : Op::CallKw, out, callee, count, u->constant(names));
    return;
  }
  Str* name = text(mangled(method->attr));
  if (names.is_empty()) u->emit_w(Op::CallMethod, out, callee, count, u->name(name));
  else u->emit_w(Op::CallMethodKw, out, callee, count, u->constant_pair(Value(name), names));
  // Looking the method up may fail too; that is told from the attribute's place.
  u->position_from(start + 1, attribute_position(method->pos, method));
}

// Calls with * or **, or with very many arguments.
void Generator::spread_call(List<Expr> args, List<Keyword> keywords, int callee, int out,
                            const ast::Position& pos) {
  int list = callee + 1;
  u->top = list;
  u->touch(list + 1);
  if (args.size() == 1 && is<Starred>(args[0])) {
    temp(as<Starred>(args[0])->value);
  } else {
    size_t plain = 0;
    while (plain < args.size() && plain < most_arguments / 2 && !is<Starred>(args[plain]))
      temp(args[plain++]);
    u->pos = pos;
    u->emit(Op::BuildList, list, list, static_cast<int>(plain));
    u->top = list + 1;
    list_items(args, list, plain, pos);
  }
  int dict = list + 1;
  if (!keywords.empty()) {
    u->top = dict;
    u->touch(dict + 1);
    u->pos = pos;
    // Runs of names become a dict at once, which is merged when something came before.
    bool begun = false;
    for (size_t i = 0; i < keywords.size();) {
      if (keywords[i]->name.empty()) {
        if (!begun) {
          u->emit(Op::BuildDict, dict, dict, 0);
          begun = true;
          u->top = dict + 1;
        }
        int mapping = operand(keywords[i]->value);
        u->pos = pos;
        u->emit(Op::DictMerge, dict, mapping, callee);
        u->top = dict + 1;
        ++i;
        continue;
      }
      int first = u->top;
      int count = 0;
      for (; i < keywords.size() && !keywords[i]->name.empty() && count < 20; ++i, ++count) {
        int name = u->push();
        u->pos = pos;
        u->load_constant(name, Value(text(mangled(keywords[i]->name))));
        temp(keywords[i]->value);
      }
      u->pos = pos;
      u->emit(Op::BuildDict, first, first, count);
      u->touch(first + 1);
      if (begun) u->emit(Op::DictMerge, dict, first, callee);
      begun = true;
      u->top = dict + 1;
    }
  }
  u->pos = pos;
  u->emit(Op::CallEx, out, callee, keywords.empty() ? 0 : 1);
}

// --- super() -------------------------------------------------------------------------------------

bool Generator::is_super_call(const Attribute* attribute) {
  auto* call = try_as<Call>(attribute->value);
  if (!call || !call->keywords.empty() || attribute->attr == "__class__") return false;
  auto* name = try_as<Name>(call->func);
  if (!name || name->id != "super") return false;
  Symbol* symbol = scope_->find(name->id);
  if (!symbol || symbol->binding != Binding::GlobalImplicit) return false;
  Scope* unit = scope_->unit;
  if (unit->kind != ScopeKind::Function && unit->kind != ScopeKind::Lambda) return false;
  if (call->args.size() == 2) return !is<Starred>(call->args[0]) && !is<Starred>(call->args[1]);
  if (!call->args.empty() || u->arg_count == 0) return false;
  Symbol* cls = scope_->find(tree_.intern("__class__"));
  return cls && cls->binding == Binding::Free;
}

void Generator::super_attribute(const Attribute* attribute, int dest) {
  auto* call = as<Call>(attribute->value);
  int saved = u->top;
  int super = u->push();
  at(call->func);
  load_name(as<Name>(call->func)->id, super);
  if (call->args.size() == 2) {
    temp(call->args[0]);
    temp(call->args[1]);
  } else {
    at(call);
    load_name(tree_.intern("__class__"), u->push());
    int self = u->push();
    Symbol* first = scope_->unit->locals[0];
    load(place_of(first), first->name, self);
  }
  u->pos = attribute_position(attribute->pos, attribute);
  u->emit_w(Op::LoadSuperAttr, dest, super, 0, name_constant(mangled(attribute->attr)));
  u->top = saved;
}

} // namespace aspy::compiler
