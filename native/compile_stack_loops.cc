// Loops that take memory from the stack in each round.
#include "compile_parts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Transforms/Utils/LoopUtils.h"

namespace tierlink {

void keepStackLoopsScalar(llvm::Function &function) {
  llvm::SmallVector<llvm::BasicBlock *, 4> blocks;
  for (llvm::Instruction &instruction : llvm::instructions(function))
    if (llvm::isa<llvm::AllocaInst>(instruction) && instruction.getParent() != &function.getEntryBlock())
      blocks.push_back(instruction.getParent());
  if (blocks.empty())
    return;
  const llvm::LoopInfo loops{llvm::DominatorTree(function)};
  for (llvm::BasicBlock *block : blocks)
    for (llvm::Loop *loop = loops.getLoopFor(block); loop != nullptr; loop = loop->getParentLoop())
      llvm::addStringMetadataToLoop(loop, "llvm.loop.vectorize.enable", 0);
}

} // namespace tierlink
