// Binding the arguments of a call to the parameters of a script function.
#include "vm/interpreter/interpreter.hpp"

#include "vm/object/error/exception.hpp"
#include "vm/object/error/suggestions.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>
#include <iterator>
#include <vector>

namespace aspy {

namespace {

std::string_view parameter_name(const Code* code, uint32_t index) {
  return cast<Str>((*code->local_names)[index])->view();
}

// 'a', 'b' and 'c'
std::string name_list(const std::vector<std::string_view>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 < names.size() ? ", " : names.size() > 2 ? ", and " : " and ";
    text += fmt::format("'{}'", names[i]);
  }
  return text;
}

bool raise_missing(Thread& thread, Function* function, const std::vector<std::string_view>& names,
                   bool keyword_only) {
  return raise_type_error(thread, fmt::format("{}() missing {} required {} argument{}: {}",
                                              function->qualname->view(), names.size(),
                                              keyword_only ? "keyword-only" : "positional",
                                              names.size() == 1 ? "" : "s", name_list(names)));
}

bool raise_too_many(Thread& thread, Function* function, uint32_t given, const Value* locals) {
  Code* code = function->code;
  size_t defaults = function->defaults ? function->defaults->size : 0;
  uint32_t keyword_only_given = 0;
  for (uint32_t i = 0; i < code->kwonly_count; ++i)
    if (locals[code->arg_count + i]) ++keyword_only_given;
  bool plural = defaults > 0 || code->arg_count != 1;
  std::string takes =
      defaults ? fmt::format("from {} to {}", int64_t{code->arg_count} - static_cast<int64_t>(defaults),
                             code->arg_count)
               : fmt::format("{}", code->arg_count);
  std::string and_keywords;
  if (keyword_only_given)
    and_keywords = fmt::format(" positional argument{} (and {} keyword-only argument{})",
                               given != 1 ? "s" : "", keyword_only_given, keyword_only_given != 1 ? "s" : "");
  return raise_type_error(thread,
                          fmt::format("{}() takes {} positional argument{} but {}{} {} given",
                                      function->qualname->view(), takes, plural ? "s" : "", given,
                                      and_keywords, given == 1 && !keyword_only_given ? "was" : "were"));
}

bool raise_positional_only(Thread& thread, Function* function, const std::vector<std::string_view>& names) {
  std::string list;
  for (std::string_view name : names) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return raise_type_error(
      thread, fmt::format("{}() got some positional-only arguments passed as keyword arguments: '{}'",
                          function->qualname->view(), list));
}

bool raise_unexpected_keyword(Thread& thread, Function* function, Str* name) {
  Code* code = function->code;
  std::vector<std::string_view> possible;
  for (uint32_t i = code->posonly_count; i < code->arg_count + code->kwonly_count; ++i)
    possible.push_back(parameter_name(code, i));
  std::string message =
      fmt::format("{}() got an unexpected keyword argument '{}'", function->qualname->view(), name->view());
  std::string_view closest = closest_name(name->view(), possible);
  if (!closest.empty()) message += fmt::format(". Did you mean '{}'?", closest);
  return raise_type_error(thread, message);
}

} // namespace

namespace {

// Values taken out of a row; those that are not given away die with it.
class OwnedRow {
public:
  OwnedRow(Value* row, uint32_t count) : count_(count) {
    if (count > std::size(few_)) many_.resize(count);
    values_ = many_.empty() ? few_ : many_.data();
    for (uint32_t i = 0; i < count; ++i) values_[i] = std::exchange(row[i], Value());
  }
  OwnedRow(const OwnedRow&) = delete;
  OwnedRow& operator=(const OwnedRow&) = delete;
  ~OwnedRow() { release(); }
  void release() {
    for (uint32_t i = count_; i-- > 0;) decref(std::exchange(values_[i], Value()));
  }
  Value operator[](uint32_t index) const { return values_[index]; }
  Value give(uint32_t index) { return std::exchange(values_[index], Value()); }

private:
  uint32_t count_;
  Value* values_;
  Value few_[8];
  std::vector<Value> many_;
};

} // namespace

bool bind_arguments(Thread& thread, Function* function, Value* base, uint32_t positional, Tuple* kwnames) {
  Code* code = function->code;
  uint32_t keywords = kwnames ? static_cast<uint32_t>(kwnames->size) : 0;
  uint32_t parameters = code->arg_count + code->kwonly_count;
  bool has_varargs = (code->flags & CodeVarArgs) != 0, has_varkw = (code->flags & CodeVarKeywords) != 0;

  // Surplus positional arguments and all keyword arguments are taken out of the way first.
  std::vector<Ref> surplus;
  OwnedRow keyword_values(base + positional, keywords);
  for (uint32_t i = code->arg_count; i < positional; ++i)
    surplus.push_back(Ref::steal(std::exchange(base[i], Value())));
  uint32_t in_place = positional < code->arg_count ? positional : code->arg_count;
  uint32_t bound = code->bound_count();
  if (code->far_count && base + bound + code->temp_count + code->far_count > thread.stack_limit) {
    release_row(base, in_place);
    return raise(thread, RecursionError_type, "maximum recursion depth exceeded");
  }
  for (uint32_t i = in_place; i < bound; ++i) base[i] = Value();

  auto fail = [&] {
    // The last argument goes first; what its finaliser runs is put where the arguments are.
    std::vector<Ref> given;
    given.reserve(bound);
    for (uint32_t i = 0; i < bound; ++i) given.push_back(Ref::steal(std::exchange(base[i], Value())));
    keyword_values.release();
    while (!surplus.empty()) surplus.pop_back();
    while (!given.empty()) given.pop_back();
    return false;
  };

  Own<Dict> varkw;
  if (has_varkw) varkw = new_dict();
  std::vector<std::string_view> positional_only_given;
  for (uint32_t k = 0; k < keywords; ++k) {
    Str* name = cast<Str>((*kwnames)[k]);
    uint32_t found = parameters;
    for (uint32_t i = code->posonly_count; i < parameters; ++i) {
      Str* candidate = cast<Str>((*code->local_names)[i]);
      if (candidate == name || str_equals(candidate, name)) {
        found = i;
        break;
      }
    }
    if (found < parameters) {
      if (base[found]) {
        raise_type_error(thread, fmt::format("{}() got multiple values for argument '{}'",
                                             function->qualname->view(), name->view()));
        return fail();
      }
      base[found] = keyword_values.give(k);
      continue;
    }
    if (has_varkw) {
      if (!dict_set(thread, varkw.get(), Value(name), keyword_values[k])) return fail();
      continue;
    }
    for (uint32_t i = 0; i < code->posonly_count; ++i)
      for (uint32_t j = 0; j < keywords; ++j)
        if (str_equals(cast<Str>((*code->local_names)[i]), cast<Str>((*kwnames)[j])))
          positional_only_given.push_back(parameter_name(code, i));
    if (!positional_only_given.empty()) raise_positional_only(thread, function, positional_only_given);
    else raise_unexpected_keyword(thread, function, name);
    return fail();
  }

  if (!surplus.empty() && !has_varargs) {
    raise_too_many(thread, function, positional, base);
    return fail();
  }
  uint32_t next_local = parameters;
  if (has_varargs) {
    Own<Tuple> rest = surplus.empty() ? Own<Tuple>::share(empty_tuple()) : new_tuple(surplus.size());
    for (size_t i = 0; i < surplus.size(); ++i) rest->items()[i] = surplus[i].release();
    base[next_local++] = Value(rest.release());
  }
  if (has_varkw) base[next_local++] = Value(varkw.release());

  // Defaults, and what is missing.
  size_t default_count = function->defaults ? function->defaults->size : 0;
  std::vector<std::string_view> missing;
  for (uint32_t i = in_place; i < code->arg_count; ++i) {
    if (base[i]) continue;
    if (i + default_count >= code->arg_count)
      base[i] = share((*function->defaults)[i + default_count - code->arg_count]).release();
    else missing.push_back(parameter_name(code, i));
  }
  if (!missing.empty()) {
    raise_missing(thread, function, missing, false);
    return fail();
  }
  for (uint32_t i = code->arg_count; i < parameters; ++i) {
    if (base[i]) continue;
    Value fallback;
    if (function->kwdefaults) fallback = dict_get(function->kwdefaults, cast<Str>((*code->local_names)[i]));
    if (fallback) base[i] = share(fallback).release();
    else missing.push_back(parameter_name(code, i));
  }
  if (!missing.empty()) {
    raise_missing(thread, function, missing, true);
    return fail();
  }
  return true;
}

} // namespace aspy
