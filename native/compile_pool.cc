// The threads that compile. They share nothing with each other but the queue: each job has its own LLVM
// context.
#include "compile_pool.h"

#include "load_llvm.h"

#include <csignal>

namespace tierlink {
namespace {

/// LLVM recurses over expressions and loops; the default size follows the user's limits, this doesn't.
constexpr size_t stackBytes = 32U << 20;

std::variant<ObjectBytes, Failure> compile(const CompileJob &job) {
  auto loaded = loadLlvm();
  if (auto *failure = std::get_if<Failure>(&loaded))
    return std::move(*failure);
  return std::get<const LlvmHalf *>(loaded)->compile(job);
}

int64_t nanoseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

/// Blocks every signal that is sent to the process: those are for the program's and Node's threads. Faults of
/// the thread itself stay open, since the kernel kills a process that blocks them.
class BlockedSignals {
public:
  BlockedSignals() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (int fault : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP})
      sigdelset(&blocked, fault);
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals &) = delete;
  BlockedSignals &operator=(const BlockedSignals &) = delete;

private:
  sigset_t before_;
};

} // namespace

CompilePool::CompilePool(unsigned maxThreads, Deliver deliver)
    : maxThreads_(maxThreads), deliver_(std::move(deliver)) {}

CompilePool::~CompilePool() { stop(); }

bool CompilePool::submit(CompileJob job, void *token) {
  std::lock_guard lock(mutex_);
  if (isStopping_)
    return false;
  queue_.push_back({std::move(job), token, Clock::now()});
  if (queue_.size() > idle_ && threads_.size() < maxThreads_)
    if (!startThread() && threads_.empty()) {
      queue_.pop_back();
      throw std::runtime_error("no compile thread could be made");
    }
  wake_.notify_one();
  return true;
}

void CompilePool::stop() {
  std::deque<Queued> dropped;
  std::vector<pthread_t> threads;
  {
    std::lock_guard lock(mutex_);
    isStopping_ = true;
    dropped.swap(queue_);
    threads.swap(threads_);
  }
  wake_.notify_all();
  for (Queued &queued : dropped)
    deliver_(queued.token,
             {Failure{"compile", "cancelled", ""}, nanoseconds(Clock::now() - queued.since), 0});
  for (pthread_t thread : threads)
    pthread_join(thread, nullptr);
}

bool CompilePool::startThread() {
  // A thread inherits the mask of the one that makes it, so that there is no moment without.
  BlockedSignals blocked;
  // Safe because stop() joins the thread before the pool goes away.
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stackBytes);
  const auto main = [](void *self) -> void * {
    static_cast<CompilePool *>(self)->work();
    return nullptr;
  };
  pthread_t thread{};
  const bool isMade = pthread_create(&thread, &attributes, main, this) == 0;
  pthread_attr_destroy(&attributes);
  if (isMade)
    threads_.push_back(thread);
  return isMade;
}

void CompilePool::work() {
  pthread_setname_np(pthread_self(), "tierlink-llvm");
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return isStopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty())
      return;
    Queued queued = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    Clock::time_point begin = Clock::now();
    CompileOutcome outcome{compile(queued.job), nanoseconds(begin - queued.since), 0};
    outcome.compileNs = nanoseconds(Clock::now() - begin);
    deliver_(queued.token, std::move(outcome));
    lock.lock();
  }
}

} // namespace tierlink
