// Keeps signals that are sent to the process away from threads of our own.
#pragma once

#include <csignal>

namespace tierlink {

/// While it lives, this thread blocks every signal that is sent to the process, and so do threads that it
/// makes meanwhile, for as long as they live: those signals are for the program's and Node's threads. Faults
/// of the thread itself stay open, since the kernel kills a process that blocks them.
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

} // namespace tierlink
