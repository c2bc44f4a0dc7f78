// The compiler's way in: reads, analyses, generates, and reports.
#include "vm/compiler/compiler.hpp"

#include "vm/compiler/generator.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/warnings.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

namespace compiler {

using namespace ast;

Generator::Generator(Thread& thread, SourceTree& tree, ScopeTable& table, Str* filename,
                     const CompileOptions& options)
    : thread_(thread), tree_(tree), table_(table), filename_(filename), options_(options) {}

void Generator::fail(const ast::Position& pos, std::string message) {
  if (!issue) issue = tree_.issue_at(pos, std::move(message));
}

void Generator::warn(const ast::Position& pos, std::string message) {
  // A finally body is compiled once for each way out, but warned of once.
  for (const SyntaxWarning& earlier : warnings)
    if (earlier.line == pos.line && earlier.message == message) return;
  SyntaxWarning warning;
  warning.message = std::move(message);
  warning.line = pos.line;
  warning.col = tree_.character_offset(pos.line, pos.col) + 1;
  warning.end_line = pos.end_line;
  warning.end_col = tree_.character_offset(pos.end_line, pos.end_col) + 1;
  warnings.push_back(std::move(warning));
}

// Also true once compilation has failed: then the rest is not worth walking.
bool Generator::too_deep(const Node*) {
  if (issue) return true;
  if (depth_ < max_nesting && u->top < 120) return false;
  fail_too_deep();
  return true;
}

void Generator::fail_too_deep() {
  SyntaxIssue found;
  found.kind = IssueKind::RecursionError;
  found.message = nesting_message;
  issue = found;
}

Own<Code> Generator::program() {
  Scope* root = table_.root;
  interactive_ = tree_.root->kind == Kind::Interactive;
  uint32_t flags = options_.names_in_namespace ? uint32_t{CodeUsesNamespace} : 0u;
  if (options_.top_level_await && root->is_coroutine) flags |= CodeCoroutine;
  enter_unit(root, root->name, {1, 0, 1, 0}, flags);
  if (tree_.root->kind == Kind::Expression) {
    auto* expr = tree_.expression()->body;
    int value = temp(expr);
    at(expr);
    u->emit(Op::Return, value);
    u->stop();
    return leave_unit(root->name);
  }
  if (!root->annotations.empty()) {
    int reg = u->top;
    if (table_.future_annotations) {
      // Kept when it is there already, as at a prompt.
      u->touch(reg + 1);
      u->emit(Op::BuildDict, reg, reg, 0);
      store_name(tree_.intern("__annotations__"), reg);
    } else {
      variable_annotations(root);
      store_name(tree_.intern("__annotate__"), reg);
      u->emit(Op::BuildSet, reg, reg, 0);
      store_name(tree_.intern("__conditional_annotations__"), reg);
    }
    u->top = reg;
  }
  List<Stmt> statements = tree_.module()->body;
  if (Value doc = interactive_ ? Value() : docstring(statements); !doc.is_empty()) {
    at(statements[0]);
    int reg = u->push();
    u->load_constant(reg, doc);
    store_name(tree_.intern("__doc__"), reg);
    --u->top;
  }
  body(statements);
  return_none();
  return leave_unit(root->name);
}

namespace {

const char* const known_features[] = {
    "nested_scopes",  "generators",       "division",       "absolute_import", "with_statement",
    "print_function", "unicode_literals", "barry_as_FLUFL", "generator_stop",  "annotations"};

// `from __future__ import ...` at the start of a module, behind its docstring.
std::optional<SyntaxIssue> read_future(SourceTree& tree, ScopeTable& table) {
  if (tree.root->kind == Kind::Expression) return std::nullopt;
  bool docstring = true;
  for (const Stmt* stmt : tree.module()->body) {
    auto* import = try_as<ImportFrom>(stmt);
    if (import && import->level == 0 && import->module == "__future__") {
      for (const Alias* alias : import->names) {
        bool known = false;
        for (const char* feature : known_features) known |= alias->name == feature;
        if (alias->name == "annotations") table.future_annotations = true;
        if (alias->name == "braces") return tree.issue_at(alias->pos, "not a chance");
        if (!known)
          return tree.issue_at(alias->pos, fmt::format("future feature {} is not defined", alias->name));
      }
      docstring = false;
      table.last_future_line = stmt->pos.line;
      continue;
    }
    auto* expr = try_as<ExprStmt>(stmt);
    auto* constant = expr ? try_as<Constant>(expr->value) : nullptr;
    if (!docstring || !constant || constant->type != ConstantKind::Str) break;
    docstring = false;
  }
  return std::nullopt;
}

// `from_file`: the source can be read again, which is where a quoted line then comes from.
void raise_issue(Thread& thread, const SyntaxIssue& issue, std::string_view filename, bool show_text,
                 bool from_file = true) {
  Type* type = &SyntaxError_type;
  switch (issue.kind) {
  case IssueKind::IndentationError: type = &IndentationError_type; break;
  case IssueKind::TabError: type = &TabError_type; break;
  case IssueKind::MemoryError: raise(thread, MemoryError_type, issue.message); return;
  case IssueKind::RecursionError: raise(thread, RecursionError_type, issue.message); return;
  default: break;
  }
  bool line_end = !issue.text_bare && !(issue.text_passed && !from_file);
  std::string text = line_end ? issue.text + "\n" : issue.text;
  // Of a line that is read again from its file this much is quoted.
  constexpr size_t most_quoted = 999;
  bool read_again = from_file && show_text && (!issue.text_bare || issue.always_quoted);
  if (read_again && text.size() > most_quoted) {
    size_t end = most_quoted;
    while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
    text.resize(end);
    if (end < most_quoted) text += "\uFFFD"; // half a character
  }
  Own<Str> message = make_str(issue.message), name = make_str(filename), line = make_str(text);
  bool has_text = (show_text || issue.always_quoted) && issue.text_known;
  Own<aspy::Tuple> place = make_tuple({Value(name.get()), Value::from_int(issue.line),
                                       Value::from_int(issue.col), has_text ? Value(line.get()) : None,
                                       Value::from_int(issue.end_line), Value::from_int(issue.end_col)});
  raise_with_args(thread, *type, {Value(message.get()), Value(place.get())});
  // Tells a report that real source was read: it may look for misspelt keywords there.
  if (is_instance(thread.error, SyntaxError_type))
    assign(aspy::cast<SyntaxErrorObject>(thread.error)->metadata,
           make_tuple({Value::from_int(issue.line), Value::from_int(0), None}));
}

// False: a filter made an error of it, which is pending.
bool give_warning(Thread& thread, const SourceTree& tree, const SyntaxWarning& warning,
                  std::string_view filename) {
  if (warn_explicit(thread, SyntaxWarning_type, warning.message, filename, warning.line)) return true;
  if (!error_matches(thread, SyntaxWarning_type)) return false;
  clear_error(thread);
  SyntaxIssue issue;
  issue.message = warning.message;
  issue.line = warning.line;
  issue.col = warning.col;
  issue.end_line = warning.end_line;
  issue.end_col = warning.end_col;
  issue.text = std::string(tree.line_text(warning.line));
  raise_issue(thread, issue, filename, true);
  return false;
}

} // namespace

} // namespace compiler

Own<Code> compile(Thread& thread, std::string_view source, std::string_view filename,
                  const CompileOptions& options) {
  using namespace compiler;
  ParseResult parsed = options.decoded ? parse_text(source, options.mode) : parse(source, options.mode);
  SourceTree& tree = *parsed.tree;
  for (const SyntaxWarning& warning : tree.warnings)
    if (!give_warning(thread, tree, warning, filename)) return nullptr;
  // Errors of the later steps quote the file; text that came from nowhere cannot be quoted.
  bool show_text = !(options.decoded && filename.starts_with('<'));
  if (parsed.issue) {
    raise_issue(thread, *parsed.issue, filename, true, show_text);
    return nullptr;
  }
  ScopeTable table;
  table.future_annotations = options.future_annotations;
  table.issue = read_future(tree, table);
  if (!table.issue) analyze_scopes(tree, table, options.top_level_await);
  for (const SyntaxWarning& warning : table.warnings)
    if (!give_warning(thread, tree, warning, filename)) return nullptr;
  if (table.issue) {
    raise_issue(thread, *table.issue, filename, show_text);
    return nullptr;
  }
  Own<Str> name = make_str(filename);
  compiler::Generator generator(thread, tree, table, name.get(), options);
  Own<Code> code = generator.program();
  for (const SyntaxWarning& warning : generator.warnings)
    if (!give_warning(thread, tree, warning, filename)) return nullptr;
  if (generator.issue) {
    raise_issue(thread, *generator.issue, filename, show_text);
    return nullptr;
  }
  return code;
}

std::string mangle(std::string_view class_name, std::string_view name) {
  size_t start = class_name.find_first_not_of('_');
  bool private_name =
      name.starts_with("__") && !name.ends_with("__") && name.find('.') == std::string_view::npos;
  if (!private_name || start == std::string_view::npos) return std::string(name);
  return fmt::format("_{}{}", class_name.substr(start), name);
}

} // namespace aspy
