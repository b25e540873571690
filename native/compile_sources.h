// The modules that bodies to be inlined are taken from: that of the functions that are compiled, and those
// that the job offers for names that it knows to lead there.
#pragma once

#include "compile_modules.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <vector>

namespace tierlink {

class ImportSources {
public:
  /// All three have to outlive this.
  ImportSources(Workspace &workspace, LazyModule &home, const CompileJob &job);

  /// The definition that calls of this function lead to, its body not read; null if it may not be taken from
  /// there.
  llvm::Function *definitionOf(llvm::Function &callee);

  /// Whether it is of the job's own module.
  bool isOwn(const llvm::Function &function) const { return function.getParent() == &home_.module(); }

  /// Reads the body of a definition.
  std::optional<Failure> read(llvm::Function &function) { return ownerOf(function).read(function); }

  /// The function that stands for this in a profile of the caller, its body not read; null if it may not be
  /// taken from where it is.
  llvm::Function *target(const llvm::Function &caller, uint64_t nameHash);

  /// Positions, among those that the job offers, of the modules that these functions are of; the job's own
  /// module has none.
  std::vector<unsigned> positionsOf(llvm::ArrayRef<llvm::Function *> functions) const;

private:
  struct Name {
    const ImportSource *source;
    llvm::StringRef name;
  };

  const Name *named(uint64_t nameHash);
  LazyModule *load(const ImportSource &source);
  LazyModule &ownerOf(const llvm::Function &function) const;

  Workspace &workspace_;
  LazyModule &home_;
  const CompileJob &job_;
  /// Those that were needed; null: it can't be read.
  llvm::DenseMap<const ImportSource *, LazyModule *> loaded_;
  llvm::DenseMap<const llvm::Module *, LazyModule *> owners_;
  /// What the job offers, by MD5; made when a target is asked for that is not of its caller's module.
  llvm::DenseMap<uint64_t, Name> byHash_;
};

} // namespace tierlink
