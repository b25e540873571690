// What finding loops that can be left is made of.
#pragma once

#include "compile_loops.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Analysis/StackLifetime.h"
#include "llvm/IR/CFG.h"

#include <memory>
#include <optional>

namespace tierlink {

/// False for functions that have something to do with their own frame which another one can't have.
bool canBeLeft(const llvm::Function &function);

/// True for a stack pointer that is saved, or one of several.
bool isStackSave(const llvm::Value *value);

/// Blocks, by their numbers.
class Blocks {
public:
  explicit Blocks(const llvm::Function &function) : bits_(function.getMaxBlockNumber()) {}
  bool insert(const llvm::BasicBlock *block) {
    if (bits_[block->getNumber()])
      return false;
    bits_.set(block->getNumber());
    return true;
  }
  bool contains(const llvm::BasicBlock *block) const { return bits_[block->getNumber()]; }

private:
  llvm::BitVector bits_;
};

/// Adds what comes before the blocks of `pending`, and so on, without those that `isEnd`.
template <class IsEnd>
void growBackwards(Blocks &blocks, llvm::SmallVectorImpl<const llvm::BasicBlock *> &pending,
                   const IsEnd &isEnd) {
  while (!pending.empty())
    for (const llvm::BasicBlock *before : llvm::predecessors(pending.pop_back_val()))
      if (!isEnd(before) && blocks.insert(before))
        pending.push_back(before);
}

/// The stack slots of a function that have a fixed size, and how each is passed.
class StackSlots {
public:
  explicit StackSlots(llvm::Function &function);

  llvm::ArrayRef<llvm::AllocaInst *> all() const { return slots_; }

  /// How a slot is passed at a header where these other values are alive.
  Passing passingOf(llvm::AllocaInst &slot, const llvm::BasicBlock &header,
                    llvm::ArrayRef<llvm::Value *> values);

private:
  /// What is the same at all headers.
  struct Facts {
    bool isPromotable;
    bool isCaptured;
    bool holdsStackPointer;
    /// Blocks at whose start the contents may still be read; for slots that are not captured.
    Blocks contents;
  };

  const Facts &factsOf(llvm::AllocaInst &slot);
  bool isDead(const llvm::AllocaInst &slot, const llvm::BasicBlock &header);

  llvm::Function &function_;
  llvm::SmallVector<llvm::AllocaInst *, 16> slots_;
  llvm::DenseMap<llvm::AllocaInst *, std::unique_ptr<Facts>> facts_;
  /// Made when the first slot is found whose address is kept somewhere.
  std::optional<llvm::StackLifetime> lifetimes_;
};

} // namespace tierlink
