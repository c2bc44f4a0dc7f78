// Host names to addresses, in libuv's threads.
#include "runtime/asyncio/native/io/tcp.hpp"
#include "runtime/modules/support/contextvars.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <netdb.h>
#include <string>
#include <uv.h>

namespace aspy {

namespace {

Type name_lookup_type;

struct NameLookup : OutsideObject {
  struct Request* request = nullptr; // null when answered or abandoned
  Value callback;                    // owned
};
struct Request {
  uv_getaddrinfo_t uv;
  NameLookup* owner; // null when abandoned
};

// The system's number for libuv's error, as socket.gaierror shows it.
int system_error(int status) {
  static constexpr struct {
    int uv, system;
  } pairs[] = {
      {UV_EAI_ADDRFAMILY, EAI_ADDRFAMILY}, {UV_EAI_AGAIN, EAI_AGAIN},     {UV_EAI_BADFLAGS, EAI_BADFLAGS},
      {UV_EAI_CANCELED, EAI_CANCELED},     {UV_EAI_FAIL, EAI_FAIL},       {UV_EAI_FAMILY, EAI_FAMILY},
      {UV_EAI_MEMORY, EAI_MEMORY},         {UV_EAI_NODATA, EAI_NODATA},   {UV_EAI_NONAME, EAI_NONAME},
      {UV_EAI_OVERFLOW, EAI_OVERFLOW},     {UV_EAI_SERVICE, EAI_SERVICE}, {UV_EAI_SOCKTYPE, EAI_SOCKTYPE}};
  for (auto& pair : pairs)
    if (pair.uv == status) return pair.system;
  return EAI_FAIL;
}

Ref answer(int status, const addrinfo* first) {
  if (status < 0) return share(Value::from_int(system_error(status)));
  Own<List> list = new_list();
  for (const addrinfo* info = first; info; info = info->ai_next) {
    if (info->ai_family != AF_INET && info->ai_family != AF_INET6) continue;
    Ref address = address_tuple(info->ai_addr);
    Own<Str> name = make_str(info->ai_canonname ? info->ai_canonname : "");
    list_append(list.get(),
                Ref(make_tuple({Value::from_int(info->ai_family), Value::from_int(info->ai_socktype),
                                Value::from_int(info->ai_protocol), name.value(), address})));
  }
  return list;
}

void answered(uv_getaddrinfo_t* uv, int status, addrinfo* first) {
  auto* request = static_cast<Request*>(uv->data);
  if (NameLookup* lookup = request->owner) {
    lookup->request = nullptr;
    post(lookup, lookup->callback, answer(status, first));
    clear_field(lookup->callback);
    end_activity(lookup);
  }
  uv_freeaddrinfo(first);
  delete request;
}

void abandon(OutsideObject* object) {
  auto* lookup = static_cast<NameLookup*>(object);
  if (Request* request = std::exchange(lookup->request, nullptr)) {
    request->owner = nullptr;
    uv_cancel(reinterpret_cast<uv_req_t*>(&request->uv));
  }
  clear_field(lookup->callback);
}

void lookup_dealloc(Object* object) {
  gc_untrack(object);
  abandon(static_cast<NameLookup*>(object));
  outside_release(static_cast<NameLookup*>(object));
  free_object(object);
}
void lookup_traverse(Object* object, Visitor& visit) {
  outside_traverse(static_cast<NameLookup*>(object), visit);
  visit(static_cast<NameLookup*>(object)->callback);
}
void lookup_clear(Object* object) { clear_field(static_cast<NameLookup*>(object)->callback); }

const TypeSpec spec{.name = "_asyncio.NameLookup",
                    .instance_size = sizeof(NameLookup),
                    .flags = TypeFinal | TypeTracked | TypeNoConstruct};

// None, or the text of a str.
bool optional_text(Thread& thread, Value value, const char* what, std::string& text, const char*& out) {
  out = nullptr;
  if (value.is_none()) return true;
  Str* string = to_str_arg(thread, "getaddrinfo", what, value);
  if (!string) return false;
  text = string->view();
  out = text.c_str();
  return true;
}

} // namespace

Ref lookup_name(Thread& thread, const Value* args) {
  EventLoop* loop = running_loop(thread);
  std::string host_text, port_text;
  const char *host, *port;
  if (!loop || !optional_text(thread, args[0], "host", host_text, host) ||
      !optional_text(thread, args[1], "port", port_text, port))
    return Ref();
  addrinfo hints{};
  int* const fields[] = {&hints.ai_family, &hints.ai_socktype, &hints.ai_protocol, &hints.ai_flags};
  for (int i = 0; i < 4; ++i)
    if (!to_int32(thread, args[2 + i], *fields[i])) return Ref();

  auto* lookup = allocate<NameLookup>(name_lookup_type);
  Own<NameLookup> keep = Own<NameLookup>::steal(lookup);
  lookup->loop = Own<EventLoop>::share(loop).release();
  lookup->abandon = abandon;
  lookup->context = copy_context_lazily(thread).release();
  auto* request = new Request{{}, lookup};
  request->uv.data = request;
  int status = uv_getaddrinfo(loop->state->poller.uv(), &request->uv, answered, host, port, &hints);
  if (status < 0) {
    // Refused before it began (no name at all, a name that is too long): the same answer, later.
    delete request;
    post(lookup, args[6], share(Value::from_int(status == UV_EINVAL ? EAI_NONAME : system_error(status))));
    return share(None);
  }
  lookup->request = request;
  lookup->callback = share(args[6]).release();
  begin_activity(lookup);
  return share(None);
}

void init_name_lookup_type() {
  Slots& slots = name_lookup_type.slots;
  slots.dealloc = lookup_dealloc;
  slots.traverse = lookup_traverse;
  slots.clear = lookup_clear;
  make_ready(name_lookup_type, spec);
}

} // namespace aspy
