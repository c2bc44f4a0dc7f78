// Built-in functions about any object: attributes, classes, identity, text, size.
#include "runtime/builtins/builtins.hpp"
#include "vm/interpreter/call.hpp"
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {
namespace {

// --- attributes ----------------------------------------------------------------------------------

// The interned name; null with TypeError pending when it is no str.
Str* attribute_name(Thread& thread, Value name) {
  if (is_str(name)) return intern(cast<Str>(name));
  raise_type_error(thread, fmt::format("attribute name must be string, not '{}'", type_name(name)));
  return nullptr;
}

Ref builtin_getattr(Thread& thread, const Value* args) {
  Str* name = attribute_name(thread, args[1]);
  if (!name) return {};
  if (!args[2]) return get_attr(thread, args[0], name);
  Ref found = find_attr(thread, args[0], name);
  if (found || thread.has_error()) return found;
  return share(args[2]);
}

Ref builtin_hasattr(Thread& thread, const Value* args) {
  Str* name = attribute_name(thread, args[1]);
  if (!name) return {};
  Ref found = find_attr(thread, args[0], name);
  if (thread.has_error()) return {};
  return share(Value::from_bool(bool(found)));
}

Ref builtin_setattr(Thread& thread, const Value* args) {
  Str* name = attribute_name(thread, args[1]);
  return name && set_attr(thread, args[0], name, args[2]) ? share(None) : Ref();
}

Ref builtin_delattr(Thread& thread, const Value* args) {
  Str* name = attribute_name(thread, args[1]);
  return name && set_attr(thread, args[0], name, Value()) ? share(None) : Ref();
}

Ref builtin_vars(Thread& thread, const Value* args) {
  if (!args[0]) return current_locals(thread);
  Ref dict = find_attr(thread, args[0], names::dunder_dict);
  if (dict || thread.has_error()) return dict;
  return raise_type_error(thread, "vars() argument must have __dict__ attribute");
}

// dir(): names sorted; without an argument those of the current scope.
Ref builtin_dir(Thread& thread, const Value* args) {
  Own<List> result;
  if (!args[0]) {
    Ref locals = current_locals(thread);
    if (!locals) return {};
    Ref keys = is_dict(locals) ? share(locals) : call_method(thread, locals, "keys");
    if (!keys) return {};
    result = list_from_iterable(thread, keys);
  } else {
    Ref method = lookup_special(thread, args[0], names::dunder_dir);
    if (!method) {
      if (thread.has_error()) return {};
      return raise_type_error(thread, "object does not provide __dir__");
    }
    Ref found = call(thread, method);
    if (!found) return {};
    result = list_from_iterable(thread, found);
  }
  if (!result || !list_sort(thread, result.get(), None, false)) return {};
  return result;
}

// --- classes and identity ------------------------------------------------------------------------

Ref truth(int answer) { return answer < 0 ? Ref() : share(Value::from_bool(answer)); }

Ref builtin_isinstance(Thread& thread, const Value* args) {
  return truth(isinstance(thread, args[0], args[1]));
}
Ref builtin_issubclass(Thread& thread, const Value* args) {
  return truth(issubclass(thread, args[0], args[1]));
}
Ref builtin_callable(Thread&, const Value* args) { return share(Value::from_bool(is_callable(args[0]))); }

// An object's id is its address; numbers, None and bools have no address, so theirs comes from the bits.
Ref builtin_id(Thread&, const Value* args) {
  if (args[0].is_object()) return make_int_unsigned(args[0].bits);
  uint64_t bits = args[0].bits;
  return make_int_unsigned((bits ^ bits >> 13) & 0x0000'7FFF'FFFF'FFF0);
}

Ref builtin_hash(Thread& thread, const Value* args) {
  int64_t result;
  return hash(thread, args[0], result) ? make_int(result) : Ref();
}

// --- text and size -------------------------------------------------------------------------------

Ref builtin_repr(Thread& thread, const Value* args) { return repr(thread, args[0]); }
Ref builtin_ascii(Thread& thread, const Value* args) { return ascii_repr(thread, args[0]); }

Ref builtin_format(Thread& thread, const Value* args) {
  if (!args[1]) return format(thread, args[0], names::empty);
  if (!is_str(args[1]))
    return raise_type_error(thread,
                            fmt::format("format() argument 2 must be str, not {}", argument_type(args[1])));
  return format(thread, args[0], cast<Str>(args[1]));
}

Ref builtin_len(Thread& thread, const Value* args) {
  int64_t size = length(thread, args[0]);
  return size < 0 ? Ref() : make_int(size);
}

} // namespace

const NativeDef object_builtins[] = {
    {"ascii", "obj, /", builtin_ascii, "Return an ASCII-only representation of an object."},
    {"callable", "obj, /", builtin_callable, "Return whether the object can be called."},
    {"delattr", "obj, name, /", builtin_delattr, "Delete the named attribute of an object."},
    {"dir", "object=None, /", builtin_dir,
     "Return the sorted names of an object's attributes, or of the current scope."},
    {"format", "value, format_spec='', /", builtin_format, "Return value.__format__(format_spec)."},
    {"getattr", "object, name, default=None, /", builtin_getattr, "Get a named attribute of an object."},
    {"hasattr", "obj, name, /", builtin_hasattr,
     "Return whether the object has an attribute of the given name."},
    {"hash", "obj, /", builtin_hash, "Return the hash value of an object."},
    {"id", "obj, /", builtin_id, "Return the identity of an object."},
    {"isinstance", "obj, class_or_tuple, /", builtin_isinstance,
     "Return whether an object is an instance of a class."},
    {"issubclass", "cls, class_or_tuple, /", builtin_issubclass,
     "Return whether a class derives from another one."},
    {"len", "obj, /", builtin_len, "Return the number of items in a container."},
    {"repr", "obj, /", builtin_repr, "Return the canonical string representation of an object."},
    {"setattr", "obj, name, value, /", builtin_setattr, "Set the named attribute of an object."},
    {"vars", "object=None, /", builtin_vars, "Return an object's __dict__, or the local variables."},
    {nullptr},
};

} // namespace aspy
