// TextIOWrapper: text over a binary file. Decodes in chunks, translates newlines, collects what is written.
#include "runtime/modules/io/io.hpp"
#include "runtime/modules/io/io_internal.hpp"
#include "runtime/report/output.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str_internal.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>

namespace aspy::io {

Type text_wrapper_type;

namespace {

struct TextState {
  Encoding encoding = Encoding::Utf8;
  std::string encoding_name, errors = "strict";
  Newline newline = Newline::Universal;
  bool line_buffering = false, write_through = false;
  bool telling_disabled = false; // by iteration
  bool started = false;          // something was written: the byte order mark is behind
  std::string pending;           // encoded, not yet given to the buffer

  // The chunk being read: its raw bytes (for tell), what could not be decoded yet, and the decoded text up to
  // `at`.
  int64_t chunk_start = -1;
  std::string chunk, tail, decoded;
  size_t at = 0;
  bool at_eof = false, held_return = false;
  int newlines_seen = 0; // 1: \n, 2: \r, 4: \r\n
};

struct TextFile : Object {
  Attrs attrs;
  Value buffer;               // owned; empty when detached or not initialised
  TextState* state = nullptr; // owned
  Value mode;                 // as open() was given, owned; empty otherwise
};

TextFile* as_text(Value value) { return cast<TextFile>(value); }

// The descriptor below, where reading and writing need not go through the buffer's methods: a file of the
// system, and no subclass that may have its own.
Descriptor* native_descriptor(TextFile* self) {
  if (!self->buffer || !is_binary_file(self->buffer) || type_of(self->buffer)->is_heap()) return nullptr;
  Descriptor* file = cast<BinaryFile>(self->buffer)->file;
  return file && !file->raw && !file->detached ? file : nullptr;
}

// The file's state when it is attached; null: raised.
TextState* attached(Thread& thread, Value self) {
  TextFile* file = as_text(self);
  if (!file->state) return raise_value_error(thread, "I/O operation on uninitialized object");
  if (!file->buffer) return raise_value_error(thread, "underlying buffer has been detached");
  return file->state;
}

// Whether the buffer is closed; -1 raised.
int is_closed(Thread& thread, TextFile* self) {
  if (Descriptor* file = native_descriptor(self)) return file->closed;
  Ref closed = get_attr(thread, self->buffer, "closed");
  return closed ? truthy(thread, closed) : -1;
}

TextState* open_state(Thread& thread, Value self) {
  TextState* state = attached(thread, self);
  if (!state) return nullptr;
  int closed = is_closed(thread, as_text(self));
  if (closed > 0) raise_closed(thread);
  return closed == 0 ? state : nullptr;
}

// Asks the buffer a yes-or-no question ("readable").
int ask(Thread& thread, TextFile* self, const char* question) {
  Ref answer = call_method(thread, self->buffer, question);
  return answer ? truthy(thread, answer) : -1;
}

// --- writing -------------------------------------------------------------------------------------------

bool write_pending(Thread& thread, TextFile* self) {
  TextState* state = self->state;
  if (state->pending.empty()) return true;
  std::string data;
  data.swap(state->pending);
  if (Descriptor* file = native_descriptor(self)) return file->write(thread, data);
  Own<Bytes> bytes = make_bytes(data);
  return static_cast<bool>(call_method(thread, self->buffer, "write", {bytes.value()}));
}

bool flush_text(Thread& thread, TextFile* self) {
  if (!write_pending(thread, self)) return false;
  if (Descriptor* file = native_descriptor(self)) return file->flush(thread);
  return static_cast<bool>(call_method(thread, self->buffer, "flush"));
}

bool encode_piece(Thread& thread, TextState* state, Str* text) {
  Encoding encoding = state->encoding;
  // A byte order mark is only for the beginning.
  if (state->started && encoding == Encoding::Utf16) encoding = Encoding::Utf16Le;
  if (state->started && encoding == Encoding::Utf32) encoding = Encoding::Utf32Le;
  if (state->started && encoding == Encoding::Utf8Sig) encoding = Encoding::Utf8;
  state->started = true;
  return encode_to(thread, text, encoding, state->errors, state->pending);
}

// After something was added to `pending`: writes it on when that is due.
bool settle(Thread& thread, TextFile* self, bool has_newline, bool has_return) {
  TextState* state = self->state;
  // What was read ahead no longer fits.
  state->decoded.clear();
  state->at = 0;
  state->tail.clear();
  state->chunk.clear();
  state->chunk_start = -1;
  bool line_done = state->line_buffering && (has_newline || has_return);
  if (state->pending.size() >= text_chunk_size || line_done || state->write_through) {
    if (!write_pending(thread, self)) return false;
  }
  if (!line_done && !state->write_through) return true;
  return flush_text(thread, self);
}

bool write_text(Thread& thread, TextFile* self, Str* text) {
  TextState* state = self->state;
  if (Descriptor* file = native_descriptor(self)) {
    if (!file->writable) return raise_unsupported(thread, "not writable");
  } else {
    int writable = ask(thread, self, "writable");
    if (writable < 0) return false;
    if (!writable) return raise_unsupported(thread, "not writable");
  }
  bool has_newline = text->view().find('\n') != std::string_view::npos;
  bool has_return = text->view().find('\r') != std::string_view::npos;
  size_t before = state->pending.size();
  if (has_newline && (state->newline == Newline::Cr || state->newline == Newline::CrLf)) {
    std::string_view end = state->newline == Newline::Cr ? "\r" : "\r\n";
    std::string translated;
    for (char c : text->view()) {
      if (c == '\n') {
        translated += end;
      } else {
        translated += c;
      }
    }
    Own<Str> replaced = make_str(translated);
    if (!encode_piece(thread, state, replaced.get())) {
      state->pending.resize(before);
      return false;
    }
  } else if (!encode_piece(thread, state, text)) {
    state->pending.resize(before); // nothing of a text that cannot be encoded is written
    return false;
  }
  return settle(thread, self, has_newline, has_return);
}

// --- reading -------------------------------------------------------------------------------------------

// Bytes at the end of `data` that begin a character whose rest is still to come.
size_t unfinished_tail(std::string_view data, Encoding encoding) {
  if (encoding == Encoding::Utf8 || encoding == Encoding::Utf8Sig) {
    for (size_t back = 1; back <= std::min<size_t>(3, data.size()); ++back) {
      char c = data[data.size() - back];
      if (is_continuation(c)) continue;
      auto lead = static_cast<unsigned char>(c);
      return lead >= 0xC2 && lead <= 0xF4 && codepoint_size(c) > back ? back : 0;
    }
    return 0;
  }
  if (encoding >= Encoding::Utf16 && encoding <= Encoding::Utf16Be) return data.size() % 2;
  if (encoding >= Encoding::Utf32 && encoding <= Encoding::Utf32Be) return data.size() % 4;
  return 0;
}

bool is_wide(Encoding encoding) { return encoding >= Encoding::Utf16 && encoding <= Encoding::Utf32Be; }

void note_newlines(TextState* state, std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      state->newlines_seen |= i && text[i - 1] == '\r' ? 4 : 1;
    } else if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) {
      state->newlines_seen |= 2;
    }
  }
}

// Reads the next chunk (all that is left when `all`) and appends its text to `decoded`. At the end sets
// at_eof.
bool read_chunk(Thread& thread, TextFile* self, bool all) {
  TextState* state = self->state;
  std::string data;
  bool eof = false;
  bool whole = all || is_wide(state->encoding); // wide encodings are decoded in one piece
  if (Descriptor* file = native_descriptor(self)) {
    if (!file->readable) return raise_unsupported(thread, "not readable");
    if (state->chunk_start < 0) {
      off_t position = ::lseek(file->fd, 0, SEEK_CUR);
      state->chunk_start = position < 0 ? -1 : position - static_cast<int64_t>(file->available());
      state->chunk.clear();
    }
    if (!file->read(thread, whole ? -1 : static_cast<int64_t>(text_chunk_size), !whole, data)) return false;
    eof = data.empty() || whole;
  } else {
    Value size = whole ? Value::from_int(-1) : Value::from_int(text_chunk_size);
    Ref piece = call_method(thread, self->buffer, whole ? "read" : "read1", {size});
    if (!piece) return false;
    std::string_view bytes;
    if (!as_bytes_like(piece, bytes)) {
      return raise_type_error(
          thread, fmt::format("underlying {}() should have returned a bytes-like object, not '{}'",
                              whole ? "read" : "read1", type_name(piece)));
    }
    data.assign(bytes);
    eof = data.empty() || whole;
  }
  state->chunk += data;
  std::string bytes = std::move(state->tail) + data;
  state->tail.clear();
  if (!eof) {
    size_t keep = unfinished_tail(bytes, state->encoding);
    state->tail = bytes.substr(bytes.size() - keep);
    bytes.resize(bytes.size() - keep);
  }
  std::string text;
  if (!decode_to(thread, bytes, state->encoding, state->errors, {}, text)) return false;
  if (state->held_return) text.insert(text.begin(), '\r');
  state->held_return = false;
  if (state->newline == Newline::Universal || state->newline == Newline::Untranslated) {
    // A return at the end of a chunk may be the first half of \r\n.
    if (!eof && text.ends_with('\r')) {
      state->held_return = true;
      text.pop_back();
    }
    if (text.find('\r') != std::string::npos || state->newlines_seen != 1) note_newlines(state, text);
    if (state->newline == Newline::Universal) translate_newlines(text);
  }
  state->decoded += text;
  state->at_eof = eof;
  return true;
}

// Drops what was consumed once it is all of it, and begins a new chunk.
void drop_consumed(TextState* state) {
  if (state->at < state->decoded.size()) return;
  state->decoded.clear();
  state->at = 0;
  if (state->tail.empty() && !state->held_return) {
    state->chunk_start = -1;
    state->chunk.clear();
  }
}

Ref take(TextState* state, size_t bytes) {
  Own<Str> text = make_str(std::string_view(state->decoded).substr(state->at, bytes));
  state->at += bytes;
  return text;
}

bool prepare_read(Thread& thread, Value self) {
  TextState* state = open_state(thread, self);
  if (!state || !write_pending(thread, as_text(self))) return false;
  return true;
}

Ref text_read(Thread& thread, const Value* args) {
  int64_t size;
  if (!open_state(thread, args[0]) || !size_arg(thread, args[1], size) || !prepare_read(thread, args[0]))
    return {};
  TextFile* self = as_text(args[0]);
  TextState* state = self->state;
  if (size < 0) {
    if (!read_chunk(thread, self, true)) return {};
    Ref text = take(state, state->decoded.size() - state->at);
    drop_consumed(state);
    return text;
  }
  size_t end = state->at;
  int64_t count = 0;
  for (;;) {
    for (; count < size && end < state->decoded.size(); ++count) end += codepoint_size(state->decoded[end]);
    if (count == size) break;
    if (!read_chunk(thread, self, false)) return {};
    if (state->at_eof && end >= state->decoded.size()) break;
  }
  Ref text = take(state, end - state->at);
  drop_consumed(state);
  return text;
}

// The next line, empty at the end. `limit` counts code points; negative: none.
Ref read_line(Thread& thread, Value self_value, int64_t limit) {
  if (!prepare_read(thread, self_value)) return {};
  TextFile* self = as_text(self_value);
  TextState* state = self->state;
  drop_consumed(state);
  for (;;) {
    size_t end = find_line_end(state->decoded, state->at, state->newline);
    if (limit >= 0) {
      size_t cut = state->at;
      for (int64_t i = 0; i < limit && cut < state->decoded.size(); ++i)
        cut += codepoint_size(state->decoded[cut]);
      bool enough =
          static_cast<int64_t>(count_codepoints(std::string_view(state->decoded).substr(state->at))) >= limit;
      if (enough && (end == std::string::npos || cut < end)) end = cut;
    }
    if (end != std::string::npos) return take(state, end - state->at);
    if (!read_chunk(thread, self, false)) return {};
    if (state->at_eof) {
      end = find_line_end(state->decoded, state->at, state->newline);
      if (end == std::string::npos) end = state->decoded.size();
      return take(state, end - state->at);
    }
  }
}

Ref text_readline(Thread& thread, const Value* args) {
  int64_t limit;
  if (!open_state(thread, args[0])) return {};
  limit = -1;
  if (args[1] && !args[1].is_none() && !to_index(thread, args[1], limit)) return {};
  return read_line(thread, args[0], limit);
}

Ref text_next(Thread& thread, Value self) {
  if (!open_state(thread, self)) return {};
  as_text(self)->state->telling_disabled = true;
  Ref line = read_line(thread, self, -1);
  if (line && cast<Str>(line)->size) return line;
  as_text(self)->state->telling_disabled = false;
  return {};
}

Ref text_write(Thread& thread, const Value* args) {
  if (!is_str(args[1])) {
    return raise_type_error(thread,
                            fmt::format("write() argument must be str, not {}", argument_type(args[1])));
  }
  if (!open_state(thread, args[0]) || !write_text(thread, as_text(args[0]), cast<Str>(args[1]))) return {};
  return make_int(cast<Str>(args[1])->length);
}

Ref text_flush(Thread& thread, const Value* args) {
  TextState* state = open_state(thread, args[0]);
  if (!state) return {};
  state->telling_disabled = false;
  return flush_text(thread, as_text(args[0])) ? share(None) : Ref();
}

bool close_text(Thread& thread, TextFile* self) {
  int closed = is_closed(thread, self);
  if (closed != 0) return closed > 0;
  bool flushed = flush_text(thread, self);
  Ref error = flushed ? Ref() : take_error(thread);
  bool done = static_cast<bool>(call_method(thread, self->buffer, "close"));
  if (!flushed) { // the first error is the one to tell
    clear_error(thread);
    thread.error = error.release();
    return false;
  }
  return done;
}

Ref text_close(Thread& thread, const Value* args) {
  if (!attached(thread, args[0])) return {};
  return close_text(thread, as_text(args[0])) ? share(None) : Ref();
}

Ref text_detach(Thread& thread, const Value* args) {
  if (!open_state(thread, args[0]) || !flush_text(thread, as_text(args[0]))) return {};
  return Ref::steal(std::exchange(as_text(args[0])->buffer, Value()));
}

// --- position ------------------------------------------------------------------------------------

// How many raw bytes of the chunk the first `consumed` bytes of its text came from.
size_t raw_bytes(const TextState* state, size_t consumed) {
  bool single = state->encoding >= Encoding::Ascii && state->encoding <= Encoding::Cp1252;
  std::string_view raw = state->chunk;
  size_t at = 0, made = 0;
  while (made < consumed && at < raw.size()) {
    if (state->newline == Newline::Universal && raw[at] == '\r') {
      at += at + 1 < raw.size() && raw[at + 1] == '\n' ? 2 : 1;
      ++made;
      continue;
    }
    made += single && static_cast<signed char>(raw[at]) < 0 ? 2 : 1;
    ++at;
  }
  return at;
}

Ref text_tell(Thread& thread, const Value* args) {
  TextState* state = open_state(thread, args[0]);
  if (!state) return {};
  if (state->telling_disabled) return raise(thread, OSError_type, "telling position disabled by next() call");
  if (!flush_text(thread, as_text(args[0]))) return {};
  if (state->chunk_start >= 0)
    return make_int(state->chunk_start + static_cast<int64_t>(raw_bytes(state, state->at)));
  Ref here = call_method(thread, as_text(args[0])->buffer, "tell");
  int64_t end;
  if (!here || state->chunk.empty() || !to_int64(thread, here, end)) return here;
  return make_int(end - static_cast<int64_t>(state->chunk.size() - raw_bytes(state, state->at)));
}

Ref text_seek(Thread& thread, const Value* args) {
  TextState* state = open_state(thread, args[0]);
  int64_t offset, whence = 0;
  if (!state || !to_int64(thread, args[1], offset)) return {};
  if (args[2] && !to_int64(thread, args[2], whence)) return {};
  TextFile* self = as_text(args[0]);
  if (whence == 1) {
    if (offset != 0) return raise_unsupported(thread, "can't do nonzero cur-relative seeks");
    state->telling_disabled = false;
    Ref here = text_tell(thread, args);
    if (!here || !to_int64(thread, here, offset)) return {};
    whence = 0;
  } else if (whence == 2) {
    if (offset != 0) return raise_unsupported(thread, "can't do nonzero end-relative seeks");
  } else if (whence != 0) {
    return raise_value_error(thread, fmt::format("invalid whence ({}, should be 0, 1 or 2)", whence));
  } else if (offset < 0) {
    return raise_value_error(thread, fmt::format("negative seek position {}", offset));
  }
  if (!flush_text(thread, self)) return {};
  Ref position =
      call_method(thread, self->buffer, "seek", {Value::from_int(offset), Value::from_int(whence)});
  if (!position) return {};
  state->decoded.clear();
  state->at = 0;
  state->tail.clear();
  state->chunk.clear();
  state->chunk_start = -1;
  state->at_eof = state->held_return = state->telling_disabled = false;
  state->started = offset != 0 || whence == 2;
  return position;
}

Ref text_truncate(Thread& thread, const Value* args) {
  if (!open_state(thread, args[0]) || !flush_text(thread, as_text(args[0]))) return {};
  Value size = args[1] ? args[1] : None;
  Ref here;
  if (size.is_none()) {
    here = text_tell(thread, args);
    if (!here) return {};
    size = here;
  }
  return call_method(thread, as_text(args[0])->buffer, "truncate", {size});
}

// --- state ------------------------------------------------------------------------------------------------

template <const char* name> Ref ask_buffer(Thread& thread, const Value* args) {
  if (!attached(thread, args[0])) return {};
  return call_method(thread, as_text(args[0])->buffer, name);
}
constexpr char name_readable[] = "readable", name_writable[] = "writable", name_seekable[] = "seekable",
               name_fileno[] = "fileno", name_isatty[] = "isatty";

Ref text_reconfigure(Thread& thread, const Value* args) {
  if (!open_state(thread, args[0])) return {};
  TextState* state = attached(thread, args[0]);
  if (!state) return {};
  bool read_ahead = !state->decoded.empty() || state->chunk_start >= 0;
  if (read_ahead && ((args[1] && !args[1].is_none()) || args[3])) {
    return raise_unsupported(
        thread, "It is not possible to set the encoding or newline of stream after the first read");
  }
  if (args[1] && !args[1].is_none()) {
    Str* encoding = to_str_arg(thread, "reconfigure", "argument 'encoding'", args[1]);
    if (!encoding) return {};
    Encoding found = find_encoding(encoding->view());
    if (found == Encoding::Unknown)
      return raise(thread, LookupError_type, fmt::format("unknown encoding: {}", encoding->view()));
    state->encoding = found;
    state->encoding_name = encoding->view();
    if (args[2].is_empty() || args[2].is_none()) state->errors = "strict";
  }
  if (args[2] && !args[2].is_none()) {
    Str* errors = to_str_arg(thread, "reconfigure", "argument 'errors'", args[2]);
    if (!errors) return {};
    state->errors = errors->view();
  }
  if (args[3] && !parse_newline(thread, args[3], state->newline)) return {};
  if (!flush_text(thread, as_text(args[0]))) return {};
  for (int i : {4, 5}) {
    if (args[i].is_empty() || args[i].is_none()) continue;
    int on = truthy(thread, args[i]);
    if (on < 0) return {};
    (i == 4 ? state->line_buffering : state->write_through) = on;
  }
  return share(None);
}

Ref get_buffer(Thread& thread, Value self) {
  return attached(thread, self) ? share(as_text(self)->buffer) : Ref();
}
Ref get_encoding(Thread& thread, Value self) {
  TextState* state = attached(thread, self);
  return state ? Ref(make_str(state->encoding_name)) : Ref();
}
Ref get_errors(Thread& thread, Value self) {
  TextState* state = attached(thread, self);
  return state ? Ref(make_str(state->errors)) : Ref();
}
Ref get_line_buffering(Thread& thread, Value self) {
  TextState* state = attached(thread, self);
  return state ? share(Value::from_bool(state->line_buffering)) : Ref();
}
Ref get_write_through(Thread& thread, Value self) {
  TextState* state = attached(thread, self);
  return state ? share(Value::from_bool(state->write_through)) : Ref();
}
Ref get_closed(Thread& thread, Value self) {
  if (!attached(thread, self)) return {};
  int closed = is_closed(thread, as_text(self));
  return closed < 0 ? Ref() : share(Value::from_bool(closed));
}
Ref get_name(Thread& thread, Value self) {
  return attached(thread, self) ? get_attr(thread, as_text(self)->buffer, "name") : Ref();
}
Ref get_mode(Thread& thread, Value self) {
  if (as_text(self)->mode) return share(as_text(self)->mode);
  return raise(thread, AttributeError_type,
               fmt::format("'{}' object has no attribute 'mode'", full_type_name(type_of(self))));
}
bool set_mode(Thread&, Value self, Value value) {
  assign(as_text(self)->mode, value ? share(value) : Ref());
  return true;
}

Ref get_newlines(Thread& thread, Value self) {
  TextState* state = attached(thread, self);
  if (!state) return {};
  if (state->newlines_seen == 0) return share(None);
  const char* const texts[] = {"\r", "\n", "\r\n"};
  const int bits[] = {2, 1, 4};
  Value found[3];
  size_t count = 0;
  for (int i = 0; i < 3; ++i) {
    if (state->newlines_seen & bits[i]) found[count++] = intern(texts[i]);
  }
  if (count == 1) return share(found[0]);
  return make_tuple(std::span<const Value>(found, count));
}

Ref text_repr(Thread& thread, Value self) {
  TextFile* file = as_text(self);
  if (!file->state || !file->buffer)
    return raise_value_error(thread, "I/O operation on uninitialized object");
  std::string out = fmt::format("<{}", full_type_name(file->type));
  Ref name = find_attr(thread, file->buffer, intern("name"));
  if (!name && thread.has_error()) clear_error(thread);
  if (name) {
    Ref text = repr(thread, name);
    if (!text) return {};
    out += fmt::format(" name={}", cast<Str>(text)->view());
  }
  if (file->mode) {
    Ref text = repr(thread, file->mode);
    if (!text) return {};
    out += fmt::format(" mode={}", cast<Str>(text)->view());
  }
  return make_str(out + fmt::format(" encoding={}>", quote(file->state->encoding_name)));
}

// --- lifetime ---------------------------------------------------------------------------------------------

void text_finalize(Thread& thread, Object* object) {
  TextFile* self = static_cast<TextFile*>(object);
  if (self->state && self->buffer && !close_text(thread, self))
    write_unraisable(thread, Value(object), finalizing_file);
}

void text_clear(Object* object) {
  clear_field(static_cast<TextFile*>(object)->buffer);
  clear_field(static_cast<TextFile*>(object)->mode);
  attrs_clear(object);
}

void text_dealloc(Object* object) {
  gc_untrack(object);
  TextFile* self = static_cast<TextFile*>(object);
  clear_field(self->buffer);
  clear_field(self->mode);
  delete self->state;
  attrs_destroy(object);
  free_object(object);
}

void text_traverse(Object* object, Visitor& visitor) {
  visitor(static_cast<TextFile*>(object)->buffer);
  attrs_traverse(object, visitor);
}

Ref text_construct(Thread&, Type* type, CallArgs) { return Ref::steal(allocate_instance(type)); }

bool initialize(Thread& thread, TextFile* self, Value buffer, Value encoding, Value errors, Value newline,
                bool line_buffering, bool write_through) {
  // Anything that is no file at all is refused here.
  if (!is_binary_file(buffer) && !call_method(thread, buffer, "readable")) return false;
  auto state = std::make_unique<TextState>();
  state->encoding_name = "UTF-8";
  if (encoding && !encoding.is_none()) {
    Str* name = to_str_arg(thread, "TextIOWrapper", "argument 'encoding'", encoding);
    if (!name) return false;
    state->encoding_name = name->view() == "locale" ? "UTF-8" : name->view();
    state->encoding = find_encoding(state->encoding_name);
    if (state->encoding == Encoding::Unknown) {
      return raise(thread, LookupError_type, fmt::format("unknown encoding: {}", name->view()));
    }
  }
  if (errors && !errors.is_none()) {
    Str* name = to_str_arg(thread, "TextIOWrapper", "argument 'errors'", errors);
    if (!name) return false;
    state->errors = name->view();
  }
  if (!parse_newline(thread, newline ? newline : None, state->newline)) return false;
  state->line_buffering = line_buffering;
  state->write_through = write_through;
  delete self->state;
  self->state = state.release();
  assign(self->buffer, share(buffer));
  // Appending continues behind the byte order mark that is there already.
  if (Descriptor* file = native_descriptor(self); file && file->appending) {
    self->state->started = ::lseek(file->fd, 0, SEEK_CUR) > 0;
  }
  return true;
}

bool text_init(Thread& thread, Value self, CallArgs args) {
  BoundArgs bound;
  if (!bind_args(
          thread, "TextIOWrapper",
          "buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False", args,
          bound)) {
    return false;
  }
  int line = bound[4] ? truthy(thread, bound[4]) : 0, through = bound[5] ? truthy(thread, bound[5]) : 0;
  if (line < 0 || through < 0) return false;
  return initialize(thread, as_text(self), bound[0], bound[1], bound[2], bound[3], line, through);
}

const GetSetDef text_getset[] = {{"buffer", get_buffer},
                                 {"encoding", get_encoding},
                                 {"errors", get_errors},
                                 {"line_buffering", get_line_buffering},
                                 {"write_through", get_write_through},
                                 {"closed", get_closed},
                                 {"name", get_name},
                                 {"mode", get_mode, set_mode},
                                 {"newlines", get_newlines},
                                 {nullptr, nullptr}};

const NativeDef text_methods[] = {
    {"read", "self, size=-1, /", text_read, "Read at most size characters."},
    {"readline", "self, size=-1, /", text_readline, "Read until newline or EOF."},
    {"write", "self, text, /", text_write, "Write a string to the stream and return its length."},
    {"flush", "self, /", text_flush, "Flush write buffers."},
    {"close", "self, /", text_close, "Flush and close the file."},
    {"detach", "self, /", text_detach, "Separate the underlying buffer and return it."},
    {"seek", "self, cookie, whence=0, /", text_seek, "Set the stream position."},
    {"tell", "self, /", text_tell, "Return the stream position as an opaque number."},
    {"truncate", "self, pos=None, /", text_truncate, "Truncate the file."},
    {"readable", "self, /", ask_buffer<name_readable>},
    {"writable", "self, /", ask_buffer<name_writable>},
    {"seekable", "self, /", ask_buffer<name_seekable>},
    {"fileno", "self, /", ask_buffer<name_fileno>},
    {"isatty", "self, /", ask_buffer<name_isatty>},
    {"reconfigure",
     "self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None",
     text_reconfigure, "Reconfigure the text stream with new parameters."},
    {},
};

// --- what print() calls --------------------------------------------------------------------------

int hook_write(Thread& thread, Value file, std::string_view text) {
  if (!is_exact(file, text_wrapper_type)) return 0;
  if (!open_state(thread, file)) return -1;
  if (text.empty()) return 1;
  TextFile* self = as_text(file);
  TextState* state = self->state;
  Descriptor* descriptor = native_descriptor(self);
  bool newlines_stay = state->newline != Newline::Cr && state->newline != Newline::CrLf;
  if (descriptor && descriptor->writable && state->encoding == Encoding::Utf8 && newlines_stay &&
      is_valid_utf8(text)) {
    // The text is its own encoding.
    state->started = true;
    state->pending.append(text);
    bool ok = settle(thread, self, text.find('\n') != text.npos, text.find('\r') != text.npos);
    return ok ? 1 : -1;
  }
  Own<Str> piece = make_str(text);
  return io::write_text(thread, as_text(file), piece.get()) ? 1 : -1;
}

int hook_flush(Thread& thread, Value file) {
  if (!is_exact(file, text_wrapper_type)) return 0;
  return open_state(thread, file) && flush_text(thread, as_text(file)) ? 1 : -1;
}

} // namespace

Ref make_text_file(Thread& thread, Value buffer, Value encoding, Value errors, Value newline,
                   bool line_buffering, std::string_view mode, bool write_through) {
  TextFile* self = static_cast<TextFile*>(allocate_instance(&text_wrapper_type));
  Ref result = Ref::steal(self);
  if (!initialize(thread, self, buffer, encoding, errors, newline, line_buffering, write_through)) return {};
  assign(self->mode, make_str(mode));
  return result;
}

void init_text_file_types() {
  static const TypeSpec spec = {
      "_io.TextIOWrapper", &textiobase_type,
      sizeof(TextFile),    TypeTracked,
      sizeof(Object),      text_methods,
      text_getset,         "Character and line based layer over a BufferedIOBase object."};
  Slots& slots = text_wrapper_type.slots;
  slots.dealloc = text_dealloc;
  slots.traverse = text_traverse;
  slots.clear = text_clear;
  slots.finalize = text_finalize;
  slots.construct = text_construct;
  slots.init = text_init;
  slots.repr = text_repr;
  slots.next = text_next;
  make_ready(text_wrapper_type, spec);
  text_file_hooks.write = hook_write;
  text_file_hooks.flush = hook_flush;
}

} // namespace aspy::io
