// Names: from what the scopes say about a name to the instruction that reads, writes or deletes its variable.
#include "vm/compiler/generator.hpp"

namespace aspy::compiler {

using namespace ast;

Place Generator::place_of(const Symbol* variable) {
  int slot = variable->slot;
  bool cell = (variable->flags & SymCell) != 0;
  if (u->is_near(slot)) return {cell ? Place::Cell : Place::Register, u->register_of(slot), variable};
  return {cell ? Place::FarCell : Place::Far, u->far_index(slot), variable};
}

Place Generator::place(Identifier name) {
  Symbol* symbol = scope_->find(name);
  bool in_namespace = scope_->unit->kind == ScopeKind::Class ||
                      (scope_->unit->kind == ScopeKind::Module && options_.names_in_namespace);
  if (!symbol) return {in_namespace ? Place::Namespace : Place::Global};
  switch (symbol->binding) {
  case Binding::Local:
    if (scope_->kind == ScopeKind::Class) return {Place::Namespace};
    if (scope_->kind == ScopeKind::Module) return {in_namespace ? Place::Namespace : Place::Global};
    return place_of(symbol);
  case Binding::Outer: return place_of(symbol->owner);
  case Binding::Free:
    if (scope_->kind == ScopeKind::Class && !(symbol->flags & SymNonlocal))
      return {Place::ClassFree, symbol->slot};
    if (scope_->sees_class && symbol->owner->scope->kind != ScopeKind::Class)
      return {Place::DictFree, symbol->slot};
    return {Place::Free, symbol->slot};
  case Binding::GlobalImplicit:
    if (scope_->sees_class) return {Place::DictName};
    // A comprehension in a class body does not see the class's names.
    if (scope_->kind == ScopeKind::Class || scope_->unit->kind == ScopeKind::Module)
      return {in_namespace ? Place::Namespace : Place::Global};
    return {Place::Global};
  default: return {Place::Global};
  }
}

void Generator::mark_bound(int reg) {
  if (!is_temp(reg)) u->bound.add(reg + u->local_count);
}

void Generator::load(const Place& place, Identifier name, int dest) {
  switch (place.kind) {
  case Place::Register:
    if ((place.variable->flags & SymDeleted) || !u->bound.has(place.variable->slot))
      u->emit(Op::CheckBound, place.index);
    if (dest != place.index) u->emit(Op::Move, dest, place.index);
    break;
  case Place::Far: u->emit_x(Op::LoadFar, dest, static_cast<uint32_t>(place.index)); break;
  case Place::Cell: u->emit(Op::LoadCell, dest, place.index); break;
  case Place::FarCell: {
    int cell = u->push();
    u->emit_x(Op::LoadFar, cell, static_cast<uint32_t>(place.index));
    u->emit(Op::LoadCell, dest, cell);
    // When the destination is that very temporary, loading has replaced the cell.
    if (dest != cell) u->emit(Op::Clear, cell);
    --u->top;
    break;
  }
  case Place::Free: u->emit_x(Op::LoadFree, dest, static_cast<uint32_t>(place.index)); break;
  case Place::Global: u->emit_w(Op::LoadGlobal, dest, 0, 0, name_constant(name)); break;
  case Place::Namespace: u->emit_w(Op::LoadName, dest, 0, 0, name_constant(name)); break;
  case Place::ClassFree:
    u->emit_xw(Op::LoadClassFree, dest, static_cast<uint32_t>(place.index), name_constant(name));
    break;
  case Place::DictName:
  case Place::DictFree: {
    // The class's namespace reaches an annotation through the cell __classdict__.
    int dict = u->push();
    auto& free = scope_->unit->free_vars;
    for (size_t i = 0; i < free.size(); ++i)
      if (free[i]->name == "__classdict__") u->emit_x(Op::LoadFree, dict, static_cast<uint32_t>(i));
    if (place.kind == Place::DictName) u->emit_w(Op::LoadDictName, dest, dict, 0, name_constant(name));
    else if (place.index > 255) fail_too_deep(); // more closure cells than the instruction tells apart
    else u->emit_w(Op::LoadDictFree, dest, dict, place.index, name_constant(name));
    --u->top;
    break;
  }
  }
}

void Generator::load_name(Identifier name, int dest) {
  if (name == "__debug__") return u->load_constant(dest, True);
  Identifier full = mangled(name);
  load(place(full), full, dest);
}

void Generator::store_symbol(const Symbol* variable, int source) {
  Place where = place_of(variable);
  switch (where.kind) {
  case Place::Register:
    if (source != where.index) u->emit(Op::Move, where.index, source);
    mark_bound(where.index);
    break;
  case Place::Far: u->emit_x(Op::StoreFar, source, static_cast<uint32_t>(where.index)); break;
  case Place::Cell: u->emit(Op::StoreCell, where.index, source); break;
  default: {
    int cell = u->push();
    u->emit_x(Op::LoadFar, cell, static_cast<uint32_t>(where.index));
    u->emit(Op::StoreCell, cell, source);
    u->emit(Op::Clear, cell);
    --u->top;
  }
  }
}

void Generator::store_name(Identifier name, int source) {
  Identifier full = mangled(name);
  Place where = place(full);
  switch (where.kind) {
  case Place::Register:
  case Place::Far:
  case Place::Cell:
  case Place::FarCell: store_symbol(where.variable, source); break;
  case Place::Free:
  case Place::ClassFree:
  case Place::DictFree: u->emit_x(Op::StoreFree, source, static_cast<uint32_t>(where.index)); break;
  case Place::Namespace: u->emit_w(Op::StoreName, source, 0, 0, name_constant(full)); break;
  default: u->emit_w(Op::StoreGlobal, source, 0, 0, name_constant(full)); break;
  }
}

void Generator::delete_name(Identifier name) {
  Identifier full = mangled(name);
  Place where = place(full);
  switch (where.kind) {
  case Place::Register: u->emit(Op::Delete, where.index); break;
  case Place::Far: u->emit_x(Op::DeleteFar, 0, static_cast<uint32_t>(where.index)); break;
  case Place::Cell: u->emit(Op::DeleteCell, where.index); break;
  case Place::FarCell: {
    int cell = u->push();
    u->emit_x(Op::LoadFar, cell, static_cast<uint32_t>(where.index));
    u->emit(Op::DeleteCell, cell);
    u->emit(Op::Clear, cell);
    --u->top;
    break;
  }
  case Place::Free:
  case Place::ClassFree:
  case Place::DictFree: u->emit_x(Op::DeleteFree, 0, static_cast<uint32_t>(where.index)); break;
  case Place::Namespace: u->emit_w(Op::DeleteName, 0, 0, 0, name_constant(full)); break;
  default: u->emit_w(Op::DeleteGlobal, 0, 0, 0, name_constant(full)); break;
  }
}

int Generator::target_register(const Expr* target) {
  auto* name = try_as<Name>(target);
  if (!name) return no_register;
  Place where = place(mangled(name->id));
  return where.kind == Place::Register ? where.index : no_register;
}

// The cell of a variable, for the closure of a function made here.
void Generator::load_cell_itself(const Symbol* variable, int dest) {
  if (variable->scope->unit == scope_->unit) {
    if (u->is_near(variable->slot)) u->emit(Op::Move, dest, u->register_of(variable->slot));
    else u->emit_x(Op::LoadFar, dest, static_cast<uint32_t>(u->far_index(variable->slot)));
    return;
  }
  auto& free = scope_->unit->free_vars;
  for (size_t i = 0; i < free.size(); ++i)
    if (free[i] == variable) return u->emit_x(Op::LoadFreeCell, dest, static_cast<uint32_t>(i));
}

} // namespace aspy::compiler
