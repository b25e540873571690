// Job: a stack for signal handlers, for a thread that has none.
#pragma once

#include <csignal>
#include <cstddef>
#include <sys/mman.h>

namespace tierlink {

constexpr size_t signalStackBytes = 64ull * 1024;

/// Gives this thread one. Null if it has one, or there is no memory; else whoever calls takes it back and
/// unmaps it.
inline void *takeSignalStack() {
  stack_t current;
  if (sigaltstack(nullptr, &current) != 0 || (current.ss_flags & SS_DISABLE) == 0)
    return nullptr;
  void *memory = mmap(nullptr, signalStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return nullptr;
  stack_t stack = {};
  stack.ss_sp = memory;
  stack.ss_size = signalStackBytes;
  if (sigaltstack(&stack, nullptr) == 0)
    return memory;
  munmap(memory, signalStackBytes);
  return nullptr;
}

} // namespace tierlink
