// Continuations: a function's body with a new entry that takes over what was alive and jumps to a loop
// header.
#include "compile_osr.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/SSAUpdater.h"

namespace tierlink {
namespace {

using llvm::AllocaInst;
using llvm::BasicBlock;
using llvm::Function;
using llvm::Instruction;
using llvm::Value;

void dropLifetimes(Value &pointer) {
  for (llvm::User *user : llvm::make_early_inc_range(pointer.users()))
    if (auto *marker = llvm::dyn_cast<llvm::IntrinsicInst>(user);
        marker != nullptr && marker->isLifetimeStartOrEnd())
      marker->eraseFromParent();
}

bool hasLifetimes(const AllocaInst &slot) {
  return llvm::any_of(slot.users(), [](const llvm::User *user) {
    auto *marker = llvm::dyn_cast<llvm::IntrinsicInst>(user);
    return marker != nullptr && marker->isLifetimeStartOrEnd();
  });
}

class Continuation {
public:
  explicit Continuation(const LoopPoint &point)
      : point_(point), original_(*point.header->getParent()), module_(*original_.getParent()),
        context_(module_.getContext()), pointer_(llvm::PointerType::getUnqual(context_)),
        function_(declare()), entry_(BasicBlock::Create(context_, "")), builder_(entry_) {}

  Function &build() {
    labels_ = labelsOf(original_);
    takeBody();
    for (const LiveValue &live : point_.live)
      take(live);
    for (llvm::Argument &argument : original_.args())
      argument.replaceAllUsesWith(llvm::PoisonValue::get(argument.getType()));
    builder_.CreateBr(point_.header);
    for (llvm::PHINode &phi : point_.header->phis()) {
      auto known = values_.find(&phi);
      phi.addIncoming(known == values_.end() ? llvm::PoisonValue::get(phi.getType()) : known->second, entry_);
    }
    join();
    return *function_;
  }

private:
  Function *declare() {
    auto *type = llvm::FunctionType::get(original_.getReturnType(), {pointer_}, /*isVarArg=*/false);
    std::string name = (continuationPrefix + llvm::Twine(point_.ordinal) + "." + original_.getName()).str();
    auto *function = Function::Create(type, llvm::GlobalValue::ExternalLinkage, original_.getAddressSpace(),
                                      name, &module_);
    function->setCallingConv(original_.getCallingConv());
    // Attributes of parameters describe another entry.
    function->setAttributes(llvm::AttributeList::get(context_, original_.getAttributes().getFnAttrs(),
                                                     original_.getAttributes().getRetAttrs(), {}));
    for (auto attribute : {llvm::Attribute::Memory, llvm::Attribute::Speculatable, llvm::Attribute::NoRecurse,
                           llvm::Attribute::AlwaysInline, llvm::Attribute::InlineHint,
                           llvm::Attribute::AllocSize, llvm::Attribute::AllocKind, llvm::Attribute::Cold})
      function->removeFnAttr(attribute);
    // The low bits of its address say something in a cell.
    function->setAlignment(llvm::Align(16));
    return function;
  }

  void takeBody() {
    if (original_.hasPersonalityFn())
      function_->setPersonalityFn(original_.getPersonalityFn());
    function_->copyMetadata(&original_, /*Offset=*/0);
    entry_->insertInto(function_);
    function_->splice(function_->end(), &original_);
    original_.clearMetadata();
    original_.setPersonalityFn(nullptr);
    original_.setLinkage(llvm::GlobalValue::ExternalLinkage);
    original_.setComdat(nullptr);
  }

  Value *load(const LiveValue &live, llvm::Type *type) {
    return builder_.CreateAlignedLoad(type, placeOf(live),
                                      llvm::commonAlignment(point_.alignment, live.offset));
  }

  Value *placeOf(const LiveValue &live) {
    return builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), function_->getArg(0), live.offset);
  }

  void take(const LiveValue &live) {
    auto *slot = llvm::dyn_cast<AllocaInst>(live.value);
    switch (live.how) {
    case Passing::value:
      settle(*live.value, load(live, live.type));
      return;
    case Passing::label:
      settle(*live.value, translate(load(live, live.type)));
      return;
    case Passing::labelPlace:
      settle(*live.value, labelPlaceOf(load(live, live.type)));
      return;
    case Passing::stackPointer:
      settle(*live.value, builder_.CreateStackSave());
      return;
    case Passing::address:
      dropLifetimes(*slot);
      slot->replaceAllUsesWith(load(live, live.type));
      return;
    case Passing::contents:
      builder_.CreateStore(load(live, live.type), renew(*slot));
      return;
    case Passing::stackPointerSlot:
      builder_.CreateStore(builder_.CreateStackSave(), renew(*slot));
      return;
    case Passing::copy: {
      AllocaInst *own = renew(*slot);
      builder_.CreateMemCpy(own, own->getAlign(), placeOf(live),
                            llvm::commonAlignment(point_.alignment, live.offset),
                            live.type->getArrayNumElements());
      return;
    }
    case Passing::copyFrom: {
      Value *from = load(live, live.type);
      AllocaInst *own = renew(*slot);
      builder_.CreateMemCpy(own, own->getAlign(), from, own->getAlign(), bytesOf(*own));
      return;
    }
    case Passing::fresh:
      renew(*slot);
      return;
    }
  }

  /// A slot of the continuation's own. All slots come before anything else in the entry.
  AllocaInst *renew(AllocaInst &slot) {
    auto *own = llvm::cast<AllocaInst>(slot.clone());
    own->insertBefore(*entry_, entry_->begin());
    bool isMarked = hasLifetimes(slot);
    slot.replaceAllUsesWith(own);
    // It may have begun to live before this point.
    if (isMarked)
      builder_.CreateLifetimeStart(own);
    return own;
  }

  Value *translate(Value *ordinal) {
    if (labelTable_ == nullptr) {
      llvm::SmallVector<llvm::Constant *, 64> labels;
      for (BasicBlock *block : labels_)
        labels.push_back(llvm::BlockAddress::get(function_, block));
      // The ordinal of what is no label, and so is jumped to by nobody.
      labels.push_back(llvm::ConstantPointerNull::get(pointer_));
      auto *type = llvm::ArrayType::get(pointer_, labels.size());
      labelTable_ =
          new llvm::GlobalVariable(module_, type, /*isConstant=*/true, llvm::GlobalValue::InternalLinkage,
                                   llvm::ConstantArray::get(type, labels), "");
    }
    return builder_.CreateLoad(pointer_, builder_.CreateInBoundsGEP(pointer_, labelTable_, ordinal));
  }

  /// In the continuation's own table.
  Value *labelPlaceOf(Value *word) {
    Value *table = llvm::PoisonValue::get(pointer_);
    Value *index = builder_.CreateLShr(word, labelTableShift);
    for (auto [number, known] : llvm::enumerate(point_.labelTables))
      table = builder_.CreateSelect(builder_.CreateICmpEQ(index, builder_.getInt64(number)), known, table);
    Value *offset = builder_.CreateAnd(word, (uint64_t{1} << labelTableShift) - 1);
    return builder_.CreatePtrAdd(table, offset);
  }

  /// Notes that a value comes in by the new entry.
  void settle(Value &value, Value *incoming) {
    if (llvm::isa<llvm::Argument>(value))
      value.replaceAllUsesWith(incoming);
    else
      values_[llvm::cast<Instruction>(&value)] = incoming;
  }

  /// Values that are computed in the loop, too, have two definitions now.
  void join() {
    llvm::SmallPtrSet<const BasicBlock *, 32> reached;
    llvm::SmallVector<const BasicBlock *, 32> pending{entry_};
    while (!pending.empty())
      if (const BasicBlock *block = pending.pop_back_val(); reached.insert(block).second)
        pending.append(llvm::succ_begin(block), llvm::succ_end(block));
    llvm::SmallVector<std::pair<Instruction *, Value *>, 16> twice;
    for (const auto &[value, incoming] : values_) {
      if (llvm::isa<llvm::PHINode>(value) && value->getParent() == point_.header)
        continue;
      if (reached.contains(value->getParent()))
        twice.emplace_back(value, incoming);
      else
        value->replaceAllUsesWith(incoming);
    }
    // Not removeUnreachableBlocks, which folds PHIs of one value: they would be values of two definitions.
    llvm::EliminateUnreachableBlocks(*function_, nullptr, /*KeepOneInputPHIs=*/true);
    for (const auto &[value, incoming] : twice)
      rewrite(*value, incoming);
  }

  void rewrite(Instruction &value, Value *incoming) {
    llvm::SSAUpdater updater;
    updater.Initialize(value.getType(), "");
    updater.AddAvailableValue(entry_, incoming);
    updater.AddAvailableValue(value.getParent(), &value);
    llvm::SmallVector<llvm::Use *, 16> uses;
    for (llvm::Use &use : value.uses())
      uses.push_back(&use);
    for (llvm::Use *use : uses) {
      auto *user = llvm::cast<Instruction>(use->getUser());
      if (llvm::isa<llvm::PHINode>(user) || user->getParent() != value.getParent())
        updater.RewriteUse(*use);
    }
  }

  const LoopPoint &point_;
  Function &original_;
  llvm::Module &module_;
  llvm::LLVMContext &context_;
  llvm::PointerType *pointer_;
  Function *const function_;
  BasicBlock *const entry_;
  llvm::IRBuilder<> builder_;
  llvm::SmallVector<BasicBlock *, 8> labels_;
  llvm::GlobalVariable *labelTable_ = nullptr;
  llvm::MapVector<Instruction *, Value *> values_;
};

} // namespace

std::optional<Failure> makeContinuation(const LoopPoint &point) {
  Function &function = Continuation(point).build();
  std::string problem;
  llvm::raw_string_ostream out(problem);
  if (llvm::verifyFunction(function, &out))
    return Failure{"compile", "continuation of a loop: " + problem, function.getName().str()};
  return std::nullopt;
}

} // namespace tierlink
