// exit, quit, copyright, credits, license, help: objects whose repr tells how they are to be used.
#include "runtime/builtins/builtins.hpp"
#include "runtime/report/output.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {
namespace {

struct SiteObject : Object {
  const char* text = nullptr; // what repr shows
};
Type quitter_type, printer_type, helper_type;

Ref site_repr(Thread&, Value self) { return make_str(cast<SiteObject>(self)->text); }

// exit(code): SystemExit, as raising it by hand.
Ref quitter_call(Thread& thread, Value, CallArgs call) {
  BoundArgs args;
  if (!bind_args(thread, "Quitter.__call__", "def code=None", call, args)) return {};
  return raise_with_args(thread, SystemExit_type, {args[0] ? args[0] : None});
}

Ref printer_call(Thread& thread, Value self, CallArgs call) {
  BoundArgs args;
  if (!bind_args(thread, "_Printer.__call__", "def", call, args)) return {};
  Value out = standard_stream("stdout");
  if (out && !write_text(thread, out, std::string(cast<SiteObject>(self)->text) + "\n")) return {};
  return share(None);
}

// help(x): the name with its signature where it is known, and the documentation.
Ref helper_call(Thread& thread, Value self, CallArgs call) {
  if (call.count == 0) return printer_call(thread, self, {});
  Value object = call.args[0];
  Ref name = find_attr(thread, object, names::dunder_name);
  if (thread.has_error()) return {};
  std::string text;
  if (name && is_str(name)) {
    text = std::string(cast<Str>(name)->view());
    Ref parameters = find_attr(thread, object, names::dunder_text_signature);
    if (thread.has_error()) return {};
    if (parameters && is_str(parameters)) text += cast<Str>(parameters)->view();
  } else {
    Ref shown = repr(thread, object);
    if (!shown) return {};
    text = std::string(cast<Str>(shown)->view());
  }
  text += '\n';
  Ref doc = find_attr(thread, object, names::dunder_doc);
  if (thread.has_error()) return {};
  if (doc && is_str(doc)) {
    std::string_view rest = cast<Str>(doc)->view();
    while (!rest.empty()) {
      size_t end = rest.find('\n');
      text += fmt::format("    {}\n", rest.substr(0, end));
      rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
    }
  }
  text += '\n';
  Value out = standard_stream("stdout");
  if (out && !write_text(thread, out, text)) return {};
  return share(None);
}

void ready(Type& type, TypeSpec& spec, const char* name, Ref (*call)(Thread&, Value, CallArgs)) {
  if (type.flags & TypeReady) return;
  type.slots.repr = site_repr;
  type.slots.call = call;
  type.slots.dealloc = free_object;
  spec.name = name;
  spec.instance_size = sizeof(SiteObject);
  spec.flags = TypeNoConstruct | TypeFinal;
  make_ready(type, spec);
}

void add(Module* module, Type& type, const char* name, const char* text) {
  auto* made = allocate<SiteObject>(type);
  made->text = text;
  Ref object = Ref::steal(made);
  module_set(module, name, object);
}

} // namespace

bool add_site_builtins(Thread&, Module* module) {
  static TypeSpec specs[3];
  ready(quitter_type, specs[0], "_sitebuiltins.Quitter", quitter_call);
  ready(printer_type, specs[1], "_sitebuiltins._Printer", printer_call);
  ready(helper_type, specs[2], "_sitebuiltins._Helper", helper_call);
  add(module, quitter_type, "exit", "Use exit() or Ctrl-D (i.e. EOF) to exit");
  add(module, quitter_type, "quit", "Use quit() or Ctrl-D (i.e. EOF) to exit");
  add(module, helper_type, "help", "Type help(object) for help about object.");
  add(module, printer_type, "copyright",
      "aspy runs programs in the Python language; it holds no code of CPython.");
  add(module, printer_type, "credits",
      "Thanks to the Python community for the language, and to the authors of PEGTL and libuv.");
  add(module, printer_type, "license", "See the project's README.");
  return true;
}

} // namespace aspy
