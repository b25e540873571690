// Job: one-instruction stores of call displacements, and the barrier after them.
#include "patching.h"

#include <cerrno>
#include <cstring>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine_state.h"
#include "thread_record.h"

namespace tierlink {
namespace {

constexpr uintptr_t cacheLineBytes = 64;

} // namespace

bool patchCalls(const Engine &engine, std::span<const CallPatch> patches, std::string &failure) {
  for (const CallPatch &patch : patches) {
    if (!engine.covers(patch.place, sizeof(int32_t))) {
      failure = "a call to patch lies outside the engine's memory";
      return false;
    }
    if (patch.place % cacheLineBytes > cacheLineBytes - sizeof(int32_t)) {
      failure = "a displacement to patch crosses a cache line";
      return false;
    }
  }
  // Not while the child of a fork copies the code: it may have the target's memory, still empty, already.
  std::lock_guard<std::mutex> guard(Threads::lock());
  for (const CallPatch &patch : patches) {
    uint8_t *writable = engine.writable(patch.place, sizeof(int32_t));
    // Safe because the four bytes lie in one cache line: the processor stores and fetches them whole, so a
    // thread that executes the call reaches the old target or the new one. In assembly because the place is
    // not aligned, which a C++ atomic would have to be.
    asm volatile("movl %1, %0" : "=m"(*reinterpret_cast<uint32_t(*)>(writable)) : "r"(patch.displacement));
  }
  return true;
}

bool syncCore(std::string &failure) {
  // Registered at the first use: the kernel then knows that this process needs it.
  static const bool registered =
      syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0;
  if (registered && syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0)
    return true;
  failure = std::string("membarrier(PRIVATE_EXPEDITED_SYNC_CORE): ") + std::strerror(errno);
  return false;
}

} // namespace tierlink
