// Job: runs the waker thread. Compiled code can't call into Node itself, as it may be in a signal handler.
#include "waker.h"

#include <cerrno>
#include <csignal>
#include <unistd.h>

namespace tierlink {

std::unique_ptr<Waker> Waker::start(int eventFd, std::shared_ptr<JsChannel> channel) {
  std::unique_ptr<Waker> waker(new Waker(eventFd, std::move(channel)));
  // The thread inherits a full mask: a signal meant for the program must never be handled here.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&waker->thread_, nullptr, main, waker.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) {
    pthread_setname_np(waker->thread_, "tierlink-wake");
    return waker;
  }
  waker->stopping_.store(true); // nothing to join
  return nullptr;
}

Waker::~Waker() {
  channel_->close();
  if (stopping_.exchange(true))
    return;
  const uint64_t one = 1;
  while (write(eventFd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  // Ends at once: the thread only ever waits for the eventfd, which was just written.
  pthread_join(thread_, nullptr);
}

void *Waker::main(void *self) {
  Waker &waker = *static_cast<Waker *>(self);
  for (;;) {
    uint64_t count;
    const ssize_t got = read(waker.eventFd_, &count, sizeof count);
    if (waker.stopping_.load())
      return nullptr;
    if (got == sizeof count)
      waker.channel_->send();
    else if (errno != EINTR)
      return nullptr; // the program closed the descriptor; requests can still be polled
  }
}

} // namespace tierlink
