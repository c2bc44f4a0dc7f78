// The sys module: functions here, constants and structures in sys_values.cpp.
#include "runtime/importing/importing.hpp"
#include "runtime/importing/registry.hpp"
#include "runtime/process/sys_state.hpp"
#include "runtime/report/output.hpp"
#include "runtime/report/traceback/traceback_format.hpp"
#include "vm/interpreter/call.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

bool add_sys_values(Thread& thread, Module* module); // sys_values.cpp
Ref make_asyncgen_hooks(Thread& thread);             // sys_values.cpp

SysState sys_state;

namespace {

Ref sys_exit(Thread& thread, const Value* args) {
  if (!args[0] || args[0].is_none()) return raise_with_args(thread, SystemExit_type, {});
  if (!is_exact(args[0], tuple_type)) return raise_with_args(thread, SystemExit_type, {args[0]});
  // A tuple becomes the exception's arguments.
  auto row = cast<Tuple>(args[0])->view();
  Ref exit = make_exception(thread, &SystemExit_type,
                            CallArgs{row.data(), static_cast<uint32_t>(row.size()), nullptr});
  if (exit) set_error(thread, std::move(exit));
  return {};
}

// --- exceptions ----------------------------------------------------------------------------------

Ref sys_exception(Thread& thread, const Value*) { return share(thread.handled ? thread.handled : None); }

Ref sys_exc_info(Thread& thread, const Value*) {
  Value handled = thread.handled;
  if (!handled || handled.is_none()) return make_tuple({None, None, None});
  Value traceback = cast<ExceptionObject>(handled)->traceback;
  return make_tuple({type_of(handled), handled, traceback ? traceback : None});
}

Ref sys_excepthook(Thread& thread, const Value* args) {
  if (!is_exception(args[1]))
    return raise_type_error(
        thread, fmt::format("print_exception(): Exception expected for value, {} found", type_name(args[1])));
  Ref exception = share(args[1]);
  if (is_exact(args[2], traceback_type) && !cast<ExceptionObject>(exception)->traceback)
    assign(cast<ExceptionObject>(exception)->traceback, share(args[2]));
  write_report(thread, format_exception(thread, exception));
  return share(None);
}

// What the interactive prompt does with a value: prints its repr and keeps it as builtins._.
Ref sys_displayhook(Thread& thread, const Value* args) {
  if (args[0].is_none()) return share(None);
  dict_set(current_builtins, names::underscore, None);
  Ref text = repr(thread, args[0]);
  if (!text) return {};
  Value out = standard_stream("stdout");
  if (!out) return raise(thread, RuntimeError_type, "lost sys.stdout");
  Ref keep = share(out);
  if (!write_text(thread, out, std::string(cast<Str>(text)->view()) + "\n")) return {};
  dict_set(current_builtins, names::underscore, args[0]);
  return share(None);
}

Ref sys_unraisablehook(Thread& thread, const Value* args) {
  Ref exception = get_attr(thread, args[0], "exc_value");
  if (!exception) return {};
  Ref object = get_attr(thread, args[0], "object");
  if (!object) return {};
  Ref message = get_attr(thread, args[0], "err_msg");
  if (!message) return {};
  std::string_view words = is_str(message) ? cast<Str>(message)->view() : std::string_view();
  write_report(thread, format_unraisable(thread, exception, object, words));
  return share(None);
}

// --- limits --------------------------------------------------------------------------------------

Ref sys_getrecursionlimit(Thread& thread, const Value*) { return make_int(thread.recursion_limit); }

Ref sys_setrecursionlimit(Thread& thread, const Value* args) {
  int32_t limit;
  if (!to_int32(thread, args[0], limit)) return {};
  if (limit < 1) return raise_value_error(thread, "recursion limit must be greater or equal than 1");
  thread.recursion_limit = static_cast<uint32_t>(limit);
  return share(None);
}

Ref sys_get_int_max_str_digits(Thread&, const Value*) { return make_int(int_max_str_digits()); }
Ref sys_set_int_max_str_digits(Thread& thread, const Value* args) {
  int32_t digits;
  if (!to_int32(thread, args[0], digits)) return {};
  if (digits != 0 && digits < 640)
    return raise_value_error(thread, "maxdigits must be >= 640 or 0 for unlimited");
  int_set_max_str_digits(static_cast<uint32_t>(digits));
  return share(None);
}

double switch_interval = 0.005;
Ref sys_getswitchinterval(Thread&, const Value*) { return share(Value::from_double(switch_interval)); }
Ref sys_setswitchinterval(Thread& thread, const Value* args) {
  double seconds;
  if (!to_double(thread, args[0], seconds)) return {};
  if (seconds <= 0) return raise_value_error(thread, "switch interval must be strictly positive");
  switch_interval = seconds;
  return share(None);
}

// --- objects -------------------------------------------------------------------------------------

// The reference that the argument itself holds counts, as elsewhere.
Ref sys_getrefcount(Thread&, const Value* args) {
  return make_int(args[0].is_object() ? int64_t{args[0].as_object()->refcount} + 1
                                      : int64_t{immortal_refcount});
}

Ref sys_getsizeof(Thread& thread, const Value* args) {
  Ref method = lookup_special(thread, args[0], names::dunder_sizeof);
  if (method) {
    Ref size = call(thread, method);
    if (!size) {
      if (!args[1] || !error_matches(thread, TypeError_type)) return {};
      clear_error(thread);
      return share(args[1]);
    }
    int64_t bytes;
    if (!is_int_like(size)) return raise_type_error(thread, "an integer is required");
    if (!int_as_int64(int_value(size), bytes))
      return raise(thread, OverflowError_type, "Python int too large to convert to C ssize_t");
    if (bytes < 0) return raise_value_error(thread, "__sizeof__() should return >= 0");
    return size;
  }
  if (thread.has_error()) return {};
  if (!args[0].is_object()) return make_int(8);
  Type* type = type_of(args[0]);
  return make_int(type->instance_size ? type->instance_size : int64_t{sizeof(Object)});
}

Ref sys_intern(Thread& thread, const Value* args) {
  if (!is_exact(args[0], str_type))
    return raise_type_error(thread,
                            fmt::format("intern() argument must be str, not {}", argument_type(args[0])));
  return share(intern(cast<Str>(args[0])));
}

// --- frames and hooks ----------------------------------------------------------------------------

Ref sys_getframe(Thread& thread, const Value* args) {
  int32_t depth = 0;
  if (args[0] && !to_int32(thread, args[0], depth)) return {};
  return current_frame_object(thread, depth < 0 ? 0 : depth);
}

Ref sys_getframemodulename(Thread& thread, const Value* args) {
  int32_t depth = 0;
  if (args[0] && !to_int32(thread, args[0], depth)) return {};
  Code* code;
  uint32_t line;
  Dict* globals;
  if (!caller_position(thread, depth + 1, code, line, globals)) return share(None);
  Value name = dict_get(globals, names::dunder_name);
  return share(name ? name : None);
}

Ref sys_set_asyncgen_hooks(Thread& thread, const Value* args) {
  const char* what[] = {"firstiter", "finalizer"};
  Value* fields[] = {&thread.asyncgen_firstiter, &thread.asyncgen_finalizer};
  for (int i = 0; i < 2; ++i)
    if (args[i] && !args[i].is_none() && !is_callable(args[i]))
      return raise_type_error(thread,
                              fmt::format("callable {} expected, got {}", what[i], type_name(args[i])));
  for (int i = 0; i < 2; ++i)
    if (args[i]) assign(*fields[i], args[i].is_none() ? Ref() : share(args[i]));
  return share(None);
}
Ref sys_get_asyncgen_hooks(Thread& thread, const Value*) { return make_asyncgen_hooks(thread); }

Ref sys_get_origin_depth(Thread& thread, const Value*) { return make_int(thread.origin_depth); }
Ref sys_set_origin_depth(Thread& thread, const Value* args) {
  int32_t depth;
  if (!to_int32(thread, args[0], depth)) return {};
  if (depth < 0) return raise_value_error(thread, "depth must be >= 0");
  thread.origin_depth = static_cast<uint32_t>(depth);
  return share(None);
}

// --- small facts ---------------------------------------------------------------------------------

Ref sys_getdefaultencoding(Thread&, const Value*) { return share(intern("utf-8")); }
Ref sys_getfilesystemencodeerrors(Thread&, const Value*) { return share(intern("surrogateescape")); }
Ref sys_is_finalizing(Thread&, const Value*) { return share(Value::from_bool(sys_state.finalizing)); }
Ref sys_none(Thread&, const Value*) { return share(None); }
Ref sys_true(Thread&, const Value*) { return share(True); }
Ref sys_false(Thread&, const Value*) { return share(False); }

// --- audit hooks: what audit() is told goes to each in turn. The interpreter itself reports nothing.
std::vector<Value>& audit_hooks() {
  static auto* hooks = new std::vector<Value>(); // owned; they cannot be taken away again
  return *hooks;
}
Ref sys_addaudithook(Thread& thread, const Value* args) {
  // A hook may refuse another: an Exception is an answer, anything else is not.
  Own<Str> event = make_str("sys.addaudithook");
  Own<Tuple> nothing = make_tuple({});
  for (Value hook : std::vector<Value>(audit_hooks())) {
    if (call(thread, hook, {event.value(), nothing.value()})) continue;
    if (!error_matches(thread, Exception_type)) return {};
    clear_error(thread);
    return share(None);
  }
  audit_hooks().push_back(share(args[0]).release());
  return share(None);
}
Ref sys_audit(Thread& thread, CallArgs args) {
  if (!refuse_keywords(thread, "sys.audit", args)) return {};
  if (args.count == 0) return raise_type_error(thread, "audit expected at least 1 argument, got 0");
  if (!is_str(args[0]))
    return raise_type_error(thread,
                            fmt::format("audit() argument 1 must be str, not {}", argument_type(args[0])));
  Own<Tuple> details = make_tuple(std::span(args.args + 1, args.count - 1));
  for (size_t i = 0; i < audit_hooks().size(); ++i)
    if (!call(thread, audit_hooks()[i], {args[0], details.value()})) return {};
  return share(None);
}
Ref sys_call_tracing(Thread& thread, const Value* args) {
  if (!is_exact(args[1], tuple_type))
    return raise_type_error(
        thread, fmt::format("call_tracing() argument 2 must be tuple, not {}", argument_type(args[1])));
  Ref keep = share(args[1]);
  auto items = cast<Tuple>(keep)->view();
  return call(thread, args[0], {items.data(), static_cast<uint32_t>(items.size()), nullptr});
}

Ref sys_is_interned(Thread&, const Value* args) {
  return share(Value::from_bool(is_str(args[0]) && cast<Str>(args[0])->is_interned));
}
Ref sys_breakpointhook(Thread& thread, CallArgs) {
  return raise(thread, RuntimeError_type, "breakpoint(): aspy has no debugger");
}
Ref sys_no_tracing(Thread& thread, const Value* args) {
  if (args[0].is_none()) return share(None);
  return raise(thread, NotImplementedError_type, "aspy does not trace or profile script code");
}

const NativeDef sys_functions[] = {
    {"exit", "status=None, /", sys_exit, "Exit the interpreter by raising SystemExit(status)."},
    {"exception", "", sys_exception, "Return the exception being handled, or None."},
    {"exc_info", "", sys_exc_info, "Return (type, value, traceback) of the exception being handled."},
    {"excepthook", "exctype, value, traceback, /", sys_excepthook, "Print an exception to sys.stderr."},
    {"displayhook", "object, /", sys_displayhook, "Print an object to sys.stdout and keep it in builtins._"},
    {"unraisablehook", "unraisable, /", sys_unraisablehook, "Print an exception that could not be raised."},
    {"breakpointhook", "*args, **kwargs", nullptr, "What breakpoint() calls.", NativeKind::Function,
     sys_breakpointhook},
    {"getrecursionlimit", "", sys_getrecursionlimit, "Return the limit of nested calls."},
    {"setrecursionlimit", "limit, /", sys_setrecursionlimit, "Set the limit of nested calls."},
    {"get_int_max_str_digits", "", sys_get_int_max_str_digits,
     "Return the limit of digits in int-str conversions."},
    {"set_int_max_str_digits", "maxdigits", sys_set_int_max_str_digits,
     "Set the limit of digits in int-str conversions."},
    {"getswitchinterval", "", sys_getswitchinterval, "Return the thread switch interval in seconds."},
    {"setswitchinterval", "interval, /", sys_setswitchinterval, "Set the thread switch interval in seconds."},
    {"getrefcount", "object, /", sys_getrefcount, "Return the reference count of an object."},
    {"getsizeof", "object, default=None |", sys_getsizeof, "Return the size of an object in bytes."},
    {"intern", "string, /", sys_intern, "Return the one shared string of this text."},
    {"addaudithook", "hook", sys_addaudithook, "Adds a hook that audit() calls."},
    {"audit", "event, /, *args", nullptr, "Passes the event to any hooks that are attached.",
     NativeKind::Function, sys_audit},
    {"call_tracing", "func, args, /", sys_call_tracing, "Call func(*args)."},
    {"is_stack_trampoline_active", "", sys_false},
    {"is_remote_debug_enabled", "", sys_false},
    {"_is_interned", "string, /", sys_is_interned},
    {"_getframe", "depth=0, /", sys_getframe, "Return a frame object of the call stack."},
    {"_getframemodulename", "depth=0", sys_getframemodulename},
    {"set_asyncgen_hooks", "firstiter=None, finalizer=None |", sys_set_asyncgen_hooks,
     "Set the hooks of async generators."},
    {"get_asyncgen_hooks", "", sys_get_asyncgen_hooks, "Return the hooks of async generators."},
    {"get_coroutine_origin_tracking_depth", "", sys_get_origin_depth},
    {"set_coroutine_origin_tracking_depth", "depth", sys_set_origin_depth},
    {"getdefaultencoding", "", sys_getdefaultencoding, "Return the encoding of text: utf-8."},
    {"getfilesystemencoding", "", sys_getdefaultencoding, "Return the encoding of file names: utf-8."},
    {"getfilesystemencodeerrors", "", sys_getfilesystemencodeerrors},
    {"is_finalizing", "", sys_is_finalizing, "Return whether the interpreter is shutting down."},
    {"_is_gil_enabled", "", sys_true},
    {"gettrace", "", sys_none},
    {"getprofile", "", sys_none},
    {"settrace", "function, /", sys_no_tracing},
    {"setprofile", "function, /", sys_no_tracing},
    {nullptr},
};

bool init_sys(Thread& thread, Module* module) {
  // The hooks can be replaced; these are the originals.
  for (const char* name : {"displayhook", "excepthook", "unraisablehook", "breakpointhook"}) {
    Value original = dict_get(module->dict, name);
    module_set(module, fmt::format("__{}__", name), original);
  }
  return add_sys_values(thread, module);
}

} // namespace

const ModuleSpec sys_module = {
    "sys", sys_functions, init_sys,
    "Objects used or maintained by the interpreter, and functions that work with it."};

} // namespace aspy
