// Buffered files over a raw object that a script made: BufferedReader(raw), BufferedWriter(raw),
// BufferedRandom(raw). The buffers are a Descriptor's as for any file; what they ask of the system goes to
// the methods of the raw object instead.
#include "runtime/modules/io/io_internal.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes_internal.hpp"
#include "vm/object/number/int.hpp"

#include <cerrno>
#include <fmt/format.h>

namespace aspy::io {
namespace {

bool invalid_length(Thread& thread, const char* method, int64_t length, size_t most) {
  return raise(thread, OSError_type,
               fmt::format("raw {}() returned invalid length {} (should have been between 0 and {})", method,
                           length, most));
}

bool raw_position(Thread& thread, const Ref& answer, int64_t& position) {
  if (!answer || !to_int64(thread, answer, position)) return false;
  return position >= 0 ||
         raise(thread, OSError_type, fmt::format("Raw stream returned invalid position {}", position));
}

// Whether the raw object says yes to a question ("readable"); false: raised, UnsupportedOperation on a no.
bool demand(Thread& thread, Value raw, const char* question) {
  Ref answer = call_method(thread, raw, question);
  int yes = answer ? truthy(thread, answer) : -1;
  if (yes < 0) return false;
  return yes || raise_unsupported(thread, fmt::format("File or stream is not {}.", question));
}

} // namespace

bool RawObject::read(Thread& thread, size_t count, std::string& into, bool& eof) {
  Own<ByteArray> room = make_bytearray(std::string(count, '\0'));
  Ref answer = call_method(thread, object, "readinto", {room.value()});
  if (!answer) return false;
  blocked = answer.get().is_none();
  eof = blocked;
  if (blocked) return true;
  int64_t got;
  if (!to_int64(thread, answer, got)) return false;
  if (got < 0 || static_cast<size_t>(got) > count) return invalid_length(thread, "readinto", got, count);
  eof = got == 0;
  into.append(room->view().substr(0, static_cast<size_t>(got)));
  return true;
}

bool RawObject::read_all(Thread& thread, std::string& into) {
  Ref readall = find_attr(thread, object, intern("readall"));
  if (!readall && thread.has_error()) return false;
  for (;;) {
    Ref piece = readall ? call(thread, readall) : call_method(thread, object, "read");
    if (!piece) return false;
    blocked = piece.get().is_none();
    if (blocked) return true;
    std::string_view bytes;
    if (!is_bytes(piece) || !as_bytes_like(piece, bytes))
      return raise_type_error(thread, fmt::format("{}() should return bytes", readall ? "readall" : "read"));
    into.append(bytes);
    if (readall || bytes.empty()) return true;
  }
}

bool RawObject::write(Thread& thread, std::string_view& data) {
  while (!data.empty()) {
    Own<Bytes> bytes = make_bytes(data);
    Ref answer = call_method(thread, object, "write", {bytes.value()});
    if (!answer) return false;
    if (answer.get().is_none()) {
      Own<Str> message = make_str("write could not complete without blocking");
      Ref error = call(thread, Value(&BlockingIOError_type),
                       {Value::from_int(EAGAIN), message.value(), Value::from_int(0)});
      if (error) raise_value(thread, error);
      return false;
    }
    int64_t done;
    if (!to_int64(thread, answer, done)) return false;
    if (done < 0 || static_cast<size_t>(done) > data.size())
      return invalid_length(thread, "write", done, data.size());
    data.remove_prefix(static_cast<size_t>(done));
  }
  return true;
}

bool RawObject::seek(Thread& thread, int64_t offset, int whence, int64_t& position) {
  return raw_position(thread,
                      call_method(thread, object, "seek", {Value::from_int(offset), Value::from_int(whence)}),
                      position);
}

bool RawObject::tell(Thread& thread, int64_t& position) {
  return raw_position(thread, call_method(thread, object, "tell"), position);
}

bool init_buffered(Thread& thread, Value self, CallArgs args) {
  BoundArgs bound;
  BinaryFile* object = cast<BinaryFile>(self);
  bool random = is_instance(self, buffered_random_type);
  bool reads = random || is_instance(self, buffered_reader_type);
  bool writes = random || !reads;
  const char* name = random ? "BufferedRandom" : reads ? "BufferedReader" : "BufferedWriter";
  if (!bind_args(thread, name, "raw, buffer_size=131072", args, bound)) return false;
  int64_t size = default_buffer_size;
  if (bound[1] && !to_int64(thread, bound[1], size)) return false;
  Ref raw = share(bound[0]);
  if (random && !demand(thread, raw, "seekable")) return false;
  if (reads && !demand(thread, raw, "readable")) return false;
  if (writes && !demand(thread, raw, "writable")) return false;
  if (size <= 0) return raise_value_error(thread, "buffer size must be strictly positive");
  if (!may_allocate(thread, static_cast<size_t>(size))) return false;
  Descriptor fresh;
  fresh.readable = reads;
  fresh.writable = writes;
  fresh.buffer_size = static_cast<size_t>(size);
  fresh.raw.object = raw.release();
  if (!object->file) object->file = new Descriptor;
  Value before = object->file->raw.object;
  *object->file = std::move(fresh);
  decref(before);
  return true;
}

// The raw object, which the buffered file gives up.
Ref detach_raw(Thread& thread, Value self) {
  Descriptor* file = cast<BinaryFile>(self)->file;
  if (!file->flush(thread)) return {};
  file->detached = true;
  return Ref::steal(std::exchange(file->raw.object, Value()));
}

} // namespace aspy::io
