// Job: lets the process end although a JS worker is in compiled code that doesn't return.
#pragma once

#include <cstdint>

namespace tierlink {

// Node waits for its workers when the process exits, also for one that can't be terminated because it runs
// compiled code. If one is inside now, and still, or again, after so many milliseconds, the process is ended
// with this status. False if none is inside now: nothing is watched.
bool watchExit(int status, uint32_t afterMs);

} // namespace tierlink
