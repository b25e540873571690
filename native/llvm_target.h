// The one target that tierlink compiles for: x86-64 Linux, position-independent, small code model.
#pragma once

#include "llvm/IR/DataLayout.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

#include <memory>
#include <string>

namespace tierlink {

/// Triple of this process, such as x86_64-pc-linux-gnu.
const llvm::Triple &hostTriple();

/// The data layout that every module must have.
const llvm::DataLayout &hostDataLayout();

/// `target-cpu` and `target-features` of this machine.
struct HostCpu {
  std::string name;
  std::string features;
};
const HostCpu &hostCpu();

/// Whether LLVM knows a feature of this name, without a sign.
bool isTargetFeature(llvm::StringRef name);

/// What LLVM appends to a function's name for the symbol of its cold part, and begins that part's section
/// with.
constexpr llvm::StringLiteral coldSuffix = ".cold";
constexpr llvm::StringLiteral coldSection = ".text.split.";

/// A machine for one job (a TargetMachine is not for several threads).
/// `level` as CompileJob.codegenLevel; `useHostCpu` false means plain x86-64. `split`: what is cold in a
/// function with a profile comes into a section of its own.
std::unique_ptr<llvm::TargetMachine> createTargetMachine(int level, bool useHostCpu, bool split = false);

} // namespace tierlink
