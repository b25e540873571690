// Job: threads that libraries make by themselves, in which they may call the program back.
#pragma once

#include <set>

namespace tierlink {

// Any address in each library that is loaded now.
std::set<const void *> loadedLibraries();

// From now on the threads that a library makes are known to the engine from whose code they are made: its old
// code is not reclaimed under them. They don't count as inside, as they may wait for ever. The same for
// libraries that came with it. `handle` is what dlopen gave, `before` what was loaded before.
void watchThreadsOf(void *handle, const std::set<const void *> &before);

} // namespace tierlink
