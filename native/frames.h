// Job: unwind information of compiled code, told to the unwinder and taken back.
#pragma once

#include <cstdint>

namespace tierlink {

class Arena;

struct Frames {
  // False if this address is registered already (or null).
  static bool add(uintptr_t address);
  // False if it isn't registered: the unwinder itself would abort the process.
  static bool remove(uintptr_t address);
  // Takes back everything in memory that is about to be unmapped, or the next exception in the process would
  // read it.
  static void removeWithin(const Arena &arena);
};

} // namespace tierlink
