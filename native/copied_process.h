// Job: tells whether this process is a copy that was made of the one that loaded the addon.
#pragma once

namespace tierlink {

struct CopiedProcess {
  // Once, before anything else of this file.
  static void prepare();
  // True in a child made by fork, where no other thread exists; false in one made by vfork, which borrows the
  // memory of its parent and finds all its threads there. Async-signal-safe.
  static bool isThis();
};

} // namespace tierlink
