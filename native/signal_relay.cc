// Job: installs handlers, and calls the former ones.
#include "signal_relay.h"

namespace tierlink {

bool SignalRelay::isFirst(int signal) const {
  struct sigaction now = {};
  return sigaction(signal, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 &&
         now.sa_sigaction == handler_;
}

bool SignalRelay::install(int signal) {
  struct sigaction now = {};
  if (sigaction(signal, nullptr, &now) != 0)
    return false;
  struct sigaction ours = {};
  ours.sa_sigaction = handler_;
  ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  // Before ours is there, as it may be called at once.
  previous_ = now;
  installed_ = sigaction(signal, &ours, nullptr) == 0;
  return installed_;
}

void SignalRelay::passOn(int signal, siginfo_t *info, void *context) const {
  if ((previous_.sa_flags & SA_SIGINFO) != 0 && previous_.sa_sigaction != nullptr)
    previous_.sa_sigaction(signal, info, context);
  else if (previous_.sa_handler != SIG_DFL && previous_.sa_handler != SIG_IGN)
    previous_.sa_handler(signal);
}

void SignalRelay::passOnFault(int signal, siginfo_t *info, void *context) const {
  const bool isHandled = (previous_.sa_flags & SA_SIGINFO) != 0 || previous_.sa_handler != SIG_DFL;
  // What the kernel raised for an instruction happens again when the handler returns; what was sent does not.
  const bool isFault = info->si_code > 0;
  if (isHandled && (previous_.sa_handler != SIG_IGN || !isFault)) {
    passOn(signal, info, context);
    return;
  }
  struct sigaction fallback = {};
  fallback.sa_handler = SIG_DFL;
  sigaction(signal, &fallback, nullptr);
  if (!isFault)
    raise(signal);
}

} // namespace tierlink
