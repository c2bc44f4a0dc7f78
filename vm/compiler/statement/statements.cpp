// Simple statements and assignment.
#include "vm/compiler/generator.hpp"

#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>
#include <utility>

namespace aspy::compiler {

using namespace ast;

namespace {

Op inplace_opcode(Operator op) {
  switch (op) {
  case Operator::Add: return Op::InplaceAdd;
  case Operator::Sub: return Op::InplaceSub;
  case Operator::Mult: return Op::InplaceMul;
  case Operator::MatMult: return Op::InplaceMatMul;
  case Operator::Div: return Op::InplaceTrueDiv;
  case Operator::Mod: return Op::InplaceMod;
  case Operator::Pow: return Op::InplacePow;
  case Operator::LShift: return Op::InplaceLShift;
  case Operator::RShift: return Op::InplaceRShift;
  case Operator::BitOr: return Op::InplaceOr;
  case Operator::BitXor: return Op::InplaceXor;
  case Operator::BitAnd: return Op::InplaceAnd;
  case Operator::FloorDiv: return Op::InplaceFloorDiv;
  }
  return Op::InplaceAdd;
}

} // namespace

void Generator::body(List<Stmt> statements) {
  for (const Stmt* stmt : statements) statement(stmt);
}

void Generator::statement(const Stmt* stmt) {
  if (too_deep(stmt)) return;
  ++depth_;
  int saved = u->top, outer_top = std::exchange(u->statement_top, u->top);
  switch (stmt->kind) {
  case Kind::FunctionDef:
  case Kind::AsyncFunctionDef: function(as<FunctionDef>(stmt)); break;
  case Kind::ClassDef: class_def(as<ClassDef>(stmt)); break;
  case Kind::Return: return_statement(as<Return>(stmt)); break;
  case Kind::Delete:
    for (const Expr* target : as<Delete>(stmt)->targets) delete_target(target);
    break;
  case Kind::Assign: assign(as<Assign>(stmt)); break;
  case Kind::TypeAlias: type_alias(as<TypeAlias>(stmt)); break;
  case Kind::AugAssign: aug_assign(as<AugAssign>(stmt)); break;
  case Kind::AnnAssign: ann_assign(as<AnnAssign>(stmt)); break;
  case Kind::For:
  case Kind::AsyncFor: for_statement(as<For>(stmt)); break;
  case Kind::While: while_statement(as<While>(stmt)); break;
  case Kind::If: if_statement(as<If>(stmt)); break;
  case Kind::With:
  case Kind::AsyncWith: with_statement(as<With>(stmt), 0); break;
  case Kind::Match: match(as<Match>(stmt)); break;
  case Kind::Raise: raise_statement(as<Raise>(stmt)); break;
  case Kind::Try: try_statement(as<Try>(stmt)); break;
  case Kind::Assert: assert_statement(as<Assert>(stmt)); break;
  case Kind::Import: import(as<Import>(stmt)); break;
  case Kind::ImportFrom: import_from(as<ImportFrom>(stmt)); break;
  case Kind::ExprStmt: expression_statement(as<ExprStmt>(stmt)); break;
  case Kind::Break:
  case Kind::Continue: break_or_continue(stmt); break;
  default: break;
  }
  u->top = saved;
  u->statement_top = outer_top;
  --depth_;
}

void Generator::expression_statement(const ExprStmt* stmt) {
  if (interactive_ && scope_->kind == ScopeKind::Module) {
    int value = temp(stmt->value);
    at(stmt);
    u->emit(Op::PrintExpr, value);
    return;
  }
  if (is<Constant>(stmt->value)) return;
  effect(stmt->value);
}

// --- assignment ----------------------------------------------------------------------------------

void Generator::assign(const Assign* stmt) {
  if (stmt->targets.size() == 1) {
    const Expr* target = stmt->targets[0];
    int direct = target_register(target);
    if (direct != no_register) {
      into(stmt->value, direct);
      mark_bound(direct);
      return;
    }
    // a, b = x, y: no tuple is made.
    auto* values = try_as<Tuple>(stmt->value);
    auto* targets = try_as<Tuple>(target);
    if (values && targets && values->elts.size() == targets->elts.size() && values->elts.size() <= 30) {
      bool plain = true;
      for (const Expr* elt : values->elts) plain &= !is<Starred>(elt);
      for (const Expr* elt : targets->elts) plain &= !is<Starred>(elt);
      if (plain) {
        int first = u->top;
        for (const Expr* elt : values->elts) temp(elt);
        for (size_t i = 0; i < targets->elts.size(); ++i)
          store(targets->elts[i], first + static_cast<int>(i));
        return;
      }
    }
    int value = operand(stmt->value, !is<Name>(target));
    store(target, value);
    return;
  }
  int value = operand(stmt->value, true);
  for (size_t i = 0; i < stmt->targets.size(); ++i) {
    bool last = i + 1 == stmt->targets.size();
    int source = value;
    if (is_temp(value) && !last) {
      source = u->push();
      at(stmt->targets[i]);
      u->emit(Op::Copy, source, value);
    } else if (!is_temp(value) && target_register(stmt->targets[i]) == value && !last) {
      continue; // x = y = x
    }
    store(stmt->targets[i], source);
    u->top = is_temp(value) ? value + 1 : u->top;
  }
}

// Stores what is in R[source], which dies when it is a temporary.
void Generator::store(const Expr* target, int source) {
  int saved = u->top;
  switch (target->kind) {
  case Kind::Name:
    at(target);
    store_name(as<Name>(target)->id, source);
    break;
  case Kind::Attribute: {
    auto* attribute = as<Attribute>(target);
    int object = operand(attribute->value);
    u->pos = attribute_position(attribute->pos, attribute);
    u->emit_w(Op::StoreAttr, object, source, 0, name_constant(mangled(attribute->attr)));
    break;
  }
  case Kind::Subscript: {
    auto* item = as<Subscript>(target);
    int object = operand(item->value, true);
    int key = operand(item->slice);
    at(target);
    u->emit(Op::StoreItem, object, key, source);
    break;
  }
  case Kind::Tuple: unpack(target, as<Tuple>(target)->elts, source); break;
  case Kind::ListExpr: unpack(target, as<ListExpr>(target)->elts, source); break;
  case Kind::Starred: fail(target->pos, "starred assignment target must be in a list or tuple"); break;
  default: break;
  }
  u->top = saved;
}

void Generator::unpack(const Expr* target, List<Expr> elts, int source) {
  if (too_deep(target)) return;
  ++depth_;
  int star = -1;
  for (size_t i = 0; i < elts.size(); ++i) {
    if (!is<Starred>(elts[i])) continue;
    if (star >= 0) {
      fail(target->pos, "multiple starred expressions in assignment");
      break;
    }
    star = static_cast<int>(i);
    if (star > 255 || elts.size() - i > 0xFFFFFF)
      fail(target->pos, "too many expressions in star-unpacking assignment");
  }
  auto count = static_cast<int>(elts.size());
  // Locals that stand in a row take the items directly.
  int row = star < 0 && count > 0 ? target_register(elts[0]) : no_register;
  for (int i = 1; i < count && row != no_register; ++i)
    if (target_register(elts[static_cast<size_t>(i)]) != row + i) row = no_register;
  if (row != no_register) {
    at(target);
    u->emit(Op::UnpackSequence, row, source, count);
    for (int i = 0; i < count; ++i) mark_bound(row + i);
  } else if (count > static_cast<int>(display_chunk) || u->top + count > most_temporaries) {
    // Too many for a row of registers: out of a tuple, one by one.
    int after = count - star - 1;
    int parts = u->push(), item = u->push(), index = u->push();
    at(target);
    if (star < 0) u->emit_w(Op::UnpackTuple, parts, source, 0, static_cast<uint32_t>(count));
    else u->emit_w(Op::UnpackTuple, parts, source, 1, static_cast<uint32_t>(star | after << 8));
    for (int i = 0; i < count; ++i) {
      const Expr* elt = elts[static_cast<size_t>(i)];
      at(target);
      u->emit(Op::Copy, item, parts);
      u->load_constant(index, Value::from_int(i));
      u->emit(Op::LoadItem, item, item, index);
      u->top = item + 1;
      store(is<Starred>(elt) ? as<Starred>(elt)->value : elt, item);
    }
    u->emit(Op::Clear, parts);
  } else {
    // Nested unpacking finds its source below the items already unpacked, which stay where they are.
    int first = u->reserve(count);
    at(target);
    if (star < 0) u->emit(Op::UnpackSequence, first, source, count);
    else u->emit_w(Op::UnpackEx, first, source, star, static_cast<uint32_t>(count - star - 1));
    for (int i = 0; i < count; ++i) {
      const Expr* elt = elts[static_cast<size_t>(i)];
      store(is<Starred>(elt) ? as<Starred>(elt)->value : elt, first + i);
    }
  }
  --depth_;
}

void Generator::aug_assign(const AugAssign* stmt) {
  int saved = u->top;
  // The right side, then the operation with its small-number forms.
  auto combine = [&](int out, int left) {
    Value right = fold(stmt->value);
    bool small = right.is_int() && right.as_int() >= -128 && right.as_int() <= 127;
    if (small && (stmt->op == Operator::Add || stmt->op == Operator::Sub)) {
      at(stmt);
      u->emit(stmt->op == Operator::Add ? Op::InplaceAddInt : Op::InplaceSubInt, out, left,
              static_cast<int>(right.as_int()));
      return;
    }
    int value = operand(stmt->value);
    at(stmt);
    u->emit(inplace_opcode(stmt->op), out, left, value);
  };
  switch (stmt->target->kind) {
  case Kind::Name: {
    auto* name = as<Name>(stmt->target);
    int direct = target_register(name);
    int left = operand(name, true);
    if (direct != no_register) {
      combine(direct, left);
      mark_bound(direct);
    } else {
      combine(left, left);
      at(stmt->target);
      store_name(name->id, left);
    }
    break;
  }
  case Kind::Attribute: {
    auto* attribute = as<Attribute>(stmt->target);
    uint32_t name = name_constant(mangled(attribute->attr));
    int object = operand(attribute->value, true);
    int value = u->push();
    ast::Position pos = attribute_position(attribute->pos, attribute);
    u->pos = pos;
    if (is_temp(object)) {
      u->emit(Op::Copy, value, object);
      u->emit_w(Op::LoadAttr, value, value, 0, name);
    } else {
      u->emit_w(Op::LoadAttr, value, object, 0, name);
    }
    combine(value, value);
    u->pos = pos;
    u->emit_w(Op::StoreAttr, object, value, 0, name);
    break;
  }
  case Kind::Subscript: {
    auto* item = as<Subscript>(stmt->target);
    int object = operand(item->value, true);
    int key = operand(item->slice, true);
    at(item);
    auto again = [&](int reg) {
      if (!is_temp(reg)) return reg;
      int copy = u->push();
      u->emit(Op::Copy, copy, reg);
      return copy;
    };
    int base = u->top;
    int object2 = again(object), key2 = again(key);
    u->top = base;
    int value = u->push();
    u->emit(Op::LoadItem, value, object2, key2);
    combine(value, value);
    at(item);
    u->emit(Op::StoreItem, object, key, value);
    break;
  }
  default: break;
  }
  u->top = saved;
}

void Generator::ann_assign(const AnnAssign* stmt) {
  if (stmt->value) {
    int direct = target_register(stmt->target);
    if (direct != no_register) {
      into(stmt->value, direct);
      mark_bound(direct);
    } else {
      int value = operand(stmt->value, !is<Name>(stmt->target));
      store(stmt->target, value);
    }
  } else if (auto* attribute = try_as<Attribute>(stmt->target)) {
    effect(attribute->value);
  } else if (auto* item = try_as<Subscript>(stmt->target)) {
    effect(item->value);
    effect(item->slice);
  }
  if (!stmt->simple || scope_->is_function_like()) return;
  at(stmt);
  if (table_.future_annotations) {
    // __annotations__['name'] = 'text of the annotation'
    int value = u->reserve(3);
    u->load_constant(value, pool_.text(unparse(stmt->annotation, false)));
    load_name(tree_.intern("__annotations__"), value + 1);
    u->load_constant(value + 2, Value(text(mangled(as<Name>(stmt->target)->id))));
    u->emit(Op::StoreItem, value + 1, value + 2, value);
    return;
  }
  for (const Annotation& entry : scope_->annotations) {
    if (entry.node != stmt || entry.condition < 0) continue;
    int set = u->push();
    if (scope_->kind == ScopeKind::Class)
      load(place_of(scope_->conditional_cell), scope_->conditional_cell->name, set);
    else load_name(tree_.intern("__conditional_annotations__"), set);
    int index = u->push();
    u->load_constant(index, Value::from_int(entry.condition));
    u->emit(Op::SetAdd, set, index);
    u->emit(Op::Clear, set);
    return;
  }
}

void Generator::delete_target(const Expr* target) {
  int saved = u->top;
  switch (target->kind) {
  case Kind::Name:
    at(target);
    delete_name(as<Name>(target)->id);
    break;
  case Kind::Attribute: {
    int object = operand(as<Attribute>(target)->value);
    u->pos = attribute_position(target->pos, as<Attribute>(target));
    u->emit_w(Op::DeleteAttr, object, 0, 0, name_constant(mangled(as<Attribute>(target)->attr)));
    break;
  }
  case Kind::Subscript: {
    int object = operand(as<Subscript>(target)->value, true);
    int key = operand(as<Subscript>(target)->slice);
    at(target);
    u->emit(Op::DeleteItem, object, key);
    break;
  }
  case Kind::Tuple:
    for (const Expr* elt : as<Tuple>(target)->elts) delete_target(elt);
    break;
  case Kind::ListExpr:
    for (const Expr* elt : as<ListExpr>(target)->elts) delete_target(elt);
    break;
  default: break;
  }
  u->top = saved;
}

// --- raise, assert -------------------------------------------------------------------------------

void Generator::raise_statement(const Raise* stmt) {
  if (!stmt->exc) {
    at(stmt);
    u->emit(Op::RaiseBare);
  } else {
    int exception = operand(stmt->exc, stmt->cause != nullptr);
    if (stmt->cause) {
      int cause = operand(stmt->cause);
      at(stmt);
      u->emit(Op::RaiseFrom, exception, cause);
    } else {
      at(stmt);
      u->emit(Op::Raise, exception);
    }
  }
  u->stop();
}

void Generator::assert_statement(const Assert* stmt) {
  if (auto* tuple = try_as<Tuple>(stmt->test); tuple && !tuple->elts.empty())
    warn(stmt->pos, "assertion is always true, perhaps remove parentheses?");
  Label end = u->new_label();
  condition(stmt->test, end, true);
  int error = u->push();
  at(stmt);
  u->emit(Op::LoadAssertionError, error);
  if (stmt->msg) {
    temp(stmt->msg);
    at(stmt);
    u->emit(Op::Call, error, error, 1);
  }
  at(stmt->test);
  u->emit(Op::Raise, error);
  u->stop();
  u->bind(end);
}

// --- import --------------------------------------------------------------------------------------

void Generator::import(const Import* stmt) {
  for (const Alias* alias : stmt->names) {
    int module = u->push(), list = u->push();
    at(stmt);
    u->emit(Op::LoadNone, list);
    u->emit_w(Op::ImportName, module, list, 0, name_constant(mangled(alias->name)));
    size_t dot = alias->name.find('.');
    if (alias->asname.empty()) {
      store_name(dot == Identifier::npos ? alias->name : tree_.intern(alias->name.substr(0, dot)), module);
    } else {
      // `import a.b.c as d` walks from the package to its part.
      std::string_view rest = dot == Identifier::npos ? std::string_view() : alias->name.substr(dot + 1);
      while (!rest.empty()) {
        size_t end = rest.find('.');
        int part = list;
        u->emit_w(Op::ImportFrom, part, module, 0, name_constant(tree_.intern(rest.substr(0, end))));
        u->emit(Op::Clear, module);
        u->emit(Op::Move, module, part);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      }
      store_name(alias->asname, module);
    }
    u->top = module;
  }
}

void Generator::import_from(const ImportFrom* stmt) {
  if (stmt->module == "__future__" && stmt->pos.line > table_.last_future_line)
    return fail(stmt->pos, "from __future__ imports must occur at the beginning of the file");
  int module = u->push(), list = u->push();
  std::vector<Value> names;
  for (const Alias* alias : stmt->names) names.push_back(Value(text(alias->name)));
  at(stmt);
  u->load_constant(list, pool_.tuple(names));
  Identifier source = stmt->module.empty() ? tree_.intern("") : stmt->module;
  u->emit_w(Op::ImportName, module, list, static_cast<int>(stmt->level > 255 ? 255 : stmt->level),
            name_constant(mangled(source)));
  if (stmt->names.size() == 1 && stmt->names[0]->name == "*") {
    u->emit(Op::ImportStar, module);
    return;
  }
  for (const Alias* alias : stmt->names) {
    at(stmt);
    u->emit_w(Op::ImportFrom, list, module, 0, name_constant(mangled(alias->name)));
    store_name(alias->asname.empty() ? alias->name : alias->asname, list);
  }
  u->emit(Op::Clear, module);
}

} // namespace aspy::compiler
