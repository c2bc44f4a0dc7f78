// Unit: one code object in the making: its words, constants, labels, protected ranges and registers.
//
// Temporaries are a stack: `top` is the first free one. Far slots behind the far locals are a stack too. Code
// that can never run is not emitted: after a jump or return nothing goes out until a label that somebody
// jumps to.
#pragma once

#include "vm/bytecode/code.hpp"
#include "vm/compiler/scope/flat_map.hpp"
#include "vm/compiler/scope/scopes.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace aspy::compiler {

// Which of the first 128 local registers certainly hold a value (bit i: local i).
struct BoundSet {
  uint64_t low = 0, high = 0;
  bool has(int local) const {
    return local < 64 ? low >> local & 1 : local < 128 && (high >> (local - 64) & 1);
  }
  void add(int local) {
    if (local < 64) low |= uint64_t{1} << local;
    else if (local < 128) high |= uint64_t{1} << (local - 64);
  }
  void keep_common(const BoundSet& other) {
    low &= other.low;
    high &= other.high;
  }
};

using Label = uint32_t;
inline constexpr Label no_label = ~Label{0};

// Every constant of one compilation exists once, so equal ones are identical across code objects.
class ConstantPool {
public:
  Value text(std::string_view text); // str
  Value bytes(std::string_view data);
  Value integer(std::string_view digits, int base);
  Value number(double number) { return Value::from_double(number); }
  Value imaginary(double number);
  Value tuple(std::span<const Value> items);
  // Keeps a value alive as long as the compilation; no sharing with equals.
  Value keep(Ref value);
  Str* name(ast::Identifier name); // interned; by address

private:
  struct Entry {
    uint8_t kind;
    std::string key;
    Ref value;
  };
  Value lookup(uint8_t kind, std::string_view key, Entry*& fresh);
  FlatMap<uint32_t> texts_;
  std::deque<Entry> entries_;
  std::vector<Ref> kept_;
  FlatMap<Str*> names_;
};

class Unit {
public:
  Unit(Scope* scope, Unit* parent, ConstantPool& pool);
  ~Unit();
  Unit(const Unit&) = delete;
  Unit& operator=(const Unit&) = delete;

  Scope* scope; // the unit's scope
  Unit* parent;
  std::string qualname;
  uint32_t flags = 0;
  uint32_t first_line = 0;
  uint32_t arg_count = 0, posonly_count = 0, kwonly_count = 0;
  Value doc; // borrowed from the pool

  // --- registers ---
  int top = 0;
  int max_temps = 0;
  int local_count; // near ones
  BoundSet bound;
  int push() { return reserve(1); }
  // `count` temporaries in a row from the top on; gives the first.
  int reserve(int count) {
    int first = top;
    top += count;
    touch(top);
    return first;
  }
  void touch(int temps) {
    if (temps > max_temps) max_temps = temps;
  }
  // More than instructions can address, in spite of all spilling.
  bool is_overfull() const { return max_temps > 128 || far_locals() + max_spilled > 0xFFFF; }
  int register_of(int slot) const { return slot - local_count; } // of a near local
  bool is_near(int slot) const { return slot < local_count; }
  int far_index(int slot) const { return slot - local_count; }
  int far_locals() const { return static_cast<int>(scope->locals.size()) - local_count; }

  int statement_top = 0; // temporaries below belong to the statements around
  int spilled = 0, max_spilled = 0;
  // Moves temporaries to the next far slots, and back from those last taken.
  void spill(int first, int count);
  void unspill(int first, int count);

  // --- emitting ---
  bool reachable = true;
  ast::Position pos; // of what is emitted next
  uint32_t here() const { return static_cast<uint32_t>(words.size()); }
  void emit(Op op, int a = 0, int b = 0, int c = 0);
  void emit_w(Op op, int a, int b, int c, uint32_t w);
  void emit_x(Op op, int a, uint32_t x);
  void emit_xw(Op op, int a, uint32_t x, uint32_t w);
  void move_far(Op op, int first, int count, int slot); // Spill or Unspill
  // A second position inside an instruction just emitted, from `word` on (method calls: that of the
  // attribute).
  void position_from(uint32_t word, const ast::Position& at);
  void load_constant(int dest, Value value);

  Label new_label();
  void bind(Label label);
  bool is_used(Label label) const { return labels[label].used; }
  void jump(Label label);                                     // forward or backward
  void jump_if(Op op, int a, Label label);                    // format AJ
  void jump_compare(Op op, int a, int b, int n, Label label); // format ABnW, distance in the operand word
  void jump_w(Op op, int a, int b, int n, Label label) { jump_compare(op, a, b, n, label); }
  void stop() { reachable = false; } // after Return, Raise ...

  uint32_t constant(Value value);
  uint32_t name(Str* text);
  // Two constants side by side, never shared (CallMethodKw).
  uint32_t constant_pair(Value first, Value second);

  // --- protected ranges ---
  void protect(uint32_t start, uint32_t end, Label handler, int depth);

  // Makes the code object; the unit is used up. `assembler.cpp`
  Own<Code> finish(Str* name, Str* filename);

  std::vector<Word> words;

private:
  struct LabelInfo {
    int32_t at = -1;
    bool used = false;
    BoundSet bound;
  };
  struct Fixup {
    uint32_t at; // the jump's first word
    Label label;
  };
  struct Range {
    uint32_t start, end;
    Label handler;
    uint16_t depth;
  };
  void note_position();
  void use(Label label);
  void settle_jumps();
  void widen_jumps(std::vector<uint32_t>& sites);
  int32_t distance(const Fixup& fixup) const;

  ConstantPool& pool_;
  std::vector<InstructionPosition> positions_;
  std::vector<LabelInfo> labels;
  std::vector<Fixup> fixups_;
  std::vector<Range> ranges_;
  std::vector<Value> constants_; // owned
  FlatMap<uint32_t> constant_index_;
};

} // namespace aspy::compiler
