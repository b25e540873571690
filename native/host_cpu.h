// Which processor this is, found out without LLVM.
#pragma once

#include <string>

namespace tierlink {

/// Vendor, model and a hash of all features that code could be compiled for: where it is the same, so is the
/// code that `hostCpu` gives.
std::string hostCpuIdentity();

} // namespace tierlink
