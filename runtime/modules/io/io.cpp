// The module io: open(), and the standard streams.
#include "runtime/modules/io/io.hpp"

#include "runtime/modules/io/io_internal.hpp"
#include "runtime/process/fs_path.hpp"
#include "runtime/process/sys_state.hpp"
#include "runtime/report/output.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace aspy {
namespace io {
namespace {

struct Mode {
  bool text = false, binary = false, plus = false;
  int kinds = 0; // how many of r w a x
  char kind = '\0';
};

bool parse_mode(Thread& thread, std::string_view text, Mode& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (std::string_view("rwaxbt+").find(c) == std::string_view::npos ||
        text.find(c, i + 1) != std::string_view::npos) {
      return raise_value_error(thread, fmt::format("invalid mode: '{}'", text));
    }
    if (c == 'b') {
      out.binary = true;
    } else if (c == 't') {
      out.text = true;
    } else if (c == '+') {
      out.plus = true;
    } else {
      out.kind = c;
      ++out.kinds;
    }
  }
  if (out.text && out.binary) return raise_value_error(thread, "can't have text and binary mode at once");
  if (out.kinds == 0) {
    return raise_value_error(thread,
                             "Must have exactly one of create/read/write/append mode and at most one plus");
  }
  if (out.kinds > 1)
    return raise_value_error(thread, "must have exactly one of create/read/write/append mode");
  return true;
}

bool given(Value value) { return value && !value.is_none(); }

bool optional_str(Thread& thread, Value value, const char* name) {
  if (!given(value) || is_str(value)) return true;
  return raise_type_error(
      thread, fmt::format("open() argument '{}' must be str or None, not {}", name, argument_type(value)));
}

Ref open_file(Thread& thread, const Value* args) {
  Value path = args[0];
  std::string_view mode_text = "r";
  if (args[1]) {
    if (!is_str(args[1])) {
      return raise_type_error(
          thread, fmt::format("open() argument 'mode' must be str, not {}", argument_type(args[1])));
    }
    mode_text = cast<Str>(args[1])->view();
  }
  int64_t buffering = -1;
  if (args[2] && !to_int64(thread, args[2], buffering)) return {};
  Value encoding = args[3], errors = args[4], newline = args[5];
  if (!optional_str(thread, encoding, "encoding") || !optional_str(thread, errors, "errors") ||
      !optional_str(thread, newline, "newline")) {
    return {};
  }
  int closefd = args[6] ? truthy(thread, args[6]) : 1;
  if (closefd < 0) return {};
  Ref plain = is_int_like(path) ? share(path) : fs_path(thread, path);
  if (!plain) return {};
  path = plain;
  Mode mode;
  if (!parse_mode(thread, mode_text, mode)) return {};
  if (mode.binary) {
    if (given(encoding)) return raise_value_error(thread, "binary mode doesn't take an encoding argument");
    if (given(errors)) return raise_value_error(thread, "binary mode doesn't take an errors argument");
    if (given(newline)) return raise_value_error(thread, "binary mode doesn't take a newline argument");
  }
  Newline checked;
  if (!mode.binary && !parse_newline(thread, newline ? newline : None, checked)) return {};
  if (!mode.binary && given(encoding) && cast<Str>(encoding)->view() != "locale" &&
      find_encoding(cast<Str>(encoding)->view()) == Encoding::Unknown) {
    return raise(thread, LookupError_type, fmt::format("unknown encoding: {}", cast<Str>(encoding)->view()));
  }
  if (buffering == 0 && !mode.binary) return raise_value_error(thread, "can't have unbuffered text I/O");
  std::string raw_mode(1, mode.kind);
  if (mode.plus) raw_mode += '+';
  std::unique_ptr<Descriptor> file(
      open_descriptor(thread, path, raw_mode, closefd, args[7] ? args[7] : None));
  if (!file) return {};
  bool line_buffering = buffering == 1 || (buffering < 0 && ::isatty(file->fd) == 1);
  file->buffered = buffering != 0;
  if (buffering > 1) file->buffer_size = static_cast<size_t>(buffering);
  Type& type = buffering == 0     ? fileio_type
               : mode.plus        ? buffered_random_type
               : mode.kind == 'r' ? buffered_reader_type
                                  : buffered_writer_type;
  Own<BinaryFile> binary = make_binary_file(type, file.release(), path);
  if (mode.binary) return binary;
  return make_text_file(thread, binary.value(), encoding, errors, newline, line_buffering, mode_text);
}

Ref text_encoding(Thread&, const Value* args) {
  return args[0].is_none() ? Ref(make_str("locale")) : share(args[0]);
}

const NativeDef functions[] = {
    {"open",
     "file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None",
     open_file, "Open file and return a stream. Raise OSError upon failure."},
    {"text_encoding", "encoding, stacklevel=2, /", text_encoding},
    {},
};

bool init_module(Thread& thread, Module* module) {
  init_io();
  Type* unsupported = unsupported_operation(thread);
  if (!unsupported) return false;
  // io.open is the built-in function, which comes back to this one.
  Ref opens = share(dict_get(module->dict, "open"));
  module_set(module, "_open", opens);
  if (Value open = dict_get(current_builtins, "open")) module_set(module, "open", open);
  module_set(module, "IOBase", &iobase_type);
  module_set(module, "RawIOBase", &rawiobase_type);
  module_set(module, "BufferedIOBase", &bufferediobase_type);
  module_set(module, "TextIOBase", &textiobase_type);
  module_set(module, "FileIO", &fileio_type);
  module_set(module, "BufferedReader", &buffered_reader_type);
  module_set(module, "BufferedWriter", &buffered_writer_type);
  module_set(module, "BufferedRandom", &buffered_random_type);
  module_set(module, "BytesIO", &bytesio_type);
  module_set(module, "StringIO", &stringio_type);
  module_set(module, "TextIOWrapper", &text_wrapper_type);
  module_set(module, "UnsupportedOperation", unsupported);
  module_set(module, "BlockingIOError", &BlockingIOError_type);
  module_set(module, "DEFAULT_BUFFER_SIZE", Value::from_int(default_buffer_size));
  module_set(module, "SEEK_SET", Value::from_int(0));
  module_set(module, "SEEK_CUR", Value::from_int(1));
  module_set(module, "SEEK_END", Value::from_int(2));
  return true;
}

// Where the locale says nothing of an encoding, bytes that are no UTF-8 pass through unharmed.
bool is_plain_locale() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(variable);
    if (!value || !*value) continue;
    std::string_view locale = value;
    return locale == "C" || locale == "POSIX" || locale == "C.UTF-8" || locale == "C.utf8" ||
           locale == "UTF-8";
  }
  return true;
}

// One standard stream, or None where the process was started without it.
Ref make_stream(Thread& thread, int fd, const char* name, const char* mode) {
  struct stat info;
  if (::fstat(fd, &info) < 0) return share(None);
  auto* file = new Descriptor;
  file->fd = fd;
  file->close_fd = false;
  file->readable = fd == 0;
  file->writable = fd != 0;
  file->buffered = fd == 0 || !sys_state.unbuffered;
  bool write_through = fd != 0 && sys_state.unbuffered;
  file->buffered = !write_through;
  Own<Str> label = make_str(name);
  Type& type = write_through ? fileio_type : fd == 0 ? buffered_reader_type : buffered_writer_type;
  Own<BinaryFile> binary = make_binary_file(type, file, label.value());
  Own<Str> encoding = make_str("utf-8"), errors = make_str(fd == 2             ? "backslashreplace"
                                                           : is_plain_locale() ? "surrogateescape"
                                                                               : "strict");
  Own<Str> newline = make_str("\n");
  bool line_buffering = fd == 2 || ::isatty(fd) == 1;
  return make_text_file(thread, binary.value(), encoding.value(), errors.value(),
                        fd == 0 ? None : newline.value(), line_buffering, mode, write_through);
}

} // namespace
} // namespace io

extern const ModuleSpec io_module = {"_io", io::functions, io::init_module,
                                     "Streams: text, binary and in-memory files."};

void init_io() {
  static bool done = false;
  if (done) return;
  done = true;
  io::init_base_types();
  io::init_binary_types();
  io::init_memory_types();
  io::init_text_file_types();
}

bool install_standard_streams(Thread& thread, Dict* sys_namespace) {
  init_io();
  struct Stream {
    int fd;
    const char *name, *twin, *label, *mode;
  };
  static const Stream streams[] = {{0, "stdin", "__stdin__", "<stdin>", "r"},
                                   {1, "stdout", "__stdout__", "<stdout>", "w"},
                                   {2, "stderr", "__stderr__", "<stderr>", "w"}};
  for (const Stream& stream : streams) {
    Ref file = io::make_stream(thread, stream.fd, stream.label, stream.mode);
    if (!file) return false;
    dict_set(sys_namespace, intern(stream.name), file);
    dict_set(sys_namespace, intern(stream.twin), file);
  }
  return true;
}

bool flush_standard_streams(Thread& thread) {
  bool written = true;
  for (const char* name : {"stdout", "stderr"}) {
    Value file = standard_stream(name);
    if (!file) continue;
    Ref keep = share(file);
    // A stream that a script closed has nothing left to write.
    Ref closed = find_attr(thread, file, intern("closed"));
    if (!closed && thread.has_error()) clear_error(thread);
    if (closed && truthy(thread, closed) > 0) continue;
    if (flush_file(thread, file)) continue;
    if (name[3] == 'o') {
      written = false;
      write_unraisable(thread, Value(), "Exception ignored while flushing sys.stdout");
    } else {
      written = false;
      clear_error(thread);
    }
  }
  return written;
}

} // namespace aspy
