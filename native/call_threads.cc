// Job: hands calls to threads that wait, and makes others.
#include "call_threads.h"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <pthread.h>

#include "copied_process.h"
#include "engine_state.h"
#include "native_thread.h"

namespace tierlink {
namespace {

// How long a thread waits for another call; what is idle for longer is not called often.
constexpr std::chrono::seconds patience(2);

struct Call {
  void (*job)(void *);
  void *argument;
};

class Pool {
public:
  // False if no thread waits that has no call yet.
  bool hand(const Call &call) {
    std::lock_guard<std::mutex> guard(mutex_);
    if (idle_ == handed_.size())
      return false;
    handed_.push_back(call);
    changed_.notify_one();
    return true;
  }

  // False if none came.
  bool await(Call &call) {
    std::unique_lock<std::mutex> lock(mutex_);
    ++idle_;
    const bool isThere = changed_.wait_for(lock, patience, [&] { return !handed_.empty(); });
    --idle_;
    if (!isThere)
      return false;
    call = handed_.front();
    handed_.pop_front();
    return true;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Call> handed_;
  size_t idle_ = 0; // threads that wait, those that are about to take what was handed included
};

Pool &pool() {
  static auto *const one = new Pool; // never destroyed: threads wait in it when the process ends
  return *one;
}

void *threadMain(void *data) {
  auto *first = static_cast<Call *>(data);
  Call call = *first;
  delete first;
  for (;;) {
    call.job(call.argument);
    // The child of a fork has no other calls, and may have found the pool locked.
    if (CopiedProcess::isThis() || !pool().await(call))
      return nullptr;
    // As a new thread has it; all were blocked when the thread was released.
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, nullptr);
  }
}

} // namespace

bool CallThreads::run(Engine &engine, void (*job)(void *), void *argument, std::string &failure) {
  engine.launching.fetch_add(1);
  if (pool().hand({job, argument}))
    return true;
  engine.launching.fetch_sub(1);
  auto *call = new Call{job, argument};
  if (startNativeThread(engine, defaultStackBytes, threadMain, call, failure))
    return true;
  delete call;
  return false;
}

} // namespace tierlink
