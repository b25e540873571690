// Copies functions of modules that are read lazily into a small module of their own.
#pragma once

#include "compile_modules.h"

#include "llvm/ADT/ArrayRef.h"

#include <memory>
#include <variant>

namespace tierlink {

/// Which functions, and how.
struct ExtractRequest {
  /// Definitions of the new module, in this order.
  llvm::ArrayRef<llvm::Function *> functions;
  /// Further bodies, that are there to be inlined; also of other modules of the same context. All names
  /// differ.
  llvm::ArrayRef<llvm::Function *> imports;
  /// Whether constants come with their values, for the optimiser to fold.
  bool withConstants;
};

/// All bodies have to be read. The new module refers to nothing but itself, its context and metadata.
std::variant<std::unique_ptr<llvm::Module>, Failure> extract(const LazyModule &source,
                                                             const ExtractRequest &request);

} // namespace tierlink
