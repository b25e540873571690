// Job: calls of functions that are not compiled yet: how a thread asks for one, waits for it, or is told that
// there is none.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "request_queue.h"
#include "uncompiled_function.h"

namespace tierlink {

class Engine;
struct ThreadRecord;

// Control that runs on a thread which itself calls compiled code, and so can't be waited for there.
class InlineControl {
public:
  virtual ~InlineControl() = default;
  // Compiles the function of a slot, or all for 0. Null, or what went wrong.
  virtual std::shared_ptr<const LazyFailure> compile(uintptr_t slot) = 0;
};

// Those of one engine.
//
// A thread that waits holds nothing, so it may be interrupted by a signal handler that waits itself, and be
// left by longjmp. What wakes it is one word, the epoch: it reads the epoch, looks whether it has what it
// waits for, and sleeps only while the epoch is still that one.
class LazyCalls {
public:
  LazyCalls(Engine &engine, int wakeFd) : engine_(engine), requests_(capacity, wakeFd) {}
  ~LazyCalls();
  LazyCalls(const LazyCalls &) = delete;
  LazyCalls &operator=(const LazyCalls &) = delete;

  static constexpr uint32_t capacity = 1024;
  // Asks for all functions instead of one.
  static constexpr uintptr_t everything = 0;

  // --- on any thread; async-signal-safe but for what is thrown
  // The code of a slot that held this entry. Throws FunctionUncompiled.
  const void *call(const void *slot, const void *entry);
  // If the function's canonical entry leads to a lazy one, compiles it if that can be done.
  void prepare(const void *function);
  // Compiles all functions if that can be done, before a fork: the child has no control.
  void completeAll();

  // --- control, on one thread
  std::vector<uint64_t> take() { return requests_.take(); }
  // After slots were stored. `isSomeLeft`: slots hold lazy entries still.
  void settle(bool isSomeLeft);
  // Those who asked for this slot before now are told why they don't get it; the next ones ask again.
  void fail(uintptr_t slot, LazyFailure failure);
  // The same for all who wait for a function.
  void failAll(LazyFailure failure);
  void rewake() { requests_.rewake(); }
  // From now on calls on this thread are served by `control`; null: they wait like others.
  void serveHere(std::shared_ptr<InlineControl> control);
  // Nobody will answer any more. Calls from JS fail; threads of a program wait for ever, as the process lives
  // on.
  void end();

  // True if threads are inside, and each of them waits here for a call from JS. From any thread.
  bool allInsideWait();

private:
  class Waiting;
  struct Failed {
    const Failed *next;
    uint64_t sequence;
    uintptr_t slot; // `everything`: see isOfAll
    bool isOfAll;
    std::shared_ptr<const LazyFailure> failure;
  };

  template <class Done> std::shared_ptr<const LazyFailure> await(uintptr_t slot, Done isDone);
  std::shared_ptr<const LazyFailure> serve(uintptr_t slot, ThreadRecord &thread);
  std::shared_ptr<const LazyFailure> failureSince(uint64_t sequence, uintptr_t slot) const;
  void add(uintptr_t slot, bool isOfAll, LazyFailure failure);
  void dropFailures();
  void sleep(uint32_t epoch, bool isShort);
  void wakeAll();

  Engine &engine_;
  RequestQueue requests_;
  std::atomic<uint32_t> epoch_{0};
  std::atomic<uint32_t> completions_{0}; // how often control said that nothing was left
  std::atomic<bool> isSomeLeft_{false};
  std::atomic<bool> ended_{false};
  std::atomic<uint32_t> waiters_{0};
  std::atomic<uint64_t> sequence_{0};           // of the latest failure
  std::atomic<const Failed *> failed_{nullptr}; // latest first

  std::atomic<const ThreadRecord *> inlineThread_{nullptr};
  // On that thread only.
  std::shared_ptr<InlineControl> inlineControl_;
  uint32_t servingDepth_ = 0; // how deep the thread was inside when control was called; 0 if it was not
};

} // namespace tierlink
