#include "runtime/asyncio/native/io/tcp.hpp"

#include "runtime/modules/support/contextvars.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <cstring>
#include <fmt/format.h>
#include <sys/socket.h>
#include <uv.h>

namespace aspy {

Type tcp_handle_type;

struct TcpSocket {
  uv_tcp_t tcp;
  TcpHandle* owner; // null when closed; kept alive by the loop while libuv may call back

  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&tcp); }
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&tcp); }
};

// --- addresses -----------------------------------------------------------------------------------

Ref address_tuple(const sockaddr* address) {
  char text[64] = "";
  if (address->sa_family == AF_INET) {
    auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    uv_ip4_name(v4, text, sizeof text);
    return make_tuple({make_str(text).value(), Value::from_int(ntohs(v4->sin_port))});
  }
  auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  uv_ip6_name(v6, text, sizeof text);
  return make_tuple({make_str(text).value(), Value::from_int(ntohs(v6->sin6_port)),
                     Value::from_int(ntohl(v6->sin6_flowinfo)), Value::from_int(v6->sin6_scope_id)});
}

bool parse_address(const char* host, int port, sockaddr_storage* out) {
  std::memset(out, 0, sizeof *out);
  return uv_ip4_addr(host, port, reinterpret_cast<sockaddr_in*>(out)) == 0 ||
         uv_ip6_addr(host, port, reinterpret_cast<sockaddr_in6*>(out)) == 0;
}

namespace {

constexpr size_t read_size = 256 * 1024; // at most this in one piece

TcpHandle* as_tcp(Value value) { return cast<TcpHandle>(value); }
TcpHandle* owner_of(void* handle) {
  return static_cast<TcpSocket*>(static_cast<uv_handle_t*>(handle)->data)->owner;
}
Raised fail(Thread& thread, int status) { return raise_os_error(thread, static_cast<int>(errno_of(status))); }
Ref errno_value(int status) { return share(Value::from_int(errno_of(status))); }

// --- life ----------------------------------------------------------------------------------------

TcpSocket* open_socket(TcpHandle* owner) {
  auto* socket = new TcpSocket;
  socket->owner = owner;
  uv_tcp_init(owner->loop->state->poller.uv(), &socket->tcp);
  socket->tcp.data = socket;
  return socket;
}

// Gives the socket to libuv, which frees it on its next turn. The descriptor is closed at once.
void detach(TcpHandle* handle) {
  TcpSocket* socket = std::exchange(handle->socket, nullptr);
  handle->phase = TcpPhase::Closed;
  handle->reading = false;
  if (!socket) return;
  socket->owner = nullptr;
  uv_close(socket->handle(), [](uv_handle_t* closed) { delete static_cast<TcpSocket*>(closed->data); });
}

void drop_callbacks(TcpHandle* handle) {
  for (Value* field :
       {&handle->on_connect, &handle->on_connection, &handle->on_data, &handle->on_end, &handle->on_written})
    clear_field(*field);
}

void abandon(OutsideObject* object) {
  auto* handle = static_cast<TcpHandle*>(object);
  detach(handle);
  drop_callbacks(handle);
}

Own<TcpHandle> make_tcp(EventLoop* loop, Ref context) {
  auto* handle = allocate<TcpHandle>(tcp_handle_type);
  handle->loop = Own<EventLoop>::share(loop).release();
  handle->context = context.release();
  handle->abandon = abandon;
  handle->socket = open_socket(handle);
  return Own<TcpHandle>::steal(handle);
}

Ref tcp_construct(Thread& thread, Type*, CallArgs call) {
  if (!check_count(thread, "TcpHandle", call, 1, 1)) return Ref();
  if (!is_instance(call[0], event_loop_type))
    return raise_type_error(thread, "TcpHandle() needs an event loop");
  if (as_loop(call[0])->closed) return raise(thread, RuntimeError_type, "Event loop is closed");
  return make_tcp(as_loop(call[0]), copy_context_lazily(thread));
}
bool tcp_init(Thread&, Value, CallArgs) { return true; }

// The open handle that a method is called on; ValueError when it is closed.
TcpHandle* need_open(Thread& thread, Value self) {
  if (as_tcp(self)->socket) return as_tcp(self);
  return raise_value_error(thread, "I/O operation on closed TCP handle");
}

// --- connecting and listening --------------------------------------------------------------------

bool address_args(Thread& thread, const Value* args, sockaddr_storage& out) {
  Str* host = to_str_arg(thread, "TcpHandle", "host", args[0]);
  int32_t port = 0;
  if (!host || !to_int32(thread, args[1], port)) return false;
  if (port < 0 || port > 65535) return raise(thread, OverflowError_type, "port must be 0-65535.");
  if (parse_address(std::string(host->view()).c_str(), port, &out)) return true;
  return raise_value_error(thread, fmt::format("'{}' is not a numeric address", host->view()));
}

void connected(uv_connect_t* request, int status) {
  TcpHandle* handle = owner_of(request->handle);
  delete request;
  if (!handle) return;
  handle->phase = status < 0 ? TcpPhase::Fresh : TcpPhase::Open;
  post(handle, handle->on_connect, errno_value(status));
  clear_field(handle->on_connect);
  end_activity(handle);
}

Ref method_connect(Thread& thread, const Value* args) { // (self, host, port, on_connect)
  TcpHandle* handle = need_open(thread, args[0]);
  sockaddr_storage address;
  if (!handle || !address_args(thread, args + 1, address)) return Ref();
  if (handle->phase != TcpPhase::Fresh) return fail(thread, UV_EISCONN);
  auto* request = new uv_connect_t;
  int status =
      uv_tcp_connect(request, &handle->socket->tcp, reinterpret_cast<sockaddr*>(&address), connected);
  if (status < 0) {
    delete request;
    return fail(thread, status);
  }
  handle->phase = TcpPhase::Connecting;
  assign(handle->on_connect, share(args[3]));
  begin_activity(handle);
  return share(None);
}

Ref method_bind(Thread& thread, const Value* args) { // (self, host, port)
  TcpHandle* handle = need_open(thread, args[0]);
  sockaddr_storage address;
  if (!handle || !address_args(thread, args + 1, address)) return Ref();
  unsigned flags = address.ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
  int status = uv_tcp_bind(&handle->socket->tcp, reinterpret_cast<sockaddr*>(&address), flags);
  // libuv keeps "address in use" back until the socket is first used.
  int size = sizeof address;
  if (status == 0)
    status = uv_tcp_getsockname(&handle->socket->tcp, reinterpret_cast<sockaddr*>(&address), &size);
  if (status < 0) return fail(thread, status);
  return share(None);
}

// Accepts at once, so that libuv goes on to the next connection; the script hears of each in its turn.
void incoming(uv_stream_t* server, int status) {
  TcpHandle* handle = owner_of(server);
  if (!handle) return;
  if (status < 0) return post(handle, handle->on_connection, errno_value(status));
  Own<TcpHandle> peer = make_tcp(handle->loop, share(handle->context));
  if (uv_accept(server, peer->socket->stream()) < 0) return;
  uv_tcp_nodelay(&peer->socket->tcp, 1);
  peer->phase = TcpPhase::Open;
  post(handle, handle->on_connection, std::move(peer));
}

Ref method_listen(Thread& thread, const Value* args) { // (self, backlog, on_connection)
  TcpHandle* handle = need_open(thread, args[0]);
  int32_t backlog = 0;
  if (!handle || !to_int32(thread, args[1], backlog)) return Ref();
  if (handle->phase != TcpPhase::Fresh) return fail(thread, UV_EINVAL);
  int status = uv_listen(handle->socket->stream(), backlog, incoming);
  if (status < 0) return fail(thread, status);
  handle->phase = TcpPhase::Listening;
  assign(handle->on_connection, share(args[2]));
  begin_activity(handle);
  return share(None);
}

// --- reading -------------------------------------------------------------------------------------

void stop_reading(TcpHandle* handle) {
  if (!std::exchange(handle->reading, false)) return;
  uv_read_stop(handle->socket->stream());
  end_activity(handle);
}

void offer_room(uv_handle_t*, size_t, uv_buf_t* buffer) {
  // One for all: what arrives is copied before the next read.
  static thread_local std::unique_ptr<char[]> room(new char[read_size]);
  *buffer = uv_buf_init(room.get(), read_size);
}

void arrived(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
  TcpHandle* handle = owner_of(stream);
  if (!handle || count == 0) return;
  if (count > 0) {
    post(handle, handle->on_data, make_bytes({buffer->base, static_cast<size_t>(count)}));
    // A full piece: there is more. The next one waits until the program has seen this one (it starts reading
    // again).
    if (static_cast<size_t>(count) == read_size) stop_reading(handle);
    return;
  }
  post(handle, handle->on_end, errno_value(count == UV_EOF ? 0 : static_cast<int>(count)));
  stop_reading(handle);
}

Ref method_start_reading(Thread& thread, const Value* args) { // (self, on_data, on_end)
  TcpHandle* handle = need_open(thread, args[0]);
  if (!handle) return Ref();
  assign(handle->on_data, share(args[1]));
  assign(handle->on_end, share(args[2]));
  if (handle->reading) return share(None);
  int status = uv_read_start(handle->socket->stream(), offer_room, arrived);
  if (status < 0) return fail(thread, status);
  handle->reading = true;
  begin_activity(handle);
  return share(None);
}

Ref method_stop_reading(Thread&, const Value* args) {
  if (as_tcp(args[0])->socket) stop_reading(as_tcp(args[0]));
  return share(None);
}

// --- writing -------------------------------------------------------------------------------------

// What could not be sent at once, with its data behind it.
struct PendingWrite {
  uv_write_t request;
  char* data() { return reinterpret_cast<char*>(this + 1); }
};

void written(uv_write_t* request, int status) {
  TcpHandle* handle = owner_of(request->handle);
  heap_free(request);
  if (!handle) return;
  post(handle, handle->on_written, errno_value(status));
  end_activity(handle);
}

// (self, data, on_written): sends what the system takes now, queues the rest; returns how many bytes are
// queued. on_written(errno) when a queued part has gone, or sending failed.
Ref method_write(Thread& thread, const Value* args) {
  TcpHandle* handle = need_open(thread, args[0]);
  if (!handle) return Ref();
  std::string_view data;
  if (!as_bytes_like(args[1], data)) return raise_type_error(thread, "a bytes-like object is required");
  uv_stream_t* stream = handle->socket->stream();
  assign(handle->on_written, share(args[2]));

  uv_buf_t piece = uv_buf_init(const_cast<char*>(data.data()), static_cast<unsigned>(data.size()));
  int sent = uv_try_write(stream, &piece, 1);
  if (sent < 0 && sent != UV_EAGAIN) {
    post(handle, handle->on_written, errno_value(sent));
    return share(Value::from_int(0));
  }
  if (sent > 0) data.remove_prefix(static_cast<size_t>(sent));
  if (!data.empty()) {
    auto* pending = static_cast<PendingWrite*>(heap_alloc(sizeof(PendingWrite) + data.size()));
    std::memcpy(pending->data(), data.data(), data.size());
    piece = uv_buf_init(pending->data(), static_cast<unsigned>(data.size()));
    int status = uv_write(&pending->request, stream, &piece, 1, written);
    if (status < 0) {
      heap_free(pending);
      return fail(thread, status);
    }
    begin_activity(handle);
  }
  return make_int(static_cast<int64_t>(uv_stream_get_write_queue_size(stream)));
}

Ref method_queued(Thread&, const Value* args) {
  TcpSocket* socket = as_tcp(args[0])->socket;
  return make_int(socket ? static_cast<int64_t>(uv_stream_get_write_queue_size(socket->stream())) : 0);
}

// Tells the other side that nothing more comes. The caller has seen to it that nothing is queued.
Ref method_shutdown(Thread& thread, const Value* args) {
  TcpHandle* handle = need_open(thread, args[0]);
  uv_os_fd_t descriptor;
  if (!handle) return Ref();
  if (uv_fileno(handle->socket->handle(), &descriptor) == 0) ::shutdown(descriptor, SHUT_WR);
  return share(None);
}

// --- the rest ------------------------------------------------------------------------------------

Ref method_close(Thread&, const Value* args) {
  TcpHandle* handle = as_tcp(args[0]);
  detach(handle);
  drop_callbacks(handle);
  end_all_activities(handle);
  return share(None);
}

Ref method_fileno(Thread&, const Value* args) {
  TcpSocket* socket = as_tcp(args[0])->socket;
  uv_os_fd_t descriptor = -1;
  if (!socket || uv_fileno(socket->handle(), &descriptor) < 0) descriptor = -1;
  return share(Value::from_int(descriptor));
}

using NameFunction = int (*)(const uv_tcp_t*, sockaddr*, int*);
Ref name_of(Thread& thread, Value self, NameFunction function) {
  TcpHandle* handle = as_tcp(self);
  sockaddr_storage address{};
  int size = sizeof address;
  int status = handle->socket ? function(&handle->socket->tcp, reinterpret_cast<sockaddr*>(&address), &size)
                              : UV_EBADF;
  if (status < 0) return fail(thread, status);
  return address_tuple(reinterpret_cast<sockaddr*>(&address));
}
Ref method_getsockname(Thread& thread, const Value* args) {
  return name_of(thread, args[0], uv_tcp_getsockname);
}
Ref method_getpeername(Thread& thread, const Value* args) {
  return name_of(thread, args[0], uv_tcp_getpeername);
}

Ref method_no_delay(Thread&, const Value* args) {
  if (TcpSocket* socket = as_tcp(args[0])->socket) uv_tcp_nodelay(&socket->tcp, 1);
  return share(None);
}

Ref get_phase(Thread&, Value self) {
  static constexpr const char* texts[] = {"fresh", "connecting", "open", "listening", "closed"};
  return make_str(texts[static_cast<int>(as_tcp(self)->phase)]);
}
Ref get_reading(Thread&, Value self) { return share(Value::from_bool(as_tcp(self)->reading)); }

constexpr NativeDef methods[] = {
    {"connect", "self, host, port, on_connect, /", method_connect,
     "Begin to connect; on_connect(errno) is called."},
    {"bind", "self, host, port, /", method_bind, "Take a local address."},
    {"listen", "self, backlog, on_connection, /", method_listen,
     "on_connection(TcpHandle or errno) for each client."},
    {"start_reading", "self, on_data, on_end, /", method_start_reading,
     "on_data(bytes), then on_end(errno); 0: end of data."},
    {"stop_reading", "self, /", method_stop_reading},
    {"write", "self, data, on_written, /", method_write, "Send or queue; returns how many bytes are queued."},
    {"queued", "self, /", method_queued, "How many bytes wait to be sent."},
    {"shutdown", "self, /", method_shutdown, "Tell the other side that no more data comes."},
    {"close", "self, /", method_close, "Close at once, dropping what is queued."},
    {"fileno", "self, /", method_fileno},
    {"getsockname", "self, /", method_getsockname},
    {"getpeername", "self, /", method_getpeername},
    {"no_delay", "self, /", method_no_delay, "Send small pieces at once."},
    {nullptr}};
constexpr GetSetDef attributes[] = {{"phase", get_phase}, {"reading", get_reading}, {nullptr, nullptr}};

void tcp_dealloc(Object* object) {
  gc_untrack(object);
  auto* handle = static_cast<TcpHandle*>(object);
  detach(handle);
  drop_callbacks(handle);
  outside_release(handle);
  free_object(object);
}
void tcp_traverse(Object* object, Visitor& visit) {
  auto* handle = static_cast<TcpHandle*>(object);
  outside_traverse(handle, visit);
  for (Value field :
       {handle->on_connect, handle->on_connection, handle->on_data, handle->on_end, handle->on_written})
    visit(field);
}
void tcp_clear(Object* object) { drop_callbacks(static_cast<TcpHandle*>(object)); }

const TypeSpec spec{.name = "_asyncio.TcpHandle",
                    .instance_size = sizeof(TcpHandle),
                    .flags = TypeFinal | TypeTracked | TypeWeakRefs,
                    .methods = methods,
                    .getset = attributes,
                    .doc = "A TCP socket on the event loop."};

} // namespace

void init_tcp_handle_type() {
  Slots& slots = tcp_handle_type.slots;
  slots.dealloc = tcp_dealloc;
  slots.traverse = tcp_traverse;
  slots.clear = tcp_clear;
  slots.construct = tcp_construct;
  slots.init = tcp_init;
  make_ready(tcp_handle_type, spec);
}

} // namespace aspy
