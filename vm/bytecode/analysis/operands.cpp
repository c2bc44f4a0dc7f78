#include "vm/bytecode/analysis/operands.hpp"

namespace aspy {

namespace {
constexpr Role W = Role::Write, R = Role::Read, K = Role::Keep;
constexpr Role no = Role::None;
} // namespace

Operands operands_of(Op op) {
  op = generic_op(op);
  switch (op) {
  case Op::Nop:
  case Op::LoadBody:
  case Op::ReturnNone:
  case Op::RaiseBare: return {};
  case Op::Move: return {W, R};
  case Op::Copy: return {W, K};
  case Op::LoadConst:
  case Op::LoadConstFar: return {W, no, no, Extra::Constant};
  case Op::LoadInt: return {W, no, no, Extra::Number};
  case Op::LoadNone:
  case Op::LoadTrue:
  case Op::LoadFalse:
  case Op::LoadNamespace:
  case Op::LoadBuildClass:
  case Op::LoadAssertionError: return {W};
  case Op::LoadFar: return {W, no, no, Extra::Far};
  case Op::StoreFar: return {R, no, no, Extra::Far};
  case Op::Spill: // the verifier knows them
  case Op::Unspill: return {};
  case Op::DeleteFar: return {no, no, no, Extra::Far};
  case Op::Clear: return {Role::Drop};
  case Op::Delete:
  case Op::CheckBound: return {K};
  case Op::MakeCell: return {W}; // of a temporary only when it is empty
  case Op::LoadCell: return {W, K};
  case Op::StoreCell: return {K, R};
  case Op::DeleteCell: return {K};
  case Op::LoadFree:
  case Op::LoadFreeCell: return {W, no, no, Extra::Free};
  case Op::StoreFree: return {R, no, no, Extra::Free};
  case Op::DeleteFree: return {no, no, no, Extra::Free};
  case Op::LoadClassFree: return {W, no, no, Extra::FreeAndName};
  case Op::LoadGlobal:
  case Op::LoadName: return {W, no, no, Extra::Name};
  case Op::StoreGlobal:
  case Op::StoreName: return {R, no, no, Extra::Name};
  case Op::DeleteGlobal:
  case Op::DeleteName: return {no, no, no, Extra::Name};
  case Op::LoadDictName: return {W, R, no, Extra::Name};
  case Op::LoadDictFree: return {W, R, no, Extra::FreeInN};
  case Op::LoadAttr: return {W, R, no, Extra::Name};
  case Op::StoreAttr: return {R, R, no, Extra::Name};
  case Op::DeleteAttr: return {R, no, no, Extra::Name};
  case Op::LoadSuperAttr: return {W, no, no, Extra::Name, R};
  case Op::StoreItem: return {R, R, R};
  case Op::DeleteItem: return {R, R};
  case Op::BuildSlice: return {W, no, no, Extra::None, R};
  case Op::Jump:
  case Op::JumpBack: return {no, no, no, Extra::Jump};
  case Op::JumpIfTrue:
  case Op::JumpIfFalse:
  case Op::JumpIfNone:
  case Op::JumpIfNotNone: return {R, no, no, Extra::Jump};
  case Op::JumpIfTrueKeep:
  case Op::JumpIfFalseKeep: return {R, no, no, Extra::Jump};
  case Op::JumpLt:
  case Op::JumpLe:
  case Op::JumpEq:
  case Op::JumpNe:
  case Op::JumpGt:
  case Op::JumpGe:
  case Op::JumpIs:
  case Op::JumpIn: return {R, R, no, Extra::Jump};
  case Op::JumpLtInt:
  case Op::JumpLeInt:
  case Op::JumpEqInt:
  case Op::JumpNeInt:
  case Op::JumpGtInt:
  case Op::JumpGeInt: return {R, no, no, Extra::JumpInt};
  case Op::BuildTuple:
  case Op::BuildList:
  case Op::BuildSet:
  case Op::BuildDict:
  case Op::BuildString:
  case Op::FormatValue: return {W, no, no, Extra::None, R};
  case Op::ListAppend:
  case Op::ListExtend:
  case Op::SetAdd:
  case Op::SetUpdate:
  case Op::DictUpdate: return {K, R};
  case Op::DictSet: return {K, R, R};
  case Op::DictMerge: return {K, R, K};
  case Op::UnpackSequence:
  case Op::UnpackEx: return {no, R, no, Extra::None, W, true};
  case Op::UnpackTuple: return {W, R};
  case Op::ForIter:
  case Op::AsyncForIter: return {W, K, no, Extra::Jump};
  case Op::Call:
  case Op::CallEx: return {W, no, no, Extra::None, R};
  case Op::CallKw: return {W, no, no, Extra::Constant, R};
  case Op::CallMethod:
  case Op::CallMethodKw: return {W, no, no, Extra::Name, R};
  case Op::LoadMethod: return {W, no, no, Extra::Name};
  case Op::CallLoaded: return {W, no, no, Extra::None, R};
  case Op::CallLoadedKw: return {W, no, no, Extra::Constant, R};
  case Op::MakeFunction: return {W, no, no, Extra::Constant, R};
  case Op::SetTypeParams: return {K, R};
  case Op::Return:
  case Op::Raise:
  case Op::Reraise:
  case Op::ImportStar:
  case Op::PrintExpr: return {R};
  case Op::RaiseFrom: return {R, R};
  case Op::PushHandled: return {K, no, no, Extra::None, W, true};
  case Op::PopHandled: return {Role::Drop};
  case Op::NativeStep: return {W, Role::Drop};
  case Op::JumpUnlessMatch: return {K, R, no, Extra::Jump};
  case Op::SplitGroup: return {Role::Change, R};
  case Op::PrepareReraiseStar: return {W, no, no, Extra::None, R};
  case Op::WithEnter:
  case Op::AsyncWithEnter: return {W, Role::Change};
  case Op::WithExit:
  case Op::AsyncWithExit: return {W, R};
  case Op::ImportName: return {W, R, no, Extra::Name};
  case Op::ImportFrom: return {W, K, no, Extra::Name};
  case Op::MatchSequence:
  case Op::MatchMapping:
  case Op::MatchLength: return {W, K};
  case Op::MatchKeys: return {W, K, K};
  case Op::MatchRest: return {W, K, R};
  case Op::MatchClass: return {W, K, no, Extra::Constant};
  default: break;
  }
  // Operators: R[a] = R[b] op R[c], or op R[b].
  switch (op_info(op).format) {
  case Format::ABC: return {W, R, R};
  case Format::ABI: return {W, R, no, Extra::Number};
  default: return {W, R};
  }
}

int row_length(Op op, Word word, Word w) {
  int n = static_cast<int>(n_of(word));
  switch (generic_op(op)) {
  case Op::BuildDict: return 2 * n;
  case Op::FormatValue: return n & 4 ? 2 : 1;
  case Op::UnpackEx: return n + static_cast<int>(w) + 1;
  case Op::Call:
  case Op::CallKw: return n + 1;
  case Op::CallEx: return n + 2;
  case Op::CallLoaded:
  case Op::CallLoadedKw: return n + 2;
  case Op::CallMethod:
  case Op::CallMethodKw: return n + 2; // the first is empty
  case Op::MakeFunction: return (n & 1) + (n >> 1 & 1) + (n >> 2 & 1) + (n >> 3 & 1);
  case Op::LoadSuperAttr: return 3;
  case Op::PushHandled: return 2;
  case Op::PrepareReraiseStar: return 2;
  default: return n;
  }
}

int jump_target(const Word* words, uint32_t at) {
  Op op = generic_op(op_of(words[at]));
  const OpInfo& info = op_info(op);
  Extra extra = operands_of(op).extra;
  if (extra != Extra::Jump && extra != Extra::JumpInt) return -1;
  auto end = static_cast<int>(at + 1 + info.cache_words);
  switch (info.format) {
  case Format::J: return end + j_of(words[at]);
  case Format::AJ: return end + i_of(words[at]);
  default: return end + static_cast<int32_t>(words[at + 1]);
  }
}

bool ends_block(Op op) {
  switch (generic_op(op)) {
  case Op::Jump:
  case Op::JumpBack:
  case Op::Return:
  case Op::ReturnNone:
  case Op::Raise:
  case Op::RaiseFrom:
  case Op::RaiseBare:
  case Op::NativeStep: // goes on at the code's Await, not behind itself
  case Op::Reraise: return true;
  default: return false;
  }
}

} // namespace aspy
