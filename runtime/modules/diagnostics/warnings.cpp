#include "runtime/modules/diagnostics/warnings.hpp"

#include "runtime/importing/importing.hpp"
#include "runtime/importing/registry.hpp"
#include "runtime/report/traceback/source_lines.hpp"
#include "vm/bytecode/code.hpp"
#include "vm/interpreter/call.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/warnings.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

namespace aspy {
namespace {

// (filename, line, globals) of the script frame `level` levels up; of the interpreter itself when there are
// not as many.
Ref position_of(Thread& thread, int level) {
  Code* code = nullptr;
  uint32_t line = 0;
  Dict* globals = nullptr;
  if (caller_position(thread, level, code, line, globals)) {
    Value number = Value::from_int(line);
    return make_tuple({code->filename, number, globals});
  }
  Value sys = dict_get(loaded_modules(), "sys");
  if (!sys || !is_instance(sys, module_type)) return raise(thread, RuntimeError_type, "lost sys");
  return make_tuple({intern("<sys>"), Value::from_int(0), cast<Module>(sys)->dict});
}

Ref warnings_position(Thread& thread, const Value* args) {
  int32_t level;
  if (!to_int32(thread, args[0], level)) return {};
  return position_of(thread, level < 1 ? 1 : level);
}

Ref warnings_source_line(Thread&, const Value* args) {
  std::string line;
  if (!is_str(args[0]) || !args[1].is_int() || args[1].as_int() < 0) return share(names::empty);
  source_line(nullptr, cast<Str>(args[0])->view(), static_cast<uint32_t>(args[1].as_int()), line);
  return make_str(is_valid_utf8(line) ? std::string_view(line) : std::string_view());
}

// Calls warnings.warn_explicit as it is now: a script may have replaced it.
bool give(Thread& thread, Type& category, std::string_view message, Value filename, Value line, Value module,
          Value registry, Value source) {
  Ref function = import_attribute(thread, "warnings", "_warn_native");
  if (!function) return false;
  Own<Str> text = make_str(message);
  return bool(call(thread, function,
                   {text.value(), &category, filename, line, module, registry, source ? source : None}));
}

bool hook_warn(Thread& thread, Type& category, std::string_view message, int stack_level, Value source) {
  if (!loaded_modules()) return true;
  Ref place = position_of(thread, stack_level);
  if (!place) return false;
  auto* parts = cast<Tuple>(place);
  auto* globals = cast<Dict>((*parts)[2]);
  Str* registry_name = intern("__warningregistry__");
  if (!dict_get(globals, registry_name)) dict_set(globals, registry_name, new_dict().value());
  Ref registry = share(dict_get(globals, registry_name));
  Value name = dict_get(globals, names::dunder_name);
  Ref module = share(name && is_str(name) ? name : Value(intern("<string>")));
  return give(thread, category, message, (*parts)[0], (*parts)[1], module, registry, source);
}

bool hook_warn_explicit(Thread& thread, Type& category, std::string_view message, std::string_view filename,
                        uint32_t line) {
  if (!loaded_modules()) return true;
  Own<Str> file = make_str(filename);
  return give(thread, category, message, file.value(), Value::from_int(line), None, None, Value());
}

std::string hook_source_line(std::string_view filename, uint32_t line) {
  std::string text;
  if (!source_line(nullptr, filename, line, text) || !is_valid_utf8(text)) return {};
  size_t begin = text.find_first_not_of(" \t\f"), end = text.find_last_not_of(" \t\f\r\n");
  return begin == std::string::npos ? std::string() : text.substr(begin, end + 1 - begin);
}

const NativeDef warnings_functions[] = {
    {"position", "level, /", warnings_position, "(filename, line, globals) of the calling script frame."},
    {"source_line", "filename, line, /", warnings_source_line, "A line of source text, or ''."},
    {nullptr},
};

} // namespace

void init_warnings() { warning_hooks = {hook_warn, hook_warn_explicit, hook_source_line}; }

void finish_warnings(Thread&) { warning_hooks = {}; }

const ModuleSpec _warnings_module = {"_warnings", warnings_functions, nullptr};

} // namespace aspy
