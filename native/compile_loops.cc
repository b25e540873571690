// Finds the loops at which a function can be left, and what is alive there.
#include "compile_loop_parts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/DataLayout.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Support/xxhash.h"

namespace tierlink {
namespace {

using llvm::AllocaInst;
using llvm::BasicBlock;
using llvm::Function;
using llvm::Instruction;
using llvm::Value;

/// Stack slots times blocks; beyond that the analysis takes too long for the lowest tier.
constexpr size_t largestProduct = size_t{1} << 24;

bool canBePassed(llvm::Type *type) {
  return type->isSized() && !type->isScalableTy() && !type->isX86_AMXTy() && !type->isTokenTy() &&
         !type->isTargetExtTy();
}

class Finder {
public:
  Finder(Function &function, LabelUses labels)
      : function_(function), layout_(function.getDataLayout()), labels_(std::move(labels)), slots_(function) {
  }

  std::vector<LoopPoint> find(llvm::ArrayRef<BasicBlock *> headers) {
    headers_ = headers;
    findLiveValues();
    if (slots_.all().size() * function_.size() > largestProduct)
      return {};
    llvm::DominatorTree dominators(function_);
    llvm::LoopInfo loops(dominators);
    std::vector<LoopPoint> points;
    for (unsigned ordinal = 0; ordinal < headers.size(); ++ordinal) {
      BasicBlock *header = headers[ordinal];
      if (header->isEHPad() || startsVariadics(*header))
        continue;
      LoopPoint point{header, ordinal, loops.getLoopDepth(header), {}, labels_.tables, 0, llvm::Align(8), 0};
      if (listLive(point, ordinal))
        points.push_back(std::move(point));
    }
    return points;
  }

private:
  /// The variable arguments of a call are in the frame of the function that was called.
  bool startsVariadics(const BasicBlock &header) const {
    if (!function_.isVarArg())
      return false;
    Blocks reached(function_);
    llvm::SmallVector<const BasicBlock *, 32> pending{&header};
    reached.insert(&header);
    while (!pending.empty()) {
      const BasicBlock *block = pending.pop_back_val();
      for (const Instruction &instruction : *block)
        if (auto *call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
            call != nullptr && call->getIntrinsicID() == llvm::Intrinsic::vastart)
          return true;
      for (const BasicBlock *next : llvm::successors(block))
        if (reached.insert(next))
          pending.push_back(next);
    }
    return false;
  }

  void findLiveValues() {
    live_.resize(headers_.size());
    for (llvm::Argument &argument : function_.args())
      findLive(argument, nullptr);
    for (Instruction &instruction : llvm::instructions(function_)) {
      auto *slot = llvm::dyn_cast<AllocaInst>(&instruction);
      if (slot == nullptr || !slot->isStaticAlloca())
        findLive(instruction, instruction.getParent());
    }
  }

  void findLive(Value &value, const BasicBlock *definition) {
    llvm::SmallVector<const BasicBlock *, 32> pending;
    std::optional<Blocks> blocks;
    for (const llvm::Use &use : value.uses()) {
      auto *user = llvm::cast<Instruction>(use.getUser());
      auto *phi = llvm::dyn_cast<llvm::PHINode>(user);
      const BasicBlock *block = phi == nullptr ? user->getParent() : phi->getIncomingBlock(use);
      if (block == definition)
        continue;
      if (!blocks)
        blocks.emplace(function_);
      if (blocks->insert(block))
        pending.push_back(block);
    }
    if (blocks)
      growBackwards(*blocks, pending, [&](const BasicBlock *block) { return block == definition; });
    bool isUsedPhi = llvm::isa<llvm::PHINode>(value) && !value.use_empty();
    for (auto [index, header] : llvm::enumerate(headers_))
      if ((blocks && blocks->contains(header)) || (isUsedPhi && header == definition))
        live_[index].push_back(&value);
  }

  /// False if something can't be passed.
  bool listLive(LoopPoint &point, unsigned index) {
    llvm::Type *word = llvm::Type::getInt64Ty(function_.getContext());
    for (Value *value : live_[index]) {
      if (isStackSave(value))
        add(point, value, Passing::stackPointer, nullptr);
      else if (labels_.labels.contains(value))
        add(point, value, Passing::label, word);
      else if (labels_.places.contains(value))
        add(point, value, Passing::labelPlace, word);
      else if (canBePassed(value->getType()))
        add(point, value, Passing::value, value->getType());
      else
        return false;
    }
    for (AllocaInst *slot : slots_.all()) {
      Passing how = slots_.passingOf(*slot, *point.header, live_[index]);
      llvm::Type *type = nullptr;
      if (how == Passing::contents) {
        type = slot->getAllocatedType();
        if (!canBePassed(type))
          return false;
      } else if (how == Passing::copy) {
        type = llvm::ArrayType::get(llvm::Type::getInt8Ty(function_.getContext()), bytesOf(*slot));
      } else if (how == Passing::copyFrom || how == Passing::address) {
        type = slot->getType();
      }
      add(point, slot, how, type);
    }
    point.signature = signatureOf(point);
    return true;
  }

  void add(LoopPoint &point, Value *value, Passing how, llvm::Type *type) const {
    uint64_t offset = 0;
    if (type != nullptr) {
      auto *slot = llvm::dyn_cast<AllocaInst>(value);
      llvm::Align alignment = how == Passing::copy ? slot->getAlign() : layout_.getABITypeAlign(type);
      offset = llvm::alignTo(point.bytes, alignment);
      point.bytes = offset + layout_.getTypeAllocSize(type).getFixedValue();
      point.alignment = std::max(point.alignment, alignment);
    }
    point.live.push_back({value, how, type, offset});
  }

  uint64_t signatureOf(const LoopPoint &point) const {
    std::vector<uint64_t> words{point.ordinal, point.bytes, function_.size(), labelsOf(function_).size(),
                                labels_.tables.size()};
    for (const LiveValue &live : point.live) {
      words.push_back(static_cast<uint64_t>(live.how) << 32 | live.offset);
      if (live.type != nullptr)
        words.push_back(static_cast<uint64_t>(live.type->getTypeID()) << 32 |
                        layout_.getTypeSizeInBits(live.type).getFixedValue());
    }
    return llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(words.data()),
                                                     words.size() * sizeof(uint64_t)));
  }

  Function &function_;
  const llvm::DataLayout &layout_;
  const LabelUses labels_;
  llvm::ArrayRef<BasicBlock *> headers_;
  /// For each header what is alive there, without stack slots.
  std::vector<llvm::SmallVector<Value *, 8>> live_;
  StackSlots slots_;
};

} // namespace

std::vector<LoopPoint> findLoopPoints(Function &function) {
  llvm::SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 16> edges;
  llvm::FindFunctionBackedges(function, edges);
  if (edges.empty() || !canBeLeft(function))
    return {};
  auto labels = labelUses(function);
  if (!labels)
    return {};
  llvm::SmallPtrSet<const BasicBlock *, 16> targets;
  for (const auto &[from, to] : edges)
    targets.insert(to);
  llvm::SmallVector<BasicBlock *, 16> headers;
  for (BasicBlock &block : function)
    if (targets.contains(&block))
      headers.push_back(&block);
  return Finder(function, std::move(*labels)).find(headers);
}

} // namespace tierlink
