// code.replace(): a copy of a code object under another name or from another place. What it does, takes and
// returns is compiled; only how it is called can be replaced.
#include "vm/bytecode/code.hpp"
#include "vm/bytecode/image.hpp"
#include "vm/object/callable/native.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {
namespace {

template <class T> T* shared(T* object) {
  if (object) incref(object);
  return object;
}

bool has_operand_word(Format format) {
  return format == Format::AXW || format == Format::AW || format == Format::ABW || format == Format::ABnW;
}

// The instructions as the compiler made them: in their generic form, with empty caches.
std::vector<Word> unspecialised(const std::vector<Word>& words) {
  std::vector<Word> copy = words;
  for (uint32_t at = 0; at < copy.size();) {
    Op op = generic_op(op_of(copy[at]));
    const OpInfo& info = op_info(op);
    copy[at] = (copy[at] & ~Word{0xFF}) | static_cast<Word>(op);
    for (uint32_t i = has_operand_word(info.format) ? 2 : 1; i <= info.cache_words; ++i) copy[at + i] = 0;
    at += 1 + info.cache_words;
  }
  return copy;
}

std::vector<uint8_t> moved_positions(const Code* code, int64_t distance) {
  std::vector<InstructionPosition> moved;
  for (uint32_t at = 0; at < code->words.size(); at += 1 + op_info(op_of(code->words[at])).cache_words) {
    Position position = position_at(code, at);
    if (position.line) {
      position.line = static_cast<uint32_t>(position.line + distance);
      position.end_line = static_cast<uint32_t>(position.end_line + distance);
    }
    moved.push_back({at, position});
  }
  return pack_positions(moved);
}

Own<Code> copy_of(Code* code, int64_t distance) {
  if (code->unread_body) read_body(code);
  Own<Code> copy = new_code();
  copy->name = shared(code->name);
  copy->qualname = shared(code->qualname);
  copy->filename = shared(code->filename);
  copy->first_line = static_cast<uint32_t>(code->first_line + distance);
  copy->flags = code->flags;
  copy->arg_count = code->arg_count;
  copy->posonly_count = code->posonly_count;
  copy->kwonly_count = code->kwonly_count;
  copy->local_count = code->local_count;
  copy->far_count = code->far_count;
  copy->temp_count = code->temp_count;
  copy->exact_args = code->exact_args;
  copy->plain_args = code->plain_args;
  copy->words = unspecialised(code->words);
  copy->constants = code->constants;
  for (Value constant : copy->constants) incref(constant);
  copy->handlers = code->handlers;
  copy->local_names = shared(code->local_names);
  copy->cell_names = shared(code->cell_names);
  copy->free_names = shared(code->free_names);
  copy->positions = moved_positions(code, distance);
  if (code->doc) copy->doc = share(code->doc).release();
  return copy;
}

} // namespace

Ref code_replace(Thread& thread, CallArgs args) {
  if (args.count != 1)
    return raise_type_error(thread,
                            fmt::format("replace() takes 0 positional arguments ({} given)", args.count - 1));
  auto* code = cast<Code>(args[0]);
  Str* texts[3] = {};
  static constexpr const char* text_names[] = {"co_name", "co_qualname", "co_filename"};
  int64_t line = code->first_line;
  for (size_t i = 0; args.kwnames && i < args.kwnames->size; ++i) {
    std::string_view name = cast<Str>((*args.kwnames)[i])->view();
    Value value = args[static_cast<uint32_t>(args.count + i)];
    size_t which = 0;
    while (which < 3 && name != text_names[which]) ++which;
    if (which < 3) {
      if (!is_str(value))
        return raise_type_error(thread, fmt::format("replace() argument '{}' must be str, not {}", name,
                                                    value.is_none() ? "None" : type_name(value)));
      texts[which] = cast<Str>(value);
    } else if (name == "co_firstlineno") {
      int32_t number;
      if (!to_int32(thread, value, number)) return {};
      if (number < 0) return raise_value_error(thread, "co_firstlineno must be a positive integer");
      line = number;
    } else {
      Ref now = find_attr(thread, args[0], intern(name));
      if (thread.has_error()) return {};
      if (!now)
        return raise_type_error(thread,
                                fmt::format("replace() got an unexpected keyword argument '{}'", name));
      int same = equals(thread, now, value);
      if (same < 0) return {};
      if (!same)
        return raise(thread, NotImplementedError_type,
                     fmt::format("replace(): {} is compiled and cannot be replaced", name));
    }
  }
  Own<Code> copy = copy_of(code, line - code->first_line);
  Str** fields[] = {&copy->name, &copy->qualname, &copy->filename};
  for (int i = 0; i < 3; ++i) {
    if (!texts[i]) continue;
    incref(texts[i]);
    decref(std::exchange(*fields[i], texts[i]));
  }
  return copy;
}

} // namespace aspy
