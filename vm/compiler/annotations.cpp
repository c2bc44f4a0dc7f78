// Annotations: computed by a function of their own when somebody asks (PEP 649).
#include "vm/compiler/generator.hpp"

#include "vm/compiler/unparse.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

namespace aspy::compiler {

using namespace ast;

// Formats beyond "values with fake globals" are for others to make.
void Generator::annotate_prologue() {
  u->arg_count = u->posonly_count = 1;
  u->bound.add(0);
  make_cells();
  Label known = u->new_label();
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
}

void Generator::annotation_value(const Expr* annotation, int dest) {
  if (table_.future_annotations) {
    at(annotation);
    return u->load_constant(dest, pool_.text(unparse(annotation)));
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
  enter_unit(scope, scope->name, def->pos, 0);
  annotate_prologue();
  int dict = u->push();
  u->emit(Op::BuildDict, dict, dict, 0);
  auto entry = [&](Identifier name, const Expr* annotation) {
    int key = u->push();
    at(annotation);
    u->load_constant(key, Value(text(name)));
    int value = u->top;
    u->touch(value + 1);
    annotation_value(annotation, value);
    at(annotation);
    u->emit(Op::DictSet, dict, key, value);
    u->top = dict + 1;
  };
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
  annotate_prologue();
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
std::string Generator::unparse(const Expr* expr) {
  auto shown = [&](Value value) {
    Ref text = repr(thread_, value);
    if (text) return std::string(aspy::cast<Str>(text)->view());
    clear_error(thread_);
    return std::string();
  };
  std::string text = compiler::unparse(
      expr, [&](const Constant* literal) { return shown(constant(literal)); },
      [&](const std::string& characters) { return shown(pool_.text(characters)); });
  if (text.empty()) fail_too_deep();
  return text;
}

} // namespace aspy::compiler
