// Job: puts a signal handler of ours before the one that is there, which gets what is not ours.
#pragma once

#include <csignal>

namespace tierlink {

// For one signal; of static storage, as a signal may come at any time.
class SignalRelay {
public:
  using Handler = void (*)(int, siginfo_t *, void *);

  constexpr explicit SignalRelay(Handler handler) noexcept : handler_(handler) {}

  // Whether ours is the one that the kernel calls. False, too, if the kernel doesn't tell.
  bool isFirst(int signal) const;
  // Whether it ever was.
  bool wasInstalled() const { return installed_; }
  // False if the kernel refuses. One thread at a time.
  bool install(int signal);
  // In our handler: calls the one that was there before.
  void passOn(int signal, siginfo_t *info, void *context) const;
  // The same for a signal whose default is to end the process: that it then does.
  void passOnFault(int signal, siginfo_t *info, void *context) const;

private:
  const Handler handler_;
  struct sigaction previous_ = {};
  bool installed_ = false;
};

} // namespace tierlink
