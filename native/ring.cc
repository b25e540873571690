// Job: pushes and takes requests without a lock, and wakes the consumer without losing a wake-up.
#include "ring.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <sys/eventfd.h>
#include <unistd.h>

namespace tierlink {
namespace {

// How many more entries a function makes before it asks again when the ring was full.
constexpr int32_t retryAfterEntries = 1000;
constexpr int32_t askAgainAfterEntries = 1 << 20;

} // namespace

Ring::Ring() : cells_(new Cell[capacity]), wakeFd_(eventfd(0, EFD_CLOEXEC)) {
  for (uint32_t i = 0; i < capacity; ++i)
    cells_[i].turn.store(i, std::memory_order_relaxed);
}

Ring::~Ring() {
  if (wakeFd_ >= 0)
    close(wakeFd_);
}

void Ring::widen(uintptr_t start, uintptr_t end) {
  lowest_.store(std::min(start, lowest_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
  highest_.store(std::max(end, highest_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
}

void Ring::request(int32_t *counter) {
  const int savedErrno = errno;
  const auto address = reinterpret_cast<uintptr_t>(counter);
  if (address < lowest_.load(std::memory_order_relaxed) ||
      address >= highest_.load(std::memory_order_relaxed)) {
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
  if (push(address)) {
    wake();
  } else {
    cell.store(retryAfterEntries, std::memory_order_relaxed);
    lost_.fetch_add(1, std::memory_order_relaxed);
  }
  errno = savedErrno;
}

// A claimed cell that isn't filled yet (its producer was preempted, or interrupted by a signal handler that
// pushes itself) stops only the consumer, never another producer: that is what keeps this async-signal-safe.
bool Ring::push(uintptr_t counter) {
  uint32_t position = tail_.load(std::memory_order_relaxed);
  for (;;) {
    Cell &cell = cells_[position % capacity];
    const int32_t ahead = static_cast<int32_t>(cell.turn.load(std::memory_order_acquire) - position);
    if (ahead < 0)
      return false; // still holds the request of one lap ago
    if (ahead > 0) {
      position = tail_.load(std::memory_order_relaxed); // someone else has taken it
      continue;
    }
    if (tail_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
      cell.counter = counter;
      cell.turn.store(position + 1, std::memory_order_release);
      return true;
    }
  }
}

// No wake-up is lost. A producer fills its cell, then exchanges the flag; the consumer clears the flag, then
// reads.
//
// If the exchange gave false, this producer writes the eventfd, so a take() follows.
//
// If it gave true, whoever set the flag wrote (or is about to write) the eventfd. The take() that answers
// clears the flag after this exchange, in the flag's modification order; so its exchange synchronises with
// ours, and it sees our cell filled.
//
// take() may stop before our cell at an earlier one, claimed but not filled. That one's producer will
// exchange the flag after filling, thus after that clear, so one of the two cases brings a later take(),
// which sees both.
//
// All of these are read-modify-writes of one flag and so have one order; no fence is needed. After fork the
// child shares the eventfd: its writes only make the parent look once too often.
void Ring::wake() {
  if (wakePending_.exchange(true, std::memory_order_acq_rel))
    return;
  writeWake();
}

void Ring::rewake() {
  if (wakePending_.load(std::memory_order_acquire))
    writeWake();
}

void Ring::writeWake() {
  const uint64_t one = 1;
  // Cannot block: the counter would need 2^64 - 2 unread wakes. An interrupted write has written nothing.
  while (write(wakeFd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

std::vector<uint64_t> Ring::take() {
  wakePending_.exchange(false, std::memory_order_acq_rel);
  std::vector<uint64_t> counters;
  for (;;) {
    Cell &cell = cells_[head_ % capacity];
    if (cell.turn.load(std::memory_order_acquire) != head_ + 1)
      return counters;
    counters.push_back(cell.counter);
    cell.turn.store(head_ + capacity, std::memory_order_release);
    ++head_;
  }
}

} // namespace tierlink

extern "C" void __tierlink_hot(int32_t *counter, tierlink::Ring *ring) { ring->request(counter); }
