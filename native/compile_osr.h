// Both sides of leaving a loop: polls in the code that is left, and the continuation that is entered.
#pragma once

#include "compile_loops.h"
#include "compile_parts.h"

#include <utility>

namespace tierlink {

/// The loops of the functions that a module defines, as they are in canonical IR whose hints are lowered.
/// Made before anything else is changed, so that the lists are the same whatever instruments the code
/// afterwards.
class ModuleLoops {
public:
  explicit ModuleLoops(llvm::Module &module);

  /// Puts a poll at each. `tag` tells the cells of one tier from those of another.
  void insertPolls(llvm::StringRef tag) const;

  /// Null if there is no such loop, or what is alive there is not what the other side passes.
  const LoopPoint *find(llvm::StringRef function, const ContinuationRequest &wanted) const;

private:
  std::vector<std::pair<llvm::Function *, std::vector<LoopPoint>>> functions_;
};

/// Turns the function of a point into its continuation: one with a name of its own, that takes the buffer and
/// goes on at the point. The function itself is left as a declaration.
std::optional<Failure> makeContinuation(const LoopPoint &point);

/// A place in a table of labels is a word: the table's number, shifted by this, and the bytes from its
/// beginning.
constexpr unsigned labelTableShift = 32;

/// How a signature is written in names.
std::string signatureText(const LoopPoint &point);

} // namespace tierlink
