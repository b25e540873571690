// The changes that compile makes to a canonical module before LLVM's own passes see it, or after.
#pragma once

#include "compile.h"

#include "llvm/IR/Module.h"
#include "llvm/Pass.h"

#include <mutex>

namespace tierlink {

/// What the names of entry counters begin with; the function's name follows.
constexpr llvm::StringLiteral counterPrefix = "__tierlink_counter.";

/// What the names of cells that polls read begin with; place, signature, tier and function follow.
constexpr llvm::StringLiteral loopCellPrefix = "__tierlink_loop.";

/// What the names of continuations begin with; the place and the function's name follow.
constexpr llvm::StringLiteral continuationPrefix = "__tierlink_continuation.";

/// What the names of the cells begin with that edges and values of a function are counted in. There follow,
/// with dots between them, the hash of its control flow (hexadecimal), how many counters, sites of indirect
/// calls and sites of memory operations there are, and its name: all that it takes to make room for them.
constexpr llvm::StringLiteral profilePrefix = "__tierlink_profile.";

/// Marks bodies that are there to be inlined and learnt from only.
constexpr llvm::StringLiteral importAttribute = "tierlink-import";

/// Turns them into declarations. What was found out about them stays, as it would if they were compiled here.
void dropImports(llvm::Module &module);

/// Sets visibility, dso_local and call attributes so that code generation leaves the relocations that the
/// linker wants. Runs after the pass pipeline, which brings library functions of its own into the module.
void markCode(llvm::Module &module, CallForm calls, const NameSet &near);

/// The same for a data module: everything it defines is its object's to export.
void markData(llvm::Module &module);

/// Makes every function use all of this machine's processor.
void setHostCpu(llvm::Module &module);

/// Adds features to every function's own, or takes them away (CompileJob.features).
std::optional<Failure> setFeatures(llvm::Module &module, llvm::StringRef features);

/// A machine pass, for right after instruction selection, that makes every call of CallForm::indirect read
/// the table.
llvm::Pass *createGotCallsPass();

/// While it lives, assemblers that are made pad calls so that none crosses a multiple of 32 bytes, or, not
/// wanted, don't. LLVM has this as options of the process only; so one assembler is made at a time.
class AlignedCalls {
public:
  explicit AlignedCalls(bool isWanted);
  ~AlignedCalls();
  AlignedCalls(const AlignedCalls &) = delete;
  AlignedCalls &operator=(const AlignedCalls &) = delete;

private:
  std::lock_guard<std::mutex> guard_;
  const bool isWanted_;
};

/// Moves the fixed stack slots of a function to the top of its entry block, where they have to stay if that
/// block is split.
void gatherStackSlots(llvm::Function &function);

/// Keeps the vectoriser from loops in which memory is taken from the stack: that of LLVM 22 takes it once for
/// all rounds that it puts together. Such code is wrong, also clang's, `-O3 -march=x86-64-v4`.
void keepStackLoopsScalar(llvm::Function &function);

/// Puts an entry counter into each function that can bear one.
void insertCounters(llvm::Module &module);

} // namespace tierlink
