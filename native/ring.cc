// Job: answers counters that have run down, and keeps strangers' cells alone.
#include "ring.h"

#include <algorithm>
#include <sys/eventfd.h>
#include <unistd.h>

namespace tierlink {
namespace {

// How many more entries a function makes before it asks again when the ring was full.
constexpr int32_t retryAfterEntries = 1000;
constexpr int32_t askAgainAfterEntries = 1 << 20;

} // namespace

WakeEvent::WakeEvent() : fd(eventfd(0, EFD_CLOEXEC)) {}

WakeEvent::~WakeEvent() {
  if (fd >= 0)
    close(fd);
}

void Ring::widen(uintptr_t start, uintptr_t end) {
  lowest_.store(std::min(start, lowest_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
  highest_.store(std::max(end, highest_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
}

void Ring::request(int32_t *counter) {
  const auto address = reinterpret_cast<uintptr_t>(counter);
  if (!reaches(address)) {
    // Not a counter of this engine. Leave the cell alone; it may be anything.
    lost_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  // Safe because compiled code only decrements the cell, with plain aligned 4-byte accesses: a lost decrement
  // or a second request by a racing thread is harmless, and the consumer drops duplicates.
  std::atomic_ref<int32_t> cell(*counter);
  // Seldom from now on, but not never: whoever answers arms the cell anew, and a decrement that was under way
  // at that moment may overwrite it with what was there before.
  cell.store(askAgainAfterEntries, std::memory_order_relaxed);
  if (counters_.push(address))
    return;
  cell.store(retryAfterEntries, std::memory_order_relaxed);
  lost_.fetch_add(1, std::memory_order_relaxed);
}

uintptr_t Ring::reached(LoopCell *cell) {
  const auto address = reinterpret_cast<uintptr_t>(cell);
  if (!reaches(address)) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    return 0;
  }
  // Safe because both words are aligned, and control and compiled code access them as whole words only. An
  // arrival that is lost to a race delays what follows by one.
  std::atomic_ref<uint64_t> code(cell->code);
  std::atomic_ref<uint64_t> count(cell->count);
  uint64_t seen = code.load(std::memory_order_acquire);
  if ((seen & 1) == 0)
    return static_cast<uintptr_t>(seen);
  const uint64_t left = count.load(std::memory_order_relaxed);
  if (left > 1) {
    count.store(left - 1, std::memory_order_relaxed);
    return 0;
  }
  if (seen != 1)
    return static_cast<uintptr_t>(seen - 1);
  // Whoever clears it asks. If control stored something else meanwhile, that stands.
  if (!code.compare_exchange_strong(seen, 0, std::memory_order_acq_rel))
    return (seen & 1) == 0 ? static_cast<uintptr_t>(seen) : 0;
  if (counters_.push(address))
    return 0;
  count.store(retryAfterEntries, std::memory_order_relaxed);
  uint64_t cleared = 0;
  code.compare_exchange_strong(cleared, 1, std::memory_order_release);
  lost_.fetch_add(1, std::memory_order_relaxed);
  return 0;
}

} // namespace tierlink

extern "C" void __tierlink_hot(int32_t *counter, tierlink::Ring *ring) { ring->request(counter); }

extern "C" uintptr_t __tierlink_reached(tierlink::LoopCell *cell, tierlink::Ring *ring) {
  return ring->reached(cell);
}
