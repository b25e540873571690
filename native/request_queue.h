// Job: a bounded queue of words that any thread or signal handler may push to, and that wakes its consumer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace tierlink {

// Many producers, one consumer.
class RequestQueue {
public:
  // `capacity` is a power of two. `wakeFd` is an eventfd, which several queues may share.
  RequestQueue(uint32_t capacity, int wakeFd);

  // False if it is full. Async-signal-safe and lock-free; keeps errno.
  bool push(uintptr_t word);

  // Takes everything that is there, in order. One thread at a time.
  std::vector<uint64_t> take();

  // Repeats a wake that an earlier reader of the eventfd may have swallowed.
  void rewake();

private:
  struct Cell {
    std::atomic<uint32_t> turn; // == position: free; == position + 1: filled
    uintptr_t word;
  };

  bool fill(uintptr_t word);
  void wake();
  void writeWake();

  const uint32_t capacity_;
  const int wakeFd_;
  const std::unique_ptr<Cell[]> cells_;
  alignas(64) std::atomic<uint32_t> tail_{0};
  alignas(64) std::atomic<bool> wakePending_{false};
  uint32_t head_ = 0;
};

} // namespace tierlink
