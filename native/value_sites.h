// Job: what instrumented code calls for a value that is not the one it looks for in line.
#pragma once

#include <cstdint>

namespace tierlink {

// One value of a site, and how often it was seen; as src/profile/cells.ts reads it. A site has eight. The
// code counts the first one itself.
struct SeenValue {
  uint64_t value;
  uint64_t count;
};

constexpr int seenValues = 8;

} // namespace tierlink

// Both keep all registers (LLVM's calling convention preserve_most, and more). They neither lock nor
// allocate, so they may be called anywhere, in a signal handler, too.
extern "C" __attribute__((no_caller_saved_registers)) void
__tierlink_profile_target(uint64_t address, tierlink::SeenValue *site);
extern "C" __attribute__((no_caller_saved_registers)) void __tierlink_profile_size(uint64_t size,
                                                                                   tierlink::SeenValue *site);
