// Exceptions, context managers, imports, patterns.
#include "vm/interpreter/operation/operations.hpp"
#include "vm/object/attribute/descriptor.hpp"

#include "vm/interpreter/operation/import.hpp"
#include "vm/interpreter/operation/intrinsics.hpp"
#include "vm/object/bytes/bytes.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/generator.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>

namespace aspy {

// --- raising ---

bool op_raise(Thread& thread, Frame*, Value* R, const Word* pc) {
  Ref exception = take(R, a_of(*pc));
  return raise_value(thread, exception);
}

bool op_raise_from(Thread& thread, Frame*, Value* R, const Word* pc) {
  Ref exception = take(R, a_of(*pc));
  Ref cause = take(R, b_of(*pc));
  if (is_exception_class(cause)) {
    cause = call(thread, cause);
    if (!cause) return false;
  }
  if (!cause.get().is_none() && !is_exception(cause))
    return raise_type_error(thread, "exception causes must derive from BaseException");
  raise_value(thread, exception);
  if (!is_exception(thread.error)) return false;
  auto* raised = cast<ExceptionObject>(thread.error);
  raised->suppress_context = true;
  assign(raised->cause, cause.get().is_none() ? Ref() : std::move(cause));
  return false;
}

// True when the handled exception is pending again, with its traceback as it was.
bool op_raise_bare(Thread& thread, Frame*, Value*, const Word*) {
  if (!thread.handled || thread.handled.is_none())
    return raise(thread, RuntimeError_type, "No active exception to reraise");
  thread.error = share(thread.handled).release();
  return true;
}

void push_handled(Thread& thread, Value* R, int a) {
  // What was inherited from the driver of a generator may be another exception when it goes on: it is not
  // kept.
  Value before = std::exchange(thread.handled, share(R[a]).release());
  if (thread.root && before == thread.root->handled) {
    decref(before);
    before = Value();
  }
  store(R, a + 1, before);
}

void pop_handled(Thread& thread, Value* R, int a) {
  Value before = std::exchange(R[a + 1], Value());
  if (!before && thread.root) before = share(thread.root->handled).release();
  Value handled = std::exchange(thread.handled, before);
  Value own = std::exchange(R[a], Value());
  decref(handled);
  decref(own);
}

void leave_handlers(Thread& thread, Generator* generator) {
  int pair = static_cast<int>(n_of(*generator->frame.ip)) - 1;
  Value before = std::exchange(generator->frame.regs[pair + 1], Value());
  if (!before && thread.root) before = share(thread.root->handled).release();
  assign(generator->handled, Ref::steal(std::exchange(thread.handled, before)));
}

void return_to_handlers(Thread& thread, Generator* generator) {
  Word yield = *generator->frame.ip;
  if (op_of(yield) != Op::Yield || n_of(yield) == 0) return;
  int pair = static_cast<int>(n_of(yield)) - 1;
  Value before = std::exchange(thread.handled, std::exchange(generator->handled, Value()));
  if (thread.root && before == thread.root->handled) {
    decref(before);
    before = Value();
  }
  store(generator->frame.regs, pair + 1, before);
}

bool op_split_group(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  int a = a_of(*pc), b = b_of(*pc);
  Ref match, rest;
  if (!split_group(thread, R[a], R[b], match, rest)) return false;
  if (!match.get().is_none() && !cast<ExceptionObject>(match)->traceback) {
    // A group made for a naked exception comes from here.
    thread.error = match;
    add_traceback(thread, frame->code, frame->offset(), frame->globals);
    thread.error = Value();
  }
  kill(R, b);
  store(R, a, rest.release());
  store(R, a + 1, match.release());
  return true;
}

bool op_prepare_reraise_star(Thread& thread, Frame*, Value* R, const Word* pc) {
  int b = b_of(*pc);
  Ref original = take(R, b), parts = take(R, b + 1);
  Ref result = prepare_reraise_star(thread, original, cast<List>(parts));
  if (!result) return false;
  store(R, a_of(*pc), result.release());
  return true;
}

// --- with ---

// What an asynchronous manager's methods return must be awaitable.
static bool check_awaitable(Thread& thread, Value value, Str* method) {
  Slots& slots = type_of(value)->slots;
  if (slots.await_iter || slots.send) return true;
  if (is_exact(value, generator_type) && (as_generator(value)->frame.code->flags & CodeIterableCoroutine))
    return true;
  return raise_type_error(
      thread, fmt::format("'async with' received an object from {} that does not implement __await__: {}",
                          method->view(), type_name(value)));
}

namespace {

// What an exit method is told: the exception's class, itself, its traceback; or None three times.
void exit_arguments(Value* R, Word word, Value (&arguments)[3]) {
  arguments[0] = arguments[1] = arguments[2] = None;
  if (n_of(word) == 0) return;
  Value exception = R[b_of(word) + 1];
  arguments[0] = Value(type_of(exception));
  arguments[1] = exception;
  if (Value traceback = cast<ExceptionObject>(exception)->traceback) arguments[2] = traceback;
}

// A function whose result needs no check: what an async method gives must be awaitable.
bool is_context_function(Value method, bool is_async) {
  return method && is_exact(method, function_type) &&
         (!is_async || (cast<Function>(method)->code->flags & CodeCoroutine));
}
bool has_room(Thread& thread, Value* base) { return base + 8 < thread.stack_limit; }

} // namespace

Function* begin_enter(Thread& thread, Value* R, Word word, Value* base) {
  bool is_async = op_of(word) == Op::AsyncWithEnter;
  Value manager = R[b_of(word)];
  Type* type = type_of(manager);
  Value enter = type_lookup(type, is_async ? names::dunder_aenter : names::dunder_enter);
  Value exit = type_lookup(type, is_async ? names::dunder_aexit : names::dunder_exit);
  if (!is_context_function(enter, is_async) || !exit || !is_exact(exit, function_type) ||
      !has_room(thread, base))
    return nullptr;
  R[b_of(word)] = make_bound_method(exit, manager).release();
  base[0] = manager; // the register's reference
  return Own<Function>::share(cast<Function>(enter)).release();
}

Function* begin_exit(Thread& thread, Value* R, Word word, Value* base) {
  Value method = R[b_of(word)];
  if (!is_exact(method, bound_method_type) || !has_room(thread, base)) return nullptr;
  auto* bound = cast<BoundMethod>(method);
  if (!is_context_function(bound->function, op_of(word) == Op::AsyncWithExit)) return nullptr;
  Value arguments[3];
  exit_arguments(R, word, arguments);
  base[0] = share(bound->self).release();
  for (int i = 0; i < 3; ++i) base[1 + i] = share(arguments[i]).release();
  Function* function = Own<Function>::share(cast<Function>(bound->function)).release();
  R[b_of(word)] = Value();
  decref(method); // the function and the object live on
  return function;
}

bool enter_context(Thread& thread, Value* R, Word word, bool is_async) {
  Str* enter_name = is_async ? names::dunder_aenter : names::dunder_enter;
  Str* exit_name = is_async ? names::dunder_aexit : names::dunder_exit;
  Ref manager = share(R[b_of(word)]);
  const char* protocol = is_async ? "asynchronous context manager" : "context manager";
  auto missing = [&](Str* name) {
    if (thread.has_error()) return false;
    // The other kind of manager was probably meant.
    bool other = type_lookup(type_of(manager), is_async ? names::dunder_enter : names::dunder_aenter) &&
                 type_lookup(type_of(manager), is_async ? names::dunder_exit : names::dunder_aexit);
    std::string message = fmt::format("'{}' object does not support the {} protocol (missed {} method)",
                                      full_type_name(type_of(manager)), protocol, name->view());
    if (other)
      message += fmt::format(" but it supports the {} protocol. Did you mean to use '{}'?",
                             is_async ? "context manager" : "asynchronous context manager",
                             is_async ? "with" : "async with");
    return static_cast<bool>(raise_type_error(thread, message));
  };
  Ref exit = lookup_special(thread, manager, exit_name);
  if (!exit) return missing(exit_name);
  Ref enter = lookup_special(thread, manager, enter_name);
  if (!enter) return missing(enter_name);
  store(R, b_of(word), exit.release());
  Ref entered = call(thread, enter);
  if (!entered || (is_async && !check_awaitable(thread, entered, enter_name))) return false;
  store(R, a_of(word), entered.release());
  return true;
}

bool exit_context(Thread& thread, Value* R, Word word, bool is_async) {
  int b = b_of(word);
  Ref exit = take(R, b);
  Value arguments[3];
  exit_arguments(R, word, arguments);
  Ref traceback_alive = share(arguments[2]);
  Ref result = call(thread, exit, {arguments[0], arguments[1], arguments[2]});
  if (!result || (is_async && !check_awaitable(thread, result, names::dunder_aexit))) return false;
  store(R, a_of(word), result.release());
  return true;
}

// --- imports ---

bool op_import_name(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Str* name = cast<Str>(frame->code->constants[pc[1]]);
  Ref module = import_name(thread, name, Value(frame->globals), R[b_of(*pc)], static_cast<int>(n_of(*pc)));
  if (!module) return false;
  kill(R, b_of(*pc));
  store(R, a_of(*pc), module.release());
  return true;
}

bool op_import_from(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Str* name = cast<Str>(frame->code->constants[pc[1]]);
  Ref found = import_from(thread, R[b_of(*pc)], name);
  if (!found) return false;
  store(R, a_of(*pc), found.release());
  return true;
}

bool op_import_star(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  Ref module = take(R, a_of(*pc));
  Value ns = extra_of(frame) ? extra_of(frame) : Value(frame->globals);
  auto bind = [&](Value name) {
    if (!is_str(name))
      return static_cast<bool>(
          raise_type_error(thread, fmt::format("Item in __all__ must be str, not {}", type_name(name))));
    Ref value = get_attr(thread, module, intern(cast<Str>(name)));
    return value && set_item(thread, ns, name, value);
  };
  Ref all = find_attr(thread, module, names::dunder_all);
  if (all) return for_each(thread, all, bind);
  if (thread.has_error()) return false;
  Ref dict = get_attr(thread, module, names::dunder_dict);
  if (!dict) return false;
  Own<List> keys = list_from_iterable(thread, dict);
  if (!keys) return false;
  for (Value key : keys->view()) {
    if (is_str(key) && cast<Str>(key)->view().starts_with('_')) continue;
    if (!bind(key)) return false;
  }
  return true;
}

bool op_print_expr(Thread& thread, Frame*, Value* R, const Word* pc) {
  Ref value = take(R, a_of(*pc));
  Ref sys = import_name(thread, intern("sys"), None, None, 0);
  if (!sys) return false;
  Ref hook = get_attr(thread, sys, names::displayhook);
  return hook && call(thread, hook, {value});
}

bool op_intrinsic(Thread& thread, Frame*, Value* R, const Word* pc) {
  Ref operand = take(R, b_of(*pc));
  Ref result = run_intrinsic(thread, static_cast<Intrinsic>(n_of(*pc)), operand);
  if (!result) return false;
  store(R, a_of(*pc), result.release());
  return true;
}

// --- patterns (PEP 634) ---

bool op_match_sequence(Thread&, Frame*, Value* R, const Word* pc) {
  store(R, a_of(*pc), Value::from_bool(has_type_flag(R[b_of(*pc)], TypeIsSequence)));
  return true;
}

bool op_match_mapping(Thread&, Frame*, Value* R, const Word* pc) {
  store(R, a_of(*pc), Value::from_bool(has_type_flag(R[b_of(*pc)], TypeIsMapping)));
  return true;
}

bool op_match_length(Thread& thread, Frame*, Value* R, const Word* pc) {
  int64_t count = length(thread, R[b_of(*pc)]);
  if (count < 0) return false;
  store(R, a_of(*pc), Value::from_int(count));
  return true;
}

bool op_match_keys(Thread& thread, Frame*, Value* R, const Word* pc) {
  Value mapping = R[b_of(*pc)];
  Tuple* keys = cast<Tuple>(R[c_of(*pc)]);
  Own<Tuple> values = new_tuple(keys->size);
  for (size_t i = 0; i < keys->size; ++i) {
    for (size_t j = 0; j < i; ++j) {
      int same = equals(thread, (*keys)[i], (*keys)[j]);
      if (same < 0) return false;
      if (same) {
        Ref text = repr(thread, (*keys)[i]);
        if (!text) return false;
        return raise_value_error(
            thread, fmt::format("mapping pattern checks duplicate key ({})", cast<Str>(text)->view()));
      }
    }
    Ref value;
    if (is_exact(mapping, dict_type)) {
      value = share(dict_get(thread, cast<Dict>(mapping), (*keys)[i]));
    } else {
      // get(), not [], so that a defaultdict makes nothing.
      value = call_method(thread, mapping, names::get, {(*keys)[i], Value(names::empty)});
      if (value && value.get() == Value(names::empty)) value.reset();
    }
    if (thread.has_error()) return false;
    if (!value) {
      store(R, a_of(*pc), None);
      return true;
    }
    values->items()[i] = value.release();
  }
  store(R, a_of(*pc), Value(values.release()));
  return true;
}

namespace {

// One attribute of a class pattern; empty without an exception when it is missing.
Ref match_attribute(Thread& thread, Value subject, Value name, List* seen, Value cls) {
  for (Value earlier : seen->view()) {
    int same = equals(thread, earlier, name);
    if (same < 0) return Ref();
    if (same)
      return raise_type_error(thread, fmt::format("{}() got multiple sub-patterns for attribute '{}'",
                                                  cast<Type>(cls)->name->view(), cast<Str>(name)->view()));
  }
  list_append(seen, name);
  return find_attr(thread, subject, intern(cast<Str>(name)));
}

bool matches_itself(const Type* type) { // one positional pattern stands for the whole subject
  uint32_t flags =
      TypeIsInt | TypeIsStr | TypeIsList | TypeIsTuple | TypeIsDict | TypeIsBytes | TypeIsFloat | TypeIsSet;
  return (type->flags & flags) != 0 || is_subtype(type, &bytearray_type);
}

} // namespace

bool op_match_class(Thread& thread, Frame* frame, Value* R, const Word* pc) {
  int b = b_of(*pc);
  Value subject = R[b];
  Ref cls = take(R, b + 1);
  size_t positional = n_of(*pc);
  Tuple* keywords = cast<Tuple>(frame->code->constants[pc[1]]);
  if (!is_instance(cls, type_type)) return raise_type_error(thread, "called match pattern must be a class");
  int is_one = isinstance(thread, subject, cls);
  if (is_one < 0) return false;
  auto fail = [&] {
    store(R, a_of(*pc), None);
    return true;
  };
  if (!is_one) return fail();
  Own<List> values = new_list();
  Own<List> seen = new_list();
  if (positional) {
    Ref match_args = find_attr(thread, cls, names::dunder_match_args);
    if (thread.has_error()) return false;
    bool whole = !match_args && matches_itself(cast<Type>(cls));
    size_t allowed = 0;
    if (match_args) {
      if (!is_exact(match_args, tuple_type))
        return raise_type_error(thread, fmt::format("{}.__match_args__ must be a tuple (got {})",
                                                    cast<Type>(cls)->name->view(), type_name(match_args)));
      allowed = cast<Tuple>(match_args)->size;
    } else if (whole) {
      allowed = 1;
    }
    if (positional > allowed)
      return raise_type_error(thread, fmt::format("{}() accepts {} positional sub-pattern{} ({} given)",
                                                  type_label(cast<Type>(cls)), allowed,
                                                  allowed == 1 ? "" : "s", positional));
    for (size_t i = 0; i < positional; ++i) {
      if (whole) {
        list_append(values.get(), subject);
        continue;
      }
      Value name = (*cast<Tuple>(match_args))[i];
      if (!is_str(name))
        return raise_type_error(
            thread, fmt::format("__match_args__ elements must be strings (got {})", type_name(name)));
      Ref value = match_attribute(thread, subject, name, seen.get(), cls);
      if (thread.has_error()) return false;
      if (!value) return fail();
      list_append(values.get(), std::move(value));
    }
  }
  for (Value name : keywords->view()) {
    Ref value = match_attribute(thread, subject, name, seen.get(), cls);
    if (thread.has_error()) return false;
    if (!value) return fail();
    list_append(values.get(), std::move(value));
  }
  store(R, a_of(*pc), Value(make_tuple(values->view()).release()));
  return true;
}

bool op_match_rest(Thread& thread, Frame*, Value* R, const Word* pc) {
  Own<Dict> rest = new_dict();
  if (!dict_update(thread, rest.get(), R[b_of(*pc)])) return false;
  Ref keys = take(R, c_of(*pc));
  for (Value key : cast<Tuple>(keys)->view()) {
    int removed = dict_remove(thread, rest.get(), key);
    if (removed < 0) return false;
    if (!removed) return raise_key_error(thread, key); // it has the key, but does not tell of it
  }
  store(R, a_of(*pc), Value(rest.release()));
  return true;
}

} // namespace aspy
