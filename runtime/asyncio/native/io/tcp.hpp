// _asyncio.TcpHandle: a TCP socket on the loop's poller, for the library's transports and servers.
//
//   Fresh -> Connecting -> Open -> Closed      a connection (accepted ones begin Open)
//   Fresh -> Listening -> Closed               a server's socket
//
// Methods raise OSError at once where the system refuses at once; what fails later arrives as the errno (0:
// success) that the callbacks get. close() may come at any time: callbacks not yet queued are dropped.
#pragma once

#include "runtime/asyncio/native/core/outside.hpp"

struct sockaddr;
struct sockaddr_storage;

namespace aspy {

enum class TcpPhase : uint8_t { Fresh, Connecting, Open, Listening, Closed };

struct TcpSocket; // the libuv half: outlives the object until libuv has let go of it

struct TcpHandle : OutsideObject {
  TcpSocket* socket = nullptr;                                  // null when closed
  Value on_connect, on_connection, on_data, on_end, on_written; // owned
  TcpPhase phase = TcpPhase::Fresh;
  bool reading = false;
};
extern Type tcp_handle_type;
void init_tcp_handle_type();

// ("127.0.0.1", 80), or ("::1", 80, flow, scope).
Ref address_tuple(const sockaddr* address);
// False: not a numeric IPv4 or IPv6 address.
bool parse_address(const char* host, int port, sockaddr_storage* out);

// _asyncio._lookup_name(host, port, family, type, proto, flags, callback) (name_lookup.cpp): callback(list of
// getaddrinfo's tuples), or callback(a negative error of getaddrinfo).
Ref lookup_name(Thread& thread, const Value* args);
void init_name_lookup_type();

} // namespace aspy
