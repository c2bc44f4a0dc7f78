#include "runtime/report/output.hpp"

#include "runtime/importing/importing.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <unistd.h>

namespace aspy {

TextFileHooks text_file_hooks;

bool write_text(Thread& thread, Value file, std::string_view text) {
  if (text_file_hooks.write) {
    int done = text_file_hooks.write(thread, file, text);
    if (done) return done > 0;
  }
  Own<Str> argument = make_str(text);
  return bool(call_method(thread, file, "write", {argument.value()}));
}

bool flush_file(Thread& thread, Value file) {
  if (text_file_hooks.flush) {
    int done = text_file_hooks.flush(thread, file);
    if (done) return done > 0;
  }
  return bool(call_method(thread, file, "flush"));
}

// Has a script set it to None?
static bool is_switched_off(std::string_view name) {
  Dict* modules = loaded_modules();
  Value sys = modules ? dict_get(modules, "sys") : Value();
  if (!sys || !is_instance(sys, module_type)) return false;
  Value stream = dict_get(cast<Module>(sys)->dict, name);
  return stream && stream.is_none();
}

Value standard_stream(std::string_view name) {
  Dict* modules = loaded_modules();
  Value sys = modules ? dict_get(modules, "sys") : Value();
  if (!sys || !is_instance(sys, module_type)) return {};
  Value stream = dict_get(cast<Module>(sys)->dict, name);
  return stream && stream.is_none() ? Value() : stream;
}

void write_report(Thread& thread, std::string_view text) {
  ErrorShelter shelter(thread);
  if (is_switched_off("stderr")) return;
  if (Value file = standard_stream("stderr")) {
    Ref keep = share(file);
    if (write_text(thread, file, text) && flush_file(thread, file)) return;
    clear_error(thread);
  }
  while (!text.empty()) {
    ssize_t count = ::write(2, text.data(), text.size());
    if (count <= 0) return;
    text.remove_prefix(static_cast<size_t>(count));
  }
}

} // namespace aspy
