// Job: tells who takes something out of a shared structure when nobody can be reading it any more.
#pragma once

#include <atomic>
#include <cstdint>

namespace tierlink {

// Readers come and go without waiting, also in signal handlers: a stay is two atomic additions. A writer, one
// at a time, makes the thing unreachable with a sequentially consistent store, then waits in `drain`.
//
// Safe because a reader announces itself before it loads the first pointer. All four accesses (announcement,
// load of the pointer, store that unlinks, load of the count) are sequentially consistent: so either the
// reader loads what the store left, or the writer, who loads the count after its store, finds the reader
// announced and waits. The count's release and acquire order the reader's last access before the reuse. Each
// of the two counts has to be seen at zero once, at any time after the store. That there are two only keeps
// new readers from holding the writer up.
class ReaderGate {
  struct Counts {
    std::atomic<uint32_t> open{0}; // the one that new readers use
    struct alignas(64) {
      std::atomic<uint32_t> readers{0};
    } side[2];
  };

public:
  class Stay {
  public:
    explicit Stay(ReaderGate &gate) : readers_(gate.open()) {
      readers_.fetch_add(1, std::memory_order_seq_cst);
    }
    ~Stay() { readers_.fetch_sub(1, std::memory_order_release); }
    Stay(const Stay &) = delete;
    Stay &operator=(const Stay &) = delete;

  private:
    std::atomic<uint32_t> &readers_;
  };

  // Returns when everyone who stayed at the time of the call has left. Not from within a stay.
  void drain();
  // True if `drain` would return at once.
  bool idle() const;
  // In a child made by fork: those who stayed are threads of the parent.
  void startAnew();

private:
  std::atomic<uint32_t> &open() {
    Counts &counts = *current_.load(std::memory_order_acquire);
    return counts.side[counts.open.load(std::memory_order_relaxed)].readers;
  }

  Counts counts_[2];
  std::atomic<Counts *> current_{&counts_[0]};
};

} // namespace tierlink
