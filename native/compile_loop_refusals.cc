// Which functions can't go on in another frame.
#include "compile_loop_parts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"

namespace tierlink {
namespace {

using llvm::AllocaInst;
using llvm::Function;
using llvm::Instruction;

bool isStackRestore(const llvm::User *user) {
  auto *intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(user);
  return intrinsic != nullptr && intrinsic->getIntrinsicID() == llvm::Intrinsic::stackrestore;
}

/// Looks at, or ties itself to, the frame that it runs in.
bool tiesToFrame(llvm::Intrinsic::ID id) {
  switch (id) {
  case llvm::Intrinsic::localescape:
  case llvm::Intrinsic::localrecover:
  case llvm::Intrinsic::frameaddress:
  case llvm::Intrinsic::returnaddress:
  case llvm::Intrinsic::addressofreturnaddress:
  case llvm::Intrinsic::sponentry:
  case llvm::Intrinsic::call_preallocated_setup:
  case llvm::Intrinsic::eh_sjlj_setjmp:
  case llvm::Intrinsic::eh_sjlj_setup_dispatch:
    return true;
  default:
    return false;
  }
}

bool isSavedHere(const llvm::Value *value) {
  auto *intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(value);
  return intrinsic != nullptr && intrinsic->getIntrinsicID() == llvm::Intrinsic::stacksave;
}

/// True if a saved stack pointer is only restored, or kept in a slot that holds nothing else.
bool isPlainStackSave(const Instruction &save) {
  return llvm::all_of(save.users(), [&](const llvm::User *user) {
    if (isStackRestore(user) || (isStackSave(user) && llvm::all_of(user->users(), isStackRestore)))
      return true;
    auto *store = llvm::dyn_cast<llvm::StoreInst>(user);
    auto *slot = store == nullptr ? nullptr : llvm::dyn_cast<AllocaInst>(store->getPointerOperand());
    if (slot == nullptr || !llvm::isAllocaPromotable(slot))
      return false;
    return llvm::all_of(slot->users(), [&](const llvm::User *other) {
      if (auto *stored = llvm::dyn_cast<llvm::StoreInst>(other))
        return isStackSave(stored->getValueOperand());
      return !llvm::isa<llvm::LoadInst>(other) || llvm::all_of(other->users(), isStackRestore);
    });
  });
}

} // namespace

bool isStackSave(const llvm::Value *value) {
  // Optimisers merge restores, and so what they restore.
  if (auto *phi = llvm::dyn_cast<llvm::PHINode>(value))
    return llvm::all_of(phi->incoming_values(), isSavedHere);
  return isSavedHere(value);
}

bool canBeLeft(const Function &function) {
  if (function.hasFnAttribute(llvm::Attribute::Naked) ||
      function.hasFnAttribute(llvm::Attribute::OptimizeNone) || function.isPresplitCoroutine() ||
      function.hasGC() || function.getCallingConv() == llvm::CallingConv::X86_INTR ||
      function.getCallingConv() == llvm::CallingConv::GHC)
    return false;
  for (const llvm::Argument &argument : function.args())
    if (argument.hasSwiftErrorAttr() || argument.hasInAllocaAttr() ||
        argument.hasAttribute(llvm::Attribute::Preallocated))
      return false;
  for (const Instruction &instruction : llvm::instructions(function)) {
    if (instruction.isEHPad() && !llvm::isa<llvm::LandingPadInst>(instruction))
      return false;
    if (llvm::isa<llvm::CallBrInst>(instruction) ||
        (isSavedHere(&instruction) && !isPlainStackSave(instruction)))
      return false;
    if (auto *slot = llvm::dyn_cast<AllocaInst>(&instruction);
        slot != nullptr && (slot->isSwiftError() || slot->getAllocatedType()->isScalableTy()))
      return false;
    auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);
    // What returns twice would return into a frame that was left.
    if (call != nullptr && (call->hasFnAttr(llvm::Attribute::ReturnsTwice) || call->isMustTailCall() ||
                            tiesToFrame(call->getIntrinsicID())))
      return false;
  }
  return true;
}

} // namespace tierlink
