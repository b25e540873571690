// Compile threads of one compiler handle, and the way of their results back to the JS thread.
#pragma once

#include "llvm_interface.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <vector>

namespace tierlink {

/// CompileOutcome of src/native/contract.ts.
struct CompileOutcome {
  std::variant<ObjectBytes, Failure> result;
  int64_t queuedNs = 0;
  int64_t compileNs = 0;
};

/// First in, first out; threads start when there is work for them. Every submitted job gets exactly one
/// outcome.
class CompilePool {
public:
  /// Called with each outcome, on a compile thread (on the caller's for jobs that stop() drops).
  using Deliver = std::function<void(void *token, CompileOutcome outcome)>;

  CompilePool(unsigned maxThreads, Deliver deliver);
  ~CompilePool();
  CompilePool(const CompilePool &) = delete;
  CompilePool &operator=(const CompilePool &) = delete;

  /// `token` comes back with the outcome. False after stop().
  bool submit(CompileJob job, void *token);

  /// Jobs that wait for a thread go back as cancelled; returns when the running ones are done. Idempotent.
  void stop();

private:
  using Clock = std::chrono::steady_clock;

  struct Queued {
    CompileJob job;
    void *token;
    Clock::time_point since;
  };

  bool startThread();
  void work();

  const unsigned maxThreads_;
  const Deliver deliver_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Queued> queue_;
  std::vector<pthread_t> threads_;
  unsigned idle_ = 0;
  bool isStopping_ = false;
};

} // namespace tierlink
