// Binary files: FileIO, BufferedReader, BufferedWriter, BufferedRandom. One body for all: what a file may do
// is decided by its descriptor, how it is named by its type.
#include "runtime/modules/io/io_internal.hpp"
#include "runtime/process/fs_path.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes_internal.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace aspy::io {

Type fileio_type, buffered_reader_type, buffered_writer_type, buffered_random_type;

namespace {

// The open file behind self; null with ValueError when it is closed or was never opened.
Descriptor* open_file(Thread& thread, Value self, const char* action = nullptr) {
  Descriptor* file = cast<BinaryFile>(self)->file;
  if (!file) return raise_value_error(thread, "I/O operation on uninitialized object");
  if (file->detached) return raise_value_error(thread, "raw stream has been detached");
  bool closed = file->closed;
  if (file->raw && !closed) {
    Ref answer = get_attr(thread, file->raw.object, "closed");
    int yes = answer ? truthy(thread, answer) : -1;
    if (yes < 0) return nullptr;
    closed = yes;
  }
  if (!closed) return file;
  if (!file->buffered) return raise_value_error(thread, "I/O operation on closed file");
  if (action) return raise_value_error(thread, fmt::format("{} closed file", action));
  return raise_closed(thread);
}

// For what a buffered file asks its descriptor: the message is the descriptor's.
Descriptor* open_raw(Thread& thread, Value self) {
  Descriptor* file = cast<BinaryFile>(self)->file;
  if (file && file->closed) return raise_value_error(thread, "I/O operation on closed file");
  return open_file(thread, self);
}

// The file, checked for reading (or writing).
Descriptor* open_for(Thread& thread, Value self, bool write, const char* method) {
  Descriptor* file = open_file(thread, self, write ? "write to" : method[0] == 'p' ? "peek of" : "read of");
  if (!file) return nullptr;
  if (write ? file->writable : file->readable) return file;
  return raise_unsupported(
      thread, !file->buffered ? write ? "File not open for writing" : "File not open for reading" : method);
}

std::string mode_text(const Descriptor* file) {
  std::string mode = file->created ? "xb" : file->appending ? "ab" : file->readable ? "rb" : "wb";
  if (file->readable && (file->writable || file->created || file->appending) && file->writable) mode += "+";
  return mode;
}

// --- reading ---------------------------------------------------------------------------------------------

Ref file_read(Thread& thread, const Value* args) {
  int64_t size;
  Descriptor* file = open_for(thread, args[0], false, "read");
  if (!file || !size_arg(thread, args[1], size)) return {};
  if (size < -1) return raise_value_error(thread, "read length must be non-negative or -1");
  if (size > 0 && !may_allocate(thread, static_cast<size_t>(size))) return {};
  std::string data;
  if (!file->read(thread, size, !file->buffered && size >= 0, data)) return {};
  if (file->raw.blocked && data.empty()) return share(None);
  return make_bytes(data);
}

Ref file_read1(Thread& thread, const Value* args) {
  int64_t size;
  Descriptor* file = open_for(thread, args[0], false, "read1");
  if (!file || !size_arg(thread, args[1], size)) return {};
  std::string data;
  if (!file->read(thread, size < 0 ? static_cast<int64_t>(file->buffer_size) : size, true, data)) return {};
  return make_bytes(data);
}

Ref file_readall(Thread& thread, const Value* args) {
  Value read_args[] = {args[0], Value()};
  return file_read(thread, read_args);
}

Ref file_readinto(Thread& thread, const Value* args) {
  Descriptor* file = open_for(thread, args[0], false, "readinto");
  if (!file) return {};
  if (!is_bytearray(args[1])) {
    return raise_type_error(thread,
                            fmt::format("readinto() argument must be read-write bytes-like object, not {}",
                                        argument_type(args[1])));
  }
  Ref keep = share(args[1]);
  std::string data;
  if (!file->read(thread, static_cast<int64_t>(cast<ByteArray>(args[1])->size), false, data)) return {};
  ByteArray* room = cast<ByteArray>(args[1]);
  std::memcpy(room->bytes, data.data(), std::min(data.size(), room->size));
  return make_int(static_cast<int64_t>(std::min(data.size(), room->size)));
}

Ref file_readline(Thread& thread, const Value* args) {
  int64_t limit;
  Descriptor* file = open_for(thread, args[0], false, "readline");
  if (!file || !size_arg(thread, args[1], limit)) return {};
  std::string line;
  if (!file->read_line(thread, limit, line)) return {};
  return make_bytes(line);
}

Ref file_next(Thread& thread, Value self) {
  Descriptor* file = open_for(thread, self, false, "read");
  std::string line;
  if (!file || !file->read_line(thread, -1, line)) return {};
  return line.empty() ? Ref() : Ref(make_bytes(line));
}

Ref file_peek(Thread& thread, const Value* args) {
  Descriptor* file = open_for(thread, args[0], false, "peek");
  if (!file || !file->flush(thread)) return {};
  bool eof;
  if (!file->available() && !file->read_some(thread, file->read_ahead(), file->in, eof)) return {};
  return make_bytes(std::string_view(file->in).substr(file->in_at));
}

// --- writing -----------------------------------------------------------------------------------------------

Ref file_write(Thread& thread, const Value* args) {
  Descriptor* file = open_for(thread, args[0], true, "write");
  std::string_view data;
  if (!file || !need_bytes(thread, args[1], data)) return {};
  Ref keep = share(args[1]);
  size_t size = data.size();
  std::string copy;
  if (is_bytearray(args[1])) data = copy.assign(data); // it may change while the lock is free
  return file->write(thread, data) ? make_int(static_cast<int64_t>(size)) : Ref();
}

Ref file_flush(Thread& thread, const Value* args) {
  Descriptor* file = open_file(thread, args[0], "flush of");
  return file && file->flush(thread) ? share(None) : Ref();
}

Ref file_truncate(Thread& thread, const Value* args) {
  Descriptor* file = open_file(thread, args[0]);
  if (!file) return {};
  if (!file->writable)
    return raise_unsupported(thread, file->buffered ? "truncate" : "File not open for writing");
  int64_t size;
  if (!file->flush(thread)) return {};
  if (args[1].is_empty() || args[1].is_none()) {
    if (!file->tell(thread, size)) return {};
  } else if (!to_int64(thread, args[1], size)) {
    return {};
  }
  if (file->raw) return call_method(thread, file->raw.object, "truncate", {Value::from_int(size)});
  if (::ftruncate(file->fd, size) < 0) return raise_os_error(thread, errno);
  return make_int(size);
}

// --- position ---------------------------------------------------------------------------------------------

Ref file_seek(Thread& thread, const Value* args) {
  Descriptor* file = open_file(thread, args[0], "seek of");
  int64_t offset, whence = 0, position;
  if (!file || !to_int64(thread, args[1], offset)) return {};
  if (args[2] && !to_int64(thread, args[2], whence)) return {};
  if (whence < 0 || whence > 2) {
    return raise_value_error(thread, fmt::format("whence value {} unsupported", whence));
  }
  if (file->raw) {
    Ref able = call_method(thread, file->raw.object, "seekable");
    int yes = able ? truthy(thread, able) : -1;
    if (yes < 0) return {};
    if (!yes) return raise_unsupported(thread, "File or stream is not seekable.");
  }
  if (!file->seek(thread, offset, static_cast<int>(whence), position)) return {};
  return make_int(position);
}

Ref file_tell(Thread& thread, const Value* args) {
  Descriptor* file = open_file(thread, args[0], "tell of");
  int64_t position;
  if (!file || !file->tell(thread, position)) return {};
  return make_int(position);
}

Ref file_seekable(Thread& thread, const Value* args) {
  Descriptor* file = open_raw(thread, args[0]);
  if (!file) return {};
  if (file->raw) return call_method(thread, file->raw.object, "seekable");
  return share(Value::from_bool(::lseek(file->fd, 0, SEEK_CUR) >= 0));
}

// --- state ---------------------------------------------------------------------------------------

// Does a buffered file go only the other way? Then the answer does not ask whether it is open.
bool one_way(Value self, bool way) {
  Descriptor* file = cast<BinaryFile>(self)->file;
  return file && file->buffered && !way;
}

Ref file_readable(Thread& thread, const Value* args) {
  if (Descriptor* file = cast<BinaryFile>(args[0])->file; file && one_way(args[0], file->readable))
    return share(False);
  Descriptor* file = open_raw(thread, args[0]);
  if (file && file->raw) return call_method(thread, file->raw.object, "readable");
  return file ? share(Value::from_bool(file->readable)) : Ref();
}
Ref file_writable(Thread& thread, const Value* args) {
  if (Descriptor* file = cast<BinaryFile>(args[0])->file; file && one_way(args[0], file->writable))
    return share(False);
  Descriptor* file = open_raw(thread, args[0]);
  if (file && file->raw) return call_method(thread, file->raw.object, "writable");
  return file ? share(Value::from_bool(file->writable)) : Ref();
}
Ref file_fileno(Thread& thread, const Value* args) {
  Descriptor* file = open_raw(thread, args[0]);
  if (file && file->raw) return call_method(thread, file->raw.object, "fileno");
  return file ? make_int(file->fd) : Ref();
}
Ref file_isatty(Thread& thread, const Value* args) {
  Descriptor* file = open_raw(thread, args[0]);
  if (file && file->raw) return call_method(thread, file->raw.object, "isatty");
  return file ? share(Value::from_bool(::isatty(file->fd) == 1)) : Ref();
}
Ref file_close(Thread& thread, const Value* args) {
  Descriptor* file = cast<BinaryFile>(args[0])->file;
  if (file && file->detached) return raise_value_error(thread, "raw stream has been detached");
  return !file || file->close(thread) ? share(None) : Ref();
}

Ref get_closed(Thread& thread, Value self) {
  Descriptor* file = cast<BinaryFile>(self)->file;
  if (file && file->detached) return raise_value_error(thread, "raw stream has been detached");
  if (file && file->raw) return get_attr(thread, file->raw.object, "closed");
  return share(Value::from_bool(!file || file->closed));
}
Ref get_name(Thread& thread, Value self) {
  Value name = cast<BinaryFile>(self)->name;
  if (name) return share(name);
  if (Descriptor* file = cast<BinaryFile>(self)->file; file && file->raw)
    return get_attr(thread, file->raw.object, "name");
  return raise(thread, AttributeError_type,
               fmt::format("'{}' object has no attribute 'name'", full_type_name(type_of(self))));
}
bool set_name(Thread&, Value self, Value value) {
  assign(cast<BinaryFile>(self)->name, value ? share(value) : Ref());
  return true;
}
Ref get_mode(Thread& thread, Value self) {
  Descriptor* file = cast<BinaryFile>(self)->file;
  if (!file) return raise_value_error(thread, "I/O operation on uninitialized object");
  if (file->raw) return get_attr(thread, file->raw.object, "mode");
  return make_str(mode_text(file));
}
Ref get_closefd(Thread&, Value self) {
  Descriptor* file = cast<BinaryFile>(self)->file;
  return share(Value::from_bool(file && file->close_fd));
}

// A buffered file's descriptor as an unbuffered file, which leaves closing to the owner.
Ref get_raw(Thread& thread, Value self) {
  Descriptor* file = cast<BinaryFile>(self)->file;
  if (!file) return raise_value_error(thread, "I/O operation on uninitialized object");
  if (file->detached) return raise_value_error(thread, "raw stream has been detached");
  if (file->raw) return share(file->raw.object);
  auto* raw = new Descriptor;
  raw->fd = file->fd;
  raw->close_fd = file->close_fd;
  raw->borrowed = true;
  raw->buffered = false;
  raw->closed = file->closed;
  raw->readable = file->readable;
  raw->writable = file->writable;
  raw->appending = file->appending;
  raw->created = file->created;
  return make_binary_file(fileio_type, raw, cast<BinaryFile>(self)->name);
}

// The unbuffered file below, for the caller to keep; the buffered one is of no more use.
Ref file_detach(Thread& thread, const Value* args) {
  Descriptor* file = open_file(thread, args[0]);
  if (!file) return {};
  if (file->raw) return detach_raw(thread, args[0]);
  if (!file->flush(thread)) return {};
  Ref raw = get_raw(thread, args[0]);
  if (!raw) return {};
  cast<BinaryFile>(raw)->file->borrowed = file->borrowed;
  file->borrowed = file->detached = true;
  return raw;
}

Ref file_repr(Thread& thread, Value self) {
  BinaryFile* object = cast<BinaryFile>(self);
  std::string out = fmt::format("<{}", full_type_name(object->type));
  bool raw = object->file && !object->file->buffered;
  if (raw && object->file->closed) return make_str(out + " [closed]>");
  Ref label = find_attr(thread, self, intern("name"));
  if (!label && thread.has_error()) {
    if (!error_matches(thread, ValueError_type)) return {};
    clear_error(thread);
  }
  if (label) {
    Ref name = repr(thread, label);
    if (!name) return {};
    out += fmt::format(" name={}", cast<Str>(name)->view());
  }
  if (raw)
    out += fmt::format(" mode='{}' closefd={}", mode_text(object->file),
                       object->file->close_fd ? "True" : "False");
  return make_str(out + ">");
}

// --- lifetime ---------------------------------------------------------------------------------------------

void file_finalize(Thread& thread, Object* object) {
  BinaryFile* self = static_cast<BinaryFile*>(object);
  if (self->file && !self->file->detached && !self->file->closed && !self->file->close(thread)) {
    write_unraisable(thread, Value(object), finalizing_file);
    self->file->closed = true;
  }
}

void file_clear(Object* object) {
  if (Descriptor* file = static_cast<BinaryFile*>(object)->file) {
    file->closed |= static_cast<bool>(file->raw); // there is nothing left to write to
    clear_field(file->raw.object);
  }
  clear_field(static_cast<BinaryFile*>(object)->name);
  attrs_clear(object);
}

void file_dealloc(Object* object) {
  gc_untrack(object);
  BinaryFile* self = static_cast<BinaryFile*>(object);
  if (self->file) clear_field(self->file->raw.object);
  delete self->file;
  clear_field(self->name);
  attrs_destroy(object);
  free_object(object);
}

void file_traverse(Object* object, Visitor& visitor) {
  visitor(static_cast<BinaryFile*>(object)->name);
  if (Descriptor* file = static_cast<BinaryFile*>(object)->file) visitor(file->raw.object);
  attrs_traverse(object, visitor);
}

Ref file_construct(Thread&, Type* type, CallArgs) { return Ref::steal(allocate_instance(type)); }

bool file_init(Thread& thread, Value self, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(thread, "FileIO", "file, mode='r', closefd=True, opener=None", args, bound)) return false;
  std::string_view mode = "r";
  if (bound[1]) {
    Str* text = to_str_arg(thread, "FileIO", "argument 'mode'", bound[1]);
    if (!text) return false;
    mode = text->view();
  }
  int closefd = bound[2] ? truthy(thread, bound[2]) : 1;
  if (closefd < 0) return false;
  Descriptor* file = open_descriptor(thread, bound[0], mode, closefd, bound[3] ? bound[3] : None);
  if (!file) return false;
  file->buffered = false;
  BinaryFile* object = cast<BinaryFile>(self);
  delete object->file;
  object->file = file;
  assign(object->name, share(bound[0]));
  return true;
}

const GetSetDef raw_getset[] = {{"closed", get_closed},
                                {"name", get_name, set_name},
                                {"mode", get_mode},
                                {"closefd", get_closefd},
                                {nullptr, nullptr}};
const GetSetDef buffered_getset[] = {{"closed", get_closed},
                                     {"name", get_name, set_name},
                                     {"mode", get_mode},
                                     {"raw", get_raw},
                                     {nullptr, nullptr}};

const NativeDef file_methods[] = {
    {"read", "self, size=-1, /", file_read, "Read and return up to size bytes."},
    {"readinto", "self, buffer, /", file_readinto, "Read bytes into a bytearray."},
    {"readline", "self, size=-1, /", file_readline, "Read and return a line."},
    {"flush", "self, /", file_flush, "Flush write buffers."},
    {"tell", "self, /", file_tell, "Return current stream position."},
    {"seekable", "self, /", file_seekable, "True if the file supports random access."},
    {"readable", "self, /", file_readable, "True if the file was opened for reading."},
    {"writable", "self, /", file_writable, "True if the file was opened for writing."},
    {"fileno", "self, /", file_fileno, "Return the underlying file descriptor."},
    {"isatty", "self, /", file_isatty, "True if the file is connected to a terminal."},
    {"close", "self, /", file_close, "Close the file."},
};
const NativeDef raw_methods[] = {
    {"readall", "self, /", file_readall, "Read all data from the file."},
    {"write", "self, b, /", file_write, "Write bytes to the file."},
    {"seek", "self, pos, whence=0, /", file_seek, "Change the stream position."},
    {"truncate", "self, size=None, /", file_truncate, "Truncate the file to at most size bytes."},
};
const NativeDef buffered_methods[] = {
    {"seek", "self, target, whence=0, /", file_seek, "Change the stream position."},
    {"truncate", "self, pos=None, /", file_truncate, "Truncate the file to at most size bytes."},
    {"detach", "self, /", file_detach, "Flush and separate the raw file, and return it."},
    {"readinto1", "self, buffer, /", file_readinto, "Read bytes into a bytearray."},
    {"read1", "self, size=-1, /", file_read1, "Read with at most one read of the system."},
};
const NativeDef reader_methods[] = {
    {"peek", "self, size=0, /", file_peek, "Return buffered bytes without advancing the position."},
};
const NativeDef writer_methods[] = {
    {"write", "self, buffer, /", file_write, "Write bytes to the file."},
};

// The methods of a file type, in a table as types want it.
const NativeDef* methods_of(const Type& type) {
  static std::vector<NativeDef> tables[4];
  static int used = 0;
  std::vector<NativeDef>& table = tables[used++];
  auto add = [&](const auto& methods) { table.insert(table.end(), std::begin(methods), std::end(methods)); };
  add(file_methods);
  if (&type == &fileio_type) add(raw_methods);
  else add(buffered_methods);
  if (&type == &buffered_reader_type || &type == &buffered_random_type) add(reader_methods);
  if (&type == &buffered_writer_type || &type == &buffered_random_type) add(writer_methods);
  table.push_back({});
  return table.data();
}

void make_file_type(Type& type, const char* name, Type& base, const GetSetDef* getset) {
  static TypeSpec specs[4];
  static int used = 0;
  TypeSpec& spec = specs[used++];
  bool raw = &type == &fileio_type;
  spec = {name, &base, sizeof(BinaryFile), TypeTracked, sizeof(Object), methods_of(type), getset};
  type.slots.dealloc = file_dealloc;
  type.slots.traverse = file_traverse;
  type.slots.clear = file_clear;
  type.slots.finalize = file_finalize;
  type.slots.repr = file_repr;
  type.slots.next = file_next;
  type.slots.construct = file_construct;
  type.slots.init = raw ? file_init : init_buffered;
  make_ready(type, spec);
}

} // namespace

Own<BinaryFile> make_binary_file(Type& type, Descriptor* file, Value name) {
  BinaryFile* object = static_cast<BinaryFile*>(allocate_instance(&type));
  object->file = file;
  incref(name);
  object->name = name;
  return Own<BinaryFile>::steal(object);
}

// --- opening ----------------------------------------------------------------------------------------------

namespace {

// The open(2) flags of a mode without b and t; false: ValueError.
bool parse_mode(Thread& thread, std::string_view mode, Descriptor& file, int& flags) {
  bool plus = mode.find('+') != mode.npos;
  char kind = '\0';
  for (char c : mode) {
    if (c == 'r' || c == 'w' || c == 'x' || c == 'a') {
      if (kind) {
        return raise_value_error(
            thread, "Must have exactly one of create/read/write/append mode and at most one plus");
      }
      kind = c;
    } else if (c != '+' && c != 'b') {
      return raise_value_error(thread, fmt::format("invalid mode: {}", mode));
    }
  }
  if (!kind) {
    return raise_value_error(thread,
                             "Must have exactly one of create/read/write/append mode and at most one plus");
  }
  file.readable = kind == 'r' || plus;
  file.writable = kind != 'r' || plus;
  file.appending = kind == 'a';
  file.created = kind == 'x';
  flags = plus ? O_RDWR : kind == 'r' ? O_RDONLY : O_WRONLY;
  if (kind == 'w') flags |= O_CREAT | O_TRUNC;
  if (kind == 'a') flags |= O_CREAT | O_APPEND;
  if (kind == 'x') flags |= O_CREAT | O_EXCL;
  return true;
}

bool call_opener(Thread& thread, Value opener, Value path, int flags, int& fd) {
  Ref result = call(thread, opener, {path, Value::from_int(flags)});
  if (!result) return false;
  int32_t number;
  if (!is_int_like(result)) return raise_type_error(thread, "expected integer from opener");
  if (!to_int32(thread, result, number)) return false;
  if (number < 0) return raise_value_error(thread, fmt::format("opener returned {}", number));
  fd = number;
  return true;
}

} // namespace

Descriptor* open_descriptor(Thread& thread, Value path, std::string_view mode, bool closefd, Value opener) {
  Descriptor file;
  int flags;
  if (!parse_mode(thread, mode, file, flags)) return nullptr;
  flags |= O_CLOEXEC;
  bool by_number = is_int_like(path);
  if (by_number) {
    int32_t number;
    if (!to_int32(thread, path, number)) return nullptr;
    if (number < 0) return raise_value_error(thread, "negative file descriptor");
    file.fd = number;
    file.close_fd = closefd;
  } else {
    if (!closefd) return raise_value_error(thread, "Cannot use closefd=False with file name");
    std::string name;
    if (opener.is_none()) {
      if (!fs_encode(thread, path, name)) return nullptr;
      do {
        file.fd = ::open(name.c_str(), flags, 0666);
      } while (file.fd < 0 && errno == EINTR);
      if (file.fd < 0) return raise_os_error(thread, errno, path);
    } else if (!call_opener(thread, opener, path, flags, file.fd)) {
      return nullptr;
    }
  }
  struct stat info;
  int status = ::fstat(file.fd, &info);
  if (status < 0 || S_ISDIR(info.st_mode)) {
    int error = status < 0 ? errno : EISDIR;
    if (!by_number) ::close(file.fd);
    return raise_os_error(thread, error, by_number && error == EBADF ? Value() : path);
  }
  if (file.appending) ::lseek(file.fd, 0, SEEK_END);
  return new Descriptor(file);
}

void init_binary_types() {
  make_file_type(fileio_type, "_io.FileIO", rawiobase_type, raw_getset);
  make_file_type(buffered_reader_type, "_io.BufferedReader", bufferediobase_type, buffered_getset);
  make_file_type(buffered_writer_type, "_io.BufferedWriter", bufferediobase_type, buffered_getset);
  make_file_type(buffered_random_type, "_io.BufferedRandom", bufferediobase_type, buffered_getset);
}

} // namespace aspy::io
