// BaseExceptionGroup and ExceptionGroup, and what `except*` does with them.
#include "vm/object/callable/argument_type.hpp"
#include "vm/object/callable/function.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception_base.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/sequence.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace aspy {
namespace {

ExceptionGroupObject* as_group(Value value) { return cast<ExceptionGroupObject>(value); }
bool is_group(Value value) { return is_instance(value, BaseExceptionGroup_type); }
Tuple* members(Value group) { return cast<Tuple>(as_group(group)->exceptions); }

// --- making --------------------------------------------------------------------------------------

Ref group_construct(Thread& thread, Type* type, CallArgs call) {
  constexpr const char* where = "BaseExceptionGroup.__new__()";
  if (call.count != 2)
    return raise_type_error(thread,
                            fmt::format("{} takes exactly 2 arguments ({} given)", where, call.count));
  if (!is_str(call.args[0]))
    return raise_type_error(
        thread, fmt::format("{} argument 1 must be str, not {}", where, argument_type(call.args[0])));
  // Lists, tuples, and other things that can be indexed; not sets, mappings or iterators.
  if (!type_of(call.args[1])->slots.get_item || has_type_flag(call.args[1], TypeIsDict))
    return raise_type_error(thread, "second argument (exceptions) must be a sequence");
  Own<Tuple> inner = tuple_from_iterable(thread, call.args[1]);
  if (!inner) return {};
  if (inner->size == 0)
    return raise_value_error(thread, "second argument (exceptions) must be a non-empty sequence");
  bool only_exceptions = true;
  for (size_t i = 0; i < inner->size; ++i) {
    if (!is_exception((*inner)[i]))
      return raise_value_error(thread,
                               fmt::format("Item {} of second argument (exceptions) is not an exception", i));
    only_exceptions = only_exceptions && is_instance((*inner)[i], Exception_type);
  }
  if (type == &BaseExceptionGroup_type && only_exceptions) {
    type = &ExceptionGroup_type;
  } else if (!only_exceptions && is_subtype(type, &Exception_type)) {
    if (type == &ExceptionGroup_type)
      return raise_type_error(thread, "Cannot nest BaseExceptions in an ExceptionGroup");
    return raise_type_error(thread, fmt::format("Cannot nest BaseExceptions in '{}'", type->name->view()));
  }
  Ref made = exception_construct(thread, type, call);
  assign(as_group(made)->message, share(call.args[0]));
  assign(as_group(made)->exceptions, std::move(inner));
  return made;
}

Ref group_str(Thread&, Value self) {
  size_t count = members(self)->size;
  return make_str(fmt::format("{} ({} sub-exception{})", cast<Str>(as_group(self)->message)->view(), count,
                              count == 1 ? "" : "s"));
}

// --- deriving and splitting ----------------------------------------------------------------------

// A group of `parts` (exceptions) made by `group.derive`, with the group's traceback, chain and notes.
Ref derive(Thread& thread, Value group, const std::vector<Ref>& parts) {
  Own<List> list = new_list(parts.size());
  for (const Ref& part : parts) list_append(list.get(), part.get());
  Ref made = call_method(thread, group, "derive", {list.value()});
  if (!made) return {};
  if (!is_group(made))
    return raise_type_error(thread, "derive must return an instance of BaseExceptionGroup");
  auto* from = as_exception(group);
  auto* to = as_exception(made);
  assign(to->traceback, share(from->traceback));
  assign(to->context, share(from->context));
  assign(to->cause, share(from->cause));
  to->suppress_context = true; // its cause is set, if only to none
  Ref notes = find_attr(thread, group, names::dunder_notes);
  if (!notes) return thread.has_error() ? Ref() : made;
  if (is_list(notes) || is_tuple(notes)) {
    // A copy: notes added to one part later are not the others'.
    Own<List> copy = list_from_iterable(thread, notes);
    if (!copy || !set_attr(thread, made, names::dunder_notes, copy.value())) return {};
  }
  return made;
}

Ref group_derive(Thread& thread, const Value* args) {
  Value call_args[] = {as_group(args[0])->message, args[1]};
  return group_construct(thread, &BaseExceptionGroup_type, CallArgs{call_args, 2, nullptr});
}

// What decides which exceptions match: a class or tuple of classes, or a predicate.
struct Matcher {
  Value condition;
  bool predicate = false;

  // 1, 0; -1: raised.
  int operator()(Thread& thread, Value exception) const {
    if (!predicate) return exception_matches(thread, exception, condition);
    Ref answer = call(thread, condition, {exception});
    return answer ? truthy(thread, answer) : -1;
  }
};

bool make_matcher(Thread& thread, Value condition, Matcher& out) {
  out.condition = condition;
  if (is_exception_class(condition)) return true;
  if (is_tuple(condition)) {
    auto items = cast<Tuple>(condition)->view();
    if (std::all_of(items.begin(), items.end(), is_exception_class)) return true;
  } else if (is_callable(condition) && !has_type_flag(condition, TypeIsType)) {
    out.predicate = true;
    return true;
  }
  return raise_type_error(
      thread, "expected an exception type, a tuple of exception types, or a callable (other than a class)");
}

// Splits by whether exceptions match; the parts keep the nesting. Either may come out empty: nothing there.
bool split(Thread& thread, Value exception, const Matcher& matches, Ref* match, Ref* rest) {
  if (!check_native_stack(thread)) return false;
  int whole = matches(thread, exception);
  if (whole < 0) return false;
  if (whole || !is_group(exception)) {
    Ref* to = whole ? match : rest;
    if (to) *to = share(exception);
    return true;
  }
  std::vector<Ref> matched, others;
  Ref keep = share(as_group(exception)->exceptions);
  for (Value part : members(exception)->view()) {
    Ref part_match, part_rest;
    if (!split(thread, part, matches, &part_match, rest ? &part_rest : nullptr)) return false;
    if (part_match) matched.push_back(std::move(part_match));
    if (part_rest) others.push_back(std::move(part_rest));
  }
  if (match && !matched.empty() && !(*match = derive(thread, exception, matched))) return false;
  if (rest && !others.empty() && !(*rest = derive(thread, exception, others))) return false;
  return true;
}

Ref none_if_empty(Ref value) { return value ? std::move(value) : share(None); }

Ref group_split(Thread& thread, const Value* args) {
  Matcher matcher;
  Ref match, rest;
  if (!make_matcher(thread, args[1], matcher) || !split(thread, args[0], matcher, &match, &rest)) return {};
  Ref first = none_if_empty(std::move(match)), second = none_if_empty(std::move(rest));
  return make_tuple({first, second});
}

Ref group_subgroup(Thread& thread, const Value* args) {
  Matcher matcher;
  Ref match;
  if (!make_matcher(thread, args[1], matcher) || !split(thread, args[0], matcher, &match, nullptr)) return {};
  return none_if_empty(std::move(match));
}

// --- except* -------------------------------------------------------------------------------------

// Collects the exceptions in a tree of groups that are no groups themselves.
void collect_leaves(Value exception, std::vector<Value>& out) {
  if (!is_group(exception)) {
    out.push_back(exception);
    return;
  }
  for (Value part : members(exception)->view()) collect_leaves(part, out);
}

// The part of `exception` that has only the given leaves (by identity); empty when none is left.
bool project(Thread& thread, Value exception, const std::vector<Value>& leaves, Ref& out) {
  if (!check_native_stack(thread)) return false;
  if (!is_group(exception)) {
    if (std::find(leaves.begin(), leaves.end(), exception) != leaves.end()) out = share(exception);
    return true;
  }
  std::vector<Ref> parts;
  for (Value part : members(exception)->view()) {
    Ref kept;
    if (!project(thread, part, leaves, kept)) return false;
    if (kept) parts.push_back(std::move(kept));
  }
  return parts.empty() || bool(out = derive(thread, exception, parts));
}

// Parts of one original share its traceback, chain and notes; an exception raised in a handler does not.
bool same_origin(Thread& thread, Value a, Value b) {
  auto *x = as_exception(a), *y = as_exception(b);
  Ref notes_a = find_attr(thread, a, names::dunder_notes);
  clear_error(thread);
  Ref notes_b = find_attr(thread, b, names::dunder_notes);
  clear_error(thread);
  bool same_notes = notes_a.get() == notes_b.get();
  // Splitting copies the list of notes.
  if (!same_notes && notes_a && notes_b) same_notes = equals(thread, notes_a, notes_b) > 0;
  clear_error(thread);
  return same_notes && x->traceback == y->traceback && x->cause == y->cause && x->context == y->context;
}

Ref wrap(Thread& thread, std::string_view message, Value parts) {
  Own<Str> text = make_str(message);
  Value args[] = {text.value(), parts};
  return group_construct(thread, &BaseExceptionGroup_type, CallArgs{args, 2, nullptr});
}

bool check_star_types(Thread& thread, Value types) {
  auto check = [&](Value type) -> bool {
    if (!is_exception_class(type))
      return raise_type_error(thread,
                              "catching classes that do not inherit from BaseException is not allowed");
    if (is_subtype(cast<Type>(type), &BaseExceptionGroup_type))
      return raise_type_error(thread,
                              "catching ExceptionGroup with except* is not allowed. Use except instead.");
    return true;
  };
  if (!is_tuple(types)) return check(types);
  for (Value type : cast<Tuple>(types)->view())
    if (!check(type)) return false;
  return true;
}

Ref get_message(Thread&, Value self) { return share(as_group(self)->message); }
Ref get_exceptions(Thread&, Value self) { return share(as_group(self)->exceptions); }

const GetSetDef group_getset[] = {
    {"message", get_message}, {"exceptions", get_exceptions}, {nullptr, nullptr}};

const NativeDef group_methods[] = {
    {"derive", "self, excs, /", group_derive, "Makes a group with the same message around other exceptions."},
    {"split", "self, matcher_value, /", group_split,
     "Returns the matching part and the rest, each a group or None."},
    {"subgroup", "self, matcher_value, /", group_subgroup, "Returns the matching part, or None."},
    {"__class_getitem__", "cls, item, /", class_getitem, nullptr, NativeKind::ClassMethod},
    {nullptr},
};

} // namespace

bool split_group(Thread& thread, Value exception, Value type, Ref& match, Ref& rest) {
  match = rest = share(None);
  if (exception.is_none()) return true;
  if (!check_star_types(thread, type)) return false;
  int whole = exception_matches(thread, exception, type);
  if (whole < 0) return false;
  if (whole) {
    if (is_group(exception)) {
      match = share(exception);
      return true;
    }
    // A naked exception: the handler sees a group all the same.
    Own<Tuple> one = make_tuple({exception});
    match = wrap(thread, "", one.value());
    return bool(match);
  }
  if (!is_group(exception)) {
    rest = share(exception);
    return true;
  }
  // Through the method: a subclass may split in its own way.
  Ref pair = call_method(thread, exception, "split", {type});
  if (!pair) return false;
  if (!is_tuple(pair))
    return raise_type_error(
        thread, fmt::format("{}.split must return a tuple, not {}", type_name(exception), type_name(pair)));
  if (cast<Tuple>(pair)->size < 2)
    return raise_type_error(thread, fmt::format("{}.split must return a 2-tuple, got tuple of size {}",
                                                type_name(exception), cast<Tuple>(pair)->size));
  match = share((*cast<Tuple>(pair))[0]);
  rest = share((*cast<Tuple>(pair))[1]);
  return true;
}

Ref prepare_reraise_star(Thread& thread, Value original, List* parts) {
  std::vector<Value> given;
  for (Value part : parts->view())
    if (!part.is_none()) given.push_back(part);
  if (given.empty()) return share(None);
  // A naked exception has one handler at most, so one thing at most comes out.
  if (!is_group(original)) return share(given[0]);

  Own<List> raised = new_list();
  std::vector<Value> leaves;
  for (Value part : given) {
    if (is_group(part) && same_origin(thread, part, original)) collect_leaves(part, leaves);
    else if (part == original) collect_leaves(part, leaves);
    else list_append(raised.get(), part);
  }
  Ref unhandled;
  if (!leaves.empty() && !project(thread, original, leaves, unhandled)) return {};
  if (raised->size == 0) return none_if_empty(std::move(unhandled));
  if (unhandled) list_append(raised.get(), std::move(unhandled));
  if (raised->size == 1) return share((*raised)[0]);
  return wrap(thread, "", raised.value());
}

ExceptionTraits prepare_groups(Type& type) {
  if (&type != &BaseExceptionGroup_type) return {};
  fill_lifetime_slots<ExceptionGroupObject>(type);
  type.slots.construct = group_construct;
  type.slots.str = group_str;
  return {sizeof(ExceptionGroupObject), group_methods, group_getset};
}

} // namespace aspy
