// Job: what the kernel tells of a thread that waits in a system call.
#pragma once

#include <array>
#include <cstdint>
#include <sys/types.h>

namespace tierlink {

// A thread as the kernel saw it at one moment. Two equal ones mean that it ran nothing in between: it counts
// the times that it gave up the processor, willingly or not, and it can't come to run and stop again without
// one of the two.
struct BlockedThread {
  enum class State : uint8_t { Blocked, Running, Unknown };

  static BlockedThread look(pid_t tid);

  State state = State::Unknown;
  long systemCall = -1;
  std::array<uintptr_t, 6> arguments{};
  uintptr_t stackPointer = 0;
  uintptr_t programCounter = 0;
  uint64_t switches = 0;

  bool operator==(const BlockedThread &) const = default;
};

// Whether a thread blocks a signal; true if it is gone.
bool blocksSignal(pid_t tid, int signal);

} // namespace tierlink
