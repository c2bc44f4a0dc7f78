// What lru_cache makes of a function: calls it only for arguments that it has not seen lately.
#include "runtime/modules/functools/functools_types.hpp"
#include "vm/memory/heap.hpp"
#include "vm/object/attribute/shape.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <vector>

namespace aspy {

Type lru_wrapper_type;

namespace {

// The cache is a dict in the order of use: a hit takes its entry out and puts it back at the end.
struct LruWrapper : Object {
  Attrs attrs;
  Value function, info_type; // owned
  Dict* results = nullptr;   // owned
  int64_t most = -1;         // entries kept; -1: all
  int64_t hits = 0, misses = 0;
  bool typed = false;
};

LruWrapper* as_lru(Value value) { return cast<LruWrapper>(value); }

void lru_clear(Object* object) {
  auto* lru = static_cast<LruWrapper*>(object);
  clear_field(lru->function);
  clear_field(lru->info_type);
  clear_field(lru->results);
  attrs_clear(object);
}
void lru_dealloc(Object* object) {
  gc_untrack(object);
  lru_clear(object);
  attrs_destroy(object);
  free_object(object);
}
void lru_traverse(Object* object, Visitor& visitor) {
  auto* lru = static_cast<LruWrapper*>(object);
  visitor(lru->function);
  visitor(lru->info_type);
  visitor(lru->results);
  attrs_traverse(object, visitor);
}

Ref lru_construct(Thread& thread, Type* type, CallArgs call) {
  BoundArgs args;
  if (!bind_args(thread, "_lru_wrapper", "function, maxsize, typed, cache_info_type", call, args)) return {};
  if (!is_callable(args[0])) return raise_type_error(thread, "the first argument must be callable");
  int64_t most = -1;
  if (!args[1].is_none() && !to_int64(thread, args[1], most)) return {};
  int typed = truthy(thread, args[2]);
  if (typed < 0) return {};
  auto* lru = static_cast<LruWrapper*>(allocate_instance(type));
  lru->function = share(args[0]).release();
  lru->info_type = share(args[3]).release();
  lru->results = new_dict().release();
  lru->most = most;
  lru->typed = typed;
  return Ref::steal(lru);
}

// What tells calls apart: a single int or str itself, else a tuple of everything.
Ref key_of(const LruWrapper* lru, CallArgs call) {
  size_t keywords = call.kwnames ? call.kwnames->size : 0;
  if (call.count == 1 && !keywords && !lru->typed &&
      (call.args[0].is_int() || is_exact(call.args[0], str_type)))
    return share(call.args[0]);
  std::vector<Value> row(call.args, call.args + call.count);
  if (keywords) {
    // A mark that no argument can be keeps f(1, 'a') and f(1, a=...) apart.
    row.push_back(&lru_wrapper_type);
    for (size_t i = 0; i < keywords; ++i) {
      row.push_back((*call.kwnames)[i]);
      row.push_back(call.args[call.count + i]);
    }
  }
  if (lru->typed)
    for (size_t i = 0; i < call.count + keywords; ++i) row.push_back(type_of(call.args[i]));
  return make_tuple(std::span<const Value>(row));
}

Ref lru_call(Thread& thread, Value self, CallArgs call) {
  LruWrapper* lru = as_lru(self);
  Ref keep = share(self);
  if (lru->most == 0) {
    ++lru->misses;
    return aspy::call(thread, lru->function, call);
  }
  Ref key = key_of(lru, call);
  int64_t hashed;
  if (!hash(thread, key, hashed)) return {};
  Ref found = share(dict_get(thread, lru->results, key));
  if (thread.has_error()) return {};
  if (found) {
    ++lru->hits;
    if (lru->most > 0 && static_cast<int64_t>(lru->results->used) > 1) {
      if (dict_remove(thread, lru->results, key) < 0 || !dict_set(thread, lru->results, key, found))
        return {};
    }
    return found;
  }
  ++lru->misses;
  Ref result = aspy::call(thread, lru->function, call);
  if (!result) return {};
  if (!lru->results) return result;
  // A recursive call may have put it there meanwhile.
  Value there = dict_get(thread, lru->results, key);
  if (thread.has_error()) return {};
  if (!there && lru->most > 0 && static_cast<int64_t>(lru->results->used) >= lru->most) {
    uint32_t at = 0;
    Value oldest, value;
    if (dict_next(lru->results, at, oldest, value)) {
      Ref keep_key = share(oldest), keep_value = share(value);
      if (dict_remove(thread, lru->results, oldest) < 0) return {};
    }
  }
  if (!there && !dict_set(thread, lru->results, key, result)) return {};
  return result;
}

Ref lru_get(Thread&, Value self, Value object, Value) {
  return object && !object.is_none() ? make_bound_method(self, object) : share(self);
}

Ref cache_info(Thread& thread, const Value* args) {
  LruWrapper* lru = as_lru(args[0]);
  Ref hits = make_int(lru->hits), misses = make_int(lru->misses);
  Ref most = lru->most < 0 ? share(None) : make_int(lru->most), size = make_int(lru->results->used);
  Ref numbers = make_tuple({hits, misses, most, size});
  return call(thread, lru->info_type, {numbers});
}

Ref cache_clear(Thread&, const Value* args) {
  LruWrapper* lru = as_lru(args[0]);
  lru->hits = lru->misses = 0;
  dict_clear(lru->results);
  return share(None);
}

Ref lru_copy(Thread&, const Value* args) { return share(args[0]); }

Ref get_dict(Thread&, Value self) { return share(attrs_dict(self.as_object())); }
bool set_dict(Thread& thread, Value self, Value value) {
  if (!value || !is_dict(value)) return raise_type_error(thread, "__dict__ must be set to a dictionary");
  attrs_replace_dict(self.as_object(), cast<Dict>(value));
  return true;
}
const GetSetDef lru_getset[] = {{"__dict__", get_dict, set_dict}, {nullptr, nullptr}};

const NativeDef lru_methods[] = {
    {"cache_info", "self, /", cache_info, "Report cache statistics."},
    {"cache_clear", "self, /", cache_clear, "Clear the cache and its statistics."},
    {"__copy__", "self, /", lru_copy},
    {"__deepcopy__", "self, memo, /", lru_copy},
    {nullptr},
};

} // namespace

void init_lru_type() {
  static const TypeSpec spec = {.name = "functools._lru_cache_wrapper",
                                .instance_size = sizeof(LruWrapper),
                                .flags = TypeTracked | TypeWeakRefs,
                                .attrs_offset = sizeof(Object),
                                .methods = lru_methods,
                                .getset = lru_getset};
  Slots& slots = lru_wrapper_type.slots;
  slots.dealloc = lru_dealloc;
  slots.traverse = lru_traverse;
  slots.clear = lru_clear;
  slots.construct = lru_construct;
  slots.call = lru_call;
  slots.descr_get = lru_get;
  make_ready(lru_wrapper_type, spec);
}

} // namespace aspy
