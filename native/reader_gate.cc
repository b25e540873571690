// Job: the waiting side of the gate.
#include "reader_gate.h"

#include <sched.h>

namespace tierlink {

void ReaderGate::drain() {
  Counts &counts = *current_.load(std::memory_order_acquire);
  for (uint32_t side : {0u, 1u}) {
    counts.open.store(1 - side, std::memory_order_relaxed);
    // A reader stays for well below a microsecond, unless the kernel took its processor away meanwhile.
    while (counts.side[side].readers.load(std::memory_order_seq_cst) != 0)
      sched_yield();
  }
}

bool ReaderGate::idle() const {
  const Counts &counts = *current_.load(std::memory_order_acquire);
  return counts.side[0].readers.load(std::memory_order_seq_cst) == 0 &&
         counts.side[1].readers.load(std::memory_order_seq_cst) == 0;
}

void ReaderGate::startAnew() {
  // The other set, so that a handler which forked inside a stay does not count the new one down.
  Counts &fresh = current_.load(std::memory_order_relaxed) == &counts_[0] ? counts_[1] : counts_[0];
  for (auto &side : fresh.side)
    side.readers.store(0, std::memory_order_relaxed);
  current_.store(&fresh, std::memory_order_release);
}

} // namespace tierlink
