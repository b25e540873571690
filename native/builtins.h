// Job: what compilers expect of their own support library and the process does not offer by name.
#pragma once

#include <string>

namespace tierlink {

// Null if it is none of those names, which libgcc and compiler-rt share: the processor's features
// (`__builtin_cpu_supports`, `target_clones`), which libgcc_s hides, and conversions to bfloat, which it has
// from GCC 13.
void *builtinSymbol(const std::string &name);

} // namespace tierlink
