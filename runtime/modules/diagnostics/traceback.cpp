// The native half of `traceback` (runtime/modules/diagnostics/traceback.aspy): exceptions and stacks as text.
#include "runtime/importing/registry.hpp"
#include "runtime/report/traceback/source_lines.hpp"
#include "runtime/report/traceback/traceback_format.hpp"
#include "vm/bytecode/code.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/hash/dict.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy {
namespace {

Ref text_list(const std::vector<std::string>& pieces) {
  Own<List> list = new_list(pieces.size());
  for (const std::string& piece : pieces) list_append(list.get(), Ref(make_str(piece)));
  return list;
}

int limit_of(Value limit) {
  if (!limit || !limit.is_int()) return INT_MAX;
  return static_cast<int>(std::clamp<int64_t>(limit.as_int(), -INT_MAX, INT_MAX));
}

bool raise_missing(Thread& thread, Value object, const char* attribute) {
  return raise_attribute_error(
      thread, object, intern(attribute),
      fmt::format("'{}' object has no attribute '{}'", type_name(object), attribute));
}
bool check_traceback(Thread& thread, Value value) {
  return value.is_empty() || value.is_none() || is_exact(value, traceback_type) ||
         raise_missing(thread, value, "tb_frame");
}
bool check_exception(Thread& thread, Value value) {
  return value.is_none() || is_instance(value, BaseException_type) ||
         raise_missing(thread, value, "__suppress_context__");
}

// pieces(exception, traceback, limit, chain)
Ref traceback_pieces(Thread& thread, const Value* args) {
  if (!check_traceback(thread, args[1]) || !check_exception(thread, args[0])) return {};
  FormatOptions options;
  options.limit = limit_of(args[2]);
  options.chain = args[3].is_true();
  options.use_traceback = false;
  options.traceback = args[1];
  if (args[4]) options.group_width = static_cast<size_t>(std::max(limit_of(args[4]), 0));
  if (args[5]) options.group_depth = limit_of(args[5]);
  return text_list(format_exception_pieces(thread, args[0], options));
}

Ref traceback_only(Thread& thread, const Value* args) {
  if (!check_exception(thread, args[0])) return {};
  return text_list(format_exception_only(thread, args[0], args[1].is_true()));
}

Ref number_or_none(uint32_t number, bool known) { return known ? make_int(number) : share(None); }

// entries(traceback): tuples (filename, line, name, end line, column, end column, source line or None,
// traceback)
Ref traceback_entries(Thread& thread, const Value* args) {
  if (!check_traceback(thread, args[0])) return {};
  Own<List> list = new_list();
  for (Traceback* at = is_exact(args[0], traceback_type) ? cast<Traceback>(args[0]) : nullptr; at;
       at = at->next) {
    if (at->code->flags & CodeLibrary) continue;
    Position place = position_at(at->code, at->instruction);
    std::string text;
    bool found = source_line(at->code, at->code->filename->view(), place.line, text) && is_valid_utf8(text);
    Ref line = found ? Ref(make_str(text)) : share(None);
    Ref numbers[] = {number_or_none(place.line, place.line != 0),
                     number_or_none(place.end_line, place.end_line != 0),
                     number_or_none(place.column, place.end_line != 0),
                     number_or_none(place.end_column, place.end_line != 0)};
    list_append(list.get(), Ref(make_tuple({at->code->filename, numbers[0], at->code->name, numbers[1],
                                            numbers[2], numbers[3], line, at})));
  }
  return list;
}

// format_entries(list of (filename, line, name, end line, column, end column, source line or None))
Ref traceback_format_entries(Thread& thread, const Value* args) {
  std::vector<StackEntry> entries;
  auto number = [](Value value) {
    return value.is_int() && value.as_int() > 0 ? static_cast<uint32_t>(value.as_int()) : 0;
  };
  bool fine = for_each(thread, args[0], [&](Value item) {
    if (!is_tuple(item) || cast<Tuple>(item)->size < 7)
      return bool(raise_type_error(thread, "a stack entry has seven items"));
    Tuple& row = *cast<Tuple>(item);
    StackEntry entry;
    Ref filename = str(thread, row[0]), name = str(thread, row[2]);
    if (!filename || !name) return false;
    entry.filename = cast<Str>(filename)->view();
    entry.name = cast<Str>(name)->view();
    entry.position = {number(row[1]), number(row[4]), number(row[3]), number(row[5])};
    entry.has_columns = row[4].is_int() && row[5].is_int();
    std::string unused;
    // A line that can be looked up again is looked up, for the sake of ranges over several lines.
    bool same = entry.has_columns && source_line(nullptr, entry.filename, entry.position.line, unused);
    if (is_str(row[6]) && !same) entry.line = cast<Str>(row[6])->view();
    entries.push_back(std::move(entry));
    return true;
  });
  return fine ? text_list(format_stack(entries)) : Ref();
}

Ref traceback_source_line(Thread&, const Value* args) {
  std::string line;
  if (is_str(args[0]) && args[1].is_int() && args[1].as_int() > 0 &&
      source_line(nullptr, cast<Str>(args[0])->view(), static_cast<uint32_t>(args[1].as_int()), line) &&
      is_valid_utf8(line))
    return make_str(line);
  return share(names::empty);
}

// position(code, offset in bytes): (line, end line, column, end column), each None when not known
Ref traceback_position(Thread& thread, const Value* args) {
  int64_t offset;
  if (!is_exact(args[0], code_type) || !to_int64(thread, args[1], offset))
    return thread.has_error() ? Ref() : raise_type_error(thread, "a code object was expected");
  Position place = position_at(cast<Code>(args[0]), static_cast<uint32_t>(offset / 4));
  Ref numbers[] = {number_or_none(place.line, place.line != 0),
                   number_or_none(place.end_line, place.end_line != 0),
                   number_or_none(place.column, place.end_line != 0),
                   number_or_none(place.end_column, place.end_line != 0)};
  return make_tuple({numbers[0], numbers[1], numbers[2], numbers[3]});
}

const NativeDef traceback_functions[] = {
    {"pieces", "exception, traceback, limit, chain, width=15, depth=10, /", traceback_pieces},
    {"only", "exception, show_group, /", traceback_only},
    {"entries", "traceback, /", traceback_entries},
    {"format_entries", "entries, /", traceback_format_entries},
    {"position", "code, offset, /", traceback_position},
    {"source_line", "filename, line, /", traceback_source_line},
    {nullptr},
};

} // namespace

const ModuleSpec _traceback_module = {"_traceback", traceback_functions, nullptr};

} // namespace aspy
