// Job: stores to code that other threads may be executing (I7).
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace tierlink {

class Engine;

// Where the displacement of a call lies, as the program sees it, and what it is to be.
struct CallPatch {
  uintptr_t place;
  int32_t displacement;
};

// Stores each displacement by one instruction through the writable view. False, and nothing stored, if one
// lies outside the engine's memory or crosses a cache line.
bool patchCalls(const Engine &engine, std::span<const CallPatch> patches, std::string &failure);

// Returns when every thread of the process has fetched code anew since the call: afterwards none executes
// what was stored over before. False, with the call that failed, if the kernel can't.
bool syncCore(std::string &failure);

} // namespace tierlink
