// Which values are addresses of labels. A label that is alive when a loop is left has to be translated, so
// every one of them must be known.
#include "compile_loops.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Operator.h"

namespace tierlink {
namespace {

using llvm::GlobalVariable;
using llvm::Instruction;
using llvm::Value;

/// True if the value is never alive at the beginning of a block.
bool isUsedAtOnce(const Instruction &value) {
  return llvm::all_of(value.users(), [&](const llvm::User *user) {
    return !llvm::isa<llvm::PHINode>(user) && llvm::cast<Instruction>(user)->getParent() == value.getParent();
  });
}

class LabelFlow {
public:
  explicit LabelFlow(llvm::Function &function) : function_(function) {}

  /// False if labels take a way that is not followed.
  bool follow() {
    for (llvm::BasicBlock &block : function_)
      if (auto *jump = llvm::dyn_cast<llvm::IndirectBrInst>(block.getTerminator()))
        pending_.push_back(jump->getAddress());
    while (!pending_.empty())
      if (!followBack(*pending_.pop_back_val()))
        return false;
    while (!pendingPlaces_.empty())
      if (!followPlace(*pendingPlaces_.pop_back_val()))
        return false;
    return labelsStay() && usersAreFollowed(values_) && usersAreFollowed(places_) && tablesStay();
  }

  LabelUses take() { return {std::move(values_), std::move(places_), tables_.takeVector()}; }

private:
  bool followBack(Value &value) {
    if (llvm::isa<llvm::BlockAddress, llvm::UndefValue, llvm::ConstantPointerNull>(value))
      return true;
    if (llvm::isa<llvm::Constant, llvm::Argument>(value))
      return false;
    if (!values_.insert(&value).second || followChoice(value, pending_))
      return true;
    auto *load = llvm::dyn_cast<llvm::LoadInst>(&value);
    if (load == nullptr || load->isVolatile())
      return false;
    pendingPlaces_.push_back(load->getPointerOperand());
    return true;
  }

  /// Where in a table a label is loaded from.
  bool followPlace(Value &value) {
    if (auto *table = llvm::dyn_cast<GlobalVariable>(&value)) {
      // Label tables are local: they go with their function.
      if (!table->isConstant() || !table->hasLocalLinkage() || !table->hasInitializer())
        return false;
      tables_.insert(table);
      return true;
    }
    if (llvm::isa<llvm::UndefValue>(value))
      return true;
    auto *step = llvm::dyn_cast<llvm::GEPOperator>(&value);
    if (llvm::isa<llvm::Argument>(value) || (llvm::isa<llvm::Constant>(value) && step == nullptr))
      return false;
    auto *instruction = llvm::dyn_cast<Instruction>(&value);
    if (instruction != nullptr &&
        (!places_.insert(instruction).second || followChoice(value, pendingPlaces_)))
      return true;
    // What is handed over has to be in the table.
    if (step == nullptr || !(step->isInBounds() || (instruction != nullptr && isUsedAtOnce(*instruction))))
      return false;
    pendingPlaces_.push_back(step->getPointerOperand());
    return true;
  }

  static bool followChoice(Value &value, llvm::SmallVectorImpl<Value *> &pending) {
    if (auto *phi = llvm::dyn_cast<llvm::PHINode>(&value)) {
      pending.append(phi->value_op_begin(), phi->value_op_end());
      return true;
    }
    if (auto *select = llvm::dyn_cast<llvm::SelectInst>(&value)) {
      pending.push_back(select->getTrueValue());
      pending.push_back(select->getFalseValue());
      return true;
    }
    if (auto *freeze = llvm::dyn_cast<llvm::FreezeInst>(&value)) {
      pending.push_back(freeze->getOperand(0));
      return true;
    }
    return false;
  }

  /// Labels are used by jumps, by values that were followed, and in tables that were.
  bool labelsStay() const {
    for (llvm::BasicBlock &block : function_) {
      llvm::BlockAddress *label = block.hasAddressTaken() ? llvm::BlockAddress::lookup(&block) : nullptr;
      if (label == nullptr)
        continue;
      llvm::SmallVector<llvm::User *, 8> users(label->users());
      while (!users.empty()) {
        llvm::User *user = users.pop_back_val();
        if (auto *table = llvm::dyn_cast<GlobalVariable>(user)) {
          if (!tables_.contains(table))
            return false;
        } else if (llvm::isa<llvm::ConstantAggregate>(user)) {
          users.append(user->user_begin(), user->user_end());
        } else if (!isFollowed(*user)) {
          return false;
        }
      }
    }
    return true;
  }

  bool usersAreFollowed(const llvm::SmallPtrSet<Value *, 8> &values) const {
    return llvm::all_of(values, [&](Value *value) {
      return llvm::all_of(value->users(), [&](llvm::User *user) { return isFollowed(*user); });
    });
  }

  /// Tables are read by loads that were followed.
  bool tablesStay() const {
    for (GlobalVariable *table : tables_) {
      llvm::SmallVector<llvm::User *, 8> users(table->users());
      while (!users.empty()) {
        llvm::User *user = users.pop_back_val();
        if (llvm::isa<llvm::ConstantExpr>(user) && llvm::isa<llvm::GEPOperator>(user))
          users.append(user->user_begin(), user->user_end());
        else if (!isFollowed(*user))
          return false;
      }
    }
    return true;
  }

  bool isFollowed(llvm::User &user) const {
    if (llvm::isa<llvm::IndirectBrInst>(user) || values_.contains(&user) || places_.contains(&user))
      return true;
    // Nobody reads it, so nothing follows from it.
    return llvm::isa<llvm::LoadInst, llvm::GetElementPtrInst>(user) && user.use_empty();
  }

  llvm::Function &function_;
  llvm::SmallPtrSet<Value *, 8> values_;
  llvm::SmallPtrSet<Value *, 8> places_;
  llvm::SmallSetVector<GlobalVariable *, 4> tables_;
  llvm::SmallVector<Value *, 16> pending_;
  llvm::SmallVector<Value *, 16> pendingPlaces_;
};

} // namespace

llvm::SmallVector<llvm::BasicBlock *, 8> labelsOf(llvm::Function &function) {
  llvm::SmallVector<llvm::BasicBlock *, 8> labels;
  for (llvm::BasicBlock &block : function)
    if (block.hasAddressTaken())
      labels.push_back(&block);
  return labels;
}

std::optional<LabelUses> labelUses(llvm::Function &function) {
  LabelFlow flow(function);
  if (!flow.follow())
    return std::nullopt;
  return flow.take();
}

} // namespace tierlink
