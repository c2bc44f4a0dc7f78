// Scopes: which variable each name means, decided before any code is made.
//
// A *unit* is a scope that becomes a code object of its own. A list, set or dict comprehension is a scope
// with names of its own but no unit: it runs inside its host, its variables are further registers there (PEP
// 709). So a variable needs a cell only where a name crosses from one unit into another.
#pragma once

#include "parser/parser.hpp"
#include "vm/compiler/scope/flat_map.hpp"

#include <deque>
#include <optional>
#include <string_view>
#include <vector>

namespace aspy::compiler {

enum class ScopeKind : uint8_t {
  Module,
  Class,
  Function,
  Lambda,
  GeneratorExp,
  Comprehension, // list, set, dict: inlined unless the host is an annotation inside a class
  Annotations,   // the function that computes annotations (PEP 649)
  TypeParams,    // around a generic function, class or type alias (PEP 695)
  TypeVariable,  // a type parameter's bound
  TypeDefault,   // a type parameter's default
  TypeAlias,     // the value of a `type` statement
};

enum SymbolFlag : uint16_t {
  SymGlobal = 1,
  SymNonlocal = 2,
  SymLocal = 4, // assigned
  SymParam = 8,
  SymUse = 16,
  SymAnnotated = 32,
  SymCompIter = 64, // bound by a comprehension's `for`
  SymTypeParam = 128,
  SymDeleted = 256,     // by `del` or at the end of an except clause: never certain to be bound
  SymWalrus = 512,      // assigned inside expressions: its register may change between two operands
  SymCell = 1024,       // captured by another unit
  SymCompWalrus = 2048, // a walrus target inside a comprehension, bound outside it
  SymImported = 4096,
};
inline constexpr uint16_t sym_bound = SymLocal | SymParam | SymTypeParam | SymCompIter | SymImported;

enum class Binding : uint8_t {
  Unresolved,
  Local,          // of this scope: a register or cell; in classes and modules a name in the namespace
  Outer,          // a variable of an enclosing scope in the same unit
  Free,           // a variable of another unit, through the closure
  GlobalExplicit, // by a global statement
  GlobalImplicit,
};

struct Scope;

struct Symbol {
  ast::Identifier name;
  uint16_t flags = 0;
  Binding binding = Binding::Unresolved;
  Scope* scope = nullptr;
  Symbol* owner = nullptr; // Outer and Free: the symbol that holds the variable
  int slot = -1;           // Local: index in the unit's `locals`; -1 when it has none
  ast::Position declared;  // the global or nonlocal statement
};

struct Annotation {
  const ast::AnnAssign* node;
  int condition; // number in __conditional_annotations__, -1: always there
};

struct Scope {
  ScopeKind kind;
  Scope* parent = nullptr;
  Scope* unit = nullptr; // itself, or the host of an inlined comprehension
  const ast::Node* node = nullptr;
  ast::Identifier name;         // as __qualname__ shows it
  ast::Identifier private_name; // class whose private names are mangled here; empty outside classes

  bool nested = false; // inside a function
  bool inlined = false;
  bool is_generator = false; // contains yield, or is a generator expression
  bool is_coroutine = false; // async def; or an expression scope that awaits
  bool sees_class = false;   // an annotation scope directly in a class: looks names up there first
  bool has_conditional_annotations = false;
  bool needs_class_cell = false, needs_classdict = false;

  std::vector<Symbol*> symbols;
  FlatMap<uint32_t> index;                        // name address -> index in symbols, once there are many
  std::vector<Symbol*> free_vars;                 // units: variables taken from the closure, by name
  std::vector<Symbol*> locals;                    // units: what needs a register, parameters first
  std::vector<Annotation> annotations;            // modules and classes: variable annotations in order
  std::vector<ast::Identifier> static_attributes; // classes: `self.x = ...` in methods

  Symbol* class_cell = nullptr; // classes: the implicit __class__, __classdict__ ...
  Symbol* classdict_cell = nullptr;
  Symbol* conditional_cell = nullptr;

  Symbol* find(ast::Identifier name);
  bool is_function_like() const { return kind != ScopeKind::Module && kind != ScopeKind::Class; }
};

class ScopeTable {
public:
  // The scope that a node opens. A generic function opens several, told apart by kind.
  Scope* find(const ast::Node* node, ScopeKind kind);

  Scope* root = nullptr;
  bool future_annotations = false;
  uint32_t last_future_line = 0;    // up to here `from __future__ import` may stand
  std::optional<SyntaxIssue> issue; // the first error found
  std::vector<SyntaxWarning> warnings;
  std::deque<Scope> scopes; // in the order they were opened: parents come before children
  std::deque<Symbol> symbols;

private:
  friend class ScopeBuilder;
  FlatMap<Scope*> by_node_;
};

// Reads the whole tree. `top_level_await`: the module may await.
void analyze_scopes(SourceTree& tree, ScopeTable& table, bool top_level_await);
// The second half: what each name means, then registers for the variables (scope_resolution.cpp).
void resolve_scopes(SourceTree& tree, ScopeTable& table);

// `__x` inside class `C` is `_C__x`; the tree keeps the text.
ast::Identifier mangle_name(SourceTree& tree, ast::Identifier private_name, ast::Identifier name);

// Nesting beyond this is refused: it keeps the walk of any tree inside the C++ stack.
inline constexpr int max_nesting = 2500;
inline constexpr const char* nesting_message = "maximum recursion depth exceeded during compilation";

} // namespace aspy::compiler
