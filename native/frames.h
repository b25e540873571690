// Job: unwind information of compiled code, told to the unwinder and taken back.
//
// libgcc asks `_Unwind_Find_FDE` for each frame it unwinds. libgcc 12 searches what __register_frame was
// given one by one, and takes it back as slowly. So libgcc's own calls of that function are led here
// (got_redirect.h): what compiled code is asked about comes from an index, everything else from the function
// it would have called.
//
// What `remove` promises is that no search of the index still reads the table. The entry that a search
// returned is read by the unwinder afterwards: safe because the code it describes is then on that thread's
// stack, so the thread is inside the engine, and control takes a version's tables back only when none is
// (I5).
#pragma once

#include <cstdint>
#include <string>

#include "frame_table.h"

namespace tierlink {

struct Frames {
  // Registers an .eh_frame section for functions within `code`. False, and why in `failure`, if it is
  // damaged, registered already, or if its code overlaps that of another one.
  static bool add(AddressRange section, AddressRange code, std::string &failure);
  // By the section's start. False if it isn't registered: the unwinder itself would abort the process.
  static bool remove(uintptr_t section);
  // Takes back every section that begins in memory which is about to be unmapped, or the next exception in
  // the process would read it.
  static void removeWithin(AddressRange memory);
  // The start of the function that the unwinder finds around an address, null if it finds none.
  static uintptr_t functionAround(uintptr_t address);
  // Whether the unwinder asks the index. If it can't be led there (another libgcc), or the environment has
  // TIERLINK_UNWIND=libgcc, tables are given to __register_frame.
  static bool indexed();
  // Around a fork, on the thread that forks.
  static void beforeFork();
  static void afterFork(bool isChild);
};

} // namespace tierlink
