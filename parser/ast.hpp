#pragma once

#include <cassert>
#include <cstdint>
#include <span>
#include <string_view>

/// The syntax tree, node for node the shape that Python 3.14's own `ast` module shows.
///
/// All nodes live in the arena of their SourceTree (parser/parser.hpp) and are immutable to readers. A node
/// is told by its `kind`; `as<T>(node)` casts (checked in debug builds), `try_as<T>(node)` gives nullptr on
/// another kind.
///
/// Long chains make deep trees without nesting in the source: `a+b+c...` is deep on the left (BinOp::left),
/// `a.b().c()...` on Attribute::value / Call::func / Subscript::value, `elif` chains on If::orelse, `- - x`
/// on UnaryOp::operand, `a ** b ** c` on BinOp::right, and `x if y else ...` on IfExp::orelse. The parser
/// builds them without recursion and bounds all other nesting; who walks the tree must loop along these edges
/// or count depth.
namespace aspy::ast {

/// Where a node stands: lines from 1, columns from 0 in UTF-8 bytes, the end exclusive. Columns become
/// character offsets only when shown (SourceTree::character_offset).
struct Position {
  std::uint32_t line = 0, col = 0, end_line = 0, end_col = 0;
};

enum class Kind : std::uint8_t {
  // Roots
  Module,
  Interactive,
  Expression,
  // Statements
  FunctionDef,
  AsyncFunctionDef,
  ClassDef,
  Return,
  Delete,
  Assign,
  TypeAlias,
  AugAssign,
  AnnAssign,
  For,
  AsyncFor,
  While,
  If,
  With,
  AsyncWith,
  Match,
  Raise,
  Try,
  Assert,
  Import,
  ImportFrom,
  Global,
  Nonlocal,
  ExprStmt,
  Pass,
  Break,
  Continue,
  // Expressions
  BoolOp,
  NamedExpr,
  BinOp,
  UnaryOp,
  Lambda,
  IfExp,
  Dict,
  Set,
  ListComp,
  SetComp,
  DictComp,
  GeneratorExp,
  Await,
  Yield,
  YieldFrom,
  Compare,
  Call,
  FormattedValue,
  Interpolation,
  JoinedStr,
  TemplateStr,
  Constant,
  Attribute,
  Subscript,
  Starred,
  Name,
  ListExpr,
  Tuple,
  Slice,
  // Patterns
  MatchValue,
  MatchSingleton,
  MatchSequence,
  MatchMapping,
  MatchClass,
  MatchStar,
  MatchAs,
  MatchOr,
  // Parts
  Arg,
  Arguments,
  Keyword,
  Alias,
  WithItem,
  Comprehension,
  ExceptHandler,
  MatchCase,
  TypeVar,
  ParamSpec,
  TypeVarTuple,
};

/// The kind's name as CPython's `ast` spells it where the two agree ("FunctionDef", "Expr", "List").
std::string_view kind_name(Kind kind);

struct Node {
  Kind kind;
  Position pos;
};
struct Expr : Node {};
struct Stmt : Node {};
struct Pattern : Node {};

/// A list of nodes (or names); the elements live in the arena. Elements may be null only where a field says
/// so.
template <class T> using List = std::span<T* const>;

/// NFKC-normalised, interned per tree: equal names of one tree have equal data pointers. Empty means absent.
using Identifier = std::string_view;
using Identifiers = std::span<Identifier const>;

template <class T> T* as(Node* node) {
  assert(node != nullptr && T::is_kind(node->kind));
  return static_cast<T*>(node);
}
template <class T> const T* as(const Node* node) {
  assert(node != nullptr && T::is_kind(node->kind));
  return static_cast<const T*>(node);
}
template <class T> bool is(const Node* node) { return node != nullptr && T::is_kind(node->kind); }
template <class T> T* try_as(Node* node) { return is<T>(node) ? static_cast<T*>(node) : nullptr; }
template <class T> const T* try_as(const Node* node) {
  return is<T>(node) ? static_cast<const T*>(node) : nullptr;
}

/// Gives a node struct its tag; a struct that serves two kinds (FunctionDef and AsyncFunctionDef) names both.
template <class Base, Kind First, Kind Second = First> struct Tagged : Base {
  static constexpr Kind tag = First;
  static constexpr bool is_kind(Kind kind) { return kind == First || kind == Second; }
};

// --- Parts ---------------------------------------------------------------------------------------

enum class Context : std::uint8_t { Load, Store, Del };

/// One parameter of a function.
struct Arg : Tagged<Node, Kind::Arg> {
  Identifier name;
  Expr* annotation; // may be null; `*args: *Ts` gives a Starred
};

/// All parameters, in source order: posonly, "/", args, *vararg or "*", kwonly, **kwarg.
struct Arguments : Tagged<Node, Kind::Arguments> {
  List<Arg> posonlyargs;
  List<Arg> args;
  Arg* vararg; // may be null
  List<Arg> kwonlyargs;
  List<Expr> kw_defaults; // as long as kwonlyargs; null: that one is required
  Arg* kwarg;             // may be null
  List<Expr> defaults;    // belong to the last of posonlyargs + args
};

/// `name=value` in a call or class header; an empty name is `**value`.
struct Keyword : Tagged<Node, Kind::Keyword> {
  Identifier name;
  Expr* value;
};

/// `name as asname` in an import; the name may be dotted, or "*".
struct Alias : Tagged<Node, Kind::Alias> {
  Identifier name;
  Identifier asname;
};

struct WithItem : Tagged<Node, Kind::WithItem> {
  Expr* context_expr;
  Expr* optional_vars; // may be null
};

struct Comprehension : Tagged<Node, Kind::Comprehension> {
  Expr* target;
  Expr* iter;
  List<Expr> ifs;
  bool is_async;
};

struct ExceptHandler : Tagged<Node, Kind::ExceptHandler> {
  Expr* type; // null for a bare except
  Identifier name;
  List<Stmt> body;
};

struct MatchCase : Tagged<Node, Kind::MatchCase> {
  Pattern* pattern;
  Expr* guard; // may be null
  List<Stmt> body;
};

/// TypeVar `T: bound = default`, ParamSpec `**P = default`, TypeVarTuple `*Ts = default`: told apart by
/// `kind`.
struct TypeParam : Node {
  static constexpr bool is_kind(Kind kind) {
    return kind == Kind::TypeVar || kind == Kind::ParamSpec || kind == Kind::TypeVarTuple;
  }
  Identifier name;
  Expr* bound;         // TypeVar only; may be null
  Expr* default_value; // may be null
};

// --- Roots ---------------------------------------------------------------------------------------

/// A whole file (Module) or one interactive statement (Interactive).
struct Module : Tagged<Node, Kind::Module, Kind::Interactive> {
  List<Stmt> body;
};
/// The source of `eval`.
struct Expression : Tagged<Node, Kind::Expression> {
  Expr* body;
};

// --- Statements ----------------------------------------------------------------------------------

/// `def` and `async def`. As in CPython the position starts at `def`/`async`, after the decorators.
struct FunctionDef : Tagged<Stmt, Kind::FunctionDef, Kind::AsyncFunctionDef> {
  Identifier name;
  Arguments* args;
  List<Stmt> body;
  List<Expr> decorators;
  Expr* returns; // may be null
  List<TypeParam> type_params;
};
struct ClassDef : Tagged<Stmt, Kind::ClassDef> {
  Identifier name;
  List<Expr> bases; // may hold Starred
  List<Keyword> keywords;
  List<Stmt> body;
  List<Expr> decorators;
  List<TypeParam> type_params;
};
struct Return : Tagged<Stmt, Kind::Return> {
  Expr* value; // may be null
};
struct Delete : Tagged<Stmt, Kind::Delete> {
  List<Expr> targets;
};
struct Assign : Tagged<Stmt, Kind::Assign> {
  List<Expr> targets; // `a = b = value` has two
  Expr* value;
};
struct TypeAlias : Tagged<Stmt, Kind::TypeAlias> {
  Expr* name; // a Name in Store context
  List<TypeParam> type_params;
  Expr* value;
};
enum class Operator : std::uint8_t {
  Add,
  Sub,
  Mult,
  MatMult,
  Div,
  Mod,
  Pow,
  LShift,
  RShift,
  BitOr,
  BitXor,
  BitAnd,
  FloorDiv
};
struct AugAssign : Tagged<Stmt, Kind::AugAssign> {
  Expr* target;
  Operator op;
  Expr* value;
};
struct AnnAssign : Tagged<Stmt, Kind::AnnAssign> {
  Expr* target;
  Expr* annotation;
  Expr* value; // may be null
  bool simple; // the target is a bare, unparenthesised name
};
struct For : Tagged<Stmt, Kind::For, Kind::AsyncFor> {
  Expr* target;
  Expr* iter;
  List<Stmt> body;
  List<Stmt> orelse;
};
struct While : Tagged<Stmt, Kind::While> {
  Expr* test;
  List<Stmt> body;
  List<Stmt> orelse;
};
/// `elif` is an If alone in `orelse`.
struct If : Tagged<Stmt, Kind::If> {
  Expr* test;
  List<Stmt> body;
  List<Stmt> orelse;
};
struct With : Tagged<Stmt, Kind::With, Kind::AsyncWith> {
  List<WithItem> items;
  List<Stmt> body;
};
struct Match : Tagged<Stmt, Kind::Match> {
  Expr* subject;
  List<MatchCase> cases;
};
struct Raise : Tagged<Stmt, Kind::Raise> {
  Expr* exc;   // may be null
  Expr* cause; // may be null
};
struct Try : Tagged<Stmt, Kind::Try> {
  List<Stmt> body;
  List<ExceptHandler> handlers;
  List<Stmt> orelse;
  List<Stmt> finalbody;
  bool is_star; // `except*`
};
struct Assert : Tagged<Stmt, Kind::Assert> {
  Expr* test;
  Expr* msg; // may be null
};
struct Import : Tagged<Stmt, Kind::Import> {
  List<Alias> names;
};
struct ImportFrom : Tagged<Stmt, Kind::ImportFrom> {
  Identifier module; // empty: `from . import x`
  List<Alias> names; // one alias "*" for a star import
  std::uint32_t level;
};
/// `global` and `nonlocal`, told apart by `kind`.
struct Global : Tagged<Stmt, Kind::Global, Kind::Nonlocal> {
  Identifiers names;
};
/// An expression as a statement.
struct ExprStmt : Tagged<Stmt, Kind::ExprStmt> {
  Expr* value;
};
struct Pass : Tagged<Stmt, Kind::Pass> {};
struct Break : Tagged<Stmt, Kind::Break> {};
struct Continue : Tagged<Stmt, Kind::Continue> {};

// --- Expressions ---------------------------------------------------------------------------------

enum class BoolOperator : std::uint8_t { And, Or };
struct BoolOp : Tagged<Expr, Kind::BoolOp> {
  BoolOperator op;
  List<Expr> values;
};
/// `name := value`
struct NamedExpr : Tagged<Expr, Kind::NamedExpr> {
  Expr* target;
  Expr* value;
};
struct BinOp : Tagged<Expr, Kind::BinOp> {
  Expr* left;
  Operator op;
  Expr* right;
};
enum class UnaryOperator : std::uint8_t { Invert, Not, UAdd, USub };
struct UnaryOp : Tagged<Expr, Kind::UnaryOp> {
  UnaryOperator op;
  Expr* operand;
};
struct Lambda : Tagged<Expr, Kind::Lambda> {
  Arguments* args;
  Expr* body;
};
struct IfExp : Tagged<Expr, Kind::IfExp> {
  Expr* test;
  Expr* body;
  Expr* orelse;
};
struct Dict : Tagged<Expr, Kind::Dict> {
  List<Expr> keys; // null: the value is a `**mapping`
  List<Expr> values;
};
struct Set : Tagged<Expr, Kind::Set> {
  List<Expr> elts;
};
struct ListComp : Tagged<Expr, Kind::ListComp> {
  Expr* elt;
  List<Comprehension> generators;
};
struct SetComp : Tagged<Expr, Kind::SetComp> {
  Expr* elt;
  List<Comprehension> generators;
};
struct GeneratorExp : Tagged<Expr, Kind::GeneratorExp> {
  Expr* elt;
  List<Comprehension> generators;
};
struct DictComp : Tagged<Expr, Kind::DictComp> {
  Expr* key;
  Expr* value;
  List<Comprehension> generators;
};
struct Await : Tagged<Expr, Kind::Await> {
  Expr* value;
};
struct Yield : Tagged<Expr, Kind::Yield> {
  Expr* value; // may be null
};
struct YieldFrom : Tagged<Expr, Kind::YieldFrom> {
  Expr* value;
};
enum class CmpOperator : std::uint8_t { Eq, NotEq, Lt, LtE, Gt, GtE, Is, IsNot, In, NotIn };
/// `left ops[0] comparators[0] ops[1] comparators[1] ...`
struct Compare : Tagged<Expr, Kind::Compare> {
  Expr* left;
  std::span<CmpOperator const> ops;
  List<Expr> comparators;
};
struct Call : Tagged<Expr, Kind::Call> {
  Expr* func;
  List<Expr> args; // may hold Starred
  List<Keyword> keywords;
};
/// `{value!conversion:format_spec}` inside an f-string. `{x=}` arrives with its text as a separate Constant.
struct FormattedValue : Tagged<Expr, Kind::FormattedValue> {
  Expr* value;
  char conversion;   // 's', 'r', 'a' or 0
  Expr* format_spec; // a JoinedStr; may be null
};
/// The same inside a t-string, with the expression's source text.
struct Interpolation : Tagged<Expr, Kind::Interpolation> {
  Expr* value;
  std::string_view str;
  char conversion;
  Expr* format_spec; // a JoinedStr; may be null
};
struct JoinedStr : Tagged<Expr, Kind::JoinedStr> {
  List<Expr> values; // Constant (Str) and FormattedValue
};
struct TemplateStr : Tagged<Expr, Kind::TemplateStr> {
  List<Expr> values; // Constant (Str) and Interpolation
};

enum class ConstantKind : std::uint8_t { None, True, False, Ellipsis, Int, Float, Imaginary, Str, Bytes };
struct Constant : Tagged<Expr, Kind::Constant> {
  ConstantKind type;
  std::uint8_t base;     // Int: 2, 8, 10 or 16
  bool unicode_prefix;   // Str: the first part was written u"..."
  std::string_view text; // Int: bare digits (no prefix, no underscores, lower case); Str: WTF-8, so lone
                         // surrogates survive as their three-byte forms; Bytes: the bytes
  double number;         // Float, Imaginary (the imaginary part)
};

struct Attribute : Tagged<Expr, Kind::Attribute> {
  Expr* value;
  Identifier attr;
  Context ctx;
};
struct Subscript : Tagged<Expr, Kind::Subscript> {
  Expr* value;
  Expr* slice;
  Context ctx;
};
struct Starred : Tagged<Expr, Kind::Starred> {
  Expr* value;
  Context ctx;
};
struct Name : Tagged<Expr, Kind::Name> {
  Identifier id;
  Context ctx;
};
struct ListExpr : Tagged<Expr, Kind::ListExpr> {
  List<Expr> elts;
  Context ctx;
};
struct Tuple : Tagged<Expr, Kind::Tuple> {
  List<Expr> elts;
  Context ctx;
};
struct Slice : Tagged<Expr, Kind::Slice> {
  Expr* lower; // each may be null
  Expr* upper;
  Expr* step;
};

// --- Patterns ------------------------------------------------------------------------------------

struct MatchValue : Tagged<Pattern, Kind::MatchValue> {
  Expr* value;
};
struct MatchSingleton : Tagged<Pattern, Kind::MatchSingleton> {
  ConstantKind value; // None, True or False
};
struct MatchSequence : Tagged<Pattern, Kind::MatchSequence> {
  List<Pattern> patterns; // at most one MatchStar is the compiler's check
};
struct MatchMapping : Tagged<Pattern, Kind::MatchMapping> {
  List<Expr> keys;
  List<Pattern> patterns; // as long as keys
  Identifier rest;        // `**rest`
};
struct MatchClass : Tagged<Pattern, Kind::MatchClass> {
  Expr* cls;
  List<Pattern> patterns;
  Identifiers kwd_attrs;
  List<Pattern> kwd_patterns; // as long as kwd_attrs
};
struct MatchStar : Tagged<Pattern, Kind::MatchStar> {
  Identifier name; // empty: `*_`
};
struct MatchAs : Tagged<Pattern, Kind::MatchAs> {
  Pattern* pattern; // may be null: a bare capture
  Identifier name;  // empty (with no pattern): the wildcard `_`
};
struct MatchOr : Tagged<Pattern, Kind::MatchOr> {
  List<Pattern> patterns;
};

} // namespace aspy::ast
