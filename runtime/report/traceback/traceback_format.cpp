#include "runtime/report/traceback/traceback_format.hpp"

#include "runtime/report/suggestion/suggestions.hpp"
#include "runtime/report/traceback/carets.hpp"
#include "runtime/report/traceback/source_lines.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <unordered_set>

namespace aspy {

// --- stacks --------------------------------------------------------------------------------------

std::vector<StackEntry> stack_entries(const Traceback* first) {
  std::vector<StackEntry> entries;
  for (const Traceback* at = first; at; at = at->next) {
    if (at->code->flags & CodeLibrary) continue;
    StackEntry entry;
    entry.filename = at->code->filename->view();
    entry.name = at->code->name->view();
    entry.position = position_at(at->code, at->instruction);
    entry.code = at->code;
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string format_entry(const StackEntry& entry) {
  std::string out =
      fmt::format("  File \"{}\", line {}, in {}\n", entry.filename,
                  entry.position.line ? fmt::to_string(entry.position.line) : "None", entry.name);
  const Position& at = entry.position;
  if (!entry.line.empty()) return out + source_without_carets(entry.line);
  std::vector<std::string> lines;
  uint32_t end_line = std::max(at.end_line, at.line);
  for (uint32_t number = at.line; at.line && number <= end_line; ++number) {
    std::string line;
    if (!source_line(entry.code, entry.filename, number, line)) break;
    lines.push_back(std::move(line));
  }
  if (lines.empty()) return out;
  bool whole = lines.size() == end_line - at.line + 1;
  if (!entry.has_columns || !whole || at.end_line == 0) return out + source_without_carets(lines[0]);
  return out + source_with_carets(lines, at.column, at.end_column);
}

std::vector<std::string> format_stack(const std::vector<StackEntry>& all, int limit) {
  // A recursion's lines are the same over and over: three are enough.
  constexpr size_t shown_repeats = 3;
  size_t from = 0, to = all.size();
  if (limit >= 0) to = std::min(to, static_cast<size_t>(limit));
  else from = to - std::min(to, static_cast<size_t>(-static_cast<int64_t>(limit)));
  std::vector<std::string> out;
  size_t repeats = 0;
  auto close = [&] {
    if (repeats <= shown_repeats) return;
    size_t hidden = repeats - shown_repeats;
    out.push_back(fmt::format("  [Previous line repeated {} more time{}]\n", hidden, hidden == 1 ? "" : "s"));
  };
  for (size_t i = from; i < to; ++i) {
    const StackEntry& entry = all[i];
    bool same = i > from && entry.position.line == all[i - 1].position.line &&
                entry.name == all[i - 1].name && entry.filename == all[i - 1].filename;
    if (!same) {
      close();
      repeats = 0;
    }
    if (++repeats <= shown_repeats) out.push_back(format_entry(entry));
  }
  close();
  return out;
}

namespace {

// --- one exception -------------------------------------------------------------------------------

std::string_view text_of(Value value) {
  return value && is_str(value) ? cast<Str>(value)->view() : std::string_view();
}

// str(value), or a note that it failed.
std::string safe_str(Thread& thread, Value value, std::string_view what) {
  Ref text = str(thread, value);
  if (text) return std::string(cast<Str>(text)->view());
  clear_error(thread);
  return fmt::format("<{} str() failed>", what);
}
std::string safe_repr(Thread& thread, Value value, std::string_view what) {
  Ref text = repr(thread, value);
  if (text) return std::string(cast<Str>(text)->view());
  clear_error(thread);
  return fmt::format("<{} repr() failed>", what);
}

// The class as reports name it: with its module, unless that is the script or the builtins.
std::string class_name(Thread& thread, Value exception) {
  Type* type = type_of(exception);
  std::string_view qualname = type->qualname ? type->qualname->view() : type->name->view();
  Ref module = find_attr(thread, Value(type), names::dunder_module);
  clear_error(thread);
  std::string_view name = text_of(module);
  if (!module || name == "builtins" || name == "__main__") return std::string(qualname);
  if (!is_str(module)) return fmt::format("<unknown>.{}", qualname);
  return fmt::format("{}.{}", name, qualname);
}

// One piece for each line of a text.
void append_lines(std::string_view text, std::vector<std::string>& out) {
  while (true) {
    size_t end = text.find('\n');
    out.push_back(std::string(text.substr(0, end)) + "\n");
    if (end == text.npos) return;
    text.remove_prefix(end + 1);
  }
}

void append_notes(Thread& thread, Value exception, std::vector<std::string>& out) {
  Ref notes = find_attr(thread, exception, names::dunder_notes);
  if (thread.has_error()) {
    clear_error(thread);
    return;
  }
  if (!notes || notes.get().is_none()) return;
  if (!is_list(notes) && !is_tuple(notes)) {
    out.push_back(safe_repr(thread, notes, "__notes__") + "\n");
    return;
  }
  Own<List> items = list_from_iterable(thread, notes);
  clear_error(thread);
  for (size_t i = 0; items && i < items->size; ++i) append_lines(safe_str(thread, (*items)[i], "note"), out);
}

size_t character_count(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// The place of a SyntaxError: file, line, and the line's text with carets below the offending part.
void append_syntax_place(Thread& thread, SyntaxErrorObject* error, const KeywordTypo* typo,
                         std::vector<std::string>& out, std::string& suffix) {
  auto number = [](Value value) { return value && value.is_int() ? value.as_int() : int64_t{-1}; };
  bool has_line = error->lineno && !error->lineno.is_none();
  std::string filename;
  if (error->filename && !error->filename.is_none()) filename = safe_str(thread, error->filename, "filename");
  if (has_line)
    out.push_back(fmt::format("  File \"{}\", line {}\n", filename.empty() ? "<string>" : filename,
                              safe_str(thread, error->lineno, "lineno")));
  else if (error->filename && !error->filename.is_none()) suffix = fmt::format(" ({})", filename);

  std::string_view text = text_of(error->text);
  if (!error->text || !is_str(error->text)) return;
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string_view shown = text;
  while (!shown.empty() && (shown[0] == ' ' || shown[0] == '\n' || shown[0] == '\f')) shown.remove_prefix(1);
  auto spaces = static_cast<int64_t>(text.size() - shown.size());
  out.push_back(fmt::format("    {}\n", shown));
  int64_t offset = number(error->offset);
  if (!error->offset || error->offset.is_none()) return;
  auto length = static_cast<int64_t>(character_count(text));
  int64_t end_offset;
  auto or_none = [](Value value) { return value ? value : None; };
  if (or_none(error->end_lineno) == or_none(error->lineno)) {
    end_offset = number(error->end_offset);
    if (end_offset <= 0) end_offset = end_offset == 0 || !error->end_offset ? offset : -1;
  } else {
    end_offset = length + 1;
  }
  if (typo) {
    offset = static_cast<int64_t>(typo->column) + 1;
    end_offset = static_cast<int64_t>(typo->end) + 1;
  }
  if (offset > length) offset = length + 1;
  if (end_offset > length) end_offset = length + 1;
  if (offset >= end_offset || end_offset < 0) end_offset = offset + 1;
  int64_t column = offset - 1 - spaces, end_column = end_offset - 1 - spaces;
  if (column < 0) return;
  // Tabs must stay for the carets to line up.
  std::string carets = "    ";
  int64_t at = 0;
  for (size_t i = 0; i < shown.size() && at < column; ++i) {
    if ((shown[i] & 0xC0) == 0x80) continue;
    carets += shown[i] == '\t' ? '\t' : ' ';
    ++at;
  }
  carets.append(static_cast<size_t>(std::max<int64_t>(column - at, 0)), ' ');
  carets.append(static_cast<size_t>(std::max<int64_t>(end_column - column, 0)), '^');
  out.push_back(carets + "\n");
}

// `names`: a NameError is compared with the variables of its frame.
std::vector<std::string> only(Thread& thread, Value exception, bool names = true) {
  std::string name = class_name(thread, exception);
  std::vector<std::string> out;
  if (is_instance(exception, SyntaxError_type)) {
    auto* error = cast<SyntaxErrorObject>(exception);
    std::string suffix;
    KeywordTypo typo;
    std::string_view said = text_of(error->msg);
    bool misspelt = error->metadata && !error->metadata.is_none() && error->text && is_str(error->text) &&
                    (said == "invalid syntax" || said.find("Perhaps you forgot a comma") != said.npos) &&
                    find_keyword_typo(text_of(error->text), typo);
    append_syntax_place(thread, error, misspelt ? &typo : nullptr, out, suffix);
    std::string message = error->msg && !error->msg.is_none() ? safe_str(thread, error->msg, "exception")
                                                              : "<no detail available>";
    if (message.empty() && (!error->msg || error->msg.is_none())) message = "None";
    if (misspelt) message = fmt::format("invalid syntax. Did you mean '{}'?", typo.keyword);
    out.push_back(
        fmt::format("{}: {}{}\n", name, message.empty() ? "<no detail available>" : message, suffix));
  } else {
    std::string message = safe_str(thread, exception, "exception") + suggestion_for(thread, exception, names);
    out.push_back(message.empty() ? name + "\n" : fmt::format("{}: {}\n", name, message));
  }
  append_notes(thread, exception, out);
  return out;
}

// --- chains and groups ---------------------------------------------------------------------------

class Report {
public:
  Report(Thread& thread, const FormatOptions& options) : thread_(thread), options_(options) {}

  std::vector<std::string> run(Value exception) {
    format_chain(plan(exception), true);
    return std::move(out_);
  }

private:
  // An exception where it is printed: what stands before it, and its members.
  struct Node {
    Ref exception;
    Node* before = nullptr;
    const char* leads_here = nullptr;
    std::vector<Node*> members;
  };

  Node* add(Value exception) {
    seen_.insert(exception.bits);
    nodes_.push_back(Node{share(exception)});
    return &nodes_.back();
  }

  // Members always appear; a cause or context only where nothing has mentioned it yet. Which place that is
  // depends on the order: what came last is looked at first. A chain may be long: no recursion here.
  Node* plan(Value exception) {
    Node* root = add(exception);
    std::vector<Node*> todo = {root};
    while (!todo.empty()) {
      Node* node = todo.back();
      todo.pop_back();
      auto* at = cast<ExceptionObject>(node->exception.get());
      if (!options_.chain) {
        // Only the members.
      } else if (is_new(at->cause)) {
        node->before = add(at->cause);
        node->leads_here = "\nThe above exception was the direct cause of the following exception:\n\n";
      } else if (!at->suppress_context && is_new(at->context)) {
        node->before = add(at->context);
        node->leads_here = "\nDuring handling of the above exception, another exception occurred:\n\n";
      }
      add_members(node);
      if (node->before) todo.push_back(node->before);
      todo.insert(todo.end(), node->members.begin(), node->members.end());
    }
    return root;
  }
  bool is_new(Value exception) const {
    return exception && !exception.is_none() && !seen_.contains(exception.bits);
  }
  void add_members(Node* node) {
    Value exception = node->exception;
    if (!is_instance(exception, BaseExceptionGroup_type)) return;
    for (Value member : cast<Tuple>(cast<ExceptionGroupObject>(exception)->exceptions)->view())
      node->members.push_back(add(member));
  }

  // The first cause first.
  void format_chain(const Node* node, bool top) {
    std::vector<const Node*> chain;
    for (const Node* at = node; at; at = at->before) chain.push_back(at);
    for (size_t i = chain.size(); i-- > 0;) {
      if (chain[i]->leads_here) emit(chain[i]->leads_here);
      format_one(chain[i], top && i == 0);
    }
  }

  std::vector<StackEntry> stack_of(Value exception, bool outermost) {
    Value traceback = cast<ExceptionObject>(exception)->traceback;
    if (outermost && !options_.use_traceback) traceback = options_.traceback;
    if (!traceback || traceback.is_none()) return {};
    return stack_entries(cast<Traceback>(traceback));
  }

  void format_one(const Node* node, bool outermost) {
    Value exception = node->exception;
    if (!is_instance(exception, BaseExceptionGroup_type)) {
      emit_stack(exception, outermost, "Traceback (most recent call last):\n", '|');
      emit_all(only(thread_, exception));
      return;
    }
    if (depth_ > options_.group_depth) {
      emit(fmt::format("... (max_group_depth is {})\n", options_.group_depth));
      return;
    }
    bool top_level = depth_ == 0;
    if (top_level) ++depth_;
    emit_stack(exception, outermost, "Exception Group Traceback (most recent call last):\n",
               top_level ? '+' : '|');
    emit_all(only(thread_, exception));
    format_members(node);
    if (top_level) depth_ = 0;
  }

  void format_members(const Node* group) {
    const std::vector<Node*>& members = group->members;
    size_t count = std::min(members.size(), options_.group_width + 1);
    needs_close_ = false;
    for (size_t i = 0; i < count; ++i) {
      bool last = i == count - 1;
      // The last part inside the last part draws the line that ends the box.
      if (last) needs_close_ = true;
      bool cut = i >= options_.group_width;
      out_.push_back(fmt::format("{}{}+---------------- {} ----------------\n", indent(),
                                 i == 0 ? "+-" : "  ", cut ? std::string("...") : fmt::to_string(i + 1)));
      ++depth_;
      if (cut) {
        size_t rest = members.size() - options_.group_width;
        emit(fmt::format("and {} more exception{}\n", rest, rest > 1 ? "s" : ""));
      } else {
        format_chain(members[i], false);
      }
      if (last && needs_close_) {
        out_.push_back(indent() + "+------------------------------------\n");
        needs_close_ = false;
      }
      --depth_;
    }
  }

  void emit_stack(Value exception, bool outermost, std::string_view title, char margin) {
    std::vector<StackEntry> entries = stack_of(exception, outermost);
    if (entries.empty() || options_.limit == 0) return;
    emit(title, margin);
    emit_all(format_stack(entries, options_.limit));
  }

  std::string indent() const { return std::string(static_cast<size_t>(2 * depth_), ' '); }

  void emit_all(const std::vector<std::string>& pieces) {
    for (const std::string& piece : pieces) emit(piece);
  }

  // Text as it is, or with the margin of the groups around it.
  void emit(std::string_view text, char margin = '|') {
    std::string out;
    if (depth_ == 0) {
      out_.emplace_back(text);
      return;
    }
    std::string front = fmt::format("{}{} ", indent(), margin);
    while (!text.empty()) {
      size_t end = text.find('\n');
      out += front;
      out += text.substr(0, end);
      out += '\n';
      if (end == text.npos) break;
      text.remove_prefix(end + 1);
    }
    out_.push_back(std::move(out));
  }

  Thread& thread_;
  const FormatOptions& options_;
  std::vector<std::string> out_; // pieces
  std::deque<Node> nodes_;       // where they are they stay
  std::unordered_set<uint64_t> seen_;
  int depth_ = 0; // of groups around what is printed
  bool needs_close_ = false;
};

} // namespace

std::vector<std::string> format_exception_pieces(Thread& thread, Value exception,
                                                 const FormatOptions& options) {
  ErrorShelter shelter(thread);
  Ref keep = share(exception);
  return Report(thread, options).run(exception);
}

std::string format_exception(Thread& thread, Value exception, const FormatOptions& options) {
  std::string out;
  for (const std::string& piece : format_exception_pieces(thread, exception, options)) out += piece;
  return out;
}

std::vector<std::string> format_exception_only(Thread& thread, Value exception, bool show_group) {
  ErrorShelter shelter(thread);
  Ref keep = share(exception);
  std::vector<std::string> out = only(thread, exception, false);
  if (!show_group || !is_instance(exception, BaseExceptionGroup_type)) return out;
  for (Value member : cast<Tuple>(cast<ExceptionGroupObject>(exception)->exceptions)->view()) {
    if (!check_native_stack(thread)) break;
    for (const std::string& piece : format_exception_only(thread, member, true)) out.push_back("   " + piece);
  }
  return out;
}

std::string format_unraisable(Thread& thread, Value exception, Value object, std::string_view message) {
  ErrorShelter shelter(thread);
  std::string out;
  if (object && !object.is_none())
    out = fmt::format("{}: {}\n", message.empty() ? "Exception ignored in" : message,
                      safe_repr(thread, object, "object"));
  else if (!message.empty()) out = fmt::format("{}:\n", message);
  if (!exception || exception.is_none()) return out;
  // Plainer than other reports: no carets, no chain, no notes.
  Value traceback = cast<ExceptionObject>(exception)->traceback;
  if (traceback && !traceback.is_none()) {
    std::vector<StackEntry> entries = stack_entries(cast<Traceback>(traceback));
    for (StackEntry& entry : entries) entry.has_columns = false;
    out += "Traceback (most recent call last):\n";
    for (const std::string& piece : format_stack(entries)) out += piece;
  }
  std::string name = class_name(thread, exception), text = safe_str(thread, exception, "exception");
  return out + (text.empty() ? name + "\n" : fmt::format("{}: {}\n", name, text));
}

} // namespace aspy
