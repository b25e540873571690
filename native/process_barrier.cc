// Job: membarrier. With many threads registering takes the kernel 10 ms and more, so a thread does it beside
// the loading of the addon; nobody needs it before the first barrier.
#include "process_barrier.h"

#include <atomic>
#include <linux/membarrier.h>
#include <mutex>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "blocked_signals.h"
#include "thread_record.h"

namespace tierlink {
namespace {

bool isKnown = false;

void enroll() { syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0); }

class Registration {
public:
  void begin() {
    const BlockedSignals blocked;
    const auto main = [](void *) -> void * {
      enroll();
      return nullptr;
    };
    isBegun_ = pthread_create(&thread_, nullptr, main, nullptr) == 0;
    if (!isBegun_)
      enroll();
  }

  // In a child of a fork the thread may not be there to be waited for.
  void finish() {
    if (isBegun_ && !Threads::inForkedChild())
      std::call_once(joined_, [this] { pthread_join(thread_, nullptr); });
  }

private:
  pthread_t thread_{};
  bool isBegun_ = false;
  std::once_flag joined_;
};

Registration &registration() {
  static auto *one = new Registration; // never destroyed, as the thread may outlive the process's statics
  return *one;
}

} // namespace

void ProcessBarrier::prepare() {
  constexpr long needed = MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
  const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  isKnown = commands > 0 && (commands & needed) == needed;
  if (isKnown)
    registration().begin();
}

bool ProcessBarrier::isThere() { return isKnown; }

void ProcessBarrier::run() {
  if (!isKnown) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return;
  }
  registration().finish();
  // It fails only if the process is not registered yet; entries rely on it, so there is no going on without.
  while (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0)
    enroll();
}

} // namespace tierlink
