// Job: the bounded queue through which compiled code asks for a recompile, from any thread or signal handler.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace tierlink {

// Many producers, one consumer. Carries addresses of entry counters.
class Ring {
public:
  static constexpr uint32_t capacity = 8192; // a power of two

  Ring();
  ~Ring();
  Ring(const Ring &) = delete;
  Ring &operator=(const Ring &) = delete;

  // False if the kernel refused the eventfd.
  bool usable() const { return wakeFd_ >= 0; }
  // An eventfd that becomes readable when the consumer has something to do.
  int wakeFd() const { return wakeFd_; }

  // Counters may lie in this range, too. One thread at a time.
  void widen(uintptr_t start, uintptr_t end);

  // Repeats a wake that an earlier reader of the eventfd may have swallowed.
  void rewake();

  // Called by compiled code when a counter has run down. Async-signal-safe and lock-free; keeps errno.
  void request(int32_t *counter);

  // Takes everything that is there, in order. One thread at a time.
  std::vector<uint64_t> take();

  // How many requests did not fit since the ring was made; their counters ask again.
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

private:
  struct Cell {
    std::atomic<uint32_t> turn; // == position: free; == position + 1: filled
    uintptr_t counter;
  };

  bool push(uintptr_t counter);
  void wake();
  void writeWake();

  // Nothing outside is a counter of this engine.
  std::atomic<uintptr_t> lowest_{UINTPTR_MAX};
  std::atomic<uintptr_t> highest_{0};
  std::unique_ptr<Cell[]> cells_;
  int wakeFd_;
  std::atomic<uint64_t> lost_{0};
  alignas(64) std::atomic<uint32_t> tail_{0};
  alignas(64) std::atomic<bool> wakePending_{false};
  uint32_t head_ = 0;
};

} // namespace tierlink

// What compiled code calls when an entry counter reaches zero.
extern "C" void __tierlink_hot(int32_t *counter, tierlink::Ring *ring);
