// Job: the requests through which compiled code asks for a recompile, from any thread or signal handler.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "request_queue.h"

namespace tierlink {

// What a poll reads; stubs/loop-cells.ts writes it.
struct LoopCell {
  // 0: the loop goes on. Even: code to leave to at once. Odd: arrivals are counted; at the last one the loop
  // is left to what the other bits say, or, if that is nothing, control is asked.
  uint64_t code;
  // Arrivals left.
  uint64_t count;
};

// The eventfd by which the engine's consumer is woken.
class WakeEvent {
public:
  WakeEvent();
  ~WakeEvent();
  WakeEvent(const WakeEvent &) = delete;
  WakeEvent &operator=(const WakeEvent &) = delete;
  const int fd; // negative if the kernel refused
};

// Carries addresses of entry counters and of cells of loops.
class Ring {
public:
  static constexpr uint32_t capacity = 8192;

  // False if the kernel refused the eventfd.
  bool usable() const { return event_.fd >= 0; }
  // An eventfd that becomes readable when the consumer has something to do.
  int wakeFd() const { return event_.fd; }

  // Counters may lie in this range, too. One thread at a time.
  void widen(uintptr_t start, uintptr_t end);
  // Between the lowest and the highest address of the engine's memory. From any thread.
  bool reaches(uintptr_t address) const {
    return address >= lowest_.load(std::memory_order_relaxed) &&
           address < highest_.load(std::memory_order_relaxed);
  }

  // Repeats a wake that an earlier reader of the eventfd may have swallowed.
  void rewake() { counters_.rewake(); }

  // Called by compiled code when a counter has run down. Async-signal-safe and lock-free; keeps errno.
  void request(int32_t *counter);

  // Called by compiled code at a loop whose cell asks for it: counts an arrival. Returns the code to leave
  // to, or 0. Async-signal-safe and lock-free; keeps errno.
  uintptr_t reached(LoopCell *cell);

  // Takes everything that is there, in order. One thread at a time.
  std::vector<uint64_t> take() { return counters_.take(); }

  // How many requests did not fit since the ring was made; their counters ask again.
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

private:
  const WakeEvent event_;
  RequestQueue counters_{capacity, event_.fd};
  // Nothing outside is a counter of this engine.
  std::atomic<uintptr_t> lowest_{UINTPTR_MAX};
  std::atomic<uintptr_t> highest_{0};
  std::atomic<uint64_t> lost_{0};
};

} // namespace tierlink

// What compiled code calls when an entry counter reaches zero.
extern "C" void __tierlink_hot(int32_t *counter, tierlink::Ring *ring);

// What compiled code calls at a loop whose cell is odd.
extern "C" uintptr_t __tierlink_reached(tierlink::LoopCell *cell, tierlink::Ring *ring);
