// Generator: walks the tree with the scopes known and emits bytecode. One class over several files by theme.
//
// How values travel: `into(e, dest)` leaves e's value in register `dest`, which is a local or exactly the
// next free temporary; temporaries are free again from where they were before. Only the last instruction run
// writes `dest`, so a local may be the destination even when the expression reads it. `operand(e)` gives a
// register to read: a local as it is, with no instruction at all, or a new temporary.
#pragma once

#include "vm/compiler/compiler.hpp"
#include "vm/compiler/emit/unit.hpp"
#include "vm/compiler/scope/scopes.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace aspy::compiler {

// Here these names mean the syntax tree's nodes, not the run-time types.
using ast::Dict, ast::List, ast::Module, ast::Set, ast::Slice, ast::Tuple;

// How many temporaries a construct may ask for at once: longer displays grow item by item, calls with more
// arguments gather them in a list and a dict, and what is computed while more than `crowded` are taken spills
// them first. So the temporaries of one expression stay within what an instruction can address.
inline constexpr size_t display_chunk = 40;
inline constexpr size_t most_arguments = 44;
inline constexpr int crowded = 64;
inline constexpr int most_temporaries = 110; // beyond, rows of items are not unpacked into registers

// Something that a return, break or continue has to leave properly.
enum class BlockKind : uint8_t {
  While,
  For,            // `temp` holds the iterator
  TryBody,        // of try/except: only a protected range
  FinallyBody,    // the try statement's finally body runs on the way out
  FinallyHandler, // `temp` and the next: the exception being handled and the one before
  Handler,        // the same, in an except clause
  StarHandler,    // the same, in an except* clause, which nothing may jump out of
  NamedHandler,   // `name` is unbound on the way out
  With,           // `temp` holds the exit method
  AsyncWith,
  Value, // `temp` holds a value under way to a return, dropped when the finally body goes elsewhere
};

struct Block {
  BlockKind kind;
  int temp = -1;
  Label break_label = no_label, continue_label = no_label; // loops
  const ast::Try* try_statement = nullptr;                 // FinallyBody
  ast::Position pos;                                       // With: where its exit call stands
  ast::Identifier name;                                    // NamedHandler
  // The range that `handler` protects is open since `open`; no_label: the block has none.
  Label handler = no_label;
  int depth = 0;
  uint32_t open = 0;
  BoundSet bound; // what the handler may rely on
};

// Where a name's variable is.
struct Place {
  enum Kind : uint8_t {
    Register,
    Far,
    Cell,
    FarCell,
    Free,
    Global,
    Namespace,
    ClassFree,
    DictName,
    DictFree
  };
  Kind kind;
  int index = 0;                    // register, far local or closure index
  const Symbol* variable = nullptr; // Register and Far
};

class Generator {
public:
  Generator(Thread& thread, SourceTree& tree, ScopeTable& table, Str* filename,
            const CompileOptions& options);

  // The whole program; null when `issue` is set.
  Own<Code> program();

  std::optional<SyntaxIssue> issue;
  std::vector<SyntaxWarning> warnings;

private:
  // --- units (functions.cpp) ---
  struct Suspended { // the unit being compiled, and what belongs to the one around it
    std::unique_ptr<Unit> unit;
    Unit* outer;
    Scope* scope;
    std::vector<Block> blocks;
  };
  void enter_unit(Scope* scope, ast::Identifier name, const ast::Position& start, uint32_t flags);
  Own<Code> leave_unit(ast::Identifier name);
  std::string qualified_name(Scope* scope, ast::Identifier name);
  void make_cells();
  void return_none();

  // --- errors ---
  void fail(const ast::Position& pos, std::string message);
  void warn(const ast::Position& pos, std::string message);
  bool too_deep(const ast::Node* node);
  void fail_too_deep();
  void at(const ast::Node* node) { u->pos = node->pos; }

  // --- names (names.cpp) ---
  Place place(ast::Identifier name);
  Place place_of(const Symbol* variable); // of a variable of this very unit
  void load(const Place& place, ast::Identifier name, int dest);
  void load_name(ast::Identifier name, int dest);
  void store_name(ast::Identifier name, int source);
  void delete_name(ast::Identifier name);
  void store_symbol(const Symbol* variable, int source);
  int target_register(
      const ast::Expr* target); // of a plain local name that may be written directly; else no_register
  void mark_bound(int reg);
  Str* text(ast::Identifier name) { return pool_.name(name); }
  uint32_t name_constant(ast::Identifier name) { return u->name(pool_.name(name)); }
  ast::Identifier mangled(ast::Identifier name) { return mangle_name(tree_, scope_->private_name, name); }
  void load_cell_itself(const Symbol* variable, int dest);

  // --- expressions (expressions.cpp, conditions.cpp, fold.cpp) ---
  void into(const ast::Expr* expr, int dest);
  int movable_base() const;
  bool into_spilled(const ast::Expr* expr, int dest);
  int temp(const ast::Expr* expr);
  int operand(const ast::Expr* expr, bool more = false);
  void effect(const ast::Expr* expr);
  void drop(int reg);
  void binary(const ast::Expr* expr, int dest);
  void unary(const ast::UnaryOp* expr, int dest);
  void bool_op(const ast::BoolOp* expr, int dest);
  void if_expression(const ast::IfExp* expr, int dest);
  void compare(const ast::Compare* expr, int dest);
  void compare_chain(const ast::Compare* expr, int dest, Label target, bool when);
  void chain(const ast::Expr* expr, int dest);
  void sequence(const ast::Expr* expr, ast::List<ast::Expr> elts, int dest);
  void set_display(const ast::Set* expr, int dest);
  void dict_display(const ast::Dict* expr, int dest);
  void slice(const ast::Slice* expr, int dest);
  void named(const ast::NamedExpr* expr, int dest);
  void yield(const ast::Yield* expr, int dest);
  int outermost_pair() const; // the temporary of the outermost handler around; -1: there is none
  void yield_from(const ast::YieldFrom* expr, int dest);
  void list_items(ast::List<ast::Expr> elts, int list, size_t first, const ast::Position& pos);
  // Makes a tuple of `count` values, each of which `item(i)` leaves in the next temporary; gives its
  // register.
  template <class Item> int tuple_of(size_t count, Item&& item);
  void condition(const ast::Expr* expr, Label target, bool when);
  static int literal_truth(const ast::Expr* expr); // 1, 0; -1: not a literal
  Value fold(const ast::Expr* expr);               // the value of a constant expression, borrowed; else empty
  Value fold_tuple(ast::List<ast::Expr> elts);
  Value fold_binary(ast::Operator op, Value left, Value right);
  Value constant(const ast::Constant* expr);
  Value membership_constant(const ast::Expr* expr); // `in [1, 2]`, `in {1, 2}`: tuple and frozenset
  void check_compare(const ast::Compare* expr);
  void check_callable(const ast::Expr* func);
  void check_subscript(const ast::Subscript* expr);

  // --- calls (calls.cpp) ---
  void arguments(const ast::Call* call, int callee, int first, int out, const ast::Attribute* method);
  bool is_plain_call(const ast::Call* call);
  void spread_call(ast::List<ast::Expr> args, ast::List<ast::Keyword> keywords, int callee, int out,
                   const ast::Position& pos);
  void check_keywords(ast::List<ast::Keyword> keywords);
  bool is_super_call(const ast::Attribute* attribute);
  void super_attribute(const ast::Attribute* attribute, int dest);
  ast::Position attribute_position(const ast::Position& pos, const ast::Attribute* method);

  // --- strings (fstrings.cpp) ---
  void joined(const ast::JoinedStr* expr, int dest);
  void formatted(const ast::FormattedValue* expr, int dest);
  void template_string(const ast::TemplateStr* expr, int dest);

  // --- comprehensions (comprehensions.cpp) ---
  void comprehension(const ast::Expr* expr, int dest);
  // `result` is the register of what is being built; no_register in a generator expression.
  void comprehension_part(const ast::Expr* expr, ast::List<ast::Comprehension> parts, size_t index,
                          int result, int iterator);
  void generator_expression(const ast::GeneratorExp* expr, int dest);

  // --- statements (statements.cpp) ---
  void body(ast::List<ast::Stmt> statements);
  void statement(const ast::Stmt* stmt);
  void assign(const ast::Assign* stmt);
  void aug_assign(const ast::AugAssign* stmt);
  void ann_assign(const ast::AnnAssign* stmt);
  void store(const ast::Expr* target, int source);
  void unpack(const ast::Expr* target, ast::List<ast::Expr> elts, int source);
  void delete_target(const ast::Expr* target);
  void import(const ast::Import* stmt);
  void import_from(const ast::ImportFrom* stmt);
  void assert_statement(const ast::Assert* stmt);
  void raise_statement(const ast::Raise* stmt);
  void expression_statement(const ast::ExprStmt* stmt);

  // --- control flow (control_flow.cpp, try.cpp) ---
  void if_statement(const ast::If* stmt);
  void while_statement(const ast::While* stmt);
  void for_statement(const ast::For* stmt);
  void return_statement(const ast::Return* stmt);
  void break_or_continue(const ast::Stmt* stmt);
  Block& push_block(BlockKind kind, const ast::Position& pos);
  void pop_block();
  void protect(Block& block, Label handler, int depth);
  void close_range(Block& block);
  std::vector<Block> unwind(size_t keep, int value);
  void restore(std::vector<Block>& left);
  void leave_block(const Block& block, int value);
  void start_handler(Label handler, const BoundSet& bound, int depth);
  void reraise_tail(Label cleanup, int pair, const BoundSet& bound);
  void try_statement(const ast::Try* stmt);
  void try_finally(const ast::Try* stmt);
  // What is tried, and what follows when nothing was raised.
  void try_body(const ast::Try* stmt, Label handler, Label end);
  void try_except(const ast::Try* stmt);
  void try_star(const ast::Try* stmt);
  void unbind_handler_name(ast::Identifier name);
  void with_statement(const ast::With* stmt, size_t item);

  // --- functions and classes (functions.cpp, annotations.cpp, classes.cpp, type_params.cpp) ---
  void function(const ast::FunctionDef* def);
  void lambda(const ast::Lambda* expr, int dest);
  int defaults(const ast::Arguments* args, int first); // emits tuple and dict; gives MakeFunction's flags
  void set_parameters(const ast::Arguments* args);
  void function_body(const ast::FunctionDef* def);
  // Makes a function of `code` in dest; its parts (flags 1, 2, 4) are already in the temporaries from
  // `first`.
  void make_function(const Own<Code>& code, Scope* scope, int flags, int first, int dest);
  // Ends the unit of `scope` with R[value] as its result, and makes a function of it in R[dest] of the unit
  // around, at the position that stands there.
  void return_function(int value, Scope* scope, ast::Identifier name, int flags, int dest);
  int closure(Scope* scope);
  // Leaves the annotate function in the next temporary, unless there are no annotations.
  bool function_annotations(const ast::FunctionDef* def);
  void annotate_prologue(Value texts = {});
  struct AnnotationEntry {
    ast::Identifier name;
    const ast::Expr* annotation;
    int condition = -1; // its number, when the statement may be passed over
  };
  Value annotation_text(const AnnotationEntry& entry);
  void annotate_function(Scope* scope, const ast::Position& start, // leaves it in the next temporary
                         const std::vector<AnnotationEntry>& entries);
  // Those of the embedded library are not asked for.
  bool keeps_annotation_texts() const { return !options_.library && !table_.future_annotations; }
  void annotation_value(const ast::Expr* annotation, int dest);
  void variable_annotations(Scope* home); // leaves the annotate function in the next temporary
  void decorators(ast::List<ast::Expr> list);
  void decorate(ast::List<ast::Expr> list, int first);
  void class_def(const ast::ClassDef* def);
  Own<Code> class_body(const ast::ClassDef* def);
  void type_alias(const ast::TypeAlias* stmt);
  void type_params(ast::List<ast::TypeParam> params, int dest);
  // Has `build(reg)` leave a value in R[reg] of a function that holds the type parameters of `node`; calls it
  // for R[dest].
  template <class Build> void in_type_params(const ast::Node* node, int dest, Build&& build);
  void lazy_value(const ast::Expr* expr, const ast::Node* node, ScopeKind kind, ast::Identifier name,
                  int dest);
  Value docstring(ast::List<ast::Stmt> body);
  std::string unparse(const ast::Expr* expr, bool mangling); // the text of an annotation

  // --- match (patterns.cpp) ---
  struct Captures;
  void match(const ast::Match* stmt);
  void pattern(const ast::Pattern* node, int subject, Captures& captures);
  void pattern_sequence(const ast::MatchSequence* node, int subject, Captures& captures);
  void pattern_mapping(const ast::MatchMapping* node, int subject, Captures& captures);
  void pattern_class(const ast::MatchClass* node, int subject, Captures& captures);
  void pattern_or(const ast::MatchOr* node, int subject, Captures& captures);
  void pattern_as(const ast::MatchAs* node, int subject, Captures& captures);
  template <class Part> void pattern_items(int items, int count, Captures& captures, Part&& part);
  template <class Part> void pattern_row(int items, int count, Captures& captures, Part&& part);
  void pattern_part(const ast::Pattern* node, int item, int floor, Captures& captures);
  bool is_crowding(int count) const {
    return count > static_cast<int>(display_chunk) || u->top + count > most_temporaries;
  }
  void capture(const ast::Node* node, ast::Identifier name, int reg, Captures& captures);
  void load_captured(int reg, int slot, int dest);
  Label fail_label(Captures& captures);
  void emit_fails(Captures& captures);

  Thread& thread_;
  SourceTree& tree_;
  ScopeTable& table_;
  Str* filename_;
  const CompileOptions& options_;
  ConstantPool pool_;

  Unit* u = nullptr;
  Scope* scope_ = nullptr; // innermost, comprehensions included
  std::vector<Block> blocks_;
  std::vector<std::unique_ptr<Suspended>> suspended_;
  std::vector<const ast::Expr*> links_; // chains being unrolled, as a stack
  int depth_ = 0;
  bool interactive_ = false;
};

inline constexpr int no_register = 1000;

inline constexpr bool is_temp(int reg) { return reg >= 0; }

template <class Item> int Generator::tuple_of(size_t count, Item&& item) {
  int first = u->top;
  if (count <= display_chunk) {
    for (size_t i = 0; i < count; ++i) item(i);
    u->touch(first + 1);
    u->emit(Op::BuildTuple, first, first, static_cast<int>(count));
  } else {
    u->emit(Op::BuildList, u->push(), first, 0);
    for (size_t i = 0; i < count; ++i) {
      item(i);
      u->emit(Op::ListAppend, first, first + 1);
      u->top = first + 1;
    }
    u->emit(Op::ListToTuple, first, first);
  }
  u->top = first + 1;
  return first;
}

template <class Build> void Generator::in_type_params(const ast::Node* node, int dest, Build&& build) {
  Scope* scope = table_.find(node, ScopeKind::TypeParams);
  at(node);
  enter_unit(scope, scope->name, node->pos, 0);
  make_cells();
  int value = u->push();
  build(value);
  return_function(value, scope, scope->name, 0, dest);
  u->emit(Op::Call, dest, dest, 0);
}

} // namespace aspy::compiler
