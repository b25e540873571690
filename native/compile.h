// Compiles one canonical module to an ELF object in memory.
#pragma once

#include "llvm_guard.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"

#include <string>
#include <variant>
#include <vector>

namespace tierlink {

/// How calls leave a function.
enum class CallForm {
  direct,    // call f
  indirect,  // call *f@GOTPCREL(%rip)
  patchable, // call f, whose displacement never crosses a cache line
};

/// CompileJob of src/native/contract.ts.
struct CompileJob {
  std::string bitcode;
  bool isData = false;
  std::string passes;
  int codegenLevel = 0;
  bool hostCpu = false;
  CallForm calls = CallForm::direct;
  bool counters = false;
  std::vector<std::string> near;
};

using ObjectBytes = llvm::SmallVector<char, 0>;

/// Runs the job on this thread, in a context of its own and guarded: any error or crash of LLVM is a Failure.
std::variant<ObjectBytes, Failure> compile(const CompileJob &job);

} // namespace tierlink
