// The gc module: the cycle collector as scripts see it.
#include "runtime/importing/registry.hpp"
#include "vm/memory/collector.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>

namespace aspy {
namespace {

Ref gc_collect(Thread& thread, const Value* args) {
  int32_t generation = 2;
  if (args[0] && !to_int32(thread, args[0], generation)) return {};
  if (generation < 0 || generation > 2) return raise_value_error(thread, "invalid generation");
  return make_int(static_cast<int64_t>(collect(thread, generation)));
}
Ref gc_enable(Thread&, const Value*) {
  collector_enable(true);
  return share(None);
}
Ref gc_disable(Thread&, const Value*) {
  collector_enable(false);
  return share(None);
}
Ref gc_isenabled(Thread&, const Value*) { return share(Value::from_bool(collector_enabled())); }

Ref triple(int64_t a, int64_t b, int64_t c) {
  Ref x = make_int(a), y = make_int(b), z = make_int(c);
  return make_tuple({x, y, z});
}
Ref gc_get_count(Thread&, const Value*) { return triple(collector_young_count(), 0, 0); }

// Only the young generation's threshold means anything here; the others are kept as they were set.
int64_t older_thresholds[2] = {10, 0};
Ref gc_get_threshold(Thread&, const Value*) {
  return triple(collector_threshold(), older_thresholds[0], older_thresholds[1]);
}
Ref gc_set_threshold(Thread& thread, const Value* args) {
  if (!args[0]) return raise_type_error(thread, "gc.set_threshold requires 1 to 3 arguments");
  int64_t numbers[3] = {0, older_thresholds[0], older_thresholds[1]};
  for (int i = 0; i < 3; ++i)
    if (args[i] && !to_int64(thread, args[i], numbers[i])) return {};
  collector_set_threshold(static_cast<uint32_t>(std::max<int64_t>(numbers[0], 0)));
  older_thresholds[0] = numbers[1];
  return share(None);
}

Ref gc_get_stats(Thread&, const Value*) {
  Own<List> all = new_list();
  for (int generation = 0; generation < 3; ++generation) {
    const CollectorStats& stats = collector_stats(generation);
    Own<Dict> row = new_dict();
    dict_set(row.get(), intern("collections"), make_int_unsigned(stats.collections).get());
    dict_set(row.get(), intern("collected"), make_int_unsigned(stats.collected).get());
    dict_set(row.get(), intern("uncollectable"), make_int_unsigned(stats.uncollectable).get());
    list_append(all.get(), Ref(std::move(row)));
  }
  return all;
}

Ref gc_is_tracked(Thread&, const Value* args) {
  return share(Value::from_bool(args[0].is_object() && args[0].as_object()->is_tracked()));
}
Ref gc_is_finalized(Thread&, const Value* args) {
  return share(Value::from_bool(args[0].is_object() && args[0].as_object()->has_flag(Object::finalized)));
}

Ref gc_get_objects(Thread& thread, const Value* args) {
  if (args[0] && !args[0].is_none()) {
    int64_t generation;
    if (!to_int64(thread, args[0], generation)) return {};
    if (generation < -1)
      return raise_value_error(thread, "generation parameter cannot be negative"); // -1: all
    if (generation > 2)
      return raise_value_error(
          thread, "generation parameter must be less than the number of available generations (3)");
  }
  std::vector<Object*> objects = collector_objects();
  Own<List> all = new_list(objects.size());
  for (Object* object : objects)
    if (object->refcount > 0) list_append(all.get(), Value(object));
  return all;
}

struct Finder final : Visitor {
  std::vector<Object*> found;
  void visit(Object* object) override { found.push_back(object); }
};

Ref gc_get_referents(Thread& thread, CallArgs call) {
  if (!refuse_keywords(thread, "gc.get_referents", call)) return {};
  Own<List> all = new_list();
  for (uint32_t i = 0; i < call.count; ++i) {
    if (!call.args[i].is_object()) continue;
    Object* object = call.args[i].as_object();
    // Of rows every item counts, also numbers, which are no objects here; from the last to the first.
    if (is_exact(call.args[i], tuple_type) || is_exact(call.args[i], list_type)) {
      auto items =
          is_exact(call.args[i], tuple_type) ? cast<Tuple>(object)->view() : cast<List>(object)->view();
      for (size_t at = items.size(); at-- > 0;) list_append(all.get(), items[at]);
      continue;
    }
    Finder finder;
    if (object->type->slots.traverse) object->type->slots.traverse(object, finder);
    for (Object* found : finder.found) list_append(all.get(), Value(found));
  }
  return all;
}

Ref gc_get_referrers(Thread& thread, CallArgs call) {
  if (!refuse_keywords(thread, "gc.get_referrers", call)) return {};
  Own<List> all = new_list();
  for (Object* object : collector_objects()) {
    if (!object->type->slots.traverse || object == all.get()) continue;
    Finder finder;
    object->type->slots.traverse(object, finder);
    bool refers = std::any_of(call.args, call.args + call.count, [&](Value wanted) {
      return wanted.is_object() &&
             std::find(finder.found.begin(), finder.found.end(), wanted.as_object()) != finder.found.end();
    });
    if (refers) list_append(all.get(), Value(object));
  }
  return all;
}

Ref gc_freeze(Thread&, const Value*) {
  collector_freeze();
  return share(None);
}
size_t frozen_at_start = 0; // the interpreter's own objects, of which scripts need not know
Ref gc_unfreeze(Thread&, const Value*) {
  collector_unfreeze();
  frozen_at_start = 0;
  return share(None);
}
Ref gc_get_freeze_count(Thread&, const Value*) {
  return share(Value::from_int(static_cast<int64_t>(collector_frozen_count() - frozen_at_start)));
}
Ref gc_get_debug(Thread&, const Value*) { return share(Value::from_int(0)); }
Ref gc_set_debug(Thread& thread, const Value* args) {
  int64_t flags;
  if (!to_int64(thread, args[0], flags)) return {};
  if (flags) return raise(thread, NotImplementedError_type, "the collector has no debug output");
  return share(None);
}

const NativeDef gc_functions[] = {
    {"collect", "generation=2", gc_collect,
     "Run the collector and return the number of unreachable objects."},
    {"enable", "", gc_enable, "Enable automatic collection."},
    {"disable", "", gc_disable, "Disable automatic collection."},
    {"isenabled", "", gc_isenabled, "Return whether automatic collection is on."},
    {"get_count", "", gc_get_count, "Return the current counts."},
    {"get_threshold", "", gc_get_threshold, "Return the collection thresholds."},
    {"set_threshold", "threshold0=None, threshold1=None, threshold2=None, / |", gc_set_threshold,
     "Set the thresholds."},
    {"get_stats", "", gc_get_stats, "Return a dict of figures for each generation."},
    {"get_objects", "generation=None", gc_get_objects, "Return all objects that the collector tracks."},
    {"get_referents", "*objs", nullptr, "Return the objects that the arguments refer to.",
     NativeKind::Function, gc_get_referents},
    {"get_referrers", "*objs", nullptr, "Return the objects that refer to any of the arguments.",
     NativeKind::Function, gc_get_referrers},
    {"is_tracked", "obj, /", gc_is_tracked, "Return whether the collector tracks the object."},
    {"is_finalized", "obj, /", gc_is_finalized, "Return whether the object's finalizer has run."},
    {"freeze", "", gc_freeze, "Leave all objects of now out of collections."},
    {"unfreeze", "", gc_unfreeze, "Undo freeze()."},
    {"get_freeze_count", "", gc_get_freeze_count, "Return the number of frozen objects."},
    {"get_debug", "", gc_get_debug},
    {"set_debug", "flags, /", gc_set_debug},
    {nullptr},
};

// gc.callbacks, while it is not empty: called with "start" or "stop", and with what happened.
List* listeners = nullptr; // owned: the last collections come after the module is gone

void tell_listeners(Thread& thread, bool start, int generation, size_t collected) {
  if (!listeners || listeners->size == 0) return;
  ErrorShelter shelter(thread);
  Own<Str> phase = make_str(start ? "start" : "stop");
  Own<Dict> info = new_dict();
  dict_set(info.get(), intern("generation"), Value::from_int(generation));
  dict_set(info.get(), intern("collected"), Value::from_int(int64_t(collected)));
  dict_set(info.get(), intern("uncollectable"), Value::from_int(0));
  Own<List> now = make_list(listeners->view()); // a callback may change the list
  for (Value callback : now->view()) {
    Ref result = call(thread, callback, {phase.value(), info.value()});
    if (result) continue;
    Ref error = take_error(thread);
    Ref shown = repr(thread, callback);
    clear_error(thread);
    thread.error = error.release();
    std::string message = "Exception ignored while calling GC callback ";
    if (shown) message += cast<Str>(shown)->view();
    write_unraisable(thread, Value(), message);
  }
}

bool init_gc(Thread&, Module* module) {
  Own<List> garbage = new_list(), callbacks = new_list();
  module_set(module, "garbage", garbage.value());
  module_set(module, "callbacks", callbacks.value());
  if (!listeners) listeners = Own<List>(callbacks).release();
  collector_listener = tell_listeners;
  frozen_at_start = collector_frozen_count();
  const char* flags[] = {"DEBUG_STATS", "DEBUG_COLLECTABLE", "DEBUG_UNCOLLECTABLE"};
  for (int i = 0; i < 3; ++i) module_set(module, flags[i], Value::from_int(1 << i));
  module_set(module, "DEBUG_SAVEALL", Value::from_int(32));
  module_set(module, "DEBUG_LEAK", Value::from_int(38));
  return true;
}

} // namespace

const ModuleSpec gc_module = {"gc", gc_functions, init_gc, "The collector of reference cycles."};

} // namespace aspy
