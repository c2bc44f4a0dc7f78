// What each name means: finds the scope that owns it, turns captured variables into cells, and gives
// registers out.
#include "vm/compiler/scope/scopes.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy::compiler {

using namespace ast;

namespace {

class Resolver {
public:
  Resolver(SourceTree& tree, ScopeTable& table) : tree_(tree), table_(table) {
    class_name_ = tree.intern("__class__");
    classdict_name_ = tree.intern("__classdict__");
    conditional_name_ = tree.intern("__conditional_annotations__");
  }

  void run() {
    for (Scope& scope : table_.scopes) {
      if (scope.kind == ScopeKind::Class) make_implicit_cells(scope);
      for (Symbol* symbol : scope.symbols) {
        resolve(scope, *symbol);
        if (table_.issue) return;
      }
      // An annotation function looks names up in the class it stands in.
      if (scope.sees_class) capture(scope, class_of(scope)->classdict_cell);
    }
    for (Scope& scope : table_.scopes)
      if (scope.unit == &scope) give_registers(scope);
    // Comprehensions after their hosts: their variables are further registers of the host.
    for (Scope& scope : table_.scopes)
      if (scope.inlined) give_comprehension_registers(scope);
    for (Scope& scope : table_.scopes)
      for (Symbol* symbol : scope.symbols)
        if (symbol->binding == Binding::Free) symbol->slot = free_index(*scope.unit, symbol->owner);
  }

private:
  Symbol* implicit(Scope& scope, Identifier name, uint16_t flags) {
    Symbol& made = table_.symbols.emplace_back();
    made.name = name;
    made.scope = &scope;
    made.binding = Binding::Local;
    made.flags = flags;
    return &made;
  }
  void make_implicit_cells(Scope& scope) {
    scope.class_cell = implicit(scope, class_name_, 0);
    scope.classdict_cell = implicit(scope, classdict_name_, scope.needs_classdict ? SymCell : 0);
    scope.conditional_cell =
        implicit(scope, conditional_name_, scope.has_conditional_annotations ? SymCell : 0);
  }
  static Scope* class_of(Scope& scope) {
    Scope* owner = scope.parent;
    while (owner->kind != ScopeKind::Class) owner = owner->parent;
    return owner;
  }

  // The variable of that name in the functions around `scope`. `global` tells when one of them declares it
  // global.
  Symbol* enclosing(const Scope& scope, Identifier name, bool& global) {
    for (Scope* outer = scope.parent; outer; outer = outer->parent) {
      if (outer->kind == ScopeKind::Class) {
        if (name.data() == class_name_.data()) {
          outer->needs_class_cell = true;
          return outer->class_cell;
        }
        if (name.data() == classdict_name_.data()) {
          outer->needs_classdict = true;
          return outer->classdict_cell;
        }
        if (name.data() == conditional_name_.data() && outer->has_conditional_annotations)
          return outer->conditional_cell;
        continue;
      }
      if (outer->kind == ScopeKind::Module) return nullptr;
      Symbol* found = outer->find(name);
      if (!found) continue;
      if (found->flags & SymGlobal) {
        global = true;
        return nullptr;
      }
      if (found->flags & SymNonlocal) continue;
      if (found->flags & sym_bound) return found;
    }
    return nullptr;
  }

  void capture(Scope& from, Symbol* owner) {
    Scope* home = owner->scope->unit;
    if (from.unit == home) return;
    owner->flags |= SymCell;
    for (Scope* unit = from.unit; unit != home; unit = unit->parent->unit) {
      auto& list = unit->free_vars;
      if (std::find(list.begin(), list.end(), owner) == list.end()) list.push_back(owner);
    }
  }

  void resolve(Scope& scope, Symbol& symbol) {
    if (symbol.flags & SymGlobal) {
      if ((symbol.flags & SymNonlocal) && symbol.declared.line != 0)
        return fail(symbol.declared, fmt::format("name '{}' is nonlocal and global", symbol.name));
      symbol.binding = Binding::GlobalExplicit;
      return;
    }
    bool local = (symbol.flags & sym_bound) && !(symbol.flags & SymNonlocal);
    if (local) {
      symbol.binding = Binding::Local;
      return;
    }
    bool global = false;
    Symbol* owner = enclosing(scope, symbol.name, global);
    if (symbol.flags & SymNonlocal) {
      if (!owner)
        return fail(symbol.declared, fmt::format("no binding for nonlocal '{}' found", symbol.name));
      if (owner->flags & SymTypeParam)
        return fail(symbol.declared,
                    fmt::format("nonlocal binding not allowed for type parameter '{}'", symbol.name));
      owner->flags |= symbol.flags & (SymWalrus | SymDeleted);
    }
    if (!owner) {
      symbol.binding = global ? Binding::GlobalExplicit : Binding::GlobalImplicit;
      return;
    }
    symbol.owner = owner;
    symbol.binding = owner->scope->unit == scope.unit ? Binding::Outer : Binding::Free;
    capture(scope, owner);
  }

  void give_registers(Scope& unit) {
    std::sort(unit.free_vars.begin(), unit.free_vars.end(),
              [](const Symbol* a, const Symbol* b) { return a->name < b->name; });
    auto add = [&](Symbol* symbol) {
      symbol->slot = static_cast<int>(unit.locals.size());
      unit.locals.push_back(symbol);
    };
    if (unit.kind == ScopeKind::Class) {
      for (Symbol* symbol : {unit.class_cell, unit.classdict_cell, unit.conditional_cell})
        if (symbol->flags & SymCell) add(symbol);
      return;
    }
    if (unit.kind == ScopeKind::Module) return;
    // Parameters were defined first and in register order. Cells come last, unless that would put them out of
    // reach: the last variable is released first.
    for (Symbol* symbol : unit.symbols)
      if (symbol->flags & SymParam) add(symbol);
    auto others = [&](bool cells) {
      for (Symbol* symbol : unit.symbols)
        if (symbol->binding == Binding::Local && symbol->slot < 0 &&
            ((symbol->flags & SymCell) != 0) == cells)
          add(symbol);
    };
    constexpr size_t most_in_reach = 100;
    bool cells_first = unit.symbols.size() > most_in_reach;
    others(cells_first);
    others(!cells_first);
  }

  // Comprehensions side by side share registers for variables of the same name; nested ones must not.
  void give_comprehension_registers(Scope& scope) {
    uint64_t depth = 1;
    for (Scope* outer = scope.parent; outer->inlined; outer = outer->parent) ++depth;
    Scope& unit = *scope.unit;
    for (Symbol* symbol : scope.symbols) {
      if (symbol->binding != Binding::Local) continue;
      uint64_t key =
          mix(mix(reinterpret_cast<uint64_t>(symbol->name.data())) + reinterpret_cast<uint64_t>(&unit)) +
          depth * 2 + ((symbol->flags & SymCell) ? 1 : 0);
      bool fresh;
      int& slot = comprehension_slots_.obtain(mix(key) | 1, fresh);
      // Should two keys ever fall together, a register of its own is right all the same.
      bool usable = !fresh && static_cast<size_t>(slot) < unit.locals.size() &&
                    unit.locals[static_cast<size_t>(slot)]->name.data() == symbol->name.data() &&
                    unit.locals[static_cast<size_t>(slot)]->scope->inlined;
      if (!usable) {
        slot = static_cast<int>(unit.locals.size());
        unit.locals.push_back(symbol);
      }
      symbol->slot = slot;
    }
  }

  static uint64_t mix(uint64_t bits) {
    bits *= 0x9E37'79B9'7F4A'7C15;
    return bits ^ bits >> 29;
  }

  static int free_index(const Scope& unit, const Symbol* owner) {
    auto at = std::find(unit.free_vars.begin(), unit.free_vars.end(), owner);
    return static_cast<int>(at - unit.free_vars.begin());
  }

  void fail(const Position& pos, std::string message) {
    if (!table_.issue) table_.issue = tree_.issue_at(pos, std::move(message));
  }

  SourceTree& tree_;
  ScopeTable& table_;
  Identifier class_name_, classdict_name_, conditional_name_;
  FlatMap<int> comprehension_slots_;
};

} // namespace

void resolve_scopes(SourceTree& tree, ScopeTable& table) { Resolver(tree, table).run(); }

} // namespace aspy::compiler
