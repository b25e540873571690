// Entry counters: each function counts down a cell of its own and asks for a better version when it reaches
// zero.
#include "compile_parts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

namespace tierlink {
namespace {

/// What a compiler without optimisation begins a function with: arguments go to their stack slots.
bool keepsArgument(const llvm::Instruction &instruction) {
  if (llvm::isa<llvm::CastInst>(instruction))
    return llvm::isa<llvm::Argument>(instruction.getOperand(0));
  auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction);
  return store != nullptr && !store->isVolatile() && llvm::isa<llvm::AllocaInst>(store->getPointerOperand());
}

/// Where the counting code goes: behind the function's fixed stack slots, and behind the stores of its
/// arguments. It begins a block, and at O0 what is alive there would be spilled: each argument twice.
llvm::Instruction *findInsertionPoint(llvm::Function &function) {
  gatherStackSlots(function);
  llvm::BasicBlock::iterator point = function.getEntryBlock().getFirstNonPHIOrDbgOrAlloca();
  while (keepsArgument(*point))
    ++point;
  return &*point;
}

/// LLVM takes a frame of eight bytes by `push` and gives it back by `pop`, which reads as one word what the
/// function stored in parts: the processor waits until these have reached the cache. A leaf has no frame, but
/// who counts is none.
void widenNarrowFrame(llvm::Function &function) {
  const llvm::DataLayout &layout = function.getDataLayout();
  uint64_t bytes = 0;
  for (const llvm::Instruction &instruction : function.getEntryBlock())
    if (auto *slot = llvm::dyn_cast<llvm::AllocaInst>(&instruction))
      bytes += slot->getAllocationSize(layout).value_or(llvm::TypeSize::getFixed(0)).getKnownMinValue();
  constexpr uint64_t word = 8;
  if (bytes > 0 && bytes <= word)
    llvm::IRBuilder<>(&function.getEntryBlock().front())
        .CreateAlloca(llvm::Type::getInt64Ty(function.getContext()));
}

bool isCountable(const llvm::Function &function) {
  // Ingest left nothing local: such a function was made by a pass and has no slot (a specialisation, for
  // example).
  if (function.isDeclaration() || function.hasAvailableExternallyLinkage() || function.hasLocalLinkage())
    return false;
  // A naked function has no frame to call from; an interrupt handler may not clobber what a call does.
  return !function.hasFnAttribute(llvm::Attribute::Naked) &&
         function.getCallingConv() != llvm::CallingConv::X86_INTR &&
         function.getCallingConv() != llvm::CallingConv::GHC;
}

} // namespace

/// Elsewhere each would be an allocation at run time. Their size is a constant, so nothing has to come before
/// them.
void gatherStackSlots(llvm::Function &function) {
  llvm::BasicBlock &entry = function.getEntryBlock();
  for (llvm::Instruction &instruction : llvm::make_early_inc_range(entry))
    if (auto *slot = llvm::dyn_cast<llvm::AllocaInst>(&instruction);
        slot != nullptr && slot->isStaticAlloca())
      slot->moveBefore(entry, entry.begin());
}

void insertCounters(llvm::Module &module) {
  llvm::LLVMContext &context = module.getContext();
  llvm::Type *i32 = llvm::Type::getInt32Ty(context);
  llvm::Type *cell = llvm::Type::getInt64Ty(context);
  llvm::Type *pointer = llvm::PointerType::getUnqual(context);

  llvm::SmallVector<llvm::Function *, 32> functions;
  for (llvm::Function &function : module)
    if (isCountable(function))
      functions.push_back(&function);
  if (functions.empty())
    return;

  llvm::FunctionCallee hot =
      module.getOrInsertFunction("__tierlink_hot", llvm::Type::getVoidTy(context), pointer, pointer);
  if (auto *declaration = llvm::dyn_cast<llvm::Function>(hot.getCallee())) {
    declaration->setDoesNotThrow();
    declaration->addFnAttr(llvm::Attribute::Cold);
  }
  llvm::Constant *ring = module.getOrInsertGlobal("__tierlink_ring", llvm::Type::getInt8Ty(context));
  llvm::MDNode *unlikely = llvm::MDBuilder(context).createUnlikelyBranchWeights();

  for (llvm::Function *function : functions) {
    std::string name = (counterPrefix + function->getName()).str();
    auto *counter = llvm::cast<llvm::GlobalVariable>(module.getOrInsertGlobal(name, cell));
    counter->setVisibility(llvm::GlobalValue::HiddenVisibility);
    counter->setDSOLocal(true);
    counter->setAlignment(llvm::Align(8));

    llvm::Instruction *point = findInsertionPoint(*function);
    widenNarrowFrame(*function);
    llvm::IRBuilder<> builder(point);
    // Not atomic on purpose: a lost count delays a promotion by one call, a locked one would cost more than
    // the call.
    llvm::Value *left =
        builder.CreateSub(builder.CreateAlignedLoad(i32, counter, llvm::Align(8)), builder.getInt32(1));
    builder.CreateAlignedStore(left, counter, llvm::Align(8));
    // Also below zero: a racing thread may have stored a value older than the one the control thread armed it
    // with.
    llvm::Value *hasRunOut = builder.CreateICmpSLE(left, builder.getInt32(0));
    builder.SetInsertPoint(
        llvm::SplitBlockAndInsertIfThen(hasRunOut, point, /*Unreachable=*/false, unlikely));
    llvm::CallInst *call = builder.CreateCall(hot, {counter, ring});
    call->setDoesNotThrow();
    if (llvm::DISubprogram *subprogram = function->getSubprogram())
      call->setDebugLoc(llvm::DILocation::get(context, 0, 0, subprogram));

    // No longer true of a function that writes its counter; left in, calls to it could be dropped or hoisted.
    function->removeFnAttr(llvm::Attribute::Memory);
    function->removeFnAttr(llvm::Attribute::Speculatable);
  }
}

} // namespace tierlink
