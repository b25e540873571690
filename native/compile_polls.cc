// Polls: at each loop of a function a look at a cell, and a cold way out that hands over what is alive.
#include "compile_osr.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"

namespace tierlink {
namespace {

using llvm::BasicBlock;
using llvm::Function;
using llvm::Value;

class Polls {
public:
  Polls(Function &function, llvm::ArrayRef<LoopPoint> points, llvm::StringRef tag)
      : function_(function), points_(points), tag_(tag), module_(*function.getParent()),
        context_(module_.getContext()), pointer_(llvm::PointerType::getUnqual(context_)),
        word_(llvm::Type::getInt64Ty(context_)), labels_(labelsOf(function)) {}

  void insert() {
    uint64_t bytes = 0;
    llvm::Align alignment(1);
    for (const LoopPoint &point : points_) {
      bytes = std::max(bytes, point.bytes);
      alignment = std::max(alignment, point.alignment);
    }
    BasicBlock &entry = function_.getEntryBlock();
    llvm::IRBuilder<> builder(&entry, entry.begin());
    auto *buffer = builder.CreateAlloca(
        llvm::ArrayType::get(llvm::Type::getInt8Ty(context_), std::max<uint64_t>(bytes, 1)));
    buffer->setAlignment(alignment);
    for (const LoopPoint &point : points_)
      insertAt(point, buffer);
    // No longer true of a function that reads cells, and may go on in another.
    function_.removeFnAttr(llvm::Attribute::Memory);
    function_.removeFnAttr(llvm::Attribute::Speculatable);
    function_.removeFnAttr(llvm::Attribute::NoRecurse);
    function_.removeFnAttr(llvm::Attribute::NoFree);
    function_.removeFnAttr(llvm::Attribute::NoSync);
  }

private:
  llvm::GlobalVariable *cellOf(const LoopPoint &point) {
    std::string name = (loopCellPrefix + llvm::Twine(point.ordinal) + "." + llvm::Twine(point.depth) + "." +
                        signatureText(point) + "." + tag_ + "." + function_.getName())
                           .str();
    auto *cell = llvm::cast<llvm::GlobalVariable>(module_.getOrInsertGlobal(name, word_));
    cell->setVisibility(llvm::GlobalValue::HiddenVisibility);
    cell->setDSOLocal(true);
    cell->setAlignment(llvm::Align(16));
    return cell;
  }

  void insertAt(const LoopPoint &point, llvm::AllocaInst *buffer) {
    BasicBlock *header = point.header;
    BasicBlock *body = header->splitBasicBlock(header->getFirstNonPHIIt());
    auto *cold = BasicBlock::Create(context_, "", &function_);
    auto *ask = BasicBlock::Create(context_, "", &function_);
    auto *leave = BasicBlock::Create(context_, "", &function_);
    header->getTerminator()->eraseFromParent();

    llvm::IRBuilder<> builder(header);
    if (llvm::DISubprogram *subprogram = function_.getSubprogram())
      builder.SetCurrentDebugLocation(llvm::DILocation::get(context_, 0, 0, subprogram));
    llvm::GlobalVariable *cell = cellOf(point);
    // Volatile, so that it stays in the loop; the store that it races with is one aligned word.
    Value *state = builder.CreateAlignedLoad(word_, cell, llvm::Align(8), /*isVolatile=*/true);
    llvm::MDNode *unlikely = llvm::MDBuilder(context_).createUnlikelyBranchWeights();
    builder.CreateCondBr(builder.CreateICmpNE(state, builder.getInt64(0)), cold, body, unlikely);

    builder.SetInsertPoint(cold);
    Value *isRequest = builder.CreateICmpNE(builder.CreateAnd(state, 1), builder.getInt64(0));
    Value *code = builder.CreateIntToPtr(state, pointer_);
    builder.CreateCondBr(isRequest, ask, leave);

    builder.SetInsertPoint(ask);
    llvm::CallInst *answer = builder.CreateCall(reached(), {cell, ring()});
    answer->setDoesNotThrow();
    builder.CreateCondBr(builder.CreateIsNull(answer), body, leave);

    builder.SetInsertPoint(leave);
    llvm::PHINode *target = builder.CreatePHI(pointer_, 2);
    target->addIncoming(code, cold);
    target->addIncoming(answer, ask);
    for (const LiveValue &live : point.live)
      if (live.type != nullptr)
        store(builder, point, live, buffer);
    finish(builder, target, buffer);
  }

  void store(llvm::IRBuilder<> &builder, const LoopPoint &point, const LiveValue &live,
             llvm::AllocaInst *buffer) {
    Value *at = builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), buffer, live.offset);
    switch (live.how) {
    case Passing::label:
      builder.CreateStore(ordinalOf(builder, live.value), at);
      return;
    case Passing::labelPlace:
      builder.CreateStore(placeIn(builder, point.labelTables, live.value), at);
      return;
    case Passing::contents: {
      auto *slot = llvm::cast<llvm::AllocaInst>(live.value);
      builder.CreateStore(builder.CreateAlignedLoad(live.type, slot, slot->getAlign()), at);
      return;
    }
    case Passing::copy: {
      auto *slot = llvm::cast<llvm::AllocaInst>(live.value);
      builder.CreateMemCpy(at, slot->getAlign(), slot, slot->getAlign(), live.type->getArrayNumElements());
      return;
    }
    default:
      builder.CreateStore(live.value, at);
    }
  }

  Value *ordinalOf(llvm::IRBuilder<> &builder, Value *label) {
    Value *ordinal = builder.getInt64(labels_.size());
    for (size_t i = 0; i < labels_.size(); ++i) {
      Value *isIt = builder.CreateICmpEQ(label, llvm::BlockAddress::get(&function_, labels_[i]));
      ordinal = builder.CreateSelect(isIt, builder.getInt64(i), ordinal);
    }
    return ordinal;
  }

  /// Which of the tables, and the bytes from its beginning. What lies behind the end of one is not read.
  Value *placeIn(llvm::IRBuilder<> &builder, llvm::ArrayRef<llvm::GlobalVariable *> tables, Value *place) {
    Value *found = builder.getInt64(0);
    for (auto [index, table] : llvm::enumerate(tables)) {
      uint64_t bytes = module_.getDataLayout().getTypeAllocSize(table->getValueType()).getFixedValue();
      Value *offset =
          builder.CreateSub(builder.CreatePtrToInt(place, word_), builder.CreatePtrToInt(table, word_));
      Value *named = builder.CreateOr(offset, uint64_t{index} << labelTableShift);
      found = builder.CreateSelect(builder.CreateICmpULT(offset, builder.getInt64(bytes)), named, found);
    }
    return found;
  }

  void finish(llvm::IRBuilder<> &builder, Value *target, Value *buffer) {
    llvm::Type *result = function_.getReturnType();
    llvm::CallInst *call =
        builder.CreateCall(llvm::FunctionType::get(result, {pointer_}, /*isVarArg=*/false), target, {buffer});
    call->setCallingConv(function_.getCallingConv());
    call->setAttributes(llvm::AttributeList::get(
        context_, llvm::AttributeSet(), function_.getAttributes().getRetAttrs(), {llvm::AttributeSet()}));
    if (function_.doesNotThrow())
      call->setDoesNotThrow();
    if (result->isVoidTy())
      builder.CreateRetVoid();
    else
      builder.CreateRet(call);
  }

  llvm::FunctionCallee reached() {
    llvm::FunctionCallee callee =
        module_.getOrInsertFunction("__tierlink_reached", pointer_, pointer_, pointer_);
    if (auto *declaration = llvm::dyn_cast<Function>(callee.getCallee())) {
      declaration->setDoesNotThrow();
      declaration->addFnAttr(llvm::Attribute::Cold);
    }
    return callee;
  }

  llvm::Constant *ring() {
    return module_.getOrInsertGlobal("__tierlink_ring", llvm::Type::getInt8Ty(context_));
  }

  Function &function_;
  const llvm::ArrayRef<LoopPoint> points_;
  const llvm::StringRef tag_;
  llvm::Module &module_;
  llvm::LLVMContext &context_;
  llvm::PointerType *pointer_;
  llvm::Type *word_;
  const llvm::SmallVector<BasicBlock *, 8> labels_;
};

} // namespace

std::string signatureText(const LoopPoint &point) { return llvm::utohexstr(point.signature); }

ModuleLoops::ModuleLoops(llvm::Module &module) {
  for (Function &function : module) {
    if (function.isDeclaration() || function.hasAvailableExternallyLinkage() || function.hasLocalLinkage() ||
        function.hasFnAttribute(importAttribute))
      continue;
    if (auto points = findLoopPoints(function); !points.empty())
      functions_.emplace_back(&function, std::move(points));
  }
}

void ModuleLoops::insertPolls(llvm::StringRef tag) const {
  for (const auto &[function, points] : functions_)
    Polls(*function, points, tag).insert();
}

const LoopPoint *ModuleLoops::find(llvm::StringRef name, const ContinuationRequest &wanted) const {
  for (const auto &[function, points] : functions_)
    if (function->getName() == name)
      for (const LoopPoint &point : points)
        if (point.ordinal == wanted.ordinal && signatureText(point) == wanted.signature)
          return &point;
  return nullptr;
}

} // namespace tierlink
