// The threads that compile. They share nothing with each other but the queue: each job has its own LLVM
// context.
#include "compile_pool.h"

#include "blocked_signals.h"
#include "load_llvm.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace tierlink {
namespace {

/// LLVM recurses over expressions and loops; the default size follows the user's limits, this doesn't.
constexpr size_t stackBytes = 32U << 20;

int64_t nanoseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

} // namespace

bool CompilePool::Place::operator<(const Place &other) const {
  if (priority.isLazy != other.priority.isLazy)
    return priority.isLazy;
  if (priority.heat != other.priority.heat)
    return priority.heat > other.priority.heat;
  return id < other.id;
}

CompilePool::CompilePool(unsigned maxThreads, size_t maxOptimising, Tell tell, Deliver deliver, Ended ended)
    : maxThreads_(maxThreads), maxAtOptimising_(std::max(1U, maxThreads - 1)), maxOptimising_(maxOptimising),
      tell_(std::move(tell)), deliver_(std::move(deliver)), ended_(std::move(ended)) {}

CompilePool::~CompilePool() { stop(); }

std::optional<CompilePool::JobId> CompilePool::submit(CompileJob job, JobPriority priority, void *token) {
  std::optional<Waiting> dropped;
  JobId id = 0;
  {
    std::lock_guard lock(mutex_);
    if (isStopping_)
      return std::nullopt;
    id = ++lastId_;
    const auto at = queue_.emplace(Place{priority, id}, Waiting{std::move(job), token, Clock::now()}).first;
    places_.emplace(id, at);
    lazyWaiting_ += priority.isLazy ? 1 : 0;
    if (startable() > idle_ && threads_.size() < maxThreads_ && !startThread() && threads_.empty()) {
      take(at);
      return std::nullopt;
    }
    dropped = overflow();
    wake_.notify_one();
  }
  if (dropped)
    drop(*dropped, "the queue is full");
  return id;
}

bool CompilePool::cancel(JobId id) {
  std::optional<Waiting> cancelled;
  {
    std::lock_guard lock(mutex_);
    const auto found = places_.find(id);
    if (found == places_.end())
      return false;
    cancelled = take(found->second);
  }
  drop(*cancelled, "it is not wanted any more");
  return true;
}

bool CompilePool::move(JobId id, JobPriority priority) {
  std::lock_guard lock(mutex_);
  const auto found = places_.find(id);
  if (found == places_.end())
    return false;
  auto node = queue_.extract(found->second);
  lazyWaiting_ -= node.key().priority.isLazy ? 1 : 0;
  lazyWaiting_ += priority.isLazy ? 1 : 0;
  node.key().priority = priority;
  found->second = queue_.insert(std::move(node)).position;
  // A lazy job may have a thread that an optimising one may not.
  if (startable() > idle_ && threads_.size() < maxThreads_)
    startThread();
  wake_.notify_one();
  return true;
}

void CompilePool::stopSoon() {
  Queue dropped;
  bool isEnd = false;
  {
    std::lock_guard lock(mutex_);
    if (isStopping_)
      return;
    isStopping_ = true;
    dropped.swap(queue_);
    places_.clear();
    lazyWaiting_ = 0;
    ++living_; // this thread, until it has told of what is dropped: the end comes behind all outcomes
    wake_.notify_all();
  }
  for (const auto &[place, waiting] : dropped)
    drop(waiting, "the compiler is destroyed");
  {
    std::lock_guard lock(mutex_);
    isEnd = --living_ == 0;
  }
  if (isEnd)
    ended_();
}

void CompilePool::stop() {
  stopSoon();
  std::vector<pthread_t> threads;
  {
    std::lock_guard lock(mutex_);
    threads.swap(threads_);
  }
  for (pthread_t thread : threads)
    pthread_join(thread, nullptr);
  // Nobody compiles any more.
  state_.reset();
}

bool CompilePool::startThread() {
  // A thread inherits the mask of the one that makes it, so that there is no moment without.
  BlockedSignals blocked;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stackBytes);
  // Safe because stop() joins the thread before the pool goes away.
  const auto main = [](void *self) -> void * {
    static_cast<CompilePool *>(self)->work();
    return nullptr;
  };
  pthread_t thread{};
  const bool isMade = pthread_create(&thread, &attributes, main, this) == 0;
  pthread_attr_destroy(&attributes);
  if (isMade) {
    threads_.push_back(thread);
    ++living_;
  }
  return isMade;
}

std::variant<Compiled, Failure> CompilePool::compile(const CompileJob &job, const OnChosen &chosen) {
  auto loaded = loadLlvm();
  if (auto *failure = std::get_if<Failure>(&loaded))
    return std::move(*failure);
  const LlvmHalf *llvm = std::get<const LlvmHalf *>(loaded);
  CompilerState *state = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (!state_)
      state_ = llvm->createState();
    // Safe because stop() drops it only when no thread compiles any more.
    state = state_.get();
  }
  return llvm->compile(job, *state, chosen);
}

void CompilePool::forget(const SharedBitcode &bitcode) {
  std::lock_guard lock(mutex_);
  if (state_)
    state_->forget(bitcode);
}

void CompilePool::work() {
  pthread_setname_np(pthread_self(), "tierlink-llvm");
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return isStopping_ || canTake(); });
    --idle_;
    if (isStopping_)
      break;
    const unsigned optimising = queue_.begin()->first.priority.isLazy ? 0 : 1;
    Waiting next = take(queue_.begin());
    atOptimising_ += optimising;
    // Whoever sleeps because it may not optimise may now, if this was an optimising thread that takes a lazy
    // job.
    if (canTake())
      wake_.notify_one();
    lock.unlock();
    const auto queued = nanoseconds(Clock::now() - next.since);
    CompileOutcome outcome =
        compileHere(next.job, [&](Choice choice) { tell_(next.token, std::move(choice)); });
    outcome.queuedNs = queued;
    // Before the outcome is seen: who submits when it is finds the bitcode given back.
    next.job = {};
    deliver_(next.token, std::move(outcome));
    lock.lock();
    atOptimising_ -= optimising;
  }
  const bool isLast = --living_ == 0;
  lock.unlock();
  if (isLast)
    ended_();
}

/// What the next job needs: a lazy one any thread, an optimising one a thread of those that may.
bool CompilePool::canTake() const {
  return lazyWaiting_ > 0 || (!queue_.empty() && atOptimising_ < maxAtOptimising_);
}

/// How many of the jobs that wait could start now, if there were threads.
unsigned CompilePool::startable() const {
  const size_t optimising = std::min<size_t>(queue_.size() - lazyWaiting_, maxAtOptimising_ - atOptimising_);
  return static_cast<unsigned>(std::min<size_t>(lazyWaiting_ + optimising, maxThreads_));
}

CompilePool::Waiting CompilePool::take(Queue::iterator at) {
  Waiting waiting = std::move(at->second);
  lazyWaiting_ -= at->first.priority.isLazy ? 1 : 0;
  places_.erase(at->first.id);
  queue_.erase(at);
  return waiting;
}

/// The coldest job, if there are too many.
std::optional<CompilePool::Waiting> CompilePool::overflow() {
  if (queue_.size() - lazyWaiting_ <= maxOptimising_)
    return std::nullopt;
  const auto coldest = std::prev(queue_.end());
  if (std::isinf(coldest->first.priority.heat))
    return std::nullopt;
  return take(coldest);
}

void CompilePool::drop(const Waiting &waiting, const char *reason) {
  deliver_(waiting.token, {Failure{"cancelled", reason, ""}, nanoseconds(Clock::now() - waiting.since), 0});
}

CompileOutcome CompilePool::compileHere(const CompileJob &job, const OnChosen &chosen) {
  const auto begin = std::chrono::steady_clock::now();
  CompileOutcome outcome{compile(job, chosen), 0, 0};
  outcome.compileNs = nanoseconds(std::chrono::steady_clock::now() - begin);
  return outcome;
}

} // namespace tierlink
