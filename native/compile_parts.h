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

/// Puts an entry counter into each function that can bear one.
void insertCounters(llvm::Module &module);

} // namespace tierlink
