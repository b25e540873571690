// Job: pushes and takes words without a lock, and wakes the consumer without losing a wake-up.
#include "request_queue.h"

#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

namespace tierlink {

RequestQueue::RequestQueue(uint32_t capacity, int wakeFd)
    : capacity_(capacity), wakeFd_(wakeFd), cells_(new Cell[capacity]) {
  for (uint32_t i = 0; i < capacity; ++i)
    cells_[i].turn.store(i, std::memory_order_relaxed);
}

bool RequestQueue::push(uintptr_t word) {
  const int savedErrno = errno;
  const bool fits = fill(word);
  if (fits)
    wake();
  errno = savedErrno;
  return fits;
}

// A claimed cell that isn't filled yet (its producer was preempted, or interrupted by a signal handler that
// pushes itself) stops only the consumer, never another producer: that is what keeps this async-signal-safe.
bool RequestQueue::fill(uintptr_t word) {
  uint32_t position = tail_.load(std::memory_order_relaxed);
  for (;;) {
    Cell &cell = cells_[position % capacity_];
    const int32_t ahead = static_cast<int32_t>(cell.turn.load(std::memory_order_acquire) - position);
    if (ahead < 0)
      return false; // still holds the request of one lap ago
    if (ahead > 0) {
      position = tail_.load(std::memory_order_relaxed); // someone else has taken it
      continue;
    }
    if (tail_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed)) {
      cell.word = word;
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
void RequestQueue::wake() {
  if (wakePending_.exchange(true, std::memory_order_acq_rel))
    return;
  writeWake();
}

void RequestQueue::rewake() {
  if (wakePending_.load(std::memory_order_acquire))
    writeWake();
}

void RequestQueue::writeWake() {
  const uint64_t one = 1;
  // Cannot block: the counter would need 2^64 - 2 unread wakes. An interrupted write has written nothing.
  // Not write(), at which a thread that is to be cancelled would end: no function call may be such a point.
  while (syscall(SYS_write, wakeFd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

std::vector<uint64_t> RequestQueue::take() {
  wakePending_.exchange(false, std::memory_order_acq_rel);
  std::vector<uint64_t> words;
  for (;;) {
    Cell &cell = cells_[head_ % capacity_];
    if (cell.turn.load(std::memory_order_acquire) != head_ + 1)
      return words;
    words.push_back(cell.word);
    cell.turn.store(head_ + capacity_, std::memory_order_release);
    ++head_;
  }
}

} // namespace tierlink
