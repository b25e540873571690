// Job: which stacks there are besides those of threads: the ones of fibers, also called coroutines. What is
// switched away from one lies there alone, so scans must read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tierlink {

class Engine;

struct FiberStack {
  uintptr_t low;
  uintptr_t high;
};

// Those of the process, as a fiber may have frames of several engines. From any thread.
class FiberStacks {
public:
  // Takes the place of those that it overlaps.
  static void add(const Engine *owner, uintptr_t low, size_t bytes);
  static void remove(uintptr_t low);
  // Those that code of an engine made.
  static void forget(const Engine &owner);
  static std::vector<FiberStack> all();
  // How many were ever added. Takes no lock.
  static uint64_t added();
};

} // namespace tierlink
