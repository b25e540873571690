// Which functions of a module belong in one object, and which bodies help to optimise them.
#pragma once

#include "compile_modules.h"
#include "compile_sources.h"

#include "llvm/ADT/SmallVector.h"

#include <variant>
#include <vector>

namespace tierlink {

struct Batch {
  /// The wanted functions, then those that were added; all are read.
  llvm::SmallVector<llvm::Function *, 16> functions;
  /// Possible functions, and functions of other modules, that may well be called soon, but were not added;
  /// the likeliest first.
  std::vector<LikelyCall> likely;
};

/// Adds to the wanted functions those of the possible ones that they call, directly or through each other, in
/// at least half of the cases, as far as branch weights and LLVM's heuristics tell.
std::variant<Batch, Failure> chooseBatch(LazyModule &source, const FunctionSelection &selection);

/// Bodies, apart from the functions' own, that optimising them may want: those marked always_inline, and
/// others, the nearest and smallest first, of `budget` instructions in total. With a profile, those that were
/// called come first, and what indirect calls led to comes, too. No two have one name.
llvm::SmallVector<llvm::Function *, 16> chooseImports(ImportSources &sources,
                                                      llvm::ArrayRef<llvm::Function *> functions,
                                                      unsigned budget, const SharedProfile *profile);

} // namespace tierlink
