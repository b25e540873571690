// Modules of which only those functions are read that somebody asks for, kept between compiles. LLVM's
// objects belong to a context, and a context to one thread at a time: so there are as many as compiles run at
// once, and a compile takes one that knows its module, if it can.
#pragma once

#include "compile.h"
#include "compile_machinery.h"
#include "llvm_guard.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <list>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

namespace tierlink {

/// One module of a workspace.
class LazyModule {
public:
  LazyModule(std::shared_ptr<const SharedBitcode> bitcode, std::unique_ptr<llvm::Module> module);

  llvm::Module &module() const { return *module_; }
  const SharedBitcode &bitcode() const { return *bitcode_; }

  /// The function that this name defines, or null.
  llvm::Function *definition(llvm::StringRef name) const;

  /// The function that this stands for in profiles (MD5 of its name), or null if it is none that is defined
  /// here.
  llvm::Function *definition(uint64_t nameHash);

  /// Reads the function's body, if that hasn't happened yet, and verifies it, if nobody has. What failed once
  /// fails again.
  std::optional<Failure> read(llvm::Function &function);

  /// LLVM's reader stopped halfway: what it would read next may be wrong.
  bool isBroken() const { return isBroken_; }

  /// The function's index in the summary. Only for functions that are defined here.
  unsigned indexOf(const llvm::Function &function) const { return indices_.lookup(&function); }

  /// About what the module takes in memory now.
  size_t bytes() const { return bytes_; }

private:
  std::optional<Failure> readNow(llvm::Function &function);

  // Before the module, which refers to the bytes.
  const std::shared_ptr<const SharedBitcode> bitcode_;
  const std::unique_ptr<llvm::Module> module_;
  llvm::DenseMap<const llvm::Function *, unsigned> indices_;
  /// Made when a profile is used for the first time.
  llvm::DenseMap<uint64_t, llvm::Function *> byHash_;
  /// What became of those that somebody asked for.
  llvm::DenseMap<const llvm::Function *, std::optional<Failure>> read_;
  size_t bytes_;
  bool isBroken_ = false;
  bool hasExpectations_ = false;
};

/// A context with its modules, and machinery: whatever one compile at a time works with.
class Workspace {
public:
  Workspace();
  Workspace(const Workspace &) = delete;
  Workspace &operator=(const Workspace &) = delete;

  llvm::LLVMContext &context() { return context_; }
  Diagnostics &diagnostics() { return diagnostics_; }

  bool has(const SharedBitcode &bitcode) const;

  /// The module, read as far as its functions' bodies. Valid until makeRoom().
  std::variant<LazyModule *, Failure> load(std::shared_ptr<const SharedBitcode> bitcode);

  /// Drops modules, those used last excepted, if all together take too much.
  void makeRoom();

  /// Drops this module, and those whose bitcode is gone.
  void forget(const SharedBitcode *bitcode);

  /// Valid until the next call.
  Machinery &machineryFor(const CompileJob &job);

  /// Drops what machineryFor() returned last.
  void dropMachinery() { machinery_.pop_front(); }

  /// Notes that a compile copied so many instructions, which leaves something in the context for good.
  void addCopied(size_t instructions);

  /// Whether it is time for a new workspace.
  bool isWorn() const;

private:
  llvm::LLVMContext context_;
  Diagnostics diagnostics_;
  /// Last used first.
  std::list<LazyModule> modules_;
  /// Last used first.
  std::list<Machinery> machinery_;
  size_t wornBytes_ = 0;
};

/// The workspaces of one compiler.
class Workspaces {
public:
  /// One that knows the module, if there is one and it is idle; else the one used last, or a new one.
  std::unique_ptr<Workspace> take(const SharedBitcode &bitcode);

  /// For the next compile. A workspace that LLVM crashed in must not come back: it may be in any state, so it
  /// is never touched again, not even to be freed.
  void giveBack(std::unique_ptr<Workspace> workspace);

  void forget(const SharedBitcode &bitcode);

private:
  std::mutex mutex_;
  /// Last used last.
  std::vector<std::unique_ptr<Workspace>> idle_;
};

} // namespace tierlink
