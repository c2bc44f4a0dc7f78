// Built-in functions about iteration: all, any, iter, next, sorted, aiter, anext.
#include "runtime/builtins/builtins.hpp"
#include "vm/object/annotation/generic.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

namespace {

// any() and all(): stops at the first item whose truth is `wanted`.
Ref find_truth(Thread& thread, Value iterable, int wanted) {
  bool found = false;
  bool fine = for_each(thread, iterable, [&](Value item) {
    int is_true = truthy(thread, item);
    if (is_true < 0) return false;
    found = is_true == wanted;
    return !found;
  });
  if (!fine && thread.has_error()) return {};
  return share(Value::from_bool(found == (wanted == 1)));
}
Ref builtin_all(Thread& thread, const Value* args) { return find_truth(thread, args[0], 0); }
Ref builtin_any(Thread& thread, const Value* args) { return find_truth(thread, args[0], 1); }

Ref builtin_iter(Thread& thread, const Value* args) {
  if (!args[1]) return iter(thread, args[0]);
  if (!is_callable(args[0])) return raise_type_error(thread, "iter(v, w): v must be callable");
  return make_callable_iterator(args[0], args[1]);
}

Ref builtin_next(Thread& thread, const Value* args) {
  Type* type = type_of(args[0]);
  if (!type->slots.next)
    return raise_type_error(thread, fmt::format("'{}' object is not an iterator", type_name(args[0])));
  Ref item = type->slots.next(thread, args[0]);
  if (item) return item;
  if (thread.has_error()) {
    if (!args[1] || !error_matches(thread, StopIteration_type)) return {};
    clear_error(thread);
  }
  if (args[1]) return share(args[1]);
  raise_stop_iteration(thread, None);
  return {};
}

// The keywords are list.sort()'s: it is the one that complains.
Ref builtin_sorted(Thread& thread, CallArgs call) {
  if (!check_count(thread, "sorted", call, 1, 1)) return {};
  Value plain[3];
  BoundArgs bound;
  const Value* args = bound.values;
  if (!call.kwnames) {
    plain[0] = call.args[0];
    args = plain;
  }
  Own<List> result = list_from_iterable(thread, call.args[0]);
  if (!result) return {};
  if (call.kwnames && !bind_args(thread, "sort", "iterable, /, *, key=None, reverse=False", call, bound))
    return {};
  int reverse = args[2] ? truthy(thread, args[2]) : 0;
  if (reverse < 0 || !list_sort(thread, result.get(), args[1] ? args[1] : None, reverse)) return {};
  return result;
}

Ref builtin_aiter(Thread& thread, const Value* args) {
  Type* type = type_of(args[0]);
  if (!type->slots.aiter)
    return raise_type_error(thread, fmt::format("'{}' object is not an async iterable", type_name(args[0])));
  Ref iterator = type->slots.aiter(thread, args[0]);
  if (iterator && !type_of(iterator)->slots.anext)
    return raise_type_error(
        thread, fmt::format("aiter() returned not an async iterator of type '{}'", type_name(iterator)));
  return iterator;
}

Ref builtin_anext(Thread& thread, const Value* args) {
  Type* type = type_of(args[0]);
  if (!type->slots.anext)
    return raise_type_error(thread, fmt::format("'{}' object is not an async iterator", type_name(args[0])));
  Ref awaitable = type->slots.anext(thread, args[0]);
  if (!awaitable || !args[1]) return awaitable;
  return make_anext_awaitable(awaitable, args[1]);
}

} // namespace

const NativeDef iteration_builtins[] = {
    {"aiter", "async_iterable, /", builtin_aiter, "Return an asynchronous iterator for the object."},
    {"all", "iterable, /", builtin_all, "Return True if all items are true (or there are none)."},
    {"anext", "aiterator, default=None, /", builtin_anext,
     "Return the next item of an asynchronous iterator, awaitable."},
    {"any", "iterable, /", builtin_any, "Return True if any item is true."},
    {"iter", "object, sentinel=None, /", builtin_iter, "Get an iterator from an object."},
    {"next", "iterator, default=None, /", builtin_next, "Return the next item from the iterator."},
    {"sorted", "iterable, /, *, key=None, reverse=False", nullptr, "Return a new sorted list.",
     NativeKind::Function, builtin_sorted},
    {nullptr},
};

} // namespace aspy
