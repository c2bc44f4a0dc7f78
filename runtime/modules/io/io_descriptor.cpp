// Reading and writing descriptors through buffers.
#include "runtime/modules/io/io_internal.hpp"
#include "vm/interpreter/thread/breaker.hpp"
#include "vm/interpreter/thread/lock.hpp"
#include "vm/object/sequence/search.hpp"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace aspy::io {
namespace {

// After an interrupted call: runs signal handlers. True: try again.
bool retry(Thread& thread) { return errno == EINTR && handle_breaker(thread); }

bool fail(Thread& thread) {
  if (thread.has_error()) return false; // a signal handler raised
  return raise_os_error(thread, errno);
}

} // namespace

bool Descriptor::read_some(Thread& thread, size_t count, std::string& into, bool& eof) {
  if (raw) return raw.read(thread, count, into, eof);
  // Read aside: while the lock is free another thread may use the same file.
  std::string room(count, '\0');
  for (;;) {
    ssize_t got;
    {
      Unlocked unlocked(thread);
      got = ::read(fd, room.data(), room.size());
    }
    if (got >= 0) {
      eof = got == 0;
      into.append(room, 0, static_cast<size_t>(got));
      return true;
    }
    if (!retry(thread)) return fail(thread);
  }
}

bool Descriptor::write_all(Thread& thread, std::string_view& data) {
  if (raw) return raw.write(thread, data);
  while (!data.empty()) {
    ssize_t done;
    {
      Unlocked unlocked(thread);
      done = ::write(fd, data.data(), data.size());
    }
    if (done >= 0) {
      data.remove_prefix(static_cast<size_t>(done));
    } else if (!retry(thread)) {
      return fail(thread);
    }
  }
  return true;
}

bool Descriptor::flush(Thread& thread) {
  if (out.empty()) return true;
  std::string pending;
  pending.swap(out);
  std::string_view left = pending;
  if (write_all(thread, left)) return true;
  out.insert(0, left); // stays for the next attempt, which tells the error again
  return false;
}

bool Descriptor::write(Thread& thread, std::string_view data) {
  // What was read ahead has not happened as far as the position goes.
  if (int64_t position; available()) {
    auto back = -static_cast<off_t>(available());
    if (!raw) ::lseek(fd, back, SEEK_CUR);
    else if (!raw.seek(thread, back, SEEK_CUR, position)) return false;
    in.clear();
    in_at = 0;
  }
  if (!buffered) return write_all(thread, data);
  if (out.size() + data.size() > buffer_size && !flush(thread)) return false;
  if (data.size() > buffer_size) return write_all(thread, data);
  out.append(data);
  return true;
}

bool Descriptor::read(Thread& thread, int64_t count, bool one, std::string& result) {
  if (!flush(thread)) return false;
  size_t want = count < 0 ? SIZE_MAX : static_cast<size_t>(count);
  size_t ready = std::min(want, available());
  result.append(in, in_at, ready);
  in_at += ready;
  if (in_at == in.size()) {
    in.clear();
    in_at = 0;
  }
  if (one && (ready || want == 0)) return true;
  if (raw && count < 0) return raw.read_all(thread, result);
  bool eof = false;
  while (result.size() < want && !eof) {
    size_t missing = want - result.size();
    if (count < 0 || !buffered || missing >= buffer_size) {
      size_t step = std::min(missing, count < 0 ? size_t{65536} : size_t{1} << 24);
      if (!read_some(thread, step, result, eof)) return false;
    } else {
      if (!read_some(thread, read_ahead(), in, eof)) return false;
      size_t take = std::min(missing, available());
      result.append(in, in_at, take);
      in_at += take;
    }
    if (one) break;
  }
  return true;
}

bool Descriptor::read_line(Thread& thread, int64_t limit, std::string& line) {
  if (!flush(thread)) return false;
  size_t want = limit < 0 ? SIZE_MAX : static_cast<size_t>(limit);
  while (line.size() < want) {
    std::string_view ready(in.data() + in_at, available());
    size_t newline = ready.find('\n');
    size_t take = std::min(want - line.size(), newline == not_found ? ready.size() : newline + 1);
    line.append(ready.substr(0, take));
    in_at += take;
    if (!line.empty() && line.back() == '\n' && take) return true;
    if (in_at < in.size()) continue; // the limit cut it
    in.clear();
    in_at = 0;
    bool eof = false;
    // A line at a time from an unbuffered descriptor must not read behind it.
    if (line.size() >= want) break;
    if (!read_some(thread, buffered ? read_ahead() : 1, in, eof)) return false;
    if (eof) break;
  }
  return true;
}

bool Descriptor::seek(Thread& thread, int64_t offset, int whence, int64_t& position) {
  if (!flush(thread)) return false;
  if (whence == SEEK_CUR) offset -= static_cast<int64_t>(available());
  in.clear();
  in_at = 0;
  if (raw) return raw.seek(thread, offset, whence, position);
  position = ::lseek(fd, offset, whence);
  return position >= 0 || raise_os_error(thread, errno);
}

bool Descriptor::tell(Thread& thread, int64_t& position) {
  if (!raw) position = ::lseek(fd, 0, SEEK_CUR);
  else if (!raw.tell(thread, position)) return false;
  if (position < 0) return raise_os_error(thread, errno);
  position += static_cast<int64_t>(out.size()) - static_cast<int64_t>(available());
  return true;
}

bool Descriptor::close(Thread& thread) {
  if (closed) return true;
  bool flushed = flush(thread);
  closed = true;
  in.clear();
  in_at = 0;
  out.clear();
  if (raw) {
    Ref error = flushed ? Ref() : take_error(thread);
    bool done = static_cast<bool>(call_method(thread, raw.object, "close"));
    if (flushed) return done;
    clear_error(thread);
    set_error(thread, std::move(error)); // the first error is the one to tell
    return false;
  }
  if (!close_fd || borrowed || fd < 0) return flushed;
  int status = ::close(fd);
  if (status < 0 && flushed && errno != EINTR) return raise_os_error(thread, errno);
  return flushed;
}

} // namespace aspy::io
