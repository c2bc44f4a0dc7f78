// The last step of a unit: jump distances, the handler table, and the code object.
#include "vm/compiler/emit/unit.hpp"

#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>

namespace aspy::compiler {

namespace {
bool has_short_distance(Op op) { return op_info(op).format == Format::AJ; }
bool has_operand_distance(Op op) {
  return op_info(op).format == Format::ABnW || op_info(op).format == Format::ABW;
}
int size_of(Op op) { return 1 + op_info(op).cache_words; }
} // namespace

int32_t Unit::distance(const Fixup& fixup) const {
  uint32_t end = fixup.at + static_cast<uint32_t>(size_of(op_of(words[fixup.at])));
  return labels[fixup.label].at - static_cast<int32_t>(end);
}

// Conditional jumps reach 32,767 words. In a longer unit each one that falls short becomes three words: it
// jumps over one Jump to another, which goes the whole way.
void Unit::widen_jumps(std::vector<uint32_t>& sites) {
  std::sort(sites.begin(), sites.end());
  auto moved = [&](uint32_t at) {
    auto before = std::lower_bound(sites.begin(), sites.end(), at) - sites.begin();
    return at + 2 * static_cast<uint32_t>(before);
  };
  std::vector<Word> wide;
  wide.reserve(words.size() + sites.size() * 2);
  size_t next = 0;
  for (uint32_t at = 0; at < words.size(); ++at) {
    wide.push_back(words[at]);
    if (next < sites.size() && sites[next] == at) {
      wide.back() = encode_x(op_of(words[at]), a_of(words[at]), 1);
      wide.push_back(encode_jump(Op::Jump, 1));
      wide.push_back(encode_jump(Op::Jump, 0));
      ++next;
    }
  }
  for (Fixup& fixup : fixups_) {
    bool widened = std::binary_search(sites.begin(), sites.end(), fixup.at);
    fixup.at = moved(fixup.at) + (widened ? 2 : 0);
  }
  for (LabelInfo& label : labels)
    if (label.at >= 0) label.at = static_cast<int32_t>(moved(static_cast<uint32_t>(label.at)));
  for (Range& range : ranges_) {
    range.start = moved(range.start);
    range.end = moved(range.end);
  }
  for (InstructionPosition& position : positions_) position.at = moved(position.at);
  words = std::move(wide);
}

void Unit::settle_jumps() {
  // Widening moves code apart, so it may push further jumps out of reach.
  while (words.size() > 32000) {
    std::vector<uint32_t> sites;
    for (const Fixup& fixup : fixups_) {
      int32_t away = distance(fixup);
      if (has_short_distance(op_of(words[fixup.at])) && (away < -32768 || away > 32767))
        sites.push_back(fixup.at);
    }
    if (sites.empty()) break;
    widen_jumps(sites);
  }
  for (const Fixup& fixup : fixups_) {
    Op op = op_of(words[fixup.at]);
    int32_t away = distance(fixup);
    if (has_short_distance(op))
      words[fixup.at] = encode_x(op, a_of(words[fixup.at]), static_cast<uint32_t>(away));
    else if (has_operand_distance(op)) words[fixup.at + 1] = static_cast<Word>(away);
    else words[fixup.at] = encode_jump(op, away);
  }
}

Own<Code> Unit::finish(Str* name, Str* filename) {
  settle_jumps();
  Own<Code> code = new_code();
  auto own = [](Str* text) {
    incref(static_cast<Object*>(text));
    return text;
  };
  code->name = own(name);
  code->qualname = make_str(qualname).release();
  code->filename = own(filename);
  code->first_line = first_line;
  code->flags = flags;
  code->arg_count = arg_count;
  code->posonly_count = posonly_count;
  code->kwonly_count = kwonly_count;
  bool has_far = far_locals() + max_spilled > 0; // what binding looks after
  if (kwonly_count == 0 && !(flags & (CodeVarArgs | CodeVarKeywords)) && !has_far)
    code->exact_args = arg_count;
  if (!(flags & (CodeGenerator | CodeCoroutine | CodeAsyncGenerator))) code->plain_args = code->exact_args;
  code->local_count = static_cast<uint32_t>(local_count);
  code->far_count = static_cast<uint32_t>(far_locals() + max_spilled);
  code->temp_count = static_cast<uint32_t>(max_temps);
  code->handlers.reserve(ranges_.size());
  for (const Range& range : ranges_)
    code->handlers.push_back(
        {range.start, range.end, static_cast<uint32_t>(labels[range.handler].at), range.depth});
  code->words.assign(words.begin(), words.end());
  code->constants.assign(constants_.begin(), constants_.end());
  constants_.clear();
  code->positions = pack_positions(positions_);

  std::vector<Value> names;
  auto tuple_of = [&](auto&& symbols, auto&& wanted) {
    names.clear();
    for (Symbol* symbol : symbols)
      if (wanted(symbol)) names.push_back(Value(pool_.name(symbol->name)));
    return make_tuple(std::span<const Value>(names)).release();
  };
  code->local_names = tuple_of(scope->locals, [](Symbol*) { return true; });
  std::vector<Symbol*> cells;
  for (Symbol* symbol : scope->locals)
    if (symbol->flags & SymCell) cells.push_back(symbol);
  std::sort(cells.begin(), cells.end(), [](Symbol* a, Symbol* b) { return a->name < b->name; });
  code->cell_names = tuple_of(cells, [](Symbol*) { return true; });
  code->free_names = tuple_of(scope->free_vars, [](Symbol*) { return true; });
  if (!doc.is_empty()) code->doc = Ref::share(doc).release();
  return code;
}

} // namespace aspy::compiler
