// Brings tierlink_llvm.so, and libLLVM with it, into the process when something is to be ingested or
// compiled.
#pragma once

#include "llvm_interface.h"

#include <mutex>
#include <variant>

namespace tierlink {

/// From any thread. The first call loads, which takes tens of milliseconds; others wait for it meanwhile. A
/// failure (of kind `missing`; `symbol` is the file's path) is not kept: the next call tries again. It stays
/// loaded until the process ends.
std::variant<const LlvmHalf *, Failure> loadLlvm();

/// Held while the library is being loaded. Who forks holds it too: a child made in the middle of a load would
/// never get the loader's own lock.
std::mutex &llvmLoadLock();

} // namespace tierlink
