#include "ingest_threads.h"

#include "blocked_signals.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <numeric>
#include <optional>
#include <pthread.h>

namespace tierlink {
namespace {

/// LLVM recurses over expressions and metadata; the default size follows the user's limits, this doesn't.
constexpr size_t stackBytes = 32U << 20;

class Batch {
public:
  Batch(const LlvmHalf &llvm, std::span<const IngestSource> jobs)
      : llvm_(llvm), jobs_(jobs), order_(jobs.size()), outcomes_(jobs.size()), firstFailed_(jobs.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    // The longest first, so that no thread begins one when the others have ended.
    std::ranges::stable_sort(order_, std::ranges::greater(),
                             [&](size_t job) { return jobs[job].bytes.size(); });
  }

  void work() {
    for (;;) {
      const size_t at = next_.fetch_add(1);
      if (at >= order_.size())
        return;
      const size_t job = order_[at];
      // Nobody will see what becomes of it.
      if (job > firstFailed_)
        continue;
      // Safe because each job is taken by one thread, and read only when all have been joined.
      auto &outcome = outcomes_[job].emplace(llvm_.ingest(jobs_[job]));
      if (std::holds_alternative<Failure>(outcome))
        failed(job);
    }
  }

  std::vector<IngestOutcome> take() {
    std::vector<IngestOutcome> taken;
    const size_t count = std::min<size_t>(firstFailed_ + 1, jobs_.size());
    taken.reserve(count);
    for (auto &outcome : std::span(outcomes_).first(count))
      if (outcome) // Each is, up to the first that failed.
        taken.push_back(std::move(*outcome));
    return taken;
  }

private:
  void failed(size_t job) {
    size_t first = firstFailed_;
    while (job < first && !firstFailed_.compare_exchange_weak(first, job)) {
    }
  }

  const LlvmHalf &llvm_;
  std::span<const IngestSource> jobs_;
  std::vector<size_t> order_;
  std::vector<std::optional<IngestOutcome>> outcomes_;
  std::atomic<size_t> next_ = 0;
  /// It only ever falls, so no job before the last value of it was passed over.
  std::atomic<size_t> firstFailed_;
};

/// Threads that help with a batch until it is done.
class Helpers {
public:
  Helpers(Batch &batch, size_t count) {
    if (count == 0)
      return;
    threads_.reserve(count);
    // A thread inherits the mask of the one that makes it, so that there is no moment without.
    BlockedSignals blocked;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stackBytes);
    const auto main = [](void *batch) -> void * {
      pthread_setname_np(pthread_self(), "tierlink-llvm");
      static_cast<Batch *>(batch)->work();
      return nullptr;
    };
    pthread_t thread{};
    // Where the system gives no more, those that there are do all the work. Safe because the destructor joins
    // them while the batch lives.
    while (threads_.size() < count && pthread_create(&thread, &attributes, main, &batch) == 0)
      threads_.push_back(thread);
    pthread_attr_destroy(&attributes);
  }
  ~Helpers() {
    for (pthread_t thread : threads_)
      pthread_join(thread, nullptr);
  }
  Helpers(const Helpers &) = delete;
  Helpers &operator=(const Helpers &) = delete;

private:
  std::vector<pthread_t> threads_;
};

} // namespace

std::vector<IngestOutcome> ingestAll(const LlvmHalf &llvm, std::span<const IngestSource> jobs,
                                     unsigned threads) {
  if (jobs.empty())
    return {};
  Batch batch(llvm, jobs);
  {
    Helpers helpers(batch, std::min<size_t>(threads, jobs.size()) - 1);
    batch.work();
  }
  return batch.take();
}

} // namespace tierlink
