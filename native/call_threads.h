// Job: threads for asynchronous calls. One that is done waits a while for the next call, as a new thread
// costs more than most calls; there are always as many as there are calls, so that one may wait for another.
#pragma once

#include <string>

namespace tierlink {

class Engine;

struct CallThreads {
  // Runs `job` once on a thread that belongs to nobody. It is counted as inside the engine from now on, and
  // the job must adopt the thread's record and release it. A job that does not return takes its thread along.
  // False, and nothing counted, if the system refuses.
  static bool run(Engine &engine, void (*job)(void *), void *argument, std::string &failure);
};

} // namespace tierlink
