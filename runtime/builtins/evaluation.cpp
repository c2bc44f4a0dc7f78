// Built-in functions that run or look at code: eval, exec, globals, locals, __import__, compile.
#include "runtime/builtins/builtins.hpp"
#include "runtime/importing/importing.hpp"
#include "vm/compiler/compiler.hpp"
#include "vm/interpreter/call.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {
namespace {

// The code of eval's or exec's first argument: source text, bytes, or a code object.
Own<Code> code_of(Thread& thread, Value source, Mode mode, bool own_namespace, const char* function) {
  if (is_exact(source, code_type)) {
    if (cast<Code>(source)->free_names && cast<Code>(source)->free_names->view().size() > 0)
      return raise_type_error(
          thread, fmt::format("code object passed to {}() may not contain free variables", function));
    return Own<Code>::share(cast<Code>(source));
  }
  std::string_view text;
  if (is_str(source)) text = cast<Str>(source)->view();
  else if (!as_bytes_like(source, text))
    return raise_type_error(thread,
                            fmt::format("{}() arg 1 must be a string, bytes or code object", function));
  if (text.find('\0') != text.npos)
    return raise(thread, SyntaxError_type, "source code string cannot contain null bytes");
  if (mode == Mode::Eval)
    while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) text.remove_prefix(1);
  CompileOptions options;
  options.mode = mode;
  options.decoded = is_str(source);
  options.names_in_namespace = own_namespace;
  return compile(thread, text, "<string>", options);
}

bool is_mapping(Value value) { return type_of(value)->slots.get_item != nullptr; }

// Settles where names are looked up. `ns` stays empty when locals are the globals.
bool settle_namespaces(Thread& thread, Value globals, Value locals, bool exec, Dict*& out, Ref& ns) {
  bool no_globals = !globals || globals.is_none();
  if (!no_globals && !is_dict(globals)) {
    if (exec)
      return raise_type_error(thread,
                              fmt::format("exec() globals must be a dict, not {}", type_name(globals)));
    return raise_type_error(thread, is_mapping(globals)
                                        ? "globals must be a real dict; try eval(expr, {}, mapping)"
                                        : "globals must be a dict");
  }
  bool no_locals = !locals || locals.is_none();
  if (!no_locals && !is_mapping(locals)) {
    if (exec)
      return raise_type_error(thread,
                              fmt::format("locals must be a mapping or None, not {}", type_name(locals)));
    return raise_type_error(thread, "locals must be a mapping");
  }
  if (no_globals) {
    out = current_globals(thread);
    if (!out) return raise(thread, SystemError_type, "globals and locals cannot be NULL");
    ns = no_locals ? current_locals(thread) : share(locals);
    if (!ns) return false;
  } else {
    out = cast<Dict>(globals);
    if (!no_locals) ns = share(locals);
  }
  if (ns && ns.get() == Value(out)) ns.reset();
  if (!dict_get(out, names::dunder_builtins))
    if (Value builtins = dict_get(loaded_modules(), "builtins"))
      dict_set(out, names::dunder_builtins, Value(cast<Module>(builtins)->dict));
  return true;
}

Ref evaluate(Thread& thread, const Value* args, bool exec) {
  Dict* globals;
  Ref ns;
  if (!settle_namespaces(thread, args[1], args[2], exec, globals, ns)) return {};
  Own<Code> code = code_of(thread, args[0], exec ? Mode::Exec : Mode::Eval, bool(ns), exec ? "exec" : "eval");
  if (!code) return {};
  Own<Dict> keep = Own<Dict>::share(globals);
  return run_code(thread, code.get(), globals, ns ? ns.get() : Value());
}

Ref builtin_eval(Thread& thread, const Value* args) { return evaluate(thread, args, false); }
Ref builtin_exec(Thread& thread, const Value* args) {
  if (args[3] && !args[3].is_none()) return raise_type_error(thread, "exec() with closures is not supported");
  Ref done = evaluate(thread, args, true);
  return done ? share(None) : Ref();
}

// compile() gives code objects for exec and eval; syntax trees and flags are not there.
Ref builtin_compile(Thread& thread, const Value* args) {
  if (!is_str(args[1]))
    return raise_type_error(thread,
                            fmt::format("compile() arg 2 must be a path, not {}", type_name(args[1])));
  std::string_view mode = is_str(args[2]) ? cast<Str>(args[2])->view() : std::string_view();
  CompileOptions options;
  if (mode == "exec") options.mode = Mode::Exec;
  else if (mode == "eval") options.mode = Mode::Eval;
  else if (mode == "single") options.mode = Mode::Interactive;
  else return raise_value_error(thread, "compile() mode must be 'exec', 'eval' or 'single'");
  std::string_view text;
  if (is_str(args[0])) text = cast<Str>(args[0])->view();
  else if (!as_bytes_like(args[0], text))
    return raise_type_error(thread, "compile() arg 1 must be a string, bytes or AST object");
  options.decoded = is_str(args[0]);
  options.names_in_namespace = true; // whoever runs it may give it locals of its own
  return compile(thread, text, cast<Str>(args[1])->view(), options);
}

Ref builtin_globals(Thread& thread, const Value*) {
  Dict* globals = current_globals(thread);
  return share(globals ? Value(globals) : None);
}
Ref builtin_locals(Thread& thread, const Value*) { return current_locals(thread); }

Ref builtin_import(Thread& thread, const Value* args) {
  if (!is_str(args[0])) return raise_type_error(thread, "module name must be a string");
  int64_t level = 0;
  if (args[4] && !to_int64(thread, args[4], level)) return {};
  if (level < 0) return raise_value_error(thread, "level must be >= 0");
  return import_by_statement(thread, cast<Str>(args[0]), args[1] ? args[1] : None, args[3] ? args[3] : None,
                             static_cast<int>(level));
}

// breakpoint() calls sys.breakpointhook, as everywhere; there is no debugger behind it.
Ref builtin_breakpoint(Thread& thread, CallArgs call) {
  Ref hook = import_attribute(thread, "sys", "breakpointhook");
  return hook ? aspy::call(thread, hook, call) : Ref();
}

} // namespace

const NativeDef evaluation_builtins[] = {
    {"__import__", "name, globals=None, locals=None, fromlist=(), level=0", builtin_import,
     "Import a module."},
    {"breakpoint", "*args, **kws", nullptr, "Call sys.breakpointhook().", NativeKind::Function,
     builtin_breakpoint},
    {"compile", "source, filename, mode, flags=0, dont_inherit=False, optimize=-1", builtin_compile,
     "Compile source into a code object."},
    {"eval", "source, /, globals=None, locals=None", builtin_eval, "Evaluate an expression."},
    {"exec", "source, /, globals=None, locals=None, *, closure=None", builtin_exec, "Execute statements."},
    {"globals", "", builtin_globals, "Return the current module's variables."},
    {"locals", "", builtin_locals, "Return the current scope's local variables."},
    {nullptr},
};

} // namespace aspy
