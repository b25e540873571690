// Job: makes a thread for an engine as a native program would find it.
#pragma once

#include <cstddef>
#include <string>

namespace tierlink {

class Engine;

constexpr size_t defaultStackBytes = size_t{8} << 20;

// Starts a detached thread with nothing blocked. It is counted as inside the engine from now on, and must
// adopt its ThreadRecord. False, and nothing counted, if the system refuses.
bool startNativeThread(Engine &engine, size_t stackBytes, void *(*body)(void *), void *argument,
                       std::string &failure);

} // namespace tierlink
