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
Value Generator::annotation_text(Identifier name, const Expr* annotation, int condition) {
  auto* literal = try_as<Constant>(annotation);
  Value text = literal && literal->type == ConstantKind::Str
                   ? pool_.tuple(std::vector<Value>{constant(literal)})
                   : pool_.text(unparse(annotation, true));
  return pool_.tuple(std::vector<Value>{Value(this->text(name)), text, Value::from_int(condition)});
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

bool Generator::function_annotations(const FunctionDef* def) {
  Scope* scope = table_.find(def, ScopeKind::Annotations);
  if (!scope) return false;
  int dest = u->top;
  auto for_each = [&](auto&& entry) {
    auto parameter = [&](const Arg* arg) {
      if (arg && arg->annotation) entry(mangled(arg->name), arg->annotation);
    };
    const Arguments* args = def->args;
    for (const Arg* arg : args->posonlyargs) parameter(arg);
    for (const Arg* arg : args->args) parameter(arg);
    parameter(args->vararg);
    for (const Arg* arg : args->kwonlyargs) parameter(arg);
    parameter(args->kwarg);
    if (def->returns) entry(tree_.intern("return"), def->returns);
  };
  enter_unit(scope, scope->name, def->pos, 0);
  Value known_texts;
  if (keeps_annotation_texts()) {
    std::vector<Value> texts;
    for_each([&](Identifier name, const Expr* annotation) {
      texts.push_back(annotation_text(name, annotation, -1));
    });
    known_texts = pool_.tuple(texts);
  }
  annotate_prologue(known_texts);
  int dict = u->push();
  u->emit(Op::BuildDict, dict, dict, 0);
  for_each([&](Identifier name, const Expr* annotation) {
    int key = u->push();
    at(annotation);
    u->load_constant(key, Value(text(name)));
    int value = u->top;
    u->touch(value + 1);
    annotation_value(annotation, value);
    at(annotation);
    u->emit(Op::DictSet, dict, key, value);
    u->top = dict + 1;
  });
  u->emit(Op::Return, dict);
  u->stop();
  Own<Code> code = leave_unit(scope->name);
  at(def);
  u->top = dest;
  make_function(code, scope, 0, dest, dest);
  u->top = dest + 1;
  u->touch(u->top);
  return true;
}

// Those of a module or class. Conditional ones count once the statement has run, which leaves its number in a
// set.
void Generator::variable_annotations(Scope* home) {
  Scope* scope = table_.find(home->node, ScopeKind::Annotations);
  int dest = u->top;
  enter_unit(scope, scope->name, home->annotations[0].node->pos, 0);
  Value known_texts;
  if (keeps_annotation_texts()) {
    std::vector<Value> texts;
    for (const Annotation& entry : home->annotations)
      texts.push_back(annotation_text(mangled(as<Name>(entry.node->target)->id), entry.node->annotation,
                                      entry.condition));
    known_texts = pool_.tuple(texts);
  }
  annotate_prologue(known_texts);
  int dict = u->push();
  u->emit(Op::BuildDict, dict, dict, 0);
  for (const Annotation& entry : home->annotations) {
    const AnnAssign* node = entry.node;
    Label next = u->new_label();
    at(node->annotation);
    if (entry.condition >= 0) {
      int index = u->push();
      u->load_constant(index, Value::from_int(entry.condition));
      int set = u->push();
      load_name(tree_.intern("__conditional_annotations__"), set);
      u->jump_compare(Op::JumpIn, index, set, 0, next);
      u->top = dict + 1;
    }
    int key = u->push();
    u->load_constant(key, Value(text(mangled(as<Name>(node->target)->id))));
    int value = u->top;
    u->touch(value + 1);
    annotation_value(node->annotation, value);
    at(node->annotation);
    u->emit(Op::DictSet, dict, key, value);
    u->top = dict + 1;
    u->bind(next);
  }
  u->emit(Op::Return, dict);
  u->stop();
  Own<Code> code = leave_unit(scope->name);
  u->top = dest;
  make_function(code, scope, 0, dest, dest);
  u->top = dest + 1;
  u->touch(u->top);
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
