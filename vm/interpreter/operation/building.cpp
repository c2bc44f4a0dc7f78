// Displays, f-strings, unpacking, functions, and the arguments of calls with stars.
#include "vm/interpreter/operation/operations.hpp"

#include "vm/memory/heap.hpp"
#include "vm/object/callable/callable_text.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/hash/set.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <vector>

namespace aspy {

namespace {

// Moves `count` operands in a row out of the registers (locals are shared).
// Locals are shared, temporaries moved.
void take_row(Value* R, int first, uint32_t count, Value* target) {
  Value* from = R + first;
  for (uint32_t i = 0; i < count; ++i, ++from) {
    Value item = *from;
    if (from >= R) *from = Value();
    else incref(item);
    target[i] = item;
  }
}
void kill_row(Value* R, int first, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) kill(R, first + static_cast<int>(i));
}

// The pending TypeError is about a value that iter() knows no way to open.
bool refused_by_iter(Thread& thread, Value value) {
  const Type* type = type_of(value);
  return error_matches(thread, TypeError_type) && !type->slots.iter &&
         !(type->is_heap() && type->slots.get_item);
}

// Opens an iterable for unpacking; TypeError in unpacking's words.
Ref unpack_iter(Thread& thread, Value iterable) {
  Ref iterator = iter(thread, iterable);
  if (!iterator && refused_by_iter(thread, iterable)) {
    clear_error(thread);
    raise_type_error(thread, fmt::format("cannot unpack non-iterable {} object", type_name(iterable)));
  }
  return iterator;
}

} // namespace

bool op_build_tuple(Thread&, Frame*, Value* R, const Word* pc) {
  uint32_t count = n_of(*pc);
  Own<Tuple> tuple = allocate_tuple(count);
  take_row(R, b_of(*pc), count, tuple->items());
  track_tuple(tuple.get());
  store(R, a_of(*pc), Value(tuple.release()));
  return true;
}

bool op_build_list(Thread&, Frame*, Value* R, const Word* pc) {
  uint32_t count = n_of(*pc);
  Own<List> list = new_list(count);
  take_row(R, b_of(*pc), count, list->items);
  list->size = count;
  store(R, a_of(*pc), Value(list.release()));
  return true;
}

bool op_build_set(Thread& thread, Frame*, Value* R, const Word* pc) {
  uint32_t count = n_of(*pc);
  Own<Set> set = new_set();
  for (uint32_t i = 0; i < count; ++i)
    if (!set_add(thread, set.get(), R[b_of(*pc) + static_cast<int>(i)])) return false;
  kill_row(R, b_of(*pc), count);
  store(R, a_of(*pc), Value(set.release()));
  return true;
}

bool op_build_dict(Thread& thread, Frame*, Value* R, const Word* pc) {
  uint32_t pairs = n_of(*pc);
  int b = b_of(*pc);
  Own<Dict> dict = new_dict(pairs);
  for (uint32_t i = 0; i < pairs; ++i) {
    int key = b + static_cast<int>(2 * i);
    if (!dict_set(thread, dict.get(), R[key], R[key + 1])) return false;
  }
  kill_row(R, b, 2 * pairs);
  store(R, a_of(*pc), Value(dict.release()));
  return true;
}

bool op_build_string(Thread& thread, Frame*, Value* R, const Word* pc) {
  uint32_t count = n_of(*pc);
  int b = b_of(*pc);
  size_t size = 0;
  for (uint32_t i = 0; i < count; ++i) size += cast<Str>(R[b + static_cast<int>(i)])->size;
  if (size > 0xFFFF'FFF0u) return raise(thread, MemoryError_type, "");
  Own<Str> text = new_str_buffer(size);
  char* out = text->data();
  for (uint32_t i = 0; i < count; ++i) {
    Str* part = cast<Str>(R[b + static_cast<int>(i)]);
    std::memcpy(out, part->data(), part->size);
    out += part->size;
  }
  finish_str(text.get());
  kill_row(R, b, count);
  store(R, a_of(*pc), Value(text.release()));
  return true;
}

bool op_format_value(Thread& thread, Frame*, Value* R, const Word* pc) {
  int b = b_of(*pc);
  unsigned mode = n_of(*pc);
  Ref value = share(R[b]);
  switch (mode & 3) {
  case 1: value = str(thread, value); break;
  case 2: value = repr(thread, value); break;
  case 3: value = ascii_repr(thread, value); break;
  default: break;
  }
  if (!value) return false;
  Str* spec = (mode & 4) ? cast<Str>(R[b + 1]) : names::empty;
  if (!(is_exact(value, str_type) && spec->size == 0)) value = format(thread, value, spec);
  if (!value) return false;
  kill(R, b);
  if (mode & 4) kill(R, b + 1);
  store(R, a_of(*pc), value.release());
  return true;
}

bool op_list_extend(Thread& thread, Frame*, Value* R, const Word* pc) {
  Value iterable = R[b_of(*pc)];
  if (!list_extend(thread, cast<List>(R[a_of(*pc)]), iterable)) {
    if (refused_by_iter(thread, iterable)) {
      clear_error(thread);
      raise_type_error(thread, fmt::format("Value after * must be an iterable, not {}", type_name(iterable)));
    }
    return false;
  }
  kill(R, b_of(*pc));
  return true;
}

bool op_list_to_tuple(Thread&, Frame*, Value* R, const Word* pc) {
  Own<Tuple> tuple = make_tuple(cast<List>(R[b_of(*pc)])->view());
  kill(R, b_of(*pc));
  store(R, a_of(*pc), Value(tuple.release()));
  return true;
}

bool op_set_add(Thread& thread, Frame*, Value* R, const Word* pc) {
  if (!set_add(thread, cast<Set>(R[a_of(*pc)]), R[b_of(*pc)])) return false;
  kill(R, b_of(*pc));
  return true;
}

bool op_set_update(Thread& thread, Frame*, Value* R, const Word* pc) {
  Value iterable = R[b_of(*pc)];
  if (!set_update(thread, cast<Set>(R[a_of(*pc)]), iterable)) return false;
  kill(R, b_of(*pc));
  return true;
}

bool op_dict_set(Thread& thread, Frame*, Value* R, const Word* pc) {
  if (!dict_set(thread, cast<Dict>(R[a_of(*pc)]), R[b_of(*pc)], R[c_of(*pc)])) return false;
  kill(R, b_of(*pc));
  kill(R, c_of(*pc));
  return true;
}

bool op_dict_update(Thread& thread, Frame*, Value* R, const Word* pc) {
  Value mapping = R[b_of(*pc)];
  Dict* dict = cast<Dict>(R[a_of(*pc)]);
  if (is_dict(mapping)) {
    if (!dict_update(thread, dict, mapping)) return false;
  } else if (!dict_update_from_mapping(thread, dict, mapping)) {
    if (!error_matches(thread, AttributeError_type)) return false;
    clear_error(thread);
    return raise_type_error(thread, fmt::format("'{}' object is not a mapping", type_name(mapping)));
  }
  kill(R, b_of(*pc));
  return true;
}

bool op_dict_merge(Thread& thread, Frame*, Value* R, const Word* pc) {
  if (!dict_merge_kwargs(thread, cast<Dict>(R[a_of(*pc)]), R[b_of(*pc)], R[c_of(*pc)])) return false;
  kill(R, b_of(*pc));
  return true;
}

namespace {

// The items of `source`, which have to be exactly `want`.
Own<Tuple> unpack_exactly(Thread& thread, Value source, size_t want) {
  auto wrong = [&](size_t have) {
    raise_value_error(thread, fmt::format("{} values to unpack (expected {}, got {})",
                                          have < want ? "not enough" : "too many", want, have));
    return nullptr;
  };
  if (is_exact(source, tuple_type)) {
    auto* tuple = cast<Tuple>(source);
    return tuple->size == want ? Own<Tuple>::share(tuple) : wrong(tuple->size);
  }
  if (is_exact(source, list_type)) {
    auto* list = cast<List>(source);
    return list->size == want ? make_tuple(list->view()) : wrong(list->size);
  }
  Ref iterator = unpack_iter(thread, source);
  if (!iterator) return nullptr;
  Own<List> found = new_list(std::min<size_t>(want, 255));
  for (size_t i = 0; i < want; ++i) {
    Ref item = next(thread, iterator);
    if (!item) return thread.has_error() ? nullptr : wrong(i);
    list_append(found.get(), item);
  }
  Ref extra = next(thread, iterator);
  if (thread.has_error()) return nullptr;
  if (!extra) return make_tuple(found->view());
  // The number of items is told only where it is known without iterating on.
  if (is_exact(source, dict_type)) return wrong(cast<Dict>(source)->used);
  raise_value_error(thread, fmt::format("too many values to unpack (expected {})", want));
  return nullptr;
}

// The same with a list of what lies between the first `before` and the last `after` items.
Own<Tuple> unpack_with_rest(Thread& thread, Value source, size_t before, size_t after) {
  Own<List> collected;
  std::span<const Value> items;
  if (is_exact(source, tuple_type)) {
    items = cast<Tuple>(source)->view();
  } else if (is_exact(source, list_type)) {
    items = cast<List>(source)->view();
  } else {
    Ref iterator = unpack_iter(thread, source);
    if (!iterator) return nullptr;
    collected = list_from_iterable(thread, iterator);
    if (!collected) return nullptr;
    items = collected->view();
  }
  if (items.size() < before + after) {
    raise_value_error(thread, fmt::format("not enough values to unpack (expected at least {}, got {})",
                                          before + after, items.size()));
    return nullptr;
  }
  size_t middle = items.size() - before - after;
  Own<Tuple> parts = new_tuple(before + 1 + after);
  Value* out = parts->items();
  for (size_t i = 0; i < before; ++i) *out++ = share(items[i]).release();
  *out++ = Value(make_list(items.subspan(before, middle)).release());
  for (size_t i = 0; i < after; ++i) *out++ = share(items[before + middle + i]).release();
  return parts;
}

bool store_row(Value* R, int first, const Own<Tuple>& parts) {
  if (!parts) return false;
  for (size_t i = 0; i < parts->size; ++i)
    store(R, first + static_cast<int>(i), share((*parts)[i]).release());
  return true;
}

} // namespace

bool op_unpack_sequence(Thread& thread, Frame*, Value* R, const Word* pc) {
  Ref source = take(R, b_of(*pc));
  constexpr size_t few = 8;
  size_t want = n_of(*pc);
  if (is_exact(source, list_type) && cast<List>(source)->size == want && want <= few) {
    // Out of the list first: what a register held may change it when it goes.
    Value items[few];
    for (size_t i = 0; i < want; ++i) incref(items[i] = cast<List>(source)->items[i]);
    for (size_t i = 0; i < want; ++i) store(R, a_of(*pc) + static_cast<int>(i), items[i]);
    return true;
  }
  return store_row(R, a_of(*pc), unpack_exactly(thread, source, want));
}

bool op_unpack_ex(Thread& thread, Frame*, Value* R, const Word* pc) {
  Ref source = take(R, b_of(*pc));
  return store_row(R, a_of(*pc), unpack_with_rest(thread, source, n_of(*pc), pc[1]));
}

bool op_unpack_tuple(Thread& thread, Frame*, Value* R, const Word* pc) {
  Ref source = take(R, b_of(*pc));
  Own<Tuple> parts = n_of(*pc) ? unpack_with_rest(thread, source, pc[1] & 255, pc[1] >> 8)
                               : unpack_exactly(thread, source, pc[1]);
  if (!parts) return false;
  store(R, a_of(*pc), Value(parts.release()));
  return true;
}

bool op_make_function(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  int b = b_of(*pc);
  unsigned parts = n_of(*pc);
  Code* code = cast<Code>(frame->code->constants[pc[1]]);
  Own<Function> function = make_function(thread, code, frame->globals);
  if (!function) return false;
  if (parts & 1) function->defaults = cast<Tuple>(take(R, b++).release());
  if (parts & 2) function->kwdefaults = cast<Dict>(take(R, b++).release());
  if (parts & 4) function->annotate = take(R, b++).release();
  if (parts & 8) function->closure = cast<Tuple>(take(R, b++).release());
  store(R, a_of(*pc), Value(function.release()));
  return true;
}

bool set_type_params(Thread& thread, Value target, Value params) {
  if (is_exact(target, function_type)) {
    assign(cast<Function>(target)->type_params, share(params));
    return true;
  }
  return set_attr(thread, target, names::dunder_type_params, params);
}

bool spread_arguments(Thread& thread, Frame* frame, Value* R, Word word, Value*& base, uint32_t& nargs,
                      Value& names) {
  int b = b_of(word);
  bool has_keywords = n_of(word) == 1;
  names = Value();
  Ref positional;
  if (is_exact(R[b + 1], tuple_type)) {
    positional = share(R[b + 1]);
  } else {
    positional = tuple_from_iterable(thread, R[b + 1]);
    if (!positional) {
      if (refused_by_iter(thread, R[b + 1])) {
        clear_error(thread);
        raise_type_error(thread, fmt::format("{} argument after * must be an iterable, not {}",
                                             callable_text(thread, R[b]), type_name(R[b + 1])));
      }
      return false;
    }
  }
  Dict* keywords = has_keywords ? cast<Dict>(R[b + 2]) : nullptr;
  Tuple* items = cast<Tuple>(positional);
  uint32_t keyword_count = keywords ? keywords->used : 0;
  base = frame->stack_end + 1;
  if (items->size > 0xFFFFFF || base + items->size + keyword_count + 256 > thread.stack_limit)
    return raise(thread, RecursionError_type, "maximum recursion depth exceeded");
  nargs = static_cast<uint32_t>(items->size);
  for (uint32_t i = 0; i < nargs; ++i) base[i] = share((*items)[i]).release();
  if (keyword_count) {
    Own<Tuple> name_tuple = new_tuple(keyword_count);
    uint32_t position = 0, at = 0;
    Value key, value;
    while (dict_next(keywords, position, key, value)) {
      name_tuple->items()[at] = share(key).release();
      base[nargs + at] = share(value).release();
      ++at;
    }
    for (uint32_t i = 0; i < keyword_count; ++i) {
      if (is_str((*name_tuple)[i])) continue;
      release_row(base, nargs + keyword_count);
      return raise_type_error(thread, "keywords must be strings");
    }
    names = Value(name_tuple.release());
  }
  base[-1] = take(R, b).release();
  // Finalisers of what the arguments came in run above them.
  Value* saved_end = std::exchange(frame->stack_end, base + nargs + keyword_count);
  kill(R, b + 1);
  if (has_keywords) kill(R, b + 2);
  positional = Ref();
  frame->stack_end = saved_end;
  return true;
}

} // namespace aspy
