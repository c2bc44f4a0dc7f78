// The builtins that talk to people and open files: print, input, open.
#include "runtime/report/output.hpp"
#include "runtime/builtins/builtins.hpp"
#include "runtime/importing/importing.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/suggestions.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace aspy {

namespace {

struct PrintOptions {
  Value sep, end, file;
  bool flush = false;
};

// sep and end: a str, or None for the usual. False: raised.
bool take_text_option(Thread& thread, const char* name, Value given, Value& out) {
  if (given.is_none()) return true;
  if (!is_str(given))
    return raise_type_error(thread,
                            fmt::format("{} must be None or a string, not {}", name, type_name(given)));
  out = given;
  return true;
}

bool read_options(Thread& thread, CallArgs call, PrintOptions& out) {
  for (size_t i = 0; call.kwnames && i < call.kwnames->size; ++i) {
    std::string_view name = cast<Str>((*call.kwnames)[i])->view();
    Value given = call.args[call.count + i];
    if (name == "sep") {
      if (!take_text_option(thread, "sep", given, out.sep)) return false;
    } else if (name == "end") {
      if (!take_text_option(thread, "end", given, out.end)) return false;
    } else if (name == "file") {
      out.file = given.is_none() ? Value() : given;
    } else if (name == "flush") {
      int on = truthy(thread, given);
      if (on < 0) return false;
      out.flush = on;
    } else {
      return raise_type_error(thread, fmt::format("print() got an unexpected keyword argument '{}'{}", name,
                                                  did_you_mean(name, {"sep", "end", "file", "flush"})));
    }
  }
  return true;
}

// As few writes as can be: what the native file gets. Before script code may run (__str__ of an object can
// print as well) everything so far is written.
bool print_joined(Thread& thread, CallArgs call, const PrintOptions& options, Value file) {
  std::string line;
  std::string_view sep = options.sep ? cast<Str>(options.sep)->view() : " ";
  for (uint32_t i = 0; i < call.count; ++i) {
    if (i) line += sep;
    if (is_exact(call.args[i], str_type)) {
      line += cast<Str>(call.args[i])->view();
      continue;
    }
    if (!line.empty() && call.args[i].is_object()) {
      if (text_file_hooks.write(thread, file, line) < 0) return false;
      line.clear();
    }
    Ref text = str(thread, call.args[i]);
    if (!text) return false;
    line += cast<Str>(text)->view();
  }
  line += options.end ? cast<Str>(options.end)->view() : "\n";
  return text_file_hooks.write(thread, file, line) >= 0;
}

// A file written in the language sees each piece by itself, as its `write` may tell.
bool print_pieces(Thread& thread, CallArgs call, const PrintOptions& options, Value file) {
  Ref write = get_attr(thread, file, "write");
  if (!write) return false;
  Value space = intern(" "), newline = intern("\n");
  for (uint32_t i = 0; i < call.count; ++i) {
    if (i && !aspy::call(thread, write, {options.sep ? options.sep : space})) return false;
    Ref text = str(thread, call.args[i]);
    if (!text || !aspy::call(thread, write, {text})) return false;
  }
  return bool(aspy::call(thread, write, {options.end ? options.end : newline}));
}

Ref builtin_print(Thread& thread, CallArgs call) {
  PrintOptions options;
  if (call.kwnames && !read_options(thread, call, options)) return {};
  Value file = options.file;
  if (!file) {
    Dict* modules = loaded_modules();
    Value sys = dict_get(modules, "sys");
    file = sys && is_instance(sys, module_type) ? dict_get(cast<Module>(sys)->dict, "stdout") : Value();
    if (!file) return raise(thread, RuntimeError_type, "lost sys.stdout");
    if (file.is_none()) return share(None);
  }
  Ref keep = share(file); // __str__ may replace sys.stdout
  int native = text_file_hooks.write ? text_file_hooks.write(thread, file, {}) : 0;
  if (native < 0) return {};
  if (native) {
    if (!print_joined(thread, call, options, file)) return {};
  } else if (!print_pieces(thread, call, options, file)) {
    return {};
  }
  if (options.flush && !flush_file(thread, file)) return {};
  return share(None);
}

// input(): the prompt goes to stdout, a line comes from stdin without its newline.
Ref builtin_input(Thread& thread, const Value* args) {
  Value in = standard_stream("stdin"), out = standard_stream("stdout");
  if (!in) return raise(thread, RuntimeError_type, "input(): lost sys.stdin");
  if (!out) return raise(thread, RuntimeError_type, "input(): lost sys.stdout");
  Ref keep_in = share(in), keep_out = share(out);
  if (Value err = standard_stream("stderr")) {
    Ref keep = share(err);
    if (!flush_file(thread, err)) clear_error(thread);
  }
  if (args[0]) {
    Ref text = str(thread, args[0]);
    if (!text || !write_text(thread, out, cast<Str>(text)->view())) return {};
  }
  if (!flush_file(thread, out)) return {};
  Ref line = call_method(thread, in, "readline");
  if (!line) return {};
  if (!is_str(line)) return raise_type_error(thread, "object.readline() returned non-string");
  std::string_view text = cast<Str>(line)->view();
  if (text.empty()) return raise(thread, EOFError_type, "EOF when reading a line");
  if (text.ends_with('\n')) text.remove_suffix(1);
  return make_str(text);
}

// open() is io.open; what it does is imported when first needed.
Ref builtin_open(Thread& thread, CallArgs call) {
  Ref open = import_attribute(thread, "_io", "_open");
  return open ? aspy::call(thread, open, call) : Ref();
}

} // namespace

const NativeDef output_builtins[] = {
    {"print", "*args, sep=' ', end='\\n', file=None, flush=False", nullptr,
     "Prints the values to a stream, or to sys.stdout by default.", NativeKind::Function, builtin_print},
    {"input", "prompt='', /", builtin_input, "Reads a line from standard input, without its newline."},
    {"open",
     "file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None",
     nullptr, "Opens a file and returns a file object.", NativeKind::Function, builtin_open},
    {nullptr},
};

} // namespace aspy
