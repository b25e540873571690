// Which values are addresses of labels. A label that is alive when a loop is left has to be translated, so
// every one of them must be known.
#include "compile_loops.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Operator.h"

namespace tierlink {
namespace {

using llvm::GlobalVariable;
using llvm::Value;

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
    return labelsStay() && valuesStay() && tablesStay();
  }

  llvm::SmallPtrSet<Value *, 8> takeValues() { return std::move(values_); }

private:
  bool followBack(Value &value) {
    if (llvm::isa<llvm::BlockAddress, llvm::UndefValue, llvm::ConstantPointerNull>(value))
      return true;
    if (llvm::isa<llvm::Constant, llvm::Argument>(value))
      return false;
    if (!values_.insert(&value).second)
      return true;
    if (auto *phi = llvm::dyn_cast<llvm::PHINode>(&value)) {
      pending_.append(phi->value_op_begin(), phi->value_op_end());
      return true;
    }
    if (auto *select = llvm::dyn_cast<llvm::SelectInst>(&value)) {
      pending_.push_back(select->getTrueValue());
      pending_.push_back(select->getFalseValue());
      return true;
    }
    if (auto *freeze = llvm::dyn_cast<llvm::FreezeInst>(&value)) {
      pending_.push_back(freeze->getOperand(0));
      return true;
    }
    auto *load = llvm::dyn_cast<llvm::LoadInst>(&value);
    if (load == nullptr || load->isVolatile())
      return false;
    auto *table = llvm::dyn_cast<GlobalVariable>(llvm::getUnderlyingObject(load->getPointerOperand()));
    // Label tables are local: they go with their function.
    if (table == nullptr || !table->isConstant() || !table->hasLocalLinkage() || !table->hasInitializer())
      return false;
    tables_.insert(table);
    return true;
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
        } else if (!isJumpOrFollowed(*user)) {
          return false;
        }
      }
    }
    return true;
  }

  bool valuesStay() const {
    return llvm::all_of(values_, [&](Value *value) {
      return llvm::all_of(value->users(), [&](llvm::User *user) { return isJumpOrFollowed(*user); });
    });
  }

  /// Tables are read by loads that were followed.
  bool tablesStay() const {
    for (GlobalVariable *table : tables_) {
      llvm::SmallVector<llvm::User *, 8> users(table->users());
      while (!users.empty()) {
        llvm::User *user = users.pop_back_val();
        if (llvm::isa<llvm::GEPOperator>(user))
          users.append(user->user_begin(), user->user_end());
        else if (!llvm::isa<llvm::LoadInst>(user) || (!values_.contains(user) && !user->use_empty()))
          return false;
      }
    }
    return true;
  }

  bool isJumpOrFollowed(llvm::User &user) const {
    return llvm::isa<llvm::IndirectBrInst>(user) || values_.contains(&user);
  }

  llvm::Function &function_;
  llvm::SmallPtrSet<Value *, 8> values_;
  llvm::SmallPtrSet<GlobalVariable *, 4> tables_;
  llvm::SmallVector<Value *, 16> pending_;
};

} // namespace

llvm::SmallVector<llvm::BasicBlock *, 8> labelsOf(llvm::Function &function) {
  llvm::SmallVector<llvm::BasicBlock *, 8> labels;
  for (llvm::BasicBlock &block : function)
    if (block.hasAddressTaken())
      labels.push_back(&block);
  return labels;
}

std::optional<llvm::SmallPtrSet<Value *, 8>> labelValues(llvm::Function &function) {
  LabelFlow flow(function);
  if (!flow.follow())
    return std::nullopt;
  return flow.takeValues();
}

} // namespace tierlink
