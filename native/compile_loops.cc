// Finds the loops at which a function can be left, and what is alive there.
#include "compile_loops.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/Analysis/CaptureTracking.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/StackLifetime.h"
#include "llvm/IR/CFG.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/xxhash.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"

namespace tierlink {
namespace {

using llvm::AllocaInst;
using llvm::BasicBlock;
using llvm::Function;
using llvm::Instruction;
using llvm::Value;
using llvm::Intrinsic::ID;

/// Larger slots are copied out of the old frame instead of through the buffer, and still larger ones are used
/// where they are.
constexpr uint64_t largestInBuffer = 128;
constexpr uint64_t largestCopy = 16384;
/// Stack slots times blocks; beyond that the analysis takes too long for the lowest tier.
constexpr size_t largestProduct = size_t{1} << 24;

bool isStackSave(const Value *value) {
  auto *intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(value);
  return intrinsic != nullptr && intrinsic->getIntrinsicID() == llvm::Intrinsic::stacksave;
}

bool isStackRestore(const llvm::User *user) {
  auto *intrinsic = llvm::dyn_cast<llvm::IntrinsicInst>(user);
  return intrinsic != nullptr && intrinsic->getIntrinsicID() == llvm::Intrinsic::stackrestore;
}

/// Looks at, or ties itself to, the frame that it runs in.
bool tiesToFrame(ID id) {
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

bool canBePassed(llvm::Type *type) {
  return type->isSized() && !type->isScalableTy() && !type->isX86_AMXTy() && !type->isTokenTy() &&
         !type->isTargetExtTy();
}

/// True if a saved stack pointer is only restored, or kept in a slot that holds nothing else.
bool isPlainStackSave(const Instruction &save) {
  return llvm::all_of(save.users(), [&](const llvm::User *user) {
    if (isStackRestore(user))
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
        (isStackSave(&instruction) && !isPlainStackSave(instruction)))
      return false;
    if (auto *slot = llvm::dyn_cast<AllocaInst>(&instruction); slot != nullptr && slot->isSwiftError())
      return false;
    auto *call = llvm::dyn_cast<llvm::CallBase>(&instruction);
    // What returns twice would return into a frame that was left.
    if (call != nullptr && (call->hasFnAttr(llvm::Attribute::ReturnsTwice) || call->isMustTailCall() ||
                            tiesToFrame(call->getIntrinsicID())))
      return false;
  }
  return true;
}

/// Blocks, by their numbers.
class Blocks {
public:
  explicit Blocks(const Function &function) : bits_(function.getMaxBlockNumber()) {}
  bool insert(const BasicBlock *block) {
    if (bits_[block->getNumber()])
      return false;
    bits_.set(block->getNumber());
    return true;
  }
  bool contains(const BasicBlock *block) const { return bits_[block->getNumber()]; }

private:
  llvm::BitVector bits_;
};

/// Adds what comes before the blocks of `pending`, and so on, without those that `isEnd`.
template <class IsEnd>
void growBackwards(Blocks &blocks, llvm::SmallVectorImpl<const BasicBlock *> &pending, const IsEnd &isEnd) {
  while (!pending.empty())
    for (const BasicBlock *before : llvm::predecessors(pending.pop_back_val()))
      if (!isEnd(before) && blocks.insert(before))
        pending.push_back(before);
}

class Finder {
public:
  Finder(Function &function, llvm::SmallPtrSet<Value *, 8> labels)
      : function_(function), layout_(function.getDataLayout()), labels_(std::move(labels)) {}

  std::vector<LoopPoint> find(llvm::ArrayRef<BasicBlock *> headers) {
    headers_ = headers;
    findLiveValues();
    for (Instruction &instruction : function_.getEntryBlock())
      if (auto *slot = llvm::dyn_cast<AllocaInst>(&instruction); slot != nullptr && slot->isStaticAlloca())
        slots_.push_back(slot);
    if (slots_.size() * function_.size() > largestProduct)
      return {};
    llvm::SmallVector<const AllocaInst *, 16> slots(slots_.begin(), slots_.end());
    lifetimes_.emplace(function_, slots, llvm::StackLifetime::LivenessType::May);
    lifetimes_->run();
    llvm::DominatorTree dominators(function_);
    llvm::LoopInfo loops(dominators);
    std::vector<LoopPoint> points;
    for (unsigned ordinal = 0; ordinal < headers.size(); ++ordinal) {
      BasicBlock *header = headers[ordinal];
      if (header->isEHPad() || startsVariadics(*header))
        continue;
      LoopPoint point{header, ordinal, loops.getLoopDepth(header), {}, 0, llvm::Align(8), 0};
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

  /// True if a pointer into the slot, other than its address, is among the values.
  static bool hasDerived(AllocaInst &slot, llvm::ArrayRef<Value *> values) {
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

  static bool derives(const llvm::User &user) {
    return llvm::isa<llvm::GetElementPtrInst, llvm::PHINode, llvm::SelectInst, llvm::CastInst,
                     llvm::FreezeInst>(user);
  }

  /// Everything about a stack slot that is the same at all points.
  struct SlotFacts {
    bool isPromotable;
    bool isCaptured;
    bool holdsStackPointer;
    /// Blocks at whose start the contents may still be read; for slots that are not captured.
    Blocks contents;
  };

  const SlotFacts &factsOf(AllocaInst &slot) {
    auto [found, isNew] = facts_.try_emplace(&slot, nullptr);
    if (!isNew)
      return *found->second;
    bool isPromotable = llvm::isAllocaPromotable(&slot);
    bool isCaptured = !isPromotable && llvm::PointerMayBeCaptured(&slot, /*ReturnCaptures=*/true);
    bool holdsStackPointer = isPromotable && llvm::any_of(slot.users(), [](const llvm::User *user) {
                               auto *store = llvm::dyn_cast<llvm::StoreInst>(user);
                               return store != nullptr && isStackSave(store->getValueOperand());
                             });
    found->second = std::make_unique<SlotFacts>(
        SlotFacts{isPromotable, isCaptured, holdsStackPointer, Blocks(function_)});
    if (!isCaptured)
      findContents(slot, isPromotable, found->second->contents);
    return *found->second;
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
        if (derives(*user)) {
          pending.push_back(access);
          continue;
        }
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

  Passing passingOf(AllocaInst &slot, const BasicBlock &header, llvm::ArrayRef<Value *> values) {
    const SlotFacts &facts = factsOf(slot);
    if (hasDerived(slot, values))
      return Passing::address;
    if (facts.isCaptured) {
      const Instruction *at = &*header.getFirstNonPHIIt();
      bool isDead = lifetimes_->isReachable(at) && !lifetimes_->isAliveAfter(&slot, at);
      return isDead ? Passing::fresh : Passing::address;
    }
    if (!facts.contents.contains(&header))
      return Passing::fresh;
    if (facts.holdsStackPointer)
      return Passing::stackPointerSlot;
    if (facts.isPromotable)
      return Passing::contents;
    uint64_t bytes = slot.getAllocationSize(layout_)->getFixedValue();
    return bytes <= largestInBuffer ? Passing::copy
           : bytes <= largestCopy   ? Passing::copyFrom
                                    : Passing::address;
  }

  /// False if something can't be passed.
  bool listLive(LoopPoint &point, unsigned index) {
    for (Value *value : live_[index]) {
      if (isStackSave(value))
        add(point, value, Passing::stackPointer, nullptr);
      else if (labels_.contains(value))
        add(point, value, Passing::label, llvm::Type::getInt64Ty(function_.getContext()));
      else if (canBePassed(value->getType()))
        add(point, value, Passing::value, value->getType());
      else
        return false;
    }
    for (AllocaInst *slot : slots_) {
      Passing how = passingOf(*slot, *point.header, live_[index]);
      llvm::Type *type = nullptr;
      if (how == Passing::contents) {
        type = slot->getAllocatedType();
        if (!canBePassed(type))
          return false;
      } else if (how == Passing::copy) {
        uint64_t bytes = slot->getAllocationSize(layout_)->getFixedValue();
        type = llvm::ArrayType::get(llvm::Type::getInt8Ty(function_.getContext()), bytes);
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
    std::vector<uint64_t> words{point.ordinal, point.bytes, function_.size(), labelsOf(function_).size()};
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
  const llvm::SmallPtrSet<Value *, 8> labels_;
  llvm::ArrayRef<BasicBlock *> headers_;
  /// For each header what is alive there, without stack slots.
  std::vector<llvm::SmallVector<Value *, 8>> live_;
  llvm::SmallVector<AllocaInst *, 16> slots_;
  std::optional<llvm::StackLifetime> lifetimes_;
  llvm::DenseMap<AllocaInst *, std::unique_ptr<SlotFacts>> facts_;
};

} // namespace

std::vector<LoopPoint> findLoopPoints(Function &function) {
  llvm::SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 16> edges;
  llvm::FindFunctionBackedges(function, edges);
  if (edges.empty() || !canBeLeft(function))
    return {};
  auto labels = labelValues(function);
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
