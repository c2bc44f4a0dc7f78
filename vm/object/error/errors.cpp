// Raising from native code: every helper makes an instance at once and leaves it pending in the thread.
#include "vm/object/attribute/descriptor.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <unordered_map>

namespace aspy {

static std::string type_display(Thread& thread, Value type);

Raised raise(Thread& thread, Type& type, std::string_view message) {
  Own<Str> text = make_str(message);
  Value argument = text.value();
  return raise_with_args(thread, type, {argument});
}

Raised raise_with_args(Thread& thread, Type& type, std::initializer_list<Value> args) {
  Ref exception =
      make_exception(thread, &type, CallArgs{args.begin(), static_cast<uint32_t>(args.size()), nullptr});
  // When the instance could not be made, why it could not is pending already.
  if (exception) set_error(thread, std::move(exception));
  return {};
}

Raised raise_value(Thread& thread, Value exception) {
  if (is_exception(exception)) {
    set_error(thread, share(exception));
    return {};
  }
  if (is_exception_class(exception)) {
    Ref made = make_exception(thread, exception, {});
    if (!made) return {};
    if (is_exception(made)) {
      set_error(thread, std::move(made));
      return {};
    }
    return raise_type_error(
        thread, fmt::format("calling {} should have returned an instance of BaseException, not {}",
                            type_display(thread, exception), type_display(thread, type_of(made))));
  }
  return raise_type_error(thread, "exceptions must derive from BaseException");
}

Raised raise_type_error(Thread& thread, std::string_view message) {
  return raise(thread, TypeError_type, message);
}

Raised raise_value_error(Thread& thread, std::string_view message) {
  return raise(thread, ValueError_type, message);
}

Raised raise_os_error(Thread& thread, int errno_value, Value filename_or_empty) {
  Own<Str> text = make_str(std::strerror(errno_value));
  Value number = Value::from_int(errno_value);
  if (filename_or_empty)
    return raise_with_args(thread, OSError_type, {number, text.value(), filename_or_empty});
  return raise_with_args(thread, OSError_type, {number, text.value()});
}

void set_error(Thread& thread, Ref exception) {
  chain_context(thread, cast<ExceptionObject>(exception));
  assign(thread.error, std::move(exception));
}

Raised raise_attribute_error(Thread& thread, Value object, Str* name, std::string_view message) {
  Own<Str> text = make_str(message);
  Value argument = text.value();
  Ref made = make_exception(thread, &AttributeError_type, CallArgs{&argument, 1, nullptr});
  auto* error = cast<AttributeErrorObject>(made);
  assign(error->obj, share(object));
  assign(error->name, share(name));
  set_error(thread, std::move(made));
  return {};
}

void tell_attribute(Thread& thread, Value object, Str* name) {
  if (!error_matches(thread, AttributeError_type)) return;
  auto* error = cast<AttributeErrorObject>(thread.error);
  if (error->name || error->obj) return;
  assign(error->obj, share(object));
  assign(error->name, share(name));
}

bool error_matches(Thread& thread, const Type& type) {
  return thread.has_error() && is_subtype(type_of(thread.error), &type);
}

static std::string type_display(Thread& thread, Value type) {
  ErrorShelter shelter(thread);
  Ref text = repr(thread, type);
  return text ? std::string(cast<Str>(text)->view()) : std::string("<class>");
}

// Of the classes with TypeModuleName.
static std::unordered_map<const Type*, std::string>& names_with_module() {
  static std::unordered_map<const Type*, std::string> names;
  return names;
}

void name_with_module(Type* type) {
  names_with_module()[type] = full_type_name(type);
  type->flags |= TypeModuleName;
}

// Native types are named with their module, as far as they have one; classes by their bare name.
std::string_view bare_type_name(const Type* type) {
  if (type->flags & TypeModuleName) return names_with_module()[type];
  bool with_module = type->spec && !type->is_heap() && !(type->flags & TypePlainName);
  return with_module ? std::string_view(type->spec->name) : type->name->view();
}
std::string_view type_name(Value value) { return bare_type_name(type_of(value)); }

std::string full_type_name(const Type* type) {
  // Native types carry "module.Name" in their spec; classes keep __module__ in their namespace.
  if (type->spec && !type->is_heap()) return type->spec->name;
  std::string_view qualname = type->qualname ? type->qualname->view() : type->name->view();
  Value module = type_lookup(const_cast<Type*>(type), names::dunder_module);
  if (module && is_str(module)) {
    std::string_view name = cast<Str>(module)->view();
    if (name != "builtins" && name != "__main__") return fmt::format("{}.{}", name, qualname);
  }
  return std::string(qualname);
}

void (*unraisable_hook)(Thread& thread, Value where, std::string_view message);

void write_unraisable(Thread& thread, Value where, std::string_view message) {
  // `where` may be an object whose count is zero: it must not be shared beyond this call.
  StackAllowance allowance(thread);
  if (unraisable_hook) unraisable_hook(thread, where, message);
  clear_error(thread);
}

bool is_exception_class(Value value) {
  return value.is_object() && (value.as_object()->type->flags & TypeIsType) &&
         (cast<Type>(value)->flags & TypeIsException);
}

} // namespace aspy
