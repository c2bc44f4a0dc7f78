#include "vm/interpreter/generator/native_coroutine.hpp"

#include "vm/bytecode/code.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/signature.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {

namespace {

void emit(std::vector<Word>& words, Op op, int a, int b, int c) { words.push_back(encode(op, a, b, c)); }

void emit_step(std::vector<Word>& words, const NativeCoroutineDef& def, int received, bool raised) {
  emit(words, Op::NativeStep, 0, received, raised);
  const NativeCoroutineDef* address = &def;
  Word halves[2];
  std::memcpy(halves, &address, sizeof halves);
  words.insert(words.end(), halves, halves + 2);
}

Value default_value(std::string_view text) {
  if (text == "None") return None;
  if (text == "True") return True;
  if (text == "False") return False;
  return Value::from_int(std::atoll(std::string(text).c_str()));
}

// The defaults in the parameter text, in order. They hold no commas.
std::vector<Value> defaults_of(std::string_view params) {
  std::vector<Value> values;
  for (size_t at = params.find('='); at != std::string_view::npos; at = params.find('=', at + 1)) {
    std::string_view rest = params.substr(at + 1);
    values.push_back(default_value(rest.substr(0, rest.find(','))));
  }
  return values;
}

Own<Code> make_code(const NativeCoroutineDef& def, std::string_view module_name) {
  const Signature& signature = *signature_of(def.params);
  std::string_view qualname = def.name;
  Own<Code> code = new_code();
  code->qualname = Own<Str>::share(intern(qualname)).release();
  code->name = Own<Str>::share(intern(qualname.substr(qualname.rfind('.') + 1))).release();
  code->filename = make_str(fmt::format("<frozen {}>", module_name)).release();
  code->first_line = 1;
  code->flags = CodeOptimized | CodeNewLocals | CodeCoroutine | CodeLibrary | CodeNative;
  code->arg_count = signature.positional;
  // A signature counts a method's object as positional-only; a function of the language does not.
  code->posonly_count =
      std::string_view(def.params).find('/') == std::string_view::npos ? 0 : signature.posonly;
  code->kwonly_count = static_cast<uint32_t>(signature.params.size()) - signature.positional;
  code->local_count = static_cast<uint32_t>(signature.params.size()) + def.state_count;
  if (!code->kwonly_count) code->exact_args = code->arg_count;
  code->temp_count = 2;
  Own<Tuple> names = new_tuple(code->local_count);
  for (uint32_t i = 0; i < code->local_count; ++i) {
    bool parameter = i < signature.params.size();
    Str* name = parameter ? signature.params[i].name : intern(fmt::format(".{}", i));
    names->items()[i] = share(Value(name)).release();
  }
  code->local_names = names.release();
  code->cell_names = Own<Tuple>::share(empty_tuple()).release();
  code->free_names = Own<Tuple>::share(empty_tuple()).release();
  if (def.doc) {
    code->doc = Value(make_str(def.doc).release());
    code->flags |= CodeHasDocstring;
  }

  emit_step(code->words, def, 1, false);
  constexpr uint32_t await = native_await_word;
  emit(code->words, Op::Await, 1, 0, 0);
  emit_step(code->words, def, 1, false);
  auto handler = static_cast<uint32_t>(code->words.size());
  emit_step(code->words, def, 0, true);
  code->handlers.push_back({await, await + 1, handler, 0});
  InstructionPosition everywhere{0, {1, 0, 1, 0}};
  code->positions = pack_positions({&everywhere, 1});
  return code;
}

} // namespace

Ref native_coroutine_function(Thread& thread, const NativeCoroutineDef& def, const char* module_name) {
  Own<Code> code = make_code(def, module_name);
  Own<Dict> globals = new_dict();
  Own<Str> module = make_str(module_name);
  dict_set(globals.get(), intern("__name__"), module.value());
  Own<Function> function = make_function(thread, code.get(), globals.get());
  std::vector<Value> values = defaults_of(def.params);
  size_t keyword_defaults = 0; // the last ones
  std::string_view params = def.params;
  if (size_t star = params.find('*'); star != std::string_view::npos)
    keyword_defaults = defaults_of(params.substr(star)).size();
  size_t positional = values.size() - keyword_defaults;
  if (positional)
    function->defaults = make_tuple(std::span<const Value>(values.data(), positional)).release();
  if (keyword_defaults) {
    // Keyword-only parameters with defaults are expected to be the last.
    function->kwdefaults = new_dict().release();
    size_t first = code->arg_count + code->kwonly_count - keyword_defaults;
    for (size_t i = 0; i < keyword_defaults; ++i)
      dict_set(function->kwdefaults, cast<Str>((*code->local_names)[first + i]), values[positional + i]);
  }
  return function;
}

void add_native_coroutines(Thread& thread, Type& type, const NativeCoroutineDef* table,
                           const char* module_name) {
  for (; table->name; ++table) {
    Ref function = native_coroutine_function(thread, *table, module_name);
    dict_set(type_dict(&type), cast<Function>(function)->name, function);
  }
}

} // namespace aspy
