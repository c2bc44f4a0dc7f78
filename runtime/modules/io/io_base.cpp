// The abstract bases of files. Script subclasses inherit from them what they do not define.
#include "runtime/modules/io/io_internal.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes_internal.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"

#include <fmt/format.h>

namespace aspy::io {

Type iobase_type, rawiobase_type, bufferediobase_type, textiobase_type;

namespace {

struct BaseFile : Object {
  Attrs attrs; // first in every file, so that subclasses agree on its place
};

Type* unsupported; // the class, made when it is first asked for and kept for ever

// Whether self.closed is true; -1 raised.
int is_closed(Thread& thread, Value self) {
  Ref closed = get_attr(thread, self, "closed");
  return closed ? truthy(thread, closed) : -1;
}

Ref base_close(Thread& thread, const Value* args) {
  int closed = is_closed(thread, args[0]);
  if (closed) return closed < 0 ? Ref() : share(None);
  Ref flushed = call_method(thread, args[0], "flush");
  Own<Str> mark = make_str("__IOBase_closed");
  {
    ErrorShelter shelter(thread);
    if (!set_attr(thread, args[0], mark.get(), True)) clear_error(thread);
  }
  return flushed ? share(None) : Ref();
}

Ref get_closed(Thread& thread, Value self) {
  Ref closed = find_attr(thread, self, intern("__IOBase_closed"));
  if (!closed && thread.has_error()) return {};
  return share(Value::from_bool(static_cast<bool>(closed)));
}

bool check_open(Thread& thread, Value self) {
  int closed = is_closed(thread, self);
  if (closed > 0) raise_closed(thread);
  return closed == 0;
}

Ref base_flush(Thread& thread, const Value* args) {
  return check_open(thread, args[0]) ? share(None) : Ref();
}
Ref answer_false(Thread&, const Value*) { return share(False); }
Ref is_terminal(Thread& thread, const Value* args) {
  return check_open(thread, args[0]) ? share(False) : Ref();
}

template <const char* name> Ref unsupported_method(Thread& thread, const Value*) {
  return raise_unsupported(thread, name);
}
constexpr char name_seek[] = "seek", name_truncate[] = "truncate", name_fileno[] = "fileno",
               name_read[] = "read", name_write[] = "write", name_detach[] = "detach",
               name_readline[] = "readline", name_read1[] = "read1";

Ref base_tell(Thread& thread, const Value* args) {
  return call_method(thread, args[0], "seek", {Value::from_int(0), Value::from_int(1)});
}

// readline over read(1): for script classes that only define read().
Ref base_readline(Thread& thread, const Value* args) {
  int64_t limit;
  if (!size_arg(thread, args[1], limit)) return {};
  std::string line;
  while (limit < 0 || static_cast<int64_t>(line.size()) < limit) {
    Ref piece = call_method(thread, args[0], "read", {Value::from_int(1)});
    if (!piece) return {};
    std::string_view bytes;
    if (!as_bytes_like(piece, bytes)) {
      return raise(thread, OSError_type,
                   fmt::format("read() should have returned a bytes object, not '{}'", type_name(piece)));
    }
    if (bytes.empty()) break;
    line.append(bytes);
    if (line.back() == '\n') break;
  }
  return make_bytes(line);
}

// RawIOBase.read and readall over readinto(), for script classes.
Ref raw_read(Thread& thread, const Value* args) {
  int64_t size;
  if (!size_arg(thread, args[1], size)) return {};
  if (size < 0) return call_method(thread, args[0], "readall");
  Own<ByteArray> room = make_bytearray(std::string(static_cast<size_t>(size), '\0'));
  Ref count = call_method(thread, args[0], "readinto", {room.value()});
  if (!count || count.get().is_none()) return count;
  int64_t got;
  if (!to_index(thread, count, got)) return {};
  if (got < 0 || got > size)
    return raise_value_error(thread, fmt::format("readinto returned {} outside buffer size {}", got, size));
  return make_bytes(room->view().substr(0, static_cast<size_t>(std::max<int64_t>(got, 0))));
}

Ref raw_readall(Thread& thread, const Value* args) {
  std::string all;
  for (;;) {
    Ref piece = call_method(thread, args[0], "read", {Value::from_int(default_buffer_size)});
    if (!piece) return {};
    std::string_view bytes;
    if (piece.get().is_none() || !as_bytes_like(piece, bytes) || bytes.empty()) break;
    all.append(bytes);
  }
  return make_bytes(all);
}

void base_dealloc(Object* object) {
  gc_untrack(object);
  attrs_destroy(object);
  free_object(object);
}

Ref get_dict(Thread&, Value self) { return share(attrs_dict(self.as_object())); }
Ref get_none(Thread&, Value) { return share(None); }

const GetSetDef base_getset[] = {{"closed", get_closed}, {"__dict__", get_dict}, {nullptr, nullptr}};
// What text files know of themselves; the base knows nothing.
const GetSetDef text_getset[] = {
    {"encoding", get_none}, {"errors", get_none}, {"newlines", get_none}, {nullptr, nullptr}};

const NativeDef base_methods[] = {
    {"close", "self, /", base_close, "Flush and close the IO object."},
    {"flush", "self, /", base_flush, "Flush write buffers, if applicable."},
    {"readable", "self, /", answer_false, "Return whether object was opened for reading."},
    {"writable", "self, /", answer_false, "Return whether object was opened for writing."},
    {"seekable", "self, /", answer_false, "Return whether object supports random access."},
    {"isatty", "self, /", is_terminal, "Return whether this is an 'interactive' stream."},
    {"fileno", "self, /", unsupported_method<name_fileno>,
     "Return underlying file descriptor if one exists."},
    {"seek", "self, offset, whence=0, /", unsupported_method<name_seek>, "Change the stream position."},
    {"tell", "self, /", base_tell, "Return current stream position."},
    {"truncate", "self, size=None, /", unsupported_method<name_truncate>, "Truncate file to size bytes."},
    {"readline", "self, size=-1, /", base_readline, "Read and return a line from the stream."},
    {"readlines", "self, hint=-1, /", readlines, "Return a list of lines from the stream."},
    {"writelines", "self, lines, /", writelines, "Write a list of lines to stream."},
    {"__enter__", "self, /", enter},
    {"__exit__", "self, /, *args", exit},
    {},
};
// What a script's raw class has to bring along itself.
Ref raw_missing(Thread& thread, const Value*) { return raise(thread, NotImplementedError_type, ""); }

const NativeDef raw_methods[] = {
    {"readinto", "self, buffer, / |", raw_missing},
    {"write", "self, b, / |", raw_missing},
    {"read", "self, size=-1, /", raw_read},
    {"readall", "self, /", raw_readall, "Read until EOF."},
    {},
};
// BufferedIOBase.readinto and readinto1 over read() and read1(), for script classes.
template <const char* name> Ref buffered_readinto(Thread& thread, const Value* args) {
  if (!is_bytearray(args[1])) {
    return raise_type_error(thread, fmt::format("{}() argument must be read-write bytes-like object, not {}",
                                                name == name_read ? "readinto" : "readinto1",
                                                argument_type(args[1])));
  }
  ByteArray* room = cast<ByteArray>(args[1]);
  Ref piece = call_method(thread, args[0], name, {Value::from_int(static_cast<int64_t>(room->size))});
  std::string_view bytes;
  if (!piece) return {};
  if (!as_bytes_like(piece, bytes))
    return raise_type_error(thread,
                            fmt::format("{}() should return bytes, not '{}'", name, type_name(piece)));
  if (bytes.size() > room->size) {
    return raise_value_error(thread,
                             fmt::format("read() returned too much data: {} bytes requested, {} returned",
                                         room->size, bytes.size()));
  }
  if (!bytes.empty()) std::memcpy(room->bytes, bytes.data(), bytes.size());
  return make_int(static_cast<int64_t>(bytes.size()));
}

const NativeDef buffered_methods[] = {
    {"readinto", "self, buffer, /", buffered_readinto<name_read>},
    {"readinto1", "self, buffer, /", buffered_readinto<name_read1>},
    {"read", "self, size=-1, /", unsupported_method<name_read>},
    {"read1", "self, size=-1, /", unsupported_method<name_read1>},
    {"write", "self, b, /", unsupported_method<name_write>},
    {"detach", "self, /", unsupported_method<name_detach>},
    {},
};
const NativeDef text_methods[] = {
    {"read", "self, size=-1, /", unsupported_method<name_read>},
    {"readline", "self, size=-1, /", unsupported_method<name_readline>},
    {"write", "self, s, /", unsupported_method<name_write>},
    {"detach", "self, /", unsupported_method<name_detach>},
    {},
};

void make_base(Type& type, const char* name, Type* parent, const NativeDef* methods,
               const GetSetDef* getset = nullptr) {
  static TypeSpec specs[4];
  static int used = 0;
  TypeSpec& spec = specs[used++];
  spec = {name, parent, sizeof(BaseFile), TypeTracked, sizeof(Object), methods, getset};
  type.slots.dealloc = base_dealloc;
  type.slots.traverse = attrs_traverse;
  type.slots.clear = attrs_clear;
  type.slots.finalize = close_forgotten;
  type.slots.iter = iter_self;
  type.slots.next = next_line;
  make_ready(type, spec);
}

} // namespace

// --- errors and arguments --------------------------------------------------------------------------------

Type* unsupported_operation(Thread& thread) {
  if (unsupported) return unsupported;
  Own<Tuple> bases = make_tuple({&OSError_type, &ValueError_type});
  Own<Dict> ns = new_dict();
  Own<Str> module = make_str("io");
  dict_set(ns.get(), names::dunder_module, module.value());
  Own<Type> made = make_class(thread, &type_type, intern("UnsupportedOperation"), bases.get(), ns.get(), {});
  if (!made) return nullptr;
  made->refcount += immortal_refcount; // the types outlive everything
  return unsupported = made.release();
}

Raised raise_unsupported(Thread& thread, std::string_view message) {
  Own<Str> text = make_str(message);
  Type* type = unsupported_operation(thread);
  if (!type) return {};
  Ref exception = call(thread, Value(type), {text.value()});
  if (exception) raise_value(thread, exception);
  return {};
}

void close_forgotten(Thread& thread, Object* object) {
  ErrorShelter shelter(thread);
  Ref keep = share(Value(object));
  int closed = is_closed(thread, keep);
  Ref done = closed == 0 ? call_method(thread, keep, "close") : Ref();
  if (closed < 0) clear_error(thread);
  else if (closed == 0 && !done) write_unraisable(thread, keep, finalizing_file);
}

Raised raise_closed(Thread& thread) { return raise_value_error(thread, "I/O operation on closed file."); }

bool size_arg(Thread& thread, Value value, int64_t& out) {
  out = -1;
  if (value.is_empty() || value.is_none()) return true;
  if (!is_int_like(value) && !type_of(value)->slots.index) {
    return raise_type_error(thread,
                            fmt::format("argument should be integer or None, not '{}'", type_name(value)));
  }
  return to_index(thread, value, out);
}

// --- shared methods ----------------------------------------------------------------------------------------

Ref enter(Thread& thread, const Value* args) { return check_open(thread, args[0]) ? share(args[0]) : Ref(); }

Ref exit(Thread& thread, const Value* args) {
  return call_method(thread, args[0], "close") ? share(None) : Ref();
}

Ref iter_self(Thread& thread, Value self) { return check_open(thread, self) ? share(self) : Ref(); }

Ref next_line(Thread& thread, Value self) {
  Ref line = call_method(thread, self, "readline");
  if (!line) return {};
  int64_t size = length(thread, line);
  return size > 0 ? line : Ref();
}

Ref readlines(Thread& thread, const Value* args) {
  int64_t hint;
  if (!size_arg(thread, args[1], hint)) return {};
  Own<List> lines = new_list();
  int64_t total = 0;
  for (;;) {
    Ref line = next(thread, args[0]);
    if (!line) {
      if (thread.has_error()) return {};
      return lines;
    }
    int64_t size = length(thread, line);
    if (size < 0) return {};
    list_append(lines.get(), std::move(line));
    total += size;
    if (hint > 0 && total > hint) return lines;
  }
}

Ref writelines(Thread& thread, const Value* args) {
  if (!check_open(thread, args[0])) return {};
  Ref iterator = iter(thread, args[1]);
  if (!iterator) return {};
  for (;;) {
    Ref line = next(thread, iterator);
    if (!line) return thread.has_error() ? Ref() : share(None);
    if (!call_method(thread, args[0], "write", {line})) return {};
  }
}

void init_base_types() {
  make_base(iobase_type, "_io._IOBase", nullptr, base_methods, base_getset);
  make_base(rawiobase_type, "_io._RawIOBase", &iobase_type, raw_methods);
  make_base(bufferediobase_type, "_io._BufferedIOBase", &iobase_type, buffered_methods);
  make_base(textiobase_type, "_io._TextIOBase", &iobase_type, text_methods, text_getset);
}

} // namespace aspy::io
