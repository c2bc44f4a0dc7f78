// Classes.
#include "vm/compiler/generator.hpp"

#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>

namespace aspy::compiler {

using namespace ast;

// The body runs as a function whose names live in the class's namespace; it returns the __class__ cell, if
// any.
Own<Code> Generator::class_body(const ClassDef* def) {
  Scope* scope = table_.find(def, ScopeKind::Class);
  ast::Position start = def->pos;
  if (!def->decorators.empty()) start.line = def->decorators[0]->pos.line;
  enter_unit(scope, def->name, start, CodeUsesNamespace);
  uint32_t first_line = start.line;
  u->pos = {first_line, 0, first_line, 0};
  make_cells();
  auto set = [&](const char* name, Value value) {
    int reg = u->push();
    u->load_constant(reg, value);
    u->emit_w(Op::StoreName, reg, 0, 0, name_constant(tree_.intern(name)));
    --u->top;
  };
  int reg = u->push();
  u->emit_w(Op::LoadName, reg, 0, 0, name_constant(tree_.intern("__name__")));
  u->emit_w(Op::StoreName, reg, 0, 0, name_constant(tree_.intern("__module__")));
  set("__qualname__", pool_.text(u->qualname));
  if (!def->type_params.empty()) {
    load_name(tree_.intern(".type_params"), reg);
    u->emit_w(Op::StoreName, reg, 0, 0, name_constant(tree_.intern("__type_params__")));
  }
  set("__firstlineno__", Value::from_int(first_line));
  if (scope->needs_classdict) {
    u->emit(Op::LoadNamespace, reg);
    store_symbol(scope->classdict_cell, reg);
  }
  if (scope->has_conditional_annotations) {
    u->emit(Op::BuildSet, reg, reg, 0);
    store_symbol(scope->conditional_cell, reg);
  }
  u->top = reg;
  if (table_.future_annotations && !scope->annotations.empty()) {
    u->emit(Op::BuildDict, reg, reg, 0);
    u->emit_w(Op::StoreName, reg, 0, 0, name_constant(tree_.intern("__annotations__")));
  }
  if (Value doc = docstring(def->body); !doc.is_empty()) {
    at(def->body[0]);
    set("__doc__", doc);
  }
  body(def->body);
  u->pos = {first_line, 0, first_line, 0};
  if (!scope->annotations.empty() && !table_.future_annotations) {
    u->top = reg;
    variable_annotations(scope);
    u->emit_w(Op::StoreName, reg, 0, 0, name_constant(tree_.intern("__annotate_func__")));
  }
  std::vector<Identifier> names(scope->static_attributes);
  std::sort(names.begin(), names.end());
  std::vector<Value> values;
  for (Identifier name : names) values.push_back(Value(text(name)));
  u->top = reg;
  set("__static_attributes__", pool_.tuple(values));
  if (scope->class_cell->flags & SymCell) {
    int copy = reg + 1;
    u->touch(copy + 1);
    load_cell_itself(scope->class_cell, reg);
    u->emit(Op::Copy, copy, reg);
    u->emit_w(Op::StoreName, copy, 0, 0, name_constant(tree_.intern("__classcell__")));
    u->emit(Op::Return, reg);
    u->stop();
  } else {
    return_none();
  }
  return leave_unit(def->name);
}

void Generator::class_def(const ClassDef* def) {
  int first = u->top;
  decorators(def->decorators);
  int callee = u->top;
  Scope* scope = table_.find(def, ScopeKind::Class);
  bool generic = !def->type_params.empty();
  check_keywords(def->keywords);

  // __build_class__(body, 'Name', *bases, **keywords)
  auto build = [&](int base) {
    at(def);
    u->top = base;
    u->touch(base + 3);
    u->emit(Op::LoadBuildClass, base);
    u->top = base + 1;
    Own<Code> code = class_body(def);
    at(def);
    make_function(code, scope, 0, base + 1, base + 1);
    u->top = base + 2;
    u->load_constant(u->push(), Value(text(def->name)));
    bool plain = def->bases.size() + def->keywords.size() < most_arguments;
    for (const Expr* expr : def->bases) plain &= !is<Starred>(expr);
    for (const Keyword* keyword : def->keywords) plain &= !keyword->name.empty();
    auto generic_base = [&] {
      if (generic) load_name(tree_.intern(".generic_base"), u->push());
    };
    if (plain) {
      for (const Expr* expr : def->bases) temp(expr);
      generic_base();
      std::vector<Value> names;
      for (const Keyword* keyword : def->keywords) {
        names.push_back(Value(text(mangled(keyword->name))));
        temp(keyword->value);
      }
      int count = u->top - base - 1;
      at(def);
      if (names.empty()) u->emit(Op::Call, base, base, count);
      else u->emit_w(Op::CallKw, base, base, count, u->constant(pool_.tuple(names)));
    } else {
      // The two leading arguments become the start of the list.
      int list = base + 1;
      u->emit(Op::BuildList, list, list, 2);
      u->top = list + 1;
      list_items(def->bases, list, 0, def->pos);
      if (generic) {
        int value = u->top;
        generic_base();
        u->emit(Op::ListAppend, list, value);
        u->top = list + 1;
      }
      if (!def->keywords.empty()) {
        int dict = u->push();
        at(def);
        u->emit(Op::BuildDict, dict, dict, 0);
        for (const Keyword* keyword : def->keywords) {
          int saved = u->top;
          if (keyword->name.empty()) {
            int mapping = operand(keyword->value);
            at(def);
            u->emit(Op::DictMerge, dict, mapping, base);
          } else {
            int name = u->push();
            u->load_constant(name, Value(text(mangled(keyword->name))));
            int value = operand(keyword->value);
            at(def);
            u->emit(Op::DictSet, dict, name, value);
          }
          u->top = saved;
        }
      }
      at(def);
      u->emit(Op::CallEx, base, base, def->keywords.empty() ? 0 : 1);
    }
    u->top = base + 1;
  };

  if (!generic) {
    build(callee);
  } else {
    in_type_params(def, callee, [&](int params) {
      type_params(def->type_params, params);
      at(def);
      int copy = u->push();
      u->emit(Op::Copy, copy, params);
      store_name(tree_.intern(".type_params"), copy);
      u->emit(Op::Intrinsic, params, params, static_cast<int>(Intrinsic::GenericBase));
      store_name(tree_.intern(".generic_base"), params);
      build(params);
    });
  }
  u->top = callee + 1;
  u->touch(u->top);
  decorate(def->decorators, first);
  at(def);
  store_name(def->name, first);
  u->top = first;
}

} // namespace aspy::compiler
