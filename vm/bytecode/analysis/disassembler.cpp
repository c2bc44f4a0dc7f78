#include "vm/bytecode/analysis/disassembler.hpp"

#include "vm/bytecode/analysis/operands.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <fmt/format.h>

namespace aspy {

namespace {

std::string register_name(const Code* code, int reg) {
  if (reg >= 0) return fmt::format("r{}", reg);
  int index = static_cast<int>(code->local_count) + reg;
  if (index < 0 || static_cast<size_t>(index) >= code->local_names->size) return fmt::format("?{}", reg);
  return std::string(cast<Str>((*code->local_names)[static_cast<size_t>(index)])->view());
}

std::string text_of(Thread& thread, const Code* code, Word index) {
  if (index >= code->constants.size()) return fmt::format("K[{}]?", index);
  Value value = code->constants[index];
  if (is_exact(value, code_type)) return fmt::format("<code {}>", cast<Code>(value)->name->view());
  Ref text = repr(thread, value);
  if (!text) {
    clear_error(thread);
    return "?";
  }
  return std::string(cast<Str>(text)->view());
}

std::string name_of(const Code* code, Word index) {
  if (index >= code->constants.size() || !is_str(code->constants[index])) return fmt::format("N[{}]?", index);
  return std::string(cast<Str>(code->constants[index])->view());
}

std::string row_text(const Code* code, int first, int count) {
  if (count <= 0) return "-";
  std::string text = register_name(code, first);
  return count == 1 ? text : text + ".." + register_name(code, first + count - 1);
}

std::string tuple_name(const Tuple* names, unsigned index) {
  return index < names->size ? std::string(cast<Str>((*names)[index])->view()) : fmt::format("?{}", index);
}

std::string operands_text(Thread& thread, const Code* code, uint32_t at) {
  Word word = code->words[at];
  Op op = op_of(word);
  const OpInfo& info = op_info(op);
  Operands use = operands_of(op);
  Word w = info.cache_words > 0 ? code->words[at + 1] : 0;
  std::string out;
  auto add = [&](const std::string& part) {
    if (!out.empty()) out += ", ";
    out += part;
  };
  Format format = info.format;
  bool has_a = format != Format::N && format != Format::J;
  bool has_b = format == Format::AB || format == Format::ABC || format == Format::ABn ||
               format == Format::ABI || format == Format::ABW || format == Format::ABnW;
  if (use.row != Role::None && use.row_at_a) {
    add(row_text(code, a_of(word), row_length(op, word, w)));
    if (has_b && use.b != Role::None) add(register_name(code, b_of(word)));
    return out;
  }
  if (has_a && use.a != Role::None) add(register_name(code, a_of(word)));
  if (use.row != Role::None) add(row_text(code, b_of(word), row_length(op, word, w)));
  else if (has_b && use.b != Role::None) add(register_name(code, b_of(word)));
  if (format == Format::ABC && use.c != Role::None) add(register_name(code, c_of(word)));
  switch (use.extra) {
  case Extra::Constant: add(text_of(thread, code, format == Format::AX ? x_of(word) : w)); break;
  case Extra::Name: add(name_of(code, w)); break;
  case Extra::Number: add(fmt::format("{}", format == Format::AI ? i_of(word) : c_of(word))); break;
  case Extra::Far: add(tuple_name(code->local_names, code->local_count + x_of(word))); break;
  case Extra::Free: add(tuple_name(code->free_names, x_of(word))); break;
  case Extra::FreeAndName: add(name_of(code, w)); break;
  case Extra::FreeInN: add(name_of(code, w)); break;
  case Extra::JumpInt: add(fmt::format("{}", b_of(word))); [[fallthrough]];
  case Extra::Jump: add(fmt::format("-> {}", jump_target(code->words.data(), at))); break;
  case Extra::None: break;
  }
  switch (generic_op(op)) {
  case Op::JumpLt:
  case Op::JumpLe:
  case Op::JumpEq:
  case Op::JumpNe:
  case Op::JumpGt:
  case Op::JumpGe:
  case Op::JumpIs:
  case Op::JumpIn:
  case Op::JumpLtInt:
  case Op::JumpLeInt:
  case Op::JumpEqInt:
  case Op::JumpNeInt:
  case Op::JumpGtInt:
  case Op::JumpGeInt:
    if (n_of(word) == 0) out += " unless";
    break;
  case Op::CallMethodKw: add(text_of(thread, code, w + 1)); break;
  case Op::FormatValue:
  case Op::MatchClass:
  case Op::ImportName:
  case Op::MakeFunction:
  case Op::WithExit:
  case Op::AsyncWithExit:
  case Op::Intrinsic: add(fmt::format("{}", n_of(word))); break;
  default: break;
  }
  return out;
}

template <class Body> void for_each_instruction(const Code* code, Body&& body) {
  for (uint32_t at = 0; at < code->words.size(); at += 1 + op_info(op_of(code->words[at])).cache_words)
    body(at);
}

void append(Thread& thread, const Code* code, bool nested, std::string& out) {
  out += fmt::format("{} in {}: {} locals, {} temporaries\n", code->qualname->view(), code->filename->view(),
                     code->local_count + code->far_count, code->temp_count);
  uint32_t line = 0;
  for_each_instruction(code, [&](uint32_t at) {
    uint32_t here = position_at(code, at).line;
    std::string shown = here != line && here != 0 ? fmt::format("{}", here) : "";
    line = here;
    std::string operands = operands_text(thread, code, at);
    out += fmt::format("{:>5} {:>5}  {}", shown, at, op_name(op_of(code->words[at])));
    if (!operands.empty()) {
      size_t width = std::string_view(op_name(op_of(code->words[at]))).size();
      out.append(width < 18 ? 18 - width : 1, ' ');
      out += operands;
    }
    out += '\n';
  });
  for (const Handler& handler : code->handlers)
    out += fmt::format("      {} to {}: handler {}, r{}\n", handler.start, handler.end, handler.handler,
                       handler.depth);
  if (!nested) return;
  for (Value constant : code->constants) {
    if (!is_exact(constant, code_type)) continue;
    out += '\n';
    append(thread, cast<Code>(constant), true, out);
  }
}

} // namespace

std::string disassemble(Thread& thread, const Code* code, bool nested) {
  std::string out;
  append(thread, code, nested, out);
  return out;
}

std::string listing(Thread& thread, const Code* code) {
  std::string out;
  for_each_instruction(code, [&](uint32_t at) {
    std::string operands = operands_text(thread, code, at);
    out += op_name(op_of(code->words[at]));
    if (!operands.empty()) out += ' ' + operands;
    out += '\n';
  });
  return out;
}

} // namespace aspy
