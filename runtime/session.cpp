#include "runtime/session.hpp"

#include "runtime/importing/importing.hpp"
#include "runtime/importing/module_spec.hpp"
#include "runtime/loop/clock.hpp"
#include "runtime/modules/diagnostics/warnings.hpp"
#include "runtime/modules/io/io.hpp"
#include "runtime/process/signals.hpp"
#include "runtime/process/sys_state.hpp"
#include "runtime/report/output.hpp"
#include "runtime/report/traceback/source_lines.hpp"
#include "runtime/report/traceback/traceback_format.hpp"
#include "runtime/report/unraisable.hpp"
#include "vm/compiler/compiler.hpp"
#include "vm/interpreter/call.hpp"
#include "vm/interpreter/thread/lock.hpp"
#include "vm/memory/collector.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/init.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy {
namespace {

// A loaded module's function, called if the module was ever imported. An exception in it is reported as one
// in `doing`, not raised.
void call_if_loaded(Thread& thread, std::string_view module_name, std::string_view function_name,
                    std::string_view doing) {
  Value module = dict_get(loaded_modules(), module_name);
  if (!module) return;
  Ref function = get_attr(thread, module, function_name);
  if (function && call(thread, function)) return;
  Ref error = take_error(thread);
  Ref shown = repr(thread, module);
  clear_error(thread);
  thread.error = error.release();
  write_unraisable(
      thread, Value(),
      fmt::format("Exception ignored {} {}", doing, shown ? cast<Str>(shown)->view() : module_name));
}

Module* module_named(std::string_view name) {
  Value module = dict_get(loaded_modules(), name);
  return module && is_instance(module, module_type) ? cast<Module>(module) : nullptr;
}

// Bytes that are no UTF-8 in the program's own file: the message names the file, and line 2 counts as line 1,
// since the first two lines are read together in search of an encoding.
void name_undecodable_file(Thread& thread, const std::string& file) {
  if (!error_matches(thread, SyntaxError_type)) return;
  auto* error = static_cast<SyntaxErrorObject*>(thread.error.as_object());
  if (!error->msg || !is_str(error->msg) || !error->lineno.is_int()) return;
  std::string message(cast<Str>(error->msg)->view());
  size_t on_line = message.find(" on line "), comma = message.find(", but no encoding");
  if (!message.starts_with("Non-UTF-8 code") || on_line == message.npos || comma == message.npos) return;
  int64_t line = std::max<int64_t>(error->lineno.as_int() <= 2 ? 1 : error->lineno.as_int(), 1);
  message.replace(on_line, comma - on_line, " in file " + file + " on line " + std::to_string(line));
  assign(error->msg, make_str(message));
  assign(error->lineno, share(Value::from_int(line)));
}

// Writes out what sys.stdout holds; that it cannot is told at the end. Keeps the pending exception.
void flush_stdout(Thread& thread) {
  Ref file = share(standard_stream("stdout"));
  if (!file) return;
  ErrorShelter shelter(thread);
  flush_file(thread, file);
  clear_error(thread);
}

// The exit code that SystemExit asks for. Anything but an int is a message, and means failure.
int exit_code_of(Thread& thread, Value exception) {
  Ref code = get_attr(thread, exception, "code");
  if (!code) clear_error(thread);
  if (!code || code.get().is_none()) return 0;
  int64_t number;
  if (code.get().is_bool()) return code.get().as_bool();
  if (isinstance(thread, code, &int_type) == 1)
    return to_int64(thread, code, number) ? static_cast<int>(number & 0xff) : (clear_error(thread), 255);
  Ref text = str(thread, code);
  if (!text) clear_error(thread);
  write_report(thread, (text ? std::string(cast<Str>(text)->view()) : std::string()) + "\n");
  return 1;
}

// Whether the entry is a compound statement that could go on (another line in its block, an `else`): it ends
// with an empty line.
bool is_open_block(const SourceTree& tree, std::string_view source) {
  if (source.ends_with("\n\n") || tree.module()->body.empty()) return false;
  switch (tree.module()->body.back()->kind) {
  case ast::Kind::FunctionDef:
  case ast::Kind::AsyncFunctionDef:
  case ast::Kind::ClassDef:
  case ast::Kind::For:
  case ast::Kind::AsyncFor:
  case ast::Kind::While:
  case ast::Kind::If:
  case ast::Kind::With:
  case ast::Kind::AsyncWith:
  case ast::Kind::Match:
  case ast::Kind::Try: return true;
  default: return false;
  }
}

} // namespace

Session::Session(const SessionOptions& options) {
  if (options.virtual_time) set_virtual_time();
  sys_state.argv = options.argv;
  sys_state.path = {options.search_folder};
  sys_state.executable = options.executable;
  sys_state.interactive = options.interactive;
  sys_state.unbuffered = options.unbuffered;
  sys_state.dev_mode = options.dev_mode;
  sys_state.ignore_environment = options.ignore_environment;
  sys_state.warning_options = options.warning_options;
  sys_state.implementation_options = options.implementation_options;

  thread_ = new_thread();
  bind_thread(thread_);
  acquire_lock(*thread_);
  init_types();
  init_module_spec_type();
  init_importing(*thread_);
  init_unraisable();
  init_warnings();
  install_signals(*thread_);
  Ref builtins = import_module(*thread_, "builtins");
  if (builtins) current_builtins = cast<Module>(builtins)->dict;
  Ref sys = import_module(*thread_, "sys");
  if (!builtins || !sys || !install_standard_streams(*thread_, cast<Module>(sys)->dict)) report_error();

  // What -W says is checked when the module reads it.
  if (!options.warning_options.empty()) import_module(*thread_, "warnings").reset();

  // What is there now stays to the end: collections need not look at it.
  collector_freeze();

  Own<Module> main = new_module(intern("__main__"));
  globals_ = main->dict;
  for (const char* name : {"__package__", "__loader__", "__spec__"}) dict_set(globals_, intern(name), None);
  if (Value builtins = dict_get(loaded_modules(), "builtins"))
    dict_set(globals_, intern("__builtins__"), builtins);
  dict_set(loaded_modules(), intern("__main__"), main.value());
  main_ = std::move(main);
}

Session::~Session() {
  if (!finished_) finish(0);
  bool written = false; // nobody asks any more
  if (loaded_modules()) drop_library(written);
  collector_unfreeze();
  collect(*thread_, 2);
  release_lock(*thread_);
  detach_signals();
  delete_thread(thread_);
  bind_thread(nullptr);
}

void Session::report_error() {
  Thread& thread = *thread_;
  Ref exception = take_error(thread);
  if (!exception) return;
  // By way of sys.excepthook, which a script may have replaced.
  Value sys = dict_get(loaded_modules(), "sys");
  Ref hook = sys ? find_attr(thread, sys, intern("excepthook")) : Ref();
  Value traceback = cast<ExceptionObject>(exception)->traceback;
  if (sys) {
    // For debuggers, and for the prompt's user.
    module_set(cast<Module>(sys), "last_exc", exception);
    module_set(cast<Module>(sys), "last_type", type_of(exception));
    module_set(cast<Module>(sys), "last_value", exception);
    module_set(cast<Module>(sys), "last_traceback", traceback ? traceback : None);
  }
  if (hook && call(thread, hook, {type_of(exception), exception, traceback ? traceback : None})) return;
  Ref second = take_error(thread);
  if (!hook) write_report(thread, "sys.excepthook is missing\n");
  else if (second)
    write_report(thread, "Error in sys.excepthook:\n" + format_exception(thread, second) +
                             "\nOriginal exception was:\n");
  write_report(thread, format_exception(thread, exception));
}

// Turns what is pending after some code has run into a result, reporting what nobody caught.
RunResult Session::end_of_code(Ref result) {
  Thread& thread = *thread_;
  RunResult end;
  if (result) return end;
  end.exit_code = 1;
  flush_stdout(thread); // what was printed before the error comes before its report
  if (error_matches(thread, SystemExit_type)) {
    Ref exception = take_error(thread);
    end.exits = true;
    end.exit_code = exit_code_of(thread, exception);
    return end;
  }
  end.interrupted = error_matches(thread, KeyboardInterrupt_type);
  report_error();
  return end;
}

RunResult Session::run_program(std::string_view source, const std::string& filename,
                               const std::string& file) {
  if (!file.empty()) dict_set(globals_, intern("__file__"), make_str(file).value());
  Own<Code> code = compile(*thread_, source, filename, {});
  if (code && file.empty()) remember_source(code.get(), source);
  if (!code && filename == file) name_undecodable_file(*thread_, file);
  Ref result = code ? run_code(*thread_, code.get(), globals_) : Ref();
  RunResult end = end_of_code(std::move(result));
  end.exits = true;
  return end;
}

Session::Entry Session::run_entry(std::string_view source, const std::string& filename, int& exit_code) {
  Thread& thread = *thread_;
  ParseResult parsed = parse_text(source, Mode::Interactive);
  if (parsed.issue ? parsed.issue->incomplete : is_open_block(*parsed.tree, source)) return Entry::Incomplete;

  if (!console_) console_ = import_module(thread, "_console");
  CompileOptions options;
  options.mode = Mode::Interactive;
  options.top_level_await = true;
  Own<Code> code = console_ ? compile(thread, source, filename, options) : Own<Code>();
  Ref result;
  if (code) {
    remember_source(code.get(), source);
    Ref function = make_function(thread, code.get(), globals_);
    result = call_method(thread, console_, "run_entry", {function});
  }
  RunResult end = end_of_code(std::move(result));
  exit_code = end.exit_code;
  return end.exits ? Entry::Exit : Entry::Done;
}

bool Session::run_tasks() {
  if (!console_) return false;
  Ref some = call_method(*thread_, console_, "run_tasks");
  if (!some && error_matches(*thread_, KeyboardInterrupt_type)) {
    clear_error(*thread_);
    repeat_interrupt(); // whoever reads the line knows what to do
  } else if (!some) {
    end_of_code({});
  }
  return some && some.get().is_true();
}

std::string Session::prompt(bool first_line) {
  Value sys = dict_get(loaded_modules(), "sys");
  Ref text = sys ? find_attr(*thread_, sys, intern(first_line ? "ps1" : "ps2")) : Ref();
  if (text) text = str(*thread_, text);
  clear_error(*thread_);
  return text ? std::string(cast<Str>(text)->view()) : first_line ? ">>> " : "... ";
}

int Session::finish(int exit_code) {
  Thread& thread = *thread_;
  finished_ = true;
  if (console_) call_method(thread, console_, "close").reset();
  clear_error(thread);
  console_.reset();
  call_if_loaded(thread, "threading", "_shutdown", "on threading shutdown");
  call_if_loaded(thread, "atexit", "_run_exitfuncs", "in atexit callbacks of");

  bool written = flush_standard_streams(thread);

  // What the last uncaught exception holds goes first, then __main__ and the cycles it was part of, then the
  // other modules. sys and builtins stay to the last, since finalisers print and warn.
  sys_state.finalizing = true;
  forget_sources();
  Own<Module> sys = Own<Module>::share(module_named("sys"));
  for (const char* name : {"last_exc", "last_type", "last_value", "last_traceback"})
    if (sys && dict_get(sys->dict, name)) module_set(sys.get(), name, None);
  sys = nullptr;
  dict_remove(loaded_modules(), names::dunder_main);
  main_.reset();
  globals_ = nullptr;
  // Nobody would notice the end of what is left in most programs: then it need not come.
  if (collector_listener || collector_has_finalizers()) collect(thread, 2);
  if (collector_has_finalizers()) drop_library(written);
  else if (written) written = flush_standard_streams(thread); // what finalisers printed
  clear_error(thread);
  return written ? exit_code : 120;
}

// Drops all modules. `written`: whether stdout could be written so far.
void Session::drop_library(bool& written) {
  Thread& thread = *thread_;
  Dict* modules = loaded_modules();
  Own<Module> sys = Own<Module>::share(module_named("sys")),
              builtins = Own<Module>::share(module_named("builtins"));
  std::vector<Ref> rest;
  Value name, module;
  for (uint32_t position = 0; dict_next(modules, position, name, module);)
    if (module != sys.value() && module != builtins.value()) rest.push_back(share(name));
  for (const Ref& each : rest) dict_remove(thread, modules, each);
  collect(thread, 2);
  finish_warnings(thread);
  if (written) written = flush_standard_streams(thread);
  // What the standard streams could not write has been told: they die when there is no stderr any more.
  for (const char* stream : {"stderr", "__stderr__", "stdout", "__stdout__"})
    if (sys) module_set(sys.get(), stream, None);
  drop_modules(thread);
  sys = nullptr;
  if (builtins) dict_clear(builtins->dict);
  builtins = nullptr;
  current_builtins = nullptr;
  collect(thread, 2);
  clear_error(thread);
}

} // namespace aspy
