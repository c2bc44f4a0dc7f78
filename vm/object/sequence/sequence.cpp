#include "vm/object/sequence/sequence.hpp"

#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace aspy {
namespace {

constexpr std::string_view too_large = "cannot fit '{}' into an index-sized integer";

// The int behind anything with __index__; empty: raised.
Ref index_of(Thread& thread, Value value) {
  if (value.is_int()) return share(value);
  return to_index_object(thread, value);
}

} // namespace

bool to_subscript(Thread& thread, Value key, int64_t& out) {
  if (key.is_int()) {
    out = key.as_int();
    return true;
  }
  Ref number = index_of(thread, key);
  if (!number) return false;
  if (int_as_int64(number, out)) return true;
  return raise(thread, IndexError_type, fmt::format(too_large, type_name(key)));
}

bool to_size(Thread& thread, Value value, int64_t& out) {
  Ref number = index_of(thread, value);
  if (!number) return false;
  if (int_as_int64(number, out)) return true;
  return raise(thread, OverflowError_type, fmt::format(too_large, type_name(value)));
}

bool to_c_size(Thread& thread, Value value, int64_t& out) {
  Ref number = index_of(thread, value);
  if (!number) return false;
  if (int_as_int64(number, out)) return true;
  return raise(thread, OverflowError_type, "Python int too large to convert to C ssize_t");
}

bool to_bound(Thread& thread, Value value, int64_t length, int64_t& out) {
  if (!has_index(value))
    return raise_type_error(thread, "slice indices must be integers or have an __index__ method");
  if (!to_index(thread, value, out)) return false;
  if (out < 0) out = std::max<int64_t>(out + length, 0);
  return true;
}

bool raise_bad_subscript(Thread& thread, const char* type, Value key) {
  return raise_type_error(thread,
                          fmt::format("{} indices must be integers or slices, not {}", type, type_name(key)));
}

Ref length_hint_int(int64_t remaining) { return make_int(std::max<int64_t>(remaining, 0)); }

// --- copies of iterators ---

namespace {

// The builtin is looked up where a script may have replaced it.
Ref reduce_through(Thread& thread, const char* maker, Value source, int64_t index) {
  Value found = dict_get(current_builtins, intern(maker));
  if (!found) return raise(thread, AttributeError_type, maker);
  Own<Tuple> arguments = make_tuple({source});
  if (index < 0) return make_tuple({found, arguments.value()});
  return make_tuple({found, arguments.value(), make_int(index)});
}

} // namespace

Ref reduce_iterator(Thread& thread, Value source, int64_t index) {
  return reduce_through(thread, "iter", source, index);
}
Ref reduce_reversed(Thread& thread, Value source, int64_t index) {
  return reduce_through(thread, "reversed", source, index);
}

bool to_iterator_index(Thread& thread, Value state, int64_t& out) {
  if (!is_int_like(state)) return raise_type_error(thread, "an integer is required");
  if (int_as_int64(state, out)) return true;
  return raise(thread, OverflowError_type, "Python int too large to convert to C ssize_t");
}

// --- recursive reprs ---

namespace {
thread_local std::vector<Object*> under_way;
}

ReprGuard::ReprGuard(Object* object)
    : recursive_(std::find(under_way.begin(), under_way.end(), object) != under_way.end()) {
  under_way.push_back(object);
}
ReprGuard::~ReprGuard() { under_way.pop_back(); }

} // namespace aspy
