// What the files of the io module share.
//
//   io.IOBase <- io.RawIOBase <- FileIO                     a descriptor, unbuffered
//             <- io.BufferedIOBase <- BufferedReader, BufferedWriter, BufferedRandom, BytesIO
//             <- io.TextIOBase <- TextIOWrapper, StringIO
#pragma once

#include "vm/object/attribute/shape.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/encoding/codecs.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace aspy::io {

extern Type iobase_type, rawiobase_type, bufferediobase_type, textiobase_type;
extern Type fileio_type, buffered_reader_type, buffered_writer_type, buffered_random_type;
extern Type bytesio_type, stringio_type, text_wrapper_type;

inline constexpr size_t default_buffer_size = 131072; // io.DEFAULT_BUFFER_SIZE
inline constexpr size_t text_chunk_size = 8192;       // what a text file reads and collects at a time

// io.UnsupportedOperation (an OSError and a ValueError).
Type* unsupported_operation(Thread& thread); // the class; null: raised
Raised raise_unsupported(Thread& thread, std::string_view message);

// --- files on descriptors ---------------------------------------------------------------------------
// A raw object of a script under a buffered file: its methods in place of system calls. False: raised.
struct RawObject {
  Value object;         // owned by the file; empty: there is a descriptor
  bool blocked = false; // the last read had nothing to give yet

  explicit operator bool() const { return static_cast<bool>(object); }
  bool read(Thread& thread, size_t count, std::string& into, bool& eof);
  bool read_all(Thread& thread, std::string& into);
  bool write(Thread& thread, std::string_view& data); // `data` becomes what is left
  bool seek(Thread& thread, int64_t offset, int whence, int64_t& position);
  bool tell(Thread& thread, int64_t& position);
};

// An open descriptor with what was read ahead and what is not written yet. Every call that blocks releases
// the interpreter lock, and runs signal handlers when interrupted. False: raised.
struct Descriptor {
  int fd = -1;
  bool close_fd = true, readable = false, writable = false, appending = false, created = false;
  bool buffered = true;
  bool closed = false;
  bool borrowed = false; // another file closes it
  bool detached = false; // detach() gave the raw file away
  RawObject raw;
  size_t buffer_size = default_buffer_size;
  std::string in; // read ahead; consumed up to in_at
  size_t in_at = 0;
  std::string out; // to be written

  size_t available() const { return in.size() - in_at; }
  // How much is asked for at a time: a raw object sees the whole buffer.
  size_t read_ahead() const { return raw ? buffer_size : std::min(buffer_size, size_t{65536}); }
  // One read from the system of up to `count` bytes, appended to `into`. `eof` when there was nothing more.
  bool read_some(Thread& thread, size_t count, std::string& into, bool& eof);
  bool write_all(Thread& thread, std::string_view& data); // `data` becomes what is left
  bool flush(Thread& thread);
  bool write(Thread& thread, std::string_view data); // through the buffer
  // Reads `count` bytes (all when negative) through the buffer; `one` stops after a single system read.
  bool read(Thread& thread, int64_t count, bool one, std::string& out);
  bool read_line(Thread& thread, int64_t limit, std::string& out);
  bool seek(Thread& thread, int64_t offset, int whence, int64_t& position);
  bool tell(Thread& thread, int64_t& position);
  bool close(Thread& thread); // flushes first; idempotent
};

struct BinaryFile : Object {
  Attrs attrs;
  Descriptor* file = nullptr; // owned; null until __init__
  Value name;                 // owned
};
inline bool is_binary_file(Value value) {
  return value.is_object() &&
         (is_instance(value, fileio_type) || is_instance(value, buffered_reader_type) ||
          is_instance(value, buffered_writer_type) || is_instance(value, buffered_random_type));
}
// Opens a path or takes a descriptor number; `mode` without t. Null: raised.
Descriptor* open_descriptor(Thread& thread, Value path, std::string_view mode, bool closefd,
                            Value opener_or_none);
Own<BinaryFile> make_binary_file(Type& type, Descriptor* file, Value name); // takes over `file`
// BufferedReader(raw, buffer_size) and its kin, and what detach() of such a file gives.
bool init_buffered(Thread& thread, Value self, CallArgs args);
Ref detach_raw(Thread& thread, Value self);

// --- BytesIO and StringIO -----------------------------------------------------------------------------
struct BytesIO : Object {
  Attrs attrs;
  std::string* data = nullptr; // owned
  size_t at = 0;
  bool closed = false;
};

// --- text files -------------------------------------------------------------------------------------------
enum class Newline : uint8_t { Universal, Untranslated, Lf, Cr, CrLf };
// The meaning of a `newline` argument (None or str). False: raised.
bool parse_newline(Thread& thread, Value argument, Newline& out,
                   bool quoted = false); // quoted: in the message
// Turns \r\n and \r into \n.
void translate_newlines(std::string& text);
// End of the line that begins at `at`: one behind its newline, or npos when `text` holds no complete line.
size_t find_line_end(std::string_view text, size_t at, Newline mode);

// open() of a text file, behind the binary one.
Ref make_text_file(Thread& thread, Value buffer, Value encoding, Value errors, Value newline,
                   bool line_buffering, std::string_view mode, bool write_through = false);

// --- arguments -----------------------------------------------------------------------------------------
// A size argument: None or empty gives -1. TypeError "argument should be integer or None, not 'T'".
bool size_arg(Thread& thread, Value value, int64_t& out);
Raised raise_closed(Thread& thread); // ValueError "I/O operation on closed file."

// The finalizer of streams: what nobody closed is closed when its last reference goes.
void close_forgotten(Thread& thread, Object* object);
inline constexpr const char* finalizing_file = "Exception ignored while finalizing file"; // for its errors

void init_base_types();
void init_binary_types();
void init_memory_types();
void init_text_file_types();

// Methods that several types have: context manager, iteration (readline until it gives nothing), readlines,
// writelines.
Ref enter(Thread& thread, const Value* args);
Ref exit(Thread& thread, const Value* args);
Ref iter_self(Thread& thread, Value self);
Ref next_line(Thread& thread, Value self);
Ref readlines(Thread& thread, const Value* args);
Ref writelines(Thread& thread, const Value* args);

} // namespace aspy::io
