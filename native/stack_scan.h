// Job: finds out which of some memory ranges the threads inside an engine may still use, without stopping one
// of them for longer than it takes to read its stack, and those of fibers, if there are any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "blocked_thread.h"
#include "fiber_stacks.h"
#include "own_memory.h"

namespace tierlink {

class Engine;
struct ThreadRecord;

// The signal by which a thread is asked for something, and its handler; false if the program has taken it for
// itself.
int threadSignal();
bool listenToThreadSignal();

struct ScanRange {
  uintptr_t begin;
  uintptr_t end;
};

// One scan of all threads inside an engine. Conservative: every word that looks like an address is one.
class StackScan {
public:
  enum class Held : uint8_t {
    Free = 0,      // no thread refers to it
    Referred = 1,  // a register or a word of a stack may point into it, or just behind it
    Undecided = 2, // a thread could not be examined this time
  };

  // `ranges` are sorted by begin and disjoint.
  explicit StackScan(std::vector<ScanRange> ranges);

  // Examines every thread that is inside `engine`, or visits it, and all fibers. A range is Free for good if
  // no slot and no other code led to it when this was called: a thread that enters later can't reach it, and
  // one that was inside had its address in a register or on its stack, or not at all.
  void run(Engine &engine);

  Held held(size_t range) const {
    return undecided_ ? Held::Undecided : Held(held_[range].load(std::memory_order_relaxed));
  }
  // Threads that were examined.
  uint32_t threads() const { return threads_; }
  // The longest time for which a thread was kept from running, in nanoseconds.
  uint64_t longestPauseNs() const { return longestPauseNs_.load(std::memory_order_relaxed); }

  // The examined thread's part, in its signal handler. Async-signal-safe.
  void answer(ThreadRecord &self, const void *context);

private:
  enum class Seen : uint8_t { Done, Running, Unclear };

  // A thread that waits, as it was when its words were read.
  struct Waiting {
    pid_t tid;
    BlockedThread seen;
  };

  void examineThreads(Engine &engine);
  void examineAtOnce(Engine &engine);
  void examineFibers();
  Seen examineBlocked(const ThreadRecord &thread);
  bool examineRunning(ThreadRecord &thread);
  bool markStack(const ThreadRecord &thread, uintptr_t stackPointer);
  bool markBeside(const ThreadRecord &thread, uintptr_t stackPointer);
  void markWords(const void *from, const void *to);
  void mark(uintptr_t word);
  void notePause(uint64_t sinceNs);

  const std::vector<ScanRange> ranges_;
  std::vector<std::atomic<uint8_t>> held_;
  uintptr_t lowest_ = 0;
  uintptr_t highest_ = 0;
  bool undecided_ = false;
  uint32_t threads_ = 0;
  std::atomic<uint64_t> longestPauseNs_{0};

  // Written by the thread that answers, read when `answered_` is seen.
  uintptr_t foreignStack_ = 0; // its stack pointer, if that is not on the thread's own stack
  std::atomic<bool> answered_{false};

  // While there are fibers, all threads are kept where they are until all has been read.
  OwnMemory *memory_ = nullptr; // null: there are none
  const OwnMemory::Each marker_ = [this](const uintptr_t *from, const uintptr_t *to) { markWords(from, to); };
  std::vector<FiberStack> fibers_;
  std::vector<uintptr_t> deadFibers_;
  std::vector<Waiting> waiting_;
  std::atomic<uint32_t> released_{0};
  std::atomic<uint32_t> kept_{0}; // threads that may still look at this scan
};

} // namespace tierlink
