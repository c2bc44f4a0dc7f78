#include "runtime/report/suggestion/suggestions.hpp"

#include "runtime/importing/importing.hpp"
#include "runtime/importing/registry.hpp"
#include "vm/bytecode/code.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/error/suggestions.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/module.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy {
namespace {

std::string_view text_of(Value value) {
  return value && is_str(value) ? cast<Str>(value)->view() : std::string_view();
}

// What dir() lists, sorted; nothing when it raises.
std::vector<std::string> names_of(Thread& thread, Value object) {
  std::vector<std::string> names;
  Ref method = lookup_special(thread, object, names::dunder_dir);
  Ref listed = method ? call(thread, method) : Ref();
  if (listed)
    for_each(thread, listed, [&](Value name) {
      if (is_str(name)) names.emplace_back(text_of(name));
      return true;
    });
  clear_error(thread);
  std::sort(names.begin(), names.end());
  return names;
}

void drop_private(std::vector<std::string>& names) {
  std::erase_if(names, [](const std::string& name) { return name.starts_with('_'); });
}

std::string for_attribute(Thread& thread, AttributeErrorObject* error) {
  std::string_view wrong = text_of(error->name);
  if (wrong.empty() || !error->obj) return {};
  Ref object = share(error->obj);
  std::vector<std::string> names = names_of(thread, object);
  if (names.size() > 750) return {};
  if (!wrong.starts_with('_')) drop_private(names);
  return closest_name(wrong, names);
}

std::string for_import(Thread& thread, ImportErrorObject* error) {
  std::string_view wrong = text_of(error->name_from), module_name = text_of(error->name);
  if (wrong.empty() || module_name.empty() || !loaded_modules()) return {};
  Value module = dict_get(loaded_modules(), module_name);
  if (!module) return {};
  Ref keep = share(module);
  std::vector<std::string> names = names_of(thread, keep);
  if (!wrong.starts_with('_')) drop_private(names);
  return closest_name(wrong, names);
}

void add_keys(Dict* dict, std::vector<std::string>& names) {
  uint32_t at = 0;
  Value key, value;
  while (dict && dict_next(dict, at, key, value))
    if (is_str(key)) names.emplace_back(text_of(key));
}

// In a method, an attribute of that name: "self.x".
std::string for_own_attribute(Thread& thread, NameErrorObject* error) {
  std::string_view wrong = text_of(error->name);
  if (wrong.empty() || !error->owner) return {};
  Ref owner = share(error->owner);
  Ref found = find_attr(thread, owner, intern(wrong));
  clear_error(thread);
  return found ? fmt::format("self.{}", wrong) : std::string();
}

// Names that the failing frame could have meant: its variables, the module's, the builtins.
std::string for_name(NameErrorObject* error) {
  std::string_view wrong = text_of(error->name);
  if (wrong.empty() || !error->traceback || error->traceback.is_none()) return {};
  auto* last = cast<Traceback>(error->traceback);
  while (last->next) last = last->next;
  std::vector<std::string> names;
  for (Tuple* locals : {last->code->local_names, last->code->cell_names, last->code->free_names})
    if (locals)
      for (Value name : locals->view()) names.emplace_back(text_of(name));
  // The variable itself, when it is not bound yet, is no help.
  std::erase(names, std::string(wrong));
  add_keys(last->globals, names);
  add_keys(current_builtins, names);
  return closest_name(wrong, names);
}

} // namespace

std::string closest_name(std::string_view wrong, const std::vector<std::string>& candidates) {
  std::vector<std::string_view> views(candidates.begin(), candidates.end());
  return std::string(closest_name(wrong, std::span<const std::string_view>(views)));
}

std::string suggestion_for(Thread& thread, Value exception, bool names) {
  ErrorShelter shelter(thread);
  std::string name, wrong;
  bool is_name = is_instance(exception, NameError_type);
  if (is_name) {
    wrong = text_of(cast<NameErrorObject>(exception)->name);
    if (names) name = for_own_attribute(thread, cast<NameErrorObject>(exception));
    if (names && name.empty()) name = for_name(cast<NameErrorObject>(exception));
  } else if (is_instance(exception, AttributeError_type)) {
    name = for_attribute(thread, cast<AttributeErrorObject>(exception));
  } else if (is_instance(exception, ImportError_type)) {
    name = for_import(thread, cast<ImportErrorObject>(exception));
  }
  std::string text = name.empty() ? std::string() : fmt::format(". Did you mean: '{}'?", name);
  if (is_name && !wrong.empty()) {
    auto modules = library_module_names();
    if (std::binary_search(modules.begin(), modules.end(), std::string_view(wrong)))
      text += fmt::format("{} you forget to import '{}'?", text.empty() ? ". Did" : " Or did", wrong);
  }
  return text;
}

} // namespace aspy
