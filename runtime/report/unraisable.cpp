// Exceptions that nobody can receive: from destructors, callbacks, the end of the session.
#include "runtime/report/unraisable.hpp"

#include "runtime/importing/importing.hpp"
#include "runtime/report/output.hpp"
#include "runtime/report/traceback/traceback_format.hpp"
#include "vm/interpreter/frame/frame.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/sequence/struct_sequence.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

namespace aspy {
namespace {

Type unraisable_args_type;

// What sys.unraisablehook gets.
Ref make_arguments(Value exception, Value where, std::string_view message) {
  static const char* const fields[] = {"exc_type", "exc_value", "exc_traceback", "err_msg", "object"};
  init_struct_sequence(unraisable_args_type, {.name = "UnraisableHookArgs", .fields = fields});
  Value traceback = cast<ExceptionObject>(exception)->traceback;
  Own<Str> text = message.empty() ? Own<Str>() : make_str(message);
  return make_struct_sequence(unraisable_args_type,
                              {type_of(exception), exception, traceback ? traceback : None,
                               text ? text.value() : None, where ? where : None});
}

void report(Thread& thread, Value where, std::string_view message) {
  // An exception that native code raised has no traceback yet: the line that runs now is the best there is.
  if (thread.has_error() && !cast<ExceptionObject>(thread.error)->traceback) {
    Frame* frame = thread.frame;
    while (frame && (frame->code->flags & CodeLibrary)) frame = frame->caller;
    if (frame) add_traceback(thread, frame->code, frame->offset(), frame->globals);
  }
  Ref error = take_error(thread);
  if (!error) return;
  // The object becomes part of the message, unless there is no other message.
  std::string words(message);
  if (!words.empty() && where && !where.is_none()) {
    Ref shown = repr(thread, where);
    words += ' ';
    words += shown ? cast<Str>(shown)->view() : std::string_view("<object repr() failed>");
    clear_error(thread);
    where = None;
  }
  Value sys = loaded_modules() ? dict_get(loaded_modules(), "sys") : Value();
  Value hook, original;
  if (sys && is_instance(sys, module_type)) {
    hook = dict_get(cast<Module>(sys)->dict, "unraisablehook");
    original = dict_get(cast<Module>(sys)->dict, "__unraisablehook__");
  }
  if (!hook || hook.is_none() || hook == original) {
    write_report(thread, format_unraisable(thread, error, where, words));
    return;
  }
  Ref keep = share(hook), arguments = make_arguments(error, where, words);
  if (call(thread, hook, {arguments})) return;
  // The hook itself failed: both are reported, by plain means.
  Ref second = take_error(thread);
  write_report(thread, format_unraisable(thread, second, hook, "Exception ignored in sys.unraisablehook"));
}

} // namespace

void init_unraisable() { unraisable_hook = report; }

} // namespace aspy
