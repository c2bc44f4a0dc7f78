// BytesIO and StringIO: files in memory.
#include "runtime/modules/io/io_internal.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes_internal.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/search.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str_internal.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace aspy::io {

Type bytesio_type, stringio_type;

namespace {

// --- BytesIO -------------------------------------------------------------------------------------------

BytesIO* open_bytes(Thread& thread, Value self) {
  BytesIO* file = cast<BytesIO>(self);
  if (file->closed || !file->data) return raise_closed(thread);
  return file;
}

std::string_view rest(const BytesIO* file) {
  return file->at < file->data->size() ? std::string_view(*file->data).substr(file->at) : std::string_view();
}

Ref take(BytesIO* file, size_t count) {
  Own<Bytes> data = make_bytes(rest(file).substr(0, count));
  file->at += data->size;
  return data;
}

Ref bytes_read(Thread& thread, const Value* args) {
  int64_t size;
  BytesIO* file = open_bytes(thread, args[0]);
  if (!file || !size_arg(thread, args[1], size)) return {};
  return take(file, size < 0 ? SIZE_MAX : static_cast<size_t>(size));
}

size_t line_size(const BytesIO* file) {
  size_t newline = rest(file).find('\n');
  return newline == not_found ? rest(file).size() : newline + 1;
}

Ref bytes_readline(Thread& thread, const Value* args) {
  int64_t limit;
  BytesIO* file = open_bytes(thread, args[0]);
  if (!file || !size_arg(thread, args[1], limit)) return {};
  size_t size = line_size(file);
  return take(file, limit < 0 ? size : std::min(size, static_cast<size_t>(limit)));
}

Ref bytes_next(Thread& thread, Value self) {
  BytesIO* file = open_bytes(thread, self);
  if (!file || rest(file).empty()) return {};
  return take(file, line_size(file));
}

Ref bytes_readinto(Thread& thread, const Value* args) {
  BytesIO* file = open_bytes(thread, args[0]);
  if (!file) return {};
  if (!is_bytearray(args[1])) {
    return raise_type_error(thread,
                            fmt::format("readinto() argument must be read-write bytes-like object, not {}",
                                        argument_type(args[1])));
  }
  ByteArray* room = cast<ByteArray>(args[1]);
  size_t count = std::min(room->size, rest(file).size());
  if (count) std::memcpy(room->bytes, rest(file).data(), count);
  file->at += count;
  return make_int(static_cast<int64_t>(count));
}

// Puts `data` at the position, with zeros where that lies behind the end.
void put(std::string& text, size_t& at, std::string_view data) {
  if (data.empty()) return;
  if (at > text.size()) text.resize(at);
  text.replace(at, std::min(data.size(), text.size() - at), data);
  at += data.size();
}

Ref bytes_write(Thread& thread, const Value* args) {
  BytesIO* file = open_bytes(thread, args[0]);
  std::string_view data;
  if (!file || !need_bytes(thread, args[1], data)) return {};
  if (!may_allocate(thread, data.size())) return {};
  put(*file->data, file->at, data);
  return make_int(static_cast<int64_t>(data.size()));
}

Ref bytes_seek(Thread& thread, const Value* args) {
  BytesIO* file = open_bytes(thread, args[0]);
  int64_t offset, whence = 0;
  if (!file || !to_int64(thread, args[1], offset)) return {};
  if (args[2] && !to_int64(thread, args[2], whence)) return {};
  if (whence == 0 && offset < 0)
    return raise_value_error(thread, fmt::format("negative seek value {}", offset));
  if (whence == 1) offset += static_cast<int64_t>(file->at);
  if (whence == 2) offset += static_cast<int64_t>(file->data->size());
  if (whence < 0 || whence > 2) {
    return raise_value_error(thread, fmt::format("invalid whence ({}, should be 0, 1 or 2)", whence));
  }
  file->at = static_cast<size_t>(std::max<int64_t>(0, offset));
  return make_int(static_cast<int64_t>(file->at));
}

Ref bytes_tell(Thread& thread, const Value* args) {
  BytesIO* file = open_bytes(thread, args[0]);
  return file ? make_int(static_cast<int64_t>(file->at)) : Ref();
}

Ref bytes_truncate(Thread& thread, const Value* args) {
  BytesIO* file = open_bytes(thread, args[0]);
  if (!file) return {};
  int64_t size = static_cast<int64_t>(file->at);
  if (args[1] && !args[1].is_none() && !to_int64(thread, args[1], size)) return {};
  if (size < 0) return raise_value_error(thread, fmt::format("negative size value {}", size));
  if (static_cast<size_t>(size) < file->data->size()) file->data->resize(static_cast<size_t>(size));
  return make_int(size);
}

Ref bytes_getbuffer(Thread& thread, const Value*) {
  return raise(thread, NotImplementedError_type,
               "BytesIO.getbuffer(): aspy has no memoryview; use getvalue()");
}
Ref bytes_getvalue(Thread& thread, const Value* args) {
  BytesIO* file = open_bytes(thread, args[0]);
  return file ? Ref(make_bytes(*file->data)) : Ref();
}

Ref bytes_yes(Thread& thread, const Value* args) { return open_bytes(thread, args[0]) ? share(True) : Ref(); }
Ref bytes_no(Thread& thread, const Value* args) { return open_bytes(thread, args[0]) ? share(False) : Ref(); }
Ref bytes_flush(Thread& thread, const Value* args) {
  return open_bytes(thread, args[0]) ? share(None) : Ref();
}

Ref bytes_close(Thread&, const Value* args) {
  BytesIO* file = cast<BytesIO>(args[0]);
  file->closed = true;
  if (file->data) std::string().swap(*file->data);
  return share(None);
}

Ref bytes_closed(Thread&, Value self) { return share(Value::from_bool(cast<BytesIO>(self)->closed)); }

bool bytes_init(Thread& thread, Value self, CallArgs args) {
  BoundArgs bound;
  std::string_view initial;
  if (!bind_args(thread, "BytesIO", "initial_bytes=b''", args, bound)) return false;
  if (bound[0] && !bound[0].is_none() && !need_bytes(thread, bound[0], initial)) return false;
  BytesIO* file = cast<BytesIO>(self);
  file->data->assign(initial);
  file->at = 0;
  file->closed = false;
  return true;
}

// --- StringIO ---------------------------------------------------------------------------------------------

// The text is kept as UTF-8; positions are code points for scripts, bytes inside.
struct StringIO : Object {
  Attrs attrs;
  std::string* data = nullptr; // owned
  size_t at = 0;               // bytes; may lie behind the end
  Newline newline = Newline::Lf;
  bool closed = false;
};

StringIO* open_text(Thread& thread, Value self) {
  StringIO* file = cast<StringIO>(self);
  if (file->closed || !file->data) return raise_value_error(thread, "I/O operation on closed file");
  return file;
}

std::string_view rest(const StringIO* file) {
  return file->at < file->data->size() ? std::string_view(*file->data).substr(file->at) : std::string_view();
}

// Bytes of the first `count` code points of `text` (all when negative).
size_t bytes_of(std::string_view text, int64_t count) {
  if (count < 0) return text.size();
  size_t at = 0;
  for (; count > 0 && at < text.size(); --count) at += codepoint_size(text[at]);
  return at;
}

Ref take(StringIO* file, size_t bytes) {
  Own<Str> text = make_str(rest(file).substr(0, bytes));
  file->at += text->size;
  return text;
}

Ref text_read(Thread& thread, const Value* args) {
  int64_t size;
  StringIO* file = open_text(thread, args[0]);
  if (!file || !size_arg(thread, args[1], size)) return {};
  return take(file, bytes_of(rest(file), size));
}

size_t line_size(const StringIO* file) {
  size_t end = find_line_end(*file->data, file->at, file->newline);
  return end == not_found ? rest(file).size() : end - file->at;
}

Ref text_readline(Thread& thread, const Value* args) {
  int64_t limit;
  StringIO* file = open_text(thread, args[0]);
  if (!file || !size_arg(thread, args[1], limit)) return {};
  return take(file, bytes_of(rest(file).substr(0, line_size(file)), limit));
}

Ref text_next(Thread& thread, Value self) {
  StringIO* file = open_text(thread, self);
  if (!file || rest(file).empty()) return {};
  return take(file, line_size(file));
}

void write_into(StringIO* file, std::string_view text) {
  std::string translated;
  if (file->newline == Newline::Universal) {
    translated.assign(text);
    translate_newlines(translated);
    text = translated;
  } else if (file->newline == Newline::Cr || file->newline == Newline::CrLf) {
    for (char c : text) {
      if (c == '\n') {
        translated += file->newline == Newline::Cr ? "\r" : "\r\n";
      } else {
        translated += c;
      }
    }
    text = translated;
  }
  if (text.empty()) return;
  std::string& data = *file->data;
  if (file->at >= data.size()) {
    data.resize(file->at);
    data.append(text);
  } else {
    // As many characters are replaced as are written.
    size_t over =
        bytes_of(std::string_view(data).substr(file->at), static_cast<int64_t>(count_codepoints(text)));
    data.replace(file->at, over, text);
  }
  file->at += text.size();
}

Ref text_write(Thread& thread, const Value* args) {
  if (!is_str(args[1])) {
    return raise_type_error(thread, fmt::format("string argument expected, got '{}'", type_name(args[1])));
  }
  StringIO* file = open_text(thread, args[0]);
  if (!file || !may_allocate(thread, cast<Str>(args[1])->size)) return {};
  write_into(file, cast<Str>(args[1])->view());
  return make_int(cast<Str>(args[1])->length);
}

int64_t position_of(const StringIO* file) {
  size_t inside = std::min(file->at, file->data->size());
  return static_cast<int64_t>(count_codepoints(std::string_view(*file->data).substr(0, inside)) +
                              (file->at - inside));
}

Ref text_seek(Thread& thread, const Value* args) {
  StringIO* file = open_text(thread, args[0]);
  int64_t offset, whence = 0;
  if (!file || !to_int64(thread, args[1], offset)) return {};
  if (args[2] && !to_int64(thread, args[2], whence)) return {};
  if (whence < 0 || whence > 2) {
    return raise_value_error(thread, fmt::format("Invalid whence ({}, should be 0, 1 or 2)", whence));
  }
  if (whence == 0 && offset < 0)
    return raise_value_error(thread, fmt::format("Negative seek position {}", offset));
  if (whence != 0 && offset != 0) return raise(thread, OSError_type, "Can't do nonzero cur-relative seeks");
  if (whence == 0) {
    int64_t length = static_cast<int64_t>(count_codepoints(*file->data));
    file->at = offset <= length ? bytes_of(*file->data, offset)
                                : file->data->size() + static_cast<size_t>(offset - length);
  } else if (whence == 2) {
    file->at = file->data->size();
  }
  return make_int(position_of(file));
}

Ref text_tell(Thread& thread, const Value* args) {
  StringIO* file = open_text(thread, args[0]);
  return file ? make_int(position_of(file)) : Ref();
}

Ref text_truncate(Thread& thread, const Value* args) {
  StringIO* file = open_text(thread, args[0]);
  if (!file) return {};
  int64_t size = position_of(file);
  if (args[1] && !args[1].is_none() && !to_int64(thread, args[1], size)) return {};
  if (size < 0) return raise_value_error(thread, fmt::format("Negative size value {}", size));
  file->data->resize(bytes_of(*file->data, size));
  return make_int(size);
}

Ref text_getvalue(Thread& thread, const Value* args) {
  StringIO* file = open_text(thread, args[0]);
  return file ? Ref(make_str(*file->data)) : Ref();
}

Ref text_yes(Thread& thread, const Value* args) { return open_text(thread, args[0]) ? share(True) : Ref(); }
Ref text_no(Thread& thread, const Value* args) { return open_text(thread, args[0]) ? share(False) : Ref(); }
Ref text_flush(Thread& thread, const Value* args) { return open_text(thread, args[0]) ? share(None) : Ref(); }

Ref text_close(Thread&, const Value* args) {
  StringIO* file = cast<StringIO>(args[0]);
  file->closed = true;
  if (file->data) std::string().swap(*file->data);
  return share(None);
}

Ref text_closed(Thread&, Value self) { return share(Value::from_bool(cast<StringIO>(self)->closed)); }
Ref text_none(Thread& thread, Value self) { return open_text(thread, self) ? share(None) : Ref(); }
Ref text_false(Thread& thread, Value self) { return open_text(thread, self) ? share(False) : Ref(); }

bool text_init(Thread& thread, Value self, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "StringIO", "initial_value='', newline='\\n'", args, bound)) return false;
  StringIO* file = cast<StringIO>(self);
  Newline newline = Newline::Lf;
  if (bound[1] && !parse_newline(thread, bound[1], newline, true)) return false;
  if (bound[0] && !bound[0].is_none() && !is_str(bound[0])) {
    return raise_type_error(thread,
                            fmt::format("initial_value must be str or None, not {}", type_name(bound[0])));
  }
  file->newline = newline;
  file->data->clear();
  file->at = 0;
  file->closed = false;
  if (bound[0] && !bound[0].is_none()) write_into(file, cast<Str>(bound[0])->view());
  file->at = 0;
  return true;
}

// --- states: what copies and pickles are made of ----------------------------------------------------------

// The attributes of an instance, as a state has them: a dict, or None.
Ref attributes_of(Object* object, const Attrs& attrs) {
  return share(attrs.slots ? Value(attrs_dict(object)) : None);
}

// A state's position and attributes, which stand at `at` and behind it.
bool take_position(Thread& thread, Tuple* state, uint32_t at, const char* text, size_t& position) {
  int64_t number;
  Value given = (*state)[at];
  if (!is_int_like(given)) return raise_type_error(thread, fmt::format("{}{}", text, type_name(given)));
  if (!to_int64(thread, given, number)) return false;
  if (number < 0) return raise_value_error(thread, "position value cannot be negative");
  position = static_cast<size_t>(number);
  return true;
}
bool take_attributes(Thread& thread, Object* object, Value given, const char* which) {
  if (given.is_none()) return true;
  if (!is_dict(given))
    return raise_type_error(
        thread, fmt::format("{} item of state should be a dict, got a {}", which, type_name(given)));
  Dict* own = attrs_dict(object);
  Value key, value;
  for (uint32_t i = 0; dict_next(cast<Dict>(given), i, key, value);)
    if (!dict_set(thread, own, key, value)) return false;
  return true;
}
Tuple* state_of(Thread& thread, Value self, Value state, uint32_t size) {
  if (is_tuple(state) && cast<Tuple>(state)->size >= size) return cast<Tuple>(state);
  return raise_type_error(thread, fmt::format("{}.__setstate__ argument should be {}-tuple, got {}",
                                              full_type_name(type_of(self)), size, type_name(state)));
}

Ref bytes_get_state(Thread& thread, const Value* args) {
  BytesIO* file = open_bytes(thread, args[0]);
  if (!file) return {};
  Own<Bytes> data = make_bytes(*file->data);
  Ref attributes = attributes_of(file, file->attrs);
  return make_tuple({data.value(), Value::from_int(static_cast<int64_t>(file->at)), attributes.get()});
}

Ref bytes_set_state(Thread& thread, const Value* args) {
  Tuple* state = state_of(thread, args[0], args[1], 3);
  std::string_view data;
  if (!state || !need_bytes(thread, (*state)[0], data)) return {};
  BytesIO* file = cast<BytesIO>(args[0]);
  *file->data = data;
  file->closed = false;
  if (!take_position(thread, state, 1, "second item of state must be an integer, not ", file->at)) return {};
  return take_attributes(thread, file, (*state)[2], "third") ? share(None) : Ref();
}

Ref text_get_state(Thread& thread, const Value* args) {
  StringIO* file = open_text(thread, args[0]);
  if (!file) return {};
  static const char* const newlines[] = {nullptr, "", "\n", "\r", "\r\n"};
  const char* newline = newlines[static_cast<int>(file->newline)];
  Own<Str> data = make_str(*file->data);
  Ref shown = newline ? Ref(make_str(newline)) : share(None), attributes = attributes_of(file, file->attrs);
  Ref position = text_tell(thread, args);
  return make_tuple({data.value(), shown.get(), position.get(), attributes.get()});
}

Ref text_set_state(Thread& thread, const Value* args) {
  Tuple* state = state_of(thread, args[0], args[1], 4);
  if (!state) return {};
  // Text of a state is as it was read: no newline of it is translated once more.
  Value fresh[2] = {None, (*state)[1]};
  if (Value text = (*state)[0]; !text.is_none() && !is_str(text)) fresh[0] = text;
  if (!text_init(thread, args[0], {fresh, 2, nullptr})) return {};
  StringIO* file = cast<StringIO>(args[0]);
  if (is_str((*state)[0])) *file->data = cast<Str>((*state)[0])->view();
  size_t position;
  if (!take_position(thread, state, 2, "third item of state must be an integer, got ", position)) return {};
  size_t length = count_codepoints(*file->data);
  file->at = position <= length ? bytes_of(*file->data, static_cast<int64_t>(position))
                                : file->data->size() + (position - length);
  return take_attributes(thread, file, (*state)[3], "fourth") ? share(None) : Ref();
}

// --- the types ---------------------------------------------------------------------------------------------

template <class T> Ref construct(Thread&, Type* type, CallArgs) {
  T* file = static_cast<T*>(allocate_instance(type));
  file->data = new std::string;
  return Ref::steal(file);
}

template <class T> void dealloc(Object* object) {
  gc_untrack(object);
  delete static_cast<T*>(object)->data;
  attrs_destroy(object);
  free_object(object);
}

// Of our own, nothing comes of being closed; of a subclass, its close() may do anything.
template <class T, Type& type> void finalize(Thread& thread, Object* object) {
  if (object->type == &type) static_cast<T*>(object)->closed = true;
  else close_forgotten(thread, object);
}

const NativeDef bytes_methods[] = {
    {"read", "self, size=-1, /", bytes_read, "Read at most size bytes."},
    {"read1", "self, size=-1, /", bytes_read, "Read at most size bytes."},
    {"readinto", "self, buffer, /", bytes_readinto, "Read bytes into buffer."},
    {"readinto1", "self, buffer, /", bytes_readinto, "Read bytes into buffer."},
    {"readline", "self, size=-1, /", bytes_readline, "Next line from the file, as a bytes object."},
    {"write", "self, b, /", bytes_write, "Write bytes to file."},
    {"seek", "self, pos, whence=0, /", bytes_seek, "Change stream position."},
    {"tell", "self, /", bytes_tell, "Current file position, an integer."},
    {"truncate", "self, size=None, /", bytes_truncate, "Truncate the file to at most size bytes."},
    {"getbuffer", "self, /", bytes_getbuffer},
    {"getvalue", "self, /", bytes_getvalue, "Retrieve the entire contents of the BytesIO object."},
    {"readable", "self, /", bytes_yes},
    {"writable", "self, /", bytes_yes},
    {"seekable", "self, /", bytes_yes},
    {"isatty", "self, /", bytes_no},
    {"flush", "self, /", bytes_flush, "Does nothing."},
    {"close", "self, /", bytes_close, "Disable all I/O operations."},
    {"__getstate__", "self, /", bytes_get_state},
    {"__setstate__", "self, state, /", bytes_set_state},
    {},
};
const NativeDef text_methods[] = {
    {"read", "self, size=-1, /", text_read, "Read at most size characters, returned as a string."},
    {"readline", "self, size=-1, /", text_readline, "Read until newline or EOF."},
    {"write", "self, s, /", text_write, "Write string to file."},
    {"seek", "self, pos, whence=0, /", text_seek, "Change stream position."},
    {"tell", "self, /", text_tell, "Tell the current file position."},
    {"truncate", "self, pos=None, /", text_truncate, "Truncate size to pos."},
    {"getvalue", "self, /", text_getvalue, "Retrieve the entire contents of the object."},
    {"readable", "self, /", text_yes},
    {"writable", "self, /", text_yes},
    {"seekable", "self, /", text_yes},
    {"isatty", "self, /", text_no},
    {"flush", "self, /", text_flush, "Does nothing."},
    {"close", "self, /", text_close, "Close the IO object."},
    {"__getstate__", "self, /", text_get_state},
    {"__setstate__", "self, state, /", text_set_state},
    {},
};
const GetSetDef bytes_getset[] = {{"closed", bytes_closed}, {nullptr, nullptr}};
const GetSetDef text_getset[] = {{"closed", text_closed},        {"newlines", text_none},
                                 {"encoding", text_none},        {"errors", text_none},
                                 {"line_buffering", text_false}, {nullptr, nullptr}};

} // namespace

// --- newlines ------------------------------------------------------------------------------------

bool parse_newline(Thread& thread, Value argument, Newline& out, bool quoted) {
  if (argument.is_none()) {
    out = Newline::Universal;
    return true;
  }
  if (!is_str(argument)) {
    return raise_type_error(thread, fmt::format("newline must be str or None, not {}", type_name(argument)));
  }
  std::string_view text = cast<Str>(argument)->view();
  if (text.empty()) {
    out = Newline::Untranslated;
  } else if (text == "\n") {
    out = Newline::Lf;
  } else if (text == "\r") {
    out = Newline::Cr;
  } else if (text == "\r\n") {
    out = Newline::CrLf;
  } else {
    return raise_value_error(
        thread, fmt::format("illegal newline value: {}", quoted ? quote(text) : std::string(text)));
  }
  return true;
}

void translate_newlines(std::string& text) {
  size_t from = text.find('\r');
  if (from == std::string::npos) return;
  size_t to = from;
  for (; from < text.size(); ++from) {
    char c = text[from];
    if (c == '\r') {
      c = '\n';
      if (from + 1 < text.size() && text[from + 1] == '\n') ++from;
    }
    text[to++] = c;
  }
  text.resize(to);
}

size_t find_line_end(std::string_view text, size_t at, Newline mode) {
  if (at >= text.size()) return not_found;
  switch (mode) {
  case Newline::Universal:
  case Newline::Lf: {
    size_t end = text.find('\n', at);
    return end == not_found ? end : end + 1;
  }
  case Newline::Cr: {
    size_t end = text.find('\r', at);
    return end == not_found ? end : end + 1;
  }
  case Newline::CrLf: {
    size_t end = text.find("\r\n", at);
    return end == not_found ? end : end + 2;
  }
  case Newline::Untranslated: break;
  }
  size_t end = text.find_first_of("\r\n", at);
  if (end == not_found) return end;
  return end + (text[end] == '\r' && end + 1 < text.size() && text[end + 1] == '\n' ? 2 : 1);
}

void init_memory_types() {
  static const TypeSpec bytes_spec = {
      "_io.BytesIO",   &bufferediobase_type,
      sizeof(BytesIO), TypeTracked,
      sizeof(Object),  bytes_methods,
      bytes_getset,    "Buffered I/O implementation using an in-memory bytes buffer."};
  static const TypeSpec text_spec = {"_io.StringIO",   &textiobase_type,
                                     sizeof(StringIO), TypeTracked,
                                     sizeof(Object),   text_methods,
                                     text_getset,      "Text I/O implementation using an in-memory buffer."};
  bytesio_type.slots.dealloc = dealloc<BytesIO>;
  bytesio_type.slots.traverse = attrs_traverse;
  bytesio_type.slots.clear = attrs_clear;
  bytesio_type.slots.construct = construct<BytesIO>;
  bytesio_type.slots.init = bytes_init;
  bytesio_type.slots.next = bytes_next;
  bytesio_type.slots.finalize = finalize<BytesIO, bytesio_type>;
  make_ready(bytesio_type, bytes_spec);
  stringio_type.slots.dealloc = dealloc<StringIO>;
  stringio_type.slots.traverse = attrs_traverse;
  stringio_type.slots.clear = attrs_clear;
  stringio_type.slots.construct = construct<StringIO>;
  stringio_type.slots.init = text_init;
  stringio_type.slots.next = text_next;
  stringio_type.slots.finalize = finalize<StringIO, stringio_type>;
  make_ready(stringio_type, text_spec);
}

} // namespace aspy::io
