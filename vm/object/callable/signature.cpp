// Parameter texts ("self, value, start=0, /") parsed and calls bound to them, with the messages that
// CPython's different argument parsers give: which one follows from the shape of the parameter list.
#include "vm/object/callable/signature.hpp"

#include "vm/object/error/exception.hpp"
#include "vm/object/error/suggestions.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <unordered_map>

namespace aspy {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Splits at top-level commas: defaults may hold brackets and quotes.
std::string_view take_piece(std::string_view& rest) {
  int depth = 0;
  char quote = 0;
  size_t at = 0;
  for (; at < rest.size(); ++at) {
    char c = rest[at];
    if (quote) {
      if (c == '\\') ++at;
      else if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') quote = c;
    else if (c == '(' || c == '[' || c == '{') ++depth;
    else if (c == ')' || c == ']' || c == '}') --depth;
    else if (c == ',' && depth == 0) break;
  }
  std::string_view piece = trim(rest.substr(0, at));
  rest = at < rest.size() ? rest.substr(at + 1) : std::string_view();
  return piece;
}

Signature* parse(std::string_view text) {
  auto* signature = new Signature();
  bool keyword_only = false;
  text = text.substr(0, text.find('|'));
  if (text.starts_with("def")) {
    signature->script_style = true;
    text.remove_prefix(3);
  } else if (text.starts_with("args ")) {
    signature->counted_style = true;
    text.remove_prefix(5);
  }
  while (!(text = trim(text)).empty()) {
    std::string_view piece = take_piece(text);
    if (piece == "/") {
      signature->posonly = static_cast<uint32_t>(signature->params.size());
    } else if (piece == "*") {
      keyword_only = signature->named_style = true;
    } else if (piece.starts_with("**")) {
      signature->has_kwargs = true;
      signature->kwargs_at = signature->value_count++;
    } else if (piece.starts_with("*")) {
      signature->has_varargs = keyword_only = true;
      signature->varargs_at = signature->value_count++;
    } else if (!piece.empty()) {
      size_t equals = piece.find('=');
      std::string_view name = trim(piece.substr(0, std::min(equals, piece.find(':'))));
      bool optional = equals != std::string_view::npos;
      signature->self_first |=
          signature->params.empty() && (name == "self" || name == "cls" || name == "$self");
      signature->place.push_back(static_cast<uint8_t>(signature->value_count++));
      signature->params.push_back({intern(name), optional});
      if (keyword_only) {
        signature->needs_keyword |= !optional;
        continue;
      }
      ++signature->positional;
      if (!optional) signature->required = signature->positional;
    }
  }
  signature->fixed = !signature->has_varargs && !signature->needs_keyword;
  // The bound object can never be given by name.
  if (signature->self_first && signature->posonly == 0) signature->posonly = 1;
  return signature;
}

std::string label(const NativeFunction* function, std::string_view name) {
  return function ? qualified_name(function) : std::string(name);
}

// What messages call a native that has no name of its own.
std::string called(std::string_view name) {
  return name.empty() ? std::string("function") : fmt::format("{}()", name);
}

const char* plural(size_t count) { return count == 1 ? "" : "s"; }

Raised wrong_count(Thread& thread, const Signature& signature, const NativeFunction* function,
                   std::string_view name, uint32_t given, uint32_t self_count) {
  std::string qualified = label(function, name);
  uint32_t most = signature.positional - self_count;
  uint32_t least = signature.required > self_count ? signature.required - self_count : 0;
  if (signature.posonly >= signature.positional && signature.params.size() == signature.positional &&
      !signature.named_style) {
    bool few = given < least;
    uint32_t limit = few ? least : most;
    if (signature.counted_style)
      return raise_type_error(thread, fmt::format("{}() takes {} {} argument{} ({} given)", name,
                                                  most == least ? "exactly"
                                                  : few         ? "at least"
                                                                : "at most",
                                                  limit, plural(limit), given));
    // Positional-only: none, exactly one, or a range.
    if (most == 0)
      return raise_type_error(thread, fmt::format("{}() takes no arguments ({} given)", qualified, given));
    if (most == 1 && least == 1)
      return raise_type_error(thread,
                              fmt::format("{}() takes exactly one argument ({} given)", qualified, given));
    const char* how = most == least && !signature.has_varargs ? "" : few ? "at least " : "at most ";
    return raise_type_error(
        thread, fmt::format("{} expected {}{} argument{}, got {}", name, how, limit, plural(limit), given));
  }
  if (given > most) {
    uint32_t all = static_cast<uint32_t>(signature.params.size()) - self_count;
    if (given > all)
      return raise_type_error(thread, fmt::format("{} takes at most {} argument{} ({} given)", called(name),
                                                  all, plural(all), given));
    if (most == 0) return raise_type_error(thread, fmt::format("{}() takes no positional arguments", name));
    return raise_type_error(thread,
                            fmt::format("{}() takes {} {} positional argument{} ({} given)", name,
                                        least < most ? "at most" : "exactly", most, plural(most), given));
  }
  // Too few positional-only ones.
  uint32_t needed = std::min(signature.posonly - self_count, least);
  return raise_type_error(thread,
                          fmt::format("{}() takes {} {} positional argument{} ({} given)", name,
                                      needed < most ? "at least" : "exactly", needed, plural(needed), given));
}

// "'a'", "'a' and 'b'", "'a', 'b', and 'c'"
std::string enumerate(const std::vector<std::string_view>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i) text += words.size() == 2 ? " and " : i + 1 == words.size() ? ", and " : ", ";
    text += fmt::format("'{}'", words[i]);
  }
  return text;
}

size_t find_parameter(const Signature& signature, Str* key) {
  size_t index = signature.self_first ? 1 : 0;
  while (index < signature.params.size() && !str_equals(signature.params[index].name, key)) ++index;
  return index;
}

// Refuses what a function written in the language would refuse, in the same words. The bound object counts as
// an argument; an __init__ or __call__ gets it apart from the others.
bool check_script_call(Thread& thread, const Signature& signature, const NativeFunction* function,
                       std::string_view name, CallArgs args) {
  uint32_t most = signature.positional;
  bool fits = args.count >= signature.required && (args.count <= most || signature.has_varargs);
  if (fits && !args.kwnames && !signature.needs_keyword) return true;
  if (args.count > most && !signature.has_varargs) {
    std::string qualified = label(function, name);
    bool apart =
        !signature.self_first && (qualified.ends_with(".__init__") || qualified.ends_with(".__call__"));
    uint32_t least = signature.required + apart, given = args.count + apart;
    bool some_optional = signature.required < most;
    std::string range =
        some_optional ? fmt::format("from {} to {}", least, most + apart) : fmt::format("{}", most + apart);
    return raise_type_error(thread, fmt::format("{}() takes {} positional argument{} but {} {} given",
                                                qualified, range, some_optional ? "s" : plural(most + apart),
                                                given, given == 1 ? "was" : "were"));
  }
  std::vector<bool> given(signature.params.size());
  for (uint32_t i = 0; i < args.count && i < most; ++i) given[i] = true;
  for (size_t k = 0; args.kwnames && k < args.kwnames->size; ++k) {
    Str* key = cast<Str>((*args.kwnames)[k]);
    size_t index = find_parameter(signature, key);
    if (index == signature.params.size()) {
      if (signature.has_kwargs) continue;
      std::vector<std::string_view> known;
      for (const Param& param : signature.params) known.push_back(param.name->view());
      std::string_view closest = closest_name(key->view(), known);
      return raise_type_error(
          thread,
          fmt::format("{}() got an unexpected keyword argument '{}'{}", label(function, name), key->view(),
                      closest.empty() ? "" : fmt::format(". Did you mean '{}'?", closest)));
    }
    if (given[index])
      return raise_type_error(thread, fmt::format("{}() got multiple values for argument '{}'",
                                                  label(function, name), key->view()));
    given[index] = true;
  }
  for (bool keyword_only : {false, true}) {
    std::vector<std::string_view> missing;
    size_t end = keyword_only ? signature.params.size() : signature.positional;
    for (size_t i = keyword_only ? signature.positional : 0; i < end; ++i)
      if (!given[i] && !signature.params[i].optional) missing.push_back(signature.params[i].name->view());
    if (missing.empty()) continue;
    return raise_type_error(thread,
                            fmt::format("{}() missing {} required {} argument{}: {}", label(function, name),
                                        missing.size(), keyword_only ? "keyword-only" : "positional",
                                        plural(missing.size()), enumerate(missing)));
  }
  return true;
}

} // namespace

Signature* signature_of(const char* params) {
  static std::unordered_map<const char*, std::unique_ptr<Signature>> parsed;
  std::unique_ptr<Signature>& entry = parsed[params];
  if (!entry) entry.reset(parse(params));
  return entry.get();
}

bool bind_signature(Thread& thread, const Signature& signature, const NativeFunction* function,
                    std::string_view name, CallArgs args, uint32_t self_count, Value* values, Ref& keep_args,
                    Ref& keep_kwargs) {
  std::fill(values, values + signature.value_count, Value());
  uint32_t keywords = args.kwnames ? static_cast<uint32_t>(args.kwnames->size) : 0;
  if (signature.script_style && !check_script_call(thread, signature, function, name, args)) return false;
  uint32_t given = args.count - self_count;
  bool takes_keywords = signature.has_kwargs || signature.posonly < signature.params.size();
  if (keywords && !takes_keywords)
    return raise_type_error(thread,
                            fmt::format("{}() takes no keyword arguments",
                                        signature.counted_style ? std::string(name) : label(function, name)));

  if (keywords && !signature.has_varargs && !signature.has_kwargs &&
      given + keywords > signature.params.size() - self_count) {
    uint32_t all = static_cast<uint32_t>(signature.params.size()) - self_count;
    return raise_type_error(thread,
                            fmt::format("{} takes at most {} {}argument{} ({} given)", called(name), all,
                                        given == 0 ? "keyword " : "", plural(all), given + keywords));
  }
  if (args.count > signature.positional && !signature.has_varargs) {
    return wrong_count(thread, signature, function, name, given, self_count);
  }
  uint32_t positional = std::min(args.count, signature.positional);
  for (uint32_t i = 0; i < positional; ++i) values[signature.place[i]] = args[i];
  if (signature.has_varargs) {
    keep_args = args.count > positional
                    ? Ref(make_tuple(std::span(args.args + positional, args.count - positional)))
                    : share(Value(empty_tuple()));
    values[signature.varargs_at] = keep_args;
  }
  if (args.count < std::min(signature.posonly, signature.required))
    return wrong_count(thread, signature, function, name, given, self_count);

  Str* unexpected = nullptr; // reported when nothing is missing
  for (uint32_t k = 0; k < keywords; ++k) {
    Str* key = cast<Str>((*args.kwnames)[k]);
    Value value = args[args.count + k];
    uint32_t index = signature.posonly;
    while (index < signature.params.size() &&
           !(signature.params[index].name == key || str_equals(signature.params[index].name, key)))
      ++index;
    if (index < signature.params.size()) {
      Value& place = values[signature.place[index]];
      if (place)
        return raise_type_error(thread, fmt::format("argument for {} given by name ('{}') and position ({})",
                                                    called(name), key->view(), index - self_count + 1));
      place = value;
    } else if (signature.has_kwargs) {
      if (!keep_kwargs) {
        keep_kwargs = Ref(new_dict());
        values[signature.kwargs_at] = keep_kwargs;
      }
      dict_set(cast<Dict>(keep_kwargs), key, value);
    } else if (!unexpected) {
      unexpected = key;
    }
  }
  for (uint32_t i = 0; i < signature.params.size(); ++i) {
    if (signature.params[i].optional || values[signature.place[i]]) continue;
    if (!takes_keywords) return wrong_count(thread, signature, function, name, given, self_count);
    if (i >= signature.positional)
      return raise_type_error(thread, fmt::format("{}() missing required keyword-only argument: '{}'", name,
                                                  signature.params[i].name->view()));
    return raise_type_error(thread, fmt::format("{} missing required argument '{}' (pos {})", called(name),
                                                signature.params[i].name->view(), i - self_count + 1));
  }
  if (!unexpected) return true;
  std::vector<std::string_view> known;
  for (size_t at = signature.posonly; at < signature.params.size(); ++at)
    known.push_back(signature.params[at].name->view());
  std::string_view closest = closest_name(unexpected->view(), known);
  std::string hint = closest.empty() ? std::string() : fmt::format(". Did you mean '{}'?", closest);
  return raise_type_error(thread, fmt::format("{} got an unexpected keyword argument '{}'{}",
                                              name.empty() ? "this function" : called(name),
                                              unexpected->view(), hint));
}

// --- constructors and raw natives ----------------------------------------------------------------

bool bind_args(Thread& thread, const char* function_name, const char* params, CallArgs args, BoundArgs& out) {
  const Signature* signature = signature_of(params);
  return bind_signature(thread, *signature, nullptr, function_name, args, 0, out.values, out.keep[0],
                        out.keep[1]);
}

bool refuse_keywords(Thread& thread, const char* function_name, CallArgs args) {
  if (!args.kwnames || args.kwnames->size == 0) return true;
  return raise_type_error(thread, fmt::format("{}() takes no keyword arguments", function_name));
}

bool check_count(Thread& thread, const char* function_name, CallArgs args, uint32_t min, uint32_t max) {
  if (args.count >= min && args.count <= max) return true;
  bool few = args.count < min;
  uint32_t limit = few ? min : max;
  return raise_type_error(thread, fmt::format("{} expected {}{} argument{}, got {}", function_name,
                                              min == max ? ""
                                              : few      ? "at least "
                                                         : "at most ",
                                              limit, plural(limit), args.count));
}

} // namespace aspy
