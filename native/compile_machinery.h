// What turns a module that is complete into an object: optimiser and code generator of one recipe. To set
// them up takes longer than to compile a small function, so they are kept. Bound to no module and no context;
// one thread at a time.
#pragma once

#include "llvm_interface.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

#include <functional>
#include <memory>
#include <optional>

namespace tierlink {

class Machinery {
public:
  explicit Machinery(const CompileJob &job);
  Machinery(const Machinery &) = delete;
  Machinery &operator=(const Machinery &) = delete;

  /// Whether it does what this job asks for.
  bool fits(const CompileJob &job) const;

  /// Whether it is time for a new one: instruction selection keeps some bytes of each function until it goes.
  bool isWorn() const;

  /// Runs passes ahead of the job's own; what they find out is kept for these.
  void run(llvm::ModulePassManager &passes, llvm::Module &module);

  /// Forgets what passes found out about a module: its profile has another summary, which LLVM does not
  /// notice.
  void forget(llvm::Module &module);

  /// Runs the job's pass pipeline.
  std::optional<Failure> optimise(llvm::Module &module);

  /// Valid until the next call.
  std::variant<llvm::ArrayRef<char>, Failure> generate(llvm::Module &module);

private:
  std::optional<Failure> setUpGenerator();

  const bool isData_;
  const std::string pipeline_;
  const int level_;
  const bool hostCpu_;
  const CallForm calls_;
  const bool split_;
  const std::unique_ptr<llvm::TargetMachine> machine_;

  // In the order in which LLVM wants them to be destroyed: from the last to the first.
  llvm::LoopAnalysisManager loops_;
  llvm::FunctionAnalysisManager functions_;
  llvm::CGSCCAnalysisManager components_;
  llvm::ModuleAnalysisManager modules_;
  llvm::PassBuilder builder_;

  llvm::SmallVector<char, 0> object_;
  llvm::raw_svector_ostream out_{object_};
  llvm::legacy::PassManager generator_;
  bool isSetUp_ = false;
  size_t generatedBytes_ = 0;
};

} // namespace tierlink
