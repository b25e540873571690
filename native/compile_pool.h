// Compile threads of one compiler handle, the queue before them, and the way of results back.
#pragma once

#include "llvm_interface.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <pthread.h>
#include <unordered_map>
#include <vector>

namespace tierlink {

/// CompileOutcome of src/native/contract.ts.
struct CompileOutcome {
  std::variant<Compiled, Failure> result;
  int64_t queuedNs = 0;
  int64_t compileNs = 0;
};

/// JobPriority of src/native/contract.ts.
struct JobPriority {
  /// The program waits for it, or soon will. All others are optimising.
  bool isLazy = false;
  double heat = 0;
};

/// Lazy jobs go first, then optimising ones; of each the hottest first. Of several threads one never takes an
/// optimising job, so that a lazy one waits for no more than one running job. Threads start when there is
/// work for them. Every submitted job gets exactly one outcome.
class CompilePool {
public:
  using JobId = uint64_t;
  /// Called with what a job has chosen, if it does, before its outcome; on a compile thread.
  using Tell = std::function<void(void *token, Choice choice)>;
  /// Called with each outcome, on a compile thread, or on the caller's for jobs that are dropped.
  using Deliver = std::function<void(void *token, CompileOutcome outcome)>;
  /// Called once after stopSoon, when no thread will deliver any more; on the last thread, or on the
  /// caller's.
  using Ended = std::function<void()>;

  /// Of the optimising jobs that wait, no more than `maxOptimising` are kept.
  CompilePool(unsigned maxThreads, size_t maxOptimising, Tell tell, Deliver deliver, Ended ended);
  ~CompilePool();
  CompilePool(const CompilePool &) = delete;
  CompilePool &operator=(const CompilePool &) = delete;

  /// `token` comes back with the outcome. Where the queue is full the coldest job is dropped, which may be
  /// this one; jobs of infinite heat are not. Nothing after a stop, or when no thread can be made.
  std::optional<JobId> submit(CompileJob job, JobPriority priority, void *token);

  /// Drops a job that waits. False if it does not, any more.
  bool cancel(JobId id);

  /// Moves a job that waits. False if it does not, any more.
  bool move(JobId id, JobPriority priority);

  /// Drops all jobs that wait, and ends each thread after the job it is at. Does not wait. Idempotent.
  void stopSoon();

  /// The same, and returns when the threads have ended.
  void stop();

  /// Runs a job on this thread, guarded like any other; not after a stop.
  CompileOutcome compileHere(const CompileJob &job, const OnChosen &chosen = {});

  /// Drops what is kept of this bitcode.
  void forget(const SharedBitcode &bitcode);

private:
  using Clock = std::chrono::steady_clock;

  struct Place {
    JobPriority priority;
    JobId id;
    bool operator<(const Place &other) const;
  };
  struct Waiting {
    CompileJob job;
    void *token;
    Clock::time_point since;
  };
  using Queue = std::map<Place, Waiting>;

  std::variant<Compiled, Failure> compile(const CompileJob &job, const OnChosen &chosen);
  bool startThread();
  void work();
  bool canTake() const;
  unsigned startable() const;
  Waiting take(Queue::iterator at);
  std::optional<Waiting> overflow();
  void drop(const Waiting &waiting, const char *reason);

  const unsigned maxThreads_;
  const unsigned maxAtOptimising_;
  const size_t maxOptimising_;
  const Tell tell_;
  const Deliver deliver_;
  const Ended ended_;
  std::mutex mutex_;
  /// Made by the first job.
  std::unique_ptr<CompilerState> state_;
  std::condition_variable wake_;
  Queue queue_;
  std::unordered_map<JobId, Queue::iterator> places_;
  JobId lastId_ = 0;
  size_t lazyWaiting_ = 0;
  std::vector<pthread_t> threads_;
  unsigned living_ = 0;
  unsigned idle_ = 0;
  unsigned atOptimising_ = 0;
  bool isStopping_ = false;
};

} // namespace tierlink
