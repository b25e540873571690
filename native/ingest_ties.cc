// Ingest's sixth step: what ties functions of a module to each other. A function that is compiled alone gets
// its own copy of its labels and of its frame, so nothing outside of it may refer to them. C and C++ can't
// express that; other front ends can.
#include "ingest_parts.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

namespace tierlink {
namespace {

/// Functions whose code, by itself or through tables that go with it, uses this label.
llvm::SmallPtrSet<const llvm::Function *, 2> usersOf(const llvm::BlockAddress &label) {
  llvm::SmallPtrSet<const llvm::Function *, 2> functions;
  llvm::SmallPtrSet<const llvm::User *, 16> seen;
  llvm::SmallVector<const llvm::User *, 16> pending(label.users());
  while (!pending.empty()) {
    const llvm::User *user = pending.pop_back_val();
    if (!seen.insert(user).second)
      continue;
    if (auto *instruction = llvm::dyn_cast<llvm::Instruction>(user))
      functions.insert(instruction->getFunction());
    else
      pending.append(user->user_begin(), user->user_end());
  }
  return functions;
}

void findSharedLabels(IngestState &state, const llvm::Function &function) {
  for (const llvm::BasicBlock &block : function) {
    if (!block.hasAddressTaken())
      continue;
    const llvm::BlockAddress *label = llvm::BlockAddress::lookup(&block);
    if (label == nullptr)
      continue;
    for (const llvm::Function *user : usersOf(*label))
      if (user != &function)
        state.keepWhole("a label of '" + function.getName().str() + "' is used by '" + user->getName().str() +
                        "'");
  }
}

/// llvm.localrecover reads a distance that the assembler computes, within one object.
void findSharedFrames(IngestState &state) {
  for (const llvm::Function &function : state.module)
    if (function.getIntrinsicID() == llvm::Intrinsic::localrecover && !function.use_empty())
      state.keepWhole("functions share the frame of another");
}

} // namespace

void findTies(IngestState &state) {
  for (const llvm::Function &function : state.module)
    findSharedLabels(state, function);
  findSharedFrames(state);
}

} // namespace tierlink
