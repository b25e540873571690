// Loops that running code can leave: at the target of each back edge there may be a poll, and what is alive
// there can be handed to a continuation, the same function begun at that place. Both sides are made from the
// same canonical IR, in different compiles: so everything here follows from the function's body alone.
#pragma once

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Support/Alignment.h"

#include <optional>
#include <vector>

namespace tierlink {

/// How something that is alive at a loop reaches the continuation: through a buffer of the old frame.
enum class Passing : uint8_t {
  /// The value itself.
  value,
  /// A label of the function: its ordinal, since the continuation has labels of its own.
  label,
  /// A place in a table of labels: which table, and how far in, since the continuation has tables of its own.
  labelPlace,
  /// What a stack slot holds that nothing but loads and stores touches; the continuation has its own slot.
  contents,
  /// The bytes of a stack slot whose address nobody keeps.
  copy,
  /// The same for a larger one: its address, and the continuation copies it.
  copyFrom,
  /// The address of a stack slot, which stays in the old frame.
  address,
  /// Nothing: the slot's contents are dead, and the continuation has its own.
  fresh,
  /// Nothing: a saved stack pointer; that of the old frame must never be restored in another one.
  stackPointer,
  /// A slot that holds one.
  stackPointerSlot,
};

struct LiveValue {
  llvm::Value *value;
  Passing how;
  /// What lies in the buffer; null if nothing does.
  llvm::Type *type;
  /// Bytes from the buffer's start.
  uint64_t offset;
};

/// A loop header at which a function can be left.
struct LoopPoint {
  llvm::BasicBlock *header;
  /// Among the targets of back edges of the function.
  unsigned ordinal;
  /// 1 for an outermost loop, 0 for a cycle that is no natural loop.
  unsigned depth;
  llvm::SmallVector<LiveValue, 16> live;
  /// Of the function; which ones places of labels are in.
  llvm::SmallVector<llvm::GlobalVariable *, 4> labelTables;
  /// Of the buffer.
  uint64_t bytes;
  llvm::Align alignment;
  /// What both sides must agree on.
  uint64_t signature;
};

/// The points of a function; none if it can't be left, or has no loops.
std::vector<LoopPoint> findLoopPoints(llvm::Function &function);

/// Of a stack slot of a fixed size.
uint64_t bytesOf(const llvm::AllocaInst &slot);

/// Blocks whose address is taken; a label's ordinal is its place in it.
llvm::SmallVector<llvm::BasicBlock *, 8> labelsOf(llvm::Function &function);

/// What a function does with its labels.
struct LabelUses {
  /// Values that are labels.
  llvm::SmallPtrSet<llvm::Value *, 8> labels;
  /// Addresses of places in tables of labels.
  llvm::SmallPtrSet<llvm::Value *, 8> places;
  /// These tables, in an order that follows from the function's body.
  llvm::SmallVector<llvm::GlobalVariable *, 4> tables;
};

/// Nothing if a label may become visible to anything but jumps.
std::optional<LabelUses> labelUses(llvm::Function &function);

} // namespace tierlink
