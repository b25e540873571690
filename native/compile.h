// Compiles one canonical module, or some of its functions, to an ELF object in memory.
#pragma once

#include "llvm_interface.h"

#include <memory>
#include <variant>

namespace tierlink {

std::unique_ptr<CompilerState> createCompilerState();

/// Runs the job on this thread, guarded: any error or crash of LLVM is a Failure, and leaves `state` fit for
/// the next.
std::variant<Compiled, Failure> compile(const CompileJob &job, CompilerState &state, const OnChosen &chosen);

} // namespace tierlink
