// Compiles one canonical module to an ELF object in memory.
#pragma once

#include "llvm_interface.h"

#include <variant>

namespace tierlink {

/// Runs the job on this thread, in a context of its own and guarded: any error or crash of LLVM is a Failure.
std::variant<ObjectBytes, Failure> compile(const CompileJob &job);

} // namespace tierlink
