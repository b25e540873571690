// A barrier that all threads of the process execute, so that those who enter compiled code need none.
#pragma once

namespace tierlink {

struct ProcessBarrier {
  // Once, before anything is entered: finds out whether the kernel has it, and registers the process.
  static void prepare();
  // False: entries must fence themselves. Settled by prepare.
  static bool isThere();
  // Executes it; a fence of this thread where the kernel has none.
  static void run();
};

} // namespace tierlink
