// What becomes of the stack slots of a frame that is left: most can be renewed in the next one.
#include "compile_loop_parts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/CaptureTracking.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"

namespace tierlink {
namespace {

using llvm::AllocaInst;
using llvm::BasicBlock;
using llvm::Instruction;
using llvm::Value;

/// Larger slots are copied out of the old frame instead of through the buffer, and still larger ones are used
/// where they are.
constexpr uint64_t largestInBuffer = 128;
constexpr uint64_t largestCopy = 16384;

/// Calls may return what they are given, without keeping it.
bool mayReturnPointer(const llvm::User &user) {
  llvm::Type *type = user.getType();
  return llvm::isa<llvm::CallBase>(user) && !type->isVoidTy() && !type->isIntOrIntVectorTy() &&
         !type->isFPOrFPVectorTy();
}

bool derives(const llvm::User &user) {
  return mayReturnPointer(user) || llvm::isa<llvm::GetElementPtrInst, llvm::PHINode, llvm::SelectInst,
                                             llvm::CastInst, llvm::FreezeInst>(user);
}

/// True if a pointer into the slot, other than its address, is among the values.
bool hasDerived(AllocaInst &slot, llvm::ArrayRef<Value *> values) {
  llvm::SmallVector<Value *, 8> pending{&slot};
  llvm::SmallPtrSet<Value *, 16> seen;
  while (!pending.empty()) {
    Value *pointer = pending.pop_back_val();
    if (!seen.insert(pointer).second)
      continue;
    if (pointer != &slot && llvm::is_contained(values, pointer))
      return true;
    for (llvm::User *user : pointer->users())
      if (derives(*user))
        pending.push_back(user);
  }
  return false;
}

void findContents(AllocaInst &slot, bool isPromotable, Blocks &contents) {
  // The first access of each block, and whether it may read.
  llvm::DenseMap<const BasicBlock *, std::pair<Instruction *, bool>> first;
  llvm::SmallVector<Value *, 8> pending{&slot};
  llvm::SmallPtrSet<Value *, 16> seen;
  while (!pending.empty()) {
    Value *pointer = pending.pop_back_val();
    if (!seen.insert(pointer).second)
      continue;
    for (llvm::User *user : pointer->users()) {
      auto *access = llvm::cast<Instruction>(user);
      if (derives(*user))
        pending.push_back(access);
      if (derives(*user) && !mayReturnPointer(*user))
        continue;
      bool reads = !access->isLifetimeStartOrEnd() && !(isPromotable && llvm::isa<llvm::StoreInst>(access));
      auto &known = first[access->getParent()];
      if (known.first == nullptr || access->comesBefore(known.first))
        known = {access, reads};
    }
  }
  llvm::SmallVector<const BasicBlock *, 32> readers;
  for (const auto &[block, access] : first)
    if (access.second && contents.insert(block))
      readers.push_back(block);
  growBackwards(contents, readers, [&](const BasicBlock *block) { return first.contains(block); });
}

bool holdsStackPointer(const AllocaInst &slot) {
  return llvm::any_of(slot.users(), [](const llvm::User *user) {
    auto *store = llvm::dyn_cast<llvm::StoreInst>(user);
    return store != nullptr && isStackSave(store->getValueOperand());
  });
}

} // namespace

StackSlots::StackSlots(llvm::Function &function) : function_(function) {
  for (Instruction &instruction : function.getEntryBlock())
    if (auto *slot = llvm::dyn_cast<AllocaInst>(&instruction); slot != nullptr && slot->isStaticAlloca())
      slots_.push_back(slot);
}

uint64_t bytesOf(const AllocaInst &slot) {
  return slot.getAllocationSize(slot.getDataLayout()).value_or(llvm::TypeSize::getFixed(0));
}

Passing StackSlots::passingOf(AllocaInst &slot, const BasicBlock &header, llvm::ArrayRef<Value *> values) {
  const Facts &facts = factsOf(slot);
  if (hasDerived(slot, values))
    return Passing::address;
  if (facts.isCaptured)
    return isDead(slot, header) ? Passing::fresh : Passing::address;
  if (!facts.contents.contains(&header))
    return Passing::fresh;
  if (facts.holdsStackPointer)
    return Passing::stackPointerSlot;
  if (facts.isPromotable)
    return Passing::contents;
  uint64_t bytes = bytesOf(slot);
  return bytes <= largestInBuffer ? Passing::copy
         : bytes <= largestCopy   ? Passing::copyFrom
                                  : Passing::address;
}

const StackSlots::Facts &StackSlots::factsOf(AllocaInst &slot) {
  auto [found, isNew] = facts_.try_emplace(&slot, nullptr);
  if (!isNew)
    return *found->second;
  bool isPromotable = llvm::isAllocaPromotable(&slot);
  bool isCaptured = !isPromotable && llvm::PointerMayBeCaptured(&slot, /*ReturnCaptures=*/true);
  found->second = std::make_unique<Facts>(
      Facts{isPromotable, isCaptured, isPromotable && holdsStackPointer(slot), Blocks(function_)});
  if (!isCaptured)
    findContents(slot, isPromotable, found->second->contents);
  return *found->second;
}

/// True if the slot's life, as front ends mark it, has not begun at the header, or has ended.
bool StackSlots::isDead(const AllocaInst &slot, const BasicBlock &header) {
  if (!lifetimes_) {
    llvm::SmallVector<const AllocaInst *, 16> slots(slots_.begin(), slots_.end());
    lifetimes_.emplace(function_, slots, llvm::StackLifetime::LivenessType::May);
    lifetimes_->run();
  }
  const Instruction *at = &*header.getFirstNonPHIIt();
  return lifetimes_->isReachable(at) && !lifetimes_->isAliveAfter(&slot, at);
}

} // namespace tierlink
