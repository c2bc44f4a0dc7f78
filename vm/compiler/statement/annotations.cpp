// Annotations: computed by a function of their own when somebody asks (PEP 649).
#include "vm/compiler/generator.hpp"

#include "vm/compiler/expression/unparse.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

namespace aspy::compiler {

using namespace ast;

// Formats beyond "values with fake globals" are for others to make: they find out by the texts, which format
// -1 gives.
void Generator::annotate_prologue(Value texts) {
  u->arg_count = u->posonly_count = 1;
  u->bound.add(0);
  make_cells();
  Label known = u->new_label(), values = u->new_label();
  int limit = u->push();
  int format = u->push();
  Symbol* parameter = scope_->locals[0];
  load(place_of(parameter), parameter->name, format);
  u->load_constant(limit, Value::from_int(2));
  u->jump_compare(Op::JumpGt, format, limit, 0, known);
  u->emit_w(Op::LoadGlobal, limit, 0, 0, name_constant(tree_.intern("NotImplementedError")));
  u->emit(Op::Raise, limit);
  u->stop();
  u->bind(known);
  u->top = limit;
  if (texts.is_empty()) return;
  u->push();
  load(place_of(parameter), parameter->name, limit);
  u->jump_compare(Op::JumpEqInt, limit, -1, 0, values);
  u->load_constant(limit, texts);
  u->emit(Op::Return, limit);
  u->stop();
  u->bind(values);
  u->top = limit;
}

// (name, text, number of its condition) of an annotation. A literal str stands in a tuple of its own: it is
// the annotation, not the text of one.
Value Generator::annotation_text(const AnnotationEntry& entry) {
  auto* literal = try_as<Constant>(entry.annotation);
  Value text = literal && literal->type == ConstantKind::Str
                   ? pool_.tuple(std::vector<Value>{constant(literal)})
                   : pool_.text(unparse(entry.annotation, true));
  return pool_.tuple(
      std::vector<Value>{Value(this->text(entry.name)), text, Value::from_int(entry.condition)});
}

void Generator::annotation_value(const Expr* annotation, int dest) {
  if (table_.future_annotations) {
    at(annotation);
    return u->load_constant(dest, pool_.text(unparse(annotation, false)));
  }
  if (auto* star = try_as<Starred>(annotation)) {
    // `*args: *Ts` means the only item of unpacking Ts.
    into(star->value, dest);
    at(annotation);
    u->emit(Op::UnpackSequence, dest, dest, 1);
    return;
  }
  into(annotation, dest);
}

// A function that gives the dict of all entries. Conditional ones count once their statement has run, which
// leaves its number in a set.
void Generator::annotate_function(Scope* scope, const ast::Position& start,
                                  const std::vector<AnnotationEntry>& entries) {
  int dest = u->top;
  enter_unit(scope, scope->name, start, 0);
  Value known_texts;
  if (keeps_annotation_texts()) {
    std::vector<Value> texts;
    for (const AnnotationEntry& entry : entries) texts.push_back(annotation_text(entry));
    known_texts = pool_.tuple(texts);
  }
  annotate_prologue(known_texts);
  int dict = u->push();
  u->emit(Op::BuildDict, dict, dict, 0);
  for (const AnnotationEntry& entry : entries) {
    Label next = no_label;
    at(entry.annotation);
    if (entry.condition >= 0) {
      next = u->new_label();
      int index = u->push();
      u->load_constant(index, Value::from_int(entry.condition));
      int set = u->push();
      load_name(tree_.intern("__conditional_annotations__"), set);
      u->jump_compare(Op::JumpIn, index, set, 0, next);
      u->top = dict + 1;
    }
    int key = u->push();
    u->load_constant(key, Value(text(entry.name)));
    int value = u->top;
    u->touch(value + 1);
    annotation_value(entry.annotation, value);
    at(entry.annotation);
    u->emit(Op::DictSet, dict, key, value);
    u->top = dict + 1;
    if (next != no_label) u->bind(next);
  }
  return_function(dict, scope, scope->name, 0, dest);
  u->top = dest + 1;
  u->touch(u->top);
}

bool Generator::function_annotations(const FunctionDef* def) {
  Scope* scope = table_.find(def, ScopeKind::Annotations);
  if (!scope) return false;
  std::vector<AnnotationEntry> entries;
  auto parameter = [&](const Arg* arg) {
    if (arg && arg->annotation) entries.push_back({mangled(arg->name), arg->annotation});
  };
  const Arguments* args = def->args;
  for (const Arg* arg : args->posonlyargs) parameter(arg);
  for (const Arg* arg : args->args) parameter(arg);
  parameter(args->vararg);
  for (const Arg* arg : args->kwonlyargs) parameter(arg);
  parameter(args->kwarg);
  if (def->returns) entries.push_back({tree_.intern("return"), def->returns});
  at(def);
  annotate_function(scope, def->pos, entries);
  return true;
}

void Generator::variable_annotations(Scope* home) {
  std::vector<AnnotationEntry> entries;
  for (const Annotation& entry : home->annotations)
    entries.push_back({mangled(as<Name>(entry.node->target)->id), entry.node->annotation, entry.condition});
  annotate_function(table_.find(home->node, ScopeKind::Annotations), home->annotations[0].node->pos, entries);
}

// The annotation as text.
std::string Generator::unparse(const Expr* expr, bool mangling) {
  auto shown = [&](Value value) {
    Ref text = repr(thread_, value);
    if (text) return std::string(aspy::cast<Str>(text)->view());
    clear_error(thread_);
    return std::string();
  };
  std::string text = compiler::unparse(
      expr, {.constant_text = [&](const Constant* literal) { return shown(constant(literal)); },
             .text_repr = [&](const std::string& characters) { return shown(pool_.text(characters)); },
             .name = [&](Identifier name) { return mangling ? mangled(name) : name; }});
  if (text.empty()) fail_too_deep();
  return text;
}

} // namespace aspy::compiler
