// Bounds the memory that LLVM's readers may take.
#pragma once

#include <cstddef>

namespace tierlink {

/// While it lives, LLVM may allocate so many bytes in total on this thread. One byte more ends the
/// runGuarded that the thread is in, which then returns the reason. What other threads allocate, and what the
/// process allocates outside LLVM, is not counted.
class AllocationBudget {
public:
  explicit AllocationBudget(size_t bytes);
  ~AllocationBudget();
  AllocationBudget(const AllocationBudget &) = delete;
  AllocationBudget &operator=(const AllocationBudget &) = delete;
};

} // namespace tierlink
