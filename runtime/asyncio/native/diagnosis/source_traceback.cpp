#include "runtime/asyncio/native/diagnosis/source_traceback.hpp"

#include "vm/interpreter/operation/import.hpp"
#include "vm/object/error/exception.hpp"
#include "vm/object/sequence/list/list.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>
#include <unordered_map>

namespace aspy {

namespace {

std::unordered_map<Object*, Value>& sources() {
  static std::unordered_map<Object*, Value> map; // owned stacks
  return map;
}

} // namespace

bool record_source(Thread& thread, Object* object) {
  ErrorShelter shelter(thread);
  Own<Tuple> wanted = make_tuple({Value(intern("extract_stack"))});
  Ref module = import_name(thread, intern("asyncio.format_helpers"), None, wanted.value(), 0);
  Ref stack = module ? call_method(thread, module, "extract_stack") : Ref();
  clear_error(thread);
  if (!stack) return false;
  forget_source(object);
  sources().emplace(object, stack.release());
  return true;
}

Value source_of(Object* object) {
  auto found = sources().find(object);
  return found == sources().end() ? Value() : found->second;
}

void forget_source(Object* object) {
  auto found = sources().find(object);
  if (found == sources().end()) return;
  Value stack = found->second;
  sources().erase(found);
  decref(stack);
}

void append_source(Thread& thread, Object* object, std::string& text) {
  Value stack = source_of(object);
  if (!stack || !is_instance(stack, list_type) || cast<List>(stack)->size == 0) return;
  Value last = (*cast<List>(stack))[cast<List>(stack)->size - 1];
  Ref file = get_attr(thread, last, "filename");
  Ref line = file ? get_attr(thread, last, "lineno") : Ref();
  if (line && is_str(file) && line.get().is_int())
    text += fmt::format(" created at {}:{}", cast<Str>(file)->view(), line.get().as_int());
  clear_error(thread);
}

} // namespace aspy
