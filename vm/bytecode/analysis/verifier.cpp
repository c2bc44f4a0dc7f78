// Walks all paths with what is known of each temporary: alive, dead, or - where paths meet that disagree -
// unknown. An unknown one may only be dropped.
#include "vm/bytecode/analysis/verifier.hpp"

#include "vm/bytecode/analysis/operands.hpp"
#include "vm/object/sequence/tuple/tuple.hpp"
#include "vm/object/text/str.hpp"

#include <fmt/format.h>
#include <utility>
#include <vector>

namespace aspy {

namespace {

enum class Life : uint8_t { Dead, Alive, Unknown };
using State = std::vector<Life>;

class Verifier {
public:
  explicit Verifier(const Code* code) : code_(code), words_(code->words), states_(code->words.size()) {}

  std::string run() {
    starts_.resize(words_.size() + 1);
    for (uint32_t at = 0; at < words_.size();) {
      if (static_cast<int>(op_of(words_[at])) >= op_count) return complain(at, "no such instruction");
      starts_[at] = true;
      at += size_at(at);
      if (at > words_.size()) return "the last instruction is cut off";
    }
    flow(0, State(code_->temp_count + code_->far_count + 1, Life::Dead));
    while (!work_.empty() && error_.empty()) {
      uint32_t at = work_.back();
      work_.pop_back();
      step(at);
    }
    return error_;
  }

private:
  uint32_t size_at(uint32_t at) const { return 1 + op_info(op_of(words_[at])).cache_words; }

  std::string complain(uint32_t at, const std::string& what) {
    if (error_.empty())
      error_ =
          fmt::format("{} line {} word {} ({}): {}", code_->qualname->view(), position_at(code_, at).line, at,
                      at < words_.size() ? op_name(op_of(words_[at])) : "end", what);
    return error_;
  }

  // Another way into the instruction at `at`.
  void flow(uint32_t at, const State& state) {
    if (at >= words_.size() || !starts_[at]) {
      complain(at, "control goes where no instruction begins");
      return;
    }
    State& known = states_[at];
    if (known.empty()) {
      known = state;
      work_.push_back(at);
      return;
    }
    bool changed = false;
    for (size_t i = 0; i < known.size(); ++i)
      if (known[i] != state[i] && known[i] != Life::Unknown) {
        known[i] = Life::Unknown;
        changed = true;
      }
    if (changed) work_.push_back(at);
  }

  bool check_register(uint32_t at, int reg) {
    if (reg >= 0 ? reg < static_cast<int>(code_->temp_count) : -reg <= static_cast<int>(code_->local_count))
      return true;
    complain(at, fmt::format("register {} is out of range", reg));
    return false;
  }

  void read(uint32_t at, int reg, Role role, State& state) {
    if (role == Role::None || role == Role::Write || !check_register(at, reg) || reg < 0) return;
    Life& life = state[static_cast<size_t>(reg)];
    if (role != Role::Drop && life != Life::Alive)
      complain(at, fmt::format("r{} is read but {}", reg,
                               life == Life::Dead ? "dead" : "not alive on every path"));
    if (role == Role::Read || role == Role::Drop) life = Life::Dead;
  }

  void write(uint32_t at, int reg, State& state) {
    if (!check_register(at, reg) || reg < 0) return;
    if (state[static_cast<size_t>(reg)] == Life::Alive && op_of(words_[at]) != Op::LoadCell)
      complain(at, fmt::format("r{} is overwritten alive", reg));
    state[static_cast<size_t>(reg)] = Life::Alive;
  }

  void step(uint32_t at) {
    State before = states_[at], state = before;
    Word word = words_[at];
    Op op = generic_op(op_of(word));
    const OpInfo& info = op_info(op);
    Operands use = operands_of(op);
    Word w = info.cache_words > 0 ? words_[at + 1] : 0;
    int a = a_of(word), b = b_of(word), c = c_of(word);

    if (use.a != Role::None && info.format != Format::J) read(at, a, use.a, state);
    read(at, b, use.b, state);
    read(at, c, use.c, state);
    if (use.row == Role::Read)
      for (int i = 0; i < row_length(op, word, w); ++i) {
        bool room = (op == Op::CallMethod || op == Op::CallMethodKw) && i == 0;
        if (!room) read(at, b + i, Role::Read, state);
      }
    switch (op) {
    case Op::WithExit:
    case Op::AsyncWithExit:
      if (n_of(word) == 1) read(at, b + 1, Role::Keep, state);
      break;
    case Op::LoadMethod: read(at, a + 1, Role::Keep, state); break;
    case Op::Spill:
    case Op::Unspill:
      // Temporaries change places with the far ones, which the state holds behind them.
      if (w + x_of(word) > code_->far_count || !check_register(at, a) ||
          !check_register(at, a + static_cast<int>(x_of(word)) - 1)) {
        complain(at, "spilled out of range");
        break;
      }
      for (unsigned i = 0; i < x_of(word); ++i) {
        Life& near = state[static_cast<size_t>(a) + i];
        Life& far = state[code_->temp_count + 1 + w + i];
        (op == Op::Spill ? far : near) = std::exchange(op == Op::Spill ? near : far, Life::Dead);
      }
      break;
    case Op::PopHandled: read(at, a + 1, Role::Drop, state); break;
    case Op::MatchClass: read(at, b + 1, Role::Read, state); break;
    case Op::AsyncForIter: check_register(at, b + 1); break;
    case Op::Return:
    case Op::ReturnNone:
      for (size_t i = 0; i < code_->temp_count; ++i)
        if (state[i] != Life::Dead) complain(at, fmt::format("r{} is alive at the return", i));
      break;
    default: break;
    }
    check_constants(at, use, word, w);

    // What raises inside a protected range goes on at its handler; an operand may have been consumed by then.
    for (const Handler& handler : code_->handlers) {
      if (at < handler.start || at >= handler.end) continue;
      State entry = before;
      for (size_t i = 0; i <= code_->temp_count; ++i) {
        if (i >= handler.depth) entry[i] = Life::Dead;
        else if (before[i] == Life::Alive && state[i] != Life::Alive) entry[i] = Life::Unknown;
      }
      if (handler.depth >= code_->temp_count) complain(at, "the handler's register is out of range");
      else entry[handler.depth] = Life::Alive;
      flow(handler.handler, entry);
      break;
    }

    int target = jump_target(words_.data(), at);
    if (target >= 0) {
      State away = state;
      if (op == Op::JumpIfTrueKeep || op == Op::JumpIfFalseKeep) away = before;
      if ((op == Op::ForIter || op == Op::AsyncForIter) && b >= 0) away[static_cast<size_t>(b)] = Life::Dead;
      flow(static_cast<uint32_t>(target), away);
    }
    if (use.a == Role::Write) write(at, a, state);
    if (use.row == Role::Write)
      for (int i = op == Op::PushHandled ? 1 : 0; i < row_length(op, word, w); ++i) write(at, a + i, state);
    if (op == Op::SplitGroup) write(at, a + 1, state);
    if (!ends_block(op) && error_.empty()) flow(at + size_at(at), state);
  }

  void check_constants(uint32_t at, const Operands& use, Word word, Word w) {
    size_t count = code_->constants.size();
    auto constant = [&](Word index) {
      if (index >= count) complain(at, "constant out of range");
    };
    auto free = [&](unsigned index) {
      if (index >= code_->free_names->size) complain(at, "closure cell out of range");
    };
    switch (use.extra) {
    case Extra::Constant: constant(op_info(op_of(word)).format == Format::AX ? x_of(word) : w); break;
    case Extra::Name:
      constant(w);
      if (w < count && !is_str(code_->constants[w])) complain(at, "the name is not a str");
      break;
    case Extra::FreeAndName: constant(w); [[fallthrough]];
    case Extra::Free: free(x_of(word)); break;
    case Extra::FreeInN: constant(w), free(n_of(word)); break;
    case Extra::Far:
      if (x_of(word) >= code_->far_count) complain(at, "far local out of range");
      break;
    default: break;
    }
  }

  const Code* code_;
  const std::vector<Word>& words_;
  std::vector<State> states_;
  std::vector<bool> starts_;
  std::vector<uint32_t> work_;
  std::string error_;
};

} // namespace

std::string verify(const Code* code) {
  std::string error = Verifier(code).run();
  for (Value constant : code->constants) {
    if (!error.empty()) break;
    if (is_exact(constant, code_type)) error = verify(cast<Code>(constant));
  }
  return error;
}

} // namespace aspy
