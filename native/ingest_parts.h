// The steps of ingest, in the order in which they run, and what they hand on to each other.
#pragma once

#include "llvm_guard.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tierlink {

enum class Binding { strong, weak, common, fallback };

/// What a function or variable was before it was made canonical.
struct Origin {
  std::string sourceName;
  Binding binding = Binding::strong;
  bool promoted = false;
  /// A variable that had to stay with the code (label tables).
  bool placedWithCode = false;
};

struct AliasFact {
  std::string name;
  /// Kept in the module while ingest runs, so that it can be named at the end.
  llvm::GlobalValue *target;
  int64_t offset;
  Binding binding;
};

struct IfuncFact {
  llvm::Function *placeholder;
  llvm::Function *resolver;
};

struct StructorFact {
  llvm::GlobalValue *function;
  uint64_t priority;
};

/// One module on its way through the steps.
struct IngestState {
  IngestState(llvm::Module &module, unsigned moduleId) : module(module), moduleId(moduleId) {}

  llvm::Module &module;
  unsigned moduleId;
  llvm::DenseMap<const llvm::GlobalValue *, Origin> origins;
  std::vector<AliasFact> aliases;
  std::vector<IfuncFact> ifuncs;
  std::vector<StructorFact> constructors;
  std::vector<StructorFact> destructors;
  /// Reason why the module must never be recompiled; the first one found.
  std::string pinned;
  /// Reason why its functions can't be compiled one by one; the first one found. A pinned module needs none.
  std::string whole;
  /// True when an initialiser holds a difference of addresses: a copy of its value elsewhere means nothing.
  bool distances = false;
  /// True when no body was read yet: what uses a symbol is not known then.
  bool unread = false;

  void pin(std::string reason) {
    if (pinned.empty())
      pinned = std::move(reason);
  }

  void keepWhole(std::string reason) {
    if (whole.empty())
      whole = std::move(reason);
  }
};

/// Before the steps: takes coroutines apart, so that their frames and what goes on with them are the same at
/// every tier.
void splitCoroutines(llvm::Module &module);

/// Before the steps: whether variables hold labels. They are taken for constants if nothing writes to them,
/// which only the bodies tell.
bool hasLabelVariables(const llvm::Module &module);

/// Step 1: drops what only steers a static linker (llvm.used, comdats, linker options), sets the module flags
/// that the one target needs, and gives escaped names ("\01name") their plain form.
std::optional<Failure> cleanModule(IngestState &state);

/// Step 2: replaces aliases and ifuncs by what they stand for.
std::optional<Failure> resolveAliases(IngestState &state);

/// Step 3: gives every function and variable external linkage under a name that is unique in the process, so
/// that any unit may refer to it, and every definition a linkage that keeps it in the object.
std::optional<Failure> promoteSymbols(IngestState &state);

/// Step 4: takes llvm.global_ctors and llvm.global_dtors out of the module.
void takeStructors(IngestState &state);

/// Steps 1 to 4.
std::optional<Failure> makeCanonical(IngestState &state);

/// Step 5: moves the definitions of variables into a module of their own; null if there are none.
std::unique_ptr<llvm::Module> splitData(IngestState &state);

/// The same, when the data module exists already.
void dropData(IngestState &state);

/// Step 6: finds functions that can't be compiled without others of their module.
void findTies(IngestState &state);

/// Step 7: the ModuleSummary as JSON. `data` as returned by splitData. `bodyBytes`: sizes of the bodies that
/// were not read, in their order.
std::string summarise(const IngestState &state, const llvm::Module *data, std::vector<size_t> bodyBytes);

/// Step 8: removes declarations that nothing in the code refers to (any more).
void dropUnusedDeclarations(llvm::Module &module);

} // namespace tierlink
