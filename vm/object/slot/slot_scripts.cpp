// Slots of script classes: each function here looks its dunder method up on the type and calls it, then
// checks what came back as CPython does.
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/slot_functions.hpp"
#include "vm/object/thread.hpp"

#include <array>
#include <fmt/format.h>
#include <memory>

namespace aspy {
namespace {

// Calls `found`, which the type of `self` has, with further arguments as they were given (keywords included).
Ref call_found_with(Thread& thread, Value found, Value self, CallArgs args) {
  Ref keep = share(found);
  if (!has_type_flag(found, TypeMethodLike)) {
    Ref bound = bind_descriptor(thread, found, self, type_of(self));
    return bound ? call(thread, bound, args) : Ref();
  }
  size_t total = args.count + (args.kwnames ? args.kwnames->size : 0);
  std::array<Value, 16> small;
  std::unique_ptr<Value[]> large;
  Value* row = small.data();
  if (total + 1 > small.size()) {
    large = std::make_unique<Value[]>(total + 1);
    row = large.get();
  }
  row[0] = self;
  std::copy(args.args, args.args + total, row + 1);
  return call(thread, found, CallArgs{row, args.count + 1, args.kwnames});
}

} // namespace

Ref call_dunder(Thread& thread, Value self, Str* name, std::initializer_list<Value> rest) {
  Value found = type_lookup(type_of(self), name);
  if (!found)
    return raise_attribute_error(
        thread, self, name, fmt::format("'{}' object has no attribute '{}'", type_name(self), name->view()));
  return call_found(thread, found, self, rest);
}

Ref script_construct(Thread& thread, Type* type, CallArgs args) {
  Value found = type_lookup(type, names::dunder_new);
  if (!found)
    return raise_type_error(thread, fmt::format("cannot create '{}' instances", type->name->view()));
  Ref callable = bind_descriptor(thread, found, Value(), type);
  if (!callable) return Ref();
  // A static method: the class goes in front by hand.
  size_t total = args.count + (args.kwnames ? args.kwnames->size : 0);
  auto row = std::make_unique<Value[]>(total + 1);
  row[0] = Value(type);
  std::copy(args.args, args.args + total, row.get() + 1);
  return call(thread, callable, CallArgs{row.get(), args.count + 1, args.kwnames});
}

bool script_init(Thread& thread, Value self, CallArgs args) {
  Value found = type_lookup(type_of(self), names::dunder_init);
  if (!found) return true;
  Ref result = call_found_with(thread, found, self, args);
  if (!result) return false;
  if (!result.get().is_none())
    return raise_type_error(thread,
                            fmt::format("__init__() should return None, not '{}'", type_name(result)));
  return true;
}

Ref script_call(Thread& thread, Value self, CallArgs args) {
  Value found = type_lookup(type_of(self), names::dunder_call);
  if (!found) return raise_type_error(thread, fmt::format("'{}' object is not callable", type_name(self)));
  if (!check_native_stack(thread)) return Ref();
  return call_found_with(thread, found, self, args);
}

void script_finalize(Thread& thread, Object* self) {
  ErrorShelter shelter(thread);
  Value found = type_lookup(self->type, names::dunder_del);
  if (!found) return;
  Ref keep = share(found);
  if (!call_found(thread, found, self))
    write_unraisable(thread, found, "Exception ignored while calling deallocator");
}

// --- attributes ----------------------------------------------------------------------------------

Ref script_get_attr(Thread& thread, Value self, Str* name) {
  Type* type = type_of(self);
  Value getattr = type_lookup(type, names::dunder_getattr);
  Value getattribute = type_lookup(type, names::dunder_getattribute);
  Ref keep = share(getattr);
  Ref result;
  // The native __getattribute__ (of object, type, module ...) is called directly, and without making an
  // exception.
  if (is_exact(getattribute, slot_wrapper_type)) {
    auto native = reinterpret_cast<decltype(Slots::get_attr)>(cast<SlotWrapper>(getattribute)->fn);
    result = native == generic_get_attr && getattr ? find_generic_attr(thread, self, name)
                                                   : native(thread, self, name);
  } else {
    result = call_dunder(thread, self, names::dunder_getattribute, {Value(name)});
  }
  if (result || !getattr) return result;
  if (thread.has_error()) {
    if (!error_matches(thread, AttributeError_type)) return Ref();
    clear_error(thread);
  }
  return call_found(thread, getattr, self, {Value(name)});
}

bool script_set_attr(Thread& thread, Value self, Str* name, Value value) {
  if (!value) return static_cast<bool>(call_dunder(thread, self, names::dunder_delattr, {Value(name)}));
  return static_cast<bool>(call_dunder(thread, self, names::dunder_setattr, {Value(name), value}));
}

Ref script_descr_get(Thread& thread, Value descr, Value object, Value type) {
  Value found = type_lookup(type_of(descr), names::dunder_get);
  if (!found) return share(descr);
  return call_found(thread, found, descr, {object ? object : None, type ? type : None});
}

bool script_descr_set(Thread& thread, Value descr, Value object, Value value) {
  Str* name = value ? names::dunder_set : names::dunder_delete;
  Value found = type_lookup(type_of(descr), name);
  if (!found) // has the one of __set__ and __delete__ that is not asked for
    return raise(thread, AttributeError_type, name->view());
  return static_cast<bool>(value ? call_found(thread, found, descr, {object, value})
                                 : call_found(thread, found, descr, {object}));
}

// --- identity and text ---------------------------------------------------------------------------

// repr() and str() check that it is text.
Ref script_repr(Thread& thread, Value self) { return call_dunder(thread, self, names::dunder_repr); }
Ref script_str(Thread& thread, Value self) { return call_dunder(thread, self, names::dunder_str); }

bool script_hash(Thread& thread, Value self, int64_t& out) {
  Value found = type_lookup(type_of(self), names::dunder_hash);
  if (!found || found.is_none()) return hash_not_implemented(thread, self, out);
  Ref number = call_found(thread, found, self);
  if (!number) return false;
  if (!is_int_like(number)) return raise_type_error(thread, "__hash__ method should return an integer");
  // A number beyond 64 bits is folded as int's own hash folds it.
  Value plain = int_value(number);
  if (!int_as_int64(plain, out)) out = int_hash(plain);
  if (out == -1) out = -2;
  return true;
}

Ref script_compare(Thread& thread, Value a, Value b, CompareOp op) {
  static Str* const* const method[] = {&names::dunder_lt, &names::dunder_le, &names::dunder_eq,
                                       &names::dunder_ne, &names::dunder_gt, &names::dunder_ge};
  Value found = type_lookup(type_of(a), *method[static_cast<int>(op)]);
  if (!found) return share(NotImplemented);
  return call_found(thread, found, a, {b});
}

int script_truthy(Thread& thread, Value self) {
  Value found = type_lookup(type_of(self), names::dunder_bool);
  if (!found) { // only __len__ is defined
    if (!type_lookup(type_of(self), names::dunder_len)) return 1;
    int64_t size = script_length(thread, self);
    return size < 0 ? -1 : size > 0;
  }
  if (found.is_none()) {
    raise_type_error(thread, fmt::format("'{}' cannot be interpreted as a boolean", type_name(self)));
    return -1;
  }
  Ref result = call_found(thread, found, self);
  if (!result) return -1;
  if (result.get().is_bool()) return result.get().as_bool();
  raise_type_error(thread, fmt::format("__bool__ should return bool, returned {}", type_name(result)));
  return -1;
}

// --- iteration and awaiting ----------------------------------------------------------------------

Ref script_iter(Thread& thread, Value self) {
  Value found = type_lookup(type_of(self), names::dunder_iter);
  if (!found || found.is_none())
    return raise_type_error(thread, fmt::format("'{}' object is not iterable", type_name(self)));
  return call_found(thread, found, self);
}

Ref script_next(Thread& thread, Value self) {
  return call_dunder(thread, self, names::dunder_next); // StopIteration stays pending: it may carry a value
}

Ref script_await(Thread& thread, Value self) {
  Value found = type_lookup(type_of(self), names::dunder_await);
  if (!found) return raise_type_error(thread, fmt::format("'{}' object can't be awaited", type_name(self)));
  return call_found(thread, found, self);
}

Ref script_aiter(Thread& thread, Value self) { return call_dunder(thread, self, names::dunder_aiter); }
Ref script_anext(Thread& thread, Value self) { return call_dunder(thread, self, names::dunder_anext); }

// --- containers ----------------------------------------------------------------------------------

int64_t script_length(Thread& thread, Value self) {
  Ref result = call_dunder(thread, self, names::dunder_len);
  if (!result) return -1;
  Ref number = to_index_object(thread, result);
  if (!number) return -1;
  int64_t size = 0;
  if (int_sign(number) < 0) {
    raise_value_error(thread, "__len__() should return >= 0");
    return -1;
  }
  if (!int_as_int64(number, size)) {
    raise(thread, OverflowError_type, "cannot fit 'int' into an index-sized integer");
    return -1;
  }
  return size;
}

Ref script_get_item(Thread& thread, Value self, Value key) {
  return call_dunder(thread, self, names::dunder_getitem, {key});
}

bool script_set_item(Thread& thread, Value self, Value key, Value value) {
  // A class may define only one of the two: the other one is missed when it is needed.
  Str* name = value ? names::dunder_setitem : names::dunder_delitem;
  if (!type_lookup(type_of(self), name)) return raise(thread, AttributeError_type, name->view());
  if (!value) return static_cast<bool>(call_dunder(thread, self, names::dunder_delitem, {key}));
  return static_cast<bool>(call_dunder(thread, self, names::dunder_setitem, {key, value}));
}

int script_contains(Thread& thread, Value self, Value item) {
  Value found = type_lookup(type_of(self), names::dunder_contains);
  if (found.is_none()) {
    raise_type_error(thread, fmt::format("'{}' object is not a container", type_name(self)));
    return -1;
  }
  Ref result = found ? call_found(thread, found, self, {item}) : Ref();
  if (!result) return -1;
  return truthy(thread, result);
}

// --- numbers -------------------------------------------------------------------------------------

namespace {
// True when `b`'s type has a reflected method of its own, not the one that `a`'s type has as well.
bool overrides(Value a, Value b, Str* name) {
  Value theirs = type_lookup(type_of(b), name);
  return theirs && !(type_lookup(type_of(a), name) == theirs);
}

Ref call_or_pass(Thread& thread, Value self, Str* name, Value other) {
  Value found = type_lookup(type_of(self), name);
  return found ? call_found(thread, found, self, {other}) : share(NotImplemented);
}
} // namespace

Ref script_binary_dispatch(Thread& thread, BinaryOp op, BinaryFn own, Str* name, Str* reflected, Value a,
                           Value b) {
  Type* left = type_of(a);
  Type* right = type_of(b);
  int index = static_cast<int>(op);
  bool try_right = left != right && right->slots.binary[index] == own;
  if (left->slots.binary[index] == own) {
    // A subclass on the right that overrides the reflected method goes first.
    if (try_right && is_subtype(right, left)) {
      if (overrides(a, b, reflected)) {
        Ref result = call_or_pass(thread, b, reflected, a);
        if (!(result.get() == NotImplemented)) return result;
        try_right = false;
      }
    }
    Ref result = call_or_pass(thread, a, name, b);
    if (!(result.get() == NotImplemented) || left == right) return result;
  }
  if (try_right) return call_or_pass(thread, b, reflected, a);
  return share(NotImplemented);
}

Ref script_power3(Thread& thread, Value a, Value b, Value modulus) {
  // As with two arguments: the first operand is asked, or before it the second when its class derives from
  // the first's and has a method of its own.
  Type *left = type_of(a), *right = type_of(b);
  bool try_right = left != right && right->slots.power3 == script_power3;
  auto ask = [&](Value self, Str* method, Value other) {
    Value found = type_lookup(type_of(self), method);
    return found ? call_found(thread, found, self, {other, modulus}) : share(NotImplemented);
  };
  if (left->slots.power3 == script_power3) {
    if (try_right && is_subtype(right, left) && overrides(a, b, names::dunder_rpow)) {
      Ref result = ask(b, names::dunder_rpow, a);
      if (!(result.get() == NotImplemented)) return result;
      try_right = false;
    }
    Ref result = ask(a, names::dunder_pow, b);
    if (!(result.get() == NotImplemented) || left == right) return result;
  }
  return try_right ? ask(b, names::dunder_rpow, a) : share(NotImplemented);
}

} // namespace aspy
