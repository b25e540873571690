// The changes that compile makes to a canonical module before LLVM's own passes see it, or after.
#pragma once

#include "compile.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Module.h"

namespace tierlink {

/// Sets visibility, dso_local and call attributes so that code generation leaves the relocations that the linker
/// wants. Runs after the pass pipeline, which brings library functions of its own into the module.
void markCode(llvm::Module &module, CallForm calls, const llvm::StringSet<> &near);

/// The same for a data module: everything it defines is its object's to export.
void markData(llvm::Module &module);

/// Makes every function use all of this machine's processor.
void setHostCpu(llvm::Module &module);

/// Puts an entry counter into each function that can bear one.
void insertCounters(llvm::Module &module);

} // namespace tierlink
