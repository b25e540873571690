// Job: functions of libc that take no lock, call nothing, keep nothing and have no frame, so that they can be
// left anywhere.
#pragma once

#include <cstdint>

namespace tierlink {

struct LeafFunctions {
  // Finds out where they are; once, before the first question.
  static void find();
  // Whether an address lies in one of them. Async-signal-safe.
  static bool hold(uintptr_t address);
};

} // namespace tierlink
