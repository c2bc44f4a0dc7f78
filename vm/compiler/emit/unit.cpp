// Emitting instructions and gathering constants.
#include "vm/compiler/emit/unit.hpp"

#include "vm/object/bytes/bytes.hpp"
#include "vm/object/number/float.hpp"
#include "vm/object/number/int.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

#include <algorithm>
#include <cstring>

namespace aspy::compiler {

// --- constants -----------------------------------------------------------------------------------

namespace {
enum PoolKind : uint8_t { PoolText, PoolBytes, PoolInt, PoolImaginary, PoolTuple };

uint64_t hash_key(uint8_t kind, std::string_view key) {
  uint64_t hash = 0xCBF2'9CE4'8422'2325 ^ kind;
  for (; key.size() >= 8; key.remove_prefix(8)) {
    uint64_t chunk;
    std::memcpy(&chunk, key.data(), 8);
    hash = (hash ^ chunk) * 0x9E37'79B9'7F4A'7C15;
    hash ^= hash >> 32;
  }
  for (char c : key) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100'0000'01B3;
  return hash ^ hash >> 29;
}

bool looks_like_name(std::string_view text) {
  for (char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
      return false;
  return true;
}
} // namespace

// The value known by that key; empty when it is new, with `made` to be filled.
Value ConstantPool::lookup(uint8_t kind, std::string_view key, Entry*& made) {
  made = nullptr;
  for (uint64_t hash = hash_key(kind, key) | 1;; hash += 2) {
    bool fresh;
    uint32_t& index = texts_.obtain(hash, fresh);
    if (fresh) {
      index = static_cast<uint32_t>(entries_.size());
      made = &entries_.emplace_back(Entry{kind, std::string(key), Ref()});
      return Value();
    }
    Entry& entry = entries_[index];
    if (entry.kind == kind && entry.key == key) return entry.value;
  }
}

Value ConstantPool::text(std::string_view text) {
  if (text.size() <= 64 && looks_like_name(text)) return Value(intern(text)); // as the language interns them
  Entry* fresh;
  if (Value known = lookup(PoolText, text, fresh)) return known;
  fresh->value = Ref(make_str(text));
  return fresh->value;
}

Value ConstantPool::bytes(std::string_view data) {
  Entry* fresh;
  if (Value known = lookup(PoolBytes, data, fresh)) return known;
  fresh->value = Ref(make_bytes(data));
  return fresh->value;
}

Value ConstantPool::integer(std::string_view digits, int base) {
  // Nearly all literals are short: no table for what fits a register.
  if (base == 10 && digits.size() <= 14) {
    int64_t number = 0;
    for (char c : digits) number = number * 10 + (c - '0');
    return Value::from_int(number);
  }
  Ref made = int_from_literal(digits, base);
  if (!made.get().is_object()) return made.get();
  std::string key = std::to_string(base);
  key += ':';
  key += digits;
  Entry* fresh;
  if (Value known = lookup(PoolInt, key, fresh)) return known;
  fresh->value = std::move(made);
  return fresh->value;
}

Value ConstantPool::imaginary(double number) {
  char key[sizeof number];
  std::memcpy(key, &number, sizeof number);
  Entry* fresh;
  if (Value known = lookup(PoolImaginary, {key, sizeof key}, fresh)) return known;
  fresh->value = make_complex(0.0, number);
  return fresh->value;
}

Value ConstantPool::tuple(std::span<const Value> items) {
  if (items.empty()) return Value(empty_tuple());
  std::string_view key(reinterpret_cast<const char*>(items.data()), items.size_bytes());
  Entry* fresh;
  if (Value known = lookup(PoolTuple, key, fresh)) return known;
  fresh->value = Ref(make_tuple(items));
  return fresh->value;
}

Value ConstantPool::keep(Ref value) {
  kept_.push_back(std::move(value));
  return kept_.back();
}

Str* ConstantPool::name(ast::Identifier name) {
  if (name.empty()) return names::empty;
  bool fresh;
  Str*& known = names_.obtain(reinterpret_cast<uint64_t>(name.data()), fresh);
  if (fresh) known = intern(name);
  return known;
}

// --- the unit ------------------------------------------------------------------------------------

Unit::Unit(Scope* scope_, Unit* parent_, ConstantPool& pool) : scope(scope_), parent(parent_), pool_(pool) {
  size_t count = scope->locals.size();
  local_count = static_cast<int>(count < 128 ? count : 128);
  words.reserve(64);
}

Unit::~Unit() {
  for (Value value : constants_) decref(value);
}

uint32_t Unit::constant(Value value) {
  bool fresh;
  uint32_t& index = constant_index_.obtain(value.bits, fresh);
  if (fresh) {
    index = static_cast<uint32_t>(constants_.size());
    incref(value);
    constants_.push_back(value);
  }
  return index;
}

uint32_t Unit::name(Str* text) { return constant(Value(text)); }

uint32_t Unit::constant_pair(Value first, Value second) {
  auto index = static_cast<uint32_t>(constants_.size());
  for (Value value : {first, second}) {
    incref(value);
    constants_.push_back(value);
  }
  return index;
}

// --- instructions --------------------------------------------------------------------------------

void Unit::note_position() {
  if (!positions_.empty()) {
    const Position& last = positions_.back().position;
    if (last.line == pos.line && last.column == pos.col && last.end_line == pos.end_line &&
        last.end_column == pos.end_col)
      return;
  }
  positions_.push_back({here(), {pos.line, pos.col, pos.end_line, pos.end_col}});
}

void Unit::emit(Op op, int a, int b, int c) {
  if (!reachable) return;
  note_position();
  words.push_back(encode(op, a, b, c));
  for (int extra = op_info(op).cache_words; extra > 0; --extra) words.push_back(0);
}

void Unit::emit_w(Op op, int a, int b, int c, uint32_t w) {
  if (!reachable) return;
  note_position();
  words.push_back(encode(op, a, b, c));
  words.push_back(w);
  for (int extra = op_info(op).cache_words - 1; extra > 0; --extra) words.push_back(0);
}

void Unit::position_from(uint32_t word, const ast::Position& at) {
  if (!reachable) return;
  positions_.push_back({word, {at.line, at.col, at.end_line, at.end_col}});
}

void Unit::emit_x(Op op, int a, uint32_t x) {
  if (!reachable) return;
  note_position();
  words.push_back(encode_x(op, a, x));
}

void Unit::emit_xw(Op op, int a, uint32_t x, uint32_t w) {
  if (!reachable) return;
  note_position();
  words.push_back(encode_x(op, a, x));
  words.push_back(w);
}

void Unit::move_far(Op op, int first, int count, int slot) {
  emit_xw(op, first, static_cast<uint32_t>(count), static_cast<uint32_t>(far_locals() + slot));
}

void Unit::spill(int first, int count) {
  move_far(Op::Spill, first, count, spilled);
  spilled += count;
  max_spilled = std::max(max_spilled, spilled);
}

void Unit::unspill(int first, int count) {
  spilled -= count;
  move_far(Op::Unspill, first, count, spilled);
}

void Unit::load_constant(int dest, Value value) {
  if (!reachable) return;
  if (value.is_none()) return emit(Op::LoadNone, dest);
  if (value.is_true()) return emit(Op::LoadTrue, dest);
  if (value.is_false()) return emit(Op::LoadFalse, dest);
  if (value.is_int() && value.as_int() >= -32768 && value.as_int() <= 32767)
    return emit_x(Op::LoadInt, dest, static_cast<uint32_t>(value.as_int()));
  uint32_t index = constant(value);
  if (index <= 0xFFFF) return emit_x(Op::LoadConst, dest, index);
  emit_w(Op::LoadConstFar, dest, 0, 0, index);
}

// --- labels --------------------------------------------------------------------------------------

Label Unit::new_label() {
  labels.emplace_back();
  return static_cast<Label>(labels.size() - 1);
}

void Unit::use(Label label) {
  LabelInfo& info = labels[label];
  if (info.at >= 0) return; // backward: what is bound at a loop's head stays bound
  if (info.used) info.bound.keep_common(bound);
  else info.bound = bound;
  info.used = true;
}

void Unit::bind(Label label) {
  LabelInfo& info = labels[label];
  info.at = static_cast<int32_t>(here());
  if (!info.used) return;
  if (reachable) bound.keep_common(info.bound);
  else bound = info.bound;
  reachable = true;
}

void Unit::jump(Label label) {
  if (!reachable) return;
  use(label);
  note_position();
  bool backward = labels[label].at >= 0;
  fixups_.push_back({here(), label});
  words.push_back(encode_jump(backward ? Op::JumpBack : Op::Jump, 0));
  stop();
}

void Unit::jump_if(Op op, int a, Label label) {
  if (!reachable) return;
  use(label);
  note_position();
  fixups_.push_back({here(), label});
  words.push_back(encode(op, a));
}

void Unit::jump_compare(Op op, int a, int b, int n, Label label) {
  if (!reachable) return;
  use(label);
  fixups_.push_back({here(), label});
  emit_w(op, a, b, n, 0);
}

void Unit::protect(uint32_t start, uint32_t end, Label handler, int depth) {
  if (start >= end) return;
  ranges_.push_back({start, end, handler, static_cast<uint16_t>(depth)});
  labels[handler].used = true;
}

} // namespace aspy::compiler
