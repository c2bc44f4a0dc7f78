#include "runtime/report/suggestions.hpp"

#include "runtime/modules/importing.hpp"
#include "runtime/modules/registry.hpp"
#include "vm/bytecode/code.hpp"
#include "vm/object/dict.hpp"
#include "vm/object/exception.hpp"
#include "vm/object/list.hpp"
#include "vm/object/module.hpp"
#include "vm/object/protocol.hpp"
#include "vm/object/str.hpp"
#include "vm/object/thread.hpp"
#include "vm/object/tuple.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy {
namespace {

// Costs of an edit: changing the case of a letter is half as bad as any other.
constexpr size_t move_cost = 2, case_cost = 1;
constexpr size_t longest_name = 40;
constexpr size_t most_candidates = 750;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

size_t replace_cost(char a, char b) {
  if (a == b) return 0;
  return lower(a) == lower(b) ? case_cost : move_cost;
}

// Edit distance, or anything above `limit` once it is certain to be more.
size_t distance(std::string_view a, std::string_view b, size_t limit) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.remove_suffix(1);
    b.remove_suffix(1);
  }
  if (a.empty() || b.empty()) return (a.size() + b.size()) * move_cost;
  if (a.size() > longest_name || b.size() > longest_name) return limit + 1;
  if (b.size() < a.size()) std::swap(a, b);
  if ((b.size() - a.size()) * move_cost > limit) return limit + 1;

  size_t row[longest_name];
  for (size_t i = 0; i < a.size(); ++i) row[i] = (i + 1) * move_cost;
  size_t result = 0;
  for (size_t j = 0; j < b.size(); ++j) {
    size_t diagonal = j * move_cost;
    result = diagonal;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < a.size(); ++i) {
      size_t replaced = diagonal + replace_cost(b[j], a[i]);
      diagonal = row[i];
      size_t moved = std::min(result, diagonal) + move_cost;
      result = std::min(moved, replaced);
      row[i] = result;
      least = std::min(least, result);
    }
    if (least > limit) return limit + 1;
  }
  return result;
}

std::string_view text_of(Value value) { return value && is_str(value) ? cast<Str>(value)->view() : std::string_view(); }

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
  if (wrong.empty() || wrong.size() > longest_name || candidates.size() > most_candidates) return {};
  std::string best;
  size_t best_distance = SIZE_MAX;
  for (const std::string& candidate : candidates) {
    if (candidate == wrong) continue;
    // Up to a third of the characters may differ.
    size_t limit = (candidate.size() + wrong.size() + 3) * move_cost / 6;
    limit = std::min(limit, best_distance - 1);
    size_t found = distance(wrong, candidate, limit);
    if (found > limit || found >= best_distance) continue;
    best = candidate;
    best_distance = found;
  }
  return best;
}

std::string suggestion_for(Thread& thread, Value exception, bool names) {
  ErrorShelter shelter(thread);
  std::string name, wrong;
  bool is_name = is_instance(exception, NameError_type);
  if (is_name) {
    wrong = text_of(cast<NameErrorObject>(exception)->name);
    if (names) name = for_name(cast<NameErrorObject>(exception));
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
