// match: every kind of pattern.
//
// A pattern consumes its subject, a temporary: it dies, or stays alive as the value of a capture. Names are
// bound only when the whole pattern has matched. On failure everything from `base` up is dropped: the fail
// labels form a ladder of Clears, entered at the height that was reached. Registers in between may be dead
// already, which Clear allows.
#include "vm/compiler/generator.hpp"

#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/slot/protocol.hpp"
#include "vm/object/text/str.hpp"
#include "vm/object/thread.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace aspy::compiler {

using namespace ast;

struct Generator::Captures {
  int base; // the first temporary that failing has to drop
  struct Entry {
    Identifier name;
    int reg;
    int slot; // far, when registers are scarce: then `reg` is no_register
  };
  std::vector<Entry> names;
  std::vector<Label> fails; // by how many temporaries from base on may be alive
};

namespace {

bool is_wildcard(const Pattern* node) {
  auto* as_pattern = try_as<MatchAs>(node);
  return as_pattern && !as_pattern->pattern && as_pattern->name.empty();
}
bool is_star_wildcard(const Pattern* node) {
  auto* star = try_as<MatchStar>(node);
  return star && star->name.empty();
}

// A pattern that always matches makes what follows it unreachable; `name` is what it captures, empty for `_`.
const Pattern* irrefutable_part(const Pattern* node, Identifier& name) {
  while (auto* as_pattern = try_as<MatchAs>(node)) {
    if (!as_pattern->pattern) {
      name = as_pattern->name;
      return node;
    }
    node = as_pattern->pattern;
  }
  if (auto* alternatives = try_as<MatchOr>(node))
    return irrefutable_part(alternatives->patterns.back(), name);
  return nullptr;
}

void names_of(const Pattern* node, std::vector<Identifier>& names) {
  if (!node) return;
  auto add = [&](Identifier name) {
    if (!name.empty()) names.push_back(name);
  };
  switch (node->kind) {
  case Kind::MatchSequence:
    for (const Pattern* part : as<MatchSequence>(node)->patterns) names_of(part, names);
    break;
  case Kind::MatchMapping:
    for (const Pattern* part : as<MatchMapping>(node)->patterns) names_of(part, names);
    add(as<MatchMapping>(node)->rest);
    break;
  case Kind::MatchClass:
    for (const Pattern* part : as<MatchClass>(node)->patterns) names_of(part, names);
    for (const Pattern* part : as<MatchClass>(node)->kwd_patterns) names_of(part, names);
    break;
  case Kind::MatchStar: add(as<MatchStar>(node)->name); break;
  case Kind::MatchAs:
    names_of(as<MatchAs>(node)->pattern, names);
    add(as<MatchAs>(node)->name);
    break;
  case Kind::MatchOr: names_of(as<MatchOr>(node)->patterns[0], names); break;
  default: break;
  }
}

} // namespace

Label Generator::fail_label(Captures& captures) {
  auto height = static_cast<size_t>(std::max(0, u->top - captures.base));
  while (captures.fails.size() <= height) captures.fails.push_back(u->new_label());
  return captures.fails[height];
}

void Generator::emit_fails(Captures& captures) {
  for (size_t height = captures.fails.size(); height-- > 0;) {
    u->bind(captures.fails[height]);
    if (height > 0) u->emit(Op::Clear, captures.base + static_cast<int>(height) - 1);
  }
  u->top = captures.base;
}

void Generator::capture(const Node* node, Identifier name, int reg, Captures& captures) {
  for (const auto& entry : captures.names)
    if (entry.name.data() == name.data())
      return fail(node->pos, fmt::format("multiple assignments to name '{}' in pattern", name));
  if (u->top <= crowded || reg == no_register) {
    captures.names.push_back({name, reg, -1});
    return;
  }
  captures.names.push_back({name, no_register, u->spilled});
  u->spill(reg, 1);
  if (reg == u->top - 1) --u->top;
}

// What was captured moves to a register of its own.
void Generator::load_captured(int reg, int slot, int dest) {
  if (reg == no_register) u->move_far(Op::Unspill, dest, 1, slot);
  else if (dest != reg) u->emit(Op::Move, dest, reg);
}

// A part of a pattern, for the value in R[item]. Only captures stay above `floor`.
void Generator::pattern_part(const Pattern* node, int item, int floor, Captures& captures) {
  pattern(node, item, captures);
  u->top = floor;
  for (const auto& entry : captures.names)
    if (entry.reg != no_register) u->top = std::max(u->top, entry.reg + 1);
}

// The items of the tuple in R[items], which dies: `part(i)` is the pattern of item i. One by one ...
template <class Part> void Generator::pattern_items(int items, int count, Captures& captures, Part&& part) {
  ast::Position pos = u->pos;
  for (int i = 0; i < count; ++i) {
    if (is_wildcard(part(i)) || is_star_wildcard(part(i))) continue;
    int item = u->push(), index = u->push();
    u->pos = pos;
    u->emit(Op::Copy, item, items);
    u->load_constant(index, Value::from_int(i));
    u->emit(Op::LoadItem, item, item, index);
    u->top = item + 1;
    pattern_part(part(i), item, item, captures);
  }
  u->pos = pos;
  u->emit(Op::Clear, items);
}

// ... or, when they are few, all in registers.
template <class Part> void Generator::pattern_row(int items, int count, Captures& captures, Part&& part) {
  if (items == u->top - 1) --u->top; // it dies when it is unpacked
  int first = u->reserve(count);
  u->emit(Op::UnpackSequence, first, items, count);
  for (int i = 0; i < count; ++i) pattern_part(part(i), first + i, first + count, captures);
}

void Generator::match(const Match* stmt) {
  int subject = temp(stmt->subject);
  Label end = u->new_label();
  for (size_t i = 0; i < stmt->cases.size(); ++i) {
    const MatchCase* entry = stmt->cases[i];
    bool last = i + 1 == stmt->cases.size();
    Identifier name;
    if (const Pattern* part = last || entry->guard ? nullptr : irrefutable_part(entry->pattern, name)) {
      fail(part->pos, name.empty()
                          ? "wildcard makes remaining patterns unreachable"
                          : fmt::format("name capture '{}' makes remaining patterns unreachable", name));
      return;
    }
    u->top = subject + 1;
    int spilled = u->spilled;
    Captures captures{subject + 1, {}, {}};
    at(entry->pattern);
    if (!is_wildcard(entry->pattern)) {
      int copy = u->push();
      u->emit(Op::Copy, copy, subject);
      pattern(entry->pattern, copy, captures);
    }
    at(entry->pattern);
    for (const auto& captured : captures.names) {
      int reg = captured.reg == no_register ? u->push() : captured.reg;
      load_captured(captured.reg, captured.slot, reg);
      store_name(captured.name, reg);
      if (captured.reg == no_register) --u->top;
    }
    u->spilled = spilled;
    u->top = subject + 1;
    if (entry->guard) condition(entry->guard, fail_label(captures), false);
    at(entry->pattern);
    u->emit(Op::Clear, subject);
    u->top = subject;
    body(entry->body);
    u->jump(end);
    u->top = subject + 1;
    emit_fails(captures);
  }
  at(stmt);
  u->emit(Op::Clear, subject);
  u->top = subject;
  u->bind(end);
}

void Generator::pattern(const Pattern* node, int subject, Captures& captures) {
  if (too_deep(node)) return;
  ++depth_;
  at(node);
  switch (node->kind) {
  case Kind::MatchValue: {
    const Expr* literal = as<MatchValue>(node)->value;
    if (is<JoinedStr>(literal) || is<TemplateStr>(literal))
      return fail(node->pos, "patterns may only match literals and attribute lookups");
    int height = u->top;
    int value = operand(as<MatchValue>(node)->value);
    at(node);
    u->top = height;
    u->jump_compare(Op::JumpEq, subject, value, 0, fail_label(captures)); // both die in the comparison
    break;
  }
  case Kind::MatchSingleton: {
    int value = u->push();
    ConstantKind kind = as<MatchSingleton>(node)->value;
    u->load_constant(value, kind == ConstantKind::None ? None : kind == ConstantKind::True ? True : False);
    u->top = value;
    u->jump_compare(Op::JumpIs, subject, value, 0, fail_label(captures));
    break;
  }
  case Kind::MatchSequence: pattern_sequence(as<MatchSequence>(node), subject, captures); break;
  case Kind::MatchMapping: pattern_mapping(as<MatchMapping>(node), subject, captures); break;
  case Kind::MatchClass: pattern_class(as<MatchClass>(node), subject, captures); break;
  case Kind::MatchAs: pattern_as(as<MatchAs>(node), subject, captures); break;
  case Kind::MatchOr: pattern_or(as<MatchOr>(node), subject, captures); break;
  case Kind::MatchStar:
    if (is_star_wildcard(node)) u->emit(Op::Clear, subject);
    else capture(node, as<MatchStar>(node)->name, subject, captures);
    break;
  default: break;
  }
  --depth_;
}

void Generator::pattern_as(const MatchAs* node, int subject, Captures& captures) {
  if (!node->pattern) {
    if (node->name.empty()) u->emit(Op::Clear, subject);
    else capture(node, node->name, subject, captures);
    return;
  }
  int copy = u->push();
  u->emit(Op::Copy, copy, subject);
  pattern(node->pattern, copy, captures);
  // The captures of the inner pattern may stand above.
  capture(node, node->name, subject, captures);
}

void Generator::pattern_sequence(const MatchSequence* node, int subject, Captures& captures) {
  auto size = static_cast<int>(node->patterns.size());
  int star = -1;
  bool only_wildcards = true, star_wildcard = false;
  for (int i = 0; i < size; ++i) {
    const Pattern* part = node->patterns[static_cast<size_t>(i)];
    if (is<MatchStar>(part)) {
      if (star >= 0) return fail(node->pos, "multiple starred names in sequence pattern");
      star = i;
      star_wildcard = is_star_wildcard(part);
      only_wildcards &= star_wildcard;
    } else {
      only_wildcards &= is_wildcard(part);
    }
  }
  int flag = u->push();
  u->emit(Op::MatchSequence, flag, subject);
  u->top = flag;
  u->jump_if(Op::JumpIfFalse, flag, fail_label(captures));
  if (star < 0 || size > 1) {
    int length = u->push(), wanted = u->push();
    u->emit(Op::MatchLength, length, subject);
    u->load_constant(wanted, Value::from_int(star < 0 ? size : size - 1));
    u->top = length;
    u->jump_compare(star < 0 ? Op::JumpEq : Op::JumpGe, length, wanted, 0, fail_label(captures));
  }
  if (only_wildcards) {
    u->emit(Op::Clear, subject);
    return;
  }
  if (star >= 0 && star_wildcard) {
    // Nobody wants the middle: single items are fetched by index.
    for (int i = 0; i < size; ++i) {
      const Pattern* part = node->patterns[static_cast<size_t>(i)];
      if (i == star || is_wildcard(part)) continue;
      int item = u->push(), index = u->push(), copy = u->push();
      at(node);
      u->emit(Op::Copy, item, subject);
      if (i < star) {
        u->load_constant(index, Value::from_int(i));
      } else {
        u->emit(Op::MatchLength, index, subject);
        u->load_constant(copy, Value::from_int(size - i));
        u->emit(Op::Sub, index, index, copy);
      }
      u->emit(Op::LoadItem, item, item, index);
      u->top = item + 1;
      pattern_part(part, item, item, captures);
    }
    at(node);
    u->emit(Op::Clear, subject);
    return;
  }
  auto part = [&](int i) { return node->patterns[static_cast<size_t>(i)]; };
  auto after = static_cast<uint32_t>(size - star - 1);
  if (is_crowding(size)) {
    if (star > 255) return fail(node->pos, "too many expressions in star-unpacking sequence pattern");
    int items = subject == u->top - 1 ? subject : u->push();
    if (star < 0) u->emit_w(Op::UnpackTuple, items, subject, 0, static_cast<uint32_t>(size));
    else u->emit_w(Op::UnpackTuple, items, subject, 1, static_cast<uint32_t>(star) | after << 8);
    return pattern_items(items, size, captures, part);
  }
  if (star < 0) return pattern_row(subject, size, captures, part);
  if (subject == u->top - 1) --u->top;
  int first = u->reserve(size);
  u->emit_w(Op::UnpackEx, first, subject, star, after);
  for (int i = 0; i < size; ++i) pattern_part(part(i), first + i, first + size, captures);
}

void Generator::pattern_mapping(const MatchMapping* node, int subject, Captures& captures) {
  auto size = static_cast<int>(node->keys.size());
  std::vector<Value> seen;
  for (const Expr* key : node->keys) {
    Value value = fold(key);
    if (value.is_empty() && !is<Attribute>(key) && !is<BinOp>(key) && !is<UnaryOp>(key))
      return fail(node->pos, "mapping pattern keys may only match literals and attribute lookups");
    if (value.is_empty()) continue;
    for (Value earlier : seen) {
      int same = earlier == value ? 1 : equals(thread_, earlier, value); // 1 and True are one key
      if (same < 0) clear_error(thread_);
      if (same <= 0) continue;
      Ref shown = repr(thread_, value);
      if (!shown) clear_error(thread_);
      return fail(node->pos, fmt::format("mapping pattern checks duplicate key ({})",
                                         shown ? cast<Str>(shown)->view() : std::string_view("?")));
    }
    seen.push_back(value);
  }
  int flag = u->push();
  u->emit(Op::MatchMapping, flag, subject);
  u->top = flag;
  u->jump_if(Op::JumpIfFalse, flag, fail_label(captures));
  if (size == 0 && node->rest.empty()) {
    u->emit(Op::Clear, subject);
    return;
  }
  if (size > 0) {
    int length = u->push(), wanted = u->push();
    u->emit(Op::MatchLength, length, subject);
    u->load_constant(wanted, Value::from_int(size));
    u->top = length;
    u->jump_compare(Op::JumpGe, length, wanted, 0, fail_label(captures));
  }
  int keys = tuple_of(node->keys.size(), [&](size_t i) {
    temp(node->keys[i]);
    at(node);
  });
  int values = u->push(), test = u->push();
  u->emit(Op::MatchKeys, values, subject, keys);
  u->emit(Op::Copy, test, values);
  u->top = test;
  u->jump_if(Op::JumpIfNone, test, fail_label(captures));
  int rest = u->push();
  if (node->rest.empty()) {
    u->emit(Op::Clear, keys);
    u->emit(Op::Clear, subject);
  }
  auto part = [&](int i) { return node->patterns[static_cast<size_t>(i)]; };
  if (size == 0) u->emit(Op::Clear, values);
  else if (is_crowding(size)) pattern_items(values, size, captures, part);
  else pattern_row(values, size, captures, part);
  if (node->rest.empty()) return;
  // Only now that the values match.
  at(node);
  u->emit(Op::MatchRest, rest, subject, keys);
  u->emit(Op::Clear, subject);
  capture(node, node->rest, rest, captures);
}

void Generator::pattern_class(const MatchClass* node, int subject, Captures& captures) {
  auto positional = static_cast<int>(node->patterns.size());
  auto count = positional + static_cast<int>(node->kwd_patterns.size());
  for (size_t i = 1; i < node->kwd_attrs.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (node->kwd_attrs[i].data() == node->kwd_attrs[j].data())
        return fail(node->kwd_patterns[i]->pos,
                    fmt::format("attribute name repeated in class pattern: {}", node->kwd_attrs[i]));
  std::vector<Value> names;
  for (Identifier name : node->kwd_attrs) names.push_back(Value(text(name)));
  int copy = subject;
  if (subject != u->top - 1) { // subject and class stand in a row
    copy = u->push();
    u->emit(Op::Move, copy, subject);
  }
  temp(node->cls);
  int values = u->push(), test = u->push();
  at(node);
  u->emit_w(Op::MatchClass, values, copy, positional, u->constant(pool_.tuple(names)));
  u->emit(Op::Copy, test, values);
  u->top = test;
  u->jump_if(Op::JumpIfNone, test, fail_label(captures));
  u->emit(Op::Clear, copy);
  if (count == 0) {
    u->emit(Op::Clear, values);
    return;
  }
  auto part = [&](int i) {
    return i < positional ? node->patterns[static_cast<size_t>(i)]
                          : node->kwd_patterns[static_cast<size_t>(i - positional)];
  };
  u->emit(Op::Move, copy, values);
  u->top = copy + 1;
  if (is_crowding(count)) pattern_items(copy, count, captures, part);
  else pattern_row(copy, count, captures, part);
}

// Every alternative leaves its captures in the same row of registers, reserved before.
void Generator::pattern_or(const MatchOr* node, int subject, Captures& captures) {
  std::vector<Identifier> names;
  names_of(node->patterns[0], names);
  auto count = static_cast<int>(names.size());
  // In far slots when they are many.
  bool far = u->top + count > crowded;
  int slots = far ? u->spilled : u->reserve(count);
  if (far) u->max_spilled = std::max(u->max_spilled, u->spilled += count);
  int height = u->top, spilled = u->spilled;
  Label end = u->new_label();
  Identifier always;
  for (size_t i = 0; i < node->patterns.size(); ++i) {
    const Pattern* alternative = node->patterns[i];
    bool last = i + 1 == node->patterns.size();
    if (const Pattern* part = last ? nullptr : irrefutable_part(alternative, always)) {
      fail(part->pos, always.empty()
                          ? "wildcard makes remaining patterns unreachable"
                          : fmt::format("name capture '{}' makes remaining patterns unreachable", always));
      return;
    }
    u->top = height;
    u->spilled = spilled;
    Captures inner{u->top, {}, {}};
    int copy = u->push();
    at(alternative);
    u->emit(Op::Copy, copy, subject);
    pattern(alternative, copy, inner);
    std::vector<Identifier> found;
    names_of(alternative, found);
    bool same = found.size() == names.size();
    for (Identifier name : names) {
      bool there = false;
      for (const auto& entry : inner.names) there |= entry.name.data() == name.data();
      same &= there;
    }
    if (!same && !issue) return fail(node->pos, "alternative patterns bind different names");
    at(node);
    for (size_t k = 0; k < names.size(); ++k)
      for (const auto& entry : inner.names)
        if (entry.name.data() == names[k].data()) {
          int slot = slots + static_cast<int>(k);
          int reg = !far ? slot : entry.reg == no_register ? u->top : entry.reg;
          u->touch(reg + 1);
          load_captured(entry.reg, entry.slot, reg);
          if (far) u->move_far(Op::Spill, reg, 1, slot);
        }
    u->jump(end);
    u->top = height;
    emit_fails(inner);
  }
  u->top = height;
  u->spilled = spilled;
  u->jump(fail_label(captures));
  u->bind(end);
  at(node);
  u->emit(Op::Clear, subject);
  for (size_t k = 0; k < names.size(); ++k) {
    int slot = slots + static_cast<int>(k);
    capture(node, names[k], far ? no_register : slot, captures);
    if (far) captures.names.back().slot = slot;
  }
}

} // namespace aspy::compiler
