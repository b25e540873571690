// Reads modules as they come: text, bitcode, and bitcode without the bodies of its functions.
#pragma once

#include "llvm_interface.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <variant>
#include <vector>

namespace tierlink {

using ReadModule = std::variant<std::unique_ptr<llvm::Module>, Failure>;

/// A module with all that is in it.
ReadModule readWhole(llvm::StringRef bytes, InputFormat format, llvm::StringRef name,
                     llvm::LLVMContext &context);

/// Bitcode without the bodies of its functions. Each is read from `bytes` when it is materialised.
ReadModule readLazily(llvm::StringRef bytes, llvm::StringRef name, llvm::LLVMContext &context);

/// Whether all steps of ingest can do without bodies: the writer was this LLVM, so that nothing needs an
/// upgrade, and there is no debug info, no coroutine and no frame that functions share. `module` as
/// readLazily() returned it.
bool canStayLazy(llvm::StringRef bytes, const llvm::Module &module);

/// Bytes of each body in bitcode, in the order of the functions that have one.
std::vector<size_t> bodyBytes(llvm::StringRef bytes);

/// How much LLVM's readers may allocate for so many bytes of input; see AllocationBudget.
size_t readerBudget(size_t bytes);

} // namespace tierlink
