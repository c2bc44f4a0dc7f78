// The built-in exceptions that have fields of their own.
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception_base.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cerrno>
#include <fmt/format.h>

namespace aspy {
namespace {

void put(Value& field, Value value) { assign(field, share(value)); }

// Takes the keywords an exception knows (`known`, ending in null) out of a call into `fields`; others are a
// TypeError.
bool take_keywords(Thread& thread, CallArgs call, std::string_view type, std::span<const char* const> known,
                   std::span<Value* const> fields) {
  if (!call.kwnames) return true;
  if (call.kwnames->size > known.size())
    return raise_type_error(thread,
                            fmt::format("{}() takes at most {} keyword argument{} ({} given)", type,
                                        known.size(), known.size() == 1 ? "" : "s", call.kwnames->size));
  for (size_t i = 0; i < call.kwnames->size; ++i) {
    std::string_view name = cast<Str>((*call.kwnames)[i])->view();
    size_t at = 0;
    while (at < known.size() && name != known[at]) ++at;
    if (at == known.size())
      return raise_type_error(thread,
                              fmt::format("{}() got an unexpected keyword argument '{}'", type, name));
    put(*fields[at], call.args[call.count + i]);
  }
  return true;
}

void keep_args(Value self, CallArgs call) {
  CallArgs positional{call.args, call.count, nullptr};
  // Cannot fail: there are no keywords left to refuse.
  exception_init(Thread::current(), self, positional);
}

// --- StopIteration, SystemExit: one value --------------------------------------------------------

bool stop_iteration_init(Thread& thread, Value self, CallArgs call) {
  if (!exception_init(thread, self, call)) return false;
  put(cast<StopIterationObject>(self)->value, call.count ? call.args[0] : None);
  return true;
}

bool system_exit_init(Thread& thread, Value self, CallArgs call) {
  if (!exception_init(thread, self, call)) return false;
  Value code = call.count == 0 ? None : call.count == 1 ? call.args[0] : Value(as_exception(self)->args);
  put(cast<StopIterationObject>(self)->value, code);
  return true;
}

using StopFields = StopIterationObject;
const GetSetDef stop_iteration_getset[] = {
    {"value", get_field<StopFields, &StopFields::value>, set_field<StopFields, &StopFields::value>},
    {nullptr, nullptr},
};
const GetSetDef system_exit_getset[] = {
    {"code", get_field<StopFields, &StopFields::value>, set_field<StopFields, &StopFields::value>},
    {nullptr, nullptr},
};

// --- NameError, AttributeError, ImportError: what was looked for ---------------------------------

bool name_error_init(Thread& thread, Value self, CallArgs call) {
  auto* error = cast<NameErrorObject>(self);
  static constexpr const char* known[] = {"name"};
  Value* fields[] = {&error->name};
  if (!take_keywords(thread, call, "NameError", known, fields)) return false;
  keep_args(self, call);
  return true;
}
const GetSetDef name_error_getset[] = {
    {"name", get_field<NameErrorObject, &NameErrorObject::name>,
     set_field<NameErrorObject, &NameErrorObject::name>},
    {nullptr, nullptr},
};

bool attribute_error_init(Thread& thread, Value self, CallArgs call) {
  auto* error = cast<AttributeErrorObject>(self);
  static constexpr const char* known[] = {"name", "obj"};
  Value* fields[] = {&error->name, &error->obj};
  if (!take_keywords(thread, call, "AttributeError", known, fields)) return false;
  keep_args(self, call);
  return true;
}
using AttributeFields = AttributeErrorObject;
const GetSetDef attribute_error_getset[] = {
    {"name", get_field<AttributeFields, &AttributeFields::name>,
     set_field<AttributeFields, &AttributeFields::name>},
    {"obj", get_field<AttributeFields, &AttributeFields::obj>,
     set_field<AttributeFields, &AttributeFields::obj>},
    {nullptr, nullptr},
};

bool import_error_init(Thread& thread, Value self, CallArgs call) {
  auto* error = cast<ImportErrorObject>(self);
  static constexpr const char* known[] = {"name", "path", "name_from"};
  Value* fields[] = {&error->name, &error->path, &error->name_from};
  if (!take_keywords(thread, call, "ImportError", known, fields)) return false;
  keep_args(self, call);
  put(error->msg, call.count == 1 ? call.args[0] : Value());
  return true;
}

Ref import_error_str(Thread& thread, Value self) {
  Value msg = cast<ImportErrorObject>(self)->msg;
  return msg && is_exact(msg, str_type) ? share(msg) : exception_str(thread, self);
}

// copy keeps the keywords as well, which are no arguments.
Ref import_error_reduce(Thread&, const Value* args) {
  auto* error = cast<ImportErrorObject>(args[0]);
  Own<Dict> state = new_dict();
  if (error->name && !error->name.is_none()) dict_set(state.get(), intern("name"), error->name);
  if (error->path && !error->path.is_none()) dict_set(state.get(), intern("path"), error->path);
  Value arguments = error->args ? error->args : empty_tuple();
  if (state->used) return make_tuple({type_of(args[0]), arguments, state.value()});
  return make_tuple({type_of(args[0]), arguments});
}

using ImportFields = ImportErrorObject;
const GetSetDef import_error_getset[] = {
    {"msg", get_field<ImportFields, &ImportFields::msg>, set_field<ImportFields, &ImportFields::msg>},
    {"name", get_field<ImportFields, &ImportFields::name>, set_field<ImportFields, &ImportFields::name>},
    {"path", get_field<ImportFields, &ImportFields::path>, set_field<ImportFields, &ImportFields::path>},
    {"name_from", get_field<ImportFields, &ImportFields::name_from>,
     set_field<ImportFields, &ImportFields::name_from>},
    {nullptr, nullptr},
};
const NativeDef import_error_methods[] = {{"__reduce__", "self, /", import_error_reduce}, {nullptr}};

// --- KeyError ------------------------------------------------------------------------------------

// The key's repr: an empty or blank key would show nothing otherwise.
Ref key_error_str(Thread& thread, Value self) {
  auto args = exception_args(self);
  return args.size() == 1 ? repr(thread, args[0]) : exception_str(thread, self);
}

// --- OSError -------------------------------------------------------------------------------------

Type* class_of_errno(int64_t number) {
  switch (number) {
  case EAGAIN:
  case EALREADY:
  case EINPROGRESS: return &BlockingIOError_type;
  case EPIPE:
  case ESHUTDOWN: return &BrokenPipeError_type;
  case ECHILD: return &ChildProcessError_type;
  case ECONNABORTED: return &ConnectionAbortedError_type;
  case ECONNREFUSED: return &ConnectionRefusedError_type;
  case ECONNRESET: return &ConnectionResetError_type;
  case EEXIST: return &FileExistsError_type;
  case ENOENT: return &FileNotFoundError_type;
  case EISDIR: return &IsADirectoryError_type;
  case ENOTDIR: return &NotADirectoryError_type;
  case EINTR: return &InterruptedError_type;
  case EACCES:
  case EPERM: return &PermissionError_type;
  case ESRCH: return &ProcessLookupError_type;
  case ETIMEDOUT: return &TimeoutError_type;
  default: return &OSError_type;
  }
}

// OSError(errno, strerror[, filename[, winerror[, filename2]]]); the filenames are no part of args.
void os_error_fill(Value self, CallArgs call) {
  auto* error = cast<OSErrorObject>(self);
  if (call.count < 2 || call.count > 5) return keep_args(self, call);
  put(error->errno_, call.args[0]);
  put(error->strerror, call.args[1]);
  uint32_t kept = call.count;
  if (call.count >= 3 && !call.args[2].is_none()) {
    // BlockingIOError's third argument is how much was written, when it is a number.
    if (type_of(self) == &BlockingIOError_type && is_int_like(call.args[2])) {
      put(error->written, call.args[2]);
    } else {
      put(error->filename, call.args[2]);
      if (call.count == 5 && !call.args[4].is_none()) put(error->filename2, call.args[4]);
      kept = 2;
    }
  }
  keep_args(self, CallArgs{call.args, kept, nullptr});
}

// A script class with its own __init__ but the constructor from here decides itself what reaches
// OSError.__init__; the constructor must leave the arguments alone then.
bool init_fills(const Type* type) {
  auto init = type->slots.init;
  return init != OSError_type.slots.init && type->slots.construct == OSError_type.slots.construct;
}

Ref os_error_construct(Thread& thread, Type* type, CallArgs call) {
  if (init_fills(type)) {
    Ref made = exception_construct(thread, type, CallArgs{});
    return made;
  }
  if (!refuse_keywords(thread, type->name->data(), call)) return {};
  if (type == &OSError_type && call.count >= 2 && call.count <= 5 && is_int_like(call.args[0])) {
    int64_t number = 0;
    if (int_as_int64(call.args[0], number)) type = class_of_errno(number);
  }
  Ref made = exception_construct(thread, type, CallArgs{});
  os_error_fill(made, call);
  return made;
}

bool os_error_init(Thread& thread, Value self, CallArgs call) {
  if (!init_fills(type_of(self))) return true;
  if (!refuse_keywords(thread, type_of(self)->name->data(), call)) return false;
  os_error_fill(self, call);
  return true;
}

Ref os_error_str(Thread& thread, Value self) {
  auto* error = cast<OSErrorObject>(self);
  StrBuilder out;
  auto head = [&] {
    out.append("[Errno ");
    if (!out.append_str(thread, error->errno_ ? error->errno_ : None)) return false;
    out.append("] ");
    return out.append_str(thread, error->strerror ? error->strerror : None);
  };
  if (error->filename) {
    if (!head()) return {};
    out.append(": ");
    if (!out.append_repr(thread, error->filename)) return {};
    if (error->filename2) {
      out.append(" -> ");
      if (!out.append_repr(thread, error->filename2)) return {};
    }
    return out.finish();
  }
  if (!error->errno_ || !error->strerror) return exception_str(thread, self);
  if (!head()) return {};
  return out.finish();
}

Ref os_error_reduce(Thread& thread, const Value* args) {
  auto* error = cast<OSErrorObject>(args[0]);
  auto own = exception_args(args[0]);
  if (own.size() != 2 || !error->filename) {
    Ref arguments = share(error->args ? error->args : empty_tuple());
    return make_tuple({type_of(args[0]), arguments});
  }
  Own<Tuple> arguments = error->filename2
                             ? make_tuple({own[0], own[1], error->filename, None, error->filename2})
                             : make_tuple({own[0], own[1], error->filename});
  (void)thread;
  return make_tuple({type_of(args[0]), arguments.value()});
}

Ref get_written(Thread& thread, Value self) {
  Value written = cast<OSErrorObject>(self)->written;
  if (written) return share(written);
  return raise(thread, AttributeError_type, "characters_written");
}

using OSFields = OSErrorObject;
const GetSetDef os_error_getset[] = {
    {"errno", get_field<OSFields, &OSFields::errno_>, set_field<OSFields, &OSFields::errno_>},
    {"strerror", get_field<OSFields, &OSFields::strerror>, set_field<OSFields, &OSFields::strerror>},
    {"filename", get_field<OSFields, &OSFields::filename>, set_field<OSFields, &OSFields::filename>},
    {"filename2", get_field<OSFields, &OSFields::filename2>, set_field<OSFields, &OSFields::filename2>},
    {"characters_written", get_written, set_field<OSFields, &OSFields::written>},
    {nullptr, nullptr},
};
const NativeDef os_error_methods[] = {{"__reduce__", "self, /", os_error_reduce}, {nullptr}};

// --- SyntaxError ---------------------------------------------------------------------------------

bool syntax_error_init(Thread& thread, Value self, CallArgs call) {
  if (!exception_init(thread, self, call)) return false;
  auto* error = cast<SyntaxErrorObject>(self);
  if (call.count >= 1) put(error->msg, call.args[0]);
  if (call.count != 2) return true;
  Own<Tuple> place = tuple_from_iterable(thread, call.args[1]);
  if (!place) return false;
  size_t count = place->size;
  if (count < 4 || count > 7)
    return raise_type_error(thread, fmt::format("function takes at {} {} arguments ({} given)",
                                                count < 4 ? "least" : "most", count < 4 ? 4 : 7, count));
  Value* fields[] = {&error->filename,   &error->lineno,     &error->offset,  &error->text,
                     &error->end_lineno, &error->end_offset, &error->metadata};
  for (size_t i = 0; i < 7; ++i) put(*fields[i], i < count ? (*place)[i] : Value());
  if (count == 5) return raise_type_error(thread, "end_offset must be provided when end_lineno is provided");
  return true;
}

Ref syntax_error_str(Thread& thread, Value self) {
  auto* error = cast<SyntaxErrorObject>(self);
  Ref message = str(thread, error->msg ? error->msg : None);
  if (!message) return {};
  std::string_view file;
  if (error->filename && is_str(error->filename)) {
    file = cast<Str>(error->filename)->view();
    // Only the last part of the path: the traceback shows the whole.
    if (size_t slash = file.rfind('/'); slash != file.npos) file.remove_prefix(slash + 1);
  }
  bool has_file = error->filename && is_str(error->filename);
  int64_t line = 0;
  bool has_line = error->lineno && error->lineno.is_int();
  if (has_line) line = error->lineno.as_int();
  std::string_view text = cast<Str>(message)->view();
  if (has_file && has_line) return make_str(fmt::format("{} ({}, line {})", text, file, line));
  if (has_file) return make_str(fmt::format("{} ({})", text, file));
  if (has_line) return make_str(fmt::format("{} (line {})", text, line));
  return message;
}

using SyntaxFields = SyntaxErrorObject;
template <Value SyntaxFields::*field> constexpr GetSetDef syntax_field(const char* name) {
  return {name, get_field<SyntaxFields, field>, set_field<SyntaxFields, field>};
}
const GetSetDef syntax_error_getset[] = {
    syntax_field<&SyntaxFields::msg>("msg"),
    syntax_field<&SyntaxFields::filename>("filename"),
    syntax_field<&SyntaxFields::lineno>("lineno"),
    syntax_field<&SyntaxFields::offset>("offset"),
    syntax_field<&SyntaxFields::text>("text"),
    syntax_field<&SyntaxFields::end_lineno>("end_lineno"),
    syntax_field<&SyntaxFields::end_offset>("end_offset"),
    syntax_field<&SyntaxFields::print_file_and_line>("print_file_and_line"),
    syntax_field<&SyntaxFields::metadata>("_metadata"),
    {nullptr, nullptr},
};

// --- UnicodeError's three ------------------------------------------------------------------------

bool unicode_init(Thread& thread, Value self, CallArgs call, bool with_encoding, bool decodes) {
  if (!exception_init(thread, self, call)) return false;
  uint32_t expected = with_encoding ? 5 : 4;
  if (call.count != expected)
    return raise_type_error(
        thread, fmt::format("function takes exactly {} arguments ({} given)", expected, call.count));
  uint32_t at = 0;
  auto want_str = [&](uint32_t index) {
    if (is_str(call.args[index])) return true;
    return bool(raise_type_error(
        thread, fmt::format("argument {} must be str, not {}", index + 1, argument_type(call.args[index]))));
  };
  if (with_encoding && !want_str(at++)) return false;
  std::string_view bytes;
  if (!decodes) {
    if (!want_str(at)) return false;
  } else if (!as_bytes_like(call.args[at], bytes)) {
    return raise_type_error(
        thread, fmt::format("a bytes-like object is required, not '{}'", type_name(call.args[at])));
  }
  int64_t start, end;
  if (!to_int64(thread, call.args[at + 1], start) || !to_int64(thread, call.args[at + 2], end)) return false;
  if (!want_str(at + 3)) return false;
  auto* error = cast<UnicodeErrorObject>(self);
  put(error->encoding, with_encoding ? call.args[0] : Value());
  put(error->object, call.args[at]);
  assign(error->start, make_int(start));
  assign(error->end, make_int(end));
  put(error->reason, call.args[at + 3]);
  return true;
}

struct UnicodePlace {
  int64_t start, end;
  std::string encoding, reason;
};

bool unicode_place(Thread& thread, Value self, UnicodePlace& out) {
  auto* error = cast<UnicodeErrorObject>(self);
  // An instance whose __init__ never ran has an empty text.
  if (!error->object || !error->start.is_int() || !error->end.is_int()) return false;
  out.start = error->start.as_int();
  out.end = error->end.as_int();
  for (auto [value, text] : {std::pair{error->reason, &out.reason}, {error->encoding, &out.encoding}}) {
    if (!value) continue;
    Ref shown = str(thread, value);
    if (!shown) return false;
    *text = cast<Str>(shown)->view();
  }
  return true;
}

// "character '\xe9' in position 2" or "characters in position 1-2".
std::string unicode_characters(Value object, const UnicodePlace& place) {
  if (is_str(object)) {
    auto* text = cast<Str>(object);
    if (place.end == place.start + 1 && place.start >= 0 && place.start < int64_t{text->length}) {
      uint32_t code = str_at(text, static_cast<uint32_t>(place.start));
      std::string escaped = code <= 0xFF     ? fmt::format("\\x{:02x}", code)
                            : code <= 0xFFFF ? fmt::format("\\u{:04x}", code)
                                             : fmt::format("\\U{:08x}", code);
      return fmt::format("character '{}' in position {}", escaped, place.start);
    }
  }
  return fmt::format("characters in position {}-{}", place.start, place.end - 1);
}

Ref unicode_encode_str(Thread& thread, Value self) {
  UnicodePlace place;
  if (!unicode_place(thread, self, place)) return thread.has_error() ? Ref() : share(names::empty);
  return make_str(fmt::format("'{}' codec can't encode {}: {}", place.encoding,
                              unicode_characters(cast<UnicodeErrorObject>(self)->object, place),
                              place.reason));
}

Ref unicode_translate_str(Thread& thread, Value self) {
  UnicodePlace place;
  if (!unicode_place(thread, self, place)) return thread.has_error() ? Ref() : share(names::empty);
  return make_str(fmt::format("can't translate {}: {}",
                              unicode_characters(cast<UnicodeErrorObject>(self)->object, place),
                              place.reason));
}

Ref unicode_decode_str(Thread& thread, Value self) {
  UnicodePlace place;
  if (!unicode_place(thread, self, place)) return thread.has_error() ? Ref() : share(names::empty);
  std::string_view bytes;
  as_bytes_like(cast<UnicodeErrorObject>(self)->object, bytes);
  if (place.end == place.start + 1 && place.start >= 0 && place.start < static_cast<int64_t>(bytes.size()))
    return make_str(fmt::format("'{}' codec can't decode byte 0x{:02x} in position {}: {}", place.encoding,
                                static_cast<unsigned char>(bytes[place.start]), place.start, place.reason));
  return make_str(fmt::format("'{}' codec can't decode bytes in position {}-{}: {}", place.encoding,
                              place.start, place.end - 1, place.reason));
}

using UnicodeFields = UnicodeErrorObject;
template <Value UnicodeFields::*field> constexpr GetSetDef unicode_field(const char* name) {
  return {name, get_field<UnicodeFields, field>, set_field<UnicodeFields, field>};
}
const GetSetDef unicode_getset[] = {
    unicode_field<&UnicodeFields::encoding>("encoding"), unicode_field<&UnicodeFields::object>("object"),
    unicode_field<&UnicodeFields::start>("start"),       unicode_field<&UnicodeFields::end>("end"),
    unicode_field<&UnicodeFields::reason>("reason"),     {nullptr, nullptr},
};

} // namespace

ExceptionTraits prepare_field_exceptions(Type& type) {
  Slots& slots = type.slots;
  if (&type == &StopIteration_type || &type == &SystemExit_type) {
    fill_lifetime_slots<StopIterationObject>(type);
    bool stop = &type == &StopIteration_type;
    slots.init = stop ? stop_iteration_init : system_exit_init;
    return {sizeof(StopIterationObject), nullptr, stop ? stop_iteration_getset : system_exit_getset};
  }
  if (&type == &NameError_type) {
    fill_lifetime_slots<NameErrorObject>(type);
    slots.init = name_error_init;
    return {sizeof(NameErrorObject), nullptr, name_error_getset};
  }
  if (&type == &AttributeError_type) {
    fill_lifetime_slots<AttributeErrorObject>(type);
    slots.init = attribute_error_init;
    return {sizeof(AttributeErrorObject), nullptr, attribute_error_getset};
  }
  if (&type == &ImportError_type) {
    fill_lifetime_slots<ImportErrorObject>(type);
    slots.init = import_error_init;
    slots.str = import_error_str;
    return {sizeof(ImportErrorObject), import_error_methods, import_error_getset};
  }
  if (&type == &KeyError_type) {
    slots.str = key_error_str;
    return {};
  }
  if (&type == &OSError_type) {
    fill_lifetime_slots<OSErrorObject>(type);
    slots.construct = os_error_construct;
    slots.init = os_error_init;
    slots.str = os_error_str;
    return {sizeof(OSErrorObject), os_error_methods, os_error_getset};
  }
  if (&type == &SyntaxError_type) {
    fill_lifetime_slots<SyntaxErrorObject>(type);
    slots.init = syntax_error_init;
    slots.str = syntax_error_str;
    return {sizeof(SyntaxErrorObject), nullptr, syntax_error_getset};
  }
  if (&type == &UnicodeEncodeError_type || &type == &UnicodeDecodeError_type ||
      &type == &UnicodeTranslateError_type) {
    fill_lifetime_slots<UnicodeErrorObject>(type);
    if (&type == &UnicodeEncodeError_type) {
      slots.init = [](Thread& t, Value self, CallArgs call) {
        return unicode_init(t, self, call, true, false);
      };
      slots.str = unicode_encode_str;
    } else if (&type == &UnicodeDecodeError_type) {
      slots.init = [](Thread& t, Value self, CallArgs call) {
        return unicode_init(t, self, call, true, true);
      };
      slots.str = unicode_decode_str;
    } else {
      slots.init = [](Thread& t, Value self, CallArgs call) {
        return unicode_init(t, self, call, false, false);
      };
      slots.str = unicode_translate_str;
    }
    return {sizeof(UnicodeErrorObject), nullptr, unicode_getset};
  }
  return {};
}

} // namespace aspy
