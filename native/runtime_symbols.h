// Job: the names that compiled code gets from the runtime instead of from the process.
#pragma once

#include <string_view>

namespace tierlink {

class Engine;

// Null if the runtime has no such name.
const void *runtimeSymbol(Engine &engine, std::string_view name);

// Once for the process: what must happen when libc itself ends it.
void prepareExit();

} // namespace tierlink
